//! The future of a call. A named type, so that nothing is boxed to await it.

use crate::entity::{CallError, Envelope, Failure, Target, Unknown};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Sleep;

type Answer<R, E> = Result<R, CallError<E>>;

/// Waits for the outcome of a call. The command is sent at the first poll.
#[must_use = "a call does nothing until it is awaited"]
pub struct Asking<S, R, E> {
    step: Step<S, R, E>,
}

enum Step<S, R, E> {
    Send {
        to: Target<S>,
        envelope: Box<dyn Envelope<S>>,
        receiver: oneshot::Receiver<Answer<R, E>>,
        timeout: Option<Duration>,
    },
    Wait {
        receiver: oneshot::Receiver<Answer<R, E>>,
        timeout: Option<Timeout>,
    },
    Failed(Failure),
    Done,
}

struct Timeout {
    after: Duration,
    sleep: Pin<Box<Sleep>>,
}

impl<S, R, E> Asking<S, R, E> {
    pub(super) fn sending(
        to: Target<S>,
        envelope: Box<dyn Envelope<S>>,
        receiver: oneshot::Receiver<Answer<R, E>>,
        timeout: Option<Duration>,
    ) -> Self {
        Self { step: Step::Send { to, envelope, receiver, timeout } }
    }

    pub(super) fn failed(failure: Failure) -> Self {
        Self { step: Step::Failed(failure) }
    }
}

impl<S, R, E> Unpin for Asking<S, R, E> {}

impl<S, R, E> Future for Asking<S, R, E> {
    type Output = Answer<R, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match std::mem::replace(&mut self.step, Step::Done) {
            Step::Send { to, envelope, receiver, timeout } => {
                // Before anything is sent: outside a tokio runtime this panics.
                let timeout =
                    timeout.map(|after| Timeout { after, sleep: Box::pin(tokio::time::sleep(after)) });
                if let Err(failure) = to.0.delivery.deliver(&to.0, envelope) {
                    return Poll::Ready(Err(failure.into()));
                }
                self.wait(receiver, timeout, cx)
            }
            Step::Wait { receiver, timeout } => self.wait(receiver, timeout, cx),
            Step::Failed(failure) => Poll::Ready(Err(failure.into())),
            Step::Done => panic!("a future was polled again after it was ready"),
        }
    }
}

impl<S, R, E> Asking<S, R, E> {
    fn wait(
        &mut self,
        mut receiver: oneshot::Receiver<Answer<R, E>>,
        mut timeout: Option<Timeout>,
        cx: &mut Context<'_>,
    ) -> Poll<Answer<R, E>> {
        if let Poll::Ready(answer) = Pin::new(&mut receiver).poll(cx) {
            return Poll::Ready(answer.unwrap_or(Err(CallError::Unknown(Unknown::Lost))));
        }
        if let Some(Timeout { after, sleep }) = &mut timeout
            && sleep.as_mut().poll(cx).is_ready()
        {
            return Poll::Ready(Err(CallError::Unknown(Unknown::TimedOut { after: *after })));
        }
        self.step = Step::Wait { receiver, timeout };
        Poll::Pending
    }
}
