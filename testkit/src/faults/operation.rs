//! Which calls are meant: the operations of the ports, and an entity.

use annals::PersistenceId;
use std::fmt;

/// A method of the storage ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Operation {
    /// [`WriteStorage::append`](annals::storage::WriteStorage::append).
    Append,
    /// [`WriteStorage::outcomes`](annals::storage::WriteStorage::outcomes).
    Outcomes,
    /// [`WriteStorage::manifests`](annals::storage::WriteStorage::manifests).
    Manifests,
    /// [`WriteStorage::erase`](annals::storage::WriteStorage::erase).
    Erase,
    /// [`WriteStorage::epochs`](annals::storage::WriteStorage::epochs).
    Epochs,
    /// [`WriteStorage::raise_epochs`](annals::storage::WriteStorage::raise_epochs).
    RaiseEpochs,
    /// [`JournalStorage::read`](annals::storage::JournalStorage::read).
    Read,
    /// [`JournalStorage::extent`](annals::storage::JournalStorage::extent) and
    /// [`highest_sequence_nr`](annals::storage::JournalStorage::highest_sequence_nr).
    Extent,
    /// [`JournalStorage::delete_to`](annals::storage::JournalStorage::delete_to).
    DeleteEvents,
    /// [`SnapshotStorage::save`](annals::storage::SnapshotStorage::save).
    SaveSnapshot,
    /// [`SnapshotStorage::load`](annals::storage::SnapshotStorage::load).
    LoadSnapshot,
    /// [`SnapshotStorage::list`](annals::storage::SnapshotStorage::list).
    ListSnapshots,
    /// [`SnapshotStorage::delete`](annals::storage::SnapshotStorage::delete).
    DeleteSnapshots,
    /// [`StateStorage::load`](annals::storage::StateStorage::load).
    LoadState,
}

impl Operation {
    /// This operation on one entity; for [`Append`](Self::Append) a group that holds a write of it.
    pub fn of(self, id: &PersistenceId) -> Match {
        Match { operation: Some(self), id: Some(id.clone()) }
    }

    /// Whether it changes what is stored, so that its answer can be lost.
    pub fn is_mutation(self) -> bool {
        match self {
            Self::Append
            | Self::Erase
            | Self::RaiseEpochs
            | Self::DeleteEvents
            | Self::SaveSnapshot
            | Self::DeleteSnapshots => true,
            Self::Outcomes
            | Self::Manifests
            | Self::Epochs
            | Self::Read
            | Self::Extent
            | Self::LoadSnapshot
            | Self::ListSnapshots
            | Self::LoadState => false,
        }
    }
}

/// Which calls are meant. An [`Operation`] is one: every call of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    operation: Option<Operation>,
    id: Option<PersistenceId>,
}

impl Match {
    /// Every call.
    pub fn any() -> Self {
        Self { operation: None, id: None }
    }

    /// Every call about one entity.
    pub fn of(id: &PersistenceId) -> Self {
        Self { operation: None, id: Some(id.clone()) }
    }

    /// Whether a call of this operation on these entities is meant.
    pub fn meets(&self, operation: Operation, ids: &[PersistenceId]) -> bool {
        self.operation.is_none_or(|meant| meant == operation)
            && self.id.as_ref().is_none_or(|meant| ids.contains(meant))
    }

    pub(super) fn operation(&self) -> Option<Operation> {
        self.operation
    }
}

impl From<Operation> for Match {
    fn from(operation: Operation) -> Self {
        Self { operation: Some(operation), id: None }
    }
}

impl fmt::Display for Match {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.operation {
            Some(operation) => write!(f, "{operation:?}")?,
            None => f.write_str("any call")?,
        }
        self.id.iter().try_for_each(|id| write!(f, " of {id}"))
    }
}
