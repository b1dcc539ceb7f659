//! Groups of writes, each checked as a whole and then stored as a whole; epochs.

use crate::MemoryStorage;
use crate::data::{Data, Entity, Place};
use crate::storage::{BACKEND, MAX_PAYLOAD_BYTES};
use annals::storage::{
    Change, Committed, Counter, Event, Fence, JournalEntry, KeyedOutcome, Lane, StateChange, StorageError,
    StoredEvent, StoredState, Write, WriteStorage,
};
use annals::{Epoch, Key, Manifest, PersistenceId, Position, ShardId, WriteNr};
use async_trait::async_trait;
use std::sync::Arc;

#[async_trait]
impl WriteStorage for MemoryStorage {
    async fn append(&self, _lane: Lane, group: Arc<[Write]>) -> Vec<Result<Committed, StorageError>> {
        let mut data = self.lock();
        group.iter().map(|write| data.append(write)).collect()
    }

    async fn outcomes(
        &self,
        id: &PersistenceId,
        keys: &[Key],
    ) -> Result<Vec<Option<KeyedOutcome>>, StorageError> {
        let data = self.lock();
        let kept = data.entity(id).map(|entity| &entity.outcomes);
        Ok(keys.iter().map(|key| kept.and_then(|kept| kept.get(key)).cloned()).collect())
    }

    async fn manifests(&self, entity_type: &str) -> Result<Vec<Manifest>, StorageError> {
        Ok(self.lock().manifests(entity_type))
    }

    async fn erase(&self, id: &PersistenceId, fence: Fence) -> Result<(), StorageError> {
        let mut data = self.lock();
        data.check_fence(fence)?;
        if data.entity(id).is_some() {
            data.entity_mut(id).erase();
        }
        Ok(())
    }

    async fn epochs(&self, shards: &[ShardId]) -> Result<Vec<Epoch>, StorageError> {
        let data = self.lock();
        Ok(shards.iter().map(|shard| data.shard(*shard).epoch).collect())
    }

    async fn raise_epochs(&self, raised: &[Fence]) -> Result<(), StorageError> {
        let mut data = self.lock();
        for fence in raised {
            check_raise(*fence, data.shard(fence.shard).epoch)?;
        }
        for fence in raised {
            data.shard_mut(fence.shard).epoch = fence.epoch;
        }
        Ok(())
    }
}

fn check_raise(raised: Fence, current: Epoch) -> Result<(), StorageError> {
    if raised.epoch > Epoch::MAX {
        return Err(StorageError::Unsupported { backend: BACKEND, what: "an epoch above 2^63 - 1" });
    }
    if raised.epoch <= current {
        return Err(StorageError::Fenced { shard: raised.shard, ours: raised.epoch, current });
    }
    Ok(())
}

impl Data {
    fn append(&mut self, write: &Write) -> Result<Committed, StorageError> {
        self.check_fence(write.fence)?;
        if !write.side_effects.is_empty() {
            return Err(StorageError::Unsupported { backend: BACKEND, what: "side effects" });
        }
        write.check_sizes(MAX_PAYLOAD_BYTES)?;
        let unknown = Entity::default();
        let entity = self.entity(&write.id).unwrap_or(&unknown);
        if let Some(committed) = entity.repeated(write) {
            return Ok(committed);
        }
        entity.check_write_nr(write)?;
        entity.check_expected(write)?;
        Ok(self.store(write))
    }

    /// Stores a write that passed every check.
    fn store(&mut self, write: &Write) -> Committed {
        let committed = match &write.change {
            Change::Events { events, .. } => self.store_events(write, events),
            Change::State { change, .. } => {
                if let StateChange::Save(payload) = change {
                    self.record(write.id.entity_type(), payload.manifest());
                }
                self.entity_mut(&write.id).store_state(write, change)
            }
        };
        let entity = self.entity_mut(&write.id);
        if let Some(kept) = &write.outcome {
            entity.store_kept(kept);
            entity.outcomes.entry(kept.key.clone()).or_insert_with(|| kept.clone());
        }
        if entity.last_activation != Some(write.activation) {
            entity.last_activation = Some(write.activation);
            entity.committed.clear();
        }
        entity.committed.push(committed);
        committed
    }

    fn store_events(&mut self, write: &Write, events: &[Event]) -> Committed {
        for event in events {
            self.record(write.id.entity_type(), event.payload.manifest());
        }
        let shard = self.shard_mut(write.fence.shard);
        let first = shard.position.next();
        shard.position = shard.position.plus(events.len() as u64);
        let position = (!events.is_empty()).then_some(shard.position);
        let entity = self.entity_mut(&write.id);
        for (position, event) in (first.get()..).zip(events) {
            entity.store_event(write, event, Position::new(position));
        }
        Committed::Events { sequence_nr: entity.highest, position }
    }
}

impl Entity {
    /// What a write came to that is stored already.
    fn repeated(&self, write: &Write) -> Option<Committed> {
        if self.last_activation != Some(write.activation) {
            return None;
        }
        let index = usize::try_from(write.write_nr.get()).ok()?.checked_sub(1)?;
        self.committed.get(index).copied()
    }

    fn check_write_nr(&self, write: &Write) -> Result<(), StorageError> {
        let stored = match self.last_activation {
            Some(last) if last == write.activation => self.committed.len() as u64,
            _ => 0,
        };
        if write.write_nr == WriteNr::new(stored).next() {
            return Ok(());
        }
        Err(conflict(write, Counter::WriteNr, write.write_nr.get().saturating_sub(1), stored))
    }

    fn check_expected(&self, write: &Write) -> Result<(), StorageError> {
        let (counter, expected, actual) = match write.change {
            Change::Events { expected, .. } => (Counter::SequenceNr, expected.get(), self.highest.get()),
            Change::State { expected, .. } => (Counter::Revision, expected.get(), self.revision().get()),
        };
        if expected == actual { Ok(()) } else { Err(conflict(write, counter, expected, actual)) }
    }

    fn store_event(&mut self, write: &Write, event: &Event, position: Position) {
        let sequence_nr = self.highest.next();
        let stored = StoredEvent {
            sequence_nr,
            position,
            written_at: write.written_at,
            payload: event.payload.clone(),
            tags: event.tags.clone(),
            metadata: event.metadata.clone(),
        };
        self.history.insert(Place::event(sequence_nr), JournalEntry::Event(stored));
        self.highest = sequence_nr;
    }

    fn store_kept(&mut self, kept: &KeyedOutcome) {
        let rank = match self.history.last_key_value() {
            Some((last, _)) if last.nr == self.highest => last.rank + 1,
            _ => 1,
        };
        let entry = JournalEntry::Outcome { sequence_nr: self.highest, kept: kept.clone() };
        self.history.insert(Place { nr: self.highest, rank }, entry);
    }

    fn store_state(&mut self, write: &Write, change: &StateChange) -> Committed {
        let payload = match change {
            StateChange::Keep => return Committed::State { revision: self.revision() },
            StateChange::Save(payload) => Some(payload.clone()),
            StateChange::Delete => None,
        };
        let revision = self.revision().next();
        self.state = Some(StoredState { revision, written_at: write.written_at, payload });
        Committed::State { revision }
    }
}

fn conflict(write: &Write, counter: Counter, expected: u64, actual: u64) -> StorageError {
    StorageError::Conflict { id: write.id.clone(), counter, expected, actual }
}
