//! Recovery: the first query to an entity with a long history, beside a loop that only selects and decodes the
//! same rows of the same file; and many entities with short histories. Every measurement has a process of its
//! own, so that its peak of memory is its own.

use crate::account::{self, Account, AccountEvent};
use crate::callers::Tokio;
use crate::child;
use crate::files::Files;
use crate::memory::{forget_peak, peak_bytes, resident_bytes};
use crate::persisted::{Persisted, SETTINGS};
use crate::raw::Keys;
use crate::rounds::{Contestant, Samples, in_turn};
use crate::scale::Scale;
use crate::table::{Row, Section};
use annals::{Definition, Snapshots};
use annals_sqlite::SqliteStorage;
use futures_util::{StreamExt, stream};
use rusqlite::{Connection, OpenFlags};
use std::cell::Cell;
use std::path::Path;
use tokio::time::Instant;

const REPLAY: &str = "replay";
const SNAPSHOT: &str = "snapshot";
const LOOP: &str = "loop";
const FULL_LOOP: &str = "full-loop";
const ACTIVATE: &str = "activate";

/// How many events one command makes when a history is prepared.
const AT_ONCE: u64 = 500;
/// How many entities are called at once when many are activated.
const CALLERS: usize = 1_000;

pub(crate) fn run(scale: &Scale, dir: &Path) -> Section {
    let (files, tokio) = (Files::below(dir), Tokio::new());
    let (long, short, many) = (files.path("long.db"), files.path("short.db"), files.path("many.db"));
    let snapshot = files.path("snapshot.db");
    tokio.wait(async {
        long_history(&long, scale.long_history, plain).await;
        long_history(&short, scale.short_history, plain).await;
        long_history(&snapshot, scale.short_history, with_snapshots).await;
        short_histories(&many, scale.recovered_entities, scale.events_each).await;
    });
    let peaks: [Cell<f64>; 6] = Default::default();
    let (long, short, many, snapshot) = (text(&long), text(&short), text(&many), text(&snapshot));
    let (events, fewer) = (scale.long_history.to_string(), scale.short_history.to_string());
    let entities = scale.recovered_entities.to_string();
    let part = |name, part: [&str; 3], which: usize| {
        let (part, peak) = (part.map(String::from), &peaks[which]);
        Contestant::new(name, move || measured(&part, peak))
    };
    let mut contestants = [
        part("annals, long history", [REPLAY, long, &events], 0),
        part("bare loop", [LOOP, long, &events], 1),
        part("bare loop, all of an event", [FULL_LOOP, long, &events], 2),
        part("annals, fewer events", [REPLAY, short, &fewer], 3),
        part("annals, many entities", [ACTIVATE, many, &entities], 4),
        part("annals, fewer events, snapshot", [SNAPSHOT, snapshot, &fewer], 5),
    ];
    let samples = in_turn(&mut contestants, scale.rounds);
    drop(contestants);
    Section {
        title: "Recovery: SQLite, the first query to an entity".into(),
        rows: rows(scale, &samples, peaks.map(Cell::into_inner)),
    }
}

fn rows(scale: &Scale, samples: &[Samples], peaks: [f64; 6]) -> Vec<Row> {
    let of_loop = |which: usize| samples[0].median() / samples[which].median();
    let (events, fewer) = (scale.long_history, scale.short_history);
    let one = format!("{SETTINGS}; one entity of {events} events, its file in the page cache");
    let many = format!(
        "{SETTINGS}; {} of {} events, {CALLERS} at once",
        scale.recovered_entities, scale.events_each
    );
    // The rates are those of the events; what is told is the time for all of them.
    let micros = 1e6 * fewer as f64;
    let payload = "the same rows of the same file; only the payload is selected";
    let all = "as above, with number, position, time, manifest, codec and checksum";
    let peak = |what, which: usize, of| {
        Row::figure(what, peaks[which], "bytes", format!("{of} events; above what was resident before"))
    };
    vec![
        Row::rate("annals, replay", "events/s", &samples[0], one)
            .ratio(of_loop(1), "of the bare loop; goal >= 0.40"),
        Row::rate("bare loop: select, decode, apply", "events/s", &samples[1], payload),
        Row::rate("bare loop, all of an event", "events/s", &samples[2], all)
            .ratio(of_loop(2), "annals to this"),
        Row::rate(
            "annals, replay of fewer events",
            "events/s",
            &samples[3],
            format!("{SETTINGS}; {fewer} events"),
        ),
        peak("annals, memory of the replay", 0, events)
            .ratio(peaks[0] / peaks[3], "of that for fewer events; goal: flat"),
        peak("annals, memory, fewer events", 3, fewer),
        peak("bare loop, memory", 1, events),
        Row::rate("annals, activations", "entities/s", &samples[4], many),
        Row::each(
            "one entity, no snapshot",
            "us",
            micros,
            &samples[3],
            format!("{SETTINGS}; {fewer} events"),
        ),
        Row::each(
            "one entity, from a snapshot",
            "us",
            micros,
            &samples[5],
            format!("{SETTINGS}; {fewer} events, the last one in the snapshot"),
        )
        .ratio(samples[5].median() / samples[3].median(), "times as fast as without"),
    ]
}

fn plain(account: Definition<Account>) -> Definition<Account> {
    account
}

