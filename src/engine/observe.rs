//! What can be seen of the engine from outside: counters, gauges and histograms behind the `metrics` facade. The
//! one place where their names stand. Handles are made once, so that counting costs no look-up; install a
//! recorder before the node starts.

use crate::storage::OutcomeKind;
use metrics::{
    Counter, Gauge, Histogram, counter, describe_counter, describe_gauge, describe_histogram, gauge,
    histogram,
};

/// Every metric: its name, its labels, its kind, and what it measures.
const METRICS: &[(&str, &str, MetricKind, &str)] = &[
    ("annals_active_entities", "", MetricKind::Gauge, "entities in memory"),
    ("annals_activations_total", "entity_type", MetricKind::Counter, "entities brought into memory"),
    (
        "annals_activation_ends_total",
        "entity_type, end",
        MetricKind::Counter,
        "activations that ended, by why",
    ),
    ("annals_recovery_seconds", "entity_type", MetricKind::Histogram, "duration of a recovery"),
    ("annals_recovery_events", "entity_type", MetricKind::Histogram, "events replayed by a recovery"),
    ("annals_recovery_failures_total", "entity_type", MetricKind::Counter, "recoveries that failed"),
    ("annals_commands_total", "entity_type, outcome", MetricKind::Counter, "answered commands and queries"),
    ("annals_commit_seconds", "entity_type", MetricKind::Histogram, "from a decision to its confirmed write"),
    ("annals_panics_total", "entity_type", MetricKind::Counter, "panics in handlers, apply and replies"),
    ("annals_key_lookups_total", "entity_type", MetricKind::Counter, "keys asked of the storage"),
    (
        "annals_snapshots_total",
        "entity_type, result",
        MetricKind::Counter,
        "snapshots saved and verified, or failed",
    ),
    ("annals_snapshot_seconds", "entity_type", MetricKind::Histogram, "saving, verifying and retention"),
    (
        "annals_snapshots_unreadable_total",
        "entity_type",
        MetricKind::Counter,
        "snapshots that a recovery passed over",
    ),
    ("annals_group_writes", "store, lane", MetricKind::Histogram, "writes per group commit"),
    ("annals_group_seconds", "store, lane", MetricKind::Histogram, "duration of a group commit"),
    ("annals_writes_failed_total", "store, lane", MetricKind::Counter, "writes that were not confirmed"),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MetricKind {
    Counter,
    Gauge,
    Histogram,
}

/// Tells the recorder what each metric measures.
pub(crate) fn describe_metrics() {
    for &(name, _, kind, measures) in METRICS {
        match kind {
            MetricKind::Counter => describe_counter!(name, measures),
            MetricKind::Gauge => describe_gauge!(name, measures),
            MetricKind::Histogram => describe_histogram!(name, measures),
        }
    }
}

/// The instruments of one entity type.
pub(crate) struct Instruments {
    pub(super) activations: Counter,
    pub(super) ends: Ends,
    pub(super) recovery_seconds: Histogram,
    pub(super) recovery_events: Histogram,
    pub(super) recovery_failures: Counter,
    replies: Counter,
    rejections: Counter,
    failures: Counter,
    pub(super) commit_seconds: Histogram,
    pub(super) panics: Counter,
    pub(super) key_lookups: Counter,
    pub(super) snapshots_saved: Counter,
    pub(super) snapshots_failed: Counter,
    pub(super) snapshot_seconds: Histogram,
    pub(super) snapshots_unreadable: Counter,
}

/// Activations that ended, by why.
pub(super) struct Ends {
    pub(super) passivated: Counter,
    pub(super) lost: Counter,
    pub(super) panicked: Counter,
    pub(super) erased: Counter,
}

/// How a call was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answered {
    With(OutcomeKind),
    Failed,
}

impl Answered {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::With(OutcomeKind::Reply) => "reply",
            Self::With(OutcomeKind::Rejection) => "rejection",
            Self::Failed => "failure",
        }
    }
}

impl Instruments {
    pub(crate) fn of(entity_type: &'static str) -> Self {
        let count = |name| counter!(name, "entity_type" => entity_type);
        let end = |end| counter!("annals_activation_ends_total", "entity_type" => entity_type, "end" => end);
        let outcome = |outcome: Answered| counter!("annals_commands_total", "entity_type" => entity_type, "outcome" => outcome.as_str());
        let snapshots =
            |result| counter!("annals_snapshots_total", "entity_type" => entity_type, "result" => result);
        let measure = |name| histogram!(name, "entity_type" => entity_type);
        Self {
            activations: count("annals_activations_total"),
            ends: Ends {
                passivated: end("passivated"),
                lost: end("lost"),
                panicked: end("panicked"),
                erased: end("erased"),
            },
            recovery_seconds: measure("annals_recovery_seconds"),
            recovery_events: measure("annals_recovery_events"),
            recovery_failures: count("annals_recovery_failures_total"),
            replies: outcome(Answered::With(OutcomeKind::Reply)),
            rejections: outcome(Answered::With(OutcomeKind::Rejection)),
            failures: outcome(Answered::Failed),
            commit_seconds: measure("annals_commit_seconds"),
            panics: count("annals_panics_total"),
            key_lookups: count("annals_key_lookups_total"),
            snapshots_saved: snapshots("saved"),
            snapshots_failed: snapshots("failed"),
            snapshot_seconds: measure("annals_snapshot_seconds"),
            snapshots_unreadable: count("annals_snapshots_unreadable_total"),
        }
    }

    pub(super) fn answered(&self, answered: Answered) {
        match answered {
            Answered::With(OutcomeKind::Reply) => self.replies.increment(1),
            Answered::With(OutcomeKind::Rejection) => self.rejections.increment(1),
            Answered::Failed => self.failures.increment(1),
        }
    }
}

/// The instruments of one lane.
pub(super) struct LaneInstruments {
    pub(super) group_writes: Histogram,
    pub(super) group_seconds: Histogram,
    pub(super) failed: Counter,
}

impl LaneInstruments {
    pub(super) fn of(store: usize, lane: usize) -> Self {
        let labels = [("store", store.to_string()), ("lane", lane.to_string())];
        Self {
            group_writes: histogram!("annals_group_writes", &labels),
            group_seconds: histogram!("annals_group_seconds", &labels),
            failed: counter!("annals_writes_failed_total", &labels),
        }
    }
}

/// How many entities are in memory.
pub(crate) fn active_entities() -> Gauge {
    gauge!("annals_active_entities")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guide_names_every_metric_and_no_other() {
        let guide = include_str!("../../docs/guide/operations.md");
        for (name, labels, kind, measures) in METRICS {
            let kind = format!("{kind:?}").to_lowercase();
            let row = format!("| `{name}` | {kind} | {labels} | {measures} |");
            assert!(guide.contains(&row), "docs/guide/operations.md lacks the row {row}");
        }
        let rows = guide.lines().filter(|line| line.starts_with("| `annals_")).count();
        assert_eq!(rows, METRICS.len());
    }

    #[test]
    fn every_metric_that_is_made_is_in_the_list() {
        let source = include_str!("observe.rs");
        let code = source.split("/// The instruments of one entity type.").nth(1).unwrap();
        let code = code.split("mod tests").next().unwrap();
        let mut made: Vec<&str> = code.split('"').filter(|text| text.starts_with("annals_")).collect();
        made.sort_unstable();
        made.dedup();
        let mut listed: Vec<&str> = METRICS.iter().map(|(name, ..)| *name).collect();
        listed.sort_unstable();
        assert_eq!(made, listed);
    }
}
