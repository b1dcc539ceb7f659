//! The life of an entity in memory: activations, one after the other, until nothing waits for it; and what its
//! policies say when one fails.

use super::erase::{Erased, erase};
use super::inbox::Wanted;
use super::kind::Kind;
use super::recovery::{Recovered, activate};
use super::running::{Active, End};
use super::{Calls, Inbox};
use crate::entity::{Failure, FailurePolicy, Mode, NotHandled, RecoveryError, RecoveryPolicy};
use crate::vocabulary::WriteNr;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use tracing::Instrument;

/// Runs an entity until it leaves memory.
///
/// An activation that ends early leaves its calls to the next one, in order. When it returns, the inbox is
/// retired: it will take no call any more.
pub(crate) async fn run<S: Send + Sync + 'static>(kind: Arc<Kind<S>>, inbox: Arc<Inbox<S>>) {
    let mut life =
        Life { kind: &kind, inbox: &inbox, failures: 0, failed_recoveries: 0, failing_since: None };
    let mut calls = Calls::new();
    loop {
        // Boxed, so that an idle entity does not keep the space that only its recovery needed.
        let recovered = {
            let span = tracing::debug_span!("recovery", entity = %inbox.id());
            Box::pin(activate(&kind, &inbox).instrument(span)).await
        };
        let went_on = match recovered {
            Ok(recovered) => {
                (life.failed_recoveries, life.failing_since) = (0, None);
                let end = life.activation(recovered, &mut calls).await;
                Box::pin(life.after(end, &mut calls)).await
            }
            Err(error) => Box::pin(life.after_failed_recovery(error, &mut calls)).await,
        };
        if went_on.is_break() || (calls.is_empty() && inbox.retire_if_empty()) {
            return;
        }
    }
}

/// What outlasts a single activation.
struct Life<'a, S> {
    kind: &'a Arc<Kind<S>>,
    inbox: &'a Arc<Inbox<S>>,
    /// Activations in a row that ended early, without a confirmed write in between.
    failures: u32,
    /// Recoveries in a row that failed.
    failed_recoveries: u32,
    /// Since when recoveries have failed.
    failing_since: Option<Instant>,
}

impl<S: Send + Sync + 'static> Life<'_, S> {
    async fn activation(&mut self, recovered: Box<Recovered<S>>, calls: &mut Calls<S>) -> End {
        let span = tracing::debug_span!(
            "activation",
            entity = %self.inbox.id(),
            sequence_nr = %recovered.sequence_nr,
            outcome = tracing::field::Empty,
        );
        self.kind.instruments.activations.increment(1);
        let mut active = Active::new(self.kind, self.inbox, recovered);
        // Entering a span at every wake-up costs something even when nobody listens.
        let end = if span.is_disabled() {
            active.run(calls).await
        } else {
            Box::pin(active.run(calls).instrument(span.clone())).await
        };
        let ends = &self.kind.instruments.ends;
        let (outcome, counter) = match &end {
            End::Quiet => ("passivated", &ends.passivated),
            End::Lost(_) => ("lost", &ends.lost),
            End::Broken(_) => ("panicked", &ends.panicked),
            End::Erased => ("erased", &ends.erased),
        };
        span.record("outcome", outcome);
        counter.increment(1);
        if active.confirmed > WriteNr::ZERO {
            self.failures = 0;
        }
        end
    }

    /// What follows the end of an activation.
    async fn after(&mut self, end: End, calls: &mut Calls<S>) -> ControlFlow<()> {
        let why: Arc<str> = match end {
            End::Quiet | End::Erased => return ControlFlow::Continue(()),
            End::Lost(error) => error.to_string().into(),
            End::Broken(message) => message,
        };
        self.failures = self.failures.saturating_add(1);
        match self.kind.definition.failure {
            FailurePolicy::Stop => {
                let id = self.inbox.id().clone();
                let stopped =
                    || Failure::NotHandled(NotHandled::Stopped { id: id.clone(), why: why.clone() });
                let _ = self.turn_away(calls, stopped).await;
            }
            // At once the first time: a shard that was lost is simply taken over again.
            FailurePolicy::Restart => {
                self.wait(self.pause(self.failures - 1)).await;
                self.rest(calls).await;
            }
        }
        ControlFlow::Continue(())
    }

