//! What a command does, as data. The engine encodes, applies and stores it.

use super::event_sourced::{Event, EventSourced};
use crate::storage;
use crate::vocabulary::{Codec, CodecError, Manifest, Payload};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The rejection of a command that cannot be rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Never {}

impl fmt::Display for Never {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}
impl std::error::Error for Never {}

/// What a handled command does: which events it persists, and what it answers.
///
/// `R` is the reply, `E` the rejection. All of it is one atomic write (G5); the answer leaves after the
/// write is durable (G1).
#[must_use = "an effect does nothing until it is returned from the handler"]
pub struct Effect<S, R = (), E = Never> {
    pub(crate) changes: Changes<S>,
    pub(crate) answer: Answer<S, R, E>,
}

/// The events of an effect, erased to what the engine needs of them.
pub(crate) enum Changes<S> {
    None,
    One(Box<dyn Change<S>>),
    Many(Vec<Box<dyn Change<S>>>),
}

/// What the caller will be told.
pub(crate) enum Answer<S, R, E> {
    Value(R),
    /// Computed from the state after the events.
    Reply(Box<dyn FnOnce(&S) -> R + Send>),
    Rejection(E),
}

/// Why an event cannot be stored.
#[derive(Debug)]
pub(crate) enum SealError {
    Codec(CodecError),
    Unlisted(Manifest),
}

impl From<CodecError> for SealError {
    fn from(error: CodecError) -> Self {
        Self::Codec(error)
    }
}

/// One change of a state: typed inside, erased outside.
pub(crate) trait Change<S>: Send {
    /// Encodes it for the journal, and puts what those bytes decode to in its place.
    fn seal(&mut self, codec: Codec) -> Result<storage::Event, SealError>;
    /// Applies what was sealed.
    fn apply(&self, state: &mut S);
}

struct Persisted<Ev>(Ev);

impl<S: EventSourced> Change<S> for Persisted<S::Event> {
    fn seal(&mut self, codec: Codec) -> Result<storage::Event, SealError> {
        let manifest = self.0.manifest();
        if !S::Event::MANIFESTS.contains(&manifest) {
            return Err(SealError::Unlisted(manifest));
        }
        let bytes = codec.encode(&self.0)?;
        // What cannot be read back would make the entity unrecoverable, and a field that serde skips would
        // make memory differ from the journal: so the entity only ever sees the decoded form.
        self.0 = codec.decode(&bytes)?;
        let decoded = self.0.manifest();
        if decoded != manifest {
            let reason = format!("an event {manifest} decodes as {decoded}").into();
            let value = std::any::type_name::<S::Event>();
            return Err(SealError::Codec(CodecError::Decode { codec, value, bytes: bytes.len(), reason }));
        }
        Ok(Payload::seal(manifest, codec.id(), bytes).into())
    }

    fn apply(&self, state: &mut S) {
        state.apply(&self.0);
    }
}

impl Effect<(), (), Never> {
    /// Persists one event. The reply is `()` unless [`reply`](Effect::reply) says otherwise.
    pub fn persist<Ev: Event, E>(event: Ev) -> Effect<Ev::Entity, (), E>
    where
        Ev::Entity: EventSourced<Event = Ev>,
    {
        Effect { changes: Changes::One(Box::new(Persisted(event))), answer: Answer::Value(()) }
    }

    /// Persists several events, in order, all or none. No event at all is like [`none`](Effect::none).
    pub fn persist_all<Ev: Event, E>(events: impl IntoIterator<Item = Ev>) -> Effect<Ev::Entity, (), E>
    where
        Ev::Entity: EventSourced<Event = Ev>,
    {
        let change = |event| Box::new(Persisted(event)) as Box<dyn Change<Ev::Entity>>;
        Effect { changes: Changes::Many(events.into_iter().map(change).collect()), answer: Answer::Value(()) }
    }
}

impl<S, E> Effect<S, (), E> {
    /// Changes nothing.
    pub fn none() -> Self {
        Self { changes: Changes::None, answer: Answer::Value(()) }
    }

    /// Replies with what `reply` makes of the state after the events. A rejection stays one.
    pub fn reply<R>(self, reply: impl FnOnce(&S) -> R + Send + 'static) -> Effect<S, R, E> {
        let answer = match self.answer {
            Answer::Rejection(rejection) => Answer::Rejection(rejection),
            Answer::Value(()) | Answer::Reply(_) => Answer::Reply(Box::new(reply)),
        };
        Effect { changes: self.changes, answer }
    }
}

impl<S, R, E> Effect<S, R, E> {
    /// Refuses the command and changes nothing. A rejection of a keyed command is kept like a reply (G6).
    pub fn reject(rejection: E) -> Self {
        Self { changes: Changes::None, answer: Answer::Rejection(rejection) }
    }

    /// Refuses the command beside the events: they are stored, and the caller gets the rejection.
    pub fn and_reject(self, rejection: E) -> Self {
        Self { changes: self.changes, answer: Answer::Rejection(rejection) }
    }

    /// An answer without changes: what a query comes to.
    pub(crate) fn value(reply: R) -> Self {
        Self { changes: Changes::None, answer: Answer::Value(reply) }
    }
}

impl<S, R: fmt::Debug, E: fmt::Debug> fmt::Debug for Effect<S, R, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let events = match &self.changes {
            Changes::None => 0,
            Changes::One(_) => 1,
            Changes::Many(all) => all.len(),
        };
        write!(f, "Effect {{ {events} events, ")?;
        match &self.answer {
            Answer::Value(reply) => write!(f, "reply {reply:?} }}"),
            Answer::Reply(_) => write!(f, "reply from the state }}"),
            Answer::Rejection(rejection) => write!(f, "rejection {rejection:?} }}"),
        }
    }
}
