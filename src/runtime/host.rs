//! One entity type at one node: from an address to an inbox, activating on the first message.

use super::census::{Census, Entry};
use super::registry::{Presence, Registry, Seat};
use super::spawn::Spawner;
use crate::engine::{self, Inbox, Kind};
use crate::entity::{
    Address, Delivery, EntityKind, Envelope, EventSource, Failure, HistoryError, Inlet, NotHandled,
    Overloaded, Refusal, Refused,
};
use crate::vocabulary::{EntityId, PersistenceId, SequenceNr, ShardId};
use futures_util::future::{BoxFuture, FutureExt, ready};
use std::sync::{Arc, OnceLock};

/// Hosts the entities of one type. Refs keep it alive; when it goes, its entities finish and go too.
pub(super) struct Host<S> {
    kind: Arc<Kind<S>>,
    registry: Arc<Registry<S>>,
    census: Arc<Census>,
    spawner: Spawner,
}

impl<S: Send + Sync + 'static> Host<S> {
    pub(super) fn new(kind: Kind<S>, census: Arc<Census>, spawner: Spawner) -> Self {
        Self { kind: Arc::new(kind), registry: Arc::new(Registry::new()), census, spawner }
    }

    fn persistence_id(&self, id: &EntityId) -> Result<PersistenceId, NotHandled> {
        PersistenceId::new(self.kind.definition.entity_type, id.clone()).map_err(NotHandled::InvalidId)
    }

    /// The slow way: through the registry, activating the entity if it is not in memory.
    fn deliver_by_id(&self, to: &Address<S>, mut envelope: Box<dyn Envelope<S>>) -> Result<(), Failure> {
        let id = self.persistence_id(&to.id).map_err(Failure::NotHandled)?;
        let mut partition = self.registry.partition(ShardId::of(&id));
        // Under the lock that `drain` takes: either the entity is seen by it, or the call is refused here.
        if self.census.is_stopping() {
            return Err(Failure::NotHandled(NotHandled::ShutDown));
        }
        if let Some(seat) = partition.get(&to.id) {
            match seat.inbox.push(envelope) {
                Ok(()) => {
                    to.remember(seat.inbox.clone());
                    return Ok(());
                }
                Err(refused) if refused.why == Refusal::Retired => envelope = refused.envelope,
                Err(refused) => {
                    drop(partition);
                    return Err(self.failure(to, refused.why));
                }
            }
        }
        let entry = self.census.enter();
        let (place, waiting) = match entry {
            Entry::Place(place) => (Some(place), None),
            Entry::Wait(waiting) => (None, Some(waiting)),
            Entry::Full => {
                drop(partition);
                return Err(too_many(&self.census));
            }
        };
        let inbox = Arc::new(Inbox::new(id, self.kind.limits.mailbox, self.census.uses()));
        let (registry, census) = (self.registry.clone(), self.census.clone());
        let mut presence = Presence { registry, census, inbox: inbox.clone(), place };
        let pushed = inbox.push(envelope);
        debug_assert!(pushed.is_ok(), "a new inbox takes a call");
        let seat = Arc::new(Seat { inbox: inbox.clone(), task: OnceLock::new() });
        partition.insert(to.id.clone(), seat.clone());
        // A runtime that has been stopped drops the task right here, and with it the presence, which needs
        // the partition.
        drop(partition);
        self.census.note(&inbox);
        to.remember(inbox.clone());
        let kind = self.kind.clone();
        let task = self.spawner.spawn(async move {
            if let Some(waiting) = waiting {
                let waited = Box::pin(presence.census.clone().await_place(waiting)).await;
                let Some(place) = waited else { return presence.refuse(&too_many(&presence.census)) };
                presence.place = Some(place);
            }
            engine::run(kind, inbox).await;
            drop(presence);
        });
        // Nobody else sets it.
        let _ = seat.task.set(task);
        Ok(())
    }

    fn failure(&self, to: &Address<S>, why: Refusal) -> Failure {
        match why {
            Refusal::Full => {
                let id = PersistenceId::new(self.kind.definition.entity_type, to.id.clone())
                    .expect("the name of a registered type is valid");
                Failure::Overloaded(Overloaded::Mailbox { id, limit: self.kind.limits.mailbox })
            }
            Refusal::ShutDown | Refusal::Retired => Failure::NotHandled(NotHandled::ShutDown),
        }
    }

    /// An entity of this type has a history to be read.
    fn check_history(&self) -> Result<(), NotHandled> {
        match self.kind.definition.kind {
            EntityKind::EventSourced => Ok(()),
            EntityKind::DurableState | EntityKind::Ephemeral => {
                let entity_type = self.kind.definition.entity_type.into();
                Err(NotHandled::NoEvents { entity_type })
            }
        }
    }
}

fn too_many(census: &Census) -> Failure {
    Failure::Overloaded(Overloaded::ActiveEntities { limit: census.limit() })
}

impl<S: Send + Sync + 'static> Delivery<S> for Host<S> {
    fn deliver(&self, to: &Address<S>, envelope: Box<dyn Envelope<S>>) -> Result<(), Failure> {
        match to.push_where_known(envelope) {
            Ok(()) => Ok(()),
            Err(Refused { why: Refusal::Retired, envelope }) => self.deliver_by_id(to, envelope),
            Err(refused) => Err(self.failure(to, refused.why)),
        }
    }

    fn events(&self, id: &EntityId) -> Result<EventSource, NotHandled> {
        self.check_history()?;
        Ok(EventSource {
            id: self.persistence_id(id)?,
            journal: self.kind.journal().clone(),
            sealer: self.kind.definition.sealer.clone(),
            prefix: String::new(),
            readable: self.kind.definition.readable(),
            confirmed: self.kind.subscriptions.follow(id),
        })
    }

    fn state_at(&self, id: &EntityId, at: SequenceNr) -> BoxFuture<'static, Result<S, HistoryError>> {
        match self.check_history().and_then(|()| self.persistence_id(id)) {
            Ok(id) => {
                let kind = self.kind.clone();
                async move { engine::state_at(&kind, &id, at).await }.boxed()
            }
            Err(reason) => ready(Err(reason.into())).boxed(),
        }
    }
}

impl<S> Drop for Host<S> {
    fn drop(&mut self) {
        self.registry.drain();
    }
}

/// What a node does with a host without knowing its type.
pub(super) trait AnyHost: Send + Sync {
    /// Lets every entity end after the calls that it has.
    fn drain(&self);
    /// Ends every entity where it stands; tells how many.
    fn abort(&self) -> usize;
}

impl<S: Send + Sync + 'static> AnyHost for Host<S> {
    fn drain(&self) {
        self.registry.drain();
    }

    fn abort(&self) -> usize {
        self.registry.abort()
    }
}
