//! Opening, closing, and refusing to open.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "this is a test")]

mod writes;

use annals::ShardId;
use annals::storage::{JournalStorage, ReadRange, StorageError, WriteStorage};
use annals_sqlite::{SqliteStorage, Synchronous};
use futures_util::FutureExt;
use rusqlite::Connection;
use std::fs;
use std::path::Path;
use writes::*;

async fn refused(path: impl AsRef<Path>) -> StorageError {
    SqliteStorage::open(path).await.expect_err("the file is refused")
}

#[test]
fn the_bundled_sqlite_has_no_known_fault_that_loses_data() {
    // 3.51.3 repairs the reset of the write-ahead log while another connection writes.
    assert!(rusqlite::version_number() >= 3_051_003, "{}", rusqlite::version());
}

#[tokio::test]
async fn commits_are_as_durable_as_was_asked() {
    let scratch = Scratch::new();
    let storage = SqliteStorage::open(scratch.file()).await.unwrap();
    let durability = storage.durability().await.unwrap();
    assert_eq!((durability.synchronous, durability.write_ahead_log), (Synchronous::Full, true));
    assert!(durability.full_fsync);
    storage.close().await;
    let options = SqliteStorage::options().synchronous(Synchronous::Normal);
    let storage = options.open(scratch.file()).await.unwrap();
    assert_eq!(storage.durability().await.unwrap().synchronous, Synchronous::Normal);
}

#[tokio::test]
async fn a_closed_store_opens_again_at_once_and_its_old_handle_answers_unavailable() {
    let scratch = Scratch::new();
    let storage = SqliteStorage::open(scratch.file()).await.unwrap();
    own(&storage, 1).await;
    let mut entity = Activation::new(id("a"), 1);
    store(&storage, vec![entity.events(&[b"x"], None)]).await;
    let unread = storage.read(&entity.id, ReadRange::ALL);
    storage.close().await;
    storage.close().await;
    let again = SqliteStorage::open(scratch.file()).await.unwrap();
    assert_eq!(numbers(&again, &entity.id, ReadRange::ALL).await, [1]);
    let late = append(&storage, vec![entity.events(&[b"x"], None)]).await;
    assert!(matches!(late[0], Err(StorageError::Unavailable { .. })), "{late:?}");
    let late = storage.highest_sequence_nr(&entity.id).await;
    assert!(matches!(late, Err(StorageError::Unavailable { .. })), "{late:?}");
    drop((unread, again, storage));
    SqliteStorage::open(scratch.file()).await.unwrap();
}

#[tokio::test]
async fn the_last_clone_that_is_dropped_closes_the_file() {
    let scratch = Scratch::new();
    let storage = SqliteStorage::open(scratch.file()).await.unwrap();
    let clone = storage.clone();
    drop(storage);
    assert!(matches!(refused(scratch.file()).await, StorageError::Unavailable { .. }));
    drop(clone);
    SqliteStorage::open(scratch.file()).await.unwrap();
}

