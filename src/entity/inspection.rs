//! A look at the state of an entity in memory, for tests. It takes its place among the entity's calls, and what
//! it saw leaves like the answer of a query (G1).

use super::{CallError, Changes, Context, Decided, Envelope, Failure, Keeping, Mode};
use crate::storage::{Outcome, OutcomeKind};
use crate::vocabulary::{CodecError, CommandDigest, Key, Name, SealingError};
use futures_util::future::BoxFuture;
use std::time::Duration;
use tokio::sync::oneshot;

/// What looks, what it saw, and who waits for that.
pub(crate) struct Inspection<F, R> {
    look: Option<F>,
    seen: Option<R>,
    answer: oneshot::Sender<Result<R, CallError>>,
}

impl<F, R> Inspection<F, R> {
    pub(crate) fn new(look: F) -> (Self, oneshot::Receiver<Result<R, CallError>>) {
        let (answer, receiver) = oneshot::channel();
        (Self { look: Some(look), seen: None, answer }, receiver)
    }
}

impl<S, R, F> Envelope<S> for Inspection<F, R>
where
    R: Send,
    F: FnOnce(&S) -> R + Send,
{
    fn command(&self) -> Name {
        Name::from_static("inspect")
    }

    fn mode(&self) -> Mode {
        Mode::Inspect
    }

    fn deadline(&self) -> Option<Duration> {
        None
    }

    fn key(&self) -> Option<&Key> {
        None
    }

    fn digest(&self) -> Result<CommandDigest, CodecError> {
        unreachable!("an inspection has no key")
    }

    fn ready(&self, _: &S) -> bool {
        true
    }

    fn decide(&mut self, state: &S, _: &Context<S>) -> Decided<S> {
        self.seen = self.look.take().map(|look| look(state));
        Decided { changes: Changes::None, extras: None }
    }

    fn decide_awaited<'a>(&'a mut self, _: &'a S, _: &'a Context<S>) -> BoxFuture<'a, Decided<S>> {
        unreachable!("an inspection is decided at once")
    }

    fn settle(&mut self, _: &S) {}

    fn outcome(&self) -> OutcomeKind {
        OutcomeKind::Reply
    }

    fn kept(&self, _: Keeping<'_>) -> Result<Outcome, SealingError> {
        unreachable!("an inspection has no key")
    }

    fn release(self: Box<Self>) {
        let seen = self.seen.expect("it is released after it looked");
        // Whoever does not wait any more does not want it.
        let _ = self.answer.send(Ok(seen));
    }

    fn release_kept(self: Box<Self>, _: &Outcome, _: Keeping<'_>) {
        unreachable!("an inspection has no key")
    }

    fn fail(self: Box<Self>, failure: Failure) {
        let _ = self.answer.send(Err(failure.into()));
    }
}
