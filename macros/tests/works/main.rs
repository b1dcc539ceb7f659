//! Entities in macro form, through a node on the memory storage.
#![allow(
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test fails by panicking, and its modules stand for crates"
)]

mod awaiting;
mod commands;
mod durable_state;
mod ephemeral;
mod guards;
mod parts;
mod policies;
mod stored;
mod upcasters;
