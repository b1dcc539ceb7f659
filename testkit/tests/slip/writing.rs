//! Writing, epochs, outcomes and names.

use super::{Slip, Slipping, unavailable};
use annals::storage::{
    Change, Committed, Counter, Event, Fence, JournalStorage, KeyedOutcome, Lane, ReadRange, StateChange,
    StateStorage, StorageError, Write, WriteStorage,
};
use annals::{
    CommandDigest, Epoch, Key, Manifest, Metadata, PersistenceId, Position, Revision, SequenceNr, ShardId,
    Timestamp, WriteNr,
};
use async_trait::async_trait;
use futures_util::StreamExt;
use std::sync::Arc;

type Answer = Result<Committed, StorageError>;

#[async_trait]
impl WriteStorage for Slipping {
    async fn append(&self, lane: Lane, group: Arc<[Write]>) -> Vec<Answer> {
        if group.is_empty() && self.slip == Slip::NothingIsAnError {
            return vec![Err(unavailable("there is nothing to write"))];
        }
        let mut answers = Vec::new();
        if self.slip == Slip::AnsweredBeforeItIsThere {
            for write in group.iter() {
                let highest = self.inner.highest_sequence_nr(&write.id).await.unwrap_or_default();
                self.notes().visible_to.insert(write.id.clone(), highest);
            }
        }
        for (at, write) in group.iter().enumerate() {
            if self.slip == Slip::LargeGroupsCut && at >= 1_000 {
                answers.push(Err(unavailable("the group is too large")));
                continue;
            }
            answers.push(self.append_one(lane, write).await);
        }
        answers
    }

    async fn outcomes(
        &self,
        id: &PersistenceId,
        keys: &[Key],
    ) -> Result<Vec<Option<KeyedOutcome>>, StorageError> {
        self.check_readable(id)?;
        if self.slip == Slip::NothingIsAnError && keys.is_empty() {
            return Err(unavailable("there is nothing to look up"));
        }
        if self.slip == Slip::ManyKeysRefused && keys.len() > 999 {
            return Err(unavailable("too many keys"));
        }
        let mut keys = keys.to_vec();
        if self.slip == Slip::OutcomesInKeyOrder {
            keys.sort_by(|one, other| one.as_str().cmp(other.as_str()));
        }
        if self.slip == Slip::OutcomesOneByOne {
            let mut found = Vec::new();
            for key in &keys {
                found.extend(self.inner.outcomes(id, std::slice::from_ref(key)).await?);
            }
            return Ok(found);
        }
        let mut found = self.inner.outcomes(&self.id(id), &keys).await?;
        if self.slip == Slip::AnyOutcomeForAKey {
            let any = self.any_outcome().await;
            found.iter_mut().filter(|kept| kept.is_none()).for_each(|kept| kept.clone_from(&any));
        }
        Ok(found)
    }

    async fn manifests(&self, entity_type: &str) -> Result<Vec<Manifest>, StorageError> {
        let mut names = self.inner.manifests(entity_type).await?;
        let notes = self.notes();
        match self.slip {
            Slip::VersionsForgotten => names.dedup_by(|one, other| one.name == other.name),
            Slip::NamesOfAllTypes => names = notes.names.clone(),
            Slip::NamesRepeated => names.extend(names.clone()),
            Slip::NamesOfEverything => names.extend(notes.names_of_others.clone()),
            Slip::NamesOfOutcomesOnly => names.retain(|name| !notes.names_of_others.contains(name)),
            _ => {}
        }
        if self.slip == Slip::NamesOfAllTypes {
            names.sort();
            names.dedup();
        }
        Ok(names)
    }

    async fn erase(&self, id: &PersistenceId, fence: Fence) -> Result<(), StorageError> {
        self.erase_with_slip(id, fence).await
    }

    async fn epochs(&self, shards: &[ShardId]) -> Result<Vec<Epoch>, StorageError> {
        let mut shards = shards.to_vec();
        if self.slip == Slip::EpochsInOrder {
            shards.sort();
        }
        let mut epochs = self.inner.epochs(&shards).await?;
        if self.slip == Slip::EpochsFromOne {
            epochs.iter_mut().for_each(|epoch| *epoch = (*epoch).max(Epoch::new(1)));
        }
        Ok(epochs)
    }

    async fn raise_epochs(&self, raised: &[Fence]) -> Result<(), StorageError> {
        let mut raised = raised.to_vec();
        match self.slip {
            Slip::RaiseForgotten => return Ok(()),
            Slip::NothingIsAnError if raised.is_empty() => {
                return Err(unavailable("there is nothing to raise"));
            }
            Slip::RaisedByOne => {
                for fence in &mut raised {
                    fence.epoch = self.inner.epochs(&[fence.shard]).await?[0].next();
                }
            }
            _ => {}
        }
        let done = self.inner.raise_epochs(&raised).await;
        if self.slip == Slip::OwnerStartsAfresh && done.is_ok() {
            let mut notes = self.notes();
            raised.iter().for_each(|fence| *notes.lives.entry(fence.shard).or_default() += 1);
        }
        match (self.slip, done) {
            (Slip::RaiseAlwaysFine, _) => Ok(()),
            (Slip::RefusalNamesTheFirst, Err(StorageError::Fenced { ours, current, .. })) => {
                Err(StorageError::Fenced { shard: raised[0].shard, ours, current })
            }
            (_, done) => done,
        }
    }
}

