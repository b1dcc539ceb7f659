//! Single writes and the expected number (G2): one history, whoever writes.

use crate::conformance::case::cases;
use crate::conformance::check;
use crate::conformance::kit::{id, position, sequence_nr};
use crate::conformance::store::Store;
use annals::PersistenceId;
use annals::storage::{Counter, ReadRange, StorageError, Write};

cases!("append", Case;
    append_gives_the_first_event_number_one,
    append_answers_the_highest_number_after_it,
    append_numbers_the_events_of_a_write_without_gap,
    append_of_a_thousand_events_in_one_write,
    append_without_events_answers_the_highest_number_and_no_position,
    append_with_a_stale_expected_number_is_a_conflict_and_stores_nothing,
    append_with_a_gap_before_it_is_a_conflict_and_stores_nothing,
    append_without_events_checks_the_expected_number_too,
    append_to_a_history_that_must_not_be_there_yet_is_a_conflict,
    append_to_an_unknown_history_that_must_be_there_is_a_conflict,
    append_by_two_writers_at_one_number_has_one_winner,
    append_by_two_writers_in_one_group_has_one_winner,
    append_by_many_stale_writers_leaves_one_history,
    append_conflict_names_the_entity_and_both_numbers,
    append_after_a_conflict_goes_on_with_the_next_number,
    append_continues_after_reopening_with_the_next_number,
    append_of_nothing_answers_nothing,
);

async fn append_gives_the_first_event_number_one(store: Store<'_>) {
    let id = id("first");
    store.commit(store.writer(&id).events(1)).await;
    assert_eq!(store.numbers(&id, ReadRange::ALL).await, [1]);
}

async fn append_answers_the_highest_number_after_it(store: Store<'_>) {
    let mut writer = store.writer(&id("answers"));
    for (count, highest) in [(1, 1), (3, 4), (1, 5)] {
        assert_eq!(sequence_nr(store.commit(writer.events(count)).await), highest);
    }
}

async fn append_numbers_the_events_of_a_write_without_gap(store: Store<'_>) {
    let id = id("numbered");
    let mut writer = store.fill(&id, 2).await;
    store.commit(writer.events(4)).await;
    assert_eq!(store.numbers(&id, ReadRange::ALL).await, [1, 2, 3, 4, 5, 6]);
}

async fn append_of_a_thousand_events_in_one_write(store: Store<'_>) {
    let id = id("thousand");
    let committed = store.commit(store.writer(&id).events(1_000)).await;
    assert_eq!(sequence_nr(committed), 1_000);
    assert_eq!(store.numbers(&id, ReadRange::ALL).await, (1..=1_000).collect::<Vec<u64>>());
}

async fn append_without_events_answers_the_highest_number_and_no_position(store: Store<'_>) {
    let mut writer = store.fill(&id("eventless"), 3).await;
    let committed = store.commit(writer.events(0)).await;
    assert_eq!((sequence_nr(committed), position(committed)), (3, None));
}

/// A write that expects another number than the three events there are; it must leave no trace.
async fn refused(store: &Store<'_>, expected: u64, events: u64) {
    let id = id("refused");
    store.fill(&id, 3).await;
    let before = store.read(&id, ReadRange::ALL).await;
    let result = store.write(store.writer(&id).recovered(expected).events(events)).await;
    check::conflict(&result, Counter::SequenceNr, 3);
    assert_eq!(store.read(&id, ReadRange::ALL).await, before);
    assert_eq!(store.highest(&id).await, 3);
}

async fn append_with_a_stale_expected_number_is_a_conflict_and_stores_nothing(store: Store<'_>) {
    refused(&store, 2, 2).await;
}

async fn append_with_a_gap_before_it_is_a_conflict_and_stores_nothing(store: Store<'_>) {
    refused(&store, 4, 1).await;
}

async fn append_without_events_checks_the_expected_number_too(store: Store<'_>) {
    refused(&store, 2, 0).await;
}

async fn append_to_a_history_that_must_not_be_there_yet_is_a_conflict(store: Store<'_>) {
    refused(&store, 0, 1).await;
}

