//! Snapshots save time, never data (G12).

use super::{Fence, KeyedOutcome, StorageError, Subject};
use crate::vocabulary::{Payload, PersistenceId, SequenceNr, Timestamp};
use async_trait::async_trait;

/// The state of an entity at a number of its journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The number of the last event that is in it.
    pub sequence_nr: SequenceNr,
    /// When it was taken.
    pub taken_at: Timestamp,
    /// The encoded state; not yet verified when it comes from storage.
    pub payload: Payload,
    /// The keys that the entity remembered, with their outcomes, oldest first.
    pub outcomes: Vec<KeyedOutcome>,
    /// Whether `outcomes` are all that were ever kept for the entity: then no other key needs to be looked up.
    pub outcomes_complete: bool,
}

/// A snapshot to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotWrite {
    /// Whose it is.
    pub id: PersistenceId,
    /// Under which ownership.
    pub fence: Fence,
    /// What is stored.
    pub snapshot: Snapshot,
}

impl SnapshotWrite {
    /// The check that every backend makes before it writes anything: the state, and the outcomes together,
    /// are not over `limit` bytes each.
    ///
    /// # Errors
    /// [`StorageError::TooLarge`] names the snapshot.
    pub fn check_sizes(&self, limit: usize) -> Result<(), StorageError> {
        let outcomes = self.snapshot.outcomes.iter().map(KeyedOutcome::weight).sum::<usize>();
        match self.snapshot.payload.bytes().len().max(outcomes) {
            bytes if bytes <= limit => Ok(()),
            bytes => Err(StorageError::TooLarge {
                subject: Subject::Snapshot(self.id.clone(), self.snapshot.sequence_nr),
                bytes: bytes as u64,
                limit: limit as u64,
            }),
        }
    }
}

/// Which snapshots are meant: those within all bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SnapshotCriteria {
    /// The lowest number.
    pub min_sequence_nr: SequenceNr,
    /// The highest number.
    pub max_sequence_nr: SequenceNr,
    /// Not taken before.
    pub min_taken_at: Timestamp,
    /// Not taken after.
    pub max_taken_at: Timestamp,
}

impl SnapshotCriteria {
    /// Every snapshot.
    pub const ALL: Self = Self {
        min_sequence_nr: SequenceNr::ZERO,
        max_sequence_nr: SequenceNr::MAX,
        min_taken_at: Timestamp::from_micros(i64::MIN),
        max_taken_at: Timestamp::from_micros(i64::MAX),
    };

    /// Those up to a number.
    pub const fn up_to(max_sequence_nr: SequenceNr) -> Self {
        Self { max_sequence_nr, ..Self::ALL }
    }

    /// Exactly the one at a number.
    pub const fn at(sequence_nr: SequenceNr) -> Self {
        Self { min_sequence_nr: sequence_nr, max_sequence_nr: sequence_nr, ..Self::ALL }
    }

    /// Whether a snapshot with these values is meant.
    pub fn meets(&self, sequence_nr: SequenceNr, taken_at: Timestamp) -> bool {
        (self.min_sequence_nr..=self.max_sequence_nr).contains(&sequence_nr)
            && (self.min_taken_at..=self.max_taken_at).contains(&taken_at)
    }
}

/// The port to the snapshots.
#[async_trait]
pub trait SnapshotStorage: Send + Sync + 'static {
    /// Stores a snapshot durably, in place of an earlier one at the same number.
    ///
    /// # Errors
    /// `Fenced`; `Conflict` on the sequence number when it is above the journal's highest, or not above the
    /// highest one when the entity was last erased (a snapshot that comes late must not bring it back; one at 0 has no event in it and is taken);
    /// `TooLarge`; `Unavailable`; `Indeterminate`.
    async fn save(&self, write: SnapshotWrite) -> Result<(), StorageError>;

    /// The snapshot with the highest number that meets the criteria.
    ///
    /// # Errors
    /// `Corrupt` naming the snapshot when its row cannot be read (its payload is verified by the caller);
    /// `Unavailable`.
    async fn load(
        &self,
        id: &PersistenceId,
        criteria: SnapshotCriteria,
    ) -> Result<Option<Snapshot>, StorageError>;

    /// Number and time of the snapshots that meet the criteria, lowest number first.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn list(
        &self,
        id: &PersistenceId,
        criteria: SnapshotCriteria,
    ) -> Result<Vec<(SequenceNr, Timestamp)>, StorageError>;

    /// Deletes the snapshots that meet the criteria.
    ///
    /// # Errors
    /// `Fenced`, `Unavailable`, `Indeterminate`.
    async fn delete(
        &self,
        id: &PersistenceId,
        fence: Fence,
        criteria: SnapshotCriteria,
    ) -> Result<(), StorageError>;
}
