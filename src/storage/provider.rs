//! What a backend gives to a node.

use super::{JournalStorage, SnapshotStorage, StateStorage, WriteStorage};
use std::num::NonZeroUsize;
use std::sync::Arc;

/// Bundles the ports of one store. A part that is missing is found when an entity that needs it is
/// registered.
pub trait StorageProvider: Send + Sync + 'static {
    /// The backend's name, for errors and logs.
    fn name(&self) -> &'static str;

    /// How many groups of writes it can commit at once.
    fn lanes(&self) -> NonZeroUsize;

    /// The largest payload that it stores, in bytes.
    fn max_payload_bytes(&self) -> usize;

    /// Where everything is written.
    fn writes(&self) -> Arc<dyn WriteStorage>;

    /// The journal of event-sourced entities.
    fn journal(&self) -> Option<Arc<dyn JournalStorage>>;

    /// Their snapshots.
    fn snapshots(&self) -> Option<Arc<dyn SnapshotStorage>>;

    /// The states of durable-state entities.
    fn states(&self) -> Option<Arc<dyn StateStorage>>;
}
