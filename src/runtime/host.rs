//! One entity type at one node: from an address to an inbox, activating on the first message.

use super::registry::{Census, Presence, Registry};
use super::spawn::Spawner;
use crate::engine::{self, Inbox, Kind};
use crate::entity::{Address, Delivery, Envelope, Failure, Inlet, NotHandled, Overloaded, Refusal, Refused};
use crate::vocabulary::{PersistenceId, ShardId};
use std::sync::Arc;

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

    /// The slow way: through the registry, activating the entity if it is not in memory.
    fn deliver_by_id(&self, to: &Address<S>, mut envelope: Box<dyn Envelope<S>>) -> Result<(), Failure> {
        let id = PersistenceId::new(self.kind.definition.entity_type, to.id.clone())
            .map_err(|invalid| Failure::NotHandled(NotHandled::InvalidId(invalid)))?;
        let mut partition = self.registry.partition(ShardId::of(&id));
        // Under the lock that `drain` takes: either the entity is seen by it, or the call is refused here.
        if self.census.is_stopping() {
            return Err(Failure::NotHandled(NotHandled::ShutDown));
        }
        let mut replaces = false;
        if let Some(inbox) = partition.get(&to.id) {
            match inbox.push(envelope) {
                Ok(()) => {
                    to.remember(inbox.clone());
                    return Ok(());
                }
                Err(refused) if refused.why == Refusal::Retired => envelope = refused.envelope,
                Err(refused) => {
                    drop(partition);
                    return Err(self.failure(to, refused.why));
                }
            }
            replaces = true;
        }
        if !self.census.enter(replaces) {
            drop(partition);
            return Err(Failure::Overloaded(Overloaded::ActiveEntities { limit: self.census.limit() }));
        }
        let inbox = Arc::new(Inbox::new(id, self.kind.limits.mailbox));
        let presence =
            Presence { registry: self.registry.clone(), census: self.census.clone(), inbox: inbox.clone() };
        let pushed = inbox.push(envelope);
        debug_assert!(pushed.is_ok(), "a new inbox takes a call");
        partition.insert(to.id.clone(), inbox.clone());
        // A runtime that has been stopped drops the task right here, and with it the presence, which needs
        // the partition.
        drop(partition);
        to.remember(inbox.clone());
        let kind = self.kind.clone();
        self.spawner.spawn(async move {
            let _presence = presence;
            engine::run(kind, inbox).await;
        });
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
}

impl<S: Send + Sync + 'static> Delivery<S> for Host<S> {
    fn deliver(&self, to: &Address<S>, envelope: Box<dyn Envelope<S>>) -> Result<(), Failure> {
        match to.push_where_known(envelope) {
            Ok(()) => Ok(()),
            Err(Refused { why: Refusal::Retired, envelope }) => self.deliver_by_id(to, envelope),
            Err(refused) => Err(self.failure(to, refused.why)),
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
    /// Lets every active entity end after the calls that it has.
    fn drain(&self);
}

impl<S: Send + Sync + 'static> AnyHost for Host<S> {
    fn drain(&self) {
        self.registry.drain();
    }
}

/// Where calls go that can go nowhere.
pub(super) struct Nowhere(pub(super) Failure);

impl<S> Delivery<S> for Nowhere {
    fn deliver(&self, _: &Address<S>, _: Box<dyn Envelope<S>>) -> Result<(), Failure> {
        Err(self.0.clone())
    }
}
