//! A process that is killed while its entities take snapshots, delete events and store states has lost nothing
//! that it acknowledged (G1, G6, G12). The child is this program again, told by a variable of the environment.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "this is a test")]

use annals::storage::{SnapshotCriteria, StorageProvider};
use annals::{DurableState, Effect, EntityId, Event, EventSourced, Node, PersistenceId, Snapshots};
use annals_sqlite::SqliteStorage;
use serde::{Deserialize, Serialize};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const FILE: &str = "ANNALS_KILLED_FILE";

#[derive(Default, Serialize, Deserialize)]
struct Tally {
    sum: u64,
}

#[derive(Serialize, Deserialize, Event)]
#[event(entity = Tally, name = "counted")]
struct Counted;

impl EventSourced for Tally {
    const ENTITY_TYPE: &'static str = "tally";
    type Event = Counted;
    fn apply(&mut self, _: &Counted) {
        self.sum += 1;
    }
}

#[annals::commands]
impl Tally {
    fn count(&self) -> Effect<Self, u64> {
        Effect::persist(Counted).reply(|tally| tally.sum)
    }

    pub(crate) fn raise(&self) -> Effect<Self, u64> {
        self.count()
    }

    pub(crate) fn sum(&self) -> u64 {
        self.sum
    }
}

#[derive(Default, Serialize, Deserialize)]
struct Note {
    text: u64,
}

impl DurableState for Note {
    const ENTITY_TYPE: &'static str = "note";
}

#[annals::commands]
impl Note {
    pub(crate) fn write(&self, text: u64) -> Effect<Self> {
        Effect::update(self, move |note| note.text = text)
    }

    pub(crate) fn read(&self) -> u64 {
        self.text
    }
}

async fn open(file: &Path) -> (SqliteStorage, Node) {
    let storage = SqliteStorage::open(file).await.unwrap();
    let node = Node::builder(storage.clone())
        .register_with::<Tally>(|it| it.snapshots(Snapshots::every(7).delete_events()))
        .register::<Note>()
        .start()
        .await
        .unwrap();
    (storage, node)
}

/// Does nothing unless it is the child.
#[tokio::test]
async fn child_that_counts_until_it_is_killed() {
    let Ok(file) = std::env::var(FILE) else { return };
    let (_storage, node) = open(Path::new(&file)).await;
    let (tally, note) = (node.entity::<Tally>("t"), node.entity::<Note>("n"));
    for next in tally.sum().await.unwrap() + 1.. {
        assert_eq!(tally.raise().key(format!("k{next}")).await.unwrap(), next);
        note.write(next).await.unwrap();
        let mut out = std::io::stdout().lock();
        writeln!(out, "acknowledged {next}").unwrap();
        out.flush().unwrap();
    }
}

/// A child that counts, and a directory that goes with the test.
struct Counting {
    child: Option<Child>,
    dir: PathBuf,
}

impl Counting {
    fn new() -> Self {
        let dir = std::env::temp_dir().join(format!("annals-killed-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        Self { child: None, dir }
    }

    fn file(&self) -> PathBuf {
        self.dir.join("tally.db")
    }

    /// Starts a child and kills it as soon as it has acknowledged so many; the last number that it did.
    fn run(&mut self, count: usize) -> u64 {
        let arguments = ["--exact", "child_that_counts_until_it_is_killed", "--nocapture"];
        let mut command = Command::new(std::env::current_exe().unwrap());
        let child = command.args(arguments).env(FILE, self.file()).stdout(Stdio::piped()).spawn().unwrap();
        let child = self.child.insert(child);
        let lines = BufReader::new(child.stdout.as_mut().unwrap()).lines().map_while(Result::ok);
        let numbers = lines.filter_map(|line| line.strip_prefix("acknowledged ")?.parse().ok());
        let last = numbers.take(count).last().expect("the child counts");
        self.kill();
        last
    }

    fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // On Unix this is kill -9.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        self.kill();
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

#[tokio::test]
async fn snapshots_and_deleted_events_lose_nothing_to_kill_9() {
    let mut counting = Counting::new();
    for round in 1..=6 {
        let acknowledged = counting.run(13 * round);
        let (storage, node) = open(&counting.file()).await;
        let (tally, note) = (node.entity::<Tally>("t"), node.entity::<Note>("n"));
        let sum = tally.sum().await.unwrap();
        // The child had one more under way at the most.
        assert!((acknowledged..=acknowledged + 1).contains(&sum), "{acknowledged} acknowledged, {sum} found");
        let written = note.read().await.unwrap();
        assert!((acknowledged..=sum).contains(&written), "{acknowledged} acknowledged, {written} found");
        for key in [1, acknowledged] {
            assert_eq!(tally.raise().key(format!("k{key}")).await.unwrap(), key, "it ran a second time");
        }
        assert_eq!(tally.sum().await.unwrap(), sum);
        node.shutdown().await;
        storage.close().await;
    }
    let storage = SqliteStorage::open(counting.file()).await.unwrap();
    let id = PersistenceId::new("tally", EntityId::new("t").unwrap()).unwrap();
    let extent = storage.journal().unwrap().extent(&id).await.unwrap();
    let snapshots = storage.snapshots().unwrap().list(&id, SnapshotCriteria::ALL).await.unwrap();
    assert!(extent.deleted_to.get() > 0 && snapshots.len() >= 2, "{extent:?}, {snapshots:?}");
    assert!(extent.deleted_to <= snapshots[0].0, "events go up to the oldest kept snapshot at the most");
    storage.close().await;
}
