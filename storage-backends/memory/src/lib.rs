//! The memory storage backend of Annals: for tests, examples and entities that may be forgotten.
//!
//! It keeps every promise of the storage ports but one: **nothing survives the process**. "Durable" means
//! "until the last handle on the storage is dropped".
//!
//! ```
//! use annals::storage::StorageProvider;
//! use annals_memory::MemoryStorage;
//!
//! let storage = MemoryStorage::new();
//! let same_data = storage.clone(); // for a second node, or for a look from a test
//! assert_eq!(same_data.name(), "memory");
//! ```

// Programs print, libraries do not.
#![warn(clippy::print_stdout, clippy::print_stderr)]

mod append;
mod data;
mod journal;
mod snapshot;
mod state;
mod storage;
mod tamper;

pub use storage::MemoryStorage;
