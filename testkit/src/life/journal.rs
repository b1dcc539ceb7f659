//! What a store holds of one entity, read by a test.

use annals::storage::{JournalEntry, ReadRange, StorageError, StorageProvider, StoredEvent};
use annals::{PersistenceId, SequenceNr};
use futures_util::TryStreamExt;

/// Its events, in order.
pub(crate) async fn stored_events(
    storage: impl StorageProvider,
    id: PersistenceId,
) -> Result<Vec<StoredEvent>, StorageError> {
    let journal = storage.journal().expect("an event-sourced entity has a journal");
    let entries: Vec<JournalEntry> = journal.read(&id, ReadRange::ALL).try_collect().await?;
    let event = |entry| match entry {
        JournalEntry::Event(event) => Some(event),
        JournalEntry::Outcome { .. } => None,
    };
    Ok(entries.into_iter().filter_map(event).collect())
}

/// The highest sequence number that it was ever given.
pub(crate) async fn highest(
    storage: impl StorageProvider,
    id: PersistenceId,
) -> Result<SequenceNr, StorageError> {
    storage.journal().expect("an event-sourced entity has a journal").highest_sequence_nr(&id).await
}
