//! A process that is killed right after an acknowledgement has lost nothing, and another process is kept out
//! while it lives. The child is this program again, told by a variable of the environment.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "this is a test")]

mod writes;

use annals::storage::{ReadRange, StorageError};
use annals_sqlite::SqliteStorage;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tokio::sync::Mutex;
use writes::*;

const FILE: &str = "ANNALS_SQLITE_CRASH_FILE";

/// A child holds what its parent has open, locks of other tests included, until it is a program of its own. So
/// only one test at a time starts children.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// A child that writes to the file and reports each acknowledgement as a line.
struct Writing(Child);

impl Writing {
    fn start(file: &Path) -> Self {
        let program = std::env::current_exe().unwrap();
        let arguments = ["--exact", "child_that_writes_until_it_is_killed", "--nocapture"];
        let mut command = Command::new(program);
        let child = command.args(arguments).env(FILE, file).stdout(Stdio::piped()).spawn().unwrap();
        Self(child)
    }

    /// The number that was acknowledged last, once `count` were.
    fn acknowledged(&mut self, count: usize) -> u64 {
        let lines = BufReader::new(self.0.stdout.as_mut().unwrap()).lines().map_while(Result::ok);
        let numbers = lines.filter_map(|line| line.strip_prefix("acknowledged ")?.parse().ok());
        numbers.take(count).last().expect("the child writes")
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
        let mut child = Writing::start(&scratch.file());
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

#[tokio::test]
async fn another_process_is_told_that_the_file_is_in_use() {
    let _alone = ONE_AT_A_TIME.lock().await;
    let scratch = Scratch::new();
    let storage = SqliteStorage::open(scratch.file()).await.unwrap();
    own(&storage, 1).await;
    storage.close().await;
    let mut child = Writing::start(&scratch.file());
    child.acknowledged(1);
    let Err(error) = SqliteStorage::open(scratch.file()).await else { panic!("the child has the file") };
    assert!(matches!(error, StorageError::Unavailable { .. }), "{error}");
    assert!(error.to_string().contains("in use"), "{error}");
    child.kill();
    SqliteStorage::open(scratch.file()).await.unwrap();
}
