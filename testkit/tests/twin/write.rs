//! Writing, with the faults of writing.

use super::{Fault, Twin};
use annals::storage::{
    Change, Committed, Counter, Event, Fence, JournalStorage, KeyedOutcome, Lane, OutcomeKind, StateChange,
    StorageError, Write, WriteStorage,
};
use annals::{ActivationId, Epoch, Key, Manifest, PersistenceId, ShardId, WriteNr};
use async_trait::async_trait;
use std::sync::Arc;

type Answer = Result<Committed, StorageError>;

#[async_trait]
impl WriteStorage for Twin {
    async fn append(&self, lane: Lane, group: Arc<[Write]>) -> Vec<Answer> {
        if self.fault == Fault::AcknowledgedBeforeStored {
            return self.acknowledge(lane, group).await;
        }
        let mut answers: Vec<Answer> = Vec::new();
        for write in group.iter() {
            let failed = answers.iter().any(Result::is_err);
            let answer = match self.fault {
                Fault::GroupFailsAfterBadWrite if failed => Err(unavailable()),
                _ => self.append_one(lane, write, group.len()).await,
            };
            answers.push(answer);
        }
        if self.fault == Fault::ResultsOutOfOrder {
            answers.reverse();
        }
        answers
    }

    async fn outcomes(
        &self,
        id: &PersistenceId,
        keys: &[Key],
    ) -> Result<Vec<Option<KeyedOutcome>>, StorageError> {
        let cut: Vec<Key> = keys.iter().map(|key| self.key(key)).collect();
        // An entity that starts again otherwise keeps its outcomes: that is not the fault.
        let known_as = match self.fault {
            Fault::IdsWithoutCase | Fault::EraseRestartsNumbers => self.id(id),
            _ => id.clone(),
        };
        let mut found = self.inner.outcomes(&known_as, &cut).await?;
        let notes = self.notes();
        for (key, kept) in keys.iter().zip(&mut found) {
            if notes.dropped.contains(&(id.clone(), key.clone())) {
                *kept = None;
            }
            if kept.is_none() {
                *kept = notes.outlived.get(&(id.clone(), key.clone())).cloned();
            }
        }
        Ok(found)
    }

    async fn manifests(&self, entity_type: &str) -> Result<Vec<Manifest>, StorageError> {
        self.known_manifests(entity_type).await
    }

    async fn erase(&self, id: &PersistenceId, fence: Fence) -> Result<(), StorageError> {
        self.erase_with_fault(id, fence).await
    }

    async fn epochs(&self, shards: &[ShardId]) -> Result<Vec<Epoch>, StorageError> {
        self.inner.epochs(shards).await
    }

    async fn raise_epochs(&self, raised: &[Fence]) -> Result<(), StorageError> {
        if self.fault == Fault::EpochsRaisedOneByOne {
            for fence in raised {
                self.inner.raise_epochs(&[*fence]).await?;
            }
            return Ok(());
        }
        self.inner.raise_epochs(raised).await
    }
}

impl Twin {
    /// Stores the group before, and promises to store this one.
    async fn acknowledge(&self, lane: Lane, group: Arc<[Write]>) -> Vec<Answer> {
        let answers = group.iter().map(promised).collect();
        let before = self.notes().acknowledged.replace((lane, group));
        if let Some((lane, group)) = before {
            self.inner.append(lane, group).await;
        }
        answers
    }

    async fn append_one(&self, lane: Lane, original: &Write, group: usize) -> Answer {
        let known = (original.id.clone(), original.activation, original.write_nr);
        let repeated = self.notes().stored.contains(&known);
        if repeated && self.fault == Fault::RepetitionRefused {
            return Err(refused(original));
        }
        let mut write = self.twist(original, repeated).await?;
        if self.fault == Fault::EpochCheckedTooEarly && group == 1 {
            self.check_too_early(&mut write.fence).await?;
        }
        let answer = self.inner.append(lane, [write].into()).await.remove(0);
        self.note_names(original, answer.is_ok());
        if answer.is_ok() {
            self.notes().stored.insert(known);
            if self.fault == Fault::DeletedStateForgotten && deletes(original) {
                self.start_again(&original.id);
            }
        }
        self.twist_answer(answer)
    }

