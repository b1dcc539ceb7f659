//! An entity says which parts it has.
#![allow(unused)]

use annals::{Effect, Event, EventSourced};
use serde::{Deserialize, Serialize};

#[derive(Default, Serialize, Deserialize)]
struct AuditTrail;

#[derive(Event, Serialize, Deserialize)]
#[event(entity = AuditTrail, name = "recorded")]
struct Recorded;

impl EventSourced for AuditTrail {
    const ENTITY_TYPE: &'static str = "audit-trail";
    type Event = Recorded;
    fn apply(&mut self, _: &Recorded) {}
}

#[derive(Default, Serialize, Deserialize)]
struct Account {
    audit: AuditTrail,
}

#[derive(Event, Serialize, Deserialize)]
#[event(entity = Account, name = "deposited")]
struct Deposited;

impl EventSourced for Account {
    const ENTITY_TYPE: &'static str = "account";
    type Event = Deposited;
    fn apply(&mut self, _: &Deposited) {}
}

#[annals::commands]
impl Account {
    pub fn deposit(&self) -> Effect<Self> {
        Effect::persist(Deposited).and(Effect::persist(Recorded))
    }
}

fn main() {}
