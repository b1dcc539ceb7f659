//! Tests for the users and the backends of Annals.
