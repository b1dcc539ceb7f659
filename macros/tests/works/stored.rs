//! What is in the storage, looked at past the entities.

use annals::storage::{JournalEntry, ReadRange, StorageProvider as _, StoredEvent};
use annals::{EntityId, PersistenceId};
use annals_memory::MemoryStorage;
use futures_util::TryStreamExt as _;

pub fn persistence_id(entity_type: &'static str, id: &str) -> PersistenceId {
    PersistenceId::new(entity_type, EntityId::new(id).unwrap()).unwrap()
}

/// The events of one entity.
pub async fn stored(storage: &MemoryStorage, entity_type: &'static str, id: &str) -> Vec<StoredEvent> {
    let journal = storage.journal().unwrap();
    let history: Vec<JournalEntry> =
        journal.read(&persistence_id(entity_type, id), ReadRange::ALL).try_collect().await.unwrap();
    let event = |entry| match entry {
        JournalEntry::Event(event) => Some(event),
        JournalEntry::Outcome { .. } => None,
    };
    history.into_iter().filter_map(event).collect()
}

/// Their names and versions, as `name v1`.
pub async fn stored_names(storage: &MemoryStorage, entity_type: &'static str, id: &str) -> Vec<String> {
    stored(storage, entity_type, id).await.iter().map(|event| event.payload.manifest().to_string()).collect()
}
