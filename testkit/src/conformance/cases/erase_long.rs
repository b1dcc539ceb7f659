//! Erasing a history of thousands of events and keys, also while it is read.

use crate::conformance::case::cases;
use crate::conformance::kit::{self, extent, id, key, neighbours, nr, numbers_of, outline};
use crate::conformance::store::{Store, read_all};
use crate::conformance::threads::both;
use annals::storage::{JournalEntry, JournalStorage, ReadRange, StorageError, Write, WriteStorage};
use annals::{Key, PersistenceId};
use futures_util::StreamExt;
use std::sync::Arc;
use tokio::sync::watch;

cases!("erasing long histories", Case;
    erase_of_thousands_of_events_and_keys_leaves_none,
    erase_of_one_of_two_interleaved_histories_leaves_the_other,
    erase_of_thousands_again_and_again_leaves_the_last_life,
    race_of_a_read_with_an_erase_gives_no_hole,
    race_of_a_stream_that_stands_still_with_an_erase_gives_no_hole,
    race_of_a_stream_of_outcomes_that_stands_still_with_an_erase_finds_no_damage,
);

const EVENTS: u64 = 4_000;

/// A group of writes of one event and one key each, behind `highest`.
async fn fill(store: &Store<'_>, ids: &[PersistenceId], highest: u64) {
    let mut writers: Vec<_> = ids.iter().map(|id| store.writer(id).recovered(highest)).collect();
    for numbers in (highest + 1..=highest + EVENTS).collect::<Vec<_>>().chunks(500) {
        let turn = |n: &u64| writers.iter_mut().map(|it| it.keyed(1, &format!("k{n}"))).collect::<Vec<_>>();
        store.commit_all(numbers.iter().flat_map(turn).collect()).await;
    }
}

fn keys(numbers: impl IntoIterator<Item = u64>) -> Vec<Key> {
    numbers.into_iter().map(|n| key(&format!("k{n}"))).collect()
}

async fn erase_of_thousands_of_events_and_keys_leaves_none(mut store: Store<'_>) {
    let id = id("long");
    fill(&store, std::slice::from_ref(&id), 0).await;
    store.erase(&id).await;
    let keys = keys(1..=EVENTS);
    for _ in 0..2 {
        assert_eq!(store.read(&id, ReadRange::ALL).await, []);
        assert!(store.outcomes(&id, &keys).await.iter().all(Option::is_none), "an outcome outlived it");
        assert_eq!(store.extent(&id).await, extent(EVENTS, EVENTS, EVENTS));
        store.reopen().await;
    }
}

async fn erase_of_one_of_two_interleaved_histories_leaves_the_other(store: Store<'_>) {
    let ids = neighbours(store.lanes(), 2);
    fill(&store, &ids, 0).await;
    store.erase(&ids[0]).await;
    store.commit(store.writer(&ids[0]).recovered(EVENTS).keyed(1, "new")).await;
    let expected: Vec<String> = (1..=EVENTS).map(|n| format!("e{n} k{n}:k{n}")).collect();
    assert!(outline(&store.read(&ids[1], ReadRange::ALL).await) == expected.join(" "), "it lost something");
    assert!(store.outcomes(&ids[1], &keys(1..=EVENTS)).await.iter().all(Option::is_some));
    let new = format!("e{0} k{0}:new", EVENTS + 1);
    assert_eq!(outline(&store.read(&ids[0], ReadRange::ALL).await), new);
}

async fn erase_of_thousands_again_and_again_leaves_the_last_life(mut store: Store<'_>) {
    let id = id("long");
    for life in 0..3 {
        fill(&store, std::slice::from_ref(&id), life * EVENTS).await;
        if life < 2 {
            store.erase(&id).await;
        }
    }
    for _ in 0..2 {
        let expected = (2 * EVENTS + 1..=3 * EVENTS).collect::<Vec<u64>>();
        assert!(store.numbers(&id, ReadRange::ALL).await == expected);
        let found = store.outcomes(&id, &keys((1..=3 * EVENTS).step_by(7))).await;
        for (n, found) in (1..).step_by(7).zip(found) {
            assert_eq!(found.is_some(), n > 2 * EVENTS, "key {n}");
        }
        store.reopen().await;
    }
}

