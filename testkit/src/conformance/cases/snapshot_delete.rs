//! Deleting snapshots: those that meet all bounds, and no others.

use super::snapshots::{between, classic, list, load, save, taken};
use crate::conformance::case::cases;
use crate::conformance::kit::{self, id, nr, snapshot};
use crate::conformance::store::Store;
use annals::storage::{ReadRange, SnapshotCriteria};
use annals::{PersistenceId, Timestamp};

cases!("snapshot deletion", Case;
    snapshot_deleted_at_its_number_is_gone_alone,
    snapshot_delete_at_another_time_keeps_it,
    snapshots_deleted_by_number_are_gone,
    snapshots_deleted_by_time_are_gone,
    snapshots_deleted_without_bounds_are_all_gone,
    snapshot_delete_that_meets_nothing_is_fine,
    snapshot_delete_of_an_unknown_id_is_fine,
    snapshot_delete_leaves_the_events,
    snapshot_saved_again_after_its_deletion_is_there,
    snapshots_deleted_stay_so_after_reopening,
);

async fn delete(store: &Store<'_>, id: &PersistenceId, criteria: SnapshotCriteria) {
    store.snapshots().delete(id, kit::fence(id), criteria).await.expect("snapshots can be deleted");
}

/// Of the classic snapshots these are left.
async fn leaves(store: &Store<'_>, criteria: SnapshotCriteria, left: &[u64]) {
    let id = classic(store).await;
    delete(store, &id, criteria).await;
    assert_eq!(list(store, &id, SnapshotCriteria::ALL).await, left, "{criteria:?}");
    let newest = left.last().map(|number| snapshot(&id, *number).snapshot);
    assert_eq!(load(store, &id, SnapshotCriteria::ALL).await, newest, "{criteria:?}");
}

async fn snapshot_deleted_at_its_number_is_gone_alone(store: Store<'_>) {
    leaves(&store, SnapshotCriteria::at(nr(15)), &[11, 12, 13, 14]).await;
}

async fn snapshot_delete_at_another_time_keeps_it(store: Store<'_>) {
    let (id, at) = (classic(&store).await, SnapshotCriteria::at(nr(15)));
    delete(&store, &id, SnapshotCriteria { max_taken_at: Timestamp::from_micros(1_499), ..at }).await;
    delete(&store, &id, SnapshotCriteria { min_taken_at: Timestamp::from_micros(1_501), ..at }).await;
    assert_eq!(list(&store, &id, SnapshotCriteria::ALL).await, [11, 12, 13, 14, 15]);
}

async fn snapshots_deleted_by_number_are_gone(store: Store<'_>) {
    leaves(&store, between(12, 14), &[11, 15]).await;
}

async fn snapshots_deleted_by_time_are_gone(store: Store<'_>) {
    leaves(&store, taken(0, 1_350), &[14, 15]).await;
}

async fn snapshots_deleted_without_bounds_are_all_gone(store: Store<'_>) {
    leaves(&store, SnapshotCriteria::ALL, &[]).await;
}

async fn snapshot_delete_that_meets_nothing_is_fine(store: Store<'_>) {
    leaves(&store, between(16, 100), &[11, 12, 13, 14, 15]).await;
}

async fn snapshot_delete_of_an_unknown_id_is_fine(store: Store<'_>) {
    delete(&store, &id("unknown"), SnapshotCriteria::ALL).await;
    assert_eq!(store.highest(&id("unknown")).await, 0);
}

async fn snapshot_delete_leaves_the_events(store: Store<'_>) {
    let id = classic(&store).await;
    delete(&store, &id, SnapshotCriteria::ALL).await;
    assert_eq!(store.numbers(&id, ReadRange::ALL).await, (1..=20).collect::<Vec<u64>>());
}

async fn snapshot_saved_again_after_its_deletion_is_there(store: Store<'_>) {
    let id = classic(&store).await;
    delete(&store, &id, SnapshotCriteria::ALL).await;
    save(&store, snapshot(&id, 13)).await.expect("it can be saved");
    assert_eq!(list(&store, &id, SnapshotCriteria::ALL).await, [13]);
}

async fn snapshots_deleted_stay_so_after_reopening(mut store: Store<'_>) {
    let id = classic(&store).await;
    delete(&store, &id, between(12, 15)).await;
    store.reopen().await;
    assert_eq!(list(&store, &id, SnapshotCriteria::ALL).await, [11]);
}
