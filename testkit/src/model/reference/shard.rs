//! Epochs, and the feed positions that a shard gave.

use super::{Fenced, Reference};
use annals::storage::{Fence, StorageError};
use annals::{Epoch, Position, ShardId};

/// What is kept per shard.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Shard {
    epoch: Epoch,
    /// The highest position that the store was seen to give.
    pub(super) last_position: Position,
}

impl Reference {
    /// The stored epoch of a shard: 0 if nobody owned it yet.
    pub(in crate::model) fn epoch(&self, shard: ShardId) -> Epoch {
        self.shards.get(&shard).map_or(Epoch::ZERO, |shard| shard.epoch)
    }

    pub(super) fn shard_mut(&mut self, shard: ShardId) -> &mut Shard {
        self.shards.entry(shard).or_default()
    }

    /// Refuses what comes with another epoch than the stored one.
    pub(super) fn check(&self, fence: Fence) -> Fenced {
        let Fence { shard, epoch: ours } = fence;
        match self.epoch(shard) {
            current if current == ours => Ok(()),
            current => Err(StorageError::Fenced { shard, ours, current }),
        }
    }

    /// Raises the epochs of different shards, all or none. One above the largest is refused in some way.
    pub(in crate::model) fn raise(&mut self, raised: &[Fence]) -> Raised {
        if raised.iter().any(|fence| fence.epoch > Epoch::MAX) {
            return Raised::Refused;
        }
        if let Some(first) = raised.iter().find(|fence| fence.epoch <= self.epoch(fence.shard)) {
            let Fence { shard, epoch: ours } = *first;
            return Raised::Fenced(StorageError::Fenced { shard, ours, current: self.epoch(shard) });
        }
        for fence in raised {
            self.shard_mut(fence.shard).epoch = fence.epoch;
        }
        Raised::Done
    }
}

/// What a raise comes to.
#[derive(Debug, Clone)]
pub(in crate::model) enum Raised {
    Done,
    /// This error.
    Fenced(StorageError),
    /// Any error that says that nothing was stored.
    Refused,
}
