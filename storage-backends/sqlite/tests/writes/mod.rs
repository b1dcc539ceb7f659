//! A scratch directory, and writes as an engine would send them.
#![allow(dead_code, unreachable_pub, reason = "each test program uses a part of it")]
#![allow(
    clippy::unwrap_used,
    reason = "outside of #[test] functions clippy does not see that this is a test"
)]

use annals::storage::{
    Change, Committed, Event, Fence, JournalEntry, JournalStorage, KeyedOutcome, Lane, Outcome, OutcomeKind,
    ReadRange, StorageError, Write, WriteStorage,
};
use annals::{
    ActivationId, CodecId, CommandDigest, EntityId, Epoch, Key, Manifest, Payload, PersistenceId, SequenceNr,
    ShardId, Timestamp, WriteNr,
};
use futures_util::StreamExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A directory of its own for one test, removed at its end.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!("annals-sqlite-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn file(&self) -> PathBuf {
        self.0.join("store.db")
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub fn id(entity_id: &str) -> PersistenceId {
    PersistenceId::new("account", EntityId::new(entity_id).unwrap()).unwrap()
}

pub fn payload(name: &'static str, bytes: &[u8]) -> Payload {
    Payload::seal(Manifest::new(name, 1), CodecId(1), bytes.to_vec())
}

pub fn key(key: &str) -> Key {
    Key::new(key).unwrap()
}

pub fn kept(text: &str) -> KeyedOutcome {
    let outcome = Outcome { kind: OutcomeKind::Reply, payload: payload("reply", text.as_bytes()) };
    KeyedOutcome { key: key(text), command: CommandDigest::of("deposit", text.as_bytes()), outcome }
}

/// One activation of one entity, which numbers its writes.
pub struct Activation {
    pub id: PersistenceId,
    pub fence: Fence,
    pub activation: ActivationId,
    pub write_nr: u64,
    pub highest: u64,
}

impl Activation {
    /// At epoch 1 of its shard.
    pub fn new(id: PersistenceId, activation: u128) -> Self {
        let fence = Fence { shard: ShardId::of(&id), epoch: Epoch::new(1) };
        Self { id, fence, activation: ActivationId::new(activation), write_nr: 0, highest: 0 }
    }

    pub fn events(&mut self, bytes: &[&[u8]], kept: Option<KeyedOutcome>) -> Write {
        let expected = SequenceNr::new(self.highest);
        let events: Vec<Event> = bytes.iter().map(|bytes| payload("deposited", bytes).into()).collect();
        self.highest += events.len() as u64;
        self.write(Change::Events { expected, events: events.into() }, kept)
    }

    pub fn write(&mut self, change: Change, outcome: Option<KeyedOutcome>) -> Write {
        self.write_nr += 1;
        Write {
            id: self.id.clone(),
            fence: self.fence,
            activation: self.activation,
            write_nr: WriteNr::new(self.write_nr),
            written_at: Timestamp::from_micros(1_000),
            change,
            outcome,
            side_effects: Vec::new(),
        }
    }
}

pub async fn own(storage: &impl WriteStorage, epoch: u64) {
    let fences: Vec<Fence> = ShardId::all().map(|shard| Fence { shard, epoch: Epoch::new(epoch) }).collect();
    storage.raise_epochs(&fences).await.unwrap();
}

pub async fn append(storage: &impl WriteStorage, writes: Vec<Write>) -> Vec<Result<Committed, StorageError>> {
    storage.append(Lane(0), Arc::from(writes)).await
}

/// Appends writes that must all succeed.
pub async fn store(storage: &impl WriteStorage, writes: Vec<Write>) {
    for result in append(storage, writes).await {
        result.unwrap();
    }
}

pub async fn read(
    storage: &impl JournalStorage,
    id: &PersistenceId,
    range: ReadRange,
) -> Vec<Result<JournalEntry, StorageError>> {
    storage.read(id, range).collect().await
}

/// The numbers of the events that are read, all of which must be readable and sound.
pub async fn numbers(storage: &impl JournalStorage, id: &PersistenceId, range: ReadRange) -> Vec<u64> {
    let mut numbers = Vec::new();
    for entry in read(storage, id, range).await {
        if let JournalEntry::Event(event) = entry.unwrap() {
            event.payload.verify().unwrap();
            numbers.push(event.sequence_nr.get());
        }
    }
    numbers
}
