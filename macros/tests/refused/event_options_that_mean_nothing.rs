//! Each says what would be right.
#![allow(unused)]

use annals::Event;
use serde::{Deserialize, Serialize};

#[derive(Event)]
#[event(entity = Account, nam = "paid")]
struct Unknown;

#[derive(Event)]
#[event(entity = Account, name = "")]
struct Empty;

#[derive(Event)]
#[event(entity = Account, name = "paid", version = 0)]
struct Zero;

#[derive(Event)]
#[event(entity = Account, name = "paid")]
enum NameOfAnEnum {
    Paid,
}

#[derive(Event)]
#[event(entity = Account)]
enum EntityOfAVariant {
    #[event(entity = Account)]
    Paid,
}

#[derive(Event)]
#[event(entity = Account, entity = Account, name = "paid")]
struct Twice;

fn main() {}
