//! A storage whose calls a test holds back, fails or loses ([`annals_testkit::faults`]), and whose contents it
//! damages. With `ANNALS_FAULT_SEED` in the environment every call meets drawn faults as well, of those that
//! nobody may notice.

use annals::storage::{
    Committed, Extent, Fence, JournalEntry, JournalStorage, JournalStream, KeyedOutcome, Lane, ReadRange,
    Snapshot, SnapshotCriteria, SnapshotStorage, SnapshotWrite, StateStorage, StorageError, StorageProvider,
    StoredEvent, Subject, Write, WriteStorage,
};
use annals::{EntityId, Epoch, Key, Manifest, Payload, PersistenceId, SequenceNr, ShardId, Timestamp};
use annals_memory::MemoryStorage;
pub(crate) use annals_testkit::faults::{Fault, Operation};
use annals_testkit::faults::{FaultStorage, Faults, Hold, Rates};
use async_trait::async_trait;
use futures_util::{StreamExt, stream};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The storage of a test. All clones are one.
#[derive(Clone)]
pub(crate) struct Gate {
    storage: FaultStorage,
    store: Store,
    groups: Hold,
    snapshots: Arc<Mutex<Option<Hold>>>,
}

impl Gate {
    /// Lets every group through.
    pub(crate) fn open() -> Self {
        let gate = Self::closed();
        gate.groups.release_all();
        gate
    }

    /// Holds every group back.
    pub(crate) fn closed() -> Self {
        let store = Store::default();
        let storage = FaultStorage::new(store.clone());
        if let Some(seed) = fault_seed() {
            storage.faults().seed(seed, Rates::invisible());
        }
        let groups = storage.faults().hold(Operation::Append);
        Self { storage, store, groups, snapshots: Arc::default() }
    }

    /// Lets so many groups through.
    pub(crate) fn release(&self, groups: usize) {
        self.groups.release(groups);
    }

    pub(crate) fn faults(&self) -> &Faults {
        self.storage.faults()
    }

    /// The next group that is let through meets this.
    pub(crate) fn fail_next(&self, fault: Fault) {
        self.faults().next(Operation::Append, fault);
    }

    /// The next so many recoveries of event-sourced entities fail at their first read. No other fault is left.
    pub(crate) fn fail_reads(&self, times: usize) {
        self.faults().clear();
        for _ in 0..times {
            self.faults().next(Operation::Extent, Fault::Unavailable);
        }
    }

    /// Delivers what was late; gives what the storage says to each write, or to the erasure.
    pub(crate) async fn deliver_late(&self) -> Vec<Result<(), StorageError>> {
        self.faults().deliver_late().await.into_iter().flat_map(|arrival| arrival.answers).collect()
    }

    /// The sizes of the groups that arrived so far, those held back included.
    pub(crate) fn groups(&self) -> Vec<usize> {
        let calls = self.faults().calls().into_iter();
        calls.filter(|call| call.operation == Operation::Append).map(|call| call.ids.len()).collect()
    }

    pub(crate) fn lookups(&self) -> usize {
        self.faults().count(Operation::Outcomes)
    }

    /// How often an entity was recovered.
    pub(crate) fn recoveries(&self) -> usize {
        self.faults().count(Operation::Extent) + self.faults().count(Operation::LoadState)
    }

    /// Recoveries take a while from now on, on the paused clock.
    pub(crate) fn slow_reads(&self) {
        self.store.0.slow_reads.store(true, Ordering::SeqCst);
    }

    pub(crate) fn most_reads_at_once(&self) -> usize {
        self.store.0.most_reads_at_once.load(Ordering::SeqCst)
    }

    /// Saving a snapshot takes until [`Self::save_held_snapshot`].
    pub(crate) fn hold_snapshots(&self) {
        *self.snapshots.lock().unwrap() = Some(self.faults().hold(Operation::SaveSnapshot));
    }

    pub(crate) fn save_held_snapshot(&self) {
        self.snapshots.lock().unwrap().take().unwrap().release_all();
    }

    /// How often a snapshot was handed over to be saved.
    pub(crate) fn snapshot_saves(&self) -> usize {
        self.faults().count(Operation::SaveSnapshot)
    }

    /// How often a snapshot was loaded.
    pub(crate) fn snapshot_loads(&self) -> usize {
        self.faults().count(Operation::LoadSnapshot)
    }

    /// The next so many snapshots are stored damaged.
    pub(crate) fn damage_snapshots(&self, times: usize) {
        *self.store.0.damaged.lock().unwrap() = (times, None);
    }

    /// The storage itself finds the next so many snapshots that are loaded damaged.
    pub(crate) fn fail_snapshot_loads(&self, times: usize) {
        self.store.0.unloadable.store(times, Ordering::SeqCst);
    }

    /// The journal is as it was at this number, like one that was restored from a copy.
    pub(crate) fn cut_journal_behind(&self, nr: u64) {
        self.store.0.cut_behind.store(nr, Ordering::SeqCst);
    }

    /// From now on the journal gives the event with this number twice; 0 for none.
    pub(crate) fn give_twice(&self, nr: u64) {
        self.store.0.given_twice.store(nr, Ordering::SeqCst);
    }

