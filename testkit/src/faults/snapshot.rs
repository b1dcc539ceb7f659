//! The port to the snapshots, with faults.

use super::mutation::Mutation;
use super::{FaultStorage, Operation};
use annals::storage::{Fence, Snapshot, SnapshotCriteria, SnapshotStorage, SnapshotWrite, StorageError};
use annals::{PersistenceId, SequenceNr, Timestamp};
use async_trait::async_trait;

#[async_trait]
impl SnapshotStorage for FaultStorage {
    async fn save(&self, write: SnapshotWrite) -> Result<(), StorageError> {
        self.mutate_one(Mutation::SaveSnapshot(Box::new(write))).await
    }

    async fn load(
        &self,
        id: &PersistenceId,
        criteria: SnapshotCriteria,
    ) -> Result<Option<Snapshot>, StorageError> {
        let newest = || async { self.ports.snapshots().load(id, criteria).await };
        let before = || async {
            match newest().await? {
                Some(Snapshot { sequence_nr: SequenceNr::ZERO, .. }) | None => Ok(None),
                Some(snapshot) => {
                    let max_sequence_nr = SequenceNr::new(snapshot.sequence_nr.get() - 1);
                    let below = SnapshotCriteria { max_sequence_nr, ..criteria };
                    self.ports.snapshots().load(id, below).await
                }
            }
        };
        self.ask(Operation::LoadSnapshot, vec![id.clone()], newest, before).await
    }

    async fn list(
        &self,
        id: &PersistenceId,
        criteria: SnapshotCriteria,
    ) -> Result<Vec<(SequenceNr, Timestamp)>, StorageError> {
        let fresh = || async {
            let all = self.ports.snapshots().list(id, SnapshotCriteria::ALL).await?;
            self.faults().with_seen(|seen| seen.snapshots.insert(id.clone(), all));
            self.ports.snapshots().list(id, criteria).await
        };
        let stale = || async {
            let mut earlier =
                self.faults().with_seen(|seen| seen.snapshots.get(id).cloned()).unwrap_or_default();
            earlier.retain(|(sequence_nr, taken_at)| criteria.meets(*sequence_nr, *taken_at));
            Ok(earlier)
        };
        self.ask(Operation::ListSnapshots, vec![id.clone()], fresh, stale).await
    }

    async fn delete(
        &self,
        id: &PersistenceId,
        fence: Fence,
        criteria: SnapshotCriteria,
    ) -> Result<(), StorageError> {
        self.mutate_one(Mutation::DeleteSnapshots(id.clone(), fence, criteria)).await
    }
}
