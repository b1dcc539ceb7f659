//! Arguments are stored and sent. All of them are told at once.
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
    pub fn rename(&self, name: &str) -> Effect<Self> {
        Effect::none()
    }

    pub fn deposit_each(&self, cents: &[u64]) -> Effect<Self> {
        Effect::none()
    }

    pub fn note(&self, text: Option<std::borrow::Cow<'static, str>>) -> Effect<Self> {
        Effect::none()
    }

    pub fn call(&self, name: impl Into<String>) -> Effect<Self> {
        Effect::none()
    }

    pub fn pair(&self, (a, b): (u64, u64)) -> Effect<Self> {
        Effect::none()
    }

    pub fn name(&self) -> &str {
        ""
    }

    pub async fn look_up(&self, name: &str) -> u64 {
        0
    }
}

fn main() {}
