//! What being watched costs: calls on the memory backend while nobody watches, while a subscriber takes every
//! span and throws it away, and while a recorder counts. Every measurement has a process of its own, because a
//! process has one subscriber and one recorder.

use crate::account::{self, Account, Form};
use crate::callers::{Callee, Load, Tokio, calls_per_second};
use crate::child;
use crate::rounds::{Contestant, in_turn};
use crate::scale::Scale;
use crate::table::{Row, Section};
use annals::Node;
use annals_memory::MemoryStorage;
use metrics_exporter_prometheus::PrometheusBuilder;
use std::sync::Arc;
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::Registry;

const PART: &str = "observed";
const QUERY: &str = "query";
const COMMAND: &str = "command";

/// Who watches, and how the table says it.
const WATCHERS: [(&str, &str); 4] = [
    ("nobody", "no subscriber, no recorder"),
    ("spans", "a registry with a layer that discards everything, at debug level"),
    ("metrics", "a recorder for Prometheus"),
    ("both", "both"),
];

pub(crate) fn run(scale: &Scale) -> Section {
    let callers = scale.callers.to_string();
    let (queries, commands) = (scale.observed_queries.to_string(), scale.observed_commands.to_string());
    let contestant = |name, watcher, what, calls: &str| {
        let part = [PART, watcher, what, &callers, calls].map(String::from);
        Contestant::new(name, move || child::ask(&part.each_ref().map(String::as_str))[0])
    };
    let names = [
        ("queries, nobody watches", "persisted, nobody watches"),
        ("queries, spans on", "persisted, spans on"),
        ("queries, metrics on", "persisted, metrics on"),
        ("queries, both on", "persisted, both on"),
    ];
    let mut contestants = Vec::new();
    for ((watcher, _), (query, _)) in WATCHERS.iter().zip(names) {
        contestants.push(contestant(query, *watcher, QUERY, &queries));
    }
    for ((watcher, _), (_, command)) in WATCHERS.iter().zip(names) {
        contestants.push(contestant(command, *watcher, COMMAND, &commands));
    }
    let samples = in_turn(&mut contestants, scale.rounds);
    let row = |who: usize| {
        let unwatched = who - who % WATCHERS.len();
        let (_, settings) = WATCHERS[who % WATCHERS.len()];
        let row = Row::rate(contestants[who].name, "calls/s", &samples[who], settings);
        if who == unwatched {
            return row;
        }
        row.ratio(samples[who].median() / samples[unwatched].median(), "of nobody watching")
    };
    let rows = (0..contestants.len()).map(row).collect();
    let title = format!("Observed: memory backend, {callers} entities, {callers} callers");
    Section { title, rows }
}

/// Measures one kind of call under one watcher in this process.
pub(crate) fn child(part: &[&str]) -> Option<Vec<f64>> {
    let [PART, watcher, what, callers, calls] = part else { return None };
    if matches!(*watcher, "spans" | "both") {
        let subscriber = Registry::default().with(Discarding);
        tracing::subscriber::set_global_default(subscriber).expect("there is no other subscriber");
    }
    if matches!(*watcher, "metrics" | "both") {
        PrometheusBuilder::new().install_recorder().expect("there is no other recorder");
    }
    let number = |text: &str| text.parse().expect("a number");
    let load = Load { callers: number(callers), entities: number(callers), calls: number(calls) };
    let tokio = Tokio::new();
    let watched = Arc::new(tokio.wait(Watched::start(load.entities, *what == QUERY)));
    // Every entity is in memory then, and every queue has its size.
    calls_per_second(&tokio, &watched, Load { calls: 1 + load.calls / 10, ..load });
    Some(vec![calls_per_second(&tokio, &watched, load)])
}

/// Takes every span and event up to debug level, and does nothing with them.
struct Discarding;

impl<S: Subscriber> Layer<S> for Discarding {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        *metadata.level() <= Level::DEBUG
    }
}

struct Watched {
    _node: Node,
    accounts: Vec<<Account as annals::Entity>::Ref>,
    queries: bool,
}

impl Watched {
    async fn start(entities: usize, queries: bool) -> Self {
        let node = account::node::<Account>(MemoryStorage::new()).await;
        let accounts = account::accounts::<Account>(&node, entities);
        Self { _node: node, accounts, queries }
    }
}

impl Callee for Watched {
    async fn call(&self, entity: usize, _: usize, _: usize) {
        let account = &self.accounts[entity];
        let balance = if self.queries {
            Account::ask_balance(account).await
        } else {
            Account::ask_deposit(account, None).await
        };
        std::hint::black_box(balance);
    }
}
