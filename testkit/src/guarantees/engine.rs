//! What an engine gives to the suite.

use super::account::{Command, Overdrawn, Query};
use annals::storage::StorageProvider;
use annals::{CallError, StartError};
use async_trait::async_trait;
use futures_util::future::BoxFuture;
use std::sync::Arc;

/// What a call comes to. A correct engine tells `NotHandled` only of what never happens, and `Unknown` where it
/// cannot tell.
pub type Answer = Result<i64, CallError<Overdrawn>>;

/// An engine under test: it hosts [accounts](super::Account) under their
/// [`ENTITY_TYPE`](annals::EventSourced::ENTITY_TYPE), and stores their events and snapshots as MessagePack.
#[async_trait]
pub trait Engine: Send + Sync {
    /// Starts it on a store, which other engines may have used before and may still think that they own.
    ///
    /// A write for which the storage is unavailable is not tried again for longer than a moment.
    ///
    /// # Errors
    /// Why it did not start.
    async fn start(
        &self,
        storage: Arc<dyn StorageProvider>,
        settings: Settings,
    ) -> Result<Box<dyn Running>, StartError>;
}

/// A running engine.
#[async_trait]
pub trait Running: Send + Sync {
    /// A command to an account, with an idempotency key or without. It is handed over when the future is polled
    /// first, and handled whole even if the future is dropped then.
    fn command(&self, account: &str, command: Command, key: Option<&str>) -> BoxFuture<'static, Answer>;

    /// A query to an account, which takes its place among the commands.
    fn query(&self, account: &str, query: Query) -> BoxFuture<'static, Answer>;

    /// Finishes what it has and ends.
    async fn stop(self: Box<Self>);

    /// Ends as a process that is killed: what is in memory is gone. The storage does and answers nothing any
    /// more, so it is not to be waited for.
    fn crash(self: Box<Self>);
}

/// What cases want otherwise than usual.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// When snapshots are taken; never without.
    pub snapshots: Option<SnapshotRule>,
    /// How many keys of an account are kept in memory with their outcomes.
    pub recent_keys: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { snapshots: None, recent_keys: 2_048 }
    }
}

/// When snapshots are taken, and what goes then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SnapshotRule {
    /// One whenever so many events came since the last.
    pub every: u64,
    /// How many are kept.
    pub keep: usize,
    /// What becomes of the events up to the oldest that is kept.
    pub events: EventsBehind,
}

/// What becomes of events that snapshots make superfluous.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventsBehind {
    /// They stay.
    Kept,
    /// They are deleted.
    Deleted,
}
