//! What can be seen of a node from outside: every metric changes when the thing happens that it measures, and
//! spans tell what a call, an activation, a recovery and a group of writes came to. One thread, a paused clock,
//! and a recorder and a subscriber for each test.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "core/gate.rs"]
#[allow(dead_code, reason = "only a part of what it can do is needed here")]
mod gate;

use annals::{
    CallError, Cipher, CipherError, Definition, Effect, Event, EventSourced, Limits, Node, Sealing, Snapshots,
};
use gate::{Fault, Gate, quiesce};
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::{LookupSpan, Registry};

#[derive(Default, Serialize, Deserialize)]
struct Counter {
    count: u64,
}

#[derive(Event, Serialize, Deserialize)]
#[event(entity = Counter)]
enum Counted {
    Raised { by: u64 },
}

impl EventSourced for Counter {
    const ENTITY_TYPE: &'static str = "counter";
    type Event = Counted;
    fn apply(&mut self, Counted::Raised { by }: &Counted) {
        self.count += by;
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct No;

#[annals::commands(configure = with_snapshots)]
impl Counter {
    pub(crate) fn raise(&self, by: u64) -> Effect<Self, u64> {
        Effect::persist(Counted::Raised { by }).reply(|counter| counter.count)
    }

    pub(crate) fn raise_and_snapshot(&self) -> Effect<Self> {
        Effect::persist(Counted::Raised { by: 1 }).snapshot()
    }

    pub(crate) fn refuse(&self) -> Effect<Self, (), No> {
        Effect::reject(No)
    }

    pub(crate) fn panic(&self) -> Effect<Self> {
        panic!("as the test wants")
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }
}

fn with_snapshots(counter: Definition<Counter>) -> Definition<Counter> {
    counter.snapshots(Snapshots::on_demand())
}

const IDLE: Duration = Duration::from_secs(60);

async fn start(gate: &Gate) -> Node {
    let mut limits = Limits::default();
    limits.idle = IDLE;
    // No key stays in memory.
    limits.recent_keys = 0;
    Node::builder(gate.clone()).register::<Counter>().limits(limits).start().await.unwrap()
}

async fn until_idle() {
    tokio::time::sleep(IDLE * 3).await;
}

/// Runs a test on one thread with a paused clock.
fn block_on(test: impl Future<Output = ()>) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().start_paused(true).build().unwrap().block_on(test);
}

// Metrics

/// Runs a test with a recorder of its own.
fn recorded(test: impl AsyncFnOnce(&Metrics, &Gate, &Node)) {
    let recorder = DebuggingRecorder::new();
    let metrics = Metrics(recorder.snapshotter());
    metrics::with_local_recorder(&recorder, || {
        block_on(async {
            let gate = Gate::open();
            let node = start(&gate).await;
            test(&metrics, &gate, &node).await;
        });
    });
}

struct Metrics(Snapshotter);

/// What changed, by the name and the values of the labels: `annals_commands_total counter reply`.
type Changes = BTreeMap<String, Vec<f64>>;

impl Metrics {
    /// Since the last time, or since the start.
    fn changes(&self) -> Changes {
        let mut changes = Changes::new();
        for (key, _, _, value) in self.0.snapshot().into_vec() {
            let (_, key) = key.into_parts();
            let mut name = key.name().to_owned();
            key.labels().for_each(|label| name.extend([" ", label.value()]));
            let values = match value {
                DebugValue::Counter(0) => continue,
                DebugValue::Counter(count) => vec![count as f64],
                DebugValue::Gauge(change) if change == 0.0 => continue,
                DebugValue::Gauge(change) => vec![*change],
                DebugValue::Histogram(values) if values.is_empty() => continue,
                DebugValue::Histogram(values) => values.iter().map(|value| **value).collect(),
            };
            changes.insert(name, values);
        }
        changes
    }
}

#[test]
fn an_activation_is_counted_and_measured() {
    recorded(async |metrics, _, node| {
        node.entity::<Counter>("one").count().await.unwrap();
        let changes = metrics.changes();
        assert_eq!(changes["annals_activations_total counter"], [1.0]);
        assert_eq!(changes["annals_active_entities"], [1.0]);
        assert_eq!(changes["annals_recovery_seconds counter"].len(), 1);
    });
}

#[test]
fn the_end_of_an_activation_is_counted_by_its_reason() {
    recorded(async |metrics, gate, node| {
        let one = node.entity::<Counter>("one");
        let ended = || {
            let changes = metrics.changes();
            let ends =
                changes.keys().filter_map(|name| name.strip_prefix("annals_activation_ends_total counter "));
            ends.map(str::to_owned).collect::<Vec<_>>()
        };
        one.count().await.unwrap();
        until_idle().await;
        assert_eq!(ended(), ["passivated"]);
        one.panic().await.unwrap_err();
        quiesce().await;
        assert_eq!(ended(), ["panicked"]);
        gate.fail_next(Fault::Lost);
        one.raise(1).await.unwrap_err();
        quiesce().await;
        assert!(ended().contains(&"lost".to_owned()));
        node.erase::<Counter>("one").await.unwrap();
        quiesce().await;
        assert!(ended().contains(&"erased".to_owned()));
    });
}

#[test]
fn entities_that_leave_memory_are_not_counted_as_active() {
    recorded(async |metrics, _, node| {
        for id in ["one", "two"] {
            node.entity::<Counter>(id).count().await.unwrap();
        }
        assert_eq!(metrics.changes()["annals_active_entities"], [2.0]);
        until_idle().await;
        assert_eq!(metrics.changes()["annals_active_entities"], [-2.0]);
    });
}

#[test]
fn a_recovery_tells_how_many_events_it_replayed() {
    recorded(async |metrics, _, node| {
        let one = node.entity::<Counter>("one");
        for _ in 0..3 {
            one.raise(1).await.unwrap();
        }
        until_idle().await;
        metrics.changes();
        one.count().await.unwrap();
        assert_eq!(metrics.changes()["annals_recovery_events counter"], [3.0]);
    });
}

#[test]
fn a_recovery_that_fails_is_counted() {
    recorded(async |metrics, gate, node| {
        gate.fail_reads(1);
        node.entity::<Counter>("one").count().await.unwrap_err();
        let changes = metrics.changes();
        assert_eq!(changes["annals_recovery_failures_total counter"], [1.0]);
        assert!(!changes.contains_key("annals_activations_total counter"));
    });
}

#[test]
fn answers_are_counted_by_their_outcome() {
    recorded(async |metrics, gate, node| {
        let one = node.entity::<Counter>("one");
        one.count().await.unwrap();
        one.raise(1).await.unwrap();
        assert!(matches!(one.refuse().await, Err(CallError::Rejected(No))));
        let changes = metrics.changes();
        assert_eq!(changes["annals_commands_total counter reply"], [2.0]);
        assert_eq!(changes["annals_commands_total counter rejection"], [1.0]);
        gate.fail_next(Fault::Lost);
        one.raise(1).await.unwrap_err();
        assert_eq!(metrics.changes()["annals_commands_total counter failure"], [1.0]);
    });
}

#[test]
fn a_commit_is_measured_and_a_query_is_not() {
    recorded(async |metrics, _, node| {
        let one = node.entity::<Counter>("one");
        one.count().await.unwrap();
        assert!(!metrics.changes().contains_key("annals_commit_seconds counter"));
        one.raise(1).await.unwrap();
        assert_eq!(metrics.changes()["annals_commit_seconds counter"].len(), 1);
    });
}

#[test]
fn a_panic_is_counted() {
    recorded(async |metrics, _, node| {
        node.entity::<Counter>("one").panic().await.unwrap_err();
        assert_eq!(metrics.changes()["annals_panics_total counter"], [1.0]);
    });
}

#[test]
fn a_key_that_the_storage_is_asked_for_is_counted() {
    recorded(async |metrics, _, node| {
        let one = node.entity::<Counter>("one");
        one.raise(1).key("k").await.unwrap();
        quiesce().await;
        assert!(!metrics.changes().contains_key("annals_key_lookups_total counter"));
        one.raise(1).key("k").await.unwrap();
        assert_eq!(metrics.changes()["annals_key_lookups_total counter"], [1.0]);
    });
}

#[test]
fn snapshots_are_counted_as_saved_failed_or_unreadable() {
    recorded(async |metrics, gate, node| {
        let one = node.entity::<Counter>("one");
        one.raise_and_snapshot().await.unwrap();
        quiesce().await;
        let changes = metrics.changes();
        assert_eq!(changes["annals_snapshots_total counter saved"], [1.0]);
        assert_eq!(changes["annals_snapshot_seconds counter"].len(), 1);
        gate.damage_snapshots(1);
        one.raise_and_snapshot().await.unwrap();
        quiesce().await;
        assert_eq!(metrics.changes()["annals_snapshots_total counter failed"], [1.0]);
        until_idle().await;
        one.count().await.unwrap();
        assert_eq!(metrics.changes()["annals_snapshots_unreadable_total counter"], [1.0]);
    });
}

/// Encrypts nothing, and refuses states.
struct NotStates;
impl Cipher for NotStates {
    fn encrypt(&self, about: &Sealing<'_>, plain: &[u8]) -> Result<Vec<u8>, CipherError> {
        if *about.manifest.name == *"counter" {
            return Err(CipherError::new("as the test wants"));
        }
        Ok(plain.to_vec())
    }

