//! The handle that users hold, and the ports that it gives.

use crate::data::Data;
use annals::storage::{JournalStorage, SnapshotStorage, StateStorage, StorageProvider, WriteStorage};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The name in errors and logs.
pub(crate) const BACKEND: &str = "memory";

/// The largest payload that is taken, in bytes: 16 MiB.
pub(crate) const MAX_PAYLOAD_BYTES: usize = 16 << 20;

/// A store in the memory of this process: nothing survives the process. A clone is another handle on the
/// same data, which lives as long as its last handle.
#[derive(Debug, Clone, Default)]
pub struct MemoryStorage(Arc<Mutex<Data>>);

impl MemoryStorage {
    /// A new, empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// The data, for one transaction. A panic in an earlier one does not make it unusable: a write is checked
    /// as a whole before anything of it is stored.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Data> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StorageProvider for MemoryStorage {
    fn name(&self) -> &'static str {
        BACKEND
    }

    /// One: every group is committed under the one lock, so a second lane would only wait for the first.
    fn lanes(&self) -> NonZeroUsize {
        NonZeroUsize::MIN
    }

    fn max_payload_bytes(&self) -> usize {
        MAX_PAYLOAD_BYTES
    }

    fn writes(&self) -> Arc<dyn WriteStorage> {
        Arc::new(self.clone())
    }

    fn journal(&self) -> Option<Arc<dyn JournalStorage>> {
        Some(Arc::new(self.clone()))
    }

    fn snapshots(&self) -> Option<Arc<dyn SnapshotStorage>> {
        Some(Arc::new(self.clone()))
    }

    fn states(&self) -> Option<Arc<dyn StateStorage>> {
        Some(Arc::new(self.clone()))
    }
}
