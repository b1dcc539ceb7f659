//! G3: whatever is written with an epoch that is not the stored one is refused, although all else fits.

use crate::conformance::case::cases;
use crate::conformance::check;
use crate::conformance::kit::{fence_at, id, ids_where, key, nr, outline, sequence_nr, snapshot};
use crate::conformance::store::Store;
use annals::storage::{
    Committed, ReadRange, SnapshotCriteria, SnapshotWrite, StateChange, StorageError, Write,
};
use annals::{PersistenceId, SequenceNr};

cases!("fencing", Case;
    events_with_another_epoch_are_fenced_and_not_stored,
    outcome_without_events_with_another_epoch_is_fenced_and_not_stored,
    state_saved_with_another_epoch_is_fenced_and_not_stored,
    state_deleted_with_another_epoch_is_fenced_and_not_deleted,
    state_kept_with_another_epoch_is_fenced,
    snapshot_saved_with_another_epoch_is_fenced_and_not_stored,
    snapshot_deleted_with_another_epoch_is_fenced_and_not_deleted,
    journal_deleted_with_another_epoch_is_fenced_and_not_deleted,
    owner_before_is_fenced_once_the_epoch_is_raised,
    owner_before_is_fenced_after_reopening_too,
    owner_after_goes_on_with_the_history,
    fencing_one_shard_leaves_the_others_alone,
    fencing_is_judged_before_the_expected_number,
    fencing_is_judged_before_the_write_number,
    fencing_is_judged_before_a_repetition_is_answered,
    fenced_write_leaves_no_gap_for_the_next_owner,
);

/// The cases' shards are at 5: an owner from before, and one that the storage does not know of.
const OTHERS: [u64; 2] = [4, 6];

async fn write_at(store: &Store<'_>, write: &Write, epoch: u64) -> Result<Committed, StorageError> {
    store.write(Write { fence: fence_at(&write.id, epoch), ..write.clone() }).await
}

async fn events_with_another_epoch_are_fenced_and_not_stored(store: Store<'_>) {
    let id = id("events");
    let mut writer = store.fill(&id, 2).await;
    let write = writer.events(1);
    for epoch in OTHERS {
        check::fenced(&write_at(&store, &write, epoch).await, epoch);
    }
    assert_eq!(store.numbers(&id, ReadRange::ALL).await, [1, 2]);
    assert_eq!(store.highest(&id).await, 2);
    store.commit(write).await;
}

async fn outcome_without_events_with_another_epoch_is_fenced_and_not_stored(store: Store<'_>) {
    let id = id("outcome");
    let mut writer = store.fill(&id, 2).await;
    let write = writer.eventless("k");
    for epoch in OTHERS {
        check::fenced(&write_at(&store, &write, epoch).await, epoch);
    }
    assert_eq!(store.outcome(&id, &key("k")).await, None);
    assert_eq!(outline(&store.read(&id, ReadRange::ALL).await), "e1 e2");
}

/// A state at revision 1 stays as it was under these changes with other epochs.
async fn state_is_fenced(store: &Store<'_>, change: StateChange) {
    let id = id("state");
    let mut writer = store.writer(&id);
    store.commit(writer.save(0, "one")).await;
    let before = store.states().load(&id).await.expect("it can be loaded");
    let write = writer.state(1, change);
    for epoch in OTHERS {
        check::fenced(&write_at(store, &write, epoch).await, epoch);
    }
    assert_eq!(store.states().load(&id).await.expect("it can be loaded"), before);
    store.commit(write).await;
}

async fn state_saved_with_another_epoch_is_fenced_and_not_stored(store: Store<'_>) {
    state_is_fenced(&store, StateChange::Save(crate::conformance::kit::payload("two"))).await;
}

async fn state_deleted_with_another_epoch_is_fenced_and_not_deleted(store: Store<'_>) {
    state_is_fenced(&store, StateChange::Delete).await;
}

async fn state_kept_with_another_epoch_is_fenced(store: Store<'_>) {
    state_is_fenced(&store, StateChange::Keep).await;
}

async fn snapshots(store: &Store<'_>, id: &PersistenceId) -> Vec<u64> {
    let listed = store.snapshots().list(id, SnapshotCriteria::ALL).await.expect("they can be listed");
    listed.into_iter().map(|(nr, _)| nr.get()).collect()
}