    /// The write as the fault makes it.
    async fn twist(&self, original: &Write, repeated: bool) -> Result<Write, StorageError> {
        let mut write = Write { id: self.id(&original.id), ..original.clone() };
        match self.fault {
            Fault::EpochIgnored => write.fence.epoch = self.epoch(write.fence.shard).await?,
            Fault::ExpectedNumberIgnored if !repeated => self.expect_what_is_there(&mut write).await?,
            Fault::WriteNumberIgnored if write.write_nr > WriteNr::ZERO => own_activation(&mut write),
            Fault::RepetitionStoredAgain if repeated => {
                self.expect_what_is_there(&mut write).await?;
                (write.activation, write.write_nr) = (self.new_activation(), WriteNr::new(1));
            }
            Fault::EventsOfAWriteReversed => reverse(&mut write.change),
            Fault::EventlessOutcomeLost if !has_events(&write.change) => write.outcome = None,
            Fault::SideEffectsDropped => write.side_effects.clear(),
            Fault::TagsLost => lose_tags(&mut write.change),
            _ => {}
        }
        if let Some(kept) = &mut write.outcome {
            kept.key = self.key(&kept.key);
            if self.fault == Fault::RejectionAsReply {
                kept.outcome.kind = OutcomeKind::Reply;
            }
        }
        Ok(write)
    }

    fn twist_answer(&self, answer: Answer) -> Answer {
        match answer {
            Ok(Committed::Events { sequence_nr, position: Some(_) })
                if self.fault == Fault::PositionPerEntity =>
            {
                let position = Some(annals::Position::new(sequence_nr.get()));
                Ok(Committed::Events { sequence_nr, position })
            }
            other => other,
        }
    }

    pub(super) async fn epoch(&self, shard: ShardId) -> Result<Epoch, StorageError> {
        Ok(self.inner.epochs(&[shard]).await?[0])
    }

    /// Compares, lets others go on, and then writes at whatever epoch there is.
    async fn check_too_early(&self, fence: &mut Fence) -> Result<(), StorageError> {
        let (shard, ours, current) = (fence.shard, fence.epoch, self.epoch(fence.shard).await?);
        if ours != current {
            return Err(StorageError::Fenced { shard, ours, current });
        }
        for _ in 0..200 {
            tokio::task::yield_now().await;
        }
        fence.epoch = self.epoch(fence.shard).await?;
        Ok(())
    }

    async fn expect_what_is_there(&self, write: &mut Write) -> Result<(), StorageError> {
        if let Change::Events { expected, .. } = &mut write.change {
            *expected = self.inner.highest_sequence_nr(&write.id).await?;
        }
        Ok(())
    }

    fn new_activation(&self) -> ActivationId {
        let mut notes = self.notes();
        notes.activations += 1;
        ActivationId::new(u128::MAX - notes.activations)
    }
}

/// What a write would come to.
fn promised(write: &Write) -> Answer {
    match &write.change {
        Change::Events { expected, events } => {
            Ok(Committed::Events { sequence_nr: expected.plus(events.len() as u64), position: None })
        }
        Change::State { expected, .. } => Ok(Committed::State { revision: expected.next() }),
    }
}

/// Each write is the first of an activation of its own, so that no number is out of order.
fn own_activation(write: &mut Write) {
    let own = (write.activation.get() << 64) | u128::from(write.write_nr.get());
    (write.activation, write.write_nr) = (ActivationId::new(own), WriteNr::new(1));
}

fn has_events(change: &Change) -> bool {
    matches!(change, Change::Events { events, .. } if !events.is_empty())
}

fn reverse(change: &mut Change) {
    if let Change::Events { events, .. } = change {
        *events = events.iter().rev().cloned().collect();
    }
}

fn lose_tags(change: &mut Change) {
    if let Change::Events { events, .. } = change {
        *events = events.iter().map(|event| Event { tags: Vec::new(), ..event.clone() }).collect();
    }
}

fn deletes(write: &Write) -> bool {
    matches!(&write.change, Change::State { change: StateChange::Delete, .. })
}

fn refused(write: &Write) -> StorageError {
    let (expected, actual) = (write.write_nr.get() - 1, write.write_nr.get());
    StorageError::Conflict { id: write.id.clone(), counter: Counter::WriteNr, expected, actual }
}

fn unavailable() -> StorageError {
    StorageError::Unavailable { store: "twin".into(), reason: "another write of the group is bad".into() }
}