    /// The journal gives no outcomes any more.
    pub(crate) fn lose_outcomes(&self) {
        self.store.0.outcomes_lost.store(true, Ordering::SeqCst);
    }

    /// From now on a look-up of keys gives no answers at all.
    pub(crate) fn answer_no_lookups(&self) {
        self.store.0.short_lookups.store(true, Ordering::SeqCst);
    }

    /// Another node stores this name just before the next node takes over.
    pub(crate) fn store_name_before_take_over(&self, name: Manifest) {
        self.store.0.taken_over.store(false, Ordering::SeqCst);
        *self.store.0.last_name.lock().unwrap() = Some(name);
    }

    pub(crate) fn memory(&self) -> MemoryStorage {
        self.store.0.memory.clone()
    }

    /// The numbers of the snapshots of an entity.
    pub(crate) async fn snapshots_of(&self, id: &PersistenceId) -> Vec<u64> {
        let listed = self.memory().snapshots().unwrap().list(id, SnapshotCriteria::ALL).await.unwrap();
        listed.into_iter().map(|(nr, _)| nr.get()).collect()
    }

    /// The whole history of an account, outcomes included.
    pub(crate) async fn history(&self, id: &str) -> Vec<JournalEntry> {
        let journal = self.memory().journal().unwrap();
        journal.read(&account(id), ReadRange::ALL).map(|entry| entry.unwrap()).collect().await
    }

    /// The events of an account.
    pub(crate) async fn events(&self, id: &str) -> Vec<StoredEvent> {
        let event = |entry| match entry {
            JournalEntry::Event(event) => Some(event),
            JournalEntry::Outcome { .. } => None,
        };
        self.history(id).await.into_iter().filter_map(event).collect()
    }
}

/// The seed for the faults of every test of this run, if there is to be one.
fn fault_seed() -> Option<u64> {
    let seed = std::env::var("ANNALS_FAULT_SEED").ok()?;
    Some(seed.parse().expect("ANNALS_FAULT_SEED is a number"))
}

pub(crate) fn account(id: &str) -> PersistenceId {
    PersistenceId::new("account", EntityId::new(id).unwrap()).unwrap()
}

/// Returns when nothing in the runtime can go on by itself any more: only then does a paused clock move.
pub(crate) async fn quiesce() {
    pass(Duration::from_millis(1)).await;
}

/// Lets time pass on the paused clock, with all that happens in it.
pub(crate) async fn pass(time: Duration) {
    tokio::time::timeout(time, std::future::pending::<()>()).await.unwrap_err();
}

/// The memory backend, with the damage that a sound backend never does.
#[derive(Clone, Default)]
struct Store(Arc<Inner>);

#[derive(Default)]
struct Inner {
    memory: MemoryStorage,
    reads_at_once: AtomicUsize,
    most_reads_at_once: AtomicUsize,
    slow_reads: AtomicBool,
    short_lookups: AtomicBool,
    /// Behind this number the journal has lost its events; 0 if it has all.
    cut_behind: AtomicU64,
    /// The event with this number is given twice; 0 for none.
    given_twice: AtomicU64,
    /// The journal has lost the outcomes; by their keys they are still found.
    outcomes_lost: AtomicBool,
    /// This name is stored by another node as it is fenced.
    last_name: Mutex<Option<Manifest>>,
    taken_over: AtomicBool,
    /// The next so many snapshots are stored with damaged bytes, and so is the last of them when it comes again.
    damaged: Mutex<(usize, Option<(PersistenceId, SequenceNr)>)>,
    /// The next so many loads of a snapshot find damage themselves.
    unloadable: AtomicUsize,
}

impl Store {
    fn is_to_be_damaged(&self, write: &SnapshotWrite) -> bool {
        let mut damaged = self.0.damaged.lock().unwrap();
        let (left, last) = &mut *damaged;
        let this = Some((write.id.clone(), write.snapshot.sequence_nr));
        if *last == this {
            return true;
        }
        *last = this.filter(|_| *left > 0);
        *left = left.saturating_sub(1);
        last.is_some()
    }

    fn journal_end(&self) -> SequenceNr {
        match self.0.cut_behind.load(Ordering::SeqCst) {
            0 => SequenceNr::MAX,
            nr => SequenceNr::new(nr),
        }
    }
}

/// Whether it is one of the next so many.
fn is_due(left: &AtomicUsize) -> bool {
    left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
}

#[async_trait]
impl WriteStorage for Store {
    async fn append(&self, lane: Lane, group: Arc<[Write]>) -> Vec<Result<Committed, StorageError>> {
        self.0.memory.append(lane, group).await
    }

    async fn outcomes(
        &self,
        id: &PersistenceId,
        keys: &[Key],
    ) -> Result<Vec<Option<KeyedOutcome>>, StorageError> {
        match self.0.short_lookups.load(Ordering::SeqCst) {
            true => Ok(Vec::new()),
            false => self.0.memory.outcomes(id, keys).await,
        }
    }

