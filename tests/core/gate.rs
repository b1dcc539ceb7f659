//! A storage whose writes a test holds back, fails or loses.

use annals::storage::{
    Committed, Extent, Fence, JournalEntry, JournalStorage, JournalStream, KeyedOutcome, Lane, ReadRange,
    Snapshot, SnapshotCriteria, SnapshotStorage, SnapshotWrite, StateStorage, StorageError, StorageProvider,
    StoredEvent, StoredState, Subject, Write, WriteStorage,
};
use annals::{EntityId, Epoch, Key, Manifest, Payload, PersistenceId, SequenceNr, ShardId, Timestamp};
use annals_memory::MemoryStorage;
use async_trait::async_trait;
use futures_util::{StreamExt, stream};
use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{Notify, Semaphore};

/// What happens to one group of writes.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// Nothing is written, and the storage says so.
    Unavailable,
    /// All of it is written, and the answer is lost.
    AppliedButLost,
    /// Nothing is written, and nobody knows.
    NotAppliedAndLost,
    /// The answer is lost, and the writes arrive when the test says so.
    Late,
    /// The backend panics.
    Panic,
    /// Only the write with this number is refused, as too large.
    Refuse(u64),
}

#[derive(Clone)]
pub(crate) struct Gate(Arc<Inner>);

struct Inner {
    memory: MemoryStorage,
    open: Semaphore,
    faults: Mutex<VecDeque<Fault>>,
    late: Mutex<Vec<(Lane, Arc<[Write]>)>>,
    groups: Mutex<Vec<usize>>,
    lookups: AtomicUsize,
    lookup_faults: AtomicUsize,
    reads: AtomicUsize,
    reads_at_once: AtomicUsize,
    most_reads_at_once: AtomicUsize,
    slow_reads: AtomicUsize,
    short_lookups: AtomicBool,
    panicking_lookups: AtomicBool,
    read_faults: AtomicUsize,
    erase_faults: Mutex<VecDeque<Fault>>,
    /// The next so many times shards cannot be taken over.
    take_over_faults: AtomicUsize,
    /// The event with this number is given twice; 0 for none.
    given_twice: AtomicU64,
    late_erasures: Mutex<Vec<(PersistenceId, Fence)>>,
    /// Behind this number the journal has lost its events; 0 if it has all.
    cut_behind: AtomicU64,
    /// The journal has lost the outcomes; by their keys they are still found.
    outcomes_lost: AtomicBool,
    /// This name is stored by another node as it is fenced.
    last_name: Mutex<Option<Manifest>>,
    taken_over: AtomicBool,
    snapshots: Snapshotting,
}

/// What happens to snapshots.
#[derive(Default)]
struct Snapshotting {
    /// How many are loaded, saved.
    loads: AtomicUsize,
    saves: AtomicUsize,
    /// The next so many saves are stored with damaged bytes.
    damaged: AtomicUsize,
    /// The next so many loads find damage themselves.
    unloadable: AtomicUsize,
    /// No snapshot is deleted.
    undeletable: AtomicBool,
    /// Saves wait until this is notified.
    held: AtomicBool,
    go_on: Notify,
    /// The next save panics.
    panicking: AtomicBool,
}

const OPEN: usize = 1 << 20;

impl Gate {
    /// Lets every group through.
    pub(crate) fn open() -> Self {
        let gate = Self::closed();
        gate.release(OPEN);
        gate
    }

