//! A clock that stands still until a test moves it.

use annals::{Clock, Timestamp};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// A clock under the test's control. All clones are one clock.
#[derive(Debug, Clone)]
pub struct TestClock(Arc<AtomicI64>);

/// 2025-01-01 00:00 UTC: where a clock stands at first.
const START_MICROS: i64 = 1_735_689_600_000_000;

impl Default for TestClock {
    fn default() -> Self {
        Self(Arc::new(AtomicI64::new(START_MICROS)))
    }
}

impl TestClock {
    /// Sets it, also backwards.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.as_micros(), Ordering::SeqCst);
    }

    /// Moves it on; it stops at the end of what a [`Timestamp`] can hold.
    pub fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        self.0.store(self.now().as_micros().saturating_add(by), Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}
