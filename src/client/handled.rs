//! The two ways in which an entity handles a command, behind one kind of call.

use crate::entity::{AsyncHandler, Command, Context, Handler, Outcome};
use futures_util::future::{BoxFuture, FutureExt, ready};
use std::time::Duration;

/// How a command is handled. Implemented here only.
pub trait Handled<S, C>: Send + 'static {
    /// What the handler returns.
    type Output: Outcome<S>;

    /// Whether the handler awaits.
    #[doc(hidden)]
    const AWAITS: bool;
    /// The deadline of a handler that awaits, if it has one of its own.
    #[doc(hidden)]
    fn deadline() -> Option<Duration>;
    #[doc(hidden)]
    fn ready(state: &S, command: &C) -> bool;
    #[doc(hidden)]
    fn decide(state: &S, command: C, ctx: &Context<S>) -> Self::Output;
    #[doc(hidden)]
    fn decide_awaited<'a>(state: &'a S, command: C, ctx: &'a Context<S>) -> BoxFuture<'a, Self::Output>;
}

/// Handled by a [`Handler`], which decides at once.
#[derive(Debug)]
pub enum Directly {}

/// Handled by an [`AsyncHandler`], which may await.
#[derive(Debug)]
pub enum Awaited {}

impl<S: Handler<C>, C: Command> Handled<S, C> for Directly {
    type Output = S::Output;
    const AWAITS: bool = false;

    fn deadline() -> Option<Duration> {
        None
    }

    fn ready(state: &S, command: &C) -> bool {
        state.ready(command)
    }

    fn decide(state: &S, command: C, ctx: &Context<S>) -> Self::Output {
        state.handle(command, ctx)
    }

    fn decide_awaited<'a>(_: &'a S, _: C, _: &'a Context<S>) -> BoxFuture<'a, Self::Output> {
        unreachable!("a handler that decides at once is not awaited")
    }
}

impl<S: AsyncHandler<C>, C: Command> Handled<S, C> for Awaited {
    type Output = S::Output;
    const AWAITS: bool = true;

    fn deadline() -> Option<Duration> {
        S::deadline()
    }

    fn ready(state: &S, command: &C) -> bool {
        state.ready(command)
    }

    fn decide(_: &S, _: C, _: &Context<S>) -> Self::Output {
        unreachable!("a handler that awaits does not decide at once")
    }

    fn decide_awaited<'a>(state: &'a S, command: C, ctx: &'a Context<S>) -> BoxFuture<'a, Self::Output> {
        // A panic before the first await is one of the handler too.
        ready(()).then(move |()| state.handle(command, ctx)).boxed()
    }
}
