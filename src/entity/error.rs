//! How a call can fail. One type for every call, so that a caller decides by matching, never by parsing.

use super::Never;
use crate::storage::StorageError;
use crate::vocabulary::{
    CodecError, InvalidId, InvalidKey, Key, Manifest, Name, PersistenceId, SealingError, SequenceNr,
};
use std::sync::Arc;
use std::time::Duration;

/// Why a call did not give a reply.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum CallError<E = Never> {
    /// The entity refused the command, with the reason that its handler gave.
    #[error("rejected: {0}")]
    Rejected(E),
    /// Nothing happened by this call, and nothing of it will: safe to retry. If an earlier call with the same
    /// key ended as [`Unknown`](Self::Unknown), retry with that key.
    #[error("not handled: {0}")]
    NotHandled(#[source] NotHandled),
    /// The command may have been handled. Retry it with the same key, or read the entity first.
    #[error("unknown whether it was handled: {0}")]
    Unknown(#[source] Unknown),
    /// A bound was reached, and nothing happened by this call. Retry it later, with the key that it had.
    #[error("overloaded: {0}")]
    Overloaded(#[source] Overloaded),
    /// The entity's stored data is sound but newer than, or unknown to, this program. Nothing happened.
    #[error("{0}")]
    Incompatible(#[source] StorageError),
    /// The key was used before, for another command. Nothing happened by this call.
    #[error("key {key} of {id} was used for another command")]
    KeyReused {
        /// The entity.
        id: PersistenceId,
        /// The key.
        key: Key,
    },
}

/// Why nothing of a command happened.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum NotHandled {
    /// The node has no such entity type.
    #[error("entity type {entity_type} is not registered at this node")]
    Unregistered {
        /// The type's name.
        entity_type: Arc<str>,
    },
    /// The entity's definition does not list the command.
    #[error("the definition of {entity_type} does not list the command {command}")]
    UnlistedCommand {
        /// The type's name.
        entity_type: Arc<str>,
        /// The command's name.
        command: Name,
    },
    /// The entity id is not one.
    #[error(transparent)]
    InvalidId(InvalidId),
    /// The key is not one.
    #[error(transparent)]
    InvalidKey(InvalidKey),
    /// The node is shutting down.
    #[error("the node is shutting down")]
    ShutDown,
    /// The entity could not be recovered.
    #[error(transparent)]
    Recovery(RecoveryError),
    /// The entity has no events to be read.
    #[error("entity type {entity_type} is not event-sourced")]
    NoEvents {
        /// The type's name.
        entity_type: Arc<str>,
    },
    /// The handler, `apply` or the reply panicked; nothing was written, and the entity was dropped from
    /// memory.
    #[error("{id} panicked at command {command}: {message}")]
    Panicked {
        /// The entity.
        id: PersistenceId,
        /// The command's name.
        command: Name,
        /// What the panic said.
        message: Arc<str>,
    },
    /// The command cannot be encoded, which its key needs.
    #[error("{id}, command {command}: {error}")]
    Unencodable {
        /// The entity.
        id: PersistenceId,
        /// The command's name.
        command: Name,
        /// What the codec said.
        error: CodecError,
    },
    /// An event, reply or state cannot be encoded so that it can be decoded again, or not be encrypted.
    #[error("{id}, command {command}: {error}")]
    Unsealable {
        /// The entity.
        id: PersistenceId,
        /// The command's name.
        command: Name,
        /// What codec or cipher said.
        error: SealingError,
    },
    /// An event says that it has a name and version which its type does not list.
    #[error("{id}, command {command}: event {manifest} is not among the manifests of its type")]
    UnlistedEvent {
        /// The entity.
        id: PersistenceId,
        /// The command's name.
        command: Name,
        /// What the event calls itself.
        manifest: Manifest,
    },
    /// An event, a state, an outcome or a whole write is over the limit.
    #[error("{id}, command {command}: {what} of {bytes} bytes is over the limit of {limit}")]
    TooLarge {
        /// The entity.
        id: PersistenceId,
        /// The command's name.
        command: Name,
        /// The event, the state, the outcome, or the whole write.
        what: Arc<str>,
        /// Its encoded size.
        bytes: usize,
        /// The largest size.
        limit: usize,
    },
    /// The entity keeps nothing, so it cannot keep the outcome for a key.
    #[error("{id}, command {command}: an ephemeral entity keeps no keys")]
    KeyNotKept {
        /// The entity.
        id: PersistenceId,
        /// The command's name.
        command: Name,
    },
    /// The effect is of another kind than the entity, or asks for a snapshot of a type that takes none.
    #[error("{id}, command {command}: {detail}")]
    ImpossibleEffect {
        /// The entity.
        id: PersistenceId,
        /// The command's name.
        command: Name,
        /// What does not fit.
        detail: &'static str,
    },
    /// The entity's activation ended early, and its policy is to stop
    /// ([`FailurePolicy::Stop`](super::FailurePolicy::Stop)).
    #[error("{id} was stopped: {why}")]
    Stopped {
        /// The entity.
        id: PersistenceId,
        /// What ended it.
        why: Arc<str>,
    },
    /// The storage refused to erase the entity.
    #[error("nothing was erased: {0}")]
    NotErased(StorageError),
    /// The storage failed, or the shard was lost, before it was given the write.
    #[error("the write was not handed to the storage: {0}")]
    NotWritten(StorageError),
}

/// Why it is not known whether a command was handled.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Unknown {
    /// The caller's own time-out ran out.
    #[error("no answer within {after:?}")]
    TimedOut {
        /// The time-out.
        after: Duration,
    },
    /// The write was handed to the storage, which did not confirm it.
    #[error("the write was not confirmed: {0}")]
    NotConfirmed(StorageError),
    /// The storage could not tell whether the key was used before. This call did nothing.
    #[error("the key could not be looked up: {0}")]
    KeyLookup(StorageError),
    /// A handler that awaits was dropped: past its deadline, by a panic, or because the entity lost its shard.
    /// Nothing of the entity was changed; what the handler did outside stands. (If a shutdown runs out of time it
    /// is [`Lost`](Self::Lost), which means the same for it.)
    #[error("{id}, command {command}: the handler was interrupted: {why}")]
    Interrupted {
        /// The entity.
        id: PersistenceId,
        /// The command's name.
        command: Name,
        /// By what.
        why: Arc<str>,
    },
    /// A handler that awaits came to its end, and what it decided was not stored. Nothing of the entity was
    /// changed; what the handler did outside stands.
    #[error("the handler ran, but what it decided was not stored: {0}")]
    NotStored(NotHandled),
    /// The entity may or may not be erased.
    #[error("it may or may not be erased: {0}")]
    Erasing(StorageError),
    /// The entity went away without an answer: its runtime was stopped, a shutdown ran out of time, or its own
    /// code panicked while the answer was given.
    #[error("the entity went away without an answer")]
    Lost,
    /// The kept outcome cannot be read as the reply of this command.
    #[error("it was handled, but its outcome cannot be read: {0}")]
    Unreadable(Arc<str>),
}

/// Which bound was reached.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Overloaded {
    /// The entity's mailbox is full.
    #[error("the mailbox of {id} holds {limit} calls")]
    Mailbox {
        /// The entity.
        id: PersistenceId,
        /// The bound.
        limit: usize,
    },
    /// Too many entities are active, and none became idle in time.
    #[error("{limit} entities are active, and none became idle in time")]
    ActiveEntities {
        /// The bound.
        limit: usize,
    },
    /// Too many commands of the entity wait until they are ready.
    #[error("{limit} commands of {id} wait until they are ready")]
    Waiting {
        /// The entity.
        id: PersistenceId,
        /// The bound.
        limit: usize,
    },
}