    /// Holds every group back.
    pub(crate) fn closed() -> Self {
        Self(Arc::new(Inner {
            memory: MemoryStorage::new(),
            open: Semaphore::new(0),
            faults: Mutex::default(),
            late: Mutex::default(),
            groups: Mutex::default(),
            lookups: AtomicUsize::new(0),
            lookup_faults: AtomicUsize::new(0),
            reads: AtomicUsize::new(0),
            reads_at_once: AtomicUsize::new(0),
            most_reads_at_once: AtomicUsize::new(0),
            slow_reads: AtomicUsize::new(0),
            short_lookups: AtomicBool::new(false),
            panicking_lookups: AtomicBool::new(false),
            read_faults: AtomicUsize::new(0),
            erase_faults: Mutex::default(),
            take_over_faults: AtomicUsize::new(0),
            given_twice: AtomicU64::new(0),
            late_erasures: Mutex::default(),
            cut_behind: AtomicU64::new(0),
            outcomes_lost: AtomicBool::new(false),
            last_name: Mutex::default(),
            taken_over: AtomicBool::new(false),
            snapshots: Snapshotting::default(),
        }))
    }

    /// Lets so many groups through.
    pub(crate) fn release(&self, groups: usize) {
        self.0.open.add_permits(groups);
    }

    /// The next group that is let through meets this.
    pub(crate) fn fail_next(&self, fault: Fault) {
        self.0.faults.lock().unwrap().push_back(fault);
    }

    /// Delivers the writes that were late; gives what the storage says to each.
    pub(crate) async fn deliver_late(&self) -> Vec<Result<Committed, StorageError>> {
        let late = std::mem::take(&mut *self.0.late.lock().unwrap());
        let mut results = Vec::new();
        for (lane, group) in late {
            results.extend(self.0.memory.writes().append(lane, group).await);
        }
        results
    }

    /// Delivers the erasures that were late; gives what the storage says to each.
    pub(crate) async fn deliver_late_erasures(&self) -> Vec<Result<(), StorageError>> {
        let late = std::mem::take(&mut *self.0.late_erasures.lock().unwrap());
        let mut results = Vec::new();
        for (id, fence) in late {
            results.push(self.0.memory.writes().erase(&id, fence).await);
        }
        results
    }

    /// The sizes of the groups that arrived so far, those held back included.
    pub(crate) fn groups(&self) -> Vec<usize> {
        self.0.groups.lock().unwrap().clone()
    }

    pub(crate) fn lookups(&self) -> usize {
        self.0.lookups.load(Ordering::SeqCst)
    }

    pub(crate) fn fail_next_lookup(&self) {
        self.0.lookup_faults.fetch_add(1, Ordering::SeqCst);
    }

    /// Reads take a while from now on, on the paused clock.
    pub(crate) fn slow_reads(&self) {
        self.0.slow_reads.store(1, Ordering::SeqCst);
    }

    /// The next so many recoveries of event-sourced entities fail at their first read.
    pub(crate) fn fail_reads(&self, times: usize) {
        self.0.read_faults.store(times, Ordering::SeqCst);
    }

    /// The next erasure meets this.
    pub(crate) fn fail_next_erasure(&self, fault: Fault) {
        self.0.erase_faults.lock().unwrap().push_back(fault);
    }

    /// The next so many times shards cannot be taken over.
    pub(crate) fn fail_take_overs(&self, times: usize) {
        self.0.take_over_faults.store(times, Ordering::SeqCst);
    }

    /// From now on the journal gives the event with this number twice.
    pub(crate) fn give_twice(&self, nr: u64) {
        self.0.given_twice.store(nr, Ordering::SeqCst);
    }

    /// The next so many snapshots are stored damaged.
    pub(crate) fn damage_snapshots(&self, times: usize) {
        self.0.snapshots.damaged.store(times, Ordering::SeqCst);
    }

    /// The storage itself finds the next so many snapshots that are loaded damaged.
    pub(crate) fn fail_snapshot_loads(&self, times: usize) {
        self.0.snapshots.unloadable.store(times, Ordering::SeqCst);
    }

    /// From now on snapshots cannot be deleted.
    pub(crate) fn fail_snapshot_deletions(&self) {
        self.0.snapshots.undeletable.store(true, Ordering::SeqCst);
    }

    /// The journal is as it was at this number, like one that was restored from a copy.
    pub(crate) fn cut_journal_behind(&self, nr: u64) {
        self.0.cut_behind.store(nr, Ordering::SeqCst);
    }

