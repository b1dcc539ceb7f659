//! Bringing an account back from the storage.

use super::keys::Keys;
use super::sealed::{decode, open, open_event};
use super::{Defect, Shared};
use annals::storage::{
    Fence, JournalEntry, ReadRange, Snapshot, SnapshotCriteria, StorageError, StoredEvent, Subject,
};
use annals::{EventSourced, PersistenceId, RecoveryError, SequenceNr, ShardId};
use annals_testkit::guarantees::Account;
use futures_util::StreamExt;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// An account as its storage tells it.
pub(super) struct Recovered {
    pub(super) fence: Fence,
    pub(super) state: Account,
    pub(super) sequence_nr: SequenceNr,
    pub(super) keys: Keys,
    pub(super) last_snapshot: SequenceNr,
}

pub(super) async fn recover(shared: &Shared, id: &PersistenceId) -> Result<Recovered, RecoveryError> {
    let storage = RecoveryError::Storage;
    let fence = shared.ownership.of(ShardId::of(id)).await.map_err(storage)?;
    let extent = shared.journal.extent(id).await.map_err(storage)?;
    let start = |state| Recovered {
        fence,
        state,
        sequence_nr: extent.erased_to,
        keys: Keys::new(),
        last_snapshot: extent.erased_to,
    };
    let mut recovered = start(Account::default());
    match recovered.read(shared, id, extent.highest).await {
        Err(_) if shared.has(Defect::StartsAtZero) => return Ok(start(Account::default())),
        result => result?,
    }
    let nr = &mut recovered.sequence_nr;
    match shared.defect {
        Defect::ReusesNumberAfterRecovery => *nr = SequenceNr::new(nr.get().saturating_sub(1)),
        Defect::RestartsNumbersAfterDeletion => *nr = SequenceNr::new(nr.get() - extent.deleted_to.get()),
        _ => {}
    }
    Ok(recovered)
}

impl Recovered {
    async fn read(
        &mut self,
        shared: &Shared,
        id: &PersistenceId,
        highest: SequenceNr,
    ) -> Result<(), RecoveryError> {
        self.begin_at_a_snapshot(shared, id).await.map_err(RecoveryError::Storage)?;
        while let Err(error) = self.read_on(shared, id).await {
            match (&error, shared.defect) {
                (
                    RecoveryError::Storage(StorageError::Unavailable { .. }),
                    Defect::AcceptsPartialRecovery,
                ) => {
                    self.sequence_nr = highest;
                    return Ok(());
                }
                (RecoveryError::Storage(StorageError::Corrupt { .. }), Defect::SkipsDamagedEvents)
                    if self.sequence_nr < highest =>
                {
                    self.sequence_nr = self.sequence_nr.next();
                }
                _ => return Err(error),
            }
        }
        if self.sequence_nr < highest && !shared.has(Defect::SkipsDamagedEvents) {
            return Err(self.missing(id));
        }
        self.sequence_nr = highest;
        Ok(())
    }

    async fn read_on(&mut self, shared: &Shared, id: &PersistenceId) -> Result<(), RecoveryError> {
        let mut history = shared.journal.read(id, ReadRange::from(self.sequence_nr.next()));
        while let Some(entry) = history.next().await {
            match entry.map_err(RecoveryError::Storage)? {
                JournalEntry::Event(event) => self.apply(shared, id, &event)?,
                JournalEntry::Outcome { kept, .. } => self.keys.insert(0, kept),
            }
        }
        Ok(())
    }

    fn apply(
        &mut self,
        shared: &Shared,
        id: &PersistenceId,
        stored: &StoredEvent,
    ) -> Result<(), RecoveryError> {
        let sequence_nr = stored.sequence_nr;
        if sequence_nr != self.sequence_nr.next() {
            return Err(self.missing(id));
        }
        let subject = Subject::Event(id.clone(), sequence_nr);
        let event = match open_event(&stored.payload, &subject) {
            Err(StorageError::Incompatible { .. }) if shared.has(Defect::SkipsUnknownEvents) => None,
            event => Some(event.map_err(RecoveryError::Storage)?),
        };
        let applied =
            catch_unwind(AssertUnwindSafe(|| event.iter().for_each(|event| self.state.apply(event))));
        if applied.is_err() {
            let message = "apply panicked".into();
            return Err(RecoveryError::Panicked { id: id.clone(), sequence_nr, message });
        }
        self.sequence_nr = sequence_nr;
        Ok(())
    }

    fn missing(&self, id: &PersistenceId) -> RecoveryError {
        let subject = Subject::Event(id.clone(), self.sequence_nr.next());
        RecoveryError::Storage(StorageError::corrupt(subject, "it is missing"))
    }

    /// The newest snapshot that can be read.
    async fn begin_at_a_snapshot(&mut self, shared: &Shared, id: &PersistenceId) -> Result<(), StorageError> {
        let mut criteria = SnapshotCriteria::ALL;
        while let Some(snapshot) = shared.snapshots.load(id, criteria).await? {
            let at = snapshot.sequence_nr;
            match self.begin_at(shared, id, snapshot) {
                Err(error) if shared.has(Defect::NeverFallsBack) => return Err(error),
                Err(_) if at.get() > 0 => criteria = SnapshotCriteria::up_to(SequenceNr::new(at.get() - 1)),
                _ => break,
            }
        }
        Ok(())
    }

    fn begin_at(
        &mut self,
        shared: &Shared,
        id: &PersistenceId,
        snapshot: Snapshot,
    ) -> Result<(), StorageError> {
        let at = snapshot.sequence_nr;
        self.state = match shared.defect {
            Defect::TrustsSnapshots => decode(&snapshot.payload).unwrap_or_default(),
            _ => open(&snapshot.payload, &Subject::Snapshot(id.clone(), at))?,
        };
        (self.sequence_nr, self.last_snapshot) = (at, at);
        if !snapshot.outcomes_complete {
            self.keys.expect_older();
        }
        snapshot.outcomes.into_iter().for_each(|kept| self.keys.insert(0, kept));
        Ok(())
    }
}
