//! Recovery: the first query to an entity with a long history, beside a loop that only selects and decodes the
//! same rows of the same file; and many entities with short histories. Every measurement has a process of its
//! own, so that its peak of memory is its own.

use crate::account::{self, Account, AccountEvent, Balance, Deposit, DepositOften};
use crate::callers::Tokio;
use crate::child;
use crate::files::Files;
use crate::memory::peak_bytes;
use crate::persisted::{Persisted, SETTINGS};
use crate::raw::Keys;
use crate::rounds::{Contestant, Samples, in_turn};
use crate::scale::Scale;
use crate::table::{Row, Section};
use annals_sqlite::SqliteStorage;
use futures_util::{StreamExt, stream};
use rusqlite::{Connection, OpenFlags};
use std::path::Path;
use tokio::time::Instant;

const REPLAY: &str = "replay";
const LOOP: &str = "loop";
const ACTIVATE: &str = "activate";

/// How many events one command makes when a history is prepared.
const AT_ONCE: u64 = 500;
/// How many entities are called at once when many are activated.
const CALLERS: usize = 1_000;

pub(crate) fn run(scale: &Scale, dir: &Path) -> Section {
    let (files, tokio) = (Files::below(dir), Tokio::new());
    let (long, short, many) = (files.path("long.db"), files.path("short.db"), files.path("many.db"));
    tokio.wait(async {
        long_history(&long, scale.long_history).await;
        long_history(&short, scale.short_history).await;
        short_histories(&many, scale.recovered_entities, scale.events_each).await;
    });
    let mut peaks = [0.0_f64; 3];
    let (long, short) = (text(&long), text(&short));
    let (events, fewer) = (scale.long_history.to_string(), scale.short_history.to_string());
    let entities = scale.recovered_entities.to_string();
    let [long_peak, short_peak, loop_peak] = &mut peaks;
    let mut contestants = [
        Contestant::new("annals, long history", || measured(&[REPLAY, long, &events], long_peak)),
        Contestant::new("annals, shorter history", || measured(&[REPLAY, short, &fewer], short_peak)),
        Contestant::new("bare loop, long history", || measured(&[LOOP, long, &events], loop_peak)),
        Contestant::new("annals, many entities", || measured(&[ACTIVATE, text(&many), &entities], &mut 0.0)),
    ];
    let samples = in_turn(&mut contestants, scale.rounds);
    drop(contestants);
    Section {
        title: "Recovery: SQLite, the first query to an entity".into(),
        rows: rows(scale, &samples, peaks),
    }
}

fn rows(scale: &Scale, samples: &[Samples], peaks: [f64; 3]) -> Vec<Row> {
    let replay = samples[0].median() / samples[2].median();
    let [long, short, bare] = peaks;
    let (events, fewer) = (scale.long_history, scale.short_history);
    let one = format!("{SETTINGS}; one entity of {events} events, its file in the page cache");
    let many =
        format!("{} entities of {} events, {CALLERS} at once", scale.recovered_entities, scale.events_each);
    vec![
        Row::rate("annals, replay", "events/s", &samples[0], one)
            .ratio(replay, "of the bare loop; goal >= 0.40"),
        Row::rate(
            "bare loop: select, decode, apply",
            "events/s",
            &samples[2],
            "the same rows of the same file",
        ),
        Row::rate("annals, replay of a shorter history", "events/s", &samples[1], format!("{fewer} events")),
        Row::figure("annals, peak memory", long, "bytes", format!("{events} events"))
            .ratio(long / short, "of that for the shorter history; flat"),
        Row::figure("annals, peak memory, shorter history", short, "bytes", format!("{fewer} events")),
        Row::figure("bare loop, peak memory", bare, "bytes", format!("{events} events")),
        Row::rate("annals, activations", "entities/s", &samples[3], many),
    ]
}

fn text(path: &Path) -> &str {
    path.to_str().expect("the path is a text")
}

/// What a child measured: the rate; its peak of memory is noted if it is the highest so far.
fn measured(part: &[&str], peak: &mut f64) -> f64 {
    let figures = child::ask(part);
    *peak = peak.max(figures[1]);
    figures[0]
}

async fn long_history(path: &Path, events: u64) {
    let persisted = Persisted::start(path, 1, Keys::Without).await;
    let mut commands = stream::iter(0..events / AT_ONCE)
        .map(|_| persisted.accounts[0].ask(DepositOften { times: AT_ONCE }).into_future())
        .buffered(8);
    while let Some(reply) = commands.next().await {
        reply.expect("the history is written");
    }
    drop(commands);
    persisted.node.shutdown().await;
}

/// One event of each entity after the other, so that the rows of an entity are far apart.
async fn short_histories(path: &Path, entities: usize, events_each: u64) {
    let persisted = Persisted::start(path, entities, Keys::Without).await;
    for _ in 0..events_each {
        let mut commands = stream::iter(&persisted.accounts)
            .map(|account| account.ask(Deposit { cents: 1 }).into_future())
            .buffer_unordered(CALLERS);
        while let Some(reply) = commands.next().await {
            reply.expect("the history is written");
        }
    }
    persisted.node.shutdown().await;
}

/// Measures one part in this process: the rate, and the peak of memory.
pub(crate) fn child(part: &[&str]) -> Option<Vec<f64>> {
    let [part, path, count] = part else { return None };
    let count: u64 = count.parse().ok()?;
    let path = Path::new(path);
    let rate = match *part {
        REPLAY => Tokio::new().wait(replay(path, count)),
        LOOP => bare_loop(path, count),
        ACTIVATE => Tokio::new().wait(activate(path, count as usize)),
        _ => return None,
    };
    Some(vec![rate, peak_bytes() as f64])
}

async fn replay(path: &Path, events: u64) -> f64 {
    let storage = SqliteStorage::open(path).await.expect("the store opens");
    let node = account::node(storage).await;
    let account = node.entity::<Account>(account::entity_id(0));
    let started = Instant::now();
    assert_eq!(account.ask(Balance).await.expect("a balance"), events);
    events as f64 / started.elapsed().as_secs_f64()
}

async fn activate(path: &Path, entities: usize) -> f64 {
    let storage = SqliteStorage::open(path).await.expect("the store opens");
    let node = account::node(storage).await;
    let accounts = account::accounts(&node, entities);
    let started = Instant::now();
    let mut balances =
        stream::iter(&accounts).map(|account| account.ask(Balance).into_future()).buffer_unordered(CALLERS);
    while let Some(balance) = balances.next().await {
        assert!(balance.expect("a balance") > 0);
    }
    entities as f64 / started.elapsed().as_secs_f64()
}

/// The least that any replay of that file must do. It knows the table of the SQLite backend.
fn bare_loop(path: &Path, events: u64) -> f64 {
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("the file opens");
    let started = Instant::now();
    let mut select = conn.prepare("SELECT payload FROM journal ORDER BY row").expect("the table is known");
    let mut rows = select.query([]).expect("the rows can be read");
    let mut balance = 0;
    while let Some(row) = rows.next().expect("a row") {
        let payload = row.get_ref(0).and_then(|value| Ok(value.as_blob()?)).expect("a payload");
        let AccountEvent::Deposited { cents } = rmp_serde::from_slice(payload).expect("an event");
        balance += cents;
    }
    assert_eq!(balance, events);
    events as f64 / started.elapsed().as_secs_f64()
}
