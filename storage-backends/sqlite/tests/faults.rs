//! A full disk, files that vanish, and other hands in the file.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "this is a test")]

mod writes;

use annals::storage::{JournalStorage, ReadRange, StorageError, WriteStorage};
use annals_sqlite::SqliteStorage;
use rusqlite::Connection;
use std::fs;
use writes::*;

#[tokio::test]
async fn a_full_disk_is_unavailable_and_stores_nothing_until_there_is_space() {
    let scratch = Scratch::new();
    let small = SqliteStorage::options().max_file_bytes(1 << 20);
    let storage = small.open(scratch.file()).await.unwrap();
    own(&storage, 1).await;
    let mut entity = Activation::new(id("a"), 1);
    let refused = loop {
        let write = entity.events(&[&[7; 50_000], &[8; 50_000]], Some(kept(&entity.write_nr.to_string())));
        match append(&storage, vec![write.clone()]).await.remove(0) {
            Ok(_) => assert!(entity.highest < 100, "the file is bounded"),
            Err(error) => {
                assert!(matches!(error, StorageError::Unavailable { .. }), "{error}");
                break write;
            }
        }
    };
    let stored = entity.highest - 2;
    assert!(stored > 0);
    assert_eq!(storage.highest_sequence_nr(&entity.id).await.unwrap().get(), stored);
    let again = append(&storage, vec![refused.clone()]).await.remove(0);
    assert!(matches!(again, Err(StorageError::Unavailable { .. })), "{again:?}");
    storage.close().await;

    let storage = SqliteStorage::open(scratch.file()).await.unwrap();
    assert_eq!(numbers(&storage, &entity.id, ReadRange::ALL).await, (1..=stored).collect::<Vec<_>>());
    store(&storage, vec![refused]).await;
    assert_eq!(storage.highest_sequence_nr(&entity.id).await.unwrap().get(), stored + 2);
}

#[cfg(unix)]
#[tokio::test]
async fn nothing_is_acknowledged_into_a_file_that_vanished() {
    for file in ["store.db", "store.db-wal", "store.db-shm"] {
        for replaced in [false, true] {
            let scratch = Scratch::new();
            let storage = SqliteStorage::open(scratch.file()).await.unwrap();
            own(&storage, 1).await;
            let mut entity = Activation::new(id("a"), 1);
            store(&storage, vec![entity.events(&[b"x"], None)]).await;
            fs::remove_file(scratch.path().join(file)).unwrap();
            if replaced {
                fs::write(scratch.path().join(file), "").unwrap();
            }
            let first = append(&storage, vec![entity.events(&[b"x"], None)]).await.remove(0);
            // Unavailable if the writer's own upkeep found it first.
            let refused =
                matches!(first, Err(StorageError::Indeterminate { .. } | StorageError::Unavailable { .. }));
            assert!(refused, "{file}: {first:?}");
            let later = append(&storage, vec![entity.events(&[b"x"], None)]).await.remove(0);
            let Err(error @ StorageError::Unavailable { .. }) = later else { panic!("{file}: {later:?}") };
            assert!(error.to_string().contains(file), "{error}");
        }
    }
}

#[tokio::test]
async fn what_another_program_changed_meanwhile_is_seen() {
    let scratch = Scratch::new();
    let storage = SqliteStorage::open(scratch.file()).await.unwrap();
    own(&storage, 1).await;
    let mut entity = Activation::new(id("a"), 1);
    store(&storage, vec![entity.events(&[b"x"], None)]).await;
    Connection::open(scratch.file()).unwrap().execute("UPDATE shard SET epoch = 7", []).unwrap();
    let fenced = append(&storage, vec![entity.events(&[b"x"], None)]).await.remove(0);
    assert!(matches!(fenced, Err(StorageError::Fenced { .. })), "{fenced:?}");
}

#[tokio::test]
async fn a_missing_row_is_found_wherever_it_is() {
    // Row 66 ends a block of entity 0 when it writes alone; with others beside it the chain is walked.
    for (entities, missing) in
        [(1, 1), (1, 30), (1, 64), (1, 100), (1, 130), (40, 1), (40, 64), (40, 70), (40, 130)]
    {
        let scratch = Scratch::new();
        let storage = SqliteStorage::open(scratch.file()).await.unwrap();
        own(&storage, 1).await;
        let mut all: Vec<_> = (0..entities).map(|n| Activation::new(id(&n.to_string()), 1)).collect();
        for _ in 0..130 {
            store(&storage, all.iter_mut().map(|entity| entity.events(&[b"x"], None)).collect()).await;
        }
        storage.close().await;
        let conn = Connection::open(scratch.file()).unwrap();
        let removed = conn.execute(
            "DELETE FROM journal WHERE sequence_nr = ?1 AND entity = (SELECT entity FROM entity WHERE entity_id = '0')",
            [missing as i64],
        );
        assert_eq!(removed.unwrap(), 1);
        drop(conn);
        let storage = SqliteStorage::open(scratch.file()).await.unwrap();
        let mut entries = read(&storage, &id("0"), ReadRange::ALL).await;
        let error = entries.pop().unwrap().unwrap_err();
        assert!(error.to_string().contains(&format!("event {missing} of account/0")), "{entities}: {error}");
        assert_eq!(entries.len(), missing - 1);
        assert!(entries.iter().all(Result::is_ok));
    }
}

