//! Reads that race with appends and deletions give a prefix of the history: no hole, no torn write.

use crate::conformance::case::cases;
use crate::conformance::kit::{self, Writer, event_payload, id, nr, numbers_of, outline};
use crate::conformance::store::{Store, read_all};
use crate::conformance::threads::both;
use annals::storage::{JournalStorage, Lane, ReadRange, StorageError, WriteStorage};
use annals::{PersistenceId, ShardId};
use futures_util::StreamExt;
use std::sync::Arc;
use tokio::sync::watch;

cases!("reads that race", Case;
    race_of_a_read_with_appends_gives_a_prefix,
    race_of_a_read_with_appends_never_gives_half_a_write,
    race_of_a_read_with_deletions_gives_no_hole,
    race_of_a_stream_that_stands_still_with_appends_gives_no_hole,
    race_of_a_stream_that_stands_still_with_a_deletion_gives_no_hole,
);

/// Appends writes of three events and an outcome each, and tells when it is done.
async fn append_many(
    writes: Arc<dyn WriteStorage>,
    lane: Lane,
    mut writer: Writer,
    count: u64,
    done: watch::Sender<bool>,
) {
    for n in 0..count {
        let write = writer.keyed(3, &format!("k{n}"));
        for result in writes.append(lane, vec![write].into()).await {
            result.expect("the write can be stored");
        }
    }
    done.send_replace(true);
}

/// Reads again and again until the writer is done, and once more.
async fn read_many(
    journal: Arc<dyn JournalStorage>,
    id: PersistenceId,
    done: watch::Receiver<bool>,
    check: fn(&str, &[u64]),
) {
    loop {
        let last = *done.borrow();
        let read = read_all(journal.as_ref(), &id, ReadRange::ALL).await;
        assert!(read.error.is_none(), "{:?}", read.error);
        check(&outline(&read.entries), &numbers_of(&read.entries));
        if last {
            return;
        }
    }
}

async fn reads_during_appends(store: &Store<'_>, check: fn(&str, &[u64])) {
    let id = id("raced");
    let (done, is_done) = watch::channel(false);
    let lane = Lane::of(ShardId::of(&id), store.lanes());
    let appends = append_many(store.writes(), lane, store.writer(&id), 300, done);
    let reads = read_many(store.journal(), id.clone(), is_done, check);
    both(Box::pin(appends), Box::pin(reads)).await;
    assert_eq!(store.numbers(&id, ReadRange::ALL).await.len(), 900);
}

fn is_prefix(numbers: &[u64]) {
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<u64>>());
}

async fn race_of_a_read_with_appends_gives_a_prefix(store: Store<'_>) {
    reads_during_appends(&store, |_, numbers| is_prefix(numbers)).await;
}

/// Every write had three events and an outcome behind them.
async fn race_of_a_read_with_appends_never_gives_half_a_write(store: Store<'_>) {
    reads_during_appends(&store, |entries, _| {
        for (write, n) in entries.split_whitespace().collect::<Vec<_>>().chunks(4).zip(0_u64..) {
            let last = 3 * n + 3;
            let whole = [
                format!("e{}", last - 2),
                format!("e{}", last - 1),
                format!("e{last}"),
                format!("k{last}:k{n}"),
            ];
            assert_eq!(write, whole);
        }
    })
    .await;
}

/// Deletes a little at a time, each time when another read has begun, and tells when it is done.
async fn delete_step_by_step(
    journal: Arc<dyn JournalStorage>,
    id: PersistenceId,
    mut reads_begun: watch::Receiver<u64>,
    done: watch::Sender<bool>,
) {
    for to in (20..=1_000).step_by(20) {
        // An error says that the reader failed: then it does not matter any more.
        let _ = reads_begun.changed().await;
        journal.delete_to(&id, kit::fence(&id), nr(to)).await.expect("events can be deleted");
    }
    done.send_replace(true);
}

async fn read_step_by_step(
    journal: Arc<dyn JournalStorage>,
    id: PersistenceId,
    begun: watch::Sender<u64>,
    done: watch::Receiver<bool>,
) {
    while !*done.borrow() {
        begun.send_modify(|reads| *reads += 1);
        let read = read_all(journal.as_ref(), &id, ReadRange::ALL).await;
        no_hole(&numbers_of(&read.entries), read.error.as_ref(), 1_500);
    }
}

async fn race_of_a_read_with_deletions_gives_no_hole(store: Store<'_>) {
    let id = id("raced");
    store.commit(store.writer(&id).events(1_500)).await;
    let (done, is_done) = watch::channel(false);
    let (begun, reads_begun) = watch::channel(0);
    let deletions = delete_step_by_step(store.journal(), id.clone(), reads_begun, done);
    let reads = read_step_by_step(store.journal(), id.clone(), begun, is_done);
    both(Box::pin(deletions), Box::pin(reads)).await;
    assert_eq!(store.numbers(&id, ReadRange::ALL).await, (1_001..=1_500).collect::<Vec<u64>>());
}

/// The numbers have no gap, and the read came to the end or says why it did not.
#[track_caller]
fn no_hole(numbers: &[u64], error: Option<&StorageError>, end: u64) {
    assert!(numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]), "a hole in {numbers:?}");
    match error {
        None => assert_eq!(numbers.last(), Some(&end), "the read ended early"),
        Some(StorageError::Unavailable { .. }) => {}
        Some(other) => panic!("a deletion that overtakes a read is `Unavailable`, not {other:?}"),
    }
}

/// Reads ten events, lets something happen, and reads the rest.
async fn interrupted(
    store: &Store<'_>,
    id: &PersistenceId,
    happens: impl Future<Output = ()>,
) -> (Vec<u64>, Option<StorageError>) {
    let mut stream = store.journal().read(id, ReadRange::ALL);
    let mut entries = Vec::new();
    for _ in 0..10 {
        entries.push(stream.next().await.expect("there is more").expect("it can be read"));
    }
    happens.await;
    let mut error = None;
    while let Some(item) = stream.next().await {
        match item {
            Ok(entry) => entries.push(entry),
            Err(ended) => error = Some(ended),
        }
    }
    for event in kit::events_of(entries.clone()) {
        assert_eq!(event.payload, event_payload(id, event.sequence_nr.get()));
    }
    (numbers_of(&entries), error)
}

async fn race_of_a_stream_that_stands_still_with_appends_gives_no_hole(store: Store<'_>) {
    let id = id("raced");
    let mut writer = store.writer(&id);
    store.commit(writer.events(700)).await;
    let appends = async {
        for _ in 0..20 {
            store.commit(writer.events(3)).await;
        }
    };
    let (numbers, error) = interrupted(&store, &id, appends).await;
    assert!(error.is_none(), "{error:?}");
    is_prefix(&numbers);
    assert!(numbers.len() >= 700 && (numbers.len() - 700) % 3 == 0, "{} events", numbers.len());
}

async fn race_of_a_stream_that_stands_still_with_a_deletion_gives_no_hole(store: Store<'_>) {
    let id = id("raced");
    store.commit(store.writer(&id).events(1_000)).await;
    let deletion = async { store.delete_to(&id, 900).await };
    let (numbers, error) = interrupted(&store, &id, deletion).await;
    assert_eq!(numbers.first(), Some(&1));
    no_hole(&numbers, error.as_ref(), 1_000);
}
