//! The entities: they remember every command that changed them, so that each answer tells all that it depends
//! on.

use annals::{Codec, Definition, DurableState, Effect, Event, EventSourced};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What a second event of a command adds to its number.
pub(crate) const SECOND: u64 = 1_000_000;

/// A command that an odd number of changes refuses; it tells what it saw.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Refused {
    pub(crate) seen: Vec<u64>,
}

/// An event-sourced one.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Log {
    pub(crate) ops: Vec<u64>,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(entity = Log)]
pub(crate) enum LogEvent {
    Added { op: u64 },
}

impl EventSourced for Log {
    const ENTITY_TYPE: &'static str = "log";
    type Event = LogEvent;

    fn apply(&mut self, LogEvent::Added { op }: &LogEvent) {
        self.ops.push(*op);
    }
}

#[annals::commands]
impl Log {
    pub(crate) fn add(&self, op: u64) -> Effect<Self, Vec<u64>, Refused> {
        Effect::persist(LogEvent::Added { op }).reply(|log: &Self| log.ops.clone()).tag(op.to_string())
    }

    /// Two events, or none.
    pub(crate) fn add_two(&self, op: u64) -> Effect<Self, Vec<u64>, Refused> {
        Effect::persist_all([LogEvent::Added { op }, LogEvent::Added { op: op + SECOND }])
            .reply(|log: &Self| log.ops.clone())
            .tag(op.to_string())
    }

    pub(crate) fn add_if_even(&self, op: u64) -> Effect<Self, Vec<u64>, Refused> {
        match self.ops.len() % 2 {
            0 => self.add(op),
            _ => Effect::reject(Refused { seen: self.ops.clone() }),
        }
    }

    pub(crate) fn add_and_leave(&self, op: u64) -> Effect<Self, Vec<u64>, Refused> {
        self.add(op).passivate()
    }

    pub(crate) fn add_and_keep(&self, op: u64) -> Effect<Self, Vec<u64>, Refused> {
        self.add(op).snapshot()
    }

    /// Changes nothing; with a key its reply is kept all the same.
    pub(crate) fn touch(&self, _op: u64) -> Effect<Self, Vec<u64>, Refused> {
        Effect::none().reply(|log: &Self| log.ops.clone())
    }

    pub(crate) fn panic(&self, _op: u64) -> Effect<Self, Vec<u64>, Refused> {
        panic!("the handler gave up")
    }

    /// Waits before it decides.
    pub(crate) async fn add_later(&self, op: u64) -> Effect<Self, Vec<u64>, Refused> {
        tokio::time::sleep(Duration::from_millis(op % 30)).await;
        self.add(op)
    }

    pub(crate) fn seen(&self) -> Vec<u64> {
        self.ops.clone()
    }
}

/// A durable state.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Card {
    pub(crate) ops: Vec<u64>,
}

impl DurableState for Card {
    const ENTITY_TYPE: &'static str = "card";
}

#[annals::commands]
impl Card {
    pub(crate) fn add(&self, op: u64) -> Effect<Self, Vec<u64>, Refused> {
        Effect::update(self, move |card: &mut Self| card.ops.push(op)).reply(|card: &Self| card.ops.clone())
    }

    pub(crate) fn add_if_even(&self, op: u64) -> Effect<Self, Vec<u64>, Refused> {
        match self.ops.len() % 2 {
            0 => self.add(op),
            _ => Effect::reject(Refused { seen: self.ops.clone() }),
        }
    }

    pub(crate) fn add_and_leave(&self, op: u64) -> Effect<Self, Vec<u64>, Refused> {
        self.add(op).passivate()
    }

    pub(crate) fn touch(&self, _op: u64) -> Effect<Self, Vec<u64>, Refused> {
        Effect::none().reply(|card: &Self| card.ops.clone())
    }

    /// The state goes; the keys stay.
    pub(crate) fn delete(&self, _op: u64) -> Effect<Self, Vec<u64>, Refused> {
        Effect::delete(self).reply(|card: &Self| card.ops.clone())
    }

    pub(crate) fn panic(&self, _op: u64) -> Effect<Self, Vec<u64>, Refused> {
        panic!("the handler gave up")
    }

    pub(crate) async fn add_later(&self, op: u64) -> Effect<Self, Vec<u64>, Refused> {
        tokio::time::sleep(Duration::from_millis(op % 30)).await;
        self.add(op)
    }

    pub(crate) fn seen(&self) -> Vec<u64> {
        self.ops.clone()
    }
}

/// The state is stored in a form that the witness reads without the entity.
pub(crate) fn readable(definition: Definition<Card>) -> Definition<Card> {
    definition.codec(Codec::Json)
}
