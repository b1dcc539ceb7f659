//! Durable states, as they were last saved or deleted.

use crate::MemoryStorage;
use annals::PersistenceId;
use annals::storage::{StateStorage, StorageError, StoredState};
use async_trait::async_trait;

#[async_trait]
impl StateStorage for MemoryStorage {
    async fn load(&self, id: &PersistenceId) -> Result<Option<StoredState>, StorageError> {
        Ok(self.lock().entity(id).and_then(|entity| entity.state.clone()))
    }
}