    fn decrypt(&self, _: &Sealing<'_>, sealed: &[u8]) -> Result<Vec<u8>, CipherError> {
        Ok(sealed.to_vec())
    }
}

#[test]
fn a_snapshot_that_cannot_be_taken_is_tried_again_when_the_next_one_is_due() {
    let recorder = DebuggingRecorder::new();
    let metrics = Metrics(recorder.snapshotter());
    metrics::with_local_recorder(&recorder, || {
        block_on(async {
            let node = Node::builder(Gate::open())
                .register_with::<Counter>(|it| it.cipher(NotStates).snapshots(Snapshots::every(3)));
            let one = node.start().await.unwrap().entity::<Counter>("one");
            for _ in 0..8 {
                one.raise(1).await.unwrap();
                quiesce().await;
            }
        });
    });
    assert_eq!(metrics.changes()["annals_snapshots_total counter failed"], [2.0]);
}

#[test]
fn groups_and_failed_writes_are_measured_by_lane() {
    recorded(async |metrics, gate, node| {
        let one = node.entity::<Counter>("one");
        one.raise(1).await.unwrap();
        let changes = metrics.changes();
        assert_eq!(changes["annals_group_writes 0 0"], [1.0]);
        assert_eq!(changes["annals_group_seconds 0 0"].len(), 1);
        assert!(!changes.contains_key("annals_writes_failed_total 0 0"));
        gate.fail_next(Fault::Lost);
        one.raise(1).await.unwrap_err();
        assert_eq!(metrics.changes()["annals_writes_failed_total 0 0"], [1.0]);
    });
}

#[test]
fn every_metric_has_a_test_here() {
    let tests = include_str!("observability.rs");
    let made = include_str!("../src/engine/observe.rs").split("mod tests").next().unwrap();
    let names: Vec<&str> = made.split('"').filter(|text| text.starts_with("annals_")).collect();
    assert!(names.len() > 10);
    for name in names {
        let read = [format!("[\"{name}\"]"), format!("[\"{name} "), format!("\"{name} counter \"")];
        assert!(read.iter().any(|read| tests.contains(read)), "{name} is not tested");
    }
}

// Spans

/// A span as it was at its end: its name, and its fields with their values.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    name: &'static str,
    fields: BTreeMap<&'static str, String>,
}

