//! A call on its way through an entity, with its types erased.

use super::{Changes, Context, Failure};
use crate::storage::Outcome;
use crate::vocabulary::{Codec, CodecError, CommandDigest, Key};

/// One box for the whole life of a call: command in, answer kept inside, answer out.
///
/// In order: [`decide`](Self::decide), [`settle`](Self::settle), [`kept`](Self::kept) if it has a key, then
/// one of [`release`](Self::release), [`release_kept`](Self::release_kept), [`fail`](Self::fail). The engine
/// calls `release` only after everything that the answer depends on is durable (G1).
pub(crate) trait Envelope<S>: Send {
    /// The command's stable name.
    fn command(&self) -> &'static str;

    /// Its idempotency key.
    fn key(&self) -> Option<&Key>;

    /// Tells its command from others with the same key. To be asked before `decide`.
    fn digest(&self) -> Result<CommandDigest, CodecError>;

    /// Runs the handler, keeps the answer, and gives the changes to the engine.
    fn decide(&mut self, state: &S, ctx: &Context<S>) -> Changes<S>;

    /// Computes the reply from the state after the changes.
    fn settle(&mut self, state: &S);

    /// The settled answer, encoded to be kept for the key.
    fn kept(&self, codec: Codec) -> Result<Outcome, CodecError>;

    /// Lets the settled answer out.
    fn release(self: Box<Self>);

    /// Answers with the outcome that was kept for the key.
    fn release_kept(self: Box<Self>, outcome: &Outcome);

    /// Answers with a failure.
    fn fail(self: Box<Self>, failure: Failure);
}
