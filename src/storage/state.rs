//! Reading durable states. They are saved and deleted through [`WriteStorage`] only, by compare and set.

use super::{StorageError, WriteStorage};
use crate::vocabulary::{Payload, PersistenceId, Revision, Timestamp};
use async_trait::async_trait;

/// A durable state as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredState {
    /// How often it was saved or deleted.
    pub revision: Revision,
    /// When that was last.
    pub written_at: Timestamp,
    /// The encoded state, not yet verified; none after a deletion.
    pub payload: Option<Payload>,
}

/// The port to the durable states.
#[async_trait]
pub trait StateStorage: WriteStorage {
    /// The state of an entity: none if it never had one, one without payload if it was deleted.
    ///
    /// # Errors
    /// `Corrupt` naming the state when its row cannot be read; `Unavailable`.
    async fn load(&self, id: &PersistenceId) -> Result<Option<StoredState>, StorageError>;
}
