//! The ports of a store without the store itself, which stays with the case.

use annals::storage::{JournalStorage, SnapshotStorage, StateStorage, StorageProvider, WriteStorage};
use std::num::NonZeroUsize;
use std::sync::Arc;

/// What an engine under test gets of the store.
pub(super) struct Ports {
    name: &'static str,
    lanes: NonZeroUsize,
    max_payload_bytes: usize,
    writes: Arc<dyn WriteStorage>,
    journal: Option<Arc<dyn JournalStorage>>,
    snapshots: Option<Arc<dyn SnapshotStorage>>,
    states: Option<Arc<dyn StateStorage>>,
}

impl Ports {
    pub(super) fn of(provider: &dyn StorageProvider) -> Self {
        Self {
            name: provider.name(),
            lanes: provider.lanes(),
            max_payload_bytes: provider.max_payload_bytes(),
            writes: provider.writes(),
            journal: provider.journal(),
            snapshots: provider.snapshots(),
            states: provider.states(),
        }
    }
}

impl StorageProvider for Ports {
    fn name(&self) -> &'static str {
        self.name
    }
    fn lanes(&self) -> NonZeroUsize {
        self.lanes
    }
    fn max_payload_bytes(&self) -> usize {
        self.max_payload_bytes
    }
    fn writes(&self) -> Arc<dyn WriteStorage> {
        self.writes.clone()
    }
    fn journal(&self) -> Option<Arc<dyn JournalStorage>> {
        self.journal.clone()
    }
    fn snapshots(&self) -> Option<Arc<dyn SnapshotStorage>> {
        self.snapshots.clone()
    }
    fn states(&self) -> Option<Arc<dyn StateStorage>> {
        self.states.clone()
    }
}