/// One is taken when the node that writes the history shuts down.
fn with_snapshots(account: Definition<Account>) -> Definition<Account> {
    account.snapshots(Snapshots::on_demand().on_passivation())
}

fn text(path: &Path) -> &str {
    path.to_str().expect("the path is a text")
}

/// What a child measured: the rate; the growth of its memory is noted if it is the largest so far.
fn measured(part: &[String; 3], peak: &Cell<f64>) -> f64 {
    let figures = child::ask(&part.each_ref().map(String::as_str));
    peak.set(peak.get().max(figures[1]));
    figures[0]
}

async fn long_history(
    path: &Path,
    events: u64,
    policies: impl FnOnce(Definition<Account>) -> Definition<Account>,
) {
    let persisted = Persisted::<Account>::start_with(path, 1, Keys::Without, policies).await;
    let mut commands = stream::iter(0..events / AT_ONCE)
        .map(|_| persisted.accounts[0].deposit_often(AT_ONCE).into_future())
        .buffered(8);
    while let Some(reply) = commands.next().await {
        reply.expect("the history is written");
    }
    drop(commands);
    persisted.node.shutdown().await;
}

/// One event of each entity after the other, so that the rows of an entity are far apart.
async fn short_histories(path: &Path, entities: usize, events_each: u64) {
    let persisted = Persisted::<Account>::start(path, entities, Keys::Without).await;
    for _ in 0..events_each {
        let mut commands = stream::iter(&persisted.accounts)
            .map(|account| account.deposit(1).into_future())
            .buffer_unordered(CALLERS);
        while let Some(reply) = commands.next().await {
            reply.expect("the history is written");
        }
    }
    persisted.node.shutdown().await;
}

/// Measures one part in this process: the rate, and by how much memory grew at the most.
pub(crate) fn child(part: &[&str]) -> Option<Vec<f64>> {
    let [part, path, count] = part else { return None };
    let count: u64 = count.parse().ok()?;
    let path = Path::new(path);
    let rate = match *part {
        REPLAY => Tokio::new().wait(replay(path, count, plain)),
        SNAPSHOT => Tokio::new().wait(replay(path, count, with_snapshots)),
        LOOP => bare_loop(path, count),
        FULL_LOOP => full_loop(path, count),
        ACTIVATE => Tokio::new().wait(activate(path, count as usize)),
        _ => return None,
    };
    Some(vec![rate.per_second, rate.grown_bytes])
}

/// What one part came to.
struct Measured {
    per_second: f64,
    grown_bytes: f64,
}

/// A measurement that is going on.
struct Measuring {
    started: Instant,
    resident_bytes: u64,
}

impl Measuring {
    fn start() -> Self {
        forget_peak();
        Self { resident_bytes: resident_bytes(), started: Instant::now() }
    }

    fn end(self, count: u64) -> Measured {
        let per_second = count as f64 / self.started.elapsed().as_secs_f64();
        Measured { per_second, grown_bytes: peak_bytes().saturating_sub(self.resident_bytes) as f64 }
    }
}

async fn replay(
    path: &Path,
    events: u64,
    policies: impl FnOnce(Definition<Account>) -> Definition<Account>,
) -> Measured {
    let storage = SqliteStorage::open(path).await.expect("the store opens");
    let node = account::node_with::<Account>(storage, policies).await;
    let account = node.entity::<Account>(account::entity_id(0));
    let measuring = Measuring::start();
    assert_eq!(account.balance().await.expect("a balance"), events);
    measuring.end(events)
}

async fn activate(path: &Path, entities: usize) -> Measured {
    let storage = SqliteStorage::open(path).await.expect("the store opens");
    let node = account::node::<Account>(storage).await;
    let accounts = account::accounts::<Account>(&node, entities);
    let measuring = Measuring::start();
    let mut balances =
        stream::iter(&accounts).map(|account| account.balance().into_future()).buffer_unordered(CALLERS);
    while let Some(balance) = balances.next().await {
        assert!(balance.expect("a balance") > 0);
    }
    measuring.end(entities as u64)
}

/// The least that any replay of that file must do. It knows the table of the SQLite backend.
fn bare_loop(path: &Path, events: u64) -> Measured {
    loop_over(path, events, "SELECT payload FROM journal ORDER BY row", |_| ())
}

/// The same with everything that a stored event is given out with.
fn full_loop(path: &Path, events: u64) -> Measured {
    const SQL: &str = "SELECT payload, sequence_nr, position, written_at, manifest, codec, checksum
        FROM journal ORDER BY row";
    loop_over(path, events, SQL, |row| {
        for column in 1..=6 {
            let number: i64 = row.get(column).expect("a number");
            std::hint::black_box(number);
        }
    })
}

fn loop_over(path: &Path, events: u64, select: &str, also: impl Fn(&rusqlite::Row<'_>)) -> Measured {
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("the file opens");
    let measuring = Measuring::start();
    let mut select = conn.prepare(select).expect("the table is known");
    let mut rows = select.query([]).expect("the rows can be read");
    let mut balance = 0;
    while let Some(row) = rows.next().expect("a row") {
        let payload = row.get_ref(0).and_then(|value| Ok(value.as_blob()?)).expect("a payload");
        let AccountEvent::Deposited { cents } = rmp_serde::from_slice(payload).expect("an event");
        balance += cents;
        also(row);
    }
    assert_eq!(balance, events);
    measuring.end(events)
}
