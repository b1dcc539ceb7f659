//! The memory storage backend of Annals.
