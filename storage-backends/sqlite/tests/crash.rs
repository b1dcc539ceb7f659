//! A process that is killed right after an acknowledgement has lost nothing, and another process is kept out
//! while it lives. The child is this program again, told by a variable of the environment.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "this is a test")]

mod writes;

use annals::storage::{ReadRange, StorageError, WriteStorage};
use annals_sqlite::SqliteStorage;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tokio::sync::Mutex;
use writes::*;

const FILE: &str = "ANNALS_SQLITE_CRASH_FILE";

const WRITING: &str = "child_that_writes_until_it_is_killed";
const ERASING: &str = "child_that_erases_until_it_is_killed";

/// A child holds what its parent has open, locks of other tests included, until it is a program of its own. So
/// only one test at a time starts children.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// A child that works on the file and reports each acknowledgement as a line.
struct Writing(Child);

impl Writing {
    fn start(child: &str, file: &Path) -> Self {
        let program = std::env::current_exe().unwrap();
        let arguments = ["--exact", child, "--nocapture"];
        let mut command = Command::new(program);
        let child = command.args(arguments).env(FILE, file).stdout(Stdio::piped()).spawn().unwrap();
        Self(child)
    }

    /// The number that was acknowledged last, once `count` were.
    fn acknowledged(&mut self, count: usize) -> u64 {
        let lines = BufReader::new(self.0.stdout.as_mut().unwrap()).lines().map_while(Result::ok);
        let numbers = lines.filter_map(|line| line.strip_prefix("acknowledged ")?.parse().ok());
        numbers.take(count).last().expect("the child works")
    }

    fn kill(&mut self) {
        // On Unix this is kill -9.
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Does nothing unless it is the child.
#[tokio::test]
async fn child_that_writes_until_it_is_killed() {
    let Ok(file) = std::env::var(FILE) else { return };
    let storage = SqliteStorage::open(file).await.unwrap();
    let mut entity = Activation::new(id("a"), u128::from(std::process::id()));
    entity.highest =
        annals::storage::JournalStorage::highest_sequence_nr(&storage, &entity.id).await.unwrap().get();
    loop {
        let kept = kept(&format!("key-{}", entity.highest + 2));
        store(&storage, vec![entity.events(&[b"x", b"y"], Some(kept))]).await;
        let mut out = std::io::stdout().lock();
        writeln!(out, "acknowledged {}", entity.highest).unwrap();
        out.flush().unwrap();
    }
}

#[tokio::test]
async fn what_was_acknowledged_survives_kill_9() {
    let _alone = ONE_AT_A_TIME.lock().await;
    let scratch = Scratch::new();
    let storage = SqliteStorage::open(scratch.file()).await.unwrap();
    own(&storage, 1).await;
    storage.close().await;
    for round in 1..=5 {
        let mut child = Writing::start(WRITING, &scratch.file());
        let acknowledged = child.acknowledged(round * 20);
        child.kill();
        let storage = SqliteStorage::open(scratch.file()).await.unwrap();
        let read = numbers(&storage, &id("a"), ReadRange::ALL).await;
        let highest = *read.last().unwrap();
        assert!(highest >= acknowledged && highest % 2 == 0, "{acknowledged} acknowledged, {highest} found");
        assert_eq!(read, (1..=highest).collect::<Vec<_>>());
        let keys: Vec<_> = (2..=highest).step_by(2).map(|n| key(&format!("key-{n}"))).collect();
        let outcomes = annals::storage::WriteStorage::outcomes(&storage, &id("a"), &keys).await.unwrap();
        assert!(outcomes.iter().all(Option::is_some));
        storage.close().await;
    }
}

const EVENTS: u64 = 4_000;

fn doomed(number: u64) -> Activation {
    Activation::new(id(&format!("doomed-{number}")), u128::from(std::process::id()))
}

/// Does nothing unless it is the child: it fills one entity after the other, says so, and erases it.
#[tokio::test]
async fn child_that_erases_until_it_is_killed() {
    let Ok(file) = std::env::var(FILE) else { return };
    let storage = SqliteStorage::open(file).await.unwrap();
    for number in 1.. {
        let mut entity = doomed(number);
        let writes = (1..=EVENTS).map(|n| entity.events(&[b"x"], Some(kept(&n.to_string()))));
        let writes = writes.collect();
        store(&storage, writes).await;
        let mut out = std::io::stdout().lock();
        writeln!(out, "acknowledged {number}").unwrap();
        out.flush().unwrap();
        drop(out);
        WriteStorage::erase(&storage, &entity.id, entity.fence).await.unwrap();
    }
}

/// What is left of an entity: its events and how many of its outcomes are found.
async fn left(storage: &SqliteStorage, number: u64) -> (usize, usize) {
    let id = doomed(number).id;
    let keys: Vec<_> = (1..=EVENTS).map(|n| key(&n.to_string())).collect();
    let outcomes = WriteStorage::outcomes(storage, &id, &keys).await.unwrap();
    (numbers(storage, &id, ReadRange::ALL).await.len(), outcomes.iter().flatten().count())
}

#[tokio::test]
async fn an_erasure_that_kill_9_interrupts_is_done_as_a_whole_or_not_at_all() {
    let _alone = ONE_AT_A_TIME.lock().await;
    for erased_before in 0..5 {
        let scratch = Scratch::new();
        let storage = SqliteStorage::open(scratch.file()).await.unwrap();
        own(&storage, 1).await;
        storage.close().await;
        let mut child = Writing::start(ERASING, &scratch.file());
        let last = child.acknowledged(erased_before + 1);
        child.kill();
        let storage = SqliteStorage::open(scratch.file()).await.unwrap();
        for number in 1..last {
            assert_eq!(left(&storage, number).await, (0, 0), "entity {number} was erased");
        }
        let all = EVENTS as usize;
        let of_last = left(&storage, last).await;
        println!("entity {last}: {of_last:?} are left");
        assert!(of_last == (0, 0) || of_last == (all, all), "{of_last:?} of {all} are left");
        let entity = doomed(last);
        WriteStorage::erase(&storage, &entity.id, entity.fence).await.unwrap();
        assert_eq!(left(&storage, last).await, (0, 0));
        storage.close().await;
        let conn = rusqlite::Connection::open(scratch.file()).unwrap();
        let rows = |table: &str| {
            let of_doomed = "WHERE entity IN (SELECT entity FROM entity WHERE entity_id = ?1)";
            let sql = format!("SELECT count(*) FROM {table} {of_doomed}");
            conn.query_row(&sql, [entity.id.entity_id().as_str()], |row| row.get::<_, i64>(0)).unwrap()
        };
        assert_eq!((rows("journal"), rows("kept")), (0, 0), "rows of entity {last}");
    }
}

#[tokio::test]
async fn another_process_is_told_that_the_file_is_in_use() {
    let _alone = ONE_AT_A_TIME.lock().await;
    let scratch = Scratch::new();
    let storage = SqliteStorage::open(scratch.file()).await.unwrap();
    own(&storage, 1).await;
    storage.close().await;
    let mut child = Writing::start(WRITING, &scratch.file());
    child.acknowledged(1);
    let Err(error) = SqliteStorage::open(scratch.file()).await else { panic!("the child has the file") };
    assert!(matches!(error, StorageError::Unavailable { .. }), "{error}");
    assert!(error.to_string().contains("in use"), "{error}");
    child.kill();
    SqliteStorage::open(scratch.file()).await.unwrap();
}
