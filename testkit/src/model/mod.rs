//! Model-based tests of a storage backend: random operations, drawn from a seed, are done to the store and to a
//! small sequential reference that was written from the documentation of the ports, and every answer is
//! compared. Where a port leaves the answer open, the reference says which ones are allowed.
//!
//! It opens stores through the [`Harness`](crate::conformance::Harness) of the conformance suite:
//!
//! ```
//! # use annals_memory::MemoryStorage;
//! # use annals_testkit::conformance::{Damage, Harness};
//! use annals_testkit::model::{self, Options};
//! # struct Memory;
//! # impl Harness for Memory {
//! #     type Store = MemoryStorage;
//! #     async fn open(&self) -> MemoryStorage { MemoryStorage::new() }
//! #     async fn reopen(&self, store: MemoryStorage) -> MemoryStorage { store }
//! #     async fn damage(&self, store: MemoryStorage, _: Damage) -> MemoryStorage { store }
//! # }
//!
//! # tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(async {
//! let coverage = model::run(&Memory, &Options { seeds: 1..6, ..Options::default() }).await;
//! println!("{coverage}");
//! # });
//! ```
//!
//! What is done: groups of writes by several activations of several entities, with right and wrong expected
//! numbers, epochs and write numbers, repeated writes, keyed outcomes with and without events, states; reads of
//! any range, deletions, erasures, snapshots, look-ups, raised epochs, names; reopening, crashes, and writes whose
//! answer a crash took away.
//!
//! When a store differs, operations are left out as long as it still does; the test ends with what is left,
//! the seed, and how to replay it. Calls at the same time are not drawn: the races of the conformance suite are
//! about them. Neither is damage to stored rows.

mod appending;
mod cast;
mod comparing;
mod content;
mod coverage;
mod draw;
mod expected;
mod failure;
mod op;
mod options;
mod reference;
mod run;
mod session;
mod shrink;
mod snapshotting;
mod writers;

pub use coverage::{Coverage, Transition};
pub use expected::expected;
pub use failure::Failure;
pub use options::Options;
pub use run::{run, try_run};
