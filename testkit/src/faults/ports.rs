//! The ports of the storage that the faults are put around.

use annals::storage::{JournalStorage, SnapshotStorage, StateStorage, StorageProvider, WriteStorage};
use std::sync::Arc;

/// A storage and its ports.
pub(super) struct Ports {
    pub(super) provider: Arc<dyn StorageProvider>,
    pub(super) writes: Arc<dyn WriteStorage>,
    journal: Option<Arc<dyn JournalStorage>>,
    snapshots: Option<Arc<dyn SnapshotStorage>>,
    states: Option<Arc<dyn StateStorage>>,
}

const OFFERED: &str = "a port is offered only if the storage has it";

impl Ports {
    pub(super) fn new(provider: Arc<dyn StorageProvider>) -> Self {
        Self {
            writes: provider.writes(),
            journal: provider.journal(),
            snapshots: provider.snapshots(),
            states: provider.states(),
            provider,
        }
    }

    pub(super) fn journal(&self) -> &Arc<dyn JournalStorage> {
        self.journal.as_ref().expect(OFFERED)
    }

    pub(super) fn snapshots(&self) -> &Arc<dyn SnapshotStorage> {
        self.snapshots.as_ref().expect(OFFERED)
    }

    pub(super) fn states(&self) -> &Arc<dyn StateStorage> {
        self.states.as_ref().expect(OFFERED)
    }
}