async fn append_to_an_unknown_history_that_must_be_there_is_a_conflict(store: Store<'_>) {
    let id = id("unknown");
    let result = store.write(store.writer(&id).recovered(1).events(1)).await;
    check::conflict(&result, Counter::SequenceNr, 0);
    assert_eq!(store.highest(&id).await, 0);
    assert_eq!(store.numbers(&id, ReadRange::ALL).await, [0; 0]);
}

/// Two activations that both recovered up to the third event, and the write that each decided.
async fn rivals(store: &Store<'_>, id: &PersistenceId) -> (Write, Write) {
    store.fill(id, 3).await;
    let (mut one, mut other) = (store.writer(id).recovered(3), store.writer(id).recovered(3));
    (one.events(1), other.events(2))
}

async fn append_by_two_writers_at_one_number_has_one_winner(store: Store<'_>) {
    let id = id("rivals");
    let (one, other) = rivals(&store, &id).await;
    assert_eq!(sequence_nr(store.commit(one).await), 4);
    check::conflict(&store.write(other).await, Counter::SequenceNr, 4);
    assert_eq!(store.numbers(&id, ReadRange::ALL).await, [1, 2, 3, 4]);
}

async fn append_by_two_writers_in_one_group_has_one_winner(store: Store<'_>) {
    let id = id("rivals");
    let (one, other) = rivals(&store, &id).await;
    let results = store.append(vec![one, other]).await;
    assert_eq!(results[0].as_ref().ok().map(|it| sequence_nr(*it)), Some(4), "{results:?}");
    check::conflict(&results[1], Counter::SequenceNr, 4);
    assert_eq!(store.numbers(&id, ReadRange::ALL).await, [1, 2, 3, 4]);
}

async fn append_by_many_stale_writers_leaves_one_history(store: Store<'_>) {
    let id = id("many");
    for round in 0..20_u64 {
        let writes = (0..3).map(|n| store.writer(&id).recovered(round).events(n + 1)).collect();
        let won = store.append(writes).await.iter().filter(|result| result.is_ok()).count();
        assert_eq!(won, 1, "writers that won in round {round}");
    }
    assert_eq!(store.numbers(&id, ReadRange::ALL).await, (1..=20).collect::<Vec<u64>>());
}

async fn append_conflict_names_the_entity_and_both_numbers(store: Store<'_>) {
    let named = id("named");
    store.fill(&named, 3).await;
    let result = store.write(store.writer(&named).recovered(7).events(1)).await;
    match result {
        Err(StorageError::Conflict { id, expected, actual, .. }) => {
            assert_eq!((id, expected, actual), (named, 7, 3));
        }
        other => panic!("not a conflict: {other:?}"),
    }
}

async fn append_after_a_conflict_goes_on_with_the_next_number(store: Store<'_>) {
    let id = id("goes-on");
    let mut writer = store.fill(&id, 3).await;
    let stale = store.write(store.writer(&id).recovered(1).events(5)).await;
    check::conflict(&stale, Counter::SequenceNr, 3);
    store.commit(writer.events(1)).await;
    assert_eq!(store.numbers(&id, ReadRange::ALL).await, [1, 2, 3, 4]);
}

/// A store that starts to count again when it is opened would use a number twice.
async fn append_continues_after_reopening_with_the_next_number(mut store: Store<'_>) {
    let id = id("reopened");
    let mut writer = store.fill(&id, 3).await;
    store.reopen().await;
    assert_eq!(sequence_nr(store.commit(writer.events(1)).await), 4);
    store.reopen().await;
    assert_eq!(sequence_nr(store.commit(store.writer(&id).recovered(4).events(1)).await), 5);
    assert_eq!(store.numbers(&id, ReadRange::ALL).await, [1, 2, 3, 4, 5]);
}

async fn append_of_nothing_answers_nothing(store: Store<'_>) {
    let results = store.writes().append(annals::storage::Lane(0), Vec::new().into()).await;
    assert!(results.is_empty(), "{results:?}");
}
