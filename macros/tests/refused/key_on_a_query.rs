//! Only what changes something can be repeated by accident.
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
    pub fn deposit(&self, cents: u64) -> Effect<Self> {
        Effect::persist(Deposited(cents))
    }

    pub fn balance(&self) -> u64 {
        self.cents
    }

    pub async fn balance_elsewhere(&self) -> u64 {
        self.cents
    }
}

async fn keyed(account: AccountRef) {
    let _ = account.deposit(1).key("good").await;
    let _ = account.balance().key("bad").await;
    let _ = account.balance_elsewhere().key("bad").await;
}

fn main() {}
