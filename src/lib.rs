//! Annals: event-sourced actors that lose nothing.
//!
//! An entity is a pure decision over its state (its commands) and a fold over its events ([`EventSourced`]).
//! A [`Node`] keeps entities in memory, recovers them from their journal at the first call, and answers a
//! call only when everything that the answer depends on is durable.
//!
//! - Write an entity: [`EventSourced`], or [`DurableState`] or [`Ephemeral`] for one without a history; then
//!   [`derive(Event)`](derive@Event) and [`commands`](macro@commands), whose methods return an [`Effect`] or a
//!   plain value.
//! - Run and call it: [`Node::builder`], [`Node::entity`], [`Call`], [`CallError`].
//! - Choose a storage: the crates `annals-sqlite` and `annals-memory`, or your own on the ports in
//!   [`storage`].
//! - As it grows: [`Upcasters`], [`Snapshots`] and the other policies of a [`Definition`], [`Has`] for parts that
//!   entities share, [`EntityRef::events`] to read what happened.
//! - Without macros: [`Event`](trait@Event), [`Command`], [`Handler`] or [`AsyncHandler`], [`Entity`], and
//!   [`EntityRef::ask`].
//!
//! ```
//! use annals::{CallError, Effect, Event, EventSourced, Node};
//! use serde::{Deserialize, Serialize};
//! use std::time::Duration;
//!
//! #[derive(Default, Serialize, Deserialize)]
//! pub struct Account { cents: u64 }
//!
//! #[derive(Event, Serialize, Deserialize)]
//! #[event(entity = Account)]
//! pub enum AccountEvent { Deposited { cents: u64 }, Withdrawn { cents: u64 } }
//!
//! #[derive(Debug, Serialize, Deserialize, thiserror::Error)]
//! #[error("short by {short_cents} cents")]
//! pub struct Overdrawn { short_cents: u64 }
//!
//! impl EventSourced for Account {
//!     const ENTITY_TYPE: &'static str = "account";
//!     type Event = AccountEvent;
//!     fn apply(&mut self, event: &AccountEvent) {
//!         match event {
//!             AccountEvent::Deposited { cents } => self.cents += cents,
//!             AccountEvent::Withdrawn { cents } => self.cents -= cents,
//!         }
//!     }
//! }
//!
//! #[annals::commands]
//! impl Account {
//!     pub fn deposit(&self, cents: u64) -> Effect<Self, u64> {
//!         Effect::persist(AccountEvent::Deposited { cents }).reply(|account| account.cents)
//!     }
//!
//!     pub fn withdraw(&self, cents: u64) -> Effect<Self, u64, Overdrawn> {
//!         if cents > self.cents {
//!             return Effect::reject(Overdrawn { short_cents: cents - self.cents });
//!         }
//!         Effect::persist(AccountEvent::Withdrawn { cents }).reply(|account| account.cents)
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let node = Node::builder(annals_memory::MemoryStorage::new()).register::<Account>().start().await?;
//! let alice = node.entity::<Account>("alice");
//! alice.deposit(100).tell().await?;             // handed over, outcome not awaited
//! match alice.withdraw(130).key("atm-17").timeout(Duration::from_secs(2)).await {
//!     Ok(_balance) => {}                        // on disk
//!     Err(CallError::Rejected(overdrawn)) => assert_eq!(overdrawn.short_cents, 30),
//!     Err(CallError::NotHandled(_)) => {}       // nothing happened: retry
//!     Err(CallError::Unknown(_)) => {}          // it may have happened: retry with the same key, it runs once
//!     Err(CallError::Overloaded(_)) => {}       // nothing happened: retry later
//!     Err(_) => {}
//! }
//! node.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! What is guaranteed, as G1 to G16, stands in `docs/semantics.md`; `examples/counter.rs` is a complete
//! program, and `docs/guide` explains the rest.

// Programs print, libraries do not.
#![warn(clippy::print_stdout, clippy::print_stderr)]

#[cfg(feature = "macros")]
#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
#[doc(hidden)]
#[path = "testing.rs"]
pub mod __testing;
mod client;
mod engine;
mod entity;
mod runtime;
pub mod storage;
mod vocabulary;

#[cfg(feature = "macros")]
pub use annals_macros::{Event, commands};
pub use client::*;
pub use entity::*;
pub use runtime::*;
pub use vocabulary::*;

/// Compiles every code block of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// Compiles and runs every code block of the guide.
#[cfg(doctest)]
mod guide {
    #[doc = include_str!("../docs/guide/first-entity.md")]
    struct FirstEntity;
    #[doc = include_str!("../docs/guide/effects.md")]
    struct Effects;
    #[doc = include_str!("../docs/guide/queries-and-async.md")]
    struct QueriesAndAsync;
    #[doc = include_str!("../docs/guide/keys-and-retries.md")]
    struct KeysAndRetries;
    #[doc = include_str!("../docs/guide/durable-state.md")]
    struct DurableState;
    #[doc = include_str!("../docs/guide/snapshots.md")]
    struct Snapshots;
    #[doc = include_str!("../docs/guide/evolution.md")]
    struct Evolution;
    #[doc = include_str!("../docs/guide/failure.md")]
    struct Failure;
    #[doc = include_str!("../docs/guide/operations.md")]
    struct Operations;
    #[doc = include_str!("../docs/guide/testing.md")]
    struct Testing;
}
