//! A typing error is no silent no-op.
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

#[annals::commands(reference = AccountClient)]
impl Account {
    pub fn deposit(&self, cents: u64) -> Effect<Self> {
        Effect::persist(Deposited(cents))
    }
}

struct Other;

#[annals::commands]
impl Other {
    #[command(rename = "put")]
    pub fn deposit(&self, cents: u64) {}
}

fn main() {}
