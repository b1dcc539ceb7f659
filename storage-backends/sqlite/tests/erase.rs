//! Erasing: what is left in the file, what an interrupted erasure gives away, and how it goes together with all
//! else that changes a chain.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "this is a test")]

mod writes;

use annals::storage::{
    JournalEntry, JournalStorage, ReadRange, Snapshot, SnapshotStorage, SnapshotWrite, StorageError,
    WriteStorage,
};
use annals::{SequenceNr, Timestamp};
use annals_sqlite::SqliteStorage;
use futures_util::StreamExt;
use futures_util::future::{Either, join, select};
use rusqlite::Connection;
use std::fs;
use std::pin::pin;
use writes::*;

/// So many writes of each entity, taking turns: each with a key, every third without events.
async fn interleaved(storage: &SqliteStorage, all: &mut [Activation], writes: usize) {
    for numbers in (0..writes).collect::<Vec<_>>().chunks(500) {
        let mut group = Vec::new();
        for n in numbers {
            for entity in all.iter_mut() {
                let kept = Some(kept(&format!("secret-{}-{n}", entity.id.entity_id())));
                let events: &[&[u8]] = if n % 3 == 0 { &[] } else { &[b"secret"] };
                group.push(entity.events(events, kept));
            }
        }
        store(storage, group).await;
    }
}

/// How many rows of an entity there are in each table.
fn left(conn: &Connection, entity: &str) -> Vec<(&'static str, i64)> {
    ["journal", "kept", "block", "snapshot", "trim", "erasure"]
        .into_iter()
        .map(|table| {
            let sql = format!("SELECT count(*) FROM {table} JOIN entity USING (entity) WHERE entity_id = ?1");
            (table, conn.query_row(&sql, [entity], |row| row.get(0)).unwrap())
        })
        .filter(|(_, rows)| *rows > 0)
        .collect()
}

async fn keys_of(storage: &SqliteStorage, entity: &Activation, writes: usize) -> usize {
    let name = entity.id.entity_id();
    let keys: Vec<_> = (0..writes).map(|n| key(&format!("secret-{name}-{n}"))).collect();
    storage.outcomes(&entity.id, &keys).await.unwrap().iter().flatten().count()
}

#[tokio::test]
async fn nothing_of_an_erased_entity_is_left_in_any_table() {
    let scratch = Scratch::new();
    let storage = SqliteStorage::open(scratch.file()).await.unwrap();
    own(&storage, 1).await;
    let mut all = [Activation::new(id("gone"), 1), Activation::new(id("stays"), 2)];
    // Enough that most keys are in runs of the index, and some are not yet.
    interleaved(&storage, &mut all, 9_000).await;
    let [mut gone, stays] = all;
    let snapshot = Snapshot {
        sequence_nr: SequenceNr::new(gone.highest),
        taken_at: Timestamp::from_micros(1),
        payload: payload("state", b"secret"),
        outcomes: vec![kept("secret-gone-1")],
        outcomes_complete: false,
    };
    storage.save(SnapshotWrite { id: gone.id.clone(), fence: gone.fence, snapshot }).await.unwrap();
    storage.erase(&gone.id, gone.fence).await.unwrap();
    assert_eq!((keys_of(&storage, &gone, 9_000).await, keys_of(&storage, &stays, 9_000).await), (0, 9_000));
    assert_eq!(numbers(&storage, &stays.id, ReadRange::ALL).await, (1..=stays.highest).collect::<Vec<_>>());
    storage.close().await;

    let conn = Connection::open(scratch.file()).unwrap();
    assert!(conn.query_row("SELECT count(*) > 8000 FROM kept", [], |row| row.get::<_, bool>(0)).unwrap());
    assert_eq!(left(&conn, "gone"), []);
    let behind = "SELECT compacted = position FROM shard WHERE shard = ?1";
    assert!(conn.query_row(behind, [gone.fence.shard.get()], |row| row.get::<_, bool>(0)).unwrap());
    conn.execute_batch("VACUUM").unwrap();
    conn.close().unwrap();
    let bytes = fs::read(scratch.file()).unwrap();
    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("secret-stays-1") && !holds("secret-gone-"));

    let storage = SqliteStorage::open(scratch.file()).await.unwrap();
    let first = gone.highest + 1;
    store(&storage, vec![gone.events(&[b"new"], Some(kept("secret-gone-1")))]).await;
    assert_eq!(numbers(&storage, &gone.id, ReadRange::ALL).await, [first]);
    assert_eq!(keys_of(&storage, &gone, 9_000).await, 1);
}

