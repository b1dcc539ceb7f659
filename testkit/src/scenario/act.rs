//! One call of a scenario, and what the storage does to its write.

use annals::{Call, CallError, Command, Handled, Rejection, Reply, Unknown};
use std::time::Duration;

/// What the storage does to a write. In each case the caller is told that it is
/// [unknown](annals::Unknown::NotConfirmed) what came of it, the entity leaves memory, and the call may be repeated
/// with its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum WriteFault {
    /// It stores nothing and says so, until the engine gives up.
    Unavailable,
    /// Another writer was first: it stores nothing.
    Conflict,
    /// It stores nothing, and its answer is lost.
    Lost,
    /// It stores the write, and its answer is lost.
    StoredAndLost,
}

/// What a caller gets.
pub(super) type Called<S, C, H> = Result<Reply<S, C, H>, CallError<Rejection<S, C, H>>>;

/// How long a call is waited for that has no time-out of its own, on the paused clock.
const LONGEST: Duration = Duration::from_secs(3600);

/// Waits for the answer of a call.
pub(super) async fn answer<S, C, H>(call: Call<S, C, H>) -> Called<S, C, H>
where
    S: Send + Sync + 'static,
    C: Command,
    H: Handled<S, C>,
{
    let answered = tokio::time::timeout(LONGEST, call.into_future()).await;
    answered.unwrap_or(Err(CallError::Unknown(Unknown::TimedOut { after: LONGEST })))
}
