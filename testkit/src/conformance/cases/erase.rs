//! Erasing an entity: everything goes but its numbers, which are never used again (G2).

use super::snapshots::{list, load as load_snapshot, save as save_snapshot};
use crate::conformance::case::cases;
use crate::conformance::check;
use crate::conformance::kit::{
    self, extent, fence_at, id, kept, kept_as, key, outline, payload, revision, sequence_nr, snapshot,
    typed_id,
};
use crate::conformance::store::Store;
use annals::storage::{Counter, OutcomeKind, ReadRange, SnapshotCriteria, StateChange, StorageError, Write};
use annals::{Payload, PersistenceId};

cases!("erasing", Case;
    erase_removes_the_events,
    erase_removes_the_outcomes,
    erase_removes_the_outcomes_of_state_writes,
    erase_removes_the_snapshots,
    erase_removes_the_state,
    erase_of_an_entity_without_state_leaves_none,
    erase_of_a_deleted_state_counts_all_the_same,
    erase_leaves_the_highest_number,
    erase_is_followed_by_the_next_number,
    erase_makes_the_number_one_a_conflict,
    erase_is_followed_by_the_next_revision,
    erase_makes_a_revision_from_before_a_conflict,
    erase_then_what_is_written_is_read_alone,
    erase_then_an_erased_key_was_never_used,
    erase_then_an_outcome_without_events_is_read_alone,
    erase_then_a_snapshot_is_the_only_one,
    erase_then_a_snapshot_from_before_is_a_conflict,
    erase_of_an_unknown_id_is_fine_and_its_first_event_is_one,
    erase_of_what_is_erased_is_fine,
    erase_of_what_was_written_since_leaves_nothing_of_either,
    erase_with_another_epoch_is_fenced_and_erases_nothing,
    erase_by_the_owner_before_is_fenced,
    erase_after_a_deletion_removes_the_rest,
    erase_then_a_deletion_removes_what_was_written_since,
    erase_spares_other_entities,
    erase_survives_reopening,
);

/// An entity with everything: events, outcomes of all kinds, snapshots and a state at revision 2.
async fn full(store: &Store<'_>, id: &PersistenceId) {
    let mut writer = store.fill(id, 3).await;
    let group = vec![
        writer.keyed(2, "events"),
        writer.eventless("none"),
        Write { outcome: Some(kept_as(OutcomeKind::Rejection, "saved", "no")), ..writer.save(0, "one") },
        writer.save(1, "two"),
        Write { outcome: Some(kept("kept")), ..writer.state(2, StateChange::Keep) },
    ];
    store.commit_all(group).await;
    for number in [2, 5] {
        save_snapshot(store, snapshot(id, number)).await.expect("it can be saved");
    }
}

const KEYS: [&str; 4] = ["events", "none", "saved", "kept"];

/// The same, erased: five is its highest number, three its revision.
async fn erased(store: &Store<'_>) -> PersistenceId {
    let id = id("erased");
    full(store, &id).await;
    store.erase(&id).await;
    id
}

/// Revision and payload of what is stored.
async fn state(store: &Store<'_>, id: &PersistenceId) -> Option<(u64, Option<Payload>)> {
    let state = store.states().load(id).await.expect("states can be loaded");
    state.map(|state| (state.revision.get(), state.payload))
}

/// No call gives anything but numbers.
async fn nothing_is_left(store: &Store<'_>, id: &PersistenceId) {
    assert_eq!(store.read(id, ReadRange::ALL).await, []);
    assert_eq!(store.outcomes(id, &KEYS.map(key)).await, [None, None, None, None]);
    assert_eq!(load_snapshot(store, id, SnapshotCriteria::ALL).await, None);
    assert_eq!(list(store, id, SnapshotCriteria::ALL).await, [0; 0]);
    assert!(matches!(state(store, id).await, None | Some((_, None))));
}

async fn erase_removes_the_events(store: Store<'_>) {
    let id = erased(&store).await;
    for range in [ReadRange::ALL, ReadRange::ALL.at_most(2), ReadRange::from(kit::nr(5))] {
        assert_eq!(store.read(&id, range).await, [], "{range:?}");
    }
}

async fn erase_removes_the_outcomes(store: Store<'_>) {
    let id = erased(&store).await;
    assert_eq!(store.outcomes(&id, &["events", "none"].map(key)).await, [None, None]);
}

async fn erase_removes_the_outcomes_of_state_writes(store: Store<'_>) {
    let id = erased(&store).await;
    assert_eq!(store.outcomes(&id, &["saved", "kept"].map(key)).await, [None, None]);
}

async fn erase_removes_the_snapshots(store: Store<'_>) {
    let id = erased(&store).await;
    assert_eq!(load_snapshot(&store, &id, SnapshotCriteria::ALL).await, None);
    assert_eq!(list(&store, &id, SnapshotCriteria::ALL).await, [0; 0]);
}

async fn erase_removes_the_state(store: Store<'_>) {
    let id = erased(&store).await;
    assert_eq!(state(&store, &id).await, Some((3, None)));
}

