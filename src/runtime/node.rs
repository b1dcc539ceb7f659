//! A running node.

use super::builder::NodeBuilder;
use super::host::{AnyHost, Host, Nowhere};
use super::registry::Census;
use crate::engine::Lanes;
use crate::entity::{Entity, Failure, NotHandled, Target};
use crate::storage::StorageProvider;
use crate::vocabulary::EntityId;
use std::any::{Any, TypeId};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// One process's share of the entities; on embedded storage, all of them. Cheap to clone.
///
/// Entities are activated by their first message and recovered from their journal. When the last handle and
/// the last ref are dropped, the entities finish what they have and leave memory;
/// [`shutdown`](Self::shutdown) does the same and waits for it.
#[derive(Clone)]
pub struct Node(Arc<NodeParts>);

pub(super) struct NodeParts {
    /// An `Arc<Host<T>>` for each entity type `T`.
    pub(super) hosts: BTreeMap<TypeId, Box<dyn Any + Send + Sync>>,
    pub(super) drains: Vec<Arc<dyn AnyHost>>,
    pub(super) lanes: Lanes,
    pub(super) census: Arc<Census>,
}

impl Node {
    /// Starts to put a node together on this storage.
    pub fn builder(storage: impl StorageProvider) -> NodeBuilder {
        NodeBuilder::new(Arc::new(storage))
    }

    pub(super) fn new(parts: NodeParts) -> Self {
        Self(Arc::new(parts))
    }

    /// The client of one entity. It is made at once, without asking anyone; the entity is activated by the
    /// first call.
    ///
    /// Calls through the client of an invalid id, or of a type that is not registered, are not handled, with
    /// an error that says so.
    pub fn entity<T: Entity>(&self, id: impl AsRef<str>) -> T::Ref {
        T::Ref::from(self.target::<T>(id.as_ref()))
    }

    fn target<T: Entity>(&self, id: &str) -> Target<T> {
        let nowhere = |reason| Target::nowhere(Arc::new(Nowhere(Failure::NotHandled(reason))));
        let host = self.0.hosts.get(&TypeId::of::<T>()).and_then(|host| host.downcast_ref::<Arc<Host<T>>>());
        match (host, EntityId::new(id)) {
            (None, _) => {
                nowhere(NotHandled::Unregistered { entity_type: T::definition().entity_type.into() })
            }
            (_, Err(invalid)) => nowhere(NotHandled::InvalidId(invalid)),
            (Some(host), Ok(id)) => Target::new(id, host.clone()),
        }
    }

    /// How many entities are in memory.
    pub fn active_entities(&self) -> usize {
        self.0.census.active()
    }

    /// Stops taking calls, finishes those that were taken, and ends: when it returns, every outcome has left
    /// and no task of the node is running. The storage stays open. Later calls are not handled. It waits as
    /// long as the storage does; put it into a time-out if that may be too long.
    ///
    /// # Cancel safety
    /// The node goes on shutting down; call it again to wait.
    pub async fn shutdown(&self) {
        self.0.census.stop();
        for host in &self.0.drains {
            host.drain();
        }
        self.0.census.wait_until_empty().await;
        self.0.lanes.stop().await;
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node").field("active_entities", &self.active_entities()).finish_non_exhaustive()
    }
}
