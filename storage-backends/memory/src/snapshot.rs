//! Snapshots, by number.

use crate::MemoryStorage;
use crate::storage::MAX_PAYLOAD_BYTES;
use annals::storage::{
    Counter, Fence, Snapshot, SnapshotCriteria, SnapshotStorage, SnapshotWrite, StorageError,
};
use annals::{PersistenceId, SequenceNr, Timestamp};
use async_trait::async_trait;

#[async_trait]
impl SnapshotStorage for MemoryStorage {
    async fn save(&self, write: SnapshotWrite) -> Result<(), StorageError> {
        let mut data = self.lock();
        data.check_fence(write.fence)?;
        write.check_sizes(MAX_PAYLOAD_BYTES)?;
        let SnapshotWrite { id, snapshot, .. } = write;
        let (counter, at) = (Counter::SequenceNr, snapshot.sequence_nr);
        let (erased_to, highest) =
            data.entity(&id).map_or_else(Default::default, |it| (it.erased_to, it.highest));
        let was_erased = erased_to > SequenceNr::ZERO && at <= erased_to;
        if was_erased || at > highest {
            return Err(StorageError::Conflict { id, counter, expected: at.get(), actual: highest.get() });
        }
        data.entity_mut(&id).snapshots.insert(snapshot.sequence_nr, snapshot);
        Ok(())
    }

    async fn load(
        &self,
        id: &PersistenceId,
        criteria: SnapshotCriteria,
    ) -> Result<Option<Snapshot>, StorageError> {
        let data = self.lock();
        let newest = data.entity(id).and_then(|entity| {
            entity.snapshots.values().rev().find(|it| criteria.meets(it.sequence_nr, it.taken_at))
        });
        Ok(newest.cloned())
    }

    async fn list(
        &self,
        id: &PersistenceId,
        criteria: SnapshotCriteria,
    ) -> Result<Vec<(SequenceNr, Timestamp)>, StorageError> {
        let data = self.lock();
        let all = data.entity(id).into_iter().flat_map(|entity| entity.snapshots.values());
        let all = all.map(|it| (it.sequence_nr, it.taken_at));
        Ok(all.filter(|(nr, taken_at)| criteria.meets(*nr, *taken_at)).collect())
    }

    async fn delete(
        &self,
        id: &PersistenceId,
        fence: Fence,
        criteria: SnapshotCriteria,
    ) -> Result<(), StorageError> {
        let mut data = self.lock();
        data.check_fence(fence)?;
        if data.entity(id).is_some() {
            let snapshots = &mut data.entity_mut(id).snapshots;
            snapshots.retain(|nr, snapshot| !criteria.meets(*nr, snapshot.taken_at));
        }
        Ok(())
    }
}
