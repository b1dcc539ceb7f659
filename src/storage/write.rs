//! The one atomic write of a handled command, and the port that takes groups of them.

use super::{KeyedOutcome, StorageError, Subject};
use crate::vocabulary::{
    ActivationId, Epoch, Key, Manifest, Metadata, Payload, PersistenceId, Position, Revision, SequenceNr,
    ShardId, Tag, Timestamp, WriteNr,
};
use async_trait::async_trait;
use std::ops::Deref;
use std::sync::Arc;

/// The right to write to a shard: its owner's epoch (G3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fence {
    /// The shard.
    pub shard: ShardId,
    /// The epoch at which the writer owns it.
    pub epoch: Epoch,
}

/// One event, ready to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its name, version and bytes.
    pub payload: Payload,
    /// What feed readers find it by.
    pub tags: Vec<Tag>,
    /// What explains it.
    pub metadata: Metadata,
}

impl Event {
    /// How many bytes it takes: its payload, tags and metadata.
    pub fn bytes(&self) -> usize {
        let tags = self.tags.iter().map(|tag| tag.len()).sum::<usize>();
        let metadata = self.metadata.iter().map(|(name, text)| name.len() + text.len()).sum::<usize>();
        self.payload.bytes().len() + tags + metadata
    }
}

impl From<Payload> for Event {
    fn from(payload: Payload) -> Self {
        Self { payload, tags: Vec::new(), metadata: Metadata::new() }
    }
}

/// The events of one write, in order. None and one take no allocation of their own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Events(Few);

#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum Few {
    #[default]
    None,
    One(Event),
    Many(Vec<Event>),
}

impl Events {
    /// Adds one behind the others.
    pub fn push(&mut self, event: Event) {
        self.0 = match std::mem::take(&mut self.0) {
            Few::None => Few::One(event),
            Few::One(first) => Few::Many(vec![first, event]),
            Few::Many(mut events) => {
                events.push(event);
                Few::Many(events)
            }
        };
    }
}

impl Deref for Events {
    type Target = [Event];
    fn deref(&self) -> &[Event] {
        match &self.0 {
            Few::None => &[],
            Few::One(event) => std::slice::from_ref(event),
            Few::Many(events) => events,
        }
    }
}
impl From<Vec<Event>> for Events {
    fn from(events: Vec<Event>) -> Self {
        Self(Few::Many(events))
    }
}
impl FromIterator<Event> for Events {
    fn from_iter<I: IntoIterator<Item = Event>>(events: I) -> Self {
        let mut all = Self::default();
        events.into_iter().for_each(|event| all.push(event));
        all
    }
}
impl<'a> IntoIterator for &'a Events {
    type Item = &'a Event;
    type IntoIter = std::slice::Iter<'a, Event>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// What a write does to a durable state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StateChange {
    /// Leaves it as it is: the write only carries an outcome or side effects.
    Keep,
    /// Puts this state in its place; the revision grows by one.
    Save(Payload),
    /// Deletes it; the revision grows by one and is kept.
    Delete,
}

/// What a write changes. The expected number is checked whether or not anything is added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Adds events to a journal.
    Events {
        /// The highest sequence number before this write.
        expected: SequenceNr,
        /// The events, in order; they take the numbers after `expected`. May be empty.
        events: Events,
    },
    /// Changes a durable state.
    State {
        /// The revision before this write.
        expected: Revision,
        /// What happens to it.
        change: StateChange,
    },
}

/// A durable message to an entity, itself included; one with a due time is a timer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingMessage {
    /// Who is to handle it.
    pub to: PersistenceId,
    /// The encoded command.
    pub command: Payload,
    /// The key under which it is handled once, if it has one.
    pub key: Option<Key>,
    /// Not before this time.
    pub due: Option<Timestamp>,
    /// What travels with it.
    pub headers: Metadata,
}

/// An entry for the outside world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxEntry {
    /// Entries of one key are delivered in order.
    pub key: Key,
    /// The encoded event.
    pub payload: Payload,
    /// What travels with it.
    pub headers: Metadata,
}