/// Notes every span of at least this level.
#[derive(Clone)]
struct Recording {
    least: Level,
    seen: Arc<Mutex<Vec<(Id, Seen)>>>,
}

impl Recording {
    fn new(least: Level) -> Self {
        Self { least, seen: Arc::default() }
    }

    /// The fields of the spans of that name.
    fn spans(&self, name: &str) -> Vec<BTreeMap<&'static str, String>> {
        let seen = self.seen.lock().unwrap();
        seen.iter().filter(|(_, seen)| seen.name == name).map(|(_, seen)| seen.fields.clone()).collect()
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Recording {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        *metadata.level() <= self.least
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, _: Context<'_, S>) {
        let mut seen = Seen { name: attributes.metadata().name(), fields: BTreeMap::new() };
        attributes.record(&mut seen);
        self.seen.lock().unwrap().push((id.clone(), seen));
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, _: Context<'_, S>) {
        let mut all = self.seen.lock().unwrap();
        // Ids are used again after a span has closed: the last one is meant.
        let (_, seen) = all.iter_mut().rev().find(|(seen, _)| seen == id).unwrap();
        values.record(seen);
    }
}

impl Visit for Seen {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.fields.insert(field.name(), format!("{value:?}"));
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        self.fields.insert(field.name(), value.to_owned());
    }
}

