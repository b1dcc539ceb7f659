//! Stopping time at a call.

use super::Match;
use std::sync::Arc;
use tokio::sync::{Semaphore, watch};

/// Calls that wait until the test lets them go on. Made by [`Faults::hold`](super::Faults::hold); all clones are
/// one. Dropping it lets nothing go.
#[derive(Debug, Clone)]
#[must_use = "what is held waits until it is released"]
pub struct Hold(Arc<Held>);

#[derive(Debug)]
struct Held {
    matches: Match,
    permits: Semaphore,
    waiting: watch::Sender<usize>,
}

/// More permits than a test makes calls.
const ALL: usize = 1 << 40;

impl Hold {
    pub(super) fn new(matches: Match) -> Self {
        Self(Arc::new(Held { matches, permits: Semaphore::new(0), waiting: watch::Sender::new(0) }))
    }

    pub(super) fn matches(&self) -> &Match {
        &self.0.matches
    }

    /// Lets so many calls go on: those that wait, and then those that will come.
    pub fn release(&self, calls: usize) {
        self.0.permits.add_permits(calls);
    }

    /// Lets every call go on, now and later.
    pub fn release_all(&self) {
        self.release(ALL.saturating_sub(self.0.permits.available_permits()));
    }

    /// Returns when at least so many calls are waiting.
    pub async fn waiting(&self, calls: usize) {
        let mut waiting = self.0.waiting.subscribe();
        waiting.wait_for(|now| *now >= calls).await.expect("the sender is in `self`");
    }

    /// Waits as long as the test wants it.
    pub(super) async fn pass(&self) {
        let _counted = Counted::new(&self.0.waiting);
        self.0.permits.acquire().await.expect("it is never closed").forget();
    }
}

/// One more is waiting, for as long as this lives.
struct Counted<'a>(&'a watch::Sender<usize>);

impl<'a> Counted<'a> {
    fn new(waiting: &'a watch::Sender<usize>) -> Self {
        waiting.send_modify(|now| *now += 1);
        Self(waiting)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|now| *now -= 1);
    }
}
