//! Where a call goes, and the port through which it gets there. The client calls it, the runtime implements
//! it, and neither knows the other.

use super::{Envelope, Failure, HistoryError, NotHandled};
use crate::storage::JournalStorage;
use crate::vocabulary::{EntityId, Manifest, PersistenceId, Sealer, SequenceNr};
use futures_util::future::{BoxFuture, FutureExt, ready};
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::watch;

/// Points at one entity. What every client of an entity wraps.
pub struct Target<S>(pub(crate) Arc<Address<S>>);

impl<S> Clone for Target<S> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// One entity, and the way to it.
pub(crate) struct Address<S> {
    pub(crate) id: EntityId,
    pub(crate) delivery: Arc<dyn Delivery<S>>,
    /// The inlet that the last delivery went through; it saves the look-up until it is refused there.
    inlet: RwLock<Option<Arc<dyn Inlet<S>>>>,
}

impl<S> Address<S> {
    /// Takes a call in where the last one went, if that is known and still open.
    pub(crate) fn push_where_known(&self, envelope: Box<dyn Envelope<S>>) -> Result<(), Refused<S>> {
        match &*self.inlet.read().unwrap_or_else(PoisonError::into_inner) {
            Some(inlet) => inlet.push(envelope),
            None => Err(Refused { why: Refusal::Retired, envelope }),
        }
    }

    /// Remembers where the entity is now.
    pub(crate) fn remember(&self, inlet: Arc<dyn Inlet<S>>) {
        *self.inlet.write().unwrap_or_else(PoisonError::into_inner) = Some(inlet);
    }
}

impl<S> Target<S> {
    pub(crate) fn new(id: EntityId, delivery: Arc<dyn Delivery<S>>) -> Self {
        Self(Arc::new(Address { id, delivery, inlet: RwLock::new(None) }))
    }

    /// A target that no call reaches: each fails as `delivery` says.
    pub(crate) fn nowhere(delivery: Arc<dyn Delivery<S>>) -> Self {
        Self::new(EntityId::new("-").expect("a valid id"), delivery)
    }
}

/// Hands calls to entities, wherever they are, and lets their histories be read.
pub(crate) trait Delivery<S>: Send + Sync {
    /// Hands over a call, or says why not; then nothing of it happened.
    fn deliver(&self, to: &Address<S>, envelope: Box<dyn Envelope<S>>) -> Result<(), Failure>;

    /// Where the events of an entity are read, now and as they come.
    fn events(&self, id: &EntityId) -> Result<EventSource, NotHandled>;

    /// The state of an entity as it was at a sequence number.
    fn state_at(&self, id: &EntityId, at: SequenceNr) -> BoxFuture<'static, Result<S, HistoryError>>;
}

/// Where the events of one entity are read.
pub(crate) struct EventSource {
    pub(crate) id: PersistenceId,
    pub(crate) journal: Arc<dyn JournalStorage>,
    pub(crate) sealer: Sealer,
    /// What the names of the events that are meant begin with; what follows is their name.
    pub(crate) prefix: String,
    /// Every name and version that the journal may hold, those of parts included.
    pub(crate) readable: Vec<Manifest>,
    /// Changes whenever events of the entity were confirmed.
    pub(crate) confirmed: watch::Receiver<u64>,
}

/// The entrance of one active entity.
pub(crate) trait Inlet<S>: Send + Sync {
    /// Takes a call in, behind those that came before.
    fn push(&self, envelope: Box<dyn Envelope<S>>) -> Result<(), Refused<S>>;
}

/// A call that was not taken in. It is given back, so that it is dropped outside of every lock.
pub(crate) struct Refused<S> {
    pub(crate) why: Refusal,
    pub(crate) envelope: Box<dyn Envelope<S>>,
}

/// Why a call was not taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The mailbox is full.
    Full,
    /// The node is shutting down.
    ShutDown,
    /// The entity left memory in the meantime: look it up again.
    Retired,
}

/// Where calls go that can go nowhere.
pub(crate) struct Nowhere(pub(crate) NotHandled);

impl<S: Send + 'static> Delivery<S> for Nowhere {
    fn deliver(&self, _: &Address<S>, _: Box<dyn Envelope<S>>) -> Result<(), Failure> {
        Err(Failure::NotHandled(self.0.clone()))
    }

    fn events(&self, _: &EntityId) -> Result<EventSource, NotHandled> {
        Err(self.0.clone())
    }

    fn state_at(&self, _: &EntityId, _: SequenceNr) -> BoxFuture<'static, Result<S, HistoryError>> {
        ready(Err(self.0.clone().into())).boxed()
    }
}
