//! What the attempt of a case comes to: a panic or a hang in it is a failure, and nothing else.

use crate::report::Verdict;
use futures_util::FutureExt;
use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

/// A case that takes longer failed: it hangs.
const TOO_LONG: Duration = Duration::from_secs(120);

/// Runs the body of a case.
pub(crate) async fn verdict_of(attempt: impl Future<Output = ()>) -> Verdict {
    match tokio::time::timeout(TOO_LONG, AssertUnwindSafe(attempt).catch_unwind()).await {
        Ok(Ok(())) => Verdict::Passed,
        Ok(Err(panic)) => Verdict::Failed(message(panic.as_ref())),
        Err(_) => Verdict::Failed(format!("it was not done after {} s", TOO_LONG.as_secs())),
    }
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "it panicked without a message".into())
}
