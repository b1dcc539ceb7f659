//! A call on its way through an entity, with its types erased.

use super::change::Decided;
use super::{Context, Failure};
use crate::storage::{Outcome, OutcomeKind};
use crate::vocabulary::{CodecError, CommandDigest, Key, Name, PersistenceId, Sealer, SealingError};
use futures_util::future::BoxFuture;
use std::time::Duration;

/// How a call is handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// By a handler that decides at once.
    Direct,
    /// By a handler that awaits something.
    Awaited,
    /// It is no command: the entity is erased.
    Erase,
    /// It is no command: a test looks at the state.
    Inspect,
}

/// What it takes to encode an outcome to be kept, or to decode a kept one.
#[derive(Clone, Copy)]
pub(crate) struct Keeping<'a> {
    pub(crate) sealer: &'a Sealer,
    pub(crate) id: &'a PersistenceId,
}

/// One box for the whole life of a call: command in, answer kept inside, answer out.
///
/// In order: [`decide`](Self::decide) or [`decide_awaited`](Self::decide_awaited), [`settle`](Self::settle),
/// [`kept`](Self::kept) if it has a key, then one of [`release`](Self::release),
/// [`release_kept`](Self::release_kept), [`fail`](Self::fail). The engine calls `release` only after
/// everything that the answer depends on is durable (G1).
pub(crate) trait Envelope<S>: Send {
    /// The command's stable name.
    fn command(&self) -> Name;

    /// How it is handled.
    fn mode(&self) -> Mode;

    /// How long a handler that awaits may take, if it says so itself.
    fn deadline(&self) -> Option<Duration>;

    /// Its idempotency key.
    fn key(&self) -> Option<&Key>;

    /// Tells its command from others with the same key. To be asked before it is decided.
    fn digest(&self) -> Result<CommandDigest, CodecError>;

    /// Whether the handler takes the command now. To be asked before it is decided.
    fn ready(&self, state: &S) -> bool;

    /// Runs the handler, keeps the answer, and gives the changes to the engine.
    fn decide(&mut self, state: &S, ctx: &Context<S>) -> Decided<S>;

    /// The same for a handler that awaits.
    fn decide_awaited<'a>(&'a mut self, state: &'a S, ctx: &'a Context<S>) -> BoxFuture<'a, Decided<S>>;

    /// Computes the reply from the state after the changes.
    fn settle(&mut self, state: &S);

    /// What the settled answer is.
    fn outcome(&self) -> OutcomeKind;

    /// The settled answer, encoded to be kept for the key.
    fn kept(&self, keeping: Keeping<'_>) -> Result<Outcome, SealingError>;

    /// Lets the settled answer out.
    fn release(self: Box<Self>);

    /// Answers with the outcome that was kept for the key.
    fn release_kept(self: Box<Self>, outcome: &Outcome, keeping: Keeping<'_>);

    /// Answers with a failure.
    fn fail(self: Box<Self>, failure: Failure);
}
