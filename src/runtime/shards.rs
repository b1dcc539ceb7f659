//! The shards of a node that has them all: leases are local, but epochs are the storage's.

use crate::engine::{Tenure, Tenures};
use crate::storage::{Fence, StorageError, WriteStorage};
use crate::vocabulary::{Epoch, ShardId};
use async_trait::async_trait;
use std::sync::Arc;
use tokio::sync::Mutex;

/// How often an epoch is raised again when someone else was faster.
const ATTEMPTS: u32 = 8;

/// The tenure of every shard.
pub(super) struct Shards {
    storage: Arc<dyn WriteStorage>,
    /// By shard. The lock is held while a tenure is renewed, so that many entities renew it once.
    tenures: Vec<Mutex<Arc<Tenure>>>,
}

impl Shards {
    /// Takes all shards over, by raising the epoch of each in one write: from now on no earlier owner can
    /// write (G3).
    pub(super) async fn acquire_all(storage: Arc<dyn WriteStorage>) -> Result<Self, StorageError> {
        let all: Vec<ShardId> = ShardId::all().collect();
        let fences = raise(&*storage, &all, Epoch::ZERO).await?;
        let tenures = fences.into_iter().map(|fence| Mutex::new(Arc::new(Tenure::new(fence)))).collect();
        Ok(Self { storage, tenures })
    }
}

#[async_trait]
impl Tenures for Shards {
    async fn tenure(&self, shard: ShardId) -> Result<Arc<Tenure>, StorageError> {
        let mut tenure = self.tenures[usize::from(shard.get())].lock().await;
        if let Some(why) = tenure.revoked() {
            tracing::warn!(%shard, %why, "taking the shard over again");
            let fences = raise(&*self.storage, &[shard], tenure.fence().epoch).await?;
            *tenure = Arc::new(Tenure::new(fences[0]));
        }
        Ok(tenure.clone())
    }
}

/// Raises the epochs of `shards` above their stored ones, and above `last`.
async fn raise(
    storage: &dyn WriteStorage,
    shards: &[ShardId],
    last: Epoch,
) -> Result<Vec<Fence>, StorageError> {
    let mut attempt = 1;
    loop {
        let stored = storage.epochs(shards).await?;
        let raised = |(&shard, &stored): (&ShardId, &Epoch)| Fence { shard, epoch: stored.max(last).next() };
        let fences: Vec<Fence> = shards.iter().zip(&stored).map(raised).collect();
        match storage.raise_epochs(&fences).await {
            Ok(()) => return Ok(fences),
            Err(StorageError::Fenced { .. }) if attempt < ATTEMPTS => attempt += 1,
            Err(error) => return Err(error),
        }
    }
}
