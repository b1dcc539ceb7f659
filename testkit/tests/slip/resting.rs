//! Snapshots and states.

use super::{Slip, Slipping, unavailable};
use annals::storage::{
    Counter, Fence, JournalStorage, Snapshot, SnapshotCriteria, SnapshotStorage, SnapshotWrite, StateStorage,
    StorageError, StoredState,
};
use annals::{PersistenceId, SequenceNr, Timestamp};
use async_trait::async_trait;

#[async_trait]
impl SnapshotStorage for Slipping {
    async fn save(&self, mut write: SnapshotWrite) -> Result<(), StorageError> {
        let original = write.id.clone();
        write.id = self.id(&write.id);
        self.notes().names_of_others.push(write.snapshot.payload.manifest().clone());
        let highest = self.inner.highest_sequence_nr(&write.id).await?;
        let snapshot = &mut write.snapshot;
        let number = snapshot.sequence_nr;
        snapshot.payload = self.taken(snapshot.payload.clone());
        match self.slip {
            Slip::SnapshotMovedDown => snapshot.sequence_nr = number.min(highest),
            Slip::NumbersWrapped if number > SequenceNr::MAX => snapshot.sequence_nr = SequenceNr::ZERO,
            Slip::SnapshotAtTheEndRefused if number == highest => {
                let (counter, expected) = (Counter::SequenceNr, number.get());
                return Err(StorageError::Conflict { id: original, counter, expected, actual: expected - 1 });
            }
            Slip::SnapshotOutcomesLost => snapshot.outcomes.clear(),
            Slip::SnapshotOutcomesReversed => snapshot.outcomes.reverse(),
            Slip::SnapshotCompletenessLost => snapshot.outcomes_complete = false,
            Slip::SnapshotDeletedForEver if self.notes().deleted_snapshots.contains(&(original, number)) => {
                return Ok(());
            }
            Slip::OneSnapshotKept => {
                self.inner.delete(&write.id, write.fence, SnapshotCriteria::ALL).await?;
            }
            _ => {}
        }
        self.inner.save(write).await
    }

    async fn load(
        &self,
        id: &PersistenceId,
        criteria: SnapshotCriteria,
    ) -> Result<Option<Snapshot>, StorageError> {
        self.check_readable(id)?;
        let id = self.id(id);
        let criteria = match (self.slip, self.inner.list(&id, self.criteria(criteria)).await?.first()) {
            (Slip::OldestSnapshot, Some((oldest, _))) => SnapshotCriteria::at(*oldest),
            _ => self.criteria(criteria),
        };
        let loaded = SnapshotStorage::load(&self.inner, &id, criteria).await?;
        Ok(loaded.map(|it| Snapshot { payload: self.given(it.payload.clone()), ..it }))
    }

    async fn list(
        &self,
        id: &PersistenceId,
        criteria: SnapshotCriteria,
    ) -> Result<Vec<(SequenceNr, Timestamp)>, StorageError> {
        self.check_readable(id)?;
        let mut list = self.inner.list(&self.id(id), self.criteria(criteria)).await?;
        if self.slip == Slip::SnapshotsNewestFirst {
            list.reverse();
        }
        Ok(list)
    }

    async fn delete(
        &self,
        id: &PersistenceId,
        fence: Fence,
        criteria: SnapshotCriteria,
    ) -> Result<(), StorageError> {
        self.check_readable(id)?;
        let known_as = self.id(id);
        let deleted = self.inner.list(&known_as, criteria).await?;
        let numbers = deleted.iter().map(|(number, _)| (id.clone(), *number));
        self.notes().deleted_snapshots.extend(numbers);
        let criteria = match self.slip {
            Slip::SnapshotDeletionForgotten => return Ok(()),
            Slip::SnapshotDeletionOfNothing if deleted.is_empty() => {
                return Err(unavailable("there is no such snapshot"));
            }
            Slip::SnapshotDeletionOfAll => SnapshotCriteria::ALL,
            _ => self.criteria(criteria),
        };
        self.inner.delete(&known_as, fence, criteria).await
    }
}

impl Slipping {
    fn criteria(&self, criteria: SnapshotCriteria) -> SnapshotCriteria {
        let SnapshotCriteria { min_sequence_nr, max_sequence_nr, .. } = SnapshotCriteria::ALL;
        let wrapped = |nr: SequenceNr| if nr > SequenceNr::MAX { SequenceNr::ZERO } else { nr };
        match self.slip {
            Slip::SnapshotNumberIgnored => SnapshotCriteria { min_sequence_nr, max_sequence_nr, ..criteria },
            Slip::NumbersWrapped => SnapshotCriteria {
                min_sequence_nr: wrapped(criteria.min_sequence_nr),
                max_sequence_nr: wrapped(criteria.max_sequence_nr),
                ..criteria
            },
            _ => criteria,
        }
    }
}

#[async_trait]
impl StateStorage for Slipping {
    async fn load(&self, id: &PersistenceId) -> Result<Option<StoredState>, StorageError> {
        self.check_readable(id)?;
        let Some(mut state) = StateStorage::load(&self.inner, &self.id(id)).await? else { return Ok(None) };
        state.payload = state.payload.map(|payload| self.given(payload));
        if self.slip == Slip::FirstStateStays && state.payload.is_some() {
            state.payload = self.notes().first_states.get(id).cloned();
        }
        Ok(Some(state))
    }
}
