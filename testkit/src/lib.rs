//! Tests for the users and the backends of Annals.
//!
//! - [`conformance`]: what every storage backend must do, as a suite that any backend can run.
//! - [`guarantees`]: what an engine guarantees to its callers, over any storage.
//! - [`faults`]: a storage that injects faults into any other, scripted or drawn from a seed.

// Programs print, libraries do not.
#![warn(clippy::print_stdout, clippy::print_stderr)]

mod attempt;
pub mod conformance;
pub mod faults;
pub mod guarantees;
mod report;
