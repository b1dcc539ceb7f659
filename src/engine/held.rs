//! Answers that wait for the storage (output commit, G1).

use super::inbox::Settled;
use super::observe::{Answered, Instruments};
use super::panics::catch;
use crate::entity::{Envelope, Failure, Keeping, NotHandled, Unknown};
use crate::storage::{Outcome, StorageError};
use crate::vocabulary::WriteNr;
use std::collections::VecDeque;
use tokio::time::Instant;
use tracing::Span;

/// An answer that leaves when write `after`, the last one submitted before it was decided, is confirmed.
pub(super) struct Held<S> {
    pub(super) after: WriteNr,
    /// The write that carries what it tells of: its own, or that of the command it repeats. None for a
    /// query and for a command that changes nothing.
    pub(super) write: Option<WriteNr>,
    /// The bytes that it keeps in memory: of its own write, or of the outcome that it repeats.
    pub(super) bytes: usize,
    pub(super) answer: HeldAnswer<S>,
    pub(super) seen: Seen,
}

/// What is observed of a command from its decision to its answer.
pub(super) struct Seen {
    /// Disabled, and without cost, unless somebody listens.
    pub(super) span: Span,
    /// When it was decided, if it writes.
    pub(super) decided_at: Option<Instant>,
}

impl Seen {
    pub(super) fn nothing() -> Self {
        Self { span: Span::none(), decided_at: None }
    }

    /// `now` is the time, once it was asked for: one clock reading is enough for all that leaves together.
    fn answered(&self, answered: Answered, instruments: &Instruments, now: &mut Option<Instant>) {
        self.span.record("outcome", answered.as_str());
        instruments.answered(answered);
        if let (Some(decided_at), Answered::With(_)) = (self.decided_at, answered) {
            let now = *now.get_or_insert_with(Instant::now);
            instruments.commit_seconds.record(now.duration_since(decided_at));
        }
    }
}

/// What it takes to let answers out.
#[derive(Clone, Copy)]
pub(super) struct Exit<'a> {
    pub(super) keeping: Keeping<'a>,
    pub(super) instruments: &'a Instruments,
}

/// What leaves. What is rare is boxed, so that all of them are small.
pub(super) enum HeldAnswer<S> {
    /// The answer inside the envelope.
    Own(Box<dyn Envelope<S>>),
    /// The outcome of the command that this one repeats.
    Kept(Box<dyn Envelope<S>>, Box<Outcome>),
    /// A failure that was decided on the state of that time.
    Failed(Box<dyn Envelope<S>>, Box<Failure>),
}

impl<S> HeldAnswer<S> {
    fn answered(&self) -> Answered {
        match self {
            Self::Own(envelope) => Answered::With(envelope.outcome()),
            Self::Kept(_, outcome) => Answered::With(outcome.kind),
            Self::Failed(..) => Answered::Failed,
        }
    }

    /// Lets it out. Decoding a kept outcome is user code: if it panics, the caller is told that the answer
    /// was lost, and the entity goes on.
    pub(super) fn release(self, seen: &Seen, exit: Exit<'_>, now: &mut Option<Instant>) {
        seen.answered(self.answered(), exit.instruments, now);
        let released = catch(|| match self {
            Self::Own(envelope) => envelope.release(),
            Self::Kept(envelope, outcome) => envelope.release_kept(&outcome, exit.keeping),
            Self::Failed(envelope, failure) => envelope.fail(*failure),
        });
        if let Err(message) = released {
            tracing::error!(%message, "an answer could not be given");
        }
    }

    fn into_envelope(self) -> Box<dyn Envelope<S>> {
        match self {
            Self::Own(envelope) | Self::Kept(envelope, _) | Self::Failed(envelope, _) => envelope,
        }
    }
}

/// The held answers of one activation, in the order in which they were decided.
pub(super) struct HeldQueue<S> {
    queue: VecDeque<Held<S>>,
    bytes: usize,
}

impl<S> HeldQueue<S> {
    pub(super) fn new() -> Self {
        Self { queue: VecDeque::new(), bytes: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// The bytes of the unconfirmed writes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn push(&mut self, held: Held<S>) {
        self.bytes += held.bytes;
        self.queue.push_back(held);
    }

    /// Lets out everything that depends on nothing behind `confirmed`.
    pub(super) fn release_to(&mut self, confirmed: WriteNr, exit: Exit<'_>) {
        let mut now = None;
        while self.queue.front().is_some_and(|held| held.after <= confirmed) {
            if let Some(held) = self.queue.pop_front() {
                self.bytes -= held.bytes;
                held.answer.release(&held.seen, exit, &mut now);
            }
        }
    }

    /// Settles what is left, after every write of the activation was settled. The repetition of a command
    /// that is durable gets its outcome, whatever failed later; what the storage was given is unknown; the
    /// rest was not handled.
    pub(super) fn fail_rest(&mut self, settled: &Settled, error: &StorageError, exit: Exit<'_>) {
        self.bytes = 0;
        let mut now = None;
        for held in self.queue.drain(..) {
            let durable = held.write.is_none_or(|nr| nr <= settled.confirmed);
            if durable && matches!(held.answer, HeldAnswer::Kept(..)) {
                held.answer.release(&held.seen, exit, &mut now);
                continue;
            }
            let failure = match held.write {
                Some(nr) if nr <= settled.handed => Failure::Unknown(Unknown::NotConfirmed(error.clone())),
                _ => Failure::NotHandled(NotHandled::NotWritten(error.clone())),
            };
            held.seen.answered(Answered::Failed, exit.instruments, &mut now);
            held.answer.into_envelope().fail(failure);
        }
    }
}
