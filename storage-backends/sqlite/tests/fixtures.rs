//! A file of every schema version that was ever released opens, and is brought to the newest one.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "this is a test")]

mod writes;

use annals::SequenceNr;
use annals::storage::{
    Extent, JournalStorage, ReadRange, Snapshot, SnapshotCriteria, SnapshotStorage, StateStorage,
    WriteStorage,
};
use annals_sqlite::SqliteStorage;
use rusqlite::Connection;
use writes::*;

/// The store that a fixture describes.
async fn open(scratch: &Scratch, fixture: &str) -> SqliteStorage {
    Connection::open(scratch.file()).unwrap().execute_batch(fixture).unwrap();
    SqliteStorage::open(scratch.file()).await.unwrap()
}

async fn newest_snapshot(storage: &SqliteStorage, entity: &str) -> Option<Snapshot> {
    SnapshotStorage::load(storage, &id(entity), SnapshotCriteria::ALL).await.unwrap()
}

/// Whether the entity has a state now, and its revision.
async fn state(storage: &SqliteStorage, entity: &str) -> Option<(u64, bool)> {
    let state = StateStorage::load(storage, &id(entity)).await.unwrap();
    state.map(|state| (state.revision.get(), state.payload.is_some()))
}

async fn known(storage: &SqliteStorage, entity_type: &str) -> Vec<String> {
    let manifests = storage.manifests(entity_type).await.unwrap();
    let mut known: Vec<String> = manifests.iter().map(ToString::to_string).collect();
    known.sort();
    known
}

fn extent(numbers: [u64; 3]) -> Extent {
    let [erased_to, deleted_to, highest] = numbers.map(SequenceNr::new);
    Extent { erased_to, deleted_to, highest }
}

/// What both versions have in common.
async fn assert_alice_and_bob(storage: &SqliteStorage) {
    assert_eq!(numbers(storage, &id("alice"), ReadRange::ALL).await, [3, 4, 5]);
    assert_eq!(storage.extent(&id("alice")).await.unwrap(), extent([0, 2, 5]));
    let found = storage.outcomes(&id("alice"), &[key("k1"), key("k2")]).await.unwrap();
    assert_eq!(found, [Some(kept("k1")), None]);
    assert_eq!(state(storage, "bob").await, Some((1, true)));
    assert_eq!(known(storage, "account").await, ["deposited v1", "state v1"]);
    assert_eq!(known(storage, "accoun").await, [""; 0]);
}

async fn assert_alice_goes_on(storage: &SqliteStorage) {
    let mut entity = Activation::new(id("alice"), 9);
    entity.highest = 5;
    store(storage, vec![entity.events(&[b"six"], None)]).await;
    assert_eq!(numbers(storage, &id("alice"), ReadRange::ALL).await, [3, 4, 5, 6]);
}

#[tokio::test]
async fn a_file_of_schema_version_1_opens_and_its_names_are_known() {
    let scratch = Scratch::new();
    let storage = open(&scratch, include_str!("fixtures/v1.sql")).await;
    assert_alice_and_bob(&storage).await;
    let newest = newest_snapshot(&storage, "alice").await.unwrap();
    assert_eq!((newest.sequence_nr.get(), newest.outcomes), (4, vec![kept("k1")]));
    assert!(!newest.outcomes_complete, "version 1 did not know");
    assert_alice_goes_on(&storage).await;
    let fence = Activation::new(id("alice"), 9).fence;
    storage.erase(&id("alice"), fence).await.unwrap();
    assert_eq!(storage.extent(&id("alice")).await.unwrap(), extent([6, 6, 6]));
    assert_eq!(storage.outcomes(&id("alice"), &[key("k1")]).await.unwrap(), [None]);
    storage.close().await;

    let storage = SqliteStorage::open(scratch.file()).await.unwrap();
    assert_eq!(known(&storage, "account").await, ["deposited v1", "state v1"]);
    assert_eq!(newest_snapshot(&storage, "alice").await, None);
}

#[tokio::test]
async fn a_deletion_that_schema_version_1_did_not_finish_is_finished() {
    let scratch = Scratch::new();
    let fixture = include_str!("fixtures/v1.sql").to_owned();
    let undone = "UPDATE head SET deleted_to = 4 WHERE entity = 1; INSERT INTO trim VALUES (1, 0, 0, 4);";
    let storage = open(&scratch, &(fixture + undone)).await;
    assert_eq!(numbers(&storage, &id("alice"), ReadRange::ALL).await, [5]);
    storage.close().await;
    let conn = Connection::open(scratch.file()).unwrap();
    let left = "SELECT (SELECT count(*) FROM trim), (SELECT count(*) FROM journal)";
    let left: (i64, i64) = conn.query_row(left, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    assert_eq!(left, (0, 2), "event 5, and the outcome of event 2");
}

#[tokio::test]
async fn a_file_of_schema_version_2_opens() {
    let scratch = Scratch::new();
    let storage = open(&scratch, include_str!("fixtures/v2.sql")).await;
    assert_alice_and_bob(&storage).await;
    assert!(newest_snapshot(&storage, "alice").await.unwrap().outcomes_complete);
    assert_alice_goes_on(&storage).await;

    assert_eq!(numbers(&storage, &id("carol"), ReadRange::ALL).await, [3]);
    assert_eq!(storage.extent(&id("carol")).await.unwrap(), extent([2, 2, 3]));
    let found = storage.outcomes(&id("carol"), &[key("k1"), key("k3")]).await.unwrap();
    assert_eq!(found, [None, Some(kept("k3"))]);
    assert_eq!(state(&storage, "carol").await, Some((2, false)));

    assert!(read(&storage, &id("dora"), ReadRange::ALL).await.is_empty());
    assert_eq!(storage.extent(&id("dora")).await.unwrap(), extent([2, 2, 2]));
    assert_eq!(storage.outcomes(&id("dora"), &[key("k1")]).await.unwrap(), [None]);
    storage.close().await;
    let conn = Connection::open(scratch.file()).unwrap();
    let left = "SELECT (SELECT count(*) FROM erasure), (SELECT count(*) FROM journal WHERE entity = 4)";
    let left: (i64, i64) = conn.query_row(left, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    assert_eq!(left, (0, 0), "the erasure of dora is finished");
}
