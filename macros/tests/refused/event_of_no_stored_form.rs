//! Generics, unions and empty enums.
#![allow(unused)]

use annals::Event;
use serde::{Deserialize, Serialize};

#[derive(Event)]
#[event(entity = Account)]
enum Generic<T> {
    Deposited(T),
}

#[derive(Event)]
#[event(entity = Account, name = "bits")]
union Bits {
    number: u64,
}

#[derive(Event)]
#[event(entity = Account)]
enum Nothing {}

fn main() {}