/// What the transaction that decides leaves behind, before any row is removed.
const DECIDED: &str = "
    INSERT INTO erasure SELECT entity, erased_row, last_row FROM head WHERE entity = 1;
    UPDATE head SET deleted_to = highest, erased_to = highest, erased_row = last_row, unblocked = 0
    WHERE entity = 1;";

#[tokio::test]
async fn an_erasure_that_was_interrupted_gives_nothing_away_and_is_finished() {
    let scratch = Scratch::new();
    let storage = SqliteStorage::open(scratch.file()).await.unwrap();
    own(&storage, 1).await;
    let mut all = [Activation::new(id("gone"), 1), Activation::new(id("stays"), 2)];
    interleaved(&storage, &mut all, 3_000).await;
    storage.close().await;
    Connection::open(scratch.file()).unwrap().execute_batch(DECIDED).unwrap();

    let storage = SqliteStorage::open(scratch.file()).await.unwrap();
    let [gone, stays] = &mut all;
    let first = gone.highest + 1;
    assert!(read(&storage, &gone.id, ReadRange::ALL).await.is_empty());
    assert_eq!(keys_of(&storage, gone, 3_000).await, 0);
    // Writes do not wait for it, and the rows of both chains are apart.
    store(&storage, (0..200).map(|_| gone.events(&[b"new"], None)).collect()).await;
    assert_eq!(numbers(&storage, &gone.id, ReadRange::ALL).await, (first..first + 200).collect::<Vec<_>>());
    assert_eq!(keys_of(&storage, stays, 3_000).await, 3_000);
    // Erasing again waits for the rows of both.
    storage.erase(&gone.id, gone.fence).await.unwrap();
    storage.close().await;
    assert_eq!(left(&Connection::open(scratch.file()).unwrap(), "gone"), []);
}

#[tokio::test]
async fn a_damaged_history_can_be_erased() {
    let scratch = Scratch::new();
    let storage = SqliteStorage::open(scratch.file()).await.unwrap();
    own(&storage, 1).await;
    let mut all = [Activation::new(id("gone"), 1), Activation::new(id("stays"), 2)];
    interleaved(&storage, &mut all, 2_000).await;
    storage.close().await;
    // Rows in the middle, the first and the last one, and all blocks but a few.
    let damage = "DELETE FROM journal WHERE entity = 1 AND (row % 7 = 1 OR row < 100 OR row > 3900);
        UPDATE journal SET prev_row = row + 5 WHERE entity = 1 AND row % 101 = 0;
        DELETE FROM block WHERE entity = 1 AND sequence_nr > 100;";
    Connection::open(scratch.file()).unwrap().execute_batch(damage).unwrap();
    let storage = SqliteStorage::open(scratch.file()).await.unwrap();
    let [gone, stays] = &mut all;
    storage.erase(&gone.id, gone.fence).await.unwrap();
    store(&storage, vec![gone.events(&[b"new"], None)]).await;
    assert_eq!(numbers(&storage, &gone.id, ReadRange::ALL).await, [gone.highest]);
    assert_eq!(keys_of(&storage, stays, 2_000).await, 2_000);
    storage.close().await;
    assert_eq!(left(&Connection::open(scratch.file()).unwrap(), "gone"), [("journal", 1)]);
}

/// Each read gives events of one life only, without a hole, and those it does not give it tells of.
#[tokio::test]
async fn reads_that_race_with_erasures_see_one_life() {
    let scratch = Scratch::new();
    let storage = SqliteStorage::open(scratch.file()).await.unwrap();
    own(&storage, 1).await;
    let mut entity = Activation::new(id("a"), 1);
    let read_it = entity.id.clone();
    let check = |events: &[(u64, u8)], error: Option<&StorageError>| {
        assert!(events.windows(2).all(|pair| pair[0].0 + 1 == pair[1].0), "a hole");
        assert!(events.windows(2).all(|pair| pair[0].1 == pair[1].1), "two lives");
        assert!(matches!(error, None | Some(StorageError::Unavailable { .. })), "{error:?}");
        // Lives come in groups of 1,500 events, each behind 100 events of one write.
        let last = events.last().map_or(0, |last| last.0 % 1_600);
        assert!(error.is_some() || last == 0 || last == 100, "it ended at {last}");
    };
    let reading = async {
        loop {
            let mut stream = storage.read(&read_it, ReadRange::ALL);
            let (mut events, mut error) = (Vec::new(), None);
            while let Some(entry) = stream.next().await {
                match entry {
                    Ok(JournalEntry::Event(event)) => {
                        events.push((event.sequence_nr.get(), event.payload.bytes()[0]));
                    }
                    Ok(JournalEntry::Outcome { .. }) => {}
                    Err(ended) => error = Some(ended),
                }
            }
            check(&events, error.as_ref());
        }
    };
    let writing = async {
        for life in 0..40 {
            let one_write: Vec<&[u8]> = vec![std::slice::from_ref(&life); 100];
            store(&storage, vec![entity.events(&one_write, Some(kept("k")))]).await;
            let group = (0..1_500).map(|_| entity.events(&[&[life]], Some(kept("k")))).collect();
            store(&storage, group).await;
            storage.erase(&entity.id, entity.fence).await.unwrap();
        }
    };
    let (reading, writing) = (pin!(reading), pin!(writing));
    assert!(matches!(select(reading, writing).await, Either::Right(_)), "readers go on");
}

