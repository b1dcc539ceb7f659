//! The rows that are left after random appends, deletions and erasures, and no others: what no port can tell. What
//! the ports answer is in `model.rs`.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "this is a test")]

mod writes;

use annals::storage::{Extent, JournalEntry, JournalStorage, ReadRange, WriteStorage};
use annals::{ActivationId, Random, SequenceNr};
use annals_sqlite::SqliteStorage;
use rusqlite::Connection;
use std::fmt::Write as _;
use writes::*;

/// A row as it must be there.
struct Row {
    nr: u64,
    event: bool,
    key: Option<String>,
}

/// One entity, and what must be left of it.
struct Entity {
    activation: Activation,
    rows: Vec<Row>,
    extent: Extent,
    keys: u64,
}

impl Entity {
    fn new(n: u64) -> Self {
        let activation = Activation::new(id(&n.to_string()), u128::from(n) + 1);
        Self { activation, rows: Vec::new(), extent: Extent::default(), keys: 0 }
    }

    fn write(&mut self, events: u64, keyed: bool) -> annals::storage::Write {
        let key = keyed.then(|| {
            self.keys += 1;
            // The same keys in every life.
            format!("{}", self.keys)
        });
        for n in 1..=events {
            let key = key.clone().filter(|_| n == events);
            self.rows.push(Row { nr: self.activation.highest + n, event: true, key });
        }
        if events == 0 && key.is_some() {
            self.rows.push(Row { nr: self.activation.highest, event: false, key: key.clone() });
        }
        self.extent.highest = SequenceNr::new(self.activation.highest + events);
        let bytes = vec![b"x".as_slice(); events as usize];
        self.activation.events(&bytes, key.map(|key| kept(&key)))
    }

    fn delete_to(&mut self, to: u64) {
        for row in &mut self.rows {
            row.event &= row.nr > to;
        }
        self.rows.retain(|row| row.event || row.key.is_some());
        let to = SequenceNr::new(to).min(self.extent.highest);
        self.extent.deleted_to = self.extent.deleted_to.max(to);
    }

    fn erase(&mut self) {
        self.rows.clear();
        self.keys = 0;
        (self.extent.erased_to, self.extent.deleted_to) = (self.extent.highest, self.extent.highest);
    }

    /// What a read from a number must give.
    fn outline(&self, from: u64) -> String {
        let mut text = String::new();
        for row in self.rows.iter().filter(|row| row.nr + 1 >= from) {
            if row.event && row.nr >= from {
                write!(text, " e{}", row.nr).unwrap();
            }
            if let Some(key) = &row.key {
                write!(text, " k{}:{key}", row.nr).unwrap();
            }
        }
        text
    }

    async fn check(&self, storage: &SqliteStorage, from: u64) {
        let id = &self.activation.id;
        let mut text = String::new();
        for entry in read(storage, id, ReadRange::from(SequenceNr::new(from))).await {
            match entry.unwrap() {
                JournalEntry::Event(event) => write!(text, " e{}", event.sequence_nr).unwrap(),
                JournalEntry::Outcome { sequence_nr, kept } => {
                    write!(text, " k{sequence_nr}:{}", kept.key).unwrap();
                }
            }
        }
        assert_eq!(text, self.outline(from), "{id} from {from}");
        assert_eq!(storage.extent(id).await.unwrap(), self.extent, "{id}");
        let keys: Vec<_> = (1..=self.keys + 3).map(|n| key(&n.to_string())).collect();
        for (key, found) in keys.iter().zip(storage.outcomes(id, &keys).await.unwrap()) {
            let there = self.rows.iter().any(|row| row.key.as_deref() == Some(key.as_str()));
            assert_eq!(found.is_some(), there, "key {key} of {id}");
        }
    }
}

const ENTITIES: u64 = 4;

