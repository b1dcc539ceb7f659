//! The keys that an activation knows.

use super::{Defect, Shared};
use annals::storage::{KeyedOutcome, StorageError};
use annals::{Key, PersistenceId};
use std::collections::VecDeque;

/// The newest keys with their outcomes. Older ones are in the storage only.
pub(super) struct Keys {
    recent: VecDeque<Known>,
    /// There are no others.
    complete: bool,
}

/// An outcome, and the write of this activation that carries it; 0 for one that was read.
#[derive(Clone)]
pub(super) struct Known {
    pub(super) write: u64,
    pub(super) kept: KeyedOutcome,
}

impl Keys {
    pub(super) fn new() -> Self {
        Self { recent: VecDeque::new(), complete: true }
    }

    pub(super) fn expect_older(&mut self) {
        self.complete = false;
    }

    pub(super) fn insert(&mut self, write: u64, kept: KeyedOutcome) {
        if !self.recent.iter().any(|known| known.kept.key == kept.key) {
            self.recent.push_back(Known { write, kept });
        }
    }

    /// Forgets the oldest that are too many and stored for sure.
    pub(super) fn shrink(&mut self, limit: usize, confirmed: u64) {
        while self.recent.len() > limit && self.recent[0].write <= confirmed {
            self.recent.pop_front();
            self.complete = false;
        }
    }

    /// Forgets what comes with writes that are not confirmed.
    pub(super) fn forget_behind(&mut self, confirmed: u64) {
        self.recent.retain(|known| known.write <= confirmed);
        self.recent.iter_mut().for_each(|known| known.write = 0);
    }

    /// What a snapshot holds of them.
    pub(super) fn for_snapshot(&self, shared: &Shared) -> (Vec<KeyedOutcome>, bool) {
        if shared.has(Defect::LeavesKeysOutOfSnapshots) {
            return (Vec::new(), true);
        }
        (self.recent.iter().map(|known| known.kept.clone()).collect(), self.complete)
    }

    /// What is known of a key; the storage is asked when it may know more.
    pub(super) async fn find(
        &self,
        shared: &Shared,
        id: &PersistenceId,
        key: &Key,
        confirmed: u64,
    ) -> Result<Option<Known>, StorageError> {
        let is_it = |known: &&Known| match shared.defect {
            Defect::ComparesKeysByHash => hash(&known.kept.key) == hash(key),
            Defect::ComparesKeysWithoutCase => known.kept.key.as_str().eq_ignore_ascii_case(key.as_str()),
            Defect::RunsRepetitionsInFlight => known.write <= confirmed && known.kept.key == *key,
            _ => known.kept.key == *key,
        };
        let recent = self.recent.iter().find(is_it).cloned();
        if recent.is_some() || self.complete || shared.has(Defect::ForgetsKeysBeyondMemory) {
            return Ok(recent);
        }
        let stored = shared.writes.outcomes(id, std::slice::from_ref(key)).await?.pop().flatten();
        Ok(stored.map(|kept| Known { write: 0, kept }))
    }
}

/// 16 bits of FNV-1a.
fn hash(key: &Key) -> u16 {
    let step = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    let hash = key.as_str().bytes().fold(0x811c_9dc5, step);
    (hash >> 16) as u16 ^ hash as u16
}