/// What was read is a piece of the history without holes, and if it is not all of it, the read says so.
#[track_caller]
fn no_hole(numbers: &[u64], error: Option<&StorageError>) {
    assert!(numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]), "there is a hole");
    match error {
        None => assert!(matches!(numbers.last(), None | Some(&EVENTS)), "the read ended early"),
        Some(StorageError::Unavailable { .. }) => {}
        Some(other) => panic!("an erasure that overtakes a read is `Unavailable`, not {other:?}"),
    }
}

/// Erases once a read has begun, and tells when it is done.
async fn erase(
    writes: Arc<dyn WriteStorage>,
    id: PersistenceId,
    mut begun: watch::Receiver<bool>,
    done: watch::Sender<bool>,
) {
    // An error says that the reader failed: then it does not matter any more.
    let _ = begun.changed().await;
    writes.erase(&id, kit::fence(&id)).await.expect("it can be erased");
    done.send_replace(true);
}

/// Reads again and again until it is erased, and once more.
async fn read_until(
    journal: Arc<dyn JournalStorage>,
    id: PersistenceId,
    begun: watch::Sender<bool>,
    done: watch::Receiver<bool>,
) {
    loop {
        let last = *done.borrow();
        let read = read_all(journal.as_ref(), &id, ReadRange::ALL).await;
        begun.send_replace(true);
        no_hole(&numbers_of(&read.entries), read.error.as_ref());
        if last {
            assert_eq!(read.entries, []);
            return;
        }
    }
}

async fn race_of_a_read_with_an_erase_gives_no_hole(store: Store<'_>) {
    let id = id("raced");
    fill(&store, std::slice::from_ref(&id), 0).await;
    let ((done, is_done), (begun, has_begun)) = (watch::channel(false), watch::channel(false));
    let erasure = erase(store.writes(), id.clone(), has_begun, done);
    let reads = read_until(store.journal(), id, begun, is_done);
    both(Box::pin(erasure), Box::pin(reads)).await;
}

/// Reads one entry, has the entity erased and written to, and reads on.
async fn overtaken(
    store: &Store<'_>,
    id: &PersistenceId,
    goes_on: Write,
) -> (Vec<JournalEntry>, Option<StorageError>) {
    let mut stream = store.journal().read(id, ReadRange::ALL);
    let mut entries = vec![stream.next().await.expect("there is more").expect("it can be read")];
    store.erase(id).await;
    store.commit(goes_on).await;
    let mut error = None;
    while let Some(item) = stream.next().await {
        match item {
            Ok(entry) => entries.push(entry),
            Err(ended) => error = Some(ended),
        }
    }
    (entries, error)
}

/// The entity goes on at once, so that there is something behind the hole.
async fn race_of_a_stream_that_stands_still_with_an_erase_gives_no_hole(store: Store<'_>) {
    let id = id("raced");
    store.commit(store.writer(&id).events(EVENTS)).await;
    let goes_on = store.writer(&id).recovered(EVENTS).events(3);
    let (entries, error) = overtaken(&store, &id, goes_on).await;
    let numbers = numbers_of(&entries);
    assert_eq!(numbers.first(), Some(&1));
    no_hole(&numbers, error.as_ref());
    assert_eq!(store.numbers(&id, ReadRange::from(nr(2))).await, [EVENTS + 1, EVENTS + 2, EVENTS + 3]);
}

/// All of its outcomes stand at one number, so that the number does not tell how far a read came.
async fn race_of_a_stream_of_outcomes_that_stands_still_with_an_erase_finds_no_damage(store: Store<'_>) {
    let id = id("raced");
    let mut writer = store.writer(&id);
    for numbers in (0..EVENTS).collect::<Vec<_>>().chunks(500) {
        store.commit_all(numbers.iter().map(|n| writer.eventless(&format!("k{n}"))).collect()).await;
    }
    let goes_on = store.writer(&id).eventless("new");
    let (entries, error) = overtaken(&store, &id, goes_on).await;
    match error {
        None | Some(StorageError::Unavailable { .. }) => {}
        Some(other) => panic!("an erasure that overtakes a read is `Unavailable`, not {other:?}"),
    }
    let read = outline(&entries);
    let expected: Vec<String> = (0..EVENTS).map(|n| format!("k0:k{n}")).collect();
    let read = read.strip_suffix(" k0:new").unwrap_or(&read);
    assert!(expected.join(" ").starts_with(read), "an outcome is missing in the middle");
}
