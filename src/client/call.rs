//! Refs and the calls made through them.

use super::asked::Asked;
use super::asking::Asking;
use crate::entity::{CallError, Changing, Command, Failure, Handler, NotHandled, Outcome, Target};
use crate::vocabulary::{EntityId, InvalidKey, Key};
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::oneshot;

/// What a command of `S` replies.
pub type Reply<S, C> = <<S as Handler<C>>::Output as Outcome<S>>::Reply;
/// What a command of `S` is rejected with.
pub type Rejection<S, C> = <<S as Handler<C>>::Output as Outcome<S>>::Rejection;

/// The client of one entity. Cheap to clone, and usable from any task; it keeps its node alive.
pub struct EntityRef<S>(Target<S>);

impl<S> Clone for EntityRef<S> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<S> From<Target<S>> for EntityRef<S> {
    fn from(target: Target<S>) -> Self {
        Self(target)
    }
}

impl<S> EntityRef<S> {
    /// The entity's id.
    pub fn id(&self) -> &EntityId {
        &self.0.0.id
    }

    /// Makes a call with this command or query; awaiting it sends it.
    pub fn ask<C: Command>(&self, command: C) -> Call<S, C>
    where
        S: Handler<C>,
    {
        Call { to: self.0.clone(), command, key: None, timeout: None }
    }
}

impl<S> fmt::Debug for EntityRef<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EntityRef({:?})", self.0.0.id)
    }
}

/// What can be given as an idempotency key: a [`Key`], or a text that becomes one.
pub trait IntoKey {
    /// The key.
    ///
    /// # Errors
    /// [`InvalidKey`] when the text is none.
    fn into_key(self) -> Result<Key, InvalidKey>;
}

impl IntoKey for Key {
    fn into_key(self) -> Result<Key, InvalidKey> {
        Ok(self)
    }
}
impl IntoKey for &str {
    fn into_key(self) -> Result<Key, InvalidKey> {
        Key::new(self)
    }
}
impl IntoKey for &String {
    fn into_key(self) -> Result<Key, InvalidKey> {
        Key::new(self.as_str())
    }
}
impl IntoKey for String {
    fn into_key(self) -> Result<Key, InvalidKey> {
        Key::new(self)
    }
}

/// A call that is being put together. Awaiting it sends the command and gives the outcome.
///
/// # Cancel safety
/// Dropping the future never leaves half a command: either it was not sent, or the entity handles all of it.
/// Commands that one task awaits one after the other are handled in that order (G7).
#[must_use = "a call does nothing until it is awaited"]
pub struct Call<S, C> {
    to: Target<S>,
    command: C,
    key: Option<Result<Key, InvalidKey>>,
    timeout: Option<Duration>,
}

impl<S, C> Call<S, C> {
    /// Makes the command idempotent: within this entity a command with this key runs once, and every further
    /// call with it gets the first outcome, also after a crash (G6). With another command the key is
    /// refused as [`CallError::KeyReused`]. An invalid key fails the call as not handled.
    ///
    /// The command is told from another one by its name and its encoding, as MessagePack with named fields:
    /// do not put a `HashMap` into it, and give a field that is added later
    /// `#[serde(default, skip_serializing_if = "..")]`, or a retry across the deployment is taken for another
    /// command.
    pub fn key(mut self, key: impl IntoKey) -> Self
    where
        C: Command,
        S: Handler<C>,
        S::Output: Changing,
    {
        self.key = Some(key.into_key());
        self
    }

    /// Gives up waiting after this time, with [`Unknown::TimedOut`](crate::Unknown::TimedOut); the command
    /// may still be handled. Without it a call waits as long as the entity needs.
    ///
    /// # Panics
    /// When the call is polled outside a tokio runtime with its time enabled; nothing was sent then.
    pub fn timeout(mut self, after: Duration) -> Self {
        self.timeout = Some(after);
        self
    }

    /// Hands the command over without waiting for its outcome: awaiting it tells only that the entity's
    /// mailbox took it. Whatever happens to it later (a crash, a failed write, a rejection) is not told, and
    /// commands told after it are handled all the same; failures are logged. A time-out set before has no
    /// meaning: the mailbox answers at once.
    pub fn tell(self) -> Tell<S, C> {
        Tell(self)
    }
}

impl<S: Handler<C>, C: Command> IntoFuture for Call<S, C> {
    type Output = Result<Reply<S, C>, CallError<Rejection<S, C>>>;
    type IntoFuture = Asking<S, Reply<S, C>, Rejection<S, C>>;

    fn into_future(self) -> Self::IntoFuture {
        let key = match self.key.transpose() {
            Ok(key) => key,
            Err(invalid) => return Asking::failed(Failure::NotHandled(NotHandled::InvalidKey(invalid))),
        };
        let (sender, receiver) = oneshot::channel();
        let envelope = Asked::boxed(self.command, key, Some(sender));
        Asking::sending(self.to, envelope, receiver, self.timeout)
    }
}

impl<S, C: Command> fmt::Debug for Call<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Call({} to {:?})", C::NAME, self.to.0.id)
    }
}

/// A call whose outcome nobody waits for. Awaiting it hands the command over.
#[must_use = "a call does nothing until it is awaited"]
pub struct Tell<S, C>(Call<S, C>);

impl<S: Handler<C>, C: Command> IntoFuture for Tell<S, C> {
    type Output = Result<(), CallError>;
    type IntoFuture = Telling<S, C>;

    fn into_future(self) -> Self::IntoFuture {
        Telling(Some(self.0))
    }
}

/// The future of a [`Tell`]. It is ready at its first poll.
pub struct Telling<S, C>(Option<Call<S, C>>);

impl<S, C> Unpin for Telling<S, C> {}

impl<S: Handler<C>, C: Command> Future for Telling<S, C> {
    type Output = Result<(), CallError>;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        let call = self.0.take().expect("a future is not polled again after it was ready");
        let key = match call.key.transpose() {
            Ok(key) => key,
            Err(invalid) => return Poll::Ready(Err(CallError::NotHandled(NotHandled::InvalidKey(invalid)))),
        };
        let address = &call.to.0;
        let told = address.delivery.deliver(address, Asked::boxed(call.command, key, None));
        Poll::Ready(told.map_err(CallError::from))
    }
}
