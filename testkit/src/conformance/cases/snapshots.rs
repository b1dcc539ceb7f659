//! Saving and finding snapshots: the classic ones, at 11 to 15 of a journal of 20 events.

use crate::conformance::case::cases;
use crate::conformance::check;
use crate::conformance::kit::{self, id, kept, kept_as, nr, payload, snapshot};
use crate::conformance::store::Store;
use annals::storage::{
    Counter, OutcomeKind, Snapshot, SnapshotCriteria, SnapshotWrite, StorageError, Subject,
};
use annals::{PersistenceId, SequenceNr, Timestamp};

cases!("snapshots", Case;
    snapshot_loaded_without_bounds_is_the_newest,
    snapshot_loaded_up_to_a_number_is_the_newest_up_to_there,
    snapshot_loaded_at_a_number_is_that_one,
    snapshot_loaded_between_two_is_none,
    snapshot_loaded_from_a_number_is_the_newest,
    snapshot_loaded_up_to_a_time_is_the_newest_taken_by_then,
    snapshot_loaded_from_a_time_is_the_newest_taken_since,
    snapshot_loaded_with_all_bounds_meets_all_of_them,
    snapshot_of_an_unknown_id_is_none,
    snapshot_list_gives_number_and_time_lowest_first,
    snapshot_list_keeps_to_its_bounds,
    snapshot_list_of_an_unknown_id_is_empty,
    snapshot_saved_again_at_its_number_replaces_the_first,
    snapshot_saved_out_of_order_is_found_by_number,
    snapshot_of_ten_mebibytes_comes_back,
    snapshot_of_no_bytes_comes_back,
    snapshot_outcomes_come_back_in_their_order,
    snapshot_of_a_thousand_outcomes_comes_back,
    snapshot_comes_back_with_whether_its_outcomes_are_complete,
    snapshot_over_the_limit_is_too_large_and_not_stored,
    snapshot_at_the_highest_number_is_stored,
    snapshot_above_the_highest_number_is_a_conflict_and_not_stored,
    snapshot_of_an_unknown_id_cannot_be_saved,
    snapshot_above_the_deleted_events_is_stored,
    snapshots_of_two_entities_are_kept_apart,
    snapshots_survive_reopening,
    snapshots_survive_the_deletion_of_events,
);

pub(super) async fn save(store: &Store<'_>, write: SnapshotWrite) -> Result<(), StorageError> {
    store.snapshots().save(write).await
}

pub(super) async fn load(
    store: &Store<'_>,
    id: &PersistenceId,
    criteria: SnapshotCriteria,
) -> Option<Snapshot> {
    store.snapshots().load(id, criteria).await.expect("snapshots can be loaded")
}

/// The numbers of the snapshots within bounds.
pub(super) async fn list(store: &Store<'_>, id: &PersistenceId, criteria: SnapshotCriteria) -> Vec<u64> {
    let listed = store.snapshots().list(id, criteria).await.expect("snapshots can be listed");
    listed.into_iter().map(|(nr, _)| nr.get()).collect()
}

/// The classic snapshots; number 11 was taken at 1100, and so on.
pub(super) async fn classic(store: &Store<'_>) -> PersistenceId {
    let id = id("classic");
    store.commit(store.writer(&id).events(20)).await;
    for number in 11..=15 {
        save(store, snapshot(&id, number)).await.expect("it can be saved");
    }
    id
}

/// The same, for the second time in a case too.
async fn classic_once(store: &Store<'_>) -> PersistenceId {
    let id = id("classic");
    if store.highest(&id).await == 0 { classic(store).await } else { id }
}

pub(super) fn between(from: u64, to: u64) -> SnapshotCriteria {
    SnapshotCriteria { min_sequence_nr: nr(from), ..SnapshotCriteria::up_to(nr(to)) }
}

pub(super) fn taken(from: i64, to: i64) -> SnapshotCriteria {
    let (min_taken_at, max_taken_at) = (Timestamp::from_micros(from), Timestamp::from_micros(to));
    SnapshotCriteria { min_taken_at, max_taken_at, ..SnapshotCriteria::ALL }
}

async fn finds(store: &Store<'_>, criteria: SnapshotCriteria, number: Option<u64>) {
    let id = classic_once(store).await;
    let expected = number.map(|number| snapshot(&id, number).snapshot);
    assert_eq!(load(store, &id, criteria).await, expected, "{criteria:?}");
}

async fn snapshot_loaded_without_bounds_is_the_newest(store: Store<'_>) {
    finds(&store, SnapshotCriteria::ALL, Some(15)).await;
}

async fn snapshot_loaded_up_to_a_number_is_the_newest_up_to_there(store: Store<'_>) {
    finds(&store, SnapshotCriteria::up_to(nr(13)), Some(13)).await;
}