    /// The journal gives no outcomes any more.
    pub(crate) fn lose_outcomes(&self) {
        self.0.outcomes_lost.store(true, Ordering::SeqCst);
    }

    /// Another node stores this name just before the next node takes over.
    pub(crate) fn store_name_before_take_over(&self, name: Manifest) {
        self.0.taken_over.store(false, Ordering::SeqCst);
        *self.0.last_name.lock().unwrap() = Some(name);
    }

    fn journal_end(&self) -> SequenceNr {
        match self.0.cut_behind.load(Ordering::SeqCst) {
            0 => SequenceNr::MAX,
            nr => SequenceNr::new(nr),
        }
    }

    /// Saving the next snapshot panics.
    pub(crate) fn panic_at_next_snapshot(&self) {
        self.0.snapshots.panicking.store(true, Ordering::SeqCst);
    }

    /// Saving a snapshot takes until [`Self::save_held_snapshot`].
    pub(crate) fn hold_snapshots(&self) {
        self.0.snapshots.held.store(true, Ordering::SeqCst);
    }

    pub(crate) fn save_held_snapshot(&self) {
        self.0.snapshots.held.store(false, Ordering::SeqCst);
        self.0.snapshots.go_on.notify_one();
    }

    /// How often a snapshot was handed over to be saved.
    pub(crate) fn snapshot_saves(&self) -> usize {
        self.0.snapshots.saves.load(Ordering::SeqCst)
    }

    /// How often a snapshot was loaded.
    pub(crate) fn snapshot_loads(&self) -> usize {
        self.0.snapshots.loads.load(Ordering::SeqCst)
    }

    /// The numbers of the snapshots of an entity.
    pub(crate) async fn snapshots_of(&self, id: &PersistenceId) -> Vec<u64> {
        let listed = self.0.memory.snapshots().unwrap().list(id, SnapshotCriteria::ALL).await.unwrap();
        listed.into_iter().map(|(nr, _)| nr.get()).collect()
    }

    /// How often an entity was recovered.
    pub(crate) fn recoveries(&self) -> usize {
        self.0.reads.load(Ordering::SeqCst)
    }

    /// From now on a look-up of keys panics.
    pub(crate) fn panic_at_lookups(&self) {
        self.0.panicking_lookups.store(true, Ordering::SeqCst);
    }

    /// From now on a look-up of keys gives no answers at all.
    pub(crate) fn answer_no_lookups(&self) {
        self.0.short_lookups.store(true, Ordering::SeqCst);
    }

    pub(crate) fn most_reads_at_once(&self) -> usize {
        self.0.most_reads_at_once.load(Ordering::SeqCst)
    }

    pub(crate) fn memory(&self) -> MemoryStorage {
        self.0.memory.clone()
    }

