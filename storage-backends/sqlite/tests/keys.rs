//! Keys are found wherever their rows lie: in memory, in the index, in merged runs of it, and after reopening.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "this is a test")]

mod writes;

use annals::storage::{StorageError, WriteStorage};
use annals_sqlite::SqliteStorage;
use rusqlite::Connection;
use writes::*;

/// `count` keyed writes without events, from number `from` on.
async fn reject(storage: &SqliteStorage, entity: &mut Activation, from: usize, count: usize) {
    for group in (from..from + count).collect::<Vec<_>>().chunks(2_000) {
        store(storage, group.iter().map(|n| entity.events(&[], Some(kept(&format!("key-{n}"))))).collect())
            .await;
    }
}

async fn assert_found(storage: &SqliteStorage, entity: &Activation, count: usize) {
    let all: Vec<_> = (0..count).step_by(37).chain([count - 1]).map(|n| format!("key-{n}")).collect();
    let keys: Vec<_> = all.iter().map(|text| key(text)).chain([key("never")]).collect();
    let found = storage.outcomes(&entity.id, &keys).await.unwrap();
    let expected: Vec<_> = all.iter().map(|text| Some(kept(text))).chain([None]).collect();
    assert!(found == expected);
    assert_eq!(storage.outcomes(&id("other"), &keys[..1]).await.unwrap(), [None]);
}

fn count(scratch: &Scratch, sql: &str) -> i64 {
    Connection::open(scratch.file()).unwrap().query_row(sql, [], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn keys_are_found_before_in_and_behind_the_index() {
    let scratch = Scratch::new();
    let mut storage = SqliteStorage::open(scratch.file()).await.unwrap();
    own(&storage, 1).await;
    let mut entity = Activation::new(id("a"), 1);
    let mut other = Activation::new(id("other"), 2);
    store(&storage, vec![other.events(&[], Some(kept("of another")))]).await;
    let mut total = 0;
    for (round, more) in [10, 20_000, 20_000, 130_000, 5].into_iter().enumerate() {
        reject(&storage, &mut entity, total, more).await;
        total += more;
        assert_found(&storage, &entity, total).await;
        storage.close().await;
        assert_eq!(count(&scratch, "SELECT count(*) FROM run") > 0, round > 0);
        storage = SqliteStorage::open(scratch.file()).await.unwrap();
        assert_found(&storage, &entity, total).await;
    }
    assert_eq!(storage.outcomes(&other.id, &[key("of another")]).await.unwrap(), [Some(kept("of another"))]);
    // Eleven runs were written in all; those that were merged are gone, or are going, one step after another.
    for _ in 0..200 {
        reject(&storage, &mut entity, total, 1).await;
        total += 1;
    }
    storage.close().await;
    assert!(count(&scratch, "SELECT max(level) FROM run") >= 1);
    assert!(count(&scratch, "SELECT count(*) FROM run WHERE stage = 0") < 8);
    let distinct = count(
        &scratch,
        "SELECT count(DISTINCT row) FROM kept WHERE run IN (SELECT run FROM run WHERE stage = 0)",
    );
    let indexed =
        count(&scratch, "SELECT count(*) FROM journal, store WHERE key IS NOT NULL AND row <= indexed_to");
    assert_eq!(distinct, indexed);
}

#[tokio::test]
async fn the_first_outcome_of_a_key_counts() {
    let scratch = Scratch::new();
    let storage = SqliteStorage::open(scratch.file()).await.unwrap();
    own(&storage, 1).await;
    let mut entity = Activation::new(id("a"), 1);
    let mut other = kept("k");
    other.outcome.payload = payload("reply", b"other");
    store(&storage, vec![entity.events(&[], Some(kept("k"))), entity.events(&[], Some(other))]).await;
    assert_eq!(storage.outcomes(&entity.id, &[key("k")]).await.unwrap(), [Some(kept("k"))]);
    reject(&storage, &mut entity, 0, 20_000).await;
    assert_eq!(storage.outcomes(&entity.id, &[key("k")]).await.unwrap(), [Some(kept("k"))]);
}

#[tokio::test]
async fn a_key_that_cannot_be_read_is_corrupt_and_not_one_that_was_never_used() {
    for damage in ["x'6b'", "x'ff00'", "CAST(x'ff' AS TEXT)"] {
        let scratch = Scratch::new();
        let storage = SqliteStorage::open(scratch.file()).await.unwrap();
        own(&storage, 1).await;
        let mut entity = Activation::new(id("a"), 1);
        store(&storage, vec![entity.events(&[b"x"], Some(kept("k")))]).await;
        damage_key(&scratch, damage);
        let error = storage.outcomes(&entity.id, &[key("k")]).await.unwrap_err();
        assert!(matches!(error, StorageError::Corrupt { .. }), "{damage}: {error}");
    }
}

/// Writes it into a table that has forgotten the types of its columns, while the store is open.
fn damage_key(scratch: &Scratch, value: &str) {
    let conn = Connection::open(scratch.file()).unwrap();
    let harm = format!(
        "PRAGMA writable_schema = ON;
        UPDATE sqlite_schema SET sql = replace(sql, ' STRICT', '') WHERE name = 'journal';
        PRAGMA writable_schema = RESET;
        UPDATE journal SET key = {value};"
    );
    conn.execute_batch(&harm).unwrap();
}
