//! A storage that injects faults into any other: it fails calls, loses their answers, cuts groups, repeats,
//! delays and holds calls, and crashes. What happens is scripted by a test, or drawn from a seed.
//!
//! ```
//! use annals::storage::{StorageError, StorageProvider};
//! use annals::ShardId;
//! use annals_memory::MemoryStorage;
//! use annals_testkit::faults::{Fault, FaultStorage, Operation};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! let storage = FaultStorage::new(MemoryStorage::new());
//! let faults = storage.faults();
//! faults.next(Operation::Epochs, Fault::Unavailable);
//!
//! let shards: Vec<_> = ShardId::all().take(1).collect();
//! let first = storage.writes().epochs(&shards).await;
//! assert!(matches!(first, Err(StorageError::Unavailable { .. })));
//! assert!(storage.writes().epochs(&shards).await.is_ok());
//! assert_eq!(faults.calls()[0].faults, [Fault::Unavailable]);
//! # });
//! ```
//!
//! A node takes the storage like any other: `Node::builder(storage.clone())`. To let a whole test run under drawn
//! faults, seed it and print the seed when the test fails:
//!
//! ```
//! use annals_memory::MemoryStorage;
//! use annals_testkit::faults::{FaultStorage, Rates};
//!
//! let storage = FaultStorage::new(MemoryStorage::new());
//! storage.faults().seed(7, Rates::invisible());
//! ```
//!
//! Time passes on tokio's clock only: with a paused clock a delay takes none. A [`Hold`] stops a call without any
//! clock.

mod fault;
mod hold;
mod journal;
mod mutation;
mod operation;
mod ports;
mod rates;
mod record;
mod script;
mod snapshot;
mod state;
mod storage;
mod write;

pub use fault::Fault;
pub use hold::Hold;
pub use operation::{Match, Operation};
pub use rates::Rates;
pub use record::{Arrival, Record};
pub use script::Faults;
pub use storage::FaultStorage;