#[tokio::test]
async fn a_missing_outcome_without_event_is_found_too() {
    let scratch = Scratch::new();
    let storage = SqliteStorage::open(scratch.file()).await.unwrap();
    own(&storage, 1).await;
    let mut entity = Activation::new(id("a"), 1);
    let group =
        vec![entity.events(&[b"x"], None), entity.events(&[], Some(kept("k"))), entity.events(&[b"x"], None)];
    store(&storage, group).await;
    storage.close().await;
    Connection::open(scratch.file()).unwrap().execute("DELETE FROM journal WHERE key = 'k'", []).unwrap();
    let storage = SqliteStorage::open(scratch.file()).await.unwrap();
    let entries = read(&storage, &entity.id, ReadRange::ALL).await;
    assert!(matches!(entries.last(), Some(Err(StorageError::Corrupt { .. }))), "{entries:?}");
    assert_eq!(
        storage.outcomes(&entity.id, &[key("k")]).await.unwrap(),
        [None],
        "the index is rebuilt from the rows"
    );
}

/// A store in which two entities have two events each; then `damage` is done to it, and it is opened again.
async fn damaged(scratch: &Scratch, damage: &str) -> SqliteStorage {
    let storage = SqliteStorage::open(scratch.file()).await.unwrap();
    own(&storage, 1).await;
    let (mut bad, mut good) = (Activation::new(id("bad"), 1), Activation::new(id("good"), 2));
    store(&storage, vec![bad.events(&[b"x", b"y"], None), good.events(&[b"x", b"y"], None)]).await;
    storage.close().await;
    Connection::open(scratch.file()).unwrap().execute_batch(damage).unwrap();
    SqliteStorage::open(scratch.file()).await.unwrap()
}

#[tokio::test]
async fn a_damaged_head_is_corrupt_and_hurts_nobody_else() {
    let (most, least) = (i64::MAX, i64::MIN);
    for damage in [
        format!("unblocked = {most}"),
        format!("unblocked = {least}"),
        "unblocked = 64".into(),
        format!("last_row = {least}"),
        "deleted_to = 3".into(),
        format!("deleted_to = {most}"),
        "highest = -1".into(),
        "write_nr = -1".into(),
    ] {
        let scratch = Scratch::new();
        let storage = damaged(&scratch, &format!("UPDATE head SET {damage} WHERE entity = 1")).await;
        for _ in 0..3 {
            let entries = read(&storage, &id("bad"), ReadRange::ALL).await;
            assert!(matches!(entries[..], [Err(StorageError::Corrupt { .. })]), "{damage}: {entries:?}");
        }
        let mut bad = Activation::new(id("bad"), 1);
        let refused = append(&storage, vec![bad.events(&[b"z"], None)]).await.remove(0);
        assert!(matches!(refused, Err(StorageError::Corrupt { .. })), "{damage}: {refused:?}");
        assert_eq!(numbers(&storage, &id("good"), ReadRange::ALL).await, [1, 2], "{damage}");
    }
}

#[tokio::test]
async fn a_damaged_row_is_corrupt_and_named() {
    let scratch = Scratch::new();
    // What is on the disk need not keep to the declared types.
    let damage = "CREATE TABLE loose AS SELECT * FROM journal;
        UPDATE loose SET prev_row = NULL WHERE entity = 1 AND sequence_nr = 2;
        DROP TABLE journal; ALTER TABLE loose RENAME TO journal;";
    let storage = damaged(&scratch, damage).await;
    let Some(Err(error)) = read(&storage, &id("bad"), ReadRange::ALL).await.pop() else {
        panic!("it is damaged")
    };
    assert!(matches!(error, StorageError::Corrupt { .. }), "{error}");
    assert!(error.to_string().contains("event 2 of account/bad"), "{error}");
    assert_eq!(numbers(&storage, &id("good"), ReadRange::ALL).await, [1, 2]);
}
