//! Groups: every write stands for itself, and the order of one entity's writes is kept.

use crate::conformance::case::cases;
use crate::conformance::check;
use crate::conformance::kit::{event_payload, fence_at, kept, neighbours, outline, payload, sequence_nr};
use crate::conformance::store::Store;
use annals::PersistenceId;
use annals::storage::{Committed, Counter, OutboxEntry, ReadRange, SideEffect, StorageError, Subject, Write};

cases!("group", Case;
    group_with_a_conflict_stores_the_neighbours,
    group_with_a_fenced_write_stores_the_neighbours,
    group_with_a_write_that_is_too_large_stores_the_neighbours,
    group_with_an_unsupported_write_stores_the_neighbours,
    group_with_a_gap_in_write_numbers_stores_the_neighbours,
    group_with_nothing_but_bad_writes_stores_nothing,
    group_stores_several_writes_of_one_entity_in_order,
    group_keeps_the_order_of_writes_with_and_without_events,
    group_of_two_interleaved_entities_keeps_both_orders,
    group_answers_in_the_order_of_its_writes,
    group_refuses_what_its_activation_wrote_after_a_refused_write,
    group_stores_a_takeover_by_a_second_activation,
    group_of_two_thousand_entities_is_stored,
    group_is_stored_when_it_is_answered,
    group_survives_reopening,
);

/// A group of three entities' writes, the middle one spoilt: it fails alone.
async fn fails_alone(
    store: &Store<'_>,
    spoil: impl FnOnce(Write) -> Write,
    check: impl FnOnce(&Result<Committed, StorageError>, &PersistenceId),
) {
    let ids = neighbours(store.lanes(), 3);
    let mut writers = Vec::new();
    for id in &ids {
        writers.push(store.fill(id, 1).await);
    }
    let mut writes: Vec<Write> = writers.iter_mut().map(|writer| writer.keyed(2, "k")).collect();
    let bad = spoil(writes.remove(1));
    writes.insert(1, bad);
    let results = store.append(writes).await;
    check(&results[1], &ids[1]);
    for (n, stored) in [(0, [1, 2, 3].as_slice()), (1, &[1]), (2, &[1, 2, 3])] {
        assert_eq!(results[n].is_ok(), n != 1, "{:?}", results[n]);
        assert_eq!(store.numbers(&ids[n], ReadRange::ALL).await, stored, "write {n} of the group");
        assert_eq!(store.highest(&ids[n]).await, stored.len() as u64, "write {n} of the group");
        let outcome = store.outcome(&ids[n], &kept("k").key).await;
        assert_eq!(outcome.is_some(), n != 1, "the outcome of write {n} of the group");
    }
}

async fn group_with_a_conflict_stores_the_neighbours(store: Store<'_>) {
    let ids = neighbours(store.lanes(), 3);
    let stale = store.writer(&ids[1]).keyed(2, "k");
    fails_alone(&store, |_| stale, |bad, _| check::conflict(bad, Counter::SequenceNr, 1)).await;
}

async fn group_with_a_fenced_write_stores_the_neighbours(store: Store<'_>) {
    let stale = |write: Write| Write { fence: fence_at(&write.id, 4), ..write };
    fails_alone(&store, stale, |bad, _| check::fenced(bad, 4)).await;
}

async fn group_with_a_write_that_is_too_large_stores_the_neighbours(store: Store<'_>) {
    let id = &neighbours(store.lanes(), 3)[1];
    let huge = payload(vec![7; store.max_payload_bytes() + 1]);
    let events = vec![event_payload(id, 2).into(), huge.into()].into();
    let expected = annals::SequenceNr::new(1);
    let huge = |write| Write { change: annals::storage::Change::Events { expected, events }, ..write };
    let named = |bad: &Result<_, _>, id: &PersistenceId| {
        check::too_large(bad, &Subject::Event(id.clone(), annals::SequenceNr::new(3)));
    };
    fails_alone(&store, huge, named).await;
}

/// Until a backend has an outbox, an entry for it must be refused and never be lost (G5).
async fn group_with_an_unsupported_write_stores_the_neighbours(store: Store<'_>) {
    let entry = OutboxEntry { key: kept("k").key, payload: payload("entry"), headers: Default::default() };
    let publishing = |write| Write { side_effects: vec![SideEffect::Publish(entry)], ..write };
    fails_alone(&store, publishing, |bad, _| check::unsupported(bad)).await;
}

async fn group_with_a_gap_in_write_numbers_stores_the_neighbours(store: Store<'_>) {
    let later = |write: Write| Write { write_nr: write.write_nr.next(), ..write };
    fails_alone(&store, later, |bad, _| check::wrong_write_nr(bad)).await;
}

async fn group_with_nothing_but_bad_writes_stores_nothing(store: Store<'_>) {
    let ids = neighbours(store.lanes(), 3);
    let writes = ids.iter().map(|id| store.writer(id).recovered(4).keyed(1, "k")).collect();
    for result in store.append(writes).await {
        check::conflict(&result, Counter::SequenceNr, 0);
    }
    for id in &ids {
        assert_eq!(store.read(id, ReadRange::ALL).await, []);
        assert_eq!(store.outcome(id, &kept("k").key).await, None);
    }
}

