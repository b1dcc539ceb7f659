//! Only an event-sourced entity has a journal.
#![allow(unused)]

use annals::{DurableState, Effect, Ephemeral, Event};
use serde::{Deserialize, Serialize};

#[derive(Default, Serialize, Deserialize)]
struct Profile {
    name: String,
}

impl DurableState for Profile {
    const ENTITY_TYPE: &'static str = "profile";
}

#[derive(Event, Serialize, Deserialize)]
#[event(entity = Profile, name = "renamed")]
struct Renamed(String);

#[annals::commands]
impl Profile {
    pub fn rename(&self, name: String) -> Effect<Self> {
        Effect::persist(Renamed(name))
    }
}

#[derive(Default)]
struct Session;

impl Ephemeral for Session {
    const ENTITY_TYPE: &'static str = "session";
}

#[derive(Event, Serialize, Deserialize)]
#[event(entity = Session, name = "opened")]
struct Opened;

#[annals::commands]
impl Session {
    pub fn open(&self) -> Effect<Self> {
        Effect::persist_all([Opened])
    }
}

fn main() {}
