//! An SQLite file that was written through the ports, and what a sound one answers.

use annals::storage::{
    Change, Event, Fence, JournalEntry, JournalStorage, KeyedOutcome, Lane, Outcome, OutcomeKind, ReadRange,
    Snapshot, SnapshotCriteria, SnapshotStorage, SnapshotWrite, StateChange, StateStorage, StorageError,
    StoredState, Write, WriteStorage,
};
use annals::{
    ActivationId, CodecId, CommandDigest, EntityId, Epoch, Key, Manifest, Metadata, Payload, PersistenceId,
    Revision, SequenceNr, ShardId, Timestamp, WriteNr,
};
use annals_sqlite::{SqliteStorage, Synchronous};
use futures_util::StreamExt as _;
use rusqlite::{Connection, params};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::runtime::Runtime;
use xxhash_rust::xxh3::xxh3_64;

/// The entities in it: a long history, a short one with keys, one whose events were partly deleted, one that was erased
/// and lives again, and a durable state.
pub(crate) const ENTITIES: [&str; 5] = ["long", "keyed", "cut", "reborn", "state"];

/// Where one file lies, in a directory of its own that is removed with it.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!("annals-fuzz-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).expect("a directory for the file");
        Self(path)
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.0.join("store.db")
    }

    /// A copy of the sound file.
    pub(crate) fn with(bytes: &[u8]) -> Self {
        let scratch = Self::new();
        fs::write(scratch.file(), bytes).expect("the file can be written");
        scratch
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The sound file, and its answers.
pub(crate) struct Sound {
    pub(crate) bytes: Vec<u8>,
    pub(crate) answers: Vec<Answers>,
}

/// What is read of one entity.
#[derive(Debug)]
pub(crate) struct Answers {
    pub(crate) id: PersistenceId,
    pub(crate) entries: Vec<Result<JournalEntry, StorageError>>,
    pub(crate) highest: Result<SequenceNr, StorageError>,
    pub(crate) outcomes: Vec<Result<Option<KeyedOutcome>, StorageError>>,
    pub(crate) snapshot: Result<Option<Snapshot>, StorageError>,
    pub(crate) state: Result<Option<StoredState>, StorageError>,
}

/// Made once.
pub(crate) fn sound() -> &'static Sound {
    static SOUND: OnceLock<Sound> = OnceLock::new();
    SOUND.get_or_init(|| {
        let scratch = Scratch::new();
        runtime().block_on(async {
            write_all(&open(&scratch.file()).await.expect("it is new")).await;
            index_keys(&scratch.file());
            let storage = open(&scratch.file()).await.expect("it is sound");
            let answers = ask_all(&storage).await;
            storage.close().await;
            Sound { bytes: fs::read(scratch.file()).expect("it is there"), answers }
        })
    })
}

pub(crate) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime")
}

pub(crate) async fn open(file: &Path) -> Result<SqliteStorage, StorageError> {
    SqliteStorage::options().synchronous(Synchronous::Normal).open(file).await
}

pub(crate) fn id(name: &str) -> PersistenceId {
    PersistenceId::new("account", EntityId::new(name).expect("it is short")).expect("it is short")
}

pub(crate) fn fence(id: &PersistenceId, epoch: u64) -> Fence {
    Fence { shard: ShardId::of(id), epoch: Epoch::new(epoch) }
}

pub(crate) fn event(text: &str) -> Event {
    let metadata: Metadata = [("by", text)].into_iter().collect();
    Event { payload: payload("deposited", text), tags: vec!["red".into()], metadata }
}

/// One write of an activation that has made no other.
pub(crate) fn write(id: &PersistenceId, epoch: u64, write_nr: u64, change: Change) -> Write {
    Write {
        id: id.clone(),
        fence: fence(id, epoch),
        activation: ActivationId::new(epoch.into()),
        write_nr: WriteNr::new(write_nr),
        written_at: Timestamp::from_micros(1_000),
        change,
        outcome: None,
        side_effects: Vec::new(),
    }
}

pub(crate) fn keys() -> Vec<Key> {
    let texts = (0..4).map(|n| format!("k{n}")).chain(["never".to_owned()]);
    texts.map(|text| Key::new(text).expect("it is short")).collect()
}

fn payload(name: &'static str, text: &str) -> Payload {
    Payload::seal(Manifest::new(name, 1), CodecId(1), text.as_bytes().to_vec())
}

