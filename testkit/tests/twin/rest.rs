//! Snapshots and states, with their faults.

use super::{Fault, Twin};
use annals::storage::{
    Fence, JournalStorage, Snapshot, SnapshotCriteria, SnapshotStorage, SnapshotWrite, StateStorage,
    StorageError, StoredState, WriteStorage,
};
use annals::{PersistenceId, SequenceNr, Timestamp};
use async_trait::async_trait;

impl Twin {
    async fn snapshot_fence(&self, fence: Fence) -> Result<Fence, StorageError> {
        match self.fault {
            Fault::SnapshotEpochIgnored => {
                Ok(Fence { epoch: self.inner.epochs(&[fence.shard]).await?[0], ..fence })
            }
            _ => Ok(fence),
        }
    }

    fn criteria(&self, criteria: SnapshotCriteria) -> SnapshotCriteria {
        let SnapshotCriteria { min_taken_at, max_taken_at, .. } = SnapshotCriteria::ALL;
        match self.fault {
            Fault::SnapshotTimeIgnored => SnapshotCriteria { min_taken_at, max_taken_at, ..criteria },
            _ => criteria,
        }
    }
}

#[async_trait]
impl SnapshotStorage for Twin {
    async fn save(&self, write: SnapshotWrite) -> Result<(), StorageError> {
        let (id, fence) = (self.id(&write.id), self.snapshot_fence(write.fence).await?);
        let (at, extent) = (write.snapshot.sequence_nr, self.inner.extent(&id).await?);
        match self.inner.save(SnapshotWrite { id, fence, ..write }).await {
            Err(StorageError::Conflict { .. })
                if self.fault == Fault::EraseForgottenBySnapshots && at <= extent.erased_to =>
            {
                Ok(())
            }
            saved => saved,
        }
    }

    async fn load(
        &self,
        id: &PersistenceId,
        criteria: SnapshotCriteria,
    ) -> Result<Option<Snapshot>, StorageError> {
        SnapshotStorage::load(&self.inner, &self.id(id), self.criteria(criteria)).await
    }

    async fn list(
        &self,
        id: &PersistenceId,
        criteria: SnapshotCriteria,
    ) -> Result<Vec<(SequenceNr, Timestamp)>, StorageError> {
        self.inner.list(&self.id(id), self.criteria(criteria)).await
    }

    async fn delete(
        &self,
        id: &PersistenceId,
        fence: Fence,
        criteria: SnapshotCriteria,
    ) -> Result<(), StorageError> {
        let fence = self.snapshot_fence(fence).await?;
        self.inner.delete(&self.id(id), fence, self.criteria(criteria)).await
    }
}

#[async_trait]
impl StateStorage for Twin {
    async fn load(&self, id: &PersistenceId) -> Result<Option<StoredState>, StorageError> {
        StateStorage::load(&self.inner, &self.id(id)).await
    }
}