async fn erase_of_an_entity_without_state_leaves_none(store: Store<'_>) {
    let id = id("events");
    store.fill(&id, 3).await;
    store.erase(&id).await;
    assert_eq!(state(&store, &id).await, None);
    assert_eq!(revision(store.commit(store.writer(&id).save(0, "one")).await), 1);
}

async fn erase_of_a_deleted_state_counts_all_the_same(store: Store<'_>) {
    let id = id("state");
    let mut writer = store.writer(&id);
    store.commit_all(vec![writer.save(0, "one"), writer.state(1, StateChange::Delete)]).await;
    store.erase(&id).await;
    assert_eq!(state(&store, &id).await, Some((3, None)));
}

async fn erase_leaves_the_highest_number(store: Store<'_>) {
    let id = erased(&store).await;
    assert_eq!(store.highest(&id).await, 5);
    assert_eq!(store.extent(&id).await, extent(5, 5, 5));
}

async fn erase_is_followed_by_the_next_number(store: Store<'_>) {
    let id = erased(&store).await;
    let committed = store.write(store.writer(&id).recovered(5).events(1)).await;
    assert_eq!(sequence_nr(committed.expect("5 is still the highest number")), 6);
    assert_eq!(store.extent(&id).await, extent(5, 5, 6));
}

async fn erase_makes_the_number_one_a_conflict(store: Store<'_>) {
    let id = erased(&store).await;
    check::conflict(&store.write(store.writer(&id).events(1)).await, Counter::SequenceNr, 5);
}

async fn erase_is_followed_by_the_next_revision(store: Store<'_>) {
    let id = erased(&store).await;
    let committed = store.write(store.writer(&id).save(3, "four")).await;
    assert_eq!(revision(committed.expect("3 is the revision after it")), 4);
    assert_eq!(state(&store, &id).await, Some((4, Some(payload("four")))));
}

async fn erase_makes_a_revision_from_before_a_conflict(store: Store<'_>) {
    let id = erased(&store).await;
    for stale in [0, 1, 2] {
        check::conflict(&store.write(store.writer(&id).save(stale, "x")).await, Counter::Revision, 3);
    }
    assert_eq!(state(&store, &id).await, Some((3, None)));
}

/// Writes that come right behind it.
async fn erase_then_what_is_written_is_read_alone(store: Store<'_>) {
    let id = erased(&store).await;
    let mut writer = store.writer(&id).recovered(5);
    store.commit_all(vec![writer.events(1), writer.keyed(2, "new"), writer.eventless("none")]).await;
    assert_eq!(outline(&store.read(&id, ReadRange::ALL).await), "e6 e7 e8 k8:new k8:none");
    assert_eq!(outline(&store.read(&id, ReadRange::from(kit::nr(7))).await), "e7 e8 k8:new k8:none");
    assert_eq!(store.numbers(&id, ReadRange::ALL.at_most(1)).await, [6]);
    assert_eq!(store.numbers(&id, ReadRange::ALL.to(kit::nr(5))).await, [0; 0]);
}

async fn erase_then_an_erased_key_was_never_used(store: Store<'_>) {
    let id = erased(&store).await;
    let again = kept_as(OutcomeKind::Reply, "events", "another outcome");
    let write = Write { outcome: Some(again.clone()), ..store.writer(&id).recovered(5).events(1) };
    store.commit(write).await;
    assert_eq!(store.outcome(&id, &key("events")).await, Some(again));
    assert_eq!(store.outcome(&id, &key("none")).await, None);
}

async fn erase_then_an_outcome_without_events_is_read_alone(store: Store<'_>) {
    let id = erased(&store).await;
    store.commit(store.writer(&id).recovered(5).eventless("new")).await;
    assert_eq!(outline(&store.read(&id, ReadRange::ALL).await), "k5:new");
}

async fn erase_then_a_snapshot_is_the_only_one(store: Store<'_>) {
    let id = erased(&store).await;
    store.commit(store.writer(&id).recovered(5).events(2)).await;
    save_snapshot(&store, snapshot(&id, 7)).await.expect("it can be saved");
    assert_eq!(list(&store, &id, SnapshotCriteria::ALL).await, [7]);
}

async fn erase_then_a_snapshot_from_before_is_a_conflict(store: Store<'_>) {
    let id = erased(&store).await;
    for number in [2, 5] {
        let late = save_snapshot(&store, snapshot(&id, number)).await;
        check::conflict(&late, Counter::SequenceNr, 5);
    }
    assert_eq!(list(&store, &id, SnapshotCriteria::ALL).await, [0; 0]);
    store.commit(store.writer(&id).recovered(5).events(1)).await;
    let late = save_snapshot(&store, snapshot(&id, 5)).await;
    check::conflict(&late, Counter::SequenceNr, 6);
    save_snapshot(&store, snapshot(&id, 6)).await.expect("it is of what the entity is now");
}

