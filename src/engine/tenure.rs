//! The right of this node to write to a shard, from its acquisition to its loss.

use crate::storage::{Fence, StorageError};
use crate::vocabulary::ShardId;
use async_trait::async_trait;
use std::sync::{Arc, OnceLock};
use tokio::sync::Notify;

/// One ownership of a shard at one epoch. Once revoked, every activation under it ends, and nothing is
/// written under it any more (G3).
#[derive(Debug)]
pub(crate) struct Tenure {
    fence: Fence,
    revoked: OnceLock<StorageError>,
    /// Those who wait for the end.
    end: Notify,
}

impl Tenure {
    pub(crate) fn new(fence: Fence) -> Self {
        Self { fence, revoked: OnceLock::new(), end: Notify::new() }
    }

    pub(crate) fn fence(&self) -> Fence {
        self.fence
    }

    /// Ends the tenure: the shard was lost, or a write under it may still be on its way.
    pub(crate) fn revoke(&self, why: StorageError) {
        // The first reason stays.
        let _ = self.revoked.set(why);
        self.end.notify_waiters();
    }

    /// Returns when the tenure has ended, with the reason.
    pub(crate) async fn ended(&self) -> StorageError {
        loop {
            let end = self.end.notified();
            if let Some(why) = self.revoked() {
                return why.clone();
            }
            end.await;
        }
    }

    /// Why the tenure ended, if it has.
    pub(crate) fn revoked(&self) -> Option<&StorageError> {
        self.revoked.get()
    }
}

/// Where an activation gets its tenure from. Implemented by the runtime.
#[async_trait]
pub(crate) trait Tenures: Send + Sync {
    /// The tenure of a shard. After one was revoked, a new one, at a higher epoch that the storage has
    /// confirmed: so every write of the old one is stored and readable by now, or never will be.
    async fn tenure(&self, shard: ShardId) -> Result<Arc<Tenure>, StorageError>;
}
