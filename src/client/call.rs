//! Refs and the calls made through them.

use super::asked::Asked;
use super::asking::Asking;
use super::handled::{Awaited, Directly, Handled};
use crate::entity::{
    AsyncHandler, CallError, Changing, Command, Entity, Envelope, EventSourced, Failure, Handler, Has,
    NotHandled, Outcome, Target, target_of_part,
};
use crate::vocabulary::{EntityId, InvalidKey, Key};
use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::oneshot;

/// What a command of `S` replies.
pub type Reply<S, C, H = Directly> = <<H as Handled<S, C>>::Output as Outcome<S>>::Reply;
/// What a command of `S` is rejected with.
pub type Rejection<S, C, H = Directly> = <<H as Handled<S, C>>::Output as Outcome<S>>::Rejection;

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
        Call::new(self.0.clone(), command)
    }

    /// The same for a command or query with a handler that awaits.
    pub fn ask_async<C: Command>(&self, command: C) -> Call<S, C, Awaited>
    where
        S: AsyncHandler<C>,
    {
        Call::new(self.0.clone(), command)
    }

    /// The client of the part `P` of the entity: its calls go to the entity, and so do its reads of events.
    pub fn part<P: Entity + EventSourced>(&self) -> P::Ref
    where
        S: Has<P>,
    {
        P::Ref::from(target_of_part(&self.0))
    }

    pub(super) fn target(&self) -> &Target<S> {
        &self.0
    }

    /// Hands over something that is not a command.
    pub(crate) fn deliver(&self, envelope: Box<dyn Envelope<S>>) -> Result<(), Failure> {
        let address = &self.0.0;
        address.delivery.deliver(address, envelope)
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
pub struct Call<S, C, H = Directly> {
    to: Target<S>,
    command: C,
    key: Option<Result<Key, InvalidKey>>,
    timeout: Option<Duration>,
    handled: PhantomData<fn() -> H>,
}

impl<S, C, H> Call<S, C, H> {
    fn new(to: Target<S>, command: C) -> Self {
        Self { to, command, key: None, timeout: None, handled: PhantomData }
    }

    /// The command that will be sent.
    pub fn command(&self) -> &C {
        &self.command
    }

    /// The same call with another command of its kind.
    pub(crate) fn try_map<E>(self, other: impl FnOnce(C) -> Result<C, E>) -> Result<Self, E> {
        Ok(Self { command: other(self.command)?, ..self })
    }

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
        H: Handled<S, C>,
        H::Output: Changing,
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
    pub fn tell(self) -> Tell<S, C, H> {
        Tell(self)
    }
}

impl<S, C, H> IntoFuture for Call<S, C, H>
where
    S: Send + Sync + 'static,
    C: Command,
    H: Handled<S, C>,
{
    type Output = Result<Reply<S, C, H>, CallError<Rejection<S, C, H>>>;
    type IntoFuture = Asking<S, Reply<S, C, H>, Rejection<S, C, H>>;

    fn into_future(self) -> Self::IntoFuture {
        let key = match self.key.transpose() {
            Ok(key) => key,
            Err(invalid) => return Asking::failed(Failure::NotHandled(NotHandled::InvalidKey(invalid))),
        };
        let (sender, receiver) = oneshot::channel();
        let envelope = Asked::<S, C, H>::boxed(self.command, key, Some(sender));
        Asking::sending(self.to, envelope, receiver, self.timeout)
    }
}

impl<S, C: Command, H> fmt::Debug for Call<S, C, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Call({} to {:?})", C::NAME, self.to.0.id)
    }
}

/// A call whose outcome nobody waits for. Awaiting it hands the command over.
#[must_use = "a call does nothing until it is awaited"]
pub struct Tell<S, C, H = Directly>(Call<S, C, H>);

impl<S, C, H> IntoFuture for Tell<S, C, H>
where
    S: Send + Sync + 'static,
    C: Command,
    H: Handled<S, C>,
{
    type Output = Result<(), CallError>;
    type IntoFuture = Telling<S, C, H>;

    fn into_future(self) -> Self::IntoFuture {
        Telling(Some(self.0))
    }
}

/// The future of a [`Tell`]. It is ready at its first poll.
pub struct Telling<S, C, H = Directly>(Option<Call<S, C, H>>);

impl<S, C, H> Unpin for Telling<S, C, H> {}

impl<S, C, H> Future for Telling<S, C, H>
where
    S: Send + Sync + 'static,
    C: Command,
    H: Handled<S, C>,
{
    type Output = Result<(), CallError>;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        let call = self.0.take().expect("a future is not polled again after it was ready");
        let key = match call.key.transpose() {
            Ok(key) => key,
            Err(invalid) => return Poll::Ready(Err(CallError::NotHandled(NotHandled::InvalidKey(invalid)))),
        };
        let address = &call.to.0;
        let told = address.delivery.deliver(address, Asked::<S, C, H>::boxed(call.command, key, None));
        Poll::Ready(told.map_err(CallError::from))
    }
}
