//! A store of which one entity's shard is owned, and the calls that the tests make.

use annals::storage::{
    Change, Committed, Fence, JournalEntry, JournalStorage, Lane, ReadRange, Snapshot, SnapshotStorage,
    SnapshotWrite, StorageError, StorageProvider, Write, WriteStorage,
};
use annals::{
    ActivationId, CodecId, EntityId, Epoch, Manifest, Payload, PersistenceId, SequenceNr, ShardId, Timestamp,
    WriteNr,
};
use annals_memory::MemoryStorage;
use annals_testkit::faults::{FaultStorage, Faults};
use futures_util::StreamExt;
use std::sync::Arc;

pub(crate) type Answers = Vec<Result<Committed, StorageError>>;

/// A memory store with faults around it.
pub(crate) struct Fixture {
    pub(crate) memory: MemoryStorage,
    pub(crate) storage: FaultStorage,
    pub(crate) id: PersistenceId,
}

impl Fixture {
    /// The entity's shard is owned at epoch 1.
    pub(crate) async fn new() -> Self {
        let memory = MemoryStorage::new();
        let id = id("a");
        memory.writes().raise_epochs(&[fence(&id, 1)]).await.unwrap();
        Self { storage: FaultStorage::new(memory.clone()), memory, id }
    }

    pub(crate) fn faults(&self) -> &Faults {
        self.storage.faults()
    }

    pub(crate) fn writes(&self) -> Arc<dyn WriteStorage> {
        self.storage.writes()
    }

    pub(crate) fn journal(&self) -> Arc<dyn JournalStorage> {
        self.storage.journal().unwrap()
    }

    pub(crate) fn snapshots(&self) -> Arc<dyn SnapshotStorage> {
        self.storage.snapshots().unwrap()
    }

    /// Writes of one event each, with these numbers.
    pub(crate) fn group(&self, numbers: impl Iterator<Item = u64>) -> Arc<[Write]> {
        numbers.map(|nr| write(&self.id, nr)).collect()
    }

    /// Appends them through the faults.
    pub(crate) async fn append(&self, numbers: impl Iterator<Item = u64>) -> Answers {
        self.writes().append(Lane(0), self.group(numbers)).await
    }

    /// How many events are really stored.
    pub(crate) async fn stored(&self) -> u64 {
        let highest = self.memory.journal().unwrap().highest_sequence_nr(&self.id).await.unwrap();
        highest.get()
    }

    /// What the entity's history gives through the faults.
    pub(crate) async fn read(&self) -> Vec<Result<JournalEntry, StorageError>> {
        self.journal().read(&self.id, ReadRange::ALL).collect().await
    }

    pub(crate) fn fence(&self) -> Fence {
        fence(&self.id, 1)
    }

    pub(crate) fn snapshot(&self, sequence_nr: u64) -> SnapshotWrite {
        let snapshot = Snapshot {
            sequence_nr: SequenceNr::new(sequence_nr),
            taken_at: Timestamp::default(),
            payload: payload(),
            outcomes: Vec::new(),
            outcomes_complete: true,
        };
        SnapshotWrite { id: self.id.clone(), fence: self.fence(), snapshot }
    }
}

pub(crate) fn id(entity_id: &str) -> PersistenceId {
    PersistenceId::new("thing", EntityId::new(entity_id).unwrap()).unwrap()
}

pub(crate) fn fence(id: &PersistenceId, epoch: u64) -> Fence {
    Fence { shard: ShardId::of(id), epoch: Epoch::new(epoch) }
}

/// The write with this number of the first activation: one event.
pub(crate) fn write(id: &PersistenceId, nr: u64) -> Write {
    Write {
        id: id.clone(),
        fence: fence(id, 1),
        activation: ActivationId::new(1),
        write_nr: WriteNr::new(nr),
        written_at: Timestamp::default(),
        change: Change::Events { expected: SequenceNr::new(nr - 1), events: vec![payload().into()].into() },
        outcome: None,
        side_effects: Vec::new(),
    }
}

fn payload() -> Payload {
    Payload::seal(Manifest::new("happened", 1), CodecId(1), b"x".to_vec())
}

/// The kinds of the answers, for comparing.
pub(crate) fn kinds(answers: &Answers) -> Vec<&'static str> {
    answers.iter().map(|answer| answer.as_ref().map_or_else(kind, |_| "ok")).collect()
}

pub(crate) fn kind(error: &StorageError) -> &'static str {
    match error {
        StorageError::Conflict { .. } => "conflict",
        StorageError::Fenced { .. } => "fenced",
        StorageError::Unavailable { .. } => "unavailable",
        StorageError::Indeterminate { .. } => "indeterminate",
        StorageError::TooLarge { .. } => "too large",
        _ => "other",
    }
}
