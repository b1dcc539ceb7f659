//! Annals: event-sourced actors that lose nothing.
//!
//! An entity is a pure decision over its state ([`Handler`]) and a fold over its events ([`EventSourced`]).
//! A [`Node`] keeps entities in memory, recovers them from their journal at the first call, and answers a
//! call only when everything that the answer depends on is durable.
//!
//! - Write an entity: [`EventSourced`], [`Event`], [`Command`], [`Handler`], [`Effect`], [`Entity`].
//! - Call it: [`Node::entity`], [`EntityRef::ask`], [`Call`], [`CallError`].
//! - Choose a storage: the crates `annals-sqlite` and `annals-memory`, or your own on the ports in
//!   [`storage`].
//!
//! What is guaranteed, as G1 to G16, stands in `docs/semantics.md`; `examples/counter.rs` is a complete
//! program.

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

/// Compiles every code block of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
