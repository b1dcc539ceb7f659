//! What came of a call.

use annals::{CallError, Rejection, Reply, Unknown};
use std::fmt::Debug;

/// What came of a call with the command `C` of `P`: the entity `S` itself, or a part of it.
pub type ThenOf<S, P, C, H, W> = Then<S, Reply<P, C, H>, Rejection<P, C, H>, W>;

/// What came of a call: the outcome for the caller, what was stored, and the state after it.
///
/// The methods assert, and can be chained; the fields are there for everything else.
#[derive(Debug)]
pub struct Then<S, R, E, W> {
    /// What the caller got.
    pub result: Result<R, CallError<E>>,
    /// The state that the store gives now.
    pub state: S,
    /// What the call left in the store.
    pub stored: W,
    /// Whether the entity left memory after the call.
    pub passivated: bool,
}

impl<S, R, E, W> Then<S, R, E, W> {
    pub(super) fn map<V>(self, stored: impl FnOnce(W) -> V) -> Then<S, R, E, V> {
        let Self { result, state, passivated, .. } = self;
        Then { result, state, passivated, stored: stored(self.stored) }
    }
}

impl<S, R, E, W> Then<S, R, E, W>
where
    S: Debug + PartialEq,
    R: Debug + PartialEq,
    E: Debug + PartialEq,
{
    /// The caller got this reply.
    ///
    /// # Panics
    /// If not.
    #[track_caller]
    pub fn replies(self, reply: R) -> Self {
        assert!(matches!(&self.result, Ok(it) if *it == reply), "not the reply {reply:?}: {:?}", self.result);
        self
    }

    /// The caller got this rejection.
    ///
    /// # Panics
    /// If not.
    #[track_caller]
    pub fn rejects(self, why: E) -> Self {
        let rejected = matches!(&self.result, Err(CallError::Rejected(it)) if *it == why);
        assert!(rejected, "not the rejection {why:?}: {:?}", self.result);
        self
    }

    /// The caller was told that nothing happened.
    ///
    /// # Panics
    /// If not.
    #[track_caller]
    pub fn is_not_handled(self) -> Self {
        assert!(matches!(&self.result, Err(CallError::NotHandled(_))), "not unhandled: {:?}", self.result);
        self
    }

    /// The caller was told that it may have happened.
    ///
    /// # Panics
    /// If not.
    #[track_caller]
    pub fn is_unknown(self) -> Self {
        assert!(matches!(&self.result, Err(CallError::Unknown(_))), "not unknown: {:?}", self.result);
        self
    }

    /// The command is not ready: it waits.
    ///
    /// # Panics
    /// If it was handled.
    #[track_caller]
    pub fn waits(self) -> Self {
        let waits = matches!(&self.result, Err(CallError::Unknown(Unknown::TimedOut { .. })));
        assert!(waits, "it does not wait: {:?}", self.result);
        self
    }

    /// The state is this one now.
    ///
    /// # Panics
    /// If not.
    #[track_caller]
    pub fn leaves(self, state: S) -> Self {
        assert!(self.state == state, "expected {state:?}, it is {:?}", self.state);
        self
    }
}
