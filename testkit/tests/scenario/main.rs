//! Scenarios: what they show, what is under their control, and that everything they check can fail.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod assertions;
mod by_hand;
mod control;
mod durable;
mod encoded;
mod impure;
mod ledger;
mod others;
mod says;
mod writes;
