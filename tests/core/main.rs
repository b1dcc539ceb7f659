//! The core on one node: what a caller may rely on, whatever fails below. Everything runs on the memory
//! backend behind a scripted gate, on one thread and a paused clock but for a few in `hostile.rs`.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod account;
mod awaiting;
mod bad_input;
mod bounds;
mod calls;
mod codecs;
mod durable_state;
mod erasure;
mod failures;
mod gate;
mod history;
mod hostile;
mod keys;
mod ledger;
mod output_commit;
mod panics;
mod parts;
mod passivation;
mod policies;
mod recovery;
mod shutdown;
mod snapshots;
mod start;
mod waiting;
