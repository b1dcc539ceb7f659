//! What the layout of the rows costs: `cargo run --release -p annals-sqlite --example layout [writes]`.
//!
//! It prints rows per second for a plain program that only appends rows, for this backend driven through its
//! ports, for reading one long history against a bare SELECT loop over the same table, and for finding keys.
//! All in one run, on one disk; the settings are printed first.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a measuring program: it prints, stops at the first surprise, and asks the wall clock"
)]

use annals::storage::{
    Change, Event, Fence, JournalEntry, JournalStorage, KeyedOutcome, Lane, Outcome, OutcomeKind, ReadRange,
    Write, WriteStorage,
};
use annals::{
    ActivationId, CodecId, CommandDigest, EntityId, Epoch, Key, Manifest, Payload, PersistenceId, SequenceNr,
    ShardId, Timestamp, WriteNr,
};
use annals_sqlite::SqliteStorage;
use futures_util::StreamExt;
use rusqlite::{Connection, params};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

const GROUP: usize = 1_000;
const PAYLOAD: [u8; 64] = [7; 64];

#[tokio::main]
async fn main() {
    let writes: usize = std::env::args().nth(1).map_or(1_000_000, |n| n.parse().unwrap());
    let directory = std::env::temp_dir().join(format!("annals-layout-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    println!(
        "SQLite {}, synchronous=FULL, WAL, groups of {GROUP}, {writes} rows of {} bytes",
        rusqlite::version(),
        PAYLOAD.len()
    );
    raw_append(&directory.join("raw.db"), writes);
    for (keys, lanes) in [(Keys::None, 1), (Keys::None, 2), (Keys::Each, 1), (Keys::Each, 2)] {
        let path = directory.join(format!("{keys:?}-{lanes}.db"));
        port_append(&path, writes, keys, lanes).await;
    }
    for keys in [Keys::None, Keys::Each] {
        one_entity(&directory.join(format!("one-{keys:?}.db")), writes, keys).await;
    }
    std::fs::remove_dir_all(&directory).unwrap();
}

fn report(what: &str, rows: usize, since: Instant) {
    let seconds = since.elapsed().as_secs_f64();
    println!("{what:<58} {:>10.0} rows/s  {seconds:>7.3} s", rows as f64 / seconds);
}

fn raw_append(path: &Path, rows: usize) {
    let mut conn = Connection::open(path).unwrap();
    conn.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(())).unwrap();
    conn.execute_batch(
        "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4096;
         CREATE TABLE journal(row INTEGER PRIMARY KEY, entity INTEGER, sequence_nr INTEGER, prev_row INTEGER,
            shard INTEGER, position INTEGER, written_at INTEGER, manifest INTEGER, codec INTEGER,
            checksum INTEGER, payload BLOB) STRICT;",
    )
    .unwrap();
    let started = Instant::now();
    for group in 0..rows / GROUP {
        let tx = conn.transaction().unwrap();
        let mut insert = tx
            .prepare_cached("INSERT INTO journal VALUES (NULL, ?1, ?2, ?3, ?4, ?5, ?6, 1, 1, ?7, ?8)")
            .unwrap();
        for n in 0..GROUP as i64 {
            let nr = group as i64;
            insert
                .execute(params![
                    n,
                    nr,
                    nr * 1_000 + n,
                    n % 256,
                    nr,
                    nr,
                    n.wrapping_mul(i64::MAX / 3),
                    PAYLOAD
                ])
                .unwrap();
        }
        drop(insert);
        tx.commit().unwrap();
    }
    report("raw: appended rows only", rows, started);
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keys {
    None,
    Each,
}

fn id(n: usize) -> PersistenceId {
    PersistenceId::new("account", EntityId::new(format!("account-{n}")).unwrap()).unwrap()
}

fn payload(name: &'static str) -> Payload {
    Payload::seal(Manifest::new(name, 1), CodecId(1), PAYLOAD.to_vec())
}

fn key(n: usize, nr: usize) -> Key {
    Key::new(format!("key-{n}-{nr}")).unwrap()
}

/// Write `nr` (from 0) of entity `n`.
fn write(id: &PersistenceId, n: usize, nr: usize, keys: Keys) -> Write {
    let kept = |key| KeyedOutcome {
        key,
        command: CommandDigest::of("deposit", b""),
        outcome: Outcome {
            kind: OutcomeKind::Reply,
            payload: Payload::seal(Manifest::new("deposit", 1), CodecId(1), vec![1]),
        },
    };
    Write {
        id: id.clone(),
        fence: Fence { shard: ShardId::of(id), epoch: Epoch::new(1) },
        activation: ActivationId::new(n as u128 + 1),
        write_nr: WriteNr::new(nr as u64 + 1),
        written_at: Timestamp::from_micros(nr as i64),
        change: Change::Events {
            expected: SequenceNr::new(nr as u64),
            events: [Event::from(payload("deposited"))].into_iter().collect(),
        },
        outcome: (keys == Keys::Each).then(|| kept(key(n, nr))),
        side_effects: Vec::new(),
    }
}

async fn open(path: &Path) -> SqliteStorage {
    let storage = SqliteStorage::open(path).await.unwrap();
    let all: Vec<Fence> = ShardId::all().map(|shard| Fence { shard, epoch: Epoch::new(1) }).collect();
    storage.raise_epochs(&all).await.unwrap();
    storage
}

async fn append(storage: &SqliteStorage, lane: usize, group: Arc<[Write]>) {
    for result in storage.append(Lane(lane), group).await {
        result.unwrap();
    }
}

/// Groups of one write of each of 1,000 entities, from `lanes` callers that each have one group in flight.
async fn port_append(path: &Path, writes: usize, keys: Keys, lanes: usize) {
    let storage = open(path).await;
    // Made beforehand, in memory: what is measured is the storage.
    let rounds = writes / GROUP / lanes;
    let groups: Vec<Vec<Arc<[Write]>>> = (0..lanes)
        .map(|lane| {
            let ids: Vec<PersistenceId> = (lane * GROUP..(lane + 1) * GROUP).map(id).collect();
            let group =
                |nr| ids.iter().enumerate().map(|(n, id)| write(id, lane * GROUP + n, nr, keys)).collect();
            (0..rounds).map(group).collect()
        })
        .collect();
    let started = Instant::now();
    let running = groups.into_iter().enumerate().map(|(lane, groups)| {
        let storage = storage.clone();
        tokio::task::spawn(async move {
            for group in groups {
                append(&storage, lane, group).await;
            }
        })
    });
    for lane in running.collect::<Vec<_>>() {
        lane.await.unwrap();
    }
    report(
        &format!("append port: keys {keys:?}, {lanes} group(s) in flight"),
        rounds * GROUP * lanes,
        started,
    );
    if keys == Keys::Each {
        find_keys(&storage, rounds, "keys of 1,000 entities").await;
    }
    storage.close().await;
}

/// Looks for keys all over the history, 16 at a time.
async fn find_keys(storage: &SqliteStorage, per_entity: usize, what: &str) {
    let (calls, each) = (2_000, 16);
    let started = Instant::now();
    for call in 0..calls {
        let n = call % if per_entity > 100_000 { 1 } else { GROUP };
        let keys: Vec<Key> = (0..each).map(|k| key(n, (call * 7_919 + k * 104_729) % per_entity)).collect();
        let found = storage.outcomes(&id(n), &keys).await.unwrap();
        assert!(found.iter().all(Option::is_some));
    }
    report(&format!("outcomes port: {what}, {each} per call"), calls * each, started);
}

async fn one_entity(path: &Path, writes: usize, keys: Keys) {
    let storage = open(path).await;
    let one = id(0);
    let started = Instant::now();
    for group in 0..writes / GROUP {
        let group = (group * GROUP..(group + 1) * GROUP).map(|nr| write(&one, 0, nr, keys)).collect();
        append(&storage, 0, group).await;
    }
    report(&format!("append port: one entity, keys {keys:?}, groups made meanwhile"), writes, started);
    if keys == Keys::Each {
        find_keys(&storage, writes, "keys of one entity").await;
    }
    bare_select(path, writes);
    for _ in 0..2 {
        let started = Instant::now();
        let (mut entries, mut bytes) = (storage.read(&one, ReadRange::ALL), 0);
        let mut events = 0;
        while let Some(entry) = entries.next().await {
            if let JournalEntry::Event(event) = entry.unwrap() {
                bytes += event.payload.bytes().len();
                events += 1;
            }
        }
        assert_eq!((events, bytes), (writes, writes * PAYLOAD.len()));
        report(&format!("read port: one entity from 1, keys {keys:?}"), writes, started);
    }
    storage.close().await;
}

fn bare_select(path: &Path, rows: usize) {
    let conn = Connection::open(path).unwrap();
    let all = "sequence_nr, payload, key, out_payload, command, position, written_at, manifest, checksum";
    for (what, columns) in [
        ("bare SELECT: number and payload", "sequence_nr, payload"),
        ("bare SELECT: nine columns, as owned values", all),
    ] {
        let started = Instant::now();
        let mut select = conn.prepare(&format!("SELECT {columns} FROM journal ORDER BY row")).unwrap();
        let mut found = select.query([]).unwrap();
        let (mut count, mut bytes) = (0, 0);
        while let Some(row) = found.next().unwrap() {
            let payload: Vec<u8> = row.get(1).unwrap();
            if columns.contains("key") {
                let key: Option<String> = row.get(2).unwrap();
                let outcome: Option<Vec<u8>> = row.get(3).unwrap();
                let command: Option<[u8; 16]> = row.get(4).unwrap();
                let numbers: (i64, i64, i64, i64) =
                    (row.get(5).unwrap(), row.get(6).unwrap(), row.get(7).unwrap(), row.get(8).unwrap());
                std::hint::black_box((key, outcome, command, numbers));
            }
            bytes += payload.len();
            count += row.get::<_, i64>(0).unwrap().signum() as usize;
        }
        assert_eq!((count, bytes), (rows, rows * PAYLOAD.len()));
        report(what, rows, started);
    }
}
