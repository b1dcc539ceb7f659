//! The outcome of a keyed command, kept in the write of that command and given again to its repetitions.

use crate::vocabulary::{CommandDigest, Key, Payload};

/// Whether a command was answered or refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OutcomeKind {
    /// The handler replied.
    Reply,
    /// The handler rejected the command.
    Rejection,
}

/// What a command came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Reply or rejection.
    pub kind: OutcomeKind,
    /// The encoded reply or rejection; its manifest names the command.
    pub payload: Payload,
}

/// A key, the command that came with it first, and what that came to (G6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyedOutcome {
    /// The key, unique within the entity.
    pub key: Key,
    /// Tells a repetition from another command with the same key.
    pub command: CommandDigest,
    /// What it came to.
    pub outcome: Outcome,
}

impl KeyedOutcome {
    /// How many bytes of memory it takes, about.
    pub fn weight(&self) -> usize {
        self.key.as_str().len() + self.outcome.payload.bytes().len() + std::mem::size_of::<Self>()
    }
}
