//! Commands and queries, and the handlers that decide them.

use super::{Context, Outcome};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::Duration;

/// What an entity can be asked to do, or asked about.
pub trait Command: Serialize + DeserializeOwned + Send + 'static {
    /// Its stable name, unique within the entity.
    const NAME: &'static str;
}

/// Decides one kind of command. It is pure: it sees the state, and says in its output what should change.
///
/// - It returns an [`Effect`](super::Effect): a command. It can change something, and takes a key.
/// - It returns any other serialisable value: a query. It cannot change anything.
///
/// A panic ends this activation of the entity with nothing written of the command (G4).
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not handle `{C}`",
    label = "no `impl Handler<{C}> for {Self}`"
)]
pub trait Handler<C: Command>: Sized + Send + Sync + 'static {
    /// An [`Effect`](super::Effect), or a plain value.
    type Output: Outcome<Self>;

    /// Decides what `command` comes to. The state may be ahead of the storage; nothing that is decided here
    /// leaves the entity before the storage has caught up (G1).
    fn handle(&self, command: C, ctx: &Context<Self>) -> Self::Output;

    /// Whether the command can be decided now. One that is not ready steps aside: it waits, up to
    /// `Limits::waiting` of them, and is tried again after each change of the state, in order. Commands behind
    /// it are handled meanwhile. It may be asked several times.
    fn ready(&self, _command: &C) -> bool {
        true
    }
}

/// Decides one kind of command with the help of something that has to be awaited: another service, another
/// entity.
///
/// - It starts when no write of the entity is in flight, so that nothing unconfirmed is carried outside (G1).
/// - While it runs, the entity handles nothing else: the state does not change under it.
/// - Past its deadline it is dropped, and the caller is told
///   [`Unknown::Interrupted`](super::Unknown::Interrupted): nothing of the entity was changed, but what it
///   did outside stands. It is dropped as well when the entity's shard is lost or its node shuts down.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not handle `{C}`",
    label = "no `impl AsyncHandler<{C}> for {Self}`"
)]
pub trait AsyncHandler<C: Command>: Sized + Send + Sync + 'static {
    /// An [`Effect`](super::Effect), or a plain value.
    type Output: Outcome<Self> + Send;

    /// How long it may take; none for `Limits::async_handler`.
    fn deadline() -> Option<Duration> {
        None
    }

    /// Decides what `command` comes to.
    fn handle(&self, command: C, ctx: &Context<Self>) -> impl Future<Output = Self::Output> + Send;

    /// As [`Handler::ready`].
    fn ready(&self, _command: &C) -> bool {
        true
    }
}
