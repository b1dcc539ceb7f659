//! The SQLite storage backend of Annals: everything in one file, nothing to install.
//!
//! ```no_run
//! # async fn open() -> Result<(), annals::storage::StorageError> {
//! let storage = annals_sqlite::SqliteStorage::open("bank.db").await?;
//! // Node::builder(storage) ...
//! storage.close().await;
//! # Ok(())
//! # }
//! ```
//!
//! One thread writes, and commits everything that waits as one transaction; a few threads read, in short
//! transactions. How the rows lie is told in `schema.sql`, how they are walked in `chain.rs`, and what it is
//! worth is measured by `cargo run --release -p annals-sqlite --example layout`.

// Programs print, libraries do not.
#![warn(clippy::print_stdout, clippy::print_stderr)]

mod append;
mod chain;
mod checkpoint;
mod connection;
mod encoding;
mod erase;
mod error;
mod head;
mod heads;
mod job;
mod journal;
mod keys;
mod lock;
mod manifests;
mod options;
mod presence;
mod queue;
mod reader;
mod removal;
mod row;
mod schema;
mod session;
mod shards;
mod snapshot;
mod state;
mod storage;
mod trim;
mod writer;

#[cfg(test)]
mod interrupted;
#[cfg(test)]
#[path = "../tests/writes/mod.rs"]
mod writes;

pub use connection::Durability;
pub use options::{SqliteOptions, Synchronous};
pub use storage::SqliteStorage;

/// The backend's name.
pub(crate) const NAME: &str = "sqlite";

/// The largest payload that is stored.
pub(crate) const MAX_PAYLOAD_BYTES: usize = 16 << 20;
