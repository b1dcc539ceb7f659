//! What a storage can answer instead of success. Each error says whether nothing happened or something may
//! have: only [`StorageError::Indeterminate`] may have.

use crate::vocabulary::{Epoch, Key, PersistenceId, SequenceNr, ShardId};
use std::fmt;
use std::sync::Arc;

/// The number that a conflicting write had wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Counter {
    /// The highest sequence number of the journal.
    SequenceNr,
    /// The revision of the state.
    Revision,
    /// The write number within the activation.
    WriteNr,
}

impl fmt::Display for Counter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SequenceNr => "sequence number",
            Self::Revision => "revision",
            Self::WriteNr => "write number",
        })
    }
}

/// What an error is about.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Subject {
    /// One event, by its number.
    Event(PersistenceId, SequenceNr),
    /// One snapshot, by its number.
    Snapshot(PersistenceId, SequenceNr),
    /// The durable state of an entity.
    State(PersistenceId),
    /// The outcome kept for a key.
    Outcome(PersistenceId, Key),
    /// What the storage knows of an entity as a whole.
    Entity(PersistenceId),
    /// A shard's epoch and position.
    Shard(ShardId),
    /// The store as a whole: its file or address.
    Store(Arc<str>),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Event(id, nr) => write!(f, "event {nr} of {id}"),
            Self::Snapshot(id, nr) => write!(f, "snapshot {nr} of {id}"),
            Self::State(id) => write!(f, "state of {id}"),
            Self::Outcome(id, key) => write!(f, "outcome of key {key} of {id}"),
            Self::Entity(id) => write!(f, "entity {id}"),
            Self::Shard(shard) => write!(f, "shard {shard}"),
            Self::Store(store) => write!(f, "store {store}"),
        }
    }
}

/// Every way in which a storage call can fail.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StorageError {
    /// Another writer was first, or a number was left out. Nothing of the write was stored.
    #[error("conflict on {id}: the write expected {counter} {expected}, stored is {actual}")]
    Conflict {
        /// Whose number it is.
        id: PersistenceId,
        /// Which number.
        counter: Counter,
        /// What the write expected to find.
        expected: u64,
        /// What is stored.
        actual: u64,
    },
    /// The shard has another owner by now. Nothing was stored.
    #[error("fenced: shard {shard} is at epoch {current}, the write came with {ours}")]
    Fenced {
        /// The shard.
        shard: ShardId,
        /// The epoch of the write.
        ours: Epoch,
        /// The stored epoch.
        current: Epoch,
    },
    /// The storage could not do it now; it may later. Nothing was stored.
    #[error("{store} is unavailable, and nothing was written: {reason}")]
    Unavailable {
        /// The store: its file or address.
        store: Arc<str>,
        /// What went wrong.
        reason: Arc<str>,
    },
    /// The answer was lost: the write may be stored, or may still be on its way. Raising the shard's epoch
    /// and reading again tells.
    #[error("{store} may or may not have written it: {reason}")]
    Indeterminate {
        /// The store: its file or address.
        store: Arc<str>,
        /// What went wrong.
        reason: Arc<str>,
    },
    /// Stored bytes are damaged. Nothing behind them was used.
    #[error("corrupt: {subject}: {detail}")]
    Corrupt {
        /// What is damaged.
        subject: Subject,
        /// How.
        detail: Arc<str>,
    },
    /// Stored data is sound, but of a kind or version that this program does not know.
    #[error("incompatible: {subject}: {detail}")]
    Incompatible {
        /// What is not understood.
        subject: Subject,
        /// Why, and what would help.
        detail: Arc<str>,
    },
    /// Something is larger than the storage takes. Nothing was stored.
    #[error("too large: {subject} has {bytes} bytes, the limit is {limit}")]
    TooLarge {
        /// What is too large.
        subject: Subject,
        /// Its size.
        bytes: u64,
        /// The largest size taken.
        limit: u64,
    },
    /// The backend cannot do this at all. Nothing was stored.
    #[error("{backend} does not support {what}")]
    Unsupported {
        /// The backend's name.
        backend: &'static str,
        /// What it cannot do.
        what: &'static str,
    },
    /// The storage cannot be used as it was configured.
    #[error("{store}: {detail}")]
    Config {
        /// The store: its file or address.
        store: Arc<str>,
        /// What is wrong, and what would help.
        detail: Arc<str>,
    },
}

impl StorageError {
    /// Whether the write may have happened all the same.
    pub fn is_indeterminate(&self) -> bool {
        matches!(self, Self::Indeterminate { .. })
    }

    /// A [`Corrupt`](Self::Corrupt) error.
    pub fn corrupt(subject: Subject, detail: impl fmt::Display) -> Self {
        Self::Corrupt { subject, detail: detail.to_string().into() }
    }

    /// An [`Incompatible`](Self::Incompatible) error.
    pub fn incompatible(subject: Subject, detail: impl fmt::Display) -> Self {
        Self::Incompatible { subject, detail: detail.to_string().into() }
    }
}
