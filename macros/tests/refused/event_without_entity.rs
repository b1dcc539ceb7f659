//! An event happens to an entity.
#![allow(unused)]

use annals::Event;
use serde::{Deserialize, Serialize};

#[derive(Event, Serialize, Deserialize)]
enum AccountEvent {
    Deposited,
}

fn main() {}