fn kept(text: &str) -> KeyedOutcome {
    let outcome = Outcome { kind: OutcomeKind::Reply, payload: payload("reply", text) };
    let key = Key::new(text).expect("it is short");
    KeyedOutcome { key, command: CommandDigest::of("deposit", text.as_bytes()), outcome }
}

async fn write_all(storage: &SqliteStorage) {
    for name in ENTITIES {
        let raised = storage.raise_epochs(&[fence(&id(name), 1)]).await;
        raised.expect("the entities lie in different shards");
    }
    // In turns, so that their rows lie among each other.
    for nr in 0..70 {
        let mut group = vec![events(&id("long"), nr, None)];
        if nr < 4 {
            group.push(events(&id("keyed"), nr, Some(kept(&format!("k{nr}")))));
            group.extend(["cut", "reborn"].map(|name| events(&id(name), nr, None)));
        }
        if nr == 0 {
            let change = StateChange::Save(payload("state", "1"));
            let change = Change::State { expected: Revision::ZERO, change };
            group.push(Write { outcome: Some(kept("k0")), ..write(&id("state"), 1, 1, change) });
        }
        append(storage, group).await;
    }
    save(storage, &id("keyed"), 2).await;
    save(storage, &id("keyed"), 4).await;
    storage.delete_to(&id("cut"), fence(&id("cut"), 1), SequenceNr::new(2)).await.expect("it is sound");
    storage.erase(&id("reborn"), fence(&id("reborn"), 1)).await.expect("it is sound");
    append(storage, vec![events(&id("reborn"), 4, None), events(&id("reborn"), 5, Some(kept("k1")))]).await;
    storage.close().await;
}

fn events(id: &PersistenceId, before: u64, outcome: Option<KeyedOutcome>) -> Write {
    let events = [event(&format!("{before}"))].into_iter().collect();
    let change = Change::Events { expected: SequenceNr::new(before), events };
    Write { outcome, ..write(id, 1, before + 1, change) }
}

async fn append(storage: &SqliteStorage, group: Vec<Write>) {
    for stored in storage.append(Lane(0), group.into()).await {
        stored.expect("every write is right");
    }
}

async fn save(storage: &SqliteStorage, id: &PersistenceId, nr: u64) {
    let snapshot = Snapshot {
        sequence_nr: SequenceNr::new(nr),
        taken_at: Timestamp::from_micros(1),
        payload: payload("state", &nr.to_string()),
        outcomes: vec![kept("k0"), kept("k1")],
        outcomes_complete: false,
    };
    let write = SnapshotWrite { id: id.clone(), fence: fence(id, 1), snapshot };
    storage.save(write).await.expect("it is not ahead of the journal");
}

/// Moves the keys into the index, which the backend does after thousands of them only.
fn index_keys(file: &Path) {
    let conn = Connection::open(file).expect("it is closed");
    conn.execute_batch(
        "INSERT INTO run VALUES (1, 0, 0); UPDATE store SET indexed_to = (SELECT max(row) FROM journal)",
    )
    .expect("the tables are there");
    let mut rows =
        conn.prepare("SELECT entity, key, row FROM journal WHERE key IS NOT NULL").expect("they are there");
    let keys = rows.query_map([], |row| Ok((row.get(0)?, row.get::<_, String>(1)?, row.get(2)?)));
    for key in keys.expect("they can be read") {
        let (entity, key, row): (i64, _, i64) = key.expect("it can be read");
        let hash = xxh3_64(key.as_bytes()).cast_signed();
        conn.execute("INSERT INTO kept VALUES (1, ?1, ?2, ?3)", params![entity, hash, row])
            .expect("it is new");
    }
}

/// Everything that can be read.
pub(crate) async fn ask_all(storage: &SqliteStorage) -> Vec<Answers> {
    let mut all = Vec::new();
    for name in ENTITIES {
        let id = id(name);
        let mut outcomes = Vec::new();
        for key in keys() {
            outcomes.push(storage.outcomes(&id, &[key]).await.map(|mut found| found.remove(0)));
        }
        all.push(Answers {
            entries: JournalStorage::read(storage, &id, ReadRange::ALL).collect().await,
            highest: storage.highest_sequence_nr(&id).await,
            outcomes,
            snapshot: SnapshotStorage::load(storage, &id, SnapshotCriteria::ALL).await,
            state: StateStorage::load(storage, &id).await,
            id,
        });
    }
    all
}
