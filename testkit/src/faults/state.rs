//! The port to the durable states, with faults.

use super::{FaultStorage, Operation};
use annals::PersistenceId;
use annals::storage::{StateStorage, StorageError, StoredState};
use async_trait::async_trait;

#[async_trait]
impl StateStorage for FaultStorage {
    async fn load(&self, id: &PersistenceId) -> Result<Option<StoredState>, StorageError> {
        let answer = || async { self.ports.states().load(id).await };
        self.ask(Operation::LoadState, vec![id.clone()], answer, answer).await
    }
}