/// Runs a test under a subscriber that notes spans of at least this level.
fn traced(least: Level, test: impl AsyncFnOnce(&Recording, &Gate, &Node)) {
    let recording = Recording::new(least);
    let subscriber = Registry::default().with(recording.clone());
    tracing::subscriber::with_default(subscriber, || {
        block_on(async {
            let gate = Gate::open();
            let node = start(&gate).await;
            test(&recording, &gate, &node).await;
        });
    });
}

fn fields<const N: usize>(fields: [(&'static str, &str); N]) -> BTreeMap<&'static str, String> {
    fields.into_iter().map(|(name, value)| (name, value.to_owned())).collect()
}

#[test]
fn the_span_of_a_command_tells_entity_name_and_outcome() {
    traced(Level::DEBUG, async |recording, gate, node| {
        let one = node.entity::<Counter>("one");
        one.raise(1).await.unwrap();
        one.refuse().await.unwrap_err();
        gate.fail_next(Fault::Lost);
        one.raise(1).await.unwrap_err();
        let command = |command, outcome| {
            fields([("entity", "counter/one"), ("command", command), ("outcome", outcome)])
        };
        let expected =
            [command("raise", "reply"), command("refuse", "rejection"), command("raise", "failure")];
        assert_eq!(recording.spans("command"), expected);
    });
}

#[test]
fn the_span_of_an_activation_tells_where_it_began_and_why_it_ended() {
    traced(Level::DEBUG, async |recording, _, node| {
        let one = node.entity::<Counter>("one");
        one.raise(1).await.unwrap();
        until_idle().await;
        one.panic().await.unwrap_err();
        quiesce().await;
        let activation = |sequence_nr, outcome| {
            fields([("entity", "counter/one"), ("sequence_nr", sequence_nr), ("outcome", outcome)])
        };
        assert_eq!(
            recording.spans("activation")[..2],
            [activation("0", "passivated"), activation("1", "panicked")]
        );
    });
}

#[test]
fn the_span_of_a_recovery_tells_the_entity() {
    traced(Level::DEBUG, async |recording, _, node| {
        node.entity::<Counter>("one").count().await.unwrap();
        assert_eq!(recording.spans("recovery"), [fields([("entity", "counter/one")])]);
    });
}

#[test]
fn the_span_of_a_group_tells_how_many_writes_failed() {
    traced(Level::DEBUG, async |recording, gate, node| {
        let one = node.entity::<Counter>("one");
        one.raise(1).await.unwrap();
        gate.fail_next(Fault::Lost);
        one.raise(1).await.unwrap_err();
        let group = |failed| fields([("lane", "0"), ("writes", "1"), ("failed", failed)]);
        assert_eq!(recording.spans("group_commit"), [group("0"), group("1")]);
    });
}

#[test]
fn nothing_is_recorded_when_nobody_is_interested() {
    traced(Level::INFO, async |recording, _, node| {
        let one = node.entity::<Counter>("one");
        one.raise(1).await.unwrap();
        one.count().await.unwrap();
        until_idle().await;
        assert!(recording.seen.lock().unwrap().is_empty());
    });
}
