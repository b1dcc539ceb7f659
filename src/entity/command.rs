//! Commands and queries, and the handlers that decide them.

use super::{Context, Outcome};
use serde::Serialize;
use serde::de::DeserializeOwned;

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
}
