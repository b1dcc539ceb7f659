//! Which entities of a type have a task, and what the end of one leaves behind.

use super::census::{Census, Place};
use crate::engine::Inbox;
use crate::entity::{Failure, NotHandled};
use crate::vocabulary::{EntityId, SHARDS, ShardId};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use tokio::task::AbortHandle;

/// The entities of one type that have a task, by shard and id.
pub(super) struct Registry<S> {
    partitions: Vec<Mutex<Partition<S>>>,
}

pub(super) type Partition<S> = BTreeMap<EntityId, Arc<Seat<S>>>;

/// One entity that has a task.
pub(super) struct Seat<S> {
    pub(super) inbox: Arc<Inbox<S>>,
    /// Set once the task runs.
    pub(super) task: OnceLock<AbortHandle>,
}

impl<S> Registry<S> {
    pub(super) fn new() -> Self {
        Self { partitions: (0..SHARDS).map(|_| Mutex::new(BTreeMap::new())).collect() }
    }

    pub(super) fn partition(&self, shard: ShardId) -> MutexGuard<'_, Partition<S>> {
        self.partitions[usize::from(shard.get())].lock().expect("nothing panics while it holds a partition")
    }

    /// Lets every entity end after the calls that it has.
    pub(super) fn drain(&self) {
        for shard in ShardId::all() {
            for seat in self.partition(shard).values() {
                seat.inbox.drain();
            }
        }
    }

    /// Ends every task where it stands; tells how many.
    pub(super) fn abort(&self) -> usize {
        let mut aborted = 0;
        for shard in ShardId::all() {
            // Collected: a task that ends at once takes itself out of the partition.
            let seats: Vec<_> = self.partition(shard).values().cloned().collect();
            aborted += seats.len();
            seats.iter().filter_map(|seat| seat.task.get()).for_each(AbortHandle::abort);
        }
        aborted
    }

    fn forget(&self, inbox: &Arc<Inbox<S>>) {
        let mut partition = self.partition(inbox.shard());
        let id = inbox.id().entity_id();
        // By now another activation may have taken its place.
        if partition.get(id).is_some_and(|seat| Arc::ptr_eq(&seat.inbox, inbox)) {
            partition.remove(id);
        }
    }
}

/// The presence of one entity. However its task ends, it is taken off the registry, and the calls that it left
/// in its inbox are not handled.
pub(super) struct Presence<S> {
    pub(super) registry: Arc<Registry<S>>,
    pub(super) census: Arc<Census>,
    pub(super) inbox: Arc<Inbox<S>>,
    /// Its place in memory, once it has one.
    pub(super) place: Option<Place>,
}

impl<S> Presence<S> {
    /// Fails the calls that wait, and takes no more.
    pub(super) fn refuse(&self, failure: &Failure) {
        for call in self.inbox.abandon() {
            call.fail(failure.clone());
        }
    }
}

impl<S> Drop for Presence<S> {
    fn drop(&mut self) {
        // Nobody has decided them, and nobody will.
        self.refuse(&Failure::NotHandled(NotHandled::ShutDown));
        self.registry.forget(&self.inbox);
        // Whoever sees the node empty sees its places free.
        drop(self.place.take());
        self.census.leave();
    }
}
