//! The sqlite storage backend of Annals.
