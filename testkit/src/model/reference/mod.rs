//! The reference: what a store must hold and answer, as plain sequential code over ordered maps. One file per
//! port; each can be read as the specification of its port, and takes nothing from any backend.

mod history;
mod matching;
mod outcome;
mod shard;
mod snapshot;
mod state;
mod write;

pub(super) use matching::compare_done;
pub(super) use shard::Raised;
pub(super) use snapshot::Saved;
pub(super) use write::Allowed;

use annals::storage::{Fence, StorageError};
use annals::{Manifest, Name, PersistenceId, SequenceNr, ShardId};
use history::{Entry, History};
use outcome::Outcomes;
use shard::Shard;
use snapshot::Snapshots;
use state::State;
use std::collections::{BTreeMap, BTreeSet};
use write::{Success, Writes};

/// What was found differs from what is allowed, in words.
pub(super) type Difference = String;

/// Everything that a store holds.
#[derive(Debug, Clone)]
pub(super) struct Reference {
    max_payload_bytes: usize,
    shards: BTreeMap<ShardId, Shard>,
    entities: BTreeMap<PersistenceId, Entity>,
    /// What is stored of an unknown entity.
    nothing: Entity,
    /// The names and versions that were ever stored, by entity type.
    manifests: BTreeMap<Name, BTreeSet<Manifest>>,
}

/// What is stored of one entity.
#[derive(Debug, Clone, Default)]
pub(super) struct Entity {
    pub(super) history: History,
    pub(super) outcomes: Outcomes,
    pub(super) state: State,
    pub(super) snapshots: Snapshots,
    pub(super) writes: Writes,
}

impl Reference {
    /// An empty store.
    pub(super) fn new(max_payload_bytes: usize) -> Self {
        Self {
            max_payload_bytes,
            shards: BTreeMap::new(),
            entities: BTreeMap::new(),
            nothing: Entity::default(),
            manifests: BTreeMap::new(),
        }
    }

    pub(super) fn max_payload_bytes(&self) -> usize {
        self.max_payload_bytes
    }

    /// What is stored of an entity; nothing of an unknown one.
    pub(super) fn entity(&self, id: &PersistenceId) -> &Entity {
        self.entities.get(id).unwrap_or(&self.nothing)
    }

    fn entity_mut(&mut self, id: &PersistenceId) -> &mut Entity {
        self.entities.entry(id.clone()).or_default()
    }

    /// Every name and version that an event or state of this type was ever stored with.
    pub(super) fn manifests(&self, entity_type: &str) -> BTreeSet<Manifest> {
        self.manifests.get(entity_type).cloned().unwrap_or_default()
    }

    /// Deletes the events up to a number.
    pub(super) fn delete_to(&mut self, id: &PersistenceId, fence: Fence, to: SequenceNr) -> Fenced {
        self.check(fence)?;
        self.entity_mut(id).history.delete_to(to);
        Ok(())
    }

    /// Erases everything but the numbers.
    pub(super) fn erase(&mut self, id: &PersistenceId, fence: Fence) -> Fenced {
        self.check(fence)?;
        let entity = self.entity_mut(id);
        entity.history.erase();
        entity.outcomes.erase();
        entity.state.erase();
        entity.snapshots.erase();
        entity.writes.end_activation();
        Ok(())
    }
}

/// Done, or refused because of the epoch.
pub(super) type Fenced = Result<(), StorageError>;