async fn snapshot_saved_with_another_epoch_is_fenced_and_not_stored(store: Store<'_>) {
    let id = id("snapshot");
    store.fill(&id, 3).await;
    for epoch in OTHERS {
        let write = SnapshotWrite { fence: fence_at(&id, epoch), ..snapshot(&id, 3) };
        check::fenced(&store.snapshots().save(write).await, epoch);
    }
    assert_eq!(snapshots(&store, &id).await, [0; 0]);
}

async fn snapshot_deleted_with_another_epoch_is_fenced_and_not_deleted(store: Store<'_>) {
    let id = id("snapshot");
    store.fill(&id, 3).await;
    store.snapshots().save(snapshot(&id, 3)).await.expect("it can be saved");
    for epoch in OTHERS {
        let result = store.snapshots().delete(&id, fence_at(&id, epoch), SnapshotCriteria::ALL).await;
        check::fenced(&result, epoch);
    }
    assert_eq!(snapshots(&store, &id).await, [3]);
}

async fn journal_deleted_with_another_epoch_is_fenced_and_not_deleted(store: Store<'_>) {
    let id = id("journal");
    store.fill(&id, 3).await;
    for epoch in OTHERS {
        let result = store.journal().delete_to(&id, fence_at(&id, epoch), nr(2)).await;
        check::fenced(&result, epoch);
    }
    assert_eq!(store.numbers(&id, ReadRange::ALL).await, [1, 2, 3]);
}

async fn owner_before_is_fenced_once_the_epoch_is_raised(store: Store<'_>) {
    let id = id("raised");
    let mut writer = store.fill(&id, 2).await;
    store.raise(&id, 6).await;
    check::fenced_at(&store.write(writer.events(1)).await, 5, 6);
    assert_eq!(store.numbers(&id, ReadRange::ALL).await, [1, 2]);
}

async fn owner_before_is_fenced_after_reopening_too(mut store: Store<'_>) {
    let id = id("raised");
    let mut writer = store.fill(&id, 2).await;
    store.raise(&id, 6).await;
    store.reopen().await;
    check::fenced_at(&store.write(writer.events(1)).await, 5, 6);
}

async fn owner_after_goes_on_with_the_history(store: Store<'_>) {
    let id = id("raised");
    store.fill(&id, 2).await;
    store.raise(&id, 6).await;
    let write = store.writer(&id).recovered(2).events(1);
    let committed = write_at(&store, &write, 6).await.expect("the new owner can write");
    assert_eq!(sequence_nr(committed), 3);
}

async fn fencing_one_shard_leaves_the_others_alone(store: Store<'_>) {
    let raised = &ids_where(1, |shard| shard.get() == 1)[0];
    let other = &ids_where(1, |shard| shard.get() == 2)[0];
    store.raise(raised, 6).await;
    store.commit(store.writer(other).events(1)).await;
    check::fenced_at(&store.write(store.writer(raised).events(1)).await, 5, 6);
}

async fn fencing_is_judged_before_the_expected_number(store: Store<'_>) {
    let id = id("both");
    store.fill(&id, 2).await;
    let stale = store.writer(&id).recovered(1).events(1);
    check::fenced(&write_at(&store, &stale, 4).await, 4);
}

async fn fencing_is_judged_before_the_write_number(store: Store<'_>) {
    let mut writer = store.fill(&id("both"), 2).await;
    writer.events(0);
    check::fenced(&write_at(&store, &writer.events(1), 4).await, 4);
}

/// An owner from before may ask again for what it wrote; it must learn that it is not the owner any more.
async fn fencing_is_judged_before_a_repetition_is_answered(store: Store<'_>) {
    let id = id("repeated");
    let mut writer = store.fill(&id, 2).await;
    let write = writer.events(1);
    store.commit(write.clone()).await;
    store.raise(&id, 6).await;
    check::fenced_at(&store.write(write).await, 5, 6);
}

async fn fenced_write_leaves_no_gap_for_the_next_owner(store: Store<'_>) {
    let id = id("gap");
    let mut writer = store.fill(&id, 2).await;
    store.raise(&id, 6).await;
    for _ in 0..3 {
        check::fenced_at(&store.write(writer.events(2)).await, 5, 6);
    }
    let highest: SequenceNr = nr(store.highest(&id).await);
    let write = store.writer(&id).recovered(highest.get()).events(1);
    write_at(&store, &write, 6).await.expect("the new owner can write");
    assert_eq!(store.numbers(&id, ReadRange::ALL).await, [1, 2, 3]);
}
