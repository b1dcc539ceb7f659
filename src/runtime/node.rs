//! A running node.

use super::builder::NodeBuilder;
use super::census::Census;
use super::host::AnyHost;
use crate::engine::Lanes;
use crate::entity::{CallError, Directory, Entity, Erasure, Target, Unknown};
use crate::storage::StorageProvider;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::AbortHandle;

/// One process's share of the entities; on embedded storage, all of them. Cheap to clone.
///
/// Entities are activated by their first message and recovered from their journal. When the last handle and
/// the last ref are dropped, the entities finish what they have and leave memory;
/// [`shutdown`](Self::shutdown) does the same and waits for it.
#[derive(Clone)]
pub struct Node(Arc<NodeParts>);

pub(super) struct NodeParts {
    pub(super) directory: Arc<Directory>,
    pub(super) hosts: Vec<Arc<dyn AnyHost>>,
    /// The lanes of each store.
    pub(super) lanes: Vec<RunningLanes>,
    pub(super) census: Arc<Census>,
    pub(super) shutdown: Duration,
}

/// The lanes of one store, and their tasks.
pub(super) struct RunningLanes {
    pub(super) lanes: Lanes,
    pub(super) tasks: Vec<AbortHandle>,
}

/// How a node shut down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shutdown {
    /// Every call that was taken was finished.
    Complete,
    /// Time was up. So many entities were cut off where they stood: calls in their mailboxes are not handled;
    /// of those that they had begun with, and of those that waited for the storage, it is unknown.
    DeadlinePassed {
        /// How many.
        entities: usize,
    },
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

    pub(crate) fn target<T: Entity>(&self, id: &str) -> Target<T> {
        self.0.directory.target(id)
    }

    /// Erases an entity: all its events, snapshots, state, kept outcomes and keys. It takes its place among the
    /// calls of the entity: those before it are finished (but for commands that wait until they are ready), those
    /// behind it find a fresh entity. Only its
    /// numbers go on, so that none is used twice (G2), and a key that it had counts as never used.
    ///
    /// An entity that cannot be recovered is erased too.
    ///
    /// # Errors
    /// [`CallError::Unknown`]: it may be erased; erase it again. Any other: nothing was erased.
    pub async fn erase<T: Entity>(&self, id: impl AsRef<str>) -> Result<(), CallError> {
        let Target(address) = self.target::<T>(id.as_ref());
        let (erasure, answer) = Erasure::new();
        address.delivery.deliver(&address, Box::new(erasure))?;
        answer.await.unwrap_or(Err(CallError::Unknown(Unknown::Lost)))
    }

    /// How many entities are in memory.
    pub fn active_entities(&self) -> usize {
        self.0.census.active()
    }

    /// Stops taking calls, finishes those that were taken, takes the snapshots that policies want, and ends:
    /// when it returns, every outcome has left and no task of the node is running. Commands that wait until
    /// they are ready are not handled. The storage stays open. Later calls are not handled.
    ///
    /// It takes `Limits::shutdown` at the most: what is not finished by then is cut off, as
    /// [`Shutdown::DeadlinePassed`] tells. Nothing that was acknowledged is lost by that.
    ///
    /// # Cancel safety
    /// The node goes on shutting down; call it again to wait.
    pub async fn shutdown(&self) -> Shutdown {
        let parts = &self.0;
        parts.census.stop();
        for host in &parts.hosts {
            host.drain();
        }
        let finished = async {
            parts.census.wait_until_empty().await;
            for running in &parts.lanes {
                running.lanes.stop().await;
            }
        };
        if tokio::time::timeout(parts.shutdown, finished).await.is_ok() {
            return Shutdown::Complete;
        }
        let entities = parts.hosts.iter().map(|host| host.abort()).sum();
        parts.lanes.iter().flat_map(|running| &running.tasks).for_each(AbortHandle::abort);
        tracing::error!(entities, "the node was shut down with entities that had not finished");
        // They are gone as soon as their threads look at them. Code that blocks its thread cannot be cut off.
        let _ = tokio::time::timeout(CUT_OFF, parts.census.wait_until_empty()).await;
        Shutdown::DeadlinePassed { entities }
    }
}

/// How long a shutdown waits for tasks that it cut off.
const CUT_OFF: Duration = Duration::from_secs(1);

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node").field("active_entities", &self.active_entities()).finish_non_exhaustive()
    }
}
