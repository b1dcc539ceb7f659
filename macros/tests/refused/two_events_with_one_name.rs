//! What is stored says which event it is.
#![allow(unused)]

use annals::Event;
use serde::{Deserialize, Serialize};

#[derive(Event, Serialize, Deserialize)]
#[event(entity = Account)]
enum AccountEvent {
    Deposited,
    #[event(name = "deposited", version = 2)]
    DepositedAgain,
    #[event(name = "deposited")]
    PaidIn,
}

fn main() {}
