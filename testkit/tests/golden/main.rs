//! Golden files: kept ones of the bank and of an entity with a past, and code that no longer reads what was stored.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod changed;
mod damaged;
mod durable;
mod folder;
mod kept;
mod recording;
mod wallet;
