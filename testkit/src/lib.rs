//! Tests for the users and the backends of Annals.
//!
//! - [`conformance`]: what every storage backend must do, as a suite that any backend can run.
//! - [`model`]: random operations on a backend, compared with a reference.

// Programs print, libraries do not.
#![warn(clippy::print_stdout, clippy::print_stderr)]

pub mod conformance;
pub mod model;
