//! The raw program: no framework, nothing that is not needed to store a deposit and reply to it.
//!
//! One thread owns the SQLite connection and the state of all accounts. It takes whatever queued up, appends
//! one row per command to a table that only grows at its end, commits once, and replies. No ownership, no
//! fencing, no index, no check of keys (they are only stored), no recovery: it is what the disk and SQLite
//! allow, and no more than one would write in an hour.

use crate::account::AccountEvent;
use crate::callers::Callee;
use rusqlite::{CachedStatement, Connection, params};
use std::path::Path;
use std::sync::mpsc;
use std::thread::JoinHandle;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// How many commands one transaction takes at the most: as many as annals by default.
const GROUP: usize = 2_048;

/// The settings of every raw connection, told in the table.
pub(crate) const SETTINGS: &str = "WAL, synchronous=FULL, checkpoint at 4,096 pages, exclusive";

/// Whether key and reply are stored beside the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keys {
    Without,
    With,
}

struct Command {
    entity: usize,
    /// The encoded event.
    event: Vec<u8>,
    cents: u64,
    key: Option<String>,
    reply: oneshot::Sender<u64>,
}

/// The raw program with its callers' entrance.
pub(crate) struct Raw {
    commands: Option<mpsc::Sender<Command>>,
    writer: Option<JoinHandle<()>>,
    keys: Keys,
}

impl Raw {
    pub(crate) fn start(path: &Path, entities: usize, keys: Keys) -> Self {
        let (conn, (commands, queue)) = (open(path, keys), mpsc::channel());
        let writer = std::thread::Builder::new().name("raw-writer".into());
        let writer = writer.spawn(move || write(&conn, &queue, entities, keys)).expect("a thread starts");
        Self { commands: Some(commands), writer: Some(writer), keys }
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        self.commands = None;
        if let Some(writer) = self.writer.take() {
            writer.join().expect("the writer does not panic");
        }
    }
}

impl Callee for Raw {
    async fn call(&self, entity: usize, caller: usize, call: usize) {
        let (reply, answer) = oneshot::channel();
        let event = encoded(1);
        let key = (self.keys == Keys::With).then(|| super::persisted::key(caller, call));
        let commands = self.commands.as_ref().expect("it was not dropped");
        commands.send(Command { entity, event, cents: 1, key, reply }).expect("the writer lives");
        std::hint::black_box(answer.await.expect("the writer replies"));
    }
}

/// The rate of the inserts alone: groups of this many events of as many entities, no callers, no replies.
pub(crate) struct Inserts {
    conn: Connection,
    group: i64,
    next: i64,
}

impl Inserts {
    pub(crate) fn open(path: &Path, group: usize) -> Self {
        let group = group as i64;
        Self { conn: open(path, Keys::Without), group, next: 0 }
    }

    /// Inserts so many events; gives the events per second.
    pub(crate) fn per_second(&mut self, events: usize) -> f64 {
        let groups = events as i64 / self.group;
        let started = Instant::now();
        let mut insert = self.conn.prepare_cached(INSERT).expect("the statement is good");
        for _ in 0..groups {
            begin(&self.conn);
            self.next += 1;
            for entity in 0..self.group {
                insert.execute(params![entity, self.next, encoded(1)]).expect("an insert");
            }
            commit(&self.conn);
        }
        (groups * self.group) as f64 / started.elapsed().as_secs_f64()
    }
}

const INSERT: &str = "INSERT INTO journal(entity, nr, event) VALUES (?1, ?2, ?3)";
const INSERT_KEYED: &str = "INSERT INTO journal(entity, nr, event, key, reply) VALUES (?1, ?2, ?3, ?4, ?5)";

fn open(path: &Path, keys: Keys) -> Connection {
    let conn = Connection::open(path).expect("the file opens");
    let mode: String = conn.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).expect("a mode");
    assert_eq!(mode, "wal");
    let columns = match keys {
        Keys::Without => "",
        Keys::With => ", key TEXT NOT NULL, reply BLOB NOT NULL",
    };
    conn.execute_batch(&format!(
        "PRAGMA synchronous = FULL;
         PRAGMA locking_mode = EXCLUSIVE;
         PRAGMA wal_autocheckpoint = 4096;
         PRAGMA cache_size = -32768;
         CREATE TABLE journal(
             row INTEGER PRIMARY KEY, entity INTEGER NOT NULL, nr INTEGER NOT NULL, event BLOB NOT NULL{columns}
         ) STRICT;"
    ))
    .expect("the settings and the table are good");
    let synchronous: i64 = conn.query_row("PRAGMA synchronous", [], |row| row.get(0)).expect("a level");
    assert_eq!(synchronous, 2);
    conn
}

fn encoded(cents: u64) -> Vec<u8> {
    rmp_serde::to_vec_named(&AccountEvent::Deposited { cents }).expect("an event can be encoded")
}

fn begin(conn: &Connection) {
    conn.prepare_cached("BEGIN IMMEDIATE")
        .and_then(|mut begin| begin.execute([]))
        .expect("a transaction begins");
}

fn commit(conn: &Connection) {
    conn.prepare_cached("COMMIT").and_then(|mut commit| commit.execute([])).expect("a transaction commits");
}

#[derive(Clone, Copy, Default)]
struct Account {
    events: i64,
    balance: u64,
}

fn write(conn: &Connection, queue: &mpsc::Receiver<Command>, entities: usize, keys: Keys) {
    let mut accounts = vec![Account::default(); entities];
    let mut replies = Vec::with_capacity(GROUP);
    let statement = if keys == Keys::With { INSERT_KEYED } else { INSERT };
    let mut insert = conn.prepare_cached(statement).expect("the statement is good");
    while let Ok(first) = queue.recv() {
        begin(conn);
        for command in [first].into_iter().chain(queue.try_iter().take(GROUP - 1)) {
            let balance = handle(&mut insert, &mut accounts[command.entity], &command);
            replies.push((command.reply, balance));
        }
        commit(conn);
        for (reply, balance) in replies.drain(..) {
            // A caller that went away does not want it.
            let _ = reply.send(balance);
        }
    }
}

fn handle(insert: &mut CachedStatement<'_>, account: &mut Account, command: &Command) -> u64 {
    account.events += 1;
    account.balance += command.cents;
    let entity = command.entity as i64;
    let inserted = match &command.key {
        None => insert.execute(params![entity, account.events, command.event]),
        Some(key) => {
            let reply = rmp_serde::to_vec_named(&account.balance).expect("a balance can be encoded");
            insert.execute(params![entity, account.events, command.event, key, reply])
        }
    };
    inserted.expect("an insert");
    account.balance
}
