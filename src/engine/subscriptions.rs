//! Who follows the events of an entity: they are woken when some are confirmed, and read the journal themselves.
//! So nothing is buffered for them, and a slow one holds up nobody.

use crate::vocabulary::EntityId;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use tokio::sync::watch;

/// The followers of all entities of one type.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions {
    /// How many entities are followed: without any, a confirmation costs one load.
    followed: AtomicUsize,
    by_id: Mutex<BTreeMap<EntityId, watch::Sender<u64>>>,
}

impl Subscriptions {
    /// Changes whenever events of this entity are confirmed.
    pub(crate) fn follow(&self, id: &EntityId) -> watch::Receiver<u64> {
        let mut by_id = self.by_id.lock().unwrap_or_else(PoisonError::into_inner);
        by_id.retain(|_, followers| followers.receiver_count() > 0);
        let follower = by_id.entry(id.clone()).or_insert_with(|| watch::Sender::new(0)).subscribe();
        self.followed.store(by_id.len(), Ordering::Release);
        follower
    }

    /// Wakes those who follow this entity.
    pub(super) fn confirmed(&self, id: &EntityId) {
        if self.followed.load(Ordering::Acquire) == 0 {
            return;
        }
        let mut by_id = self.by_id.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(followers) = by_id.get(id) else { return };
        followers.send_modify(|times| *times += 1);
        if followers.receiver_count() == 0 {
            by_id.remove(id);
            self.followed.store(by_id.len(), Ordering::Release);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_nobody_follows_any_more_are_forgotten() {
        let subscriptions = Subscriptions::default();
        for n in 0..10 {
            drop(subscriptions.follow(&EntityId::new(n.to_string()).unwrap()));
        }
        assert_eq!(subscriptions.by_id.lock().unwrap().len(), 1, "the last one is found by the next");
    }
}
