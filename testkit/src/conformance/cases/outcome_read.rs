//! Outcomes come with a read, so that a recovery knows the keys that were used (design rule 4.7).

use crate::conformance::case::cases;
use crate::conformance::kit::{id, kept, nr, outline};
use crate::conformance::store::Store;
use annals::PersistenceId;
use annals::storage::{JournalEntry, ReadRange, StateChange, Write};

cases!("outcomes read", Case;
    read_gives_an_outcome_after_the_events_of_its_write,
    read_gives_an_outcome_without_events_after_the_events_before_it,
    read_gives_an_outcome_from_before_the_first_event,
    read_gives_outcomes_of_one_number_in_the_order_of_their_writes,
    read_gives_outcomes_as_they_were_stored,
    read_from_a_number_gives_the_outcomes_at_the_number_before,
    read_from_beyond_the_end_gives_the_outcomes_at_the_end,
    read_up_to_a_number_gives_the_outcomes_up_to_there,
    read_at_its_limit_gives_the_outcomes_at_its_last_number,
    read_with_its_limit_within_a_write_gives_no_outcome_of_it,
    read_of_at_most_nothing_gives_no_outcome,
    read_with_its_bounds_crossed_gives_no_outcome,
    read_of_many_outcomes_without_events_gives_all,
    read_after_deletion_of_everything_gives_every_outcome,
    read_gives_the_outcomes_of_state_writes_too,
);

/// `k0:a e1 e2 k2:b k2:c e3 e4 k4:d e5 k5:e k5:f`
async fn keyed(store: &Store<'_>) -> PersistenceId {
    let id = id("keyed");
    let mut writer = store.writer(&id);
    let mut writes = vec![writer.eventless("a"), writer.keyed(2, "b"), writer.eventless("c")];
    writes.extend([writer.events(1), writer.keyed(1, "d"), writer.keyed(1, "e"), writer.eventless("f")]);
    store.commit_all(writes).await;
    id
}

async fn gives(store: &Store<'_>, range: ReadRange, expected: &str) {
    let id = keyed(store).await;
    assert_eq!(outline(&store.read(&id, range).await), expected, "{range:?}");
}

async fn read_gives_an_outcome_after_the_events_of_its_write(store: Store<'_>) {
    let id = id("one");
    store.commit(store.writer(&id).keyed(3, "k")).await;
    assert_eq!(outline(&store.read(&id, ReadRange::ALL).await), "e1 e2 e3 k3:k");
}

async fn read_gives_an_outcome_without_events_after_the_events_before_it(store: Store<'_>) {
    let id = id("one");
    let mut writer = store.fill(&id, 2).await;
    store.commit_all(vec![writer.eventless("k"), writer.events(1)]).await;
    assert_eq!(outline(&store.read(&id, ReadRange::ALL).await), "e1 e2 k2:k e3");
}

async fn read_gives_an_outcome_from_before_the_first_event(store: Store<'_>) {
    let id = id("one");
    store.commit(store.writer(&id).eventless("k")).await;
    assert_eq!(outline(&store.read(&id, ReadRange::ALL).await), "k0:k");
    assert_eq!(store.highest(&id).await, 0);
}

async fn read_gives_outcomes_of_one_number_in_the_order_of_their_writes(store: Store<'_>) {
    gives(&store, ReadRange::ALL, "k0:a e1 e2 k2:b k2:c e3 e4 k4:d e5 k5:e k5:f").await;
}

async fn read_gives_outcomes_as_they_were_stored(store: Store<'_>) {
    let id = keyed(&store).await;
    for entry in store.read(&id, ReadRange::ALL).await {
        if let JournalEntry::Outcome { kept: found, .. } = entry {
            assert_eq!(found, kept(found.key.as_str()));
        }
    }
}

async fn read_from_a_number_gives_the_outcomes_at_the_number_before(store: Store<'_>) {
    gives(&store, ReadRange::from(nr(3)), "k2:b k2:c e3 e4 k4:d e5 k5:e k5:f").await;
}

/// What is left to recover behind a snapshot of the newest number.
async fn read_from_beyond_the_end_gives_the_outcomes_at_the_end(store: Store<'_>) {
    gives(&store, ReadRange::from(nr(6)), "k5:e k5:f").await;
}

async fn read_up_to_a_number_gives_the_outcomes_up_to_there(store: Store<'_>) {
    gives(&store, ReadRange::ALL.to(nr(4)), "k0:a e1 e2 k2:b k2:c e3 e4 k4:d").await;
}

async fn read_at_its_limit_gives_the_outcomes_at_its_last_number(store: Store<'_>) {
    gives(&store, ReadRange::ALL.at_most(2), "k0:a e1 e2 k2:b k2:c").await;
}

async fn read_with_its_limit_within_a_write_gives_no_outcome_of_it(store: Store<'_>) {
    gives(&store, ReadRange::ALL.at_most(1), "k0:a e1").await;
}

async fn read_of_at_most_nothing_gives_no_outcome(store: Store<'_>) {
    gives(&store, ReadRange::ALL.at_most(0), "").await;
}

async fn read_with_its_bounds_crossed_gives_no_outcome(store: Store<'_>) {
    gives(&store, ReadRange::from(nr(3)).to(nr(2)), "").await;
}

async fn read_of_many_outcomes_without_events_gives_all(store: Store<'_>) {
    let id = id("many");
    let mut writer = store.fill(&id, 1).await;
    store.commit_all((0..700).map(|n| writer.eventless(&n.to_string())).collect()).await;
    store.commit(writer.events(1)).await;
    let expected: Vec<String> = (0..700).map(|n| format!("k1:{n}")).collect();
    let found = outline(&store.read(&id, ReadRange::ALL).await);
    assert_eq!(found, format!("e1 {} e2", expected.join(" ")));
}

async fn read_after_deletion_of_everything_gives_every_outcome(store: Store<'_>) {
    let id = keyed(&store).await;
    store.delete_to(&id, 5).await;
    let found = outline(&store.read(&id, ReadRange::ALL).await);
    assert_eq!(found, "k0:a k2:b k2:c k4:d k5:e k5:f");
}

/// A durable-state entity learns its keys the same way; its journal has no events, so they stand at 0.
async fn read_gives_the_outcomes_of_state_writes_too(store: Store<'_>) {
    let id = id("state");
    let mut writer = store.writer(&id);
    let first = Write { outcome: Some(kept("a")), ..writer.save(0, "one") };
    let second = Write { outcome: Some(kept("b")), ..writer.state(1, StateChange::Keep) };
    store.commit_all(vec![first, second]).await;
    assert_eq!(outline(&store.read(&id, ReadRange::ALL).await), "k0:a k0:b");
}