async fn snapshot_loaded_at_a_number_is_that_one(store: Store<'_>) {
    finds(&store, SnapshotCriteria::at(nr(12)), Some(12)).await;
}

async fn snapshot_loaded_between_two_is_none(store: Store<'_>) {
    finds(&store, between(1, 10), None).await;
    finds(&store, between(16, 20), None).await;
}

async fn snapshot_loaded_from_a_number_is_the_newest(store: Store<'_>) {
    finds(&store, between(13, 100), Some(15)).await;
}

async fn snapshot_loaded_up_to_a_time_is_the_newest_taken_by_then(store: Store<'_>) {
    finds(&store, taken(0, 1_399), Some(13)).await;
}

async fn snapshot_loaded_from_a_time_is_the_newest_taken_since(store: Store<'_>) {
    finds(&store, taken(1_500, 1_500), Some(15)).await;
    finds(&store, taken(1_501, i64::MAX), None).await;
}

async fn snapshot_loaded_with_all_bounds_meets_all_of_them(store: Store<'_>) {
    let numbers = between(12, 14);
    finds(&store, SnapshotCriteria { max_taken_at: Timestamp::from_micros(1_300), ..numbers }, Some(13))
        .await;
    finds(&store, SnapshotCriteria { max_taken_at: Timestamp::from_micros(1_100), ..numbers }, None).await;
}

async fn snapshot_of_an_unknown_id_is_none(store: Store<'_>) {
    classic(&store).await;
    assert_eq!(load(&store, &id("unknown"), SnapshotCriteria::ALL).await, None);
}

async fn snapshot_list_gives_number_and_time_lowest_first(store: Store<'_>) {
    let id = classic(&store).await;
    let listed = store.snapshots().list(&id, SnapshotCriteria::ALL).await.expect("they can be listed");
    let expected = (11..=15).map(|n| snapshot(&id, n).snapshot).map(|it| (it.sequence_nr, it.taken_at));
    assert_eq!(listed, expected.collect::<Vec<_>>());
}

async fn snapshot_list_keeps_to_its_bounds(store: Store<'_>) {
    let id = classic(&store).await;
    assert_eq!(list(&store, &id, between(12, 13)).await, [12, 13]);
    assert_eq!(list(&store, &id, taken(1_400, 9_999)).await, [14, 15]);
    assert_eq!(list(&store, &id, between(16, 20)).await, [0; 0]);
}

async fn snapshot_list_of_an_unknown_id_is_empty(store: Store<'_>) {
    classic(&store).await;
    assert_eq!(list(&store, &id("unknown"), SnapshotCriteria::ALL).await, [0; 0]);
}

async fn snapshot_saved_again_at_its_number_replaces_the_first(store: Store<'_>) {
    let id = classic(&store).await;
    let mut second = snapshot(&id, 13);
    second.snapshot.payload = payload("second");
    second.snapshot.taken_at = Timestamp::from_micros(7_777);
    second.snapshot.outcomes = vec![kept("k")];
    save(&store, second.clone()).await.expect("it can be saved again");
    assert_eq!(load(&store, &id, SnapshotCriteria::at(nr(13))).await, Some(second.snapshot));
    assert_eq!(list(&store, &id, SnapshotCriteria::ALL).await, [11, 12, 13, 14, 15]);
    assert_eq!(list(&store, &id, taken(7_777, 7_777)).await, [13]);
}

async fn snapshot_saved_out_of_order_is_found_by_number(store: Store<'_>) {
    let id = classic(&store).await;
    save(&store, snapshot(&id, 7)).await.expect("it can be saved");
    assert_eq!(load(&store, &id, SnapshotCriteria::ALL).await.map(|it| it.sequence_nr), Some(nr(15)));
    assert_eq!(list(&store, &id, SnapshotCriteria::ALL).await, [7, 11, 12, 13, 14, 15]);
}

/// Saves it as the snapshot of an entity's only event, and loads it.
async fn comes_back(store: &Store<'_>, change: impl FnOnce(&mut Snapshot)) {
    let id = id("one");
    store.fill(&id, 1).await;
    let mut write = snapshot(&id, 1);
    change(&mut write.snapshot);
    save(store, write.clone()).await.expect("it can be saved");
    let found = load(store, &id, SnapshotCriteria::ALL).await.expect("it was saved");
    assert!(found.payload.verify().is_ok(), "{:?}", found.payload.verify());
    assert!(found == write.snapshot, "another snapshot came back");
}

async fn snapshot_of_ten_mebibytes_comes_back(store: Store<'_>) {
    let bytes: Vec<u8> = (0..10_u32 << 20).map(|n| (n % 251) as u8).collect();
    comes_back(&store, |snapshot| snapshot.payload = payload(bytes)).await;
}