impl Slipping {
    async fn append_one(&self, lane: Lane, original: &Write) -> Answer {
        self.note(original);
        if self.slip == Slip::SecondActivationRefused {
            let mut notes = self.notes();
            let first = *notes.activations.entry(original.id.clone()).or_insert(original.activation);
            if first != original.activation {
                let (id, counter) = (original.id.clone(), Counter::WriteNr);
                return Err(StorageError::Conflict { id, counter, expected: 0, actual: 1 });
            }
        }
        let write = self.twist(original).await?;
        let answer = self.inner.append(lane, [write].into()).await.remove(0);
        let answer = answer.map(|committed| self.answer(original, committed));
        answer.map_err(|error| match error {
            StorageError::Conflict { counter, expected, actual, .. } => {
                StorageError::Conflict { id: original.id.clone(), counter, expected, actual }
            }
            other => other,
        })
    }

    fn note(&self, write: &Write) {
        let mut notes = self.notes();
        notes.written.insert(write.id.clone());
        let outcome = write.outcome.iter().map(|kept| kept.outcome.payload.manifest().clone());
        notes.names_of_others.extend(outcome);
        match &write.change {
            Change::Events { events, .. } => {
                notes.names.extend(events.iter().map(|event| event.payload.manifest().clone()));
            }
            Change::State { change: StateChange::Save(payload), .. } => {
                notes.names.push(payload.manifest().clone());
                notes.first_states.entry(write.id.clone()).or_insert_with(|| payload.clone());
            }
            Change::State { .. } => {}
        }
    }

    async fn twist(&self, original: &Write) -> Result<Write, StorageError> {
        let mut write = Write { id: self.id(&original.id), ..original.clone() };
        match &mut write.change {
            Change::Events { events, .. } => {
                *events = events.iter().map(|event| self.event(event.clone())).collect();
                if self.slip == Slip::EventfulOutcomeLost && !events.is_empty() {
                    write.outcome = None;
                }
            }
            Change::State { expected, change } => self.twist_state(&original.id, expected, change).await?,
        }
        if let Some(kept) = &mut write.outcome {
            kept.outcome.payload = self.taken(kept.outcome.payload.clone());
            if self.slip == Slip::DigestLost {
                kept.command = CommandDigest::from_stored(0);
            }
        }
        match self.slip {
            Slip::WriteNumberZeroTaken => write.write_nr = write.write_nr.max(WriteNr::new(1)),
            Slip::TimesLost => write.written_at = Timestamp::default(),
            _ => {}
        }
        Ok(write)
    }

    fn event(&self, event: Event) -> Event {
        let payload = self.taken(event.payload);
        let metadata = if self.slip == Slip::MetadataLost { Metadata::new() } else { event.metadata };
        Event { payload, metadata, tags: event.tags }
    }

    async fn twist_state(
        &self,
        id: &PersistenceId,
        expected: &mut Revision,
        change: &mut StateChange,
    ) -> Result<(), StorageError> {
        let there = StateStorage::load(&self.inner, &self.id(id)).await?;
        let actual = there.as_ref().map_or(Revision::ZERO, |state| state.revision);
        let saves = matches!(change, StateChange::Save(_));
        match self.slip {
            Slip::RevisionIgnored => *expected = actual,
            Slip::RevisionOfOthersIgnored if !saves => *expected = actual,
            Slip::NumbersWrapped if *expected > Revision::MAX => *expected = actual,
            Slip::KeepCounts if matches!(change, StateChange::Keep) => {
                let payload = there.and_then(|state| state.payload);
                *change = payload.map_or(StateChange::Delete, StateChange::Save);
            }
            _ => {}
        }
        match change {
            StateChange::Save(payload)
                if payload.bytes().is_empty() && self.slip == Slip::NoBytesIsDeleted =>
            {
                *change = StateChange::Delete;
            }
            StateChange::Save(payload) => *payload = self.taken(payload.clone()),
            _ => {}
        }
        Ok(())
    }

    fn answer(&self, write: &Write, committed: Committed) -> Committed {
        match (committed, &write.change) {
            (Committed::Events { position, .. }, Change::Events { expected, .. })
                if self.slip == Slip::AnswersTheNumberBefore =>
            {
                Committed::Events { sequence_nr: *expected, position }
            }
            (Committed::Events { sequence_nr, position: None }, _) if self.slip == Slip::PositionAlways => {
                Committed::Events { sequence_nr, position: Some(Position::new(1)) }
            }
            (Committed::Events { sequence_nr, position }, _) if self.slip == Slip::NumberedFromZero => {
                let sequence_nr = SequenceNr::new(sequence_nr.get().saturating_sub(1));
                Committed::Events { sequence_nr, position }
            }
            (Committed::State { .. }, Change::State { expected, .. })
                if self.slip == Slip::RevisionAnsweredBefore =>
            {
                Committed::State { revision: *expected }
            }
            (committed, _) => committed,
        }
    }

    async fn any_outcome(&self) -> Option<KeyedOutcome> {
        let written = self.notes().written.clone();
        for id in &written {
            let mut entries = self.inner.read(id, ReadRange::ALL);
            while let Some(Ok(entry)) = entries.next().await {
                if let annals::storage::JournalEntry::Outcome { kept, .. } = entry {
                    return Some(kept);
                }
            }
        }
        None
    }
}
