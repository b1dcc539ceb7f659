//! Annals: event-sourced actors that lose nothing.
//!
//! An entity is a pure decision over its state ([`Handler`]) and a fold over its events ([`EventSourced`]).
//! A [`Node`] keeps entities in memory, recovers them from their journal at the first call, and answers a
//! call only when everything that the answer depends on is durable.
//!
//! - Write an entity: [`EventSourced`], [`Event`](trait@Event), [`Command`], [`Handler`], [`Effect`],
//!   [`Entity`]; or let [`commands`](macro@commands) and [`derive(Event)`](derive@Event) write all but the
//!   first.
//! - Call it: [`Node::entity`], [`EntityRef::ask`], [`Call`], [`CallError`].
//! - Choose a storage: the crates `annals-sqlite` and `annals-memory`, or your own on the ports in
//!   [`storage`].
//!
//! A call is a builder; awaiting it sends it:
//!
//! ```no_run
//! # use annals::{CallError, Command, EntityRef, Effect, Event, EventSourced, Handler, Manifest, Context, Overloaded};
//! # use serde::{Deserialize, Serialize};
//! # use std::time::Duration;
//! # #[derive(Default, Serialize, Deserialize)] struct Account;
//! # #[derive(Serialize, Deserialize)] struct Paid;
//! # impl Event for Paid {
//! #     type Entity = Account;
//! #     const MANIFESTS: &'static [Manifest] = &[Manifest::new("paid", 1)];
//! #     fn manifest(&self) -> Manifest { Manifest::new("paid", 1) }
//! # }
//! # impl EventSourced for Account {
//! #     const ENTITY_TYPE: &'static str = "account";
//! #     type Event = Paid;
//! #     fn apply(&mut self, _: &Paid) {}
//! # }
//! # #[derive(Clone, Serialize, Deserialize)] struct Withdraw { cents: u64 }
//! # impl Command for Withdraw { const NAME: &'static str = "withdraw"; }
//! # #[derive(Debug, Serialize, Deserialize)] struct Overdrawn;
//! # impl Handler<Withdraw> for Account {
//! #     type Output = Effect<Self, u64, Overdrawn>;
//! #     fn handle(&self, _: Withdraw, _: &Context<Self>) -> Self::Output { Effect::persist(Paid).reply(|_| 0) }
//! # }
//! # async fn calls(account: EntityRef<Account>) {
//! let withdraw = Withdraw { cents: 30 };
//! match account.ask(withdraw.clone()).key("atm-17").timeout(Duration::from_secs(2)).await {
//!     Ok(_balance) => {}                       // on disk
//!     Err(CallError::Rejected(Overdrawn)) => {} // the handler said no
//!     Err(CallError::NotHandled(_)) => {}      // nothing happened: retry
//!     Err(CallError::Unknown(_)) => {}         // it may have happened: retry with the same key, it runs once
//!     Err(CallError::Overloaded(_)) => {}      // nothing happened: retry later
//!     Err(_) => {}
//! }
//! account.ask(withdraw).tell().await.ok();     // handed over, outcome not awaited
//! # }
//! ```
//!
//! What is guaranteed, as G1 to G16, stands in `docs/semantics.md`; `examples/counter.rs` is a complete
//! program.

#[cfg(feature = "macros")]
#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
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
}
