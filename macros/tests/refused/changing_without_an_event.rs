//! The state of an event-sourced entity changes by its events alone.
#![allow(unused)]

use annals::{Effect, Event, EventSourced};
use serde::{Deserialize, Serialize};

#[derive(Default, Serialize, Deserialize)]
struct Account {
    cents: u64,
}

#[derive(Event, Serialize, Deserialize)]
#[event(entity = Account, name = "deposited")]
struct Deposited(u64);

impl EventSourced for Account {
    const ENTITY_TYPE: &'static str = "account";
    type Event = Deposited;
    fn apply(&mut self, event: &Deposited) {
        self.cents += event.0;
    }
}

#[annals::commands]
impl Account {
    pub fn update(&self, cents: u64) -> Effect<Self> {
        Effect::update(self, move |account| account.cents += cents)
    }

    pub fn delete(&self) -> Effect<Self> {
        Effect::delete(self)
    }

    pub fn mutate(&self, cents: u64) -> Effect<Self> {
        Effect::mutate(self, move |account| account.cents += cents)
    }
}

fn main() {}
