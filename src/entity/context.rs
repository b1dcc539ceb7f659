//! What a handler may know beside state and command. In tests all of it is under control.

use super::{Directory, Entity};
use crate::vocabulary::{
    ActivationId, Clock, EntityId, Key, PersistenceId, Random, Revision, SequenceNr, Timestamp,
};
use std::fmt;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use xxhash_rust::xxh3::Xxh3;

/// The surroundings of a command that is being decided.
pub struct Context<S> {
    fixed: Arc<Fixed>,
    sequence_nr: SequenceNr,
    revision: Revision,
    key: Option<Key>,
    now: OnceLock<Timestamp>,
    of: PhantomData<fn() -> S>,
}

/// What stays the same for an activation.
struct Fixed {
    id: PersistenceId,
    clock: Arc<dyn Clock>,
    random: Random,
    activation: ActivationId,
    /// How many ids were made in this activation.
    ids: AtomicU64,
    completeness: Completeness,
    directory: Arc<Directory>,
}

/// Whether an entity came back as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Completeness {
    /// Its state holds everything that is stored of it.
    Complete,
    /// Something that could not be read is not in its state
    /// ([`RecoveryPolicy::StartAtHighest`](super::RecoveryPolicy::StartAtHighest)).
    Incomplete,
}

impl<S> Context<S> {
    pub(crate) fn new(
        id: PersistenceId,
        activation: ActivationId,
        clock: Arc<dyn Clock>,
        random: Random,
        completeness: Completeness,
        directory: Arc<Directory>,
    ) -> Self {
        let ids = AtomicU64::new(0);
        Self {
            fixed: Arc::new(Fixed { id, clock, random, activation, ids, completeness, directory }),
            sequence_nr: SequenceNr::ZERO,
            revision: Revision::ZERO,
            key: None,
            now: OnceLock::new(),
            of: PhantomData,
        }
    }

    /// Turns to the next command.
    pub(crate) fn begin(&mut self, sequence_nr: SequenceNr, revision: Revision, key: Option<Key>) {
        self.sequence_nr = sequence_nr;
        self.revision = revision;
        self.key = key;
        self.now.take();
    }

    /// The same surroundings for a part of the entity.
    pub(crate) fn for_part<P>(&self) -> Context<P> {
        Context {
            fixed: self.fixed.clone(),
            sequence_nr: self.sequence_nr,
            revision: self.revision,
            key: self.key.clone(),
            now: OnceLock::from(self.now()),
            of: PhantomData,
        }
    }

    /// The entity's id.
    pub fn entity_id(&self) -> &EntityId {
        self.fixed.id.entity_id()
    }

    /// The entity's type and id.
    pub fn persistence_id(&self) -> &PersistenceId {
        &self.fixed.id
    }

    /// The number of the last event in the state that the handler sees.
    pub fn sequence_nr(&self) -> SequenceNr {
        self.sequence_nr
    }

    /// The revision of a durable state: how often it was saved or deleted. 0 for other entities.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// Whether the state that the handler sees holds everything that is stored.
    pub fn completeness(&self) -> Completeness {
        self.fixed.completeness
    }

    /// The idempotency key of the command, if the caller gave one.
    pub fn key(&self) -> Option<&Key> {
        self.key.as_ref()
    }

    /// The client of another entity of this node, for a handler that awaits. An entity that asks itself, or
    /// entities that ask each other in a circle, wait until a deadline ends it.
    pub fn entity<T: Entity>(&self, id: impl AsRef<str>) -> T::Ref {
        T::Ref::from(self.fixed.directory.target::<T>(id.as_ref()))
    }

    /// The time of day: the same at every call within one command, and the time that its write is dated
    /// with.
    pub fn now(&self) -> Timestamp {
        *self.now.get_or_init(|| self.fixed.clock.now())
    }

    /// A random number. Put it into an event if the state depends on it; never draw in `apply`. Not for ids
    /// (see [`new_id`](Self::new_id)) and not for secrets.
    pub fn random_u64(&self) -> u64 {
        self.fixed.random.next_u64()
    }

    /// A new id: XXH3-128 over the entity, its activation (which no other has) and a counter. Two calls give
    /// the same one only if 128 bits collide. Not a secret.
    pub fn new_id(&self) -> u128 {
        let mut hash = Xxh3::new();
        hash.update(&self.fixed.activation.get().to_le_bytes());
        hash.update(&self.fixed.ids.fetch_add(1, Ordering::Relaxed).to_le_bytes());
        hash.update(self.fixed.id.entity_type().as_bytes());
        hash.update(&[0]);
        hash.update(self.fixed.id.entity_id().as_str().as_bytes());
        hash.digest128()
    }
}

impl<S> fmt::Debug for Context<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("id", &self.fixed.id)
            .field("sequence_nr", &self.sequence_nr)
            .finish_non_exhaustive()
    }
}