/// What rides on a write beside its change.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SideEffect {
    /// A message to an entity.
    Send(OutgoingMessage),
    /// An entry of the outbox.
    Publish(OutboxEntry),
    /// Takes back the messages of this entity to itself that are not handled yet and have this key.
    Cancel(Key),
}

/// Everything that one handled command changes: stored as a whole or not at all (G5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// Whose write it is.
    pub id: PersistenceId,
    /// Under which ownership of the entity's shard ([`ShardId::of`]). The storage compares the epoch with the
    /// stored one in the transaction.
    pub fence: Fence,
    /// The activation that decided it.
    pub activation: ActivationId,
    /// Its number within the activation: 1, 2, 3 ... without gap.
    pub write_nr: WriteNr,
    /// When it was decided.
    pub written_at: Timestamp,
    /// What it changes.
    pub change: Change,
    /// The outcome kept for the command's key, if it had one. The writer has made sure that the key is new; of
    /// two outcomes for one key the first is the one that is found.
    pub outcome: Option<KeyedOutcome>,
    /// What rides on it.
    pub side_effects: Vec<SideEffect>,
}

impl Write {
    /// How many bytes of payload it carries, tags and metadata included.
    pub fn payload_bytes(&self) -> usize {
        let change = match &self.change {
            Change::Events { events, .. } => events.iter().map(Event::bytes).sum(),
            Change::State { change: StateChange::Save(state), .. } => state.bytes().len(),
            Change::State { .. } => 0,
        };
        change + self.outcome.as_ref().map_or(0, |kept| kept.outcome.payload.bytes().len())
    }

    /// The check that every backend makes before it writes anything: no payload is over `limit` bytes.
    ///
    /// # Errors
    /// [`StorageError::TooLarge`] names the event, state or outcome.
    pub fn check_sizes(&self, limit: usize) -> Result<(), StorageError> {
        let fits = |payload: &Payload, subject: &dyn Fn() -> Subject| match payload.bytes().len() {
            bytes if bytes <= limit => Ok(()),
            bytes => {
                Err(StorageError::TooLarge { subject: subject(), bytes: bytes as u64, limit: limit as u64 })
            }
        };
        match &self.change {
            Change::Events { expected, events } => {
                for (before, event) in (0..).zip(events) {
                    fits(&event.payload, &|| Subject::Event(self.id.clone(), expected.plus(before).plus(1)))?;
                }
            }
            Change::State { change: StateChange::Save(state), .. } => {
                fits(state, &|| Subject::State(self.id.clone()))?;
            }
            Change::State { .. } => {}
        }
        match &self.outcome {
            Some(kept) => {
                fits(&kept.outcome.payload, &|| Subject::Outcome(self.id.clone(), kept.key.clone()))
            }
            None => Ok(()),
        }
    }
}

/// What a stored write came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Committed {
    /// A journal write.
    Events {
        /// The highest sequence number after it.
        sequence_nr: SequenceNr,
        /// The feed position of its last event; none if it had no events, or if they were deleted since.
        position: Option<Position>,
    },
    /// A state write.
    State {
        /// The revision after it.
        revision: Revision,
    },
}

/// The number of a lane: 0 to [`StorageProvider::lanes`](super::StorageProvider::lanes) - 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lane(pub usize);

impl Lane {
    /// The lane that all writes of `shard` go through when there are `lanes` of them.
    pub const fn of(shard: ShardId, lanes: usize) -> Self {
        Self(shard.get() as usize % lanes)
    }
}

