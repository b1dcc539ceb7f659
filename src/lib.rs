//! Annals: event-sourced actors that lose nothing.

pub mod storage;
mod vocabulary;

pub use vocabulary::*;
