//! Snapshots: one per number, up to the highest number of the journal.

use super::{Fenced, Reference};
use annals::storage::{Counter, Fence, Snapshot, SnapshotCriteria, SnapshotWrite, StorageError};
use annals::{PersistenceId, SequenceNr};
use std::collections::BTreeMap;

/// The snapshots of an entity.
#[derive(Debug, Clone, Default)]
pub(in crate::model) struct Snapshots(BTreeMap<SequenceNr, Snapshot>);

impl Snapshots {
    /// Those that meet the criteria, lowest number first.
    pub(in crate::model) fn list(&self, criteria: SnapshotCriteria) -> Vec<&Snapshot> {
        let meets = |snapshot: &&Snapshot| criteria.meets(snapshot.sequence_nr, snapshot.taken_at);
        self.0.values().filter(meets).collect()
    }

    /// The one with the highest number that meets the criteria.
    pub(in crate::model) fn load(&self, criteria: SnapshotCriteria) -> Option<&Snapshot> {
        self.list(criteria).last().copied()
    }

    pub(super) fn erase(&mut self) {
        self.0.clear();
    }
}

impl Reference {
    /// Saves a snapshot, in place of an earlier one at its number.
    pub(in crate::model) fn save_snapshot(&mut self, write: &SnapshotWrite) -> Saved {
        if let Err(fenced) = self.check(write.fence) {
            return Saved::Refused(fenced);
        }
        if let Err(too_large) = write.check_sizes(self.max_payload_bytes) {
            return Saved::Refused(too_large);
        }
        let (expected, highest) = (write.snapshot.sequence_nr, self.entity(&write.id).history.highest());
        if expected > highest {
            return Saved::Refused(StorageError::Conflict {
                id: write.id.clone(),
                counter: Counter::SequenceNr,
                expected: expected.get(),
                actual: highest.get(),
            });
        }
        self.entity_mut(&write.id).snapshots.0.insert(expected, write.snapshot.clone());
        Saved::Done
    }

    /// Deletes the snapshots that meet the criteria.
    pub(in crate::model) fn delete_snapshots(
        &mut self,
        id: &PersistenceId,
        fence: Fence,
        criteria: SnapshotCriteria,
    ) -> Fenced {
        self.check(fence)?;
        let snapshots = &mut self.entity_mut(id).snapshots.0;
        snapshots.retain(|nr, snapshot| !criteria.meets(*nr, snapshot.taken_at));
        Ok(())
    }
}

/// What saving a snapshot comes to.
#[derive(Debug, Clone)]
pub(in crate::model) enum Saved {
    Done,
    /// An error of this kind.
    Refused(StorageError),
}
