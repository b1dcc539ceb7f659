//! Commands that are durable before they are answered, from many callers to many entities, beside a raw
//! program on the same disk with the same durability.

use crate::account::{self, Account, ByHand, Form};
use crate::callers::{Callee, Load, Tokio, calls_per_second};
use crate::files::Files;
use crate::raw::{self, Inserts, Keys, Raw};
use crate::rounds::{Contestant, Samples, in_turn};
use crate::scale::Scale;
use crate::table::{Row, Section};
use annals::{Definition, Node};
use annals_sqlite::SqliteStorage;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How annals opens SQLite by default.
pub(crate) const SETTINGS: &str = "WAL, synchronous=FULL, checkpoint at 4,096 pages";

/// How many inserts make a group when nobody calls.
const GROUP: usize = 1_000;

/// Annals on SQLite.
pub(crate) struct Persisted<F: Form> {
    pub(crate) node: Node,
    pub(crate) accounts: Vec<F::Ref>,
    keys: Keys,
}

impl<F: Form> Persisted<F> {
    pub(crate) async fn start(path: &Path, entities: usize, keys: Keys) -> Self {
        Self::start_with(path, entities, keys, |definition| definition).await
    }

    /// The same with other policies.
    pub(crate) async fn start_with(
        path: &Path,
        entities: usize,
        keys: Keys,
        policies: impl FnOnce(Definition<F>) -> Definition<F>,
    ) -> Self {
        let storage = SqliteStorage::open(path).await.expect("the store opens");
        assert_eq!(
            storage.durability().await.expect("SQLite tells").synchronous,
            annals_sqlite::Synchronous::Full
        );
        let node = account::node_with::<F>(storage, policies).await;
        let accounts = account::accounts::<F>(&node, entities);
        Self { node, accounts, keys }
    }
}

impl<F: Form> Callee for Persisted<F> {
    async fn call(&self, entity: usize, caller: usize, call: usize) {
        let key = (self.keys == Keys::With).then(|| key(caller, call));
        std::hint::black_box(F::ask_deposit(&self.accounts[entity], key).await);
    }
}

/// A key that was never used: callers and calls repeat from round to round, the number before them does not.
pub(crate) fn key(caller: usize, call: usize) -> String {
    static USED: AtomicU64 = AtomicU64::new(0);
    format!("{caller}-{call}-{}", USED.fetch_add(1, Ordering::Relaxed))
}

pub(crate) fn run(scale: &Scale, dir: &Path) -> Section {
    let load = Load { callers: scale.callers, entities: scale.entities, calls: scale.commands };
    let (files, tokio) = (Files::below(dir), Tokio::new());
    let annals = |name, keys| {
        Arc::new(tokio.wait(Persisted::<Account>::start(&files.path(name), load.entities, keys)))
    };
    let raw = |name, keys| Arc::new(Raw::start(&files.path(name), load.entities, keys));
    let (plain, keyed) = (annals("annals.db", Keys::Without), annals("annals-keys.db", Keys::With));
    let path = files.path("annals-by-hand.db");
    let by_hand = Arc::new(tokio.wait(Persisted::<ByHand>::start(&path, load.entities, Keys::Without)));
    let (raw_plain, raw_keyed) = (raw("raw.db", Keys::Without), raw("raw-keys.db", Keys::With));
    let group = GROUP.min(load.entities);
    let mut inserts = Inserts::open(&files.path("inserts.db"), group);
    let mut contestants = [
        Contestant::new("annals, without keys", || calls_per_second(&tokio, &plain, load)),
        Contestant::new("raw program, without keys", || calls_per_second(&tokio, &raw_plain, load)),
        Contestant::new("annals, with keys", || calls_per_second(&tokio, &keyed, load)),
        Contestant::new("raw program, with keys", || calls_per_second(&tokio, &raw_keyed, load)),
        Contestant::new("raw inserts, no callers", || inserts.per_second(load.callers * load.calls)),
        Contestant::new("annals, traits by hand", || calls_per_second(&tokio, &by_hand, load)),
    ];
    let samples = in_turn(&mut contestants, scale.rounds);
    let names: Vec<&str> = contestants.iter().map(|contestant| contestant.name).collect();
    let rows = rows(&names, &samples, group);
    drop(contestants);
    tokio.wait(async {
        plain.node.shutdown().await;
        keyed.node.shutdown().await;
        by_hand.node.shutdown().await;
    });
    let (entities, callers) = (load.entities, load.callers);
    let title =
        format!("Persisted commands: SQLite, {entities} entities, {callers} callers (ratio: annals to raw)");
    Section { title, rows }
}

fn rows(names: &[&str], samples: &[Samples], group: usize) -> Vec<Row> {
    let median = |who: usize| samples[who].median();
    let row = |who: usize, settings: String| Row::rate(names[who], "commands/s", &samples[who], settings);
    let goal = "goal >= 0.30, or >= 100,000/s";
    vec![
        row(0, SETTINGS.into()).ratio(median(0) / median(1), goal),
        row(5, format!("{SETTINGS}; without keys"))
            .ratio(median(0) / median(5), "of the macro; it costs nothing"),
        row(1, raw::SETTINGS.into()),
        row(2, SETTINGS.into()).ratio(median(2) / median(3), goal),
        row(3, format!("{}; keys and replies stored, not checked", raw::SETTINGS)),
        row(4, format!("{}; groups of {group}", raw::SETTINGS)),
    ]
}