    /// Stays until the next call, for as long as an idle entity stays: so it is remembered that it failed.
    async fn rest(&self, calls: &mut Calls<S>) {
        if calls.is_empty() {
            let wanted = Wanted { calls: true, drain: true, leave: true, ..self.nothing() };
            let idle = self.kind.limits.idle;
            // Whatever comes, or nothing: the loop goes on from what is in `calls`.
            let _ = tokio::time::timeout(idle, self.inbox.news(wanted, calls)).await;
        }
    }

    async fn after_failed_recovery(&mut self, error: RecoveryError, calls: &mut Calls<S>) -> ControlFlow<()> {
        self.failed_recoveries = self.failed_recoveries.saturating_add(1);
        self.kind.instruments.recovery_failures.increment(1);
        tracing::error!(entity = %self.inbox.id(), %error, "the entity could not be activated");
        let since = *self.failing_since.get_or_insert_with(Instant::now);
        let pause = self.pause(self.failed_recoveries);
        if let RecoveryPolicy::Retry { within } = self.kind.definition.recovery
            && since.elapsed().saturating_add(pause) <= within
            && !self.inbox.is_draining()
        {
            self.wait(pause).await;
            return ControlFlow::Continue(());
        }
        self.failing_since = None;
        self.stay_closed(&error, pause, calls).await
    }

    fn pause(&self, failures: u32) -> Duration {
        self.kind.definition.restart.pause(failures, self.kind.random.next_u64())
    }

    /// Lets the pause pass; a node that drains does not wait for it.
    async fn wait(&self, pause: Duration) {
        if pause.is_zero() {
            return;
        }
        let (drained, mut none) = (Wanted { drain: true, ..self.nothing() }, Calls::new());
        tokio::select! {
            biased;
            () = sleep(pause) => {}
            _ = self.inbox.news(drained, &mut none) => {}
        }
    }

    /// Fails every call with the error until the pause is over: nothing asks the storage again before. It
    /// breaks when the entity has left memory.
    async fn stay_closed(
        &self,
        error: &RecoveryError,
        pause: Duration,
        calls: &mut Calls<S>,
    ) -> ControlFlow<()> {
        let mut over = std::pin::pin!(sleep(pause));
        loop {
            if self.turn_away(calls, || Failure::from(error.clone())).await.is_break() {
                return ControlFlow::Continue(());
            }
            let wanted = Wanted { calls: true, drain: true, ..self.nothing() };
            tokio::select! {
                biased;
                news = self.inbox.news(wanted, calls) => {
                    if news.draining && calls.is_empty() {
                        break;
                    }
                }
                () = &mut over => break,
            }
        }
        if self.turn_away(calls, || Failure::from(error.clone())).await.is_continue()
            && self.inbox.retire_if_empty()
        {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    /// Wants no news of writes: those of the last activation are settled.
    fn nothing(&self) -> Wanted {
        Wanted::settled(self.inbox.settled().count)
    }

    /// Fails all calls without an activation, but for a request to erase the entity: that is done, so that what
    /// cannot be read can be got rid of. It breaks once the entity is erased; the calls behind that are left.
    async fn turn_away(&self, calls: &mut Calls<S>, failure: impl Fn() -> Failure) -> ControlFlow<()> {
        self.inbox.take_all(calls);
        while let Some(call) = calls.pop_front() {
            if call.mode() != Mode::Erase {
                call.fail(failure());
                continue;
            }
            match self.kind.tenures.tenure(self.inbox.shard()).await {
                Ok(tenure) => {
                    if let Erased::Wholly = erase(self.kind, self.inbox.id(), &tenure, call).await {
                        return ControlFlow::Break(());
                    }
                }
                Err(error) => call.fail(Failure::NotHandled(NotHandled::NotErased(error))),
            }
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn future_bytes<A, B, F>(_: impl Fn(A, B) -> F) -> usize {
        size_of::<F>()
    }

    #[test]
    fn the_task_of_an_idle_entity_stays_small() {
        // What is awaited while a command is handled, and what a recovery gives, is boxed; without that it was
        // 3,300 bytes.
        assert!(future_bytes(run::<u64>) <= 1_150, "{} bytes", future_bytes(run::<u64>));
        assert!(size_of::<Inbox<u64>>() <= 240, "{} bytes", size_of::<Inbox<u64>>());
    }
}