/// Why an entity could not be brought back from its journal (G10).
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum RecoveryError {
    /// The storage could not give its history, or not a sound one.
    #[error("recovery failed: {0}")]
    Storage(StorageError),
    /// `apply` panicked at an event.
    #[error("recovery failed: apply panicked at event {sequence_nr} of {id}: {message}")]
    Panicked {
        /// The entity.
        id: PersistenceId,
        /// The event.
        sequence_nr: SequenceNr,
        /// What the panic said.
        message: Arc<str>,
    },
}

/// Why the past of an entity cannot be read.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum HistoryError {
    /// The entity cannot be reached: its type is not registered, its id is none, or it has no events.
    #[error(transparent)]
    NotHandled(NotHandled),
    /// The events that are asked for were deleted.
    #[error("the events of {id} up to {deleted_to} were deleted")]
    Compacted {
        /// The entity.
        id: PersistenceId,
        /// The last number that is gone.
        deleted_to: SequenceNr,
    },
    /// The number lies in the future.
    #[error("{id} has not reached {asked} yet; its highest number is {highest}")]
    NotReached {
        /// The entity.
        id: PersistenceId,
        /// The number that was asked for.
        asked: SequenceNr,
        /// The highest one.
        highest: SequenceNr,
    },
    /// The storage could not give it, or what it gave cannot be read; the error names the event.
    #[error(transparent)]
    Recovery(RecoveryError),
}

impl From<NotHandled> for HistoryError {
    fn from(reason: NotHandled) -> Self {
        Self::NotHandled(reason)
    }
}

/// A failure without the user's type: what the layers below the client speak of.
#[derive(Debug, Clone)]
pub(crate) enum Failure {
    NotHandled(NotHandled),
    Unknown(Unknown),
    Overloaded(Overloaded),
    Incompatible(StorageError),
    KeyReused { id: PersistenceId, key: Key },
}

impl<E> From<Failure> for CallError<E> {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::NotHandled(reason) => Self::NotHandled(reason),
            Failure::Unknown(reason) => Self::Unknown(reason),
            Failure::Overloaded(bound) => Self::Overloaded(bound),
            Failure::Incompatible(error) => Self::Incompatible(error),
            Failure::KeyReused { id, key } => Self::KeyReused { id, key },
        }
    }
}

impl From<RecoveryError> for Failure {
    fn from(error: RecoveryError) -> Self {
        match error {
            RecoveryError::Storage(error @ StorageError::Incompatible { .. }) => Self::Incompatible(error),
            error => Self::NotHandled(NotHandled::Recovery(error)),
        }
    }
}
