//! The request to erase an entity. It takes its place among the entity's calls.

use super::{CallError, Context, Decided, Envelope, Failure, Keeping, Mode, Never};
use crate::storage::{Outcome, OutcomeKind};
use crate::vocabulary::{CodecError, CommandDigest, Key, Name, SealingError};
use futures_util::future::BoxFuture;
use std::time::Duration;
use tokio::sync::oneshot;

/// A request to erase, and who waits for it.
pub(crate) struct Erasure(oneshot::Sender<Result<(), CallError>>);

impl Erasure {
    pub(crate) fn new() -> (Self, oneshot::Receiver<Result<(), CallError>>) {
        let (sender, answer) = oneshot::channel();
        (Self(sender), answer)
    }

    fn answer(self, answer: Result<(), CallError<Never>>) {
        // Whoever does not wait any more does not want it.
        let _ = self.0.send(answer);
    }
}

impl<S> Envelope<S> for Erasure {
    fn command(&self) -> Name {
        Name::from_static("erase")
    }

    fn mode(&self) -> Mode {
        Mode::Erase
    }

    fn deadline(&self) -> Option<Duration> {
        None
    }

    fn key(&self) -> Option<&Key> {
        None
    }

    fn digest(&self) -> Result<CommandDigest, CodecError> {
        unreachable!("an erasure has no key")
    }

    fn ready(&self, _: &S) -> bool {
        true
    }

    fn decide(&mut self, _: &S, _: &Context<S>) -> Decided<S> {
        unreachable!("an erasure is not decided")
    }

    fn decide_awaited<'a>(&'a mut self, _: &'a S, _: &'a Context<S>) -> BoxFuture<'a, Decided<S>> {
        unreachable!("an erasure is not decided")
    }

    fn settle(&mut self, _: &S) {}

    fn outcome(&self) -> OutcomeKind {
        OutcomeKind::Reply
    }

    fn kept(&self, _: Keeping<'_>) -> Result<Outcome, SealingError> {
        unreachable!("an erasure has no key")
    }

    fn release(self: Box<Self>) {
        self.answer(Ok(()));
    }

    fn release_kept(self: Box<Self>, _: &Outcome, _: Keeping<'_>) {
        unreachable!("an erasure has no key")
    }

    fn fail(self: Box<Self>, failure: Failure) {
        self.answer(Err(failure.into()));
    }
}
