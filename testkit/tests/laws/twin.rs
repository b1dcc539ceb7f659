//! The memory backend with one fault built in.

use annals::storage::{
    Change, Committed, Counter, Event, Extent, Fence, JournalStorage, JournalStream, KeyedOutcome, Lane,
    ReadRange, SnapshotStorage, StateStorage, StorageError, StorageProvider, Write, WriteStorage,
};
use annals::{ActivationId, Epoch, Key, Manifest, PersistenceId, SequenceNr, ShardId, WriteNr};
use annals_memory::MemoryStorage;
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};

/// What is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// Writes are acknowledged before they are stored: what nobody read yet is lost in a crash.
    AcknowledgedFirst,
    /// The events of a write are stored in two halves.
    Halves,
    /// Two writes of a group change places.
    GroupReordered,
    /// The events of a write are stored in the opposite order.
    EventsReversed,
    /// Outcomes are not kept.
    OutcomesLost,
    /// The first outcome is kept for all keys.
    OutcomesMixedUp,
    /// Tags are not stored.
    TagsLost,
    /// The second event is refused when it first comes.
    Refusing,
    /// The first write of an entity that was recovered is refused.
    RecoveredRefused,
}

/// The memory backend with a fault.
#[derive(Clone)]
pub(crate) struct Twin {
    inner: MemoryStorage,
    fault: Fault,
    notes: Arc<Mutex<Notes>>,
}

#[derive(Default)]
struct Notes {
    /// Acknowledged, and not stored yet.
    unstored: Vec<(Lane, Write)>,
    outcome: Option<KeyedOutcome>,
    has_refused: bool,
    /// How many writes there were of each activation.
    numbers: BTreeMap<ActivationId, u64>,
}

impl Twin {
    pub(crate) fn new(fault: Fault) -> Self {
        Self { inner: MemoryStorage::new(), fault, notes: Arc::default() }
    }

    /// Stores what was acknowledged.
    async fn catch_up(&self) {
        let unstored = std::mem::take(&mut self.notes.lock().unwrap().unstored);
        for (lane, write) in unstored {
            self.append_one(lane, write).await.unwrap();
        }
    }

    /// Stores a write, or acknowledges it only.
    async fn write(&self, lane: Lane, mut write: Write) -> Result<Committed, StorageError> {
        let (expected, events) = events(&write);
        match self.fault {
            Fault::AcknowledgedFirst => {
                self.notes.lock().unwrap().unstored.push((lane, write));
                return Ok(acknowledged(expected, events.len()));
            }
            Fault::Halves if events.len() > 1 => {
                let (first, second) = events.split_at(1);
                let mut rest = Write { outcome: None, ..write.clone() };
                rest.change = Change::Events { expected: expected.next(), events: second.to_vec().into() };
                write.change = Change::Events { expected, events: first.to_vec().into() };
                self.append_one(lane, write).await?;
                self.notes.lock().unwrap().unstored.push((lane, rest));
                return Ok(acknowledged(expected, events.len()));
            }
            Fault::EventsReversed => {
                let events: Vec<Event> = events.into_iter().rev().collect();
                write.change = Change::Events { expected, events: events.into() };
            }
            Fault::OutcomesLost => write.outcome = None,
            Fault::OutcomesMixedUp => {
                if let Some(kept) = &mut write.outcome {
                    let mut notes = self.notes.lock().unwrap();
                    let first = notes.outcome.get_or_insert_with(|| kept.clone());
                    kept.outcome = first.outcome.clone();
                }
            }
            Fault::TagsLost => {
                let untagged = events.into_iter().map(|event| Event { tags: Vec::new(), ..event });
                write.change = Change::Events { expected, events: untagged.collect() };
            }
            Fault::RecoveredRefused if write.write_nr.get() == 1 && expected > SequenceNr::ZERO => {
                let (counter, expected) = (Counter::SequenceNr, expected.get());
                return Err(StorageError::Conflict { id: write.id, counter, expected, actual: expected + 1 });
            }
            Fault::Refusing
                if expected.get() + events.len() as u64 > 1
                    && !std::mem::replace(&mut self.notes.lock().unwrap().has_refused, true) =>
            {
                return Err(StorageError::Conflict {
                    id: write.id,
                    counter: Counter::SequenceNr,
                    expected: 1,
                    actual: 2,
                });
            }
            _ => {}
        }
        self.append_one(lane, write).await
    }

