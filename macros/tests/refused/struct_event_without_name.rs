//! A name in storage is never that of a type.
#![allow(unused)]

use annals::Event;
use serde::{Deserialize, Serialize};

#[derive(Event, Serialize, Deserialize)]
#[event(entity = Account)]
struct CardBlocked;

fn main() {}