    async fn manifests(&self, entity_type: &str) -> Result<Vec<Manifest>, StorageError> {
        let mut names = self.0.memory.manifests(entity_type).await?;
        if self.0.taken_over.load(Ordering::SeqCst) {
            names.extend(self.0.last_name.lock().unwrap().clone());
        }
        Ok(names)
    }

    async fn erase(&self, id: &PersistenceId, fence: Fence) -> Result<(), StorageError> {
        self.0.memory.erase(id, fence).await
    }

    async fn epochs(&self, shards: &[ShardId]) -> Result<Vec<Epoch>, StorageError> {
        self.0.memory.epochs(shards).await
    }

    async fn raise_epochs(&self, raised: &[Fence]) -> Result<(), StorageError> {
        self.0.taken_over.store(true, Ordering::SeqCst);
        self.0.memory.raise_epochs(raised).await
    }
}

#[async_trait]
impl JournalStorage for Store {
    fn read(&self, id: &PersistenceId, range: ReadRange) -> JournalStream {
        let to = range.to.min(self.journal_end());
        let lost = self.0.outcomes_lost.load(Ordering::SeqCst);
        let is_left = move |entry: &Result<JournalEntry, _>| {
            !lost || !matches!(entry, Ok(JournalEntry::Outcome { .. }))
        };
        let history = self.0.memory.read(id, range.to(to));
        let twice = self.0.given_twice.load(Ordering::SeqCst);
        let times = move |entry: &Result<JournalEntry, _>| match entry {
            Ok(JournalEntry::Event(event)) if event.sequence_nr.get() == twice => 2,
            _ => 1,
        };
        let history = history.filter(move |entry| std::future::ready(is_left(entry)));
        history.flat_map(move |entry| stream::iter(vec![entry.clone(); times(&entry)])).boxed()
    }

    async fn extent(&self, id: &PersistenceId) -> Result<Extent, StorageError> {
        let at_once = self.0.reads_at_once.fetch_add(1, Ordering::SeqCst) + 1;
        self.0.most_reads_at_once.fetch_max(at_once, Ordering::SeqCst);
        if self.0.slow_reads.load(Ordering::SeqCst) {
            quiesce().await;
        }
        self.0.reads_at_once.fetch_sub(1, Ordering::SeqCst);
        let extent = self.0.memory.extent(id).await?;
        Ok(Extent { highest: extent.highest.min(self.journal_end()), ..extent })
    }

    async fn delete_to(&self, id: &PersistenceId, fence: Fence, to: SequenceNr) -> Result<(), StorageError> {
        self.0.memory.delete_to(id, fence, to).await
    }
}

#[async_trait]
impl SnapshotStorage for Store {
    async fn save(&self, mut write: SnapshotWrite) -> Result<(), StorageError> {
        if self.is_to_be_damaged(&write) {
            let good = &write.snapshot.payload;
            let bytes = good.bytes().iter().map(|byte| byte ^ 1).collect();
            write.snapshot.payload =
                Payload::from_stored(good.manifest().clone(), good.codec(), good.checksum(), bytes);
        }
        self.0.memory.save(write).await
    }

    async fn load(
        &self,
        id: &PersistenceId,
        criteria: SnapshotCriteria,
    ) -> Result<Option<Snapshot>, StorageError> {
        match SnapshotStorage::load(&self.0.memory, id, criteria).await? {
            Some(snapshot) if is_due(&self.0.unloadable) => {
                let subject = Subject::Snapshot(id.clone(), snapshot.sequence_nr);
                Err(StorageError::corrupt(subject, "half of it is gone"))
            }
            loaded => Ok(loaded),
        }
    }

    async fn list(
        &self,
        id: &PersistenceId,
        criteria: SnapshotCriteria,
    ) -> Result<Vec<(SequenceNr, Timestamp)>, StorageError> {
        self.0.memory.list(id, criteria).await
    }

    async fn delete(
        &self,
        id: &PersistenceId,
        fence: Fence,
        criteria: SnapshotCriteria,
    ) -> Result<(), StorageError> {
        self.0.memory.delete(id, fence, criteria).await
    }
}

impl StorageProvider for Store {
    fn name(&self) -> &'static str {
        "gate"
    }
    fn lanes(&self) -> NonZeroUsize {
        NonZeroUsize::MIN
    }
    fn max_payload_bytes(&self) -> usize {
        self.0.memory.max_payload_bytes()
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
        self.0.memory.states()
    }
}

impl StorageProvider for Gate {
    fn name(&self) -> &'static str {
        self.storage.name()
    }
    fn lanes(&self) -> NonZeroUsize {
        self.storage.lanes()
    }
    fn max_payload_bytes(&self) -> usize {
        self.storage.max_payload_bytes()
    }
    fn writes(&self) -> Arc<dyn WriteStorage> {
        self.storage.writes()
    }
    fn journal(&self) -> Option<Arc<dyn JournalStorage>> {
        self.storage.journal()
    }
    fn snapshots(&self) -> Option<Arc<dyn SnapshotStorage>> {
        self.storage.snapshots()
    }
    fn states(&self) -> Option<Arc<dyn StateStorage>> {
        self.storage.states()
    }
}
