//! Walking and mending the chains of entities.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "this is a test")]

mod writes;

use annals::SequenceNr;
use annals::storage::{Change, Events, JournalEntry, JournalStorage, ReadRange, WriteStorage};
use annals_sqlite::SqliteStorage;
use futures_util::StreamExt;
use writes::*;

/// `rounds` writes of each of `count` entities, taking turns; every third with a key, every fifth without
/// events.
async fn interleaved(storage: &SqliteStorage, count: usize, rounds: usize) -> Vec<Activation> {
    let mut all: Vec<Activation> =
        (0..count).map(|n| Activation::new(id(&n.to_string()), n as u128 + 1)).collect();
    for round in 0..rounds {
        let group = all.iter_mut().map(|activation| {
            let kept = (round % 3 == 0 || round % 5 == 0).then(|| kept(&format!("{round}")));
            match round % 5 {
                0 => activation.events(&[], kept),
                2 => activation.events(&[b"a", b"b"], kept),
                _ => activation.events(&[b"a"], kept),
            }
        });
        let group = group.collect();
        store(storage, group).await;
    }
    all
}

fn all(highest: u64) -> Vec<u64> {
    (1..=highest).collect()
}

#[tokio::test]
async fn interleaved_entities_are_read_whole_and_from_anywhere() {
    let scratch = Scratch::new();
    let storage = SqliteStorage::open(scratch.file()).await.unwrap();
    own(&storage, 1).await;
    for entity in interleaved(&storage, 40, 250).await {
        assert_eq!(numbers(&storage, &entity.id, ReadRange::ALL).await, all(entity.highest));
        for from in [1, 2, 63, 64, 65, 128, 200, entity.highest, entity.highest + 1] {
            let range = ReadRange::from(SequenceNr::new(from));
            assert_eq!(
                numbers(&storage, &entity.id, range).await,
                (from..=entity.highest).collect::<Vec<_>>()
            );
            let range = range.to(SequenceNr::new(from + 70)).at_most(10);
            let to = entity.highest.min(from + 9);
            assert_eq!(numbers(&storage, &entity.id, range).await, (from..=to).collect::<Vec<_>>());
        }
    }
}

#[tokio::test]
async fn a_long_dense_history_comes_in_many_pages() {
    let scratch = Scratch::new();
    let storage = SqliteStorage::open(scratch.file()).await.unwrap();
    own(&storage, 1).await;
    let mut entity = Activation::new(id("a"), 1);
    for _ in 0..10 {
        store(&storage, (0..1_000).map(|_| entity.events(&[b"x"], None)).collect()).await;
    }
    assert_eq!(numbers(&storage, &entity.id, ReadRange::ALL).await, all(10_000));
    let from = ReadRange::from(SequenceNr::new(9_990));
    assert_eq!(numbers(&storage, &entity.id, from).await, (9_990..=10_000).collect::<Vec<_>>());
}

#[tokio::test]
async fn outcomes_come_after_the_events_of_their_write() {
    let scratch = Scratch::new();
    let storage = SqliteStorage::open(scratch.file()).await.unwrap();
    own(&storage, 1).await;
    let mut entity = Activation::new(id("a"), 1);
    let group = vec![
        entity.events(&[], Some(kept("0"))),
        entity.events(&[b"1", b"2"], Some(kept("2"))),
        entity.events(&[], Some(kept("2b"))),
        entity.events(&[b"3"], None),
    ];
    store(&storage, group).await;
    let shown = |entry: Result<JournalEntry, _>| match entry.unwrap() {
        JournalEntry::Event(event) => event.sequence_nr.to_string(),
        JournalEntry::Outcome { sequence_nr, kept } => format!("{sequence_nr}:{}", kept.key),
    };
    let storage = &storage;
    let history = |range| async move {
        read(storage, &id("a"), range).await.into_iter().map(shown).collect::<Vec<_>>()
    };
    assert_eq!(history(ReadRange::ALL).await, ["0:0", "1", "2", "2:2", "2:2b", "3"]);
    let two = SequenceNr::new(2);
    assert_eq!(history(ReadRange::from(two)).await, ["2", "2:2", "2:2b", "3"]);
    assert_eq!(history(ReadRange::from(SequenceNr::new(3))).await, ["2:2", "2:2b", "3"]);
    assert_eq!(history(ReadRange::ALL.to(SequenceNr::new(1))).await, ["0:0", "1"]);
    assert_eq!(history(ReadRange::ALL.at_most(2)).await, ["0:0", "1", "2", "2:2", "2:2b"]);
    assert!(history(ReadRange::ALL.at_most(0)).await.is_empty());
}

