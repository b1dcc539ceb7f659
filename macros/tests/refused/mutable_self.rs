//! Handlers do not change state.
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
    pub fn deposit(&mut self, cents: u64) {
        self.cents += cents;
    }
}

fn main() {}
