//! The store of one case, with short forms of what cases do with it all the time.

use super::Damage;
use super::case::Ownership;
use super::kit::{self, EPOCH, Writer, nr};
use annals::storage::{
    Committed, Extent, Fence, JournalEntry, JournalStorage, KeyedOutcome, Lane, ReadRange, SnapshotStorage,
    StateStorage, StorageError, StorageProvider, StoredEvent, Write, WriteStorage,
};
use annals::{ActivationId, Epoch, Key, PersistenceId, SequenceNr, ShardId};
use async_trait::async_trait;
use futures_util::StreamExt;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A store that can be closed and opened, whatever its type.
#[async_trait]
pub(crate) trait StoreUnderTest: Send + Sync {
    async fn open(&mut self);
    fn provider(&self) -> &dyn StorageProvider;
    async fn reopen(&mut self);
    async fn damage(&mut self, damage: Damage);
}

/// The store of one case.
pub(super) struct Store<'h> {
    under_test: Box<dyn StoreUnderTest + 'h>,
    activations: AtomicU64,
}

/// What a read gave until it ended.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) entries: Vec<JournalEntry>,
    pub(super) error: Option<StorageError>,
}

impl<'h> Store<'h> {
    pub(super) async fn open(mut under_test: Box<dyn StoreUnderTest + 'h>, ownership: Ownership) -> Self {
        under_test.open().await;
        if ownership == Ownership::Case {
            let all: Vec<Fence> = ShardId::all().map(|shard| Fence { shard, epoch: EPOCH }).collect();
            under_test.provider().writes().raise_epochs(&all).await.expect("the shards can be taken");
        }
        Self { under_test, activations: AtomicU64::new(1) }
    }

    pub(super) async fn reopen(&mut self) {
        self.under_test.reopen().await;
    }

    pub(super) async fn damage(&mut self, damage: Damage) {
        self.under_test.damage(damage).await;
    }

    pub(super) fn lanes(&self) -> usize {
        self.under_test.provider().lanes().get()
    }

    pub(super) fn max_payload_bytes(&self) -> usize {
        self.under_test.provider().max_payload_bytes()
    }

    // The ports. Nothing keeps one while the store is reopened.

    pub(super) fn writes(&self) -> Arc<dyn WriteStorage> {
        self.under_test.provider().writes()
    }

    pub(super) fn journal(&self) -> Arc<dyn JournalStorage> {
        self.under_test.provider().journal().expect("the provider has a journal")
    }

    pub(super) fn snapshots(&self) -> Arc<dyn SnapshotStorage> {
        self.under_test.provider().snapshots().expect("the provider has snapshots")
    }

    pub(super) fn states(&self) -> Arc<dyn StateStorage> {
        self.under_test.provider().states().expect("the provider has states")
    }

    // Writing.

    /// A new activation of an entity that has no events yet.
    pub(super) fn writer(&self, id: &PersistenceId) -> Writer {
        let activation = ActivationId::new(u128::from(self.activations.fetch_add(1, Ordering::Relaxed)));
        Writer::new(id.clone(), activation)
    }

    /// Appends the writes as one group per lane, and gives the results in the order of the writes.
    pub(super) async fn append(&self, writes: Vec<Write>) -> Vec<Result<Committed, StorageError>> {
        let mut groups: BTreeMap<Lane, (Vec<usize>, Vec<Write>)> = BTreeMap::new();
        for (index, write) in writes.into_iter().enumerate() {
            let group = groups.entry(Lane::of(write.fence.shard, self.lanes())).or_default();
            group.0.push(index);
            group.1.push(write);
        }
        let mut results = BTreeMap::new();
        for (lane, (indices, group)) in groups {
            let answers = self.writes().append(lane, group.into()).await;
            assert_eq!(answers.len(), indices.len(), "one result per write");
            results.extend(indices.into_iter().zip(answers));
        }
        results.into_values().collect()
    }

