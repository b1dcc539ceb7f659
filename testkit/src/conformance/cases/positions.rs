//! Feed positions: within a shard they only grow, and none is used twice (G14).

use crate::conformance::case::cases;
use crate::conformance::check;
use crate::conformance::kit::{fence_at, position, same_shard};
use crate::conformance::store::Store;
use annals::PersistenceId;
use annals::storage::{Counter, ReadRange, Write};

cases!("positions", Case;
    positions_grow_over_all_entities_of_a_shard,
    positions_grow_within_a_write,
    position_answered_is_that_of_the_last_event,
    positions_are_not_reused_after_reopening,
    positions_are_not_reused_after_deletion,
    positions_are_not_reused_after_refused_writes,
    positions_go_on_under_the_next_owner,
    position_of_a_stored_event_never_changes,
);

/// The positions of an entity's events.
async fn positions(store: &Store<'_>, id: &PersistenceId) -> Vec<u64> {
    let events = store.events(id, ReadRange::ALL).await;
    events.into_iter().map(|event| event.position.get()).collect()
}

#[track_caller]
fn grow(positions: &[u64]) {
    assert!(positions.windows(2).all(|pair| pair[0] < pair[1]), "positions that do not grow: {positions:?}");
    assert!(positions.iter().all(|position| (1..=i64::MAX.cast_unsigned()).contains(position)));
}

async fn positions_grow_over_all_entities_of_a_shard(store: Store<'_>) {
    let ids = same_shard(3);
    let mut writers: Vec<_> = ids.iter().map(|id| store.writer(id)).collect();
    let mut answered = Vec::new();
    for round in 0..5 {
        let writes = writers.iter_mut().map(|writer| writer.events(1 + round % 2)).collect();
        answered.extend(store.commit_all(writes).await.into_iter().filter_map(position));
    }
    assert_eq!(answered.len(), 15);
    grow(&answered);
    let mut all = Vec::new();
    for id in &ids {
        let of_one = positions(&store, id).await;
        grow(&of_one);
        all.extend(of_one);
    }
    all.sort_unstable();
    grow(&all);
}

async fn positions_grow_within_a_write(store: Store<'_>) {
    let id = &same_shard(1)[0];
    store.commit(store.writer(id).events(20)).await;
    let found = positions(&store, id).await;
    assert_eq!(found.len(), 20);
    grow(&found);
}

async fn position_answered_is_that_of_the_last_event(store: Store<'_>) {
    let ids = same_shard(2);
    let (mut one, mut other) = (store.writer(&ids[0]), store.writer(&ids[1]));
    let answers = store.commit_all(vec![one.events(3), other.events(2), one.events(1)]).await;
    let answers: Vec<_> = answers.into_iter().map(position).collect();
    let (of_one, of_other) = (positions(&store, &ids[0]).await, positions(&store, &ids[1]).await);
    assert_eq!(answers, [Some(of_one[2]), Some(of_other[1]), Some(of_one[3])]);
}

/// The positions of the first entity before something happened, and of the second after it.
async fn before_and_after(store: &Store<'_>, before: Vec<u64>) {
    let other = &same_shard(2)[1];
    let next = position(store.commit(store.writer(other).events(1)).await);
    grow(&[before, vec![next.expect("an event has a position")]].concat());
}

async fn positions_are_not_reused_after_reopening(mut store: Store<'_>) {
    let id = &same_shard(1)[0];
    store.fill(id, 3).await;
    let before = positions(&store, id).await;
    store.reopen().await;
    before_and_after(&store, before).await;
}

async fn positions_are_not_reused_after_deletion(mut store: Store<'_>) {
    let id = &same_shard(1)[0];
    store.fill(id, 3).await;
    let before = positions(&store, id).await;
    store.delete_to(id, 3).await;
    store.reopen().await;
    before_and_after(&store, before).await;
}

async fn positions_are_not_reused_after_refused_writes(store: Store<'_>) {
    let id = &same_shard(1)[0];
    let mut writer = store.fill(id, 3).await;
    let before = positions(&store, id).await;
    let stale = store.writer(id).events(2);
    check::conflict(&store.write(stale).await, Counter::SequenceNr, 3);
    let fenced = Write { fence: fence_at(id, 4), ..writer.clone().events(2) };
    check::fenced(&store.write(fenced).await, 4);
    before_and_after(&store, before).await;
    store.commit(writer.events(1)).await;
    grow(&positions(&store, id).await);
}

async fn positions_go_on_under_the_next_owner(store: Store<'_>) {
    let ids = same_shard(2);
    store.fill(&ids[0], 3).await;
    let mut all = positions(&store, &ids[0]).await;
    store.raise(&ids[0], 6).await;
    let write = Write { fence: fence_at(&ids[1], 6), ..store.writer(&ids[1]).events(1) };
    all.extend(position(store.commit(write).await));
    assert_eq!(all.len(), 4);
    grow(&all);
}

async fn position_of_a_stored_event_never_changes(mut store: Store<'_>) {
    let id = &same_shard(1)[0];
    store.fill(id, 3).await;
    let before = positions(&store, id).await;
    store.fill(&same_shard(2)[1], 3).await;
    store.delete_to(id, 1).await;
    store.reopen().await;
    assert_eq!(positions(&store, id).await, before[1..]);
}
