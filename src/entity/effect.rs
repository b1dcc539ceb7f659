//! What a command does, as data. The engine encodes, applies and stores it.

use super::change::{Change, Changes, Extras, Persisted};
use super::{DurableState, Ephemeral, Event, EventSourced, Has, part};
use crate::vocabulary::Tag;
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

/// What a handled command does: what it changes, and what it answers.
///
/// `R` is the reply, `E` the rejection. All of it is one atomic write (G5); the answer leaves after the
/// write is durable (G1).
#[must_use = "an effect does nothing until it is returned from the handler"]
pub struct Effect<S, R = (), E = Never> {
    pub(crate) changes: Changes<S>,
    pub(crate) answer: Answer<S, R, E>,
    pub(crate) extras: Option<Box<Extras>>,
}

/// What the caller will be told.
pub(crate) enum Answer<S, R, E> {
    Value(R),
    /// Computed from the state after the changes.
    Reply(Box<dyn FnOnce(&S) -> R + Send>),
    Rejection(E),
}

impl Effect<(), (), Never> {
    /// Persists one event. The reply is `()` unless [`reply`](Effect::reply) says otherwise.
    pub fn persist<Ev: Event, E>(event: Ev) -> Effect<Ev::Entity, (), E>
    where
        Ev::Entity: EventSourced<Event = Ev>,
    {
        Effect::of(Changes::One(Box::new(Persisted(event))))
    }

    /// Persists several events, in order, all or none. No event at all is like [`none`](Effect::none).
    pub fn persist_all<Ev: Event, E>(events: impl IntoIterator<Item = Ev>) -> Effect<Ev::Entity, (), E>
    where
        Ev::Entity: EventSourced<Event = Ev>,
    {
        let change = |event| Box::new(Persisted(event)) as Box<dyn Change<Ev::Entity>>;
        let mut changes = events.into_iter().map(change).fuse();
        Effect::of(match (changes.next(), changes.next()) {
            (None, _) => Changes::None,
            (Some(only), None) => Changes::One(only),
            (Some(first), Some(second)) => {
                Changes::Many([first, second].into_iter().chain(changes).collect())
            }
        })
    }
}

impl<S, E> Effect<S, (), E> {
    fn of(changes: Changes<S>) -> Self {
        Self { changes, answer: Answer::Value(()), extras: None }
    }

    /// Changes nothing.
    pub fn none() -> Self {
        Self::of(Changes::None)
    }

    /// Changes the state of a durable-state entity and stores it whole; its revision grows by one. `_entity`
    /// is the handler's `self`: it names the type, so that `change` needs no annotation.
    pub fn update(_entity: &S, change: impl FnOnce(&mut S) + Send + 'static) -> Self
    where
        S: DurableState,
    {
        Self::of(Changes::Update(Box::new(change)))
    }

    /// Deletes the state of a durable-state entity; its revision grows by one and goes on counting. The entity
    /// has its default state then.
    pub fn delete(_entity: &S) -> Self
    where
        S: DurableState,
    {
        Self::of(Changes::Delete)
    }

    /// Changes an ephemeral entity in memory.
    pub fn mutate(_entity: &S, change: impl FnOnce(&mut S) + Send + 'static) -> Self
    where
        S: Ephemeral,
    {
        Self::of(Changes::Update(Box::new(change)))
    }

    /// Replies with what `reply` makes of the state after the changes. A rejection stays one.
    pub fn reply<R>(self, reply: impl FnOnce(&S) -> R + Send + 'static) -> Effect<S, R, E> {
        let answer = match self.answer {
            Answer::Rejection(rejection) => Answer::Rejection(rejection),
            Answer::Value(()) | Answer::Reply(_) => Answer::Reply(Box::new(reply)),
        };
        Effect { changes: self.changes, answer, extras: self.extras }
    }
}

impl<S, R, E> Effect<S, R, E> {
    /// Refuses the command and changes nothing. A rejection of a keyed command is kept like a reply (G6).
    pub fn reject(rejection: E) -> Self {
        Self { changes: Changes::None, answer: Answer::Rejection(rejection), extras: None }
    }

    /// Refuses the command beside the changes: they are stored, and the caller gets the rejection.
    pub fn and_reject(self, rejection: E) -> Self {
        Self { answer: Answer::Rejection(rejection), ..self }
    }

    /// Adds the events of a part behind those of this effect, in the same write. What the part's effect
    /// replies is dropped, and so are its tags, metadata and wishes: those of this effect hold for all events.
    pub fn and<P: EventSourced, R2>(self, of_part: Effect<P, R2, Never>) -> Self
    where
        S: Has<P>,
    {
        Self { changes: self.changes.and(part::lift_changes(of_part.changes)), ..self }
    }

    /// Tags every event of this effect, for those who read events by tag. Without events it has no meaning.
    pub fn tag(mut self, tag: impl Into<Tag>) -> Self {
        self.extras().tags.push(tag.into());
        self
    }

    /// Puts a named text beside every event of this effect: who did it, from where, why. It is not encrypted,
    /// and without events it has no meaning.
    pub fn metadata(mut self, name: impl Into<crate::vocabulary::Name>, value: impl Into<String>) -> Self {
        self.extras().metadata.set(name, value);
        self
    }

    /// Takes a snapshot of the state after this effect, once that is durable. Needs
    /// [`Definition::snapshots`](super::Definition::snapshots), or the command is not handled. While another
    /// snapshot of the entity is being saved it is left out.
    pub fn snapshot(mut self) -> Self {
        self.extras().snapshot = true;
        self
    }

    /// Lets the entity leave memory as soon as no call waits for it.
    pub fn passivate(mut self) -> Self {
        self.extras().passivate = true;
        self
    }

    fn extras(&mut self) -> &mut Extras {
        self.extras.get_or_insert_default()
    }

    /// An answer without changes: what a query comes to.
    pub(crate) fn value(reply: R) -> Self {
        Self { changes: Changes::None, answer: Answer::Value(reply), extras: None }
    }
}

impl<S, R: fmt::Debug, E: fmt::Debug> fmt::Debug for Effect<S, R, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.changes {
            Changes::None => write!(f, "Effect {{ no change, "),
            Changes::One(_) => write!(f, "Effect {{ 1 event, "),
            Changes::Many(all) => write!(f, "Effect {{ {} events, ", all.len()),
            Changes::Update(_) => write!(f, "Effect {{ an update, "),
            Changes::Delete => write!(f, "Effect {{ a deletion, "),
        }?;
        match &self.answer {
            Answer::Value(reply) => write!(f, "reply {reply:?} }}"),
            Answer::Reply(_) => write!(f, "reply from the state }}"),
            Answer::Rejection(rejection) => write!(f, "rejection {rejection:?} }}"),
        }
    }
}