#[tokio::test]
async fn deleting_mends_the_chain_and_keeps_outcomes() {
    let scratch = Scratch::new();
    for (to, again) in [(1, 5), (63, 64), (64, 70), (100, 250), (255, 1_000), (1_000_000, 1_000_001)] {
        let storage = SqliteStorage::open(scratch.path().join(format!("{to}.db"))).await.unwrap();
        own(&storage, 1).await;
        let mut entities = interleaved(&storage, 3, 300).await;
        let entity = &mut entities[1];
        for to in [to, again, again] {
            storage.delete_to(&entity.id, entity.fence, SequenceNr::new(to)).await.unwrap();
            let left: Vec<u64> = (to + 1..=entity.highest).collect();
            assert_eq!(numbers(&storage, &entity.id, ReadRange::ALL).await, left, "deleted to {to}");
            assert_eq!(storage.highest_sequence_nr(&entity.id).await.unwrap().get(), entity.highest);
            let keys: Vec<_> = (0..300).map(|n| key(&n.to_string())).collect();
            let found = storage.outcomes(&entity.id, &keys).await.unwrap();
            for (n, found) in found.into_iter().enumerate() {
                let expected = (n % 3 == 0 || n % 5 == 0).then(|| kept(&n.to_string()));
                assert_eq!(found, expected, "key {n} after deleting to {to}");
            }
        }
        store(&storage, vec![entity.events(&[b"next"], None)]).await;
        for entity in &entities {
            assert_eq!(
                numbers(&storage, &entity.id, ReadRange::from(SequenceNr::new(entity.highest))).await,
                [entity.highest]
            );
        }
        let others = numbers(&storage, &entities[0].id, ReadRange::ALL).await;
        assert_eq!(others, all(entities[0].highest));
    }
}

#[tokio::test]
async fn rows_that_were_deleted_at_the_end_are_not_given_out_again() {
    let scratch = Scratch::new();
    let storage = SqliteStorage::open(scratch.file()).await.unwrap();
    own(&storage, 1).await;
    let mut entity = Activation::new(id("a"), 1);
    store(&storage, (0..500).map(|_| entity.events(&[b"x"], None)).collect()).await;
    storage.delete_to(&entity.id, entity.fence, SequenceNr::MAX).await.unwrap();
    storage.close().await;
    let storage = SqliteStorage::open(scratch.file()).await.unwrap();
    store(&storage, vec![entity.events(&[b"x"], Some(kept("k")))]).await;
    assert_eq!(numbers(&storage, &entity.id, ReadRange::ALL).await, [501]);
    assert_eq!(storage.outcomes(&entity.id, &[key("k")]).await.unwrap(), [Some(kept("k"))]);
    storage.close().await;
    let conn = rusqlite::Connection::open(scratch.file()).unwrap();
    assert_eq!(conn.query_row("SELECT min(row) FROM journal", [], |row| row.get::<_, i64>(0)).unwrap(), 501);
}

#[tokio::test]
async fn a_stream_that_a_deletion_overtakes_ends_and_one_that_is_dropped_does_no_harm() {
    let scratch = Scratch::new();
    let storage = SqliteStorage::open(scratch.file()).await.unwrap();
    own(&storage, 1).await;
    let mut entity = Activation::new(id("a"), 1);
    store(&storage, (0..9_000).map(|_| entity.events(&[b"x"], None)).collect()).await;
    let mut stream = storage.read(&entity.id, ReadRange::ALL);
    stream.next().await.unwrap().unwrap();
    let mut dropped = storage.read(&entity.id, ReadRange::ALL);
    dropped.next().await.unwrap().unwrap();
    drop(dropped);
    storage.delete_to(&entity.id, entity.fence, SequenceNr::new(8_000)).await.unwrap();
    let rest: Vec<_> = stream.collect().await;
    let (last, before) = rest.split_last().unwrap();
    assert!(matches!(last, Err(annals::storage::StorageError::Unavailable { .. })), "{last:?}");
    assert!(before.iter().all(Result::is_ok));
    assert_eq!(numbers(&storage, &entity.id, ReadRange::ALL).await, (8_001..=9_000).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_stream_ends_where_the_history_ended_when_it_began() {
    let scratch = Scratch::new();
    let storage = SqliteStorage::open(scratch.file()).await.unwrap();
    own(&storage, 1).await;
    let mut entity = Activation::new(id("a"), 1);
    store(&storage, (0..3_000).map(|_| entity.events(&[b"x"], None)).collect()).await;
    let mut stream = storage.read(&entity.id, ReadRange::ALL);
    stream.next().await.unwrap().unwrap();
    store(&storage, (0..100).map(|_| entity.events(&[b"x"], Some(kept("late")))).collect()).await;
    assert_eq!(stream.count().await, 2_999);
}

#[tokio::test]
async fn the_answer_to_a_repeated_write_is_that_of_the_first() {
    let scratch = Scratch::new();
    let storage = SqliteStorage::open(scratch.file()).await.unwrap();
    own(&storage, 1).await;
    let mut entity = Activation::new(id("a"), 1);
    let writes: Vec<_> = (0..200).map(|n| entity.events(&[b"x".as_slice(), b"y"][..n % 3], None)).collect();
    let first = append(&storage, writes.clone()).await;
    let again = append(&storage, writes).await;
    for (first, again) in first.into_iter().zip(again) {
        assert_eq!(first.unwrap(), again.unwrap());
    }
    let empty = entity
        .write(Change::Events { expected: SequenceNr::new(entity.highest), events: Events::default() }, None);
    store(&storage, vec![empty]).await;
}