/// The port through which everything is written and ownership is fenced.
#[async_trait]
pub trait WriteStorage: Send + Sync + 'static {
    /// Stores a group of writes durably, each one as a whole or not at all, and answers one result per
    /// write, in order, after all that it stored is durable (G1).
    ///
    /// - A write is refused with `Fenced` when its epoch is not the shard's stored one (G3), compared under
    ///   a lock that [`raise_epochs`](Self::raise_epochs) also takes; with `Conflict` when an expected
    ///   number differs (G2); with `TooLarge` or `Unsupported` before anything of it is written. Its
    ///   neighbours are not affected. Fencing is judged first, then what the backend cannot store at all
    ///   (`TooLarge`, `Unsupported`), then the write number, then the expected number.
    /// - Several writes of one entity are stored in their order. A repetition of a stored (activation, write
    ///   number) of the entity's last activation is answered with the stored success and not stored again. A
    ///   number that is not the next one of its activation, or not 1 for an activation other than the last,
    ///   is a `Conflict` on [`Counter::WriteNr`](super::Counter): so nothing of an activation is stored after
    ///   a write of it failed. A repetition by an earlier activation may be answered either way; its events
    ///   are not stored again, because their numbers are taken.
    /// - A number above `i64::MAX` is refused, never wrapped.
    /// - When a write is `Unavailable`, all later writes of its activation in the group are too: the group
    ///   can be sent again as it was.
    ///
    /// A lane is not called again before its last call returned, and all writes of a shard come through
    /// one lane.
    ///
    /// # Cancel safety
    /// Not to be cancelled: the outcome would be unknown.
    async fn append(&self, lane: Lane, group: Arc<[Write]>) -> Vec<Result<Committed, StorageError>>;

    /// The outcomes kept for these keys of one entity, in the order of the keys; `None` for a key that was
    /// never used.
    ///
    /// # Errors
    /// `Unavailable`, or `Corrupt` naming the key.
    async fn outcomes(
        &self,
        id: &PersistenceId,
        keys: &[Key],
    ) -> Result<Vec<Option<KeyedOutcome>>, StorageError>;

    /// Every name and version that an event or a state of this entity type was ever stored with, in any
    /// order, each once; those of deleted and erased ones too. It is recorded in the transaction of the write
    /// that stores it first.
    ///
    /// # Errors
    /// `Unavailable` or `Corrupt`.
    async fn manifests(&self, entity_type: &str) -> Result<Vec<Manifest>, StorageError>;

    /// Erases an entity durably and as a whole: all events, kept outcomes, snapshots and its state. Only its
    /// numbers stay, so that none is used again (G2): the highest sequence number, and the revision, which
    /// grows by one if there was ever a state. Once it returned, no call gives anything of what was erased;
    /// [`Extent::erased_to`](super::Extent) tells of it. Erasing an unknown or erased entity is fine.
    ///
    /// The caller sees to it that no write of the entity is in flight.
    ///
    /// # Errors
    /// `Fenced`, `Unavailable`, `Indeterminate`.
    async fn erase(&self, id: &PersistenceId, fence: Fence) -> Result<(), StorageError>;

    /// The stored epochs of these shards, in their order; 0 for one that nobody owned yet.
    ///
    /// # Errors
    /// `Unavailable` or `Corrupt`.
    async fn epochs(&self, shards: &[ShardId]) -> Result<Vec<Epoch>, StorageError>;

    /// Raises the epochs of these shards durably, all or none. Once it returned, no write with an older
    /// epoch is ever stored, and everything stored with one can be read.
    ///
    /// # Errors
    /// `Fenced` for the first shard whose stored epoch is not smaller than the new one; `Unavailable`;
    /// `Indeterminate`.
    async fn raise_epochs(&self, raised: &[Fence]) -> Result<(), StorageError>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::{CodecId, EntityId};

    #[test]
    fn a_payload_over_the_limit_is_named_whatever_the_number_before_it() {
        for expected in [SequenceNr::ZERO, SequenceNr::new(u64::MAX)] {
            let payload = |bytes| Payload::seal(Manifest::new("e", 1), CodecId(1), vec![0; bytes]);
            let write = Write {
                id: PersistenceId::new("t", EntityId::new("x").unwrap()).unwrap(),
                fence: Fence { shard: ShardId::new(0).unwrap(), epoch: Epoch::ZERO },
                activation: ActivationId::new(1),
                write_nr: WriteNr::new(1),
                written_at: Timestamp::default(),
                change: Change::Events {
                    expected,
                    events: vec![payload(1).into(), payload(3).into()].into(),
                },
                outcome: None,
                side_effects: vec![],
            };
            assert!(write.check_sizes(3).is_ok());
            let error = write.check_sizes(2).unwrap_err();
            assert!(matches!(error, StorageError::TooLarge { bytes: 3, limit: 2, .. }), "{error}");
            if expected == SequenceNr::ZERO {
                assert!(error.to_string().contains("event 2 of t/x"), "{error}");
            }
        }
    }
}