    /// Appends a group in which no write may fail.
    pub(super) async fn commit_all(&self, writes: Vec<Write>) -> Vec<Committed> {
        let results = self.append(writes).await.into_iter().enumerate();
        results.map(|(n, it)| it.unwrap_or_else(|e| panic!("write {n} of the group: {e}"))).collect()
    }

    /// Appends one write.
    pub(super) async fn write(&self, write: Write) -> Result<Committed, StorageError> {
        self.append(vec![write]).await.pop().expect("one result per write")
    }

    /// Appends one write that may not fail.
    pub(super) async fn commit(&self, write: Write) -> Committed {
        self.write(write).await.expect("the write can be stored")
    }

    /// Gives an entity its first `count` events, each in a write of its own.
    pub(super) async fn fill(&self, id: &PersistenceId, count: u64) -> Writer {
        let mut writer = self.writer(id);
        self.commit_all((0..count).map(|_| writer.events(1)).collect()).await;
        writer
    }

    /// Takes the shard of an entity away from the case.
    pub(super) async fn raise(&self, id: &PersistenceId, epoch: u64) {
        let raised = Fence { shard: ShardId::of(id), epoch: Epoch::new(epoch) };
        self.writes().raise_epochs(&[raised]).await.expect("a larger epoch can be stored");
    }

    pub(super) async fn delete_to(&self, id: &PersistenceId, to: u64) {
        self.journal().delete_to(id, kit::fence(id), nr(to)).await.expect("events can be deleted");
    }

    pub(super) async fn erase(&self, id: &PersistenceId) {
        self.writes().erase(id, kit::fence(id)).await.expect("the entity can be erased");
    }

    // Reading.

    /// Reads until the stream ends, with its error if it had one.
    pub(super) async fn try_read(&self, id: &PersistenceId, range: ReadRange) -> Read {
        read_all(self.journal().as_ref(), id, range).await
    }

    pub(super) async fn read(&self, id: &PersistenceId, range: ReadRange) -> Vec<JournalEntry> {
        let read = self.try_read(id, range).await;
        assert!(read.error.is_none(), "reading {id} {range:?}: {:?}", read.error);
        read.entries
    }

    pub(super) async fn events(&self, id: &PersistenceId, range: ReadRange) -> Vec<StoredEvent> {
        kit::events_of(self.read(id, range).await)
    }

    /// The numbers of the events in a range.
    pub(super) async fn numbers(&self, id: &PersistenceId, range: ReadRange) -> Vec<u64> {
        kit::numbers_of(&self.read(id, range).await)
    }

    pub(super) async fn highest(&self, id: &PersistenceId) -> u64 {
        let highest: SequenceNr = self.journal().highest_sequence_nr(id).await.expect("it is known");
        highest.get()
    }

    pub(super) async fn extent(&self, id: &PersistenceId) -> Extent {
        self.journal().extent(id).await.expect("it is known")
    }

    pub(super) async fn outcome(&self, id: &PersistenceId, key: &Key) -> Option<KeyedOutcome> {
        self.outcomes(id, std::slice::from_ref(key)).await.pop().expect("one answer per key")
    }

    pub(super) async fn outcomes(&self, id: &PersistenceId, keys: &[Key]) -> Vec<Option<KeyedOutcome>> {
        self.writes().outcomes(id, keys).await.expect("outcomes can be looked up")
    }
}

/// Reads until the stream ends, with its error if it had one.
pub(super) async fn read_all(journal: &dyn JournalStorage, id: &PersistenceId, range: ReadRange) -> Read {
    let mut stream = journal.read(id, range);
    let mut read = Read { entries: Vec::new(), error: None };
    while let Some(item) = stream.next().await {
        assert!(read.error.is_none(), "the stream of {id} went on after {:?}: {item:?}", read.error);
        match item {
            Ok(entry) => read.entries.push(entry),
            Err(error) => read.error = Some(error),
        }
    }
    read
}
