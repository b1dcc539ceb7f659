//! What an entity type wants to happen to its entities over their lives: plain data that the engine consults.

use crate::vocabulary::{Backoff, SequenceNr, Timestamp};
use std::time::Duration;

/// When snapshots are taken, and what is deleted once they are (G12).
///
/// A snapshot counts only after it was read back from the storage and decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Snapshots {
    pub(crate) every: Option<u64>,
    pub(crate) interval: Option<Duration>,
    pub(crate) on_passivation: bool,
    pub(crate) keep: usize,
    pub(crate) delete_events: bool,
}

impl Snapshots {
    /// Only those that a handler asks for with [`Effect::snapshot`](super::Effect::snapshot).
    pub const fn on_demand() -> Self {
        Self { every: None, interval: None, on_passivation: false, keep: 2, delete_events: false }
    }

    /// One whenever so many events came since the last.
    pub const fn every(events: u64) -> Self {
        Self { every: Some(events), ..Self::on_demand() }
    }

    /// One with the first event after so much time since the last, or since the first event where there is none,
    /// by the node's clock.
    #[must_use]
    pub const fn interval(self, interval: Duration) -> Self {
        Self { interval: Some(interval), ..self }
    }

    /// One before the entity leaves memory, if there were events since the last.
    #[must_use]
    pub const fn on_passivation(self) -> Self {
        Self { on_passivation: true, ..self }
    }

    /// How many snapshots are kept; the default is 2.
    #[must_use]
    pub const fn keep(self, snapshots: usize) -> Self {
        Self { keep: snapshots, ..self }
    }

    /// Events are deleted up to the oldest snapshot that is kept. At least two must be kept then.
    #[must_use]
    pub const fn delete_events(self) -> Self {
        Self { delete_events: true, ..self }
    }

    /// What cannot be kept to, in words.
    pub(crate) fn problem(&self) -> Option<&'static str> {
        match self {
            Self { every: Some(0), .. } => Some("a snapshot every 0 events"),
            Self { keep: 0, .. } => Some("keeping no snapshot"),
            Self { keep: 1, delete_events: true, .. } => {
                Some("deleting events while fewer than two snapshots are kept")
            }
            _ => None,
        }
    }

    /// Whether a snapshot is due after a write at `now`, with the last one at `last`.
    pub(crate) fn is_due(&self, at: SequenceNr, now: Timestamp, last: LastSnapshot) -> bool {
        let events = at.get().saturating_sub(last.sequence_nr.get());
        let micros = last.since.map_or(0, |since| now.as_micros().saturating_sub(since.as_micros()));
        let elapsed = Duration::from_micros(u64::try_from(micros).unwrap_or(0));
        self.every.is_some_and(|every| events >= every)
            || (events > 0 && self.interval.is_some_and(|interval| elapsed >= interval))
    }
}

/// What the next snapshot is measured from: the last one, or the beginning of the history.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LastSnapshot {
    pub(crate) sequence_nr: SequenceNr,
    /// When it was taken, or the first event written; none before there is one.
    pub(crate) since: Option<Timestamp>,
}

/// What happens when an entity cannot be brought back from storage (G10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum RecoveryPolicy {
    /// The calls that wait fail, and so does every call until the pause of the restart back-off is over; the
    /// next call after it tries again.
    #[default]
    Stop,
    /// The calls wait while it is tried again, with the restart back-off, for so long; then as `Stop`.
    Retry {
        /// Since the first failure.
        within: Duration,
    },
    /// Goes on without what cannot be read: damaged, missing and unknown events are left out of the state and
    /// reported, and the entity continues at the highest number that the storage proves. Such an activation
    /// takes no snapshots and deletes nothing.
    ///
    /// A failure still: a storage that is unavailable, a durable state that cannot be read, and a history with
    /// more than 64 places that cannot be read. Each such place costs another replay from the start.
    StartAtHighest,
}

/// What happens to an entity whose activation ended early: a write was not confirmed (within
/// `Limits::persist_retry`), or its code panicked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum FailurePolicy {
    /// It is activated again for the calls that wait, at once the first time and with the restart back-off
    /// when it fails again without a success in between.
    #[default]
    Restart,
    /// The calls that wait are not handled; the next call activates it.
    Stop,
}

/// The default of [`Definition::restart_backoff`](super::Definition::restart_backoff).
pub(crate) const RESTART_BACKOFF: Backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(10));

#[cfg(test)]
mod tests {
    use super::*;

    fn last(nr: u64, micros: i64) -> LastSnapshot {
        LastSnapshot { sequence_nr: SequenceNr::new(nr), since: Some(Timestamp::from_micros(micros)) }
    }

    #[test]
    fn a_snapshot_is_due_by_events_or_by_time() {
        let due = |policy: Snapshots, nr, micros| {
            policy.is_due(SequenceNr::new(nr), Timestamp::from_micros(micros), last(10, 1_000))
        };
        assert!(!due(Snapshots::every(5), 14, 1_000) && due(Snapshots::every(5), 15, 1_000));
        let hourly = Snapshots::on_demand().interval(Duration::from_micros(500));
        assert!(!due(hourly, 11, 1_499) && due(hourly, 11, 1_500));
        assert!(!due(hourly, 10, 9_000), "without an event there is nothing new to keep");
        assert!(!due(hourly, 11, -9_000), "a clock that went back");
        assert!(!due(Snapshots::on_demand(), 1_000, i64::MAX));
    }

    #[test]
    fn a_policy_that_could_lose_data_is_refused() {
        assert_eq!(Snapshots::every(1).keep(2).delete_events().problem(), None);
        for bad in
            [Snapshots::every(0), Snapshots::every(1).keep(0), Snapshots::every(1).keep(1).delete_events()]
        {
            assert!(bad.problem().is_some(), "{bad:?}");
        }
    }
}
