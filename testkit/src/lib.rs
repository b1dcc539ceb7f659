//! Tests for the users and the backends of Annals.
//!
//! - [`conformance`]: what every storage backend must do, as a suite that any backend can run.

pub mod conformance;
