//! What an entity does only while no write of it is in flight: running a handler that awaits, which would carry
//! unconfirmed state outside (G1), and being erased.

use super::Calls;
use super::held::{HeldAnswer, Seen};
use super::keyed::Keyed;
use super::panics::panic_message;
use super::running::{Active, End};
use super::snapshots::SnapshotWork;
use crate::entity::{Decided, EntityKind, Envelope, Failure, Mode, NotHandled, Unknown};
use crate::storage::StorageError;
use futures_util::FutureExt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

/// How a handler that awaits came to its end.
enum Awaited<S> {
    Decided(Decided<S>),
    Panicked(Arc<str>),
    TooLate,
    Lost(StorageError),
}

impl<S: Send + Sync + 'static> Active<'_, S> {
    /// Waits until nothing is in flight, and handles the call. If that does not come to pass, the call is the
    /// first of those for the next activation.
    pub(super) async fn handle_alone(
        &mut self,
        call: Box<dyn Envelope<S>>,
        keyed: Option<Keyed>,
        calls: &mut Calls<S>,
    ) -> Result<(), End> {
        if let Err(end) = self.settle_all().await {
            calls.push_front(call);
            return Err(end);
        }
        match call.mode() {
            Mode::Awaited(deadline) => self.await_handler(call, keyed, deadline).await,
            Mode::Erase => self.erase(call).await,
            Mode::Direct => self.decide(call, keyed),
        }
    }

    async fn await_handler(
        &mut self,
        mut call: Box<dyn Envelope<S>>,
        keyed: Option<Keyed>,
        deadline: Option<Duration>,
    ) -> Result<(), End> {
        let deadline = deadline.unwrap_or(self.kind.limits.async_handler);
        let seen = self.begin(&*call, keyed.as_ref());
        let awaited = {
            let (state, ctx) = (&self.state, &self.ctx);
            let handler = async { call.decide_awaited(state, ctx).await };
            tokio::select! {
                biased;
                decided = AssertUnwindSafe(handler).catch_unwind() => match decided {
                    Ok(decided) => Awaited::Decided(decided),
                    Err(panic) => Awaited::Panicked(panic_message(&*panic)),
                },
                error = self.tenure.ended() => Awaited::Lost(error),
                () = tokio::time::sleep(deadline) => Awaited::TooLate,
            }
        };
        match awaited {
            Awaited::Decided(decided) => self.finish(call, keyed, decided, seen),
            Awaited::TooLate => {
                let why = format!("it took longer than {deadline:?}").into();
                self.interrupted(call, why, seen);
                Ok(())
            }
            Awaited::Lost(error) => {
                self.interrupted(call, error.to_string().into(), seen);
                Err(End::Lost(error))
            }
            Awaited::Panicked(message) => {
                self.report_panic(&call.command(), &message);
                self.interrupted(call, format!("it panicked: {message}").into(), seen);
                Err(End::Broken(message))
            }
        }
    }

    fn interrupted(&mut self, call: Box<dyn Envelope<S>>, why: Arc<str>, seen: Seen) {
        let (id, command) = (self.inbox.id().clone(), call.command());
        let failure = Failure::Unknown(Unknown::Interrupted { id, command, why });
        self.hold(None, 0, HeldAnswer::Failed(call, Box::new(failure)), seen);
    }

    /// Erases the entity. A snapshot that is being saved would bring it back, so it comes to its end first.
    async fn erase(&mut self, call: Box<dyn Envelope<S>>) -> Result<(), End> {
        while self.snapshot.is_some() {
            SnapshotWork::run(&mut self.snapshot).await;
        }
        let erased = match self.kind.definition.kind {
            EntityKind::Ephemeral => Ok(()),
            EntityKind::EventSourced | EntityKind::DurableState => {
                self.kind.stores.writes.erase(self.inbox.id(), self.tenure.fence()).await
            }
        };
        let Err(error) = erased else {
            tracing::info!(entity = %self.inbox.id(), "erased");
            call.release();
            return Err(End::Erased);
        };
        let failure = match error {
            StorageError::Indeterminate { .. } => Failure::Unknown(Unknown::Erasing(error.clone())),
            _ => Failure::NotHandled(NotHandled::NotWritten(error.clone())),
        };
        call.fail(failure);
        match error {
            // It may be erased by now, or be about to: the next activation reads behind a higher epoch.
            StorageError::Indeterminate { .. } | StorageError::Fenced { .. } => {
                self.tenure.revoke(error.clone());
                Err(End::Lost(error))
            }
            _ => Ok(()),
        }
    }
}