async fn group_stores_several_writes_of_one_entity_in_order(store: Store<'_>) {
    let id = &neighbours(store.lanes(), 1)[0];
    let mut writer = store.writer(id);
    let results = store.commit_all([1, 2, 1, 3].map(|count| writer.events(count)).into()).await;
    assert_eq!(results.into_iter().map(sequence_nr).collect::<Vec<u64>>(), [1, 3, 4, 7]);
    for event in store.events(id, ReadRange::ALL).await {
        assert_eq!(event.payload, event_payload(id, event.sequence_nr.get()));
    }
    assert_eq!(store.highest(id).await, 7);
}

async fn group_keeps_the_order_of_writes_with_and_without_events(store: Store<'_>) {
    let id = &neighbours(store.lanes(), 1)[0];
    let mut writer = store.writer(id);
    let counts = [("a", 0), ("b", 2), ("c", 0), ("d", 0), ("e", 1), ("f", 0)];
    store.commit_all(counts.map(|(key, count)| writer.keyed(count, key)).into()).await;
    let all = outline(&store.read(id, ReadRange::ALL).await);
    assert_eq!(all, "k0:a e1 e2 k2:b k2:c k2:d e3 k3:e k3:f");
}

async fn group_of_two_interleaved_entities_keeps_both_orders(store: Store<'_>) {
    let ids = neighbours(store.lanes(), 2);
    let mut writers: Vec<_> = ids.iter().map(|id| store.writer(id)).collect();
    let writes = (0..40).map(|n| writers[n % 2].events(1)).collect();
    store.commit_all(writes).await;
    for id in &ids {
        let events = store.events(id, ReadRange::ALL).await;
        let expected: Vec<_> = (1..=20).map(|nr| event_payload(id, nr)).collect();
        assert_eq!(events.into_iter().map(|event| event.payload).collect::<Vec<_>>(), expected);
    }
}

async fn group_answers_in_the_order_of_its_writes(store: Store<'_>) {
    let ids = neighbours(store.lanes(), 30);
    let writes = ids.iter().rev().zip(1..).map(|(id, count)| store.writer(id).events(count)).collect();
    let answers: Vec<u64> = store.commit_all(writes).await.into_iter().map(sequence_nr).collect();
    assert_eq!(answers, (1..=30).collect::<Vec<u64>>());
}

/// Else a later write would be stored that was decided on the refused one.
async fn group_refuses_what_its_activation_wrote_after_a_refused_write(store: Store<'_>) {
    let ids = neighbours(store.lanes(), 2);
    let mut writer = store.fill(&ids[0], 1).await;
    let mut bad = writer.clone().recovered(9);
    let (refused, mut after) = (bad.events(1), {
        writer.events(0);
        writer
    });
    let writes = vec![refused, after.eventless("k"), after.events(1), store.writer(&ids[1]).events(1)];
    let results = store.append(writes).await;
    check::conflict(&results[0], Counter::SequenceNr, 1);
    check::wrong_write_nr(&results[1]);
    check::wrong_write_nr(&results[2]);
    assert!(results[3].is_ok(), "the other entity's write: {:?}", results[3]);
    assert_eq!(outline(&store.read(&ids[0], ReadRange::ALL).await), "e1");
}

async fn group_stores_a_takeover_by_a_second_activation(store: Store<'_>) {
    let id = &neighbours(store.lanes(), 1)[0];
    let (mut earlier, mut later) = (store.writer(id), store.writer(id).recovered(1));
    let writes = vec![earlier.events(1), later.events(1), earlier.events(1), later.events(1)];
    let results = store.append(writes).await;
    check::wrong_write_nr(&results[2]);
    assert_eq!(results.iter().filter(|it| it.is_ok()).count(), 3, "{results:?}");
    assert_eq!(store.numbers(id, ReadRange::ALL).await, [1, 2, 3]);
}

async fn group_of_two_thousand_entities_is_stored(store: Store<'_>) {
    let ids = neighbours(store.lanes(), 2_000);
    store.commit_all(ids.iter().map(|id| store.writer(id).keyed(1, "k")).collect()).await;
    for id in &ids {
        assert_eq!(outline(&store.read(id, ReadRange::ALL).await), "e1 k1:k", "{id}");
    }
}

async fn group_is_stored_when_it_is_answered(store: Store<'_>) {
    let id = &neighbours(store.lanes(), 1)[0];
    let mut writer = store.writer(id);
    for n in 1..=30 {
        store.commit(writer.keyed(1, &format!("k{n}"))).await;
        assert_eq!(store.highest(id).await, n);
        assert_eq!(store.numbers(id, ReadRange::from(annals::SequenceNr::new(n))).await, [n]);
        assert!(store.outcome(id, &kept(&format!("k{n}")).key).await.is_some(), "outcome {n}");
    }
}

async fn group_survives_reopening(mut store: Store<'_>) {
    let ids = neighbours(store.lanes(), 50);
    store.commit_all(ids.iter().map(|id| store.writer(id).keyed(2, "k")).collect()).await;
    store.reopen().await;
    for id in &ids {
        assert_eq!(outline(&store.read(id, ReadRange::ALL).await), "e1 e2 k2:k", "{id}");
    }
}
