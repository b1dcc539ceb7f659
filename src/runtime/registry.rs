//! Which entities of a type are active, and how many of all types.

use crate::engine::Inbox;
use crate::entity::{Failure, NotHandled};
use crate::vocabulary::{EntityId, SHARDS, ShardId};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::Notify;

/// What all types of a node share: how many entities are active, and whether it stops.
#[derive(Debug)]
pub(super) struct Census {
    limit: usize,
    active: AtomicUsize,
    stopping: AtomicBool,
    empty: Notify,
}

impl Census {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, active: AtomicUsize::new(0), stopping: AtomicBool::new(false), empty: Notify::new() }
    }

    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    pub(super) fn active(&self) -> usize {
        self.active.load(Ordering::Acquire)
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    pub(super) fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    /// Counts one more, unless there are too many. One that `replaces` an activation that is about to leave
    /// takes the place of that.
    pub(super) fn enter(&self, replaces: bool) -> bool {
        let enter = |active| (replaces || active < self.limit).then_some(active + 1);
        self.active.fetch_update(Ordering::AcqRel, Ordering::Acquire, enter).is_ok()
    }

    fn leave(&self) {
        if self.active.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.empty.notify_waiters();
        }
    }

    /// Waits until no entity is active.
    pub(super) async fn wait_until_empty(&self) {
        loop {
            let empty = self.empty.notified();
            if self.active() == 0 {
                return;
            }
            empty.await;
        }
    }
}

/// The active entities of one type, by shard and id.
pub(super) struct Registry<S> {
    partitions: Vec<Mutex<Partition<S>>>,
}

pub(super) type Partition<S> = BTreeMap<EntityId, Arc<Inbox<S>>>;

impl<S> Registry<S> {
    pub(super) fn new() -> Self {
        Self { partitions: (0..SHARDS).map(|_| Mutex::new(BTreeMap::new())).collect() }
    }

    pub(super) fn partition(&self, shard: ShardId) -> MutexGuard<'_, Partition<S>> {
        self.partitions[usize::from(shard.get())].lock().expect("nothing panics while it holds a partition")
    }

    /// Lets every active entity end after the calls that it has.
    pub(super) fn drain(&self) {
        for shard in ShardId::all() {
            for inbox in self.partition(shard).values() {
                inbox.drain();
            }
        }
    }

    fn forget(&self, inbox: &Arc<Inbox<S>>) {
        let mut partition = self.partition(inbox.shard());
        let id = inbox.id().entity_id();
        // By now another activation may have taken its place.
        if partition.get(id).is_some_and(|present| Arc::ptr_eq(present, inbox)) {
            partition.remove(id);
        }
    }
}

/// The presence of one entity in memory. However its task ends, it is taken off the registry, and the calls
/// that it left in its inbox are not handled.
pub(super) struct Presence<S> {
    pub(super) registry: Arc<Registry<S>>,
    pub(super) census: Arc<Census>,
    pub(super) inbox: Arc<Inbox<S>>,
}

impl<S> Drop for Presence<S> {
    fn drop(&mut self) {
        // Nobody has decided them, and nobody will.
        for call in self.inbox.abandon() {
            call.fail(Failure::NotHandled(NotHandled::ShutDown));
        }
        self.registry.forget(&self.inbox);
        self.census.leave();
    }
}
