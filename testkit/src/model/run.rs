//! Runs: one per seed, each on a fresh store; a failed one is shrunk.

use super::coverage::Coverage;
use super::draw::Draws;
use super::op::Op;
use super::options::Options;
use super::reference::Difference;
use super::session::Session;
use super::{Failure, shrink};
use crate::attempt::message;
use crate::conformance::Harness;
use crate::conformance::case::Ownership;
use crate::conformance::harness::Opened;
use crate::conformance::store::Store;
use futures_util::FutureExt;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

/// A run that takes longer failed: it hangs.
const TOO_LONG: Duration = Duration::from_secs(120);

/// Runs every seed, and tells which transitions were taken.
///
/// # Panics
/// With the [`Failure`], shrunk, at the first seed whose run goes wrong.
pub async fn run<H: Harness>(harness: &H, options: &Options) -> Coverage {
    try_run(harness, options).await.unwrap_or_else(|failure| panic!("the storage differs: {failure}"))
}

/// The same, for a test of which a failure is what it wants to see.
///
/// # Errors
/// The [`Failure`] of the first seed whose run goes wrong, shrunk.
pub async fn try_run<H: Harness>(harness: &H, options: &Options) -> Result<Coverage, Failure> {
    let mut coverage = Coverage::default();
    for seed in options.seeds.clone() {
        let ops = Draws::new(seed, options).ops();
        match attempt(harness, options, &ops).await {
            Ok(of_run) => coverage.add(of_run),
            Err(difference) => {
                let failure = Failure { seed, steps: ops.len(), ops, difference };
                return Err(shrink::shrink(harness, options, failure).await);
            }
        }
    }
    Ok(coverage)
}

/// One run on a fresh store. A panic or a hang in it is a difference like any other.
pub(super) async fn attempt<H: Harness>(
    harness: &H,
    options: &Options,
    ops: &[Op],
) -> Result<Coverage, Difference> {
    let all = async {
        let store = Store::open(Opened::open(harness), Ownership::Case).await;
        let mut session = Session::new(store);
        for (number, op) in (1..).zip(ops) {
            session.step(op).await?;
            if number % options.compare_every == 0 || number == ops.len() {
                session.compare_everything().await?;
            }
        }
        Ok(session.into_coverage())
    };
    let all = AssertUnwindSafe(Box::pin(all)).catch_unwind();
    match tokio::time::timeout(TOO_LONG, all).await {
        Ok(Ok(result)) => result,
        Ok(Err(panic)) => Err(message(panic.as_ref())),
        Err(_) => Err(format!("it was not done after {} s", TOO_LONG.as_secs())),
    }
}
