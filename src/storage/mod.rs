//! L1: what a backend must do. Object-safe traits over bytes, and the plain data they exchange. No driver
//! type appears here, and nothing here knows what the bytes mean.

mod error;
mod journal;
mod outcome;
mod provider;
mod snapshot;
mod state;
mod write;

pub use error::{Counter, StorageError, Subject};
pub use journal::{Extent, JournalEntry, JournalStorage, JournalStream, ReadRange, StoredEvent};
pub use outcome::{KeyedOutcome, Outcome, OutcomeKind};
pub use provider::StorageProvider;
pub use snapshot::{Snapshot, SnapshotCriteria, SnapshotStorage, SnapshotWrite};
pub use state::{StateStorage, StoredState};
pub use write::{
    Change, Committed, Event, Events, Fence, Lane, OutboxEntry, OutgoingMessage, SideEffect, StateChange,
    Write, WriteStorage,
};
