//! What is really stored, written down as the storage stores it: the truth that every answer is held against.

use annals::PersistenceId;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

/// Sees every write that is stored. All clones are one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Witness(Arc<Mutex<BTreeMap<PersistenceId, Vec<Life>>>>);

/// Everything from one erasure to the next: its writes in their order.
pub(crate) type Life = Vec<Stored>;

/// A write that is stored.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    /// The command that it came from; none for a deletion, and for a write that changed nothing.
    pub(crate) op: Option<u64>,
    /// All that the entity remembers after it.
    pub(crate) after: Vec<u64>,
}

impl Witness {
    /// An entity remembers this from now on.
    pub(crate) fn stores(&self, id: &PersistenceId, op: Option<u64>, after: impl FnOnce(&[u64]) -> Vec<u64>) {
        let mut lives = self.lock();
        let life = current(&mut lives, id);
        let after = after(life.last().map_or(&[], |last| &last.after));
        life.push(Stored { op, after });
    }

    pub(crate) fn erases(&self, id: &PersistenceId) {
        let mut lives = self.lock();
        current(&mut lives, id);
        lives.entry(id.clone()).or_default().push(Life::new());
    }

    /// The lives of an entity so far; at least one.
    pub(crate) fn lives(&self, id: &PersistenceId) -> Vec<Life> {
        let mut lives = self.lock();
        current(&mut lives, id);
        lives[id].clone()
    }

    /// What the entity remembers now.
    pub(crate) fn now(&self, id: &PersistenceId) -> Vec<u64> {
        let lives = self.lives(id);
        lives.last().and_then(|life| life.last()).map(|last| last.after.clone()).unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<PersistenceId, Vec<Life>>> {
        self.0.lock().unwrap()
    }
}

fn current<'a>(lives: &'a mut BTreeMap<PersistenceId, Vec<Life>>, id: &PersistenceId) -> &'a mut Life {
    let lives = lives.entry(id.clone()).or_default();
    if lives.is_empty() {
        lives.push(Life::new());
    }
    lives.last_mut().expect("there is one now")
}
