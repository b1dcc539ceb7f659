//! The outcomes kept for keys: of two for one key, the first is the one that is found.

use annals::Key;
use annals::storage::KeyedOutcome;
use std::collections::BTreeMap;

/// The outcomes of an entity, by key.
#[derive(Debug, Clone, Default)]
pub(in crate::model) struct Outcomes(BTreeMap<Key, KeyedOutcome>);

impl Outcomes {
    /// Whether something was kept for the key.
    pub(super) fn contains(&self, key: &Key) -> bool {
        self.0.contains_key(key)
    }

    pub(super) fn keep(&mut self, kept: &KeyedOutcome) {
        self.0.entry(kept.key.clone()).or_insert_with(|| kept.clone());
    }

    pub(in crate::model) fn find(&self, keys: &[Key]) -> Vec<Option<KeyedOutcome>> {
        keys.iter().map(|key| self.0.get(key).cloned()).collect()
    }

    pub(super) fn erase(&mut self) {
        self.0.clear();
    }
}