    /// Stores a write under the next number of its activation.
    async fn append_one(&self, lane: Lane, mut write: Write) -> Result<Committed, StorageError> {
        let write_nr = *self
            .notes
            .lock()
            .unwrap()
            .numbers
            .entry(write.activation)
            .and_modify(|nr| *nr += 1)
            .or_insert(1);
        write.write_nr = WriteNr::new(write_nr);
        self.inner.writes().append(lane, [write].into()).await.remove(0)
    }
}

fn events(write: &Write) -> (SequenceNr, Vec<Event>) {
    match &write.change {
        Change::Events { expected, events } => (*expected, events.to_vec()),
        Change::State { .. } => unreachable!("only event-sourced entities are stored here"),
    }
}

fn acknowledged(expected: SequenceNr, events: usize) -> Committed {
    Committed::Events { sequence_nr: expected.plus(events as u64), position: None }
}

/// Two writes with one event each change what they store.
fn swap(group: &mut [Write]) {
    let ones: Vec<usize> = (0..group.len()).filter(|at| events(&group[*at]).1.len() == 1).collect();
    if let [one, .., other] = ones[..] {
        let (first, second) = (events(&group[one]), events(&group[other]));
        group[one].change = Change::Events { expected: first.0, events: second.1.into() };
        group[other].change = Change::Events { expected: second.0, events: first.1.into() };
    }
}

impl StorageProvider for Twin {
    fn name(&self) -> &'static str {
        "twin"
    }
    fn lanes(&self) -> NonZeroUsize {
        self.inner.lanes()
    }
    fn max_payload_bytes(&self) -> usize {
        self.inner.max_payload_bytes()
    }
    fn writes(&self) -> Arc<dyn WriteStorage> {
        Arc::new(self.clone())
    }
    fn journal(&self) -> Option<Arc<dyn JournalStorage>> {
        Some(Arc::new(self.clone()))
    }
    fn snapshots(&self) -> Option<Arc<dyn SnapshotStorage>> {
        self.inner.snapshots()
    }
    fn states(&self) -> Option<Arc<dyn StateStorage>> {
        self.inner.states()
    }
}

#[async_trait]
impl WriteStorage for Twin {
    async fn append(&self, lane: Lane, group: Arc<[Write]>) -> Vec<Result<Committed, StorageError>> {
        if self.fault == Fault::Halves {
            self.catch_up().await;
        }
        let mut group = group.to_vec();
        if self.fault == Fault::GroupReordered {
            swap(&mut group);
        }
        let mut answers = Vec::new();
        for write in group {
            answers.push(self.write(lane, write).await);
        }
        answers
    }

    async fn outcomes(
        &self,
        id: &PersistenceId,
        keys: &[Key],
    ) -> Result<Vec<Option<KeyedOutcome>>, StorageError> {
        self.inner.writes().outcomes(id, keys).await
    }

    async fn manifests(&self, entity_type: &str) -> Result<Vec<Manifest>, StorageError> {
        self.inner.writes().manifests(entity_type).await
    }

    async fn erase(&self, id: &PersistenceId, fence: Fence) -> Result<(), StorageError> {
        self.inner.writes().erase(id, fence).await
    }

    async fn epochs(&self, shards: &[ShardId]) -> Result<Vec<Epoch>, StorageError> {
        self.inner.writes().epochs(shards).await
    }

    /// A new life: what the last one did not store is lost.
    async fn raise_epochs(&self, raised: &[Fence]) -> Result<(), StorageError> {
        self.notes.lock().unwrap().unstored.clear();
        self.inner.writes().raise_epochs(raised).await
    }
}

#[async_trait]
impl JournalStorage for Twin {
    fn read(&self, id: &PersistenceId, range: ReadRange) -> JournalStream {
        let (twin, id) = (self.clone(), id.clone());
        let caught_up = async move {
            twin.catch_up().await;
            twin.inner.journal().unwrap().read(&id, range)
        };
        Box::pin(futures_util::stream::StreamExt::flatten(futures_util::stream::once(caught_up)))
    }

    async fn extent(&self, id: &PersistenceId) -> Result<Extent, StorageError> {
        self.catch_up().await;
        self.inner.journal().unwrap().extent(id).await
    }

    async fn delete_to(&self, id: &PersistenceId, fence: Fence, to: SequenceNr) -> Result<(), StorageError> {
        self.inner.journal().unwrap().delete_to(id, fence, to).await
    }
}
