//! Numbers at the ends of their types: refused or answered, never wrapped.

use super::snapshots::{between, classic, list, save};
use crate::conformance::case::cases;
use crate::conformance::check;
use crate::conformance::kit::{id, nr, snapshot};
use crate::conformance::store::Store;
use annals::storage::{Counter, ReadRange, SnapshotCriteria, Write};
use annals::{SequenceNr, WriteNr};

cases!("numbers", Case;
    number_above_the_largest_signed_one_is_no_expected_sequence_number,
    number_above_the_largest_signed_one_is_no_expected_revision,
    number_above_the_largest_signed_one_is_no_write_number,
    number_above_the_largest_signed_one_is_no_snapshot,
    number_above_the_largest_signed_one_ends_a_read_behind_everything,
    number_above_the_largest_signed_one_starts_a_read_behind_everything,
    number_above_the_largest_signed_one_deletes_everything,
    number_above_the_largest_signed_one_bounds_snapshots_behind_everything,
);

/// The first that does not fit a signed number, and one that would be negative and small there.
const ABOVE: [u64; 2] = [SequenceNr::MAX.get() + 1, u64::MAX - 5];

async fn number_above_the_largest_signed_one_is_no_expected_sequence_number(store: Store<'_>) {
    let id = id("filled");
    store.fill(&id, 3).await;
    for expected in ABOVE {
        let result = store.write(store.writer(&id).recovered(expected).events(1)).await;
        check::conflict(&result, Counter::SequenceNr, 3);
    }
    assert_eq!(store.numbers(&id, ReadRange::ALL).await, [1, 2, 3]);
}

async fn number_above_the_largest_signed_one_is_no_expected_revision(store: Store<'_>) {
    let id = id("saved");
    store.commit(store.writer(&id).save(0, "one")).await;
    for expected in ABOVE.into_iter().chain([u64::MAX]) {
        check::conflict(&store.write(store.writer(&id).save(expected, "two")).await, Counter::Revision, 1);
    }
}

async fn number_above_the_largest_signed_one_is_no_write_number(store: Store<'_>) {
    let id = id("filled");
    let mut writer = store.fill(&id, 3).await;
    for number in ABOVE.into_iter().chain([u64::MAX]) {
        let write = Write { write_nr: WriteNr::new(number), ..writer.clone().events(1) };
        check::wrong_write_nr(&store.write(write).await);
    }
    store.commit(writer.events(1)).await;
}

async fn number_above_the_largest_signed_one_is_no_snapshot(store: Store<'_>) {
    let id = classic(&store).await;
    for number in ABOVE.into_iter().chain([u64::MAX]) {
        let mut write = snapshot(&id, 1);
        write.snapshot.sequence_nr = nr(number);
        check::conflict(&save(&store, write).await, Counter::SequenceNr, 20);
    }
    assert_eq!(list(&store, &id, SnapshotCriteria::ALL).await, [11, 12, 13, 14, 15]);
}

async fn number_above_the_largest_signed_one_ends_a_read_behind_everything(store: Store<'_>) {
    let id = id("filled");
    store.fill(&id, 3).await;
    for to in ABOVE.into_iter().chain([u64::MAX]) {
        assert_eq!(store.numbers(&id, ReadRange::ALL.to(nr(to)).at_most(u64::MAX)).await, [1, 2, 3]);
    }
}

async fn number_above_the_largest_signed_one_starts_a_read_behind_everything(store: Store<'_>) {
    let id = id("filled");
    store.fill(&id, 3).await;
    for from in ABOVE.into_iter().chain([u64::MAX]) {
        assert_eq!(store.read(&id, ReadRange::from(nr(from)).to(nr(u64::MAX))).await, []);
    }
}

async fn number_above_the_largest_signed_one_deletes_everything(store: Store<'_>) {
    for (to, name) in ABOVE.into_iter().chain([u64::MAX]).zip(["a", "b", "c"]) {
        let id = id(name);
        let mut writer = store.fill(&id, 3).await;
        store.delete_to(&id, to).await;
        assert_eq!(store.numbers(&id, ReadRange::ALL).await, [0; 0]);
        store.commit(writer.events(1)).await;
        assert_eq!(store.numbers(&id, ReadRange::ALL).await, [4]);
    }
}

async fn number_above_the_largest_signed_one_bounds_snapshots_behind_everything(store: Store<'_>) {
    let id = classic(&store).await;
    for number in ABOVE.into_iter().chain([u64::MAX]) {
        assert_eq!(list(&store, &id, between(14, number)).await, [14, 15]);
        assert_eq!(list(&store, &id, between(number, u64::MAX)).await, [0; 0]);
    }
}