#[tokio::test]
async fn a_deletion_that_an_erasure_overtakes_leaves_nothing_to_do() {
    let scratch = Scratch::new();
    let storage = SqliteStorage::open(scratch.file()).await.unwrap();
    own(&storage, 1).await;
    let mut entity = Activation::new(id("gone"), 1);
    for _ in 0..10 {
        store(&storage, (0..1_000).map(|_| entity.events(&[b"x"], None)).collect()).await;
        // The deletion takes many steps, and the erasure comes between two of them.
        let deletion = storage.delete_to(&entity.id, entity.fence, SequenceNr::MAX);
        let erasure = storage.erase(&entity.id, entity.fence);
        let (deletion, erasure) = join(deletion, erasure).await;
        deletion.unwrap();
        erasure.unwrap();
        store(&storage, (0..5_000).map(|_| entity.events(&[b"x"], None)).collect()).await;
        let living = entity.highest - 4_999..=entity.highest;
        assert_eq!(numbers(&storage, &entity.id, ReadRange::ALL).await, living.collect::<Vec<_>>());
    }
    storage.erase(&entity.id, entity.fence).await.unwrap();
    storage.close().await;
    assert_eq!(left(&Connection::open(scratch.file()).unwrap(), "gone"), []);
}

#[tokio::test]
async fn a_stream_that_an_erasure_overtakes_ends_although_the_rows_are_still_there() {
    let scratch = Scratch::new();
    let storage = SqliteStorage::open(scratch.file()).await.unwrap();
    own(&storage, 1).await;
    let mut entity = Activation::new(id("a"), 1);
    // Outcomes only: no number tells how far the stream came.
    store(&storage, (0..5_000).map(|n| entity.events(&[], Some(kept(&n.to_string())))).collect()).await;
    let stall = "CREATE TRIGGER stalled BEFORE DELETE ON journal BEGIN SELECT RAISE(ABORT, 'stalled'); END";
    Connection::open(scratch.file()).unwrap().execute_batch(stall).unwrap();
    let mut stream = storage.read(&entity.id, ReadRange::ALL);
    stream.next().await.unwrap().unwrap();
    storage.erase(&entity.id, entity.fence).await.unwrap();
    let rest: Vec<_> = stream.collect().await;
    assert!(rest.len() < 4_000, "{} outcomes were given", rest.len());
    assert!(matches!(rest.last(), Some(Err(StorageError::Unavailable { .. }))));
    assert!(read(&storage, &entity.id, ReadRange::ALL).await.is_empty());
}

#[tokio::test]
async fn an_erasure_ends_whatever_the_damaged_head_says_of_the_last_row() {
    for (last_row, erased_row) in [(i64::MAX, 0), (i64::MAX, i64::MAX - 1), (1 << 40, 1 << 39)] {
        let scratch = Scratch::new();
        let storage = SqliteStorage::open(scratch.file()).await.unwrap();
        own(&storage, 1).await;
        let mut entity = Activation::new(id("a"), 1);
        store(&storage, vec![entity.events(&[b"x", b"y"], Some(kept("k")))]).await;
        let damage = "UPDATE head SET last_row = ?1, erased_row = ?2";
        Connection::open(scratch.file()).unwrap().execute(damage, [last_row, erased_row]).unwrap();
        storage.erase(&entity.id, entity.fence).await.unwrap();
        assert_eq!(storage.outcomes(&entity.id, &[key("k")]).await.unwrap(), [None]);
        store(&storage, vec![entity.events(&[b"z"], None)]).await;
        assert_eq!(numbers(&storage, &entity.id, ReadRange::ALL).await, [3]);
    }
}
