//! What a store holds of one entity, read and written behind the engine's back.

use annals::storage::{
    Change, Fence, JournalEntry, Lane, ReadRange, Snapshot, SnapshotCriteria, SnapshotWrite, StorageError,
    StorageProvider, StoredEvent, Write,
};
use annals::{ActivationId, Payload, PersistenceId, SequenceNr, ShardId, Timestamp, WriteNr};
use futures_util::TryStreamExt;
use std::sync::Arc;

/// A store that outlives nodes.
pub(crate) type Store = Arc<dyn StorageProvider>;

/// Its events, in order.
pub(crate) async fn stored_events(store: Store, id: PersistenceId) -> Result<Vec<StoredEvent>, StorageError> {
    let journal = store.journal().expect("the storage has a journal");
    let entries: Vec<JournalEntry> = journal.read(&id, ReadRange::ALL).try_collect().await?;
    let event = |entry| match entry {
        JournalEntry::Event(event) => Some(event),
        JournalEntry::Outcome { .. } => None,
    };
    Ok(entries.into_iter().filter_map(event).collect())
}

/// The highest sequence number that it was ever given.
pub(crate) async fn highest(store: Store, id: PersistenceId) -> Result<SequenceNr, StorageError> {
    store.journal().expect("the storage has a journal").highest_sequence_nr(&id).await
}

/// Lets something happen to the entity without its doing, as the first write of an activation.
pub(crate) async fn write(
    store: Store,
    id: PersistenceId,
    activation: u128,
    written_at: Timestamp,
    change: Change,
) -> Result<(), StorageError> {
    let fence = fence(&store, &id).await?;
    let lane = Lane::of(fence.shard, store.lanes().get());
    let write = Write {
        id,
        fence,
        activation: ActivationId::new(activation),
        write_nr: WriteNr::new(1),
        written_at,
        change,
        outcome: None,
        side_effects: Vec::new(),
    };
    let mut answers = store.writes().append(lane, [write].into()).await;
    answers.pop().expect("one result per write").map(drop)
}

/// Saves a snapshot in the place of all others; none only deletes them.
pub(crate) async fn only_snapshot(
    store: Store,
    id: PersistenceId,
    kept: Option<(SequenceNr, Payload)>,
) -> Result<(), StorageError> {
    let snapshots = store.snapshots().expect("the storage has snapshots");
    let fence = fence(&store, &id).await?;
    snapshots.delete(&id, fence, SnapshotCriteria::ALL).await?;
    let Some((sequence_nr, payload)) = kept else {
        return Ok(());
    };
    let snapshot = Snapshot {
        sequence_nr,
        taken_at: Timestamp::default(),
        payload,
        outcomes: Vec::new(),
        outcomes_complete: false,
    };
    snapshots.save(SnapshotWrite { id, fence, snapshot }).await
}

/// The ownership that is stored now.
async fn fence(store: &Store, id: &PersistenceId) -> Result<Fence, StorageError> {
    let shard = ShardId::of(id);
    let epoch = store.writes().epochs(&[shard]).await?.pop().expect("one epoch per shard");
    Ok(Fence { shard, epoch })
}