    /// The whole history of an account, outcomes included.
    pub(crate) async fn history(&self, id: &str) -> Vec<JournalEntry> {
        let journal = self.0.memory.journal().unwrap();
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

fn lost() -> StorageError {
    StorageError::Indeterminate { store: "gate".into(), reason: "the answer was lost".into() }
}

#[async_trait]
impl WriteStorage for Gate {
    async fn append(&self, lane: Lane, group: Arc<[Write]>) -> Vec<Result<Committed, StorageError>> {
        self.0.groups.lock().unwrap().push(group.len());
        self.0.open.acquire().await.unwrap().forget();
        let fault = self.0.faults.lock().unwrap().pop_front();
        let writes = self.0.memory.writes();
        let all = |error: StorageError| group.iter().map(|_| Err(error.clone())).collect();
        match fault {
            None => writes.append(lane, group).await,
            Some(Fault::Unavailable) => {
                all(StorageError::Unavailable { store: "gate".into(), reason: "it is closed".into() })
            }
            Some(Fault::AppliedButLost) => {
                for result in writes.append(lane, group.clone()).await {
                    result.unwrap();
                }
                all(lost())
            }
            Some(Fault::NotAppliedAndLost) => all(lost()),
            Some(Fault::Late) => {
                self.0.late.lock().unwrap().push((lane, group.clone()));
                all(lost())
            }
            Some(Fault::Panic) => panic!("the backend gave up"),
            Some(Fault::Refuse(nr)) => {
                let (good, bad): (Vec<Write>, Vec<Write>) =
                    group.iter().cloned().partition(|w| w.write_nr.get() < nr);
                let mut results = writes.append(lane, good.into()).await;
                results.extend(bad.iter().map(|write| {
                    let subject = Subject::Entity(write.id.clone());
                    Err(StorageError::TooLarge { subject, bytes: 2, limit: 1 })
                }));
                results
            }
        }
    }

    async fn outcomes(
        &self,
        id: &PersistenceId,
        keys: &[Key],
    ) -> Result<Vec<Option<KeyedOutcome>>, StorageError> {
        self.0.lookups.fetch_add(1, Ordering::SeqCst);
        let fail = |left: usize| left.checked_sub(1);
        if self.0.lookup_faults.fetch_update(Ordering::SeqCst, Ordering::SeqCst, fail).is_ok() {
            return Err(StorageError::Unavailable { store: "gate".into(), reason: "no look-up now".into() });
        }
        assert!(!self.0.panicking_lookups.load(Ordering::SeqCst), "the look-up gave up");
        if self.0.short_lookups.load(Ordering::SeqCst) {
            return Ok(Vec::new());
        }
        self.0.memory.writes().outcomes(id, keys).await
    }

    async fn manifests(&self, entity_type: &str) -> Result<Vec<Manifest>, StorageError> {
        let mut names = self.0.memory.writes().manifests(entity_type).await?;
        if self.0.taken_over.load(Ordering::SeqCst) {
            names.extend(self.0.last_name.lock().unwrap().clone());
        }
        Ok(names)
    }

    async fn erase(&self, id: &PersistenceId, fence: Fence) -> Result<(), StorageError> {
        let fault = self.0.erase_faults.lock().unwrap().pop_front();
        match fault {
            None => self.0.memory.writes().erase(id, fence).await,
            Some(Fault::AppliedButLost) => {
                self.0.memory.writes().erase(id, fence).await.unwrap();
                Err(lost())
            }
            Some(Fault::Panic) => panic!("the backend gave up"),
            Some(Fault::Late) => {
                self.0.late_erasures.lock().unwrap().push((id.clone(), fence));
                Err(lost())
            }
            Some(_) => Err(StorageError::Unavailable { store: "gate".into(), reason: "not now".into() }),
        }
    }

    async fn epochs(&self, shards: &[ShardId]) -> Result<Vec<Epoch>, StorageError> {
        self.0.memory.writes().epochs(shards).await
    }

    async fn raise_epochs(&self, raised: &[Fence]) -> Result<(), StorageError> {
        let fail = |left: usize| left.checked_sub(1);
        if self.0.take_over_faults.fetch_update(Ordering::SeqCst, Ordering::SeqCst, fail).is_ok() {
            return Err(StorageError::Unavailable { store: "gate".into(), reason: "no owner now".into() });
        }
        self.0.taken_over.store(true, Ordering::SeqCst);
        self.0.memory.writes().raise_epochs(raised).await
    }
}

#[async_trait]
impl JournalStorage for Gate {
    fn read(&self, id: &PersistenceId, range: ReadRange) -> JournalStream {
        let to = range.to.min(self.journal_end());
        let lost = self.0.outcomes_lost.load(Ordering::SeqCst);
        let is_left = move |entry: &Result<JournalEntry, _>| {
            !lost || !matches!(entry, Ok(JournalEntry::Outcome { .. }))
        };
        let history = self.0.memory.journal().unwrap().read(id, range.to(to));
        let twice = self.0.given_twice.load(Ordering::SeqCst);
        let times = move |entry: &Result<JournalEntry, _>| match entry {
            Ok(JournalEntry::Event(event)) if event.sequence_nr.get() == twice => 2,
            _ => 1,
        };
        let history = history.filter(move |entry| std::future::ready(is_left(entry)));
        history.flat_map(move |entry| stream::iter(vec![entry.clone(); times(&entry)])).boxed()
    }

    async fn extent(&self, id: &PersistenceId) -> Result<Extent, StorageError> {
        self.0.reads.fetch_add(1, Ordering::SeqCst);
        let at_once = self.0.reads_at_once.fetch_add(1, Ordering::SeqCst) + 1;
        self.0.most_reads_at_once.fetch_max(at_once, Ordering::SeqCst);
        if self.0.slow_reads.load(Ordering::SeqCst) > 0 {
            quiesce().await;
        }
        self.0.reads_at_once.fetch_sub(1, Ordering::SeqCst);
        let fail = |left: usize| left.checked_sub(1);
        if self.0.read_faults.fetch_update(Ordering::SeqCst, Ordering::SeqCst, fail).is_ok() {
            return Err(StorageError::Unavailable { store: "gate".into(), reason: "no read now".into() });
        }
        let extent = self.0.memory.journal().unwrap().extent(id).await?;
        Ok(Extent { highest: extent.highest.min(self.journal_end()), ..extent })
    }

    async fn delete_to(&self, id: &PersistenceId, fence: Fence, to: SequenceNr) -> Result<(), StorageError> {
        self.0.memory.journal().unwrap().delete_to(id, fence, to).await
    }
}

#[async_trait]
impl StateStorage for Gate {
    async fn load(&self, id: &PersistenceId) -> Result<Option<StoredState>, StorageError> {
        self.0.reads.fetch_add(1, Ordering::SeqCst);
        self.0.memory.states().unwrap().load(id).await
    }
}

#[async_trait]
impl SnapshotStorage for Gate {
    async fn save(&self, mut write: SnapshotWrite) -> Result<(), StorageError> {
        let snapshotting = &self.0.snapshots;
        snapshotting.saves.fetch_add(1, Ordering::SeqCst);
        assert!(!snapshotting.panicking.swap(false, Ordering::SeqCst), "saving gave up");
        if snapshotting.held.load(Ordering::SeqCst) {
            snapshotting.go_on.notified().await;
        }
        let damaged =
            snapshotting.damaged.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
        if damaged.is_ok() {
            let good = &write.snapshot.payload;
            let bytes = good.bytes().iter().map(|byte| byte ^ 1).collect();
            write.snapshot.payload =
                Payload::from_stored(good.manifest().clone(), good.codec(), good.checksum(), bytes);
        }
        self.0.memory.snapshots().unwrap().save(write).await
    }

    async fn load(
        &self,
        id: &PersistenceId,
        criteria: SnapshotCriteria,
    ) -> Result<Option<Snapshot>, StorageError> {
        let snapshotting = &self.0.snapshots;
        snapshotting.loads.fetch_add(1, Ordering::SeqCst);
        let loaded = self.0.memory.snapshots().unwrap().load(id, criteria).await?;
        let fail = |left: usize| left.checked_sub(1);
        match loaded {
            Some(snapshot)
                if snapshotting.unloadable.fetch_update(Ordering::SeqCst, Ordering::SeqCst, fail).is_ok() =>
            {
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
        self.0.memory.snapshots().unwrap().list(id, criteria).await
    }

    async fn delete(
        &self,
        id: &PersistenceId,
        fence: Fence,
        criteria: SnapshotCriteria,
    ) -> Result<(), StorageError> {
        if self.0.snapshots.undeletable.load(Ordering::SeqCst) {
            return Err(StorageError::Unavailable {
                store: "gate".into(),
                reason: "nothing goes now".into(),
            });
        }
        self.0.memory.snapshots().unwrap().delete(id, fence, criteria).await
    }
}

impl StorageProvider for Gate {
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
        Some(Arc::new(self.clone()))
    }
}
