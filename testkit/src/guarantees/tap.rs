//! Listens between the engine and its storage, and judges what the engine writes: the writes of an activation
//! are handed over in their order, each after all earlier ones are confirmed or are in the same group before it.

use annals::storage::{
    Committed, Extent, Fence, JournalStorage, JournalStream, KeyedOutcome, Lane, ReadRange, Snapshot,
    SnapshotCriteria, SnapshotStorage, SnapshotWrite, StateStorage, StorageError, StorageProvider, Write,
    WriteStorage,
};
use annals::{Epoch, Key, Manifest, PersistenceId, SequenceNr, ShardId, Timestamp};
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard};

/// A provider, and what was heard on the way to it. A clone listens to the same.
#[derive(Clone)]
pub(super) struct Tap {
    inner: Arc<dyn StorageProvider>,
    heard: Arc<Mutex<Heard>>,
}

type Writer = (PersistenceId, u128);

#[derive(Default)]
struct Heard {
    /// How many writes of an activation are confirmed.
    confirmed: BTreeMap<Writer, u64>,
    /// What was wrong, in words.
    objections: Vec<String>,
    /// How many calls that write, or that have to do with snapshots, were made, and how many are under way.
    made: usize,
    under_way: usize,
}

/// A call that is under way as long as this lives.
struct UnderWay<'a>(&'a Tap);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.heard().under_way -= 1;
    }
}

impl Tap {
    pub(super) fn new(inner: Arc<dyn StorageProvider>) -> Self {
        Self { inner, heard: Arc::default() }
    }

    /// What was wrong with the writes so far.
    pub(super) fn objections(&self) -> Vec<String> {
        self.heard().objections.clone()
    }

    /// How many calls that write, or that have to do with snapshots, were made; none while one is under way.
    pub(super) fn at_rest(&self) -> Option<usize> {
        let heard = self.heard();
        (heard.under_way == 0).then_some(heard.made)
    }

    fn begin(&self) -> UnderWay<'_> {
        let mut heard = self.heard();
        heard.made += 1;
        heard.under_way += 1;
        UnderWay(self)
    }

    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().expect("nothing panics while it is locked")
    }

    fn journal_port(&self) -> Arc<dyn JournalStorage> {
        self.inner.journal().expect("the provider has a journal")
    }

    fn snapshot_port(&self) -> Arc<dyn SnapshotStorage> {
        self.inner.snapshots().expect("the provider has snapshots")
    }
}

impl Heard {
    fn handed_over(&mut self, group: &[Write]) {
        let mut before: BTreeMap<Writer, u64> = BTreeMap::new();
        for write in group {
            let writer = writer(write);
            let last = before.get(&writer).or_else(|| self.confirmed.get(&writer)).copied().unwrap_or(0);
            let nr = write.write_nr.get();
            // One that is confirmed already may be repeated.
            if nr > last + 1 {
                self.objections.push(format!(
                    "write {nr} of an activation of {} was handed over, though only {last} of its writes are \
                     confirmed or in front of it in its group",
                    write.id
                ));
            }
            before.insert(writer, last.max(nr));
        }
    }

    fn answered(&mut self, group: &[Write], answers: &[Result<Committed, StorageError>]) {
        for (write, _) in group.iter().zip(answers).filter(|(_, answer)| answer.is_ok()) {
            let confirmed = self.confirmed.entry(writer(write)).or_default();
            *confirmed = write.write_nr.get().max(*confirmed);
        }
    }
}

fn writer(write: &Write) -> Writer {
    (write.id.clone(), write.activation.get())
}

impl StorageProvider for Tap {
    fn name(&self) -> &'static str {
        self.inner.name()
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
        Some(Arc::new(self.clone()))
    }
    fn states(&self) -> Option<Arc<dyn StateStorage>> {
        self.inner.states()
    }
}

#[async_trait]
impl WriteStorage for Tap {
    async fn append(&self, lane: Lane, group: Arc<[Write]>) -> Vec<Result<Committed, StorageError>> {
        let _under_way = self.begin();
        self.heard().handed_over(&group);
        let answers = self.inner.writes().append(lane, group.clone()).await;
        self.heard().answered(&group, &answers);
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

    async fn raise_epochs(&self, raised: &[Fence]) -> Result<(), StorageError> {
        self.inner.writes().raise_epochs(raised).await
    }
}

#[async_trait]
impl JournalStorage for Tap {
    fn read(&self, id: &PersistenceId, range: ReadRange) -> JournalStream {
        self.journal_port().read(id, range)
    }

    async fn extent(&self, id: &PersistenceId) -> Result<Extent, StorageError> {
        self.journal_port().extent(id).await
    }

    async fn delete_to(&self, id: &PersistenceId, fence: Fence, to: SequenceNr) -> Result<(), StorageError> {
        let _under_way = self.begin();
        self.journal_port().delete_to(id, fence, to).await
    }
}

#[async_trait]
impl SnapshotStorage for Tap {
    async fn save(&self, write: SnapshotWrite) -> Result<(), StorageError> {
        let _under_way = self.begin();
        self.snapshot_port().save(write).await
    }

    async fn load(
        &self,
        id: &PersistenceId,
        criteria: SnapshotCriteria,
    ) -> Result<Option<Snapshot>, StorageError> {
        let _under_way = self.begin();
        self.snapshot_port().load(id, criteria).await
    }

    async fn list(
        &self,
        id: &PersistenceId,
        criteria: SnapshotCriteria,
    ) -> Result<Vec<(SequenceNr, Timestamp)>, StorageError> {
        let _under_way = self.begin();
        self.snapshot_port().list(id, criteria).await
    }

    async fn delete(
        &self,
        id: &PersistenceId,
        fence: Fence,
        criteria: SnapshotCriteria,
    ) -> Result<(), StorageError> {
        let _under_way = self.begin();
        self.snapshot_port().delete(id, fence, criteria).await
    }
}