async fn step(storage: &SqliteStorage, all: &mut [Entity], random: &Random) {
    let draw = |most: u64| random.next_u64() % most;
    let at = draw(ENTITIES) as usize;
    match draw(20) {
        0 | 1 => {
            let entity = &mut all[at];
            storage.erase(&entity.activation.id, entity.activation.fence).await.unwrap();
            entity.erase();
        }
        2..=5 => {
            let entity = &mut all[at];
            let to = draw(entity.activation.highest + 10);
            let fence = entity.activation.fence;
            storage.delete_to(&entity.activation.id, fence, SequenceNr::new(to)).await.unwrap();
            entity.delete_to(to);
        }
        6 => {
            // Another activation takes over.
            let activation = &mut all[at].activation;
            activation.activation = ActivationId::new(u128::from(random.next_u64()));
            activation.write_nr = 0;
        }
        _ => {
            // Of all writes, of half of them, or of none.
            let keyed = draw(3);
            let group = (0..draw(150)).map(|_| {
                let entity = &mut all[draw(ENTITIES) as usize];
                entity.write([0, 1, 1, 1, 2, 5][draw(6) as usize], keyed + draw(2) > 1)
            });
            let group = group.collect();
            store(storage, group).await;
        }
    }
    for entity in all.iter() {
        entity.check(storage, 1).await;
        entity.check(storage, 1 + draw(entity.activation.highest + 2)).await;
    }
}

/// Lets no step of an erasure succeed, so that erased rows, blocks and keys stay among the living ones.
const STALL: &str =
    "CREATE TRIGGER stalled BEFORE DELETE ON erasure BEGIN SELECT RAISE(ABORT, 'stalled'); END;
    CREATE TRIGGER stopped BEFORE UPDATE ON erasure BEGIN SELECT RAISE(ABORT, 'stalled'); END;";
const RELEASE: &str = "DROP TRIGGER stalled; DROP TRIGGER stopped;";

async fn reopen(storage: SqliteStorage, scratch: &Scratch, change: &str) -> SqliteStorage {
    storage.close().await;
    Connection::open(scratch.file()).unwrap().execute_batch(change).unwrap();
    SqliteStorage::open(scratch.file()).await.unwrap()
}

/// Random changes; what is left of the entities.
async fn run(seed: u64, scratch: &Scratch, change: &str) -> (SqliteStorage, Vec<Entity>) {
    println!("seed {seed}");
    let random = Random::new(seed);
    let storage = SqliteStorage::open(scratch.file()).await.unwrap();
    own(&storage, 1).await;
    let mut storage = reopen(storage, scratch, change).await;
    let mut all: Vec<Entity> = (0..ENTITIES).map(Entity::new).collect();
    for n in 0..70 {
        step(&storage, &mut all, &random).await;
        if n % 17 == 16 {
            storage = reopen(storage, scratch, "").await;
        }
    }
    (storage, all)
}

/// Rows and blocks are those of the model, and no more.
async fn assert_nothing_else_is_left(storage: SqliteStorage, scratch: &Scratch, all: &mut [Entity]) {
    // Rows are removed in the order in which that was decided: when these are, all are.
    let last = &mut all[0];
    store(&storage, vec![last.write(1, true)]).await;
    storage.erase(&last.activation.id, last.activation.fence).await.unwrap();
    last.erase();
    storage.close().await;
    let conn = Connection::open(scratch.file()).unwrap();
    let count = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count("SELECT count(*) FROM erasure"), 0);
    assert_eq!(count("SELECT count(*) FROM trim"), 0);
    let rows: usize = all.iter().map(|entity| entity.rows.len()).sum();
    assert_eq!(count("SELECT count(*) FROM journal"), rows as i64);
    assert_eq!(count("SELECT count(*) FROM block WHERE row NOT IN (SELECT row FROM journal)"), 0);
}

#[tokio::test]
async fn appends_deletions_and_erasures_leave_what_the_model_says() {
    for seed in 1..=3 {
        let scratch = Scratch::new();
        let (storage, mut all) = run(seed, &scratch, "").await;
        assert_nothing_else_is_left(storage, &scratch, &mut all).await;
    }
}

#[tokio::test]
async fn erased_rows_that_are_still_there_change_nothing() {
    for seed in 11..=13 {
        let scratch = Scratch::new();
        let (storage, mut all) = run(seed, &scratch, STALL).await;
        let storage = reopen(storage, &scratch, RELEASE).await;
        assert_nothing_else_is_left(storage, &scratch, &mut all).await;
    }
}
