//! Reading and trimming the history of a persistence id. Events get in through
//! [`WriteStorage`](super::WriteStorage) only.

use super::{Fence, KeyedOutcome, StorageError, WriteStorage};
use crate::vocabulary::{Metadata, Payload, PersistenceId, Position, SequenceNr, Tag, Timestamp};
use async_trait::async_trait;
use futures_core::Stream;
use std::pin::Pin;

/// An event as it was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// Its number in the history of its persistence id.
    pub sequence_nr: SequenceNr,
    /// Its place in the feed of its shard.
    pub position: Position,
    /// When it was decided.
    pub written_at: Timestamp,
    /// Its name, version and bytes; not yet verified.
    pub payload: Payload,
    /// Its tags.
    pub tags: Vec<Tag>,
    /// Its metadata.
    pub metadata: Metadata,
}

/// One item of a history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JournalEntry {
    /// An event.
    Event(StoredEvent),
    /// The outcome of a keyed command. It comes after the events of its own write.
    Outcome {
        /// The highest sequence number after its write.
        sequence_nr: SequenceNr,
        /// Key and outcome.
        kept: KeyedOutcome,
    },
}

/// Which part of a history to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadRange {
    /// The first number; 0 means the same as 1.
    pub from: SequenceNr,
    /// The last number, included.
    pub to: SequenceNr,
    /// At most so many events.
    pub limit: u64,
}

impl ReadRange {
    /// The whole history.
    pub const ALL: Self = Self::from(SequenceNr::new(1));

    /// Everything from `from` on.
    pub const fn from(from: SequenceNr) -> Self {
        Self { from, to: SequenceNr::MAX, limit: u64::MAX }
    }

    /// The same, ending with number `to`.
    pub const fn to(self, to: SequenceNr) -> Self {
        Self { to, ..self }
    }

    /// The same, with at most `limit` events.
    pub const fn at_most(self, limit: u64) -> Self {
        Self { limit, ..self }
    }

    /// Whether nothing can be in it.
    pub fn is_empty(&self) -> bool {
        self.limit == 0 || self.from > self.to
    }
}

/// How far a history reaches: `erased_to <= deleted_to <= highest`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Extent {
    /// The highest number when the entity was last [erased](WriteStorage::erase): the history of what it is
    /// now begins behind it, with a fresh state. 0 if it never was.
    pub erased_to: SequenceNr,
    /// The highest number up to which events were deleted.
    pub deleted_to: SequenceNr,
    /// The highest number ever given.
    pub highest: SequenceNr,
}

/// A history as it is read, page by page, in bounded memory.
pub type JournalStream = Pin<Box<dyn Stream<Item = Result<JournalEntry, StorageError>> + Send>>;

/// The port to the journal.
#[async_trait]
pub trait JournalStorage: WriteStorage {
    /// Reads events in the order of their numbers, and with them the outcomes kept at the numbers
    /// `from - 1` to `to` (the outcome of a command that stored no event stands at the number before it).
    /// An outcome comes after every event up to its number. Reading stops at the limit's last event and
    /// the outcomes at its number.
    ///
    /// A stream sees a prefix of the history as it is at some point of its life or later: never a hole, never
    /// a part of a write whose other part was there. Deleted events are left out at the front only; a
    /// stream that a deletion overtakes ends with `Unavailable` and can be started again.
    ///
    /// Dropping the stream half-way is harmless.
    ///
    /// # Errors
    /// Items: `Corrupt` naming the event that is damaged or missing, and nothing after it; `Unavailable`.
    fn read(&self, id: &PersistenceId, range: ReadRange) -> JournalStream;

    /// How far the history of this id reaches; all zero for an unknown one.
    ///
    /// # Errors
    /// `Unavailable` or `Corrupt`.
    async fn extent(&self, id: &PersistenceId) -> Result<Extent, StorageError>;

    /// The highest sequence number ever given for this id, deleted events included; 0 for an unknown id.
    ///
    /// # Errors
    /// `Unavailable` or `Corrupt`.
    async fn highest_sequence_nr(&self, id: &PersistenceId) -> Result<SequenceNr, StorageError> {
        Ok(self.extent(id).await?.highest)
    }

    /// Deletes the events up to number `to`, which may lie beyond the end. Numbers are not used again (G2),
    /// and kept outcomes stay. Once it returned no read gives such an event.
    ///
    /// # Errors
    /// `Fenced`, `Unavailable`, `Indeterminate`.
    async fn delete_to(&self, id: &PersistenceId, fence: Fence, to: SequenceNr) -> Result<(), StorageError>;
}
