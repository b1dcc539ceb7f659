//! The epochs at which the twin owns the shards.

use annals::storage::{Fence, StorageError, WriteStorage};
use annals::{Epoch, ShardId};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// The shards that are owned; one that was lost is missing until it is taken over again.
pub(super) struct Ownership {
    writes: Arc<dyn WriteStorage>,
    epochs: Mutex<BTreeMap<ShardId, Epoch>>,
}

impl Ownership {
    /// Takes all shards over.
    pub(super) async fn of_all(writes: Arc<dyn WriteStorage>) -> Result<Self, StorageError> {
        let all: Vec<ShardId> = ShardId::all().collect();
        let owned = raise(&*writes, &all).await?;
        let epochs = owned.into_iter().map(|fence| (fence.shard, fence.epoch)).collect();
        Ok(Self { writes, epochs: Mutex::new(epochs) })
    }

    /// The right to write to a shard, which is taken over again if it was lost.
    pub(super) async fn of(&self, shard: ShardId) -> Result<Fence, StorageError> {
        let owned = self.epochs.lock().unwrap().get(&shard).copied();
        if let Some(epoch) = owned {
            return Ok(Fence { shard, epoch });
        }
        let fence = raise(&*self.writes, &[shard]).await?[0];
        self.epochs.lock().unwrap().insert(shard, fence.epoch);
        Ok(fence)
    }

    /// The shard was lost, or a write may still be on its way.
    pub(super) fn lose(&self, fence: Fence) {
        let mut epochs = self.epochs.lock().unwrap();
        if epochs.get(&fence.shard) == Some(&fence.epoch) {
            epochs.remove(&fence.shard);
        }
    }
}

async fn raise(writes: &dyn WriteStorage, shards: &[ShardId]) -> Result<Vec<Fence>, StorageError> {
    let stored = writes.epochs(shards).await?;
    let raised = |(shard, epoch): (&ShardId, Epoch)| Fence { shard: *shard, epoch: epoch.next() };
    let raised: Vec<Fence> = shards.iter().zip(stored).map(raised).collect();
    writes.raise_epochs(&raised).await?;
    Ok(raised)
}
