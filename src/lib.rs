//! Annals: event-sourced actors that lose nothing.

mod client;
mod engine;
mod entity;
mod runtime;
pub mod storage;
mod vocabulary;

pub use client::*;
pub use entity::*;
pub use runtime::*;
pub use vocabulary::*;
