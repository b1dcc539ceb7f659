//! What an entity does only while no write of it is in flight: running a handler that awaits, which would carry
//! unconfirmed state outside (G1), and being erased.

use super::Calls;
use super::erase::{Erased, erase};
use super::held::{HeldAnswer, Seen};
use super::keyed::Keyed;
use super::panics::{catch, panic_message};
use super::running::{Active, End};
use super::snapshots::SnapshotWork;
use crate::entity::{Decided, Envelope, Failure, Mode, Unknown};
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
    /// Waits until nothing is in flight, and handles the call. If that does not come to pass, the call is left to
    /// the next activation, in its place.
    pub(super) async fn handle_alone(
        &mut self,
        call: Box<dyn Envelope<S>>,
        keyed: Option<Keyed>,
        calls: &mut Calls<S>,
    ) -> Result<(), End> {
        if let Err(end) = self.settle_all().await {
            self.put_back(call, calls);
            return Err(end);
        }
        match call.mode() {
            Mode::Awaited => match catch(|| call.deadline()) {
                Ok(own) => self.await_handler(call, keyed, own).await,
                Err(message) => self.broken(call, message),
            },
            Mode::Erase => self.erase(call).await,
            Mode::Direct | Mode::Inspect => self.decide(call, keyed),
        }
    }

    async fn await_handler(
        &mut self,
        mut call: Box<dyn Envelope<S>>,
        keyed: Option<Keyed>,
        own_deadline: Option<Duration>,
    ) -> Result<(), End> {
        let deadline = own_deadline.unwrap_or(self.kind.limits.async_handler);
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
        match erase(self.kind, self.inbox.id(), &self.tenure, call).await {
            Erased::Wholly => Err(End::Erased),
            Erased::NotAtAll => Ok(()),
            Erased::Lost(error) => Err(End::Lost(error)),
        }
    }
}