async fn snapshot_of_no_bytes_comes_back(store: Store<'_>) {
    comes_back(&store, |snapshot| snapshot.payload = payload([])).await;
}

async fn snapshot_outcomes_come_back_in_their_order(store: Store<'_>) {
    let outcomes = ["c", "a", "ä", "b"].map(kept).into_iter();
    let outcomes = outcomes.chain([kept_as(OutcomeKind::Rejection, "no", [0, 255])]).collect();
    comes_back(&store, |snapshot| snapshot.outcomes = outcomes).await;
}

async fn snapshot_of_a_thousand_outcomes_comes_back(store: Store<'_>) {
    let outcomes = (0..1_000).rev().map(|n| kept(&format!("key-{n}"))).collect();
    comes_back(&store, |snapshot| snapshot.outcomes = outcomes).await;
}

async fn snapshot_comes_back_with_whether_its_outcomes_are_complete(store: Store<'_>) {
    let id = classic(&store).await;
    for complete in [true, false, true] {
        let mut write = snapshot(&id, 15);
        write.snapshot.outcomes_complete = complete;
        save(&store, write.clone()).await.expect("it can be saved");
        assert_eq!(load(&store, &id, SnapshotCriteria::ALL).await, Some(write.snapshot));
    }
}

async fn snapshot_over_the_limit_is_too_large_and_not_stored(store: Store<'_>) {
    let id = classic(&store).await;
    let mut write = snapshot(&id, 16);
    write.snapshot.payload = payload(vec![0; store.max_payload_bytes() + 1]);
    check::too_large(&save(&store, write).await, &Subject::Snapshot(id.clone(), nr(16)));
    assert_eq!(list(&store, &id, between(16, 16)).await, [0; 0]);
}

async fn snapshot_at_the_highest_number_is_stored(store: Store<'_>) {
    let id = classic(&store).await;
    save(&store, snapshot(&id, 20)).await.expect("it can be saved");
    assert_eq!(list(&store, &id, between(16, 20)).await, [20]);
}

/// It would cover more than the journal.
async fn snapshot_above_the_highest_number_is_a_conflict_and_not_stored(store: Store<'_>) {
    let id = classic(&store).await;
    check::conflict(&save(&store, snapshot(&id, 21)).await, Counter::SequenceNr, 20);
    assert_eq!(list(&store, &id, between(16, 1_000)).await, [0; 0]);
}

async fn snapshot_of_an_unknown_id_cannot_be_saved(store: Store<'_>) {
    let id = id("unknown");
    check::conflict(&save(&store, snapshot(&id, 1)).await, Counter::SequenceNr, 0);
    assert_eq!(load(&store, &id, SnapshotCriteria::ALL).await, None);
}

async fn snapshot_above_the_deleted_events_is_stored(store: Store<'_>) {
    let id = classic(&store).await;
    store.delete_to(&id, 20).await;
    save(&store, snapshot(&id, 20)).await.expect("20 is still the highest number");
    assert_eq!(load(&store, &id, SnapshotCriteria::ALL).await, Some(snapshot(&id, 20).snapshot));
}

async fn snapshots_of_two_entities_are_kept_apart(store: Store<'_>) {
    let (one, other) = (classic(&store).await, id("other"));
    store.fill(&other, 12).await;
    save(&store, snapshot(&other, 12)).await.expect("it can be saved");
    let fence = kit::fence(&one);
    store.snapshots().delete(&one, fence, SnapshotCriteria::ALL).await.expect("they can be deleted");
    assert_eq!(load(&store, &other, SnapshotCriteria::ALL).await, Some(snapshot(&other, 12).snapshot));
    assert_eq!(load(&store, &one, SnapshotCriteria::ALL).await, None);
}

async fn snapshots_survive_reopening(mut store: Store<'_>) {
    let id = classic(&store).await;
    let mut write = snapshot(&id, 16);
    write.snapshot.outcomes = vec![kept("b"), kept("a")];
    save(&store, write.clone()).await.expect("it can be saved");
    store.reopen().await;
    assert_eq!(load(&store, &id, SnapshotCriteria::ALL).await, Some(write.snapshot));
    assert_eq!(list(&store, &id, SnapshotCriteria::ALL).await, [11, 12, 13, 14, 15, 16]);
}

async fn snapshots_survive_the_deletion_of_events(store: Store<'_>) {
    let id = classic(&store).await;
    store.delete_to(&id, SequenceNr::MAX.get()).await;
    assert_eq!(load(&store, &id, SnapshotCriteria::ALL).await, Some(snapshot(&id, 15).snapshot));
    assert_eq!(list(&store, &id, SnapshotCriteria::ALL).await, [11, 12, 13, 14, 15]);
}