async fn erase_of_an_unknown_id_is_fine_and_its_first_event_is_one(store: Store<'_>) {
    let id = id("unknown");
    store.erase(&id).await;
    assert_eq!(store.extent(&id).await, extent(0, 0, 0));
    assert_eq!(state(&store, &id).await, None);
    assert_eq!(sequence_nr(store.commit(store.writer(&id).events(1)).await), 1);
}

async fn erase_of_what_is_erased_is_fine(store: Store<'_>) {
    let id = erased(&store).await;
    store.erase(&id).await;
    nothing_is_left(&store, &id).await;
    assert_eq!(store.extent(&id).await, extent(5, 5, 5));
    assert_eq!(state(&store, &id).await, Some((4, None)));
}

async fn erase_of_what_was_written_since_leaves_nothing_of_either(store: Store<'_>) {
    let id = erased(&store).await;
    let mut writer = store.writer(&id).recovered(5);
    store.commit_all(vec![writer.keyed(2, "events"), writer.eventless("none"), writer.save(3, "x")]).await;
    save_snapshot(&store, snapshot(&id, 7)).await.expect("it can be saved");
    store.erase(&id).await;
    nothing_is_left(&store, &id).await;
    assert_eq!(store.extent(&id).await, extent(7, 7, 7));
    store.commit(store.writer(&id).recovered(7).events(1)).await;
    assert_eq!(store.numbers(&id, ReadRange::ALL).await, [8]);
}

async fn erase_at(store: &Store<'_>, id: &PersistenceId, epoch: u64) -> Result<(), StorageError> {
    store.writes().erase(id, fence_at(id, epoch)).await
}

async fn everything_is_there(store: &Store<'_>, id: &PersistenceId) {
    let all = "e1 e2 e3 e4 e5 k5:events k5:none k5:saved k5:kept";
    assert_eq!(outline(&store.read(id, ReadRange::ALL).await), all);
    assert!(store.outcomes(id, &KEYS.map(key)).await.iter().all(Option::is_some));
    assert_eq!(list(store, id, SnapshotCriteria::ALL).await, [2, 5]);
    assert_eq!(state(store, id).await, Some((2, Some(payload("two")))));
    assert_eq!(store.extent(id).await, extent(0, 0, 5));
}

async fn erase_with_another_epoch_is_fenced_and_erases_nothing(store: Store<'_>) {
    let id = id("full");
    full(&store, &id).await;
    for epoch in [0, 4, 6] {
        check::fenced(&erase_at(&store, &id, epoch).await, epoch);
    }
    everything_is_there(&store, &id).await;
}

async fn erase_by_the_owner_before_is_fenced(store: Store<'_>) {
    let id = id("full");
    full(&store, &id).await;
    store.raise(&id, 9).await;
    check::fenced_at(&erase_at(&store, &id, 5).await, 5, 9);
    everything_is_there(&store, &id).await;
    erase_at(&store, &id, 9).await.expect("this is the owner");
    nothing_is_left(&store, &id).await;
}

async fn erase_after_a_deletion_removes_the_rest(store: Store<'_>) {
    let id = id("full");
    full(&store, &id).await;
    store.delete_to(&id, 4).await;
    store.erase(&id).await;
    nothing_is_left(&store, &id).await;
    assert_eq!(store.extent(&id).await, extent(5, 5, 5));
}

async fn erase_then_a_deletion_removes_what_was_written_since(store: Store<'_>) {
    let id = erased(&store).await;
    let mut writer = store.writer(&id).recovered(5);
    store.commit_all(vec![writer.keyed(1, "six"), writer.events(3)]).await;
    store.delete_to(&id, 7).await;
    assert_eq!(outline(&store.read(&id, ReadRange::ALL).await), "k6:six e8 e9");
    assert_eq!(store.extent(&id).await, extent(5, 7, 9));
    store.delete_to(&id, 3).await;
    store.delete_to(&id, 1_000).await;
    assert_eq!(outline(&store.read(&id, ReadRange::ALL).await), "k6:six");
}

/// One in the same shard, and one of the same id but another type.
async fn erase_spares_other_entities(store: Store<'_>) {
    let [id, neighbour]: [_; 2] = kit::same_shard(2).try_into().expect("two were asked for");
    let others = [neighbour, typed_id("other", id.entity_id().as_str())];
    for id in others.iter().chain([&id]) {
        full(&store, id).await;
    }
    store.erase(&id).await;
    for other in &others {
        everything_is_there(&store, other).await;
    }
    nothing_is_left(&store, &id).await;
}

async fn erase_survives_reopening(mut store: Store<'_>) {
    let id = erased(&store).await;
    store.reopen().await;
    nothing_is_left(&store, &id).await;
    assert_eq!(store.extent(&id).await, extent(5, 5, 5));
    assert_eq!(state(&store, &id).await, Some((3, None)));
    store.commit(store.writer(&id).recovered(5).events(1)).await;
    store.reopen().await;
    assert_eq!(store.numbers(&id, ReadRange::ALL).await, [6]);
}