#[tokio::test]
async fn a_second_opener_in_this_process_is_told_that_the_file_is_in_use() {
    let scratch = Scratch::new();
    let _storage = SqliteStorage::open(scratch.file()).await.unwrap();
    let error = refused(scratch.file()).await;
    assert!(matches!(error, StorageError::Unavailable { .. }), "{error}");
    assert!(error.to_string().contains("store.db") && error.to_string().contains("in use"), "{error}");
    #[cfg(unix)]
    {
        let link = scratch.path().join("link.db");
        std::os::unix::fs::symlink(scratch.file(), &link).unwrap();
        assert!(matches!(refused(&link).await, StorageError::Unavailable { .. }), "through a link");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_with_two_names_is_refused() {
    let scratch = Scratch::new();
    SqliteStorage::open(scratch.file()).await.unwrap().close().await;
    fs::hard_link(scratch.file(), scratch.path().join("other.db")).unwrap();
    assert!(matches!(refused(scratch.file()).await, StorageError::Config { .. }));
}

#[tokio::test]
async fn what_is_not_ours_is_refused_and_left_as_it_was() {
    let scratch = Scratch::new();
    let text = scratch.path().join("notes.txt");
    let notes = "these are my notes, all of them";
    fs::write(&text, notes).unwrap();
    let error = refused(&text).await;
    assert!(matches!(&error, StorageError::Config { .. }), "{error}");
    assert!(error.to_string().contains("notes.txt"), "{error}");
    assert_eq!(fs::read_to_string(&text).unwrap(), notes);

    let foreign = scratch.path().join("foreign.db");
    Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE theirs(x)").unwrap();
    let before = fs::read(&foreign).unwrap();
    let error = refused(&foreign).await;
    assert!(matches!(&error, StorageError::Config { .. }), "{error}");
    assert_eq!(fs::read(&foreign).unwrap(), before);

    let other = scratch.path().join("other.db");
    Connection::open(&other).unwrap().execute_batch("PRAGMA application_id = 77; VACUUM").unwrap();
    assert!(matches!(refused(&other).await, StorageError::Config { .. }));
}

#[tokio::test]
async fn a_place_where_no_file_can_be_is_refused_by_name() {
    let scratch = Scratch::new();
    fs::write(scratch.path().join("file"), "").unwrap();
    for place in ["missing/store.db", "file/store.db", "."] {
        let error = refused(scratch.path().join(place)).await;
        assert!(matches!(error, StorageError::Config { .. }), "{place}: {error}");
    }
}

#[tokio::test]
async fn an_empty_file_becomes_a_store() {
    let scratch = Scratch::new();
    fs::write(scratch.file(), "").unwrap();
    own(&SqliteStorage::open(scratch.file()).await.unwrap(), 1).await;
}

#[tokio::test]
async fn a_newer_file_is_incompatible() {
    let scratch = Scratch::new();
    SqliteStorage::open(scratch.file()).await.unwrap().close().await;
    Connection::open(scratch.file()).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let error = refused(scratch.file()).await;
    assert!(matches!(error, StorageError::Incompatible { .. }), "{error}");
    assert!(error.to_string().contains("99"), "{error}");
}

#[tokio::test]
async fn a_damaged_file_is_corrupt() {
    let scratch = Scratch::new();
    let storage = SqliteStorage::open(scratch.file()).await.unwrap();
    own(&storage, 1).await;
    let mut entity = Activation::new(id("a"), 1);
    store(&storage, (0..500).map(|_| entity.events(&[&[7; 100]], None)).collect()).await;
    storage.close().await;
    let mut bytes = fs::read(scratch.file()).unwrap();
    let pages = bytes.len() / 4_096;
    // The first page holds the schema: without it nothing is found at all.
    for page in 1..pages {
        bytes[page * 4_096..page * 4_096 + 32].fill(0xa5);
    }
    fs::write(scratch.file(), bytes).unwrap();
    let error = refused(scratch.file()).await;
    assert!(matches!(error, StorageError::Corrupt { .. }), "{error}");
    assert!(error.to_string().contains("store.db"), "{error}");
}

/// Whether a process holds a lock on the file. One look may miss it, when other locks come and go meanwhile.
#[cfg(target_os = "linux")]
fn is_locked(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let inode = format!(":{} ", fs::metadata(path).unwrap().ino());
    (0..100).any(|_| {
        let locks = fs::read_to_string("/proc/locks").unwrap();
        locks.lines().any(|line| line.contains("POSIX") && line.contains(&inode))
    })
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn opening_leaves_the_locks_of_this_process_alone() {
    let scratch = Scratch::new();
    SqliteStorage::open(scratch.file()).await.unwrap().close().await;
    // The program reads the file by itself, say for a report.
    let report = Connection::open(scratch.file()).unwrap();
    report.query_row("SELECT count(*) FROM journal", [], |row| row.get::<_, i64>(0)).unwrap();
    assert!(is_locked(&scratch.file()));
    let storage = SqliteStorage::open(scratch.file()).await.unwrap();
    assert!(is_locked(&scratch.file()), "another program could now remove the log");
    storage.close().await;
}

#[tokio::test]
async fn what_a_killed_process_left_in_the_log_is_on_the_disk_before_anything_is_answered() {
    let (scratch, after) = (Scratch::new(), Scratch::new());
    let storage = SqliteStorage::open(scratch.file()).await.unwrap();
    own(&storage, 1).await;
    let mut entity = Activation::new(id("a"), 1);
    store(&storage, vec![entity.events(&[b"x"], None)]).await;
    for file in ["store.db", "store.db-wal"] {
        fs::copy(scratch.path().join(file), after.path().join(file)).unwrap();
    }
    let log = after.path().join("store.db-wal");
    assert!(fs::metadata(&log).unwrap().len() > 0);
    let storage = SqliteStorage::open(after.file()).await.unwrap();
    assert_eq!(fs::metadata(&log).unwrap().len(), 0, "all of it is in the file, which was synced");
    assert_eq!(numbers(&storage, &entity.id, ReadRange::ALL).await, [1]);
}

#[tokio::test]
async fn an_opening_that_is_given_up_lets_the_file_go() {
    let scratch = Scratch::new();
    for _ in 0..20 {
        drop(SqliteStorage::open(scratch.file()).now_or_never());
        // The lock goes after everything else. Until then it is told that the file is in use.
        let storage = loop {
            match SqliteStorage::open(scratch.file()).await {
                Ok(storage) => break storage,
                Err(error) => assert!(error.to_string().contains("in use"), "{error}"),
            }
            tokio::task::yield_now().await;
        };
        own(&storage, storage.epochs(&[ShardId::of(&id("a"))]).await.unwrap()[0].get() + 1).await;
        storage.close().await;
    }
}
