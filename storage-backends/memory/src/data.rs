//! What is stored, as plain ordered maps. One lock around all of it stands for the transaction; it is never
//! held across an await.

use annals::storage::{Committed, Fence, JournalEntry, KeyedOutcome, Snapshot, StorageError, StoredState};
use annals::{
    ActivationId, Epoch, Key, Manifest, Name, PersistenceId, Position, Revision, SHARDS, SequenceNr, ShardId,
};
use std::collections::{BTreeMap, BTreeSet};

/// Everything in one store.
#[derive(Debug, Default)]
pub(crate) struct Data {
    /// By number; those that nobody used yet are not there.
    shards: Vec<Shard>,
    entities: BTreeMap<PersistenceId, Entity>,
    /// The names and versions that were ever stored, by entity type.
    manifests: BTreeMap<Name, BTreeSet<Manifest>>,
}

/// What is kept per shard.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Shard {
    pub(crate) epoch: Epoch,
    pub(crate) position: Position,
}

/// What is kept per persistence id.
#[derive(Debug, Default)]
pub(crate) struct Entity {
    /// The highest number ever given: it stays when events are deleted (G2).
    pub(crate) highest: SequenceNr,
    pub(crate) deleted_to: SequenceNr,
    pub(crate) erased_to: SequenceNr,
    pub(crate) history: BTreeMap<Place, JournalEntry>,
    pub(crate) outcomes: BTreeMap<Key, KeyedOutcome>,
    pub(crate) state: Option<StoredState>,
    pub(crate) snapshots: BTreeMap<SequenceNr, Snapshot>,
    pub(crate) last_activation: Option<ActivationId>,
    /// What each write of that activation came to, so that a repetition gets the same answer.
    pub(crate) committed: Vec<Committed>,
}

/// Where an entry stands in a history: the event of a number, then the outcomes kept at that number in the
/// order of their writes. So the order of places is the order of writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) nr: SequenceNr,
    /// 0 for the event, 1, 2, 3 ... for outcomes.
    pub(crate) rank: u64,
}

impl Place {
    pub(crate) const fn event(nr: SequenceNr) -> Self {
        Self { nr, rank: 0 }
    }

    pub(crate) const fn first_outcome(nr: SequenceNr) -> Self {
        Self { nr, rank: 1 }
    }
}

impl Entity {
    pub(crate) fn revision(&self) -> Revision {
        self.state.as_ref().map_or(Revision::ZERO, |state| state.revision)
    }

    /// Forgets everything but the numbers.
    pub(crate) fn erase(&mut self) {
        (self.erased_to, self.deleted_to) = (self.highest, self.highest);
        self.history.clear();
        self.outcomes.clear();
        self.snapshots.clear();
        if let Some(state) = &mut self.state {
            (state.revision, state.payload) = (state.revision.next(), None);
        }
    }
}

impl Data {
    pub(crate) fn entity(&self, id: &PersistenceId) -> Option<&Entity> {
        self.entities.get(id)
    }

    pub(crate) fn entity_mut(&mut self, id: &PersistenceId) -> &mut Entity {
        self.entities.entry(id.clone()).or_default()
    }

    /// Remembers that a name and version was stored.
    pub(crate) fn record(&mut self, entity_type: &Name, manifest: &Manifest) {
        let known = self.manifests.entry(entity_type.clone()).or_default();
        if !known.contains(manifest) {
            known.insert(manifest.clone());
        }
    }

    /// Every name and version that was ever stored for this type.
    pub(crate) fn manifests(&self, entity_type: &str) -> Vec<Manifest> {
        self.manifests.get(entity_type).into_iter().flatten().cloned().collect()
    }

    pub(crate) fn shard(&self, shard: ShardId) -> Shard {
        self.shards.get(usize::from(shard.get())).copied().unwrap_or_default()
    }

    pub(crate) fn shard_mut(&mut self, shard: ShardId) -> &mut Shard {
        if self.shards.is_empty() {
            self.shards.resize(usize::from(SHARDS), Shard::default());
        }
        &mut self.shards[usize::from(shard.get())]
    }

    /// The check that comes first in every write (G3).
    pub(crate) fn check_fence(&self, fence: Fence) -> Result<(), StorageError> {
        let current = self.shard(fence.shard).epoch;
        if current == fence.epoch {
            return Ok(());
        }
        Err(StorageError::Fenced { shard: fence.shard, ours: fence.epoch, current })
    }
}
