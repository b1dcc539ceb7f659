//! Tests for the users and the backends of Annals.
//!
//! For those who write entities:
//!
//! - [`scenario`]: given what happened, when the entity is called, then what comes of it.
//! - [`laws`]: whatever the commands, live state, journal, snapshots, codecs, keys and crashes agree.
//! - [`mod@golden`]: everything that was ever stored is still read.
//! - [`faults`]: a storage that injects faults into any other, scripted or drawn from a seed.
//!
//! For those who write backends:
//!
//! - [`conformance`]: what every storage backend must do, as a suite that any backend can run.
//! - [`model`]: random operations on any backend, compared with a model of the storage ports.
//! - [`guarantees`]: what an engine guarantees to its callers, over any storage.

// Programs print, libraries do not.
#![warn(clippy::print_stdout, clippy::print_stderr)]

mod attempt;
mod clock;
pub mod conformance;
pub mod faults;
pub mod golden;
pub mod guarantees;
pub mod laws;
mod life;
pub mod model;
mod report;
pub mod scenario;
mod survival;

pub use clock::TestClock;
pub use golden::{golden, golden_state};
pub use laws::{Step, replay_laws};
pub use proptest;
pub use scenario::{Scenario, StateScenario};
