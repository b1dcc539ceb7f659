//! The memory backend with a witness. What is wrong with a broken one is in `twin`, but for what a line does here.

use super::entities::{Card, SECOND};
use super::twin::Twin;
use super::witness::Witness;
use annals::storage::{
    Change, Committed, Extent, Fence, JournalStorage, JournalStream, KeyedOutcome, Lane, ReadRange,
    SnapshotStorage, StateChange, StateStorage, StorageError, StorageProvider, StoredState, Write,
    WriteStorage,
};
use annals::{Epoch, Key, Manifest, PersistenceId, SequenceNr, ShardId};
use annals_memory::MemoryStorage;
use async_trait::async_trait;
use futures_util::FutureExt;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// A call for a lane.
pub(crate) type Group = (Lane, Arc<[Write]>);

/// All clones are one store.
#[derive(Clone)]
pub(crate) struct Store {
    memory: MemoryStorage,
    pub(crate) witness: Witness,
    pub(crate) twin: Twin,
    pub(crate) calls: Arc<AtomicU64>,
    /// Groups that were acknowledged and are not stored yet.
    pub(crate) owed: Arc<Mutex<Vec<Group>>>,
    /// States that were replaced since.
    pub(crate) old: Arc<Mutex<Vec<(PersistenceId, StoredState)>>>,
}

impl Store {
    pub(crate) fn new(twin: Twin) -> Self {
        Self {
            memory: MemoryStorage::new(),
            witness: Witness::default(),
            twin,
            calls: Arc::default(),
            owed: Arc::default(),
            old: Arc::default(),
        }
    }

    pub(crate) fn memory(&self) -> &MemoryStorage {
        &self.memory
    }

    /// Whether this twin strikes at this call: at every third.
    pub(crate) fn strikes(&self, twin: Twin) -> bool {
        self.twin == twin && self.calls.fetch_add(1, Ordering::SeqCst) % 3 == 2
    }

    /// Stores, and lets the witness see what is stored.
    pub(crate) async fn store(
        &self,
        lane: Lane,
        group: Arc<[Write]>,
    ) -> Vec<Result<Committed, StorageError>> {
        let mut answers = Vec::new();
        for write in group.iter() {
            let before = self.reach(&write.id).await;
            let answer = self.memory.append(lane, [write.clone()].into()).await.remove(0);
            if answer.is_ok() && self.reach(&write.id).await > before {
                self.testify(write);
            }
            answers.push(answer);
        }
        answers
    }

    /// How often the entity was changed.
    pub(crate) async fn reach(&self, id: &PersistenceId) -> u64 {
        let events = self.memory.highest_sequence_nr(id).await.unwrap().get();
        let state = StateStorage::load(&self.memory, id).await.unwrap();
        events + state.map_or(0, |state| state.revision.get())
    }

    fn testify(&self, write: &Write) {
        match &write.change {
            Change::Events { events, .. } => {
                let op: u64 = events.iter().next().unwrap().tags[0].as_str().parse().unwrap();
                let ops = (0..events.len() as u64).map(|nr| op + nr * SECOND);
                self.witness
                    .stores(&write.id, Some(op), |before| before.iter().copied().chain(ops).collect());
            }
            Change::State { change: StateChange::Save(payload), .. } => {
                let Card { ops } = serde_json::from_slice(payload.bytes()).unwrap();
                self.witness.stores(&write.id, ops.last().copied(), |_| ops.clone());
            }
            Change::State { change: StateChange::Delete, .. } => {
                self.witness.stores(&write.id, None, |_| Vec::new());
            }
            Change::State { change: StateChange::Keep, .. } => {}
        }
    }
}

#[async_trait]
impl WriteStorage for Store {
    async fn append(&self, lane: Lane, group: Arc<[Write]>) -> Vec<Result<Committed, StorageError>> {
        self.append_with_fault(lane, group).await
    }

    async fn outcomes(
        &self,
        id: &PersistenceId,
        keys: &[Key],
    ) -> Result<Vec<Option<KeyedOutcome>>, StorageError> {
        self.pay().await;
        if self.strikes(Twin::FindsNoKeys) {
            return Ok(vec![None; keys.len()]);
        }
        self.memory.outcomes(id, keys).await
    }

    async fn manifests(&self, entity_type: &str) -> Result<Vec<Manifest>, StorageError> {
        self.memory.manifests(entity_type).await
    }

    async fn erase(&self, id: &PersistenceId, fence: Fence) -> Result<(), StorageError> {
        let fence = match self.twin {
            Twin::DoesNotErase => return Ok(()),
            Twin::DoesNotFence => self.renewed(fence).await,
            _ => fence,
        };
        self.memory.erase(id, fence).await?;
        self.witness.erases(id);
        Ok(())
    }

    async fn epochs(&self, shards: &[ShardId]) -> Result<Vec<Epoch>, StorageError> {
        self.memory.epochs(shards).await
    }

    async fn raise_epochs(&self, raised: &[Fence]) -> Result<(), StorageError> {
        self.memory.raise_epochs(raised).await
    }
}

#[async_trait]
impl JournalStorage for Store {
    fn read(&self, id: &PersistenceId, range: ReadRange) -> JournalStream {
        let hidden = match self.twin {
            Twin::ReadsOneShort => {
                let extent = self.memory.extent(id).now_or_never().unwrap().unwrap();
                SequenceNr::new(extent.highest.get().saturating_sub(1))
            }
            _ => SequenceNr::MAX,
        };
        self.memory.read(id, range.to(range.to.min(hidden)))
    }

    async fn extent(&self, id: &PersistenceId) -> Result<Extent, StorageError> {
        let mut extent = self.memory.extent(id).await?;
        if self.twin == Twin::ReadsOneShort && extent.highest > extent.deleted_to {
            extent.highest = SequenceNr::new(extent.highest.get() - 1);
        }
        Ok(extent)
    }

    async fn delete_to(&self, id: &PersistenceId, fence: Fence, to: SequenceNr) -> Result<(), StorageError> {
        self.memory.delete_to(id, fence, to).await
    }
}

#[async_trait]
impl StateStorage for Store {
    async fn load(&self, id: &PersistenceId) -> Result<Option<StoredState>, StorageError> {
        let state = StateStorage::load(&self.memory, id).await?;
        let old = self.old.lock().unwrap().iter().rev().find(|(other, _)| other == id).map(|it| it.1.clone());
        match (old, &state) {
            (Some(old), Some(now)) => Ok(Some(StoredState { revision: now.revision, ..old })),
            _ => Ok(state),
        }
    }
}

impl StorageProvider for Store {
    fn name(&self) -> &'static str {
        "store"
    }
    fn lanes(&self) -> NonZeroUsize {
        NonZeroUsize::MIN
    }
    fn max_payload_bytes(&self) -> usize {
        self.memory.max_payload_bytes()
    }
    fn writes(&self) -> Arc<dyn WriteStorage> {
        Arc::new(self.clone())
    }
    fn journal(&self) -> Option<Arc<dyn JournalStorage>> {
        Some(Arc::new(self.clone()))
    }
    fn snapshots(&self) -> Option<Arc<dyn SnapshotStorage>> {
        self.memory.snapshots()
    }
    fn states(&self) -> Option<Arc<dyn StateStorage>> {
        Some(Arc::new(self.clone()))
    }
}
