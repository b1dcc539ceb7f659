//! A long history: 20,000 events of several entities, interleaved in groups.

use crate::conformance::case::cases;
use crate::conformance::kit::{self, event_payload, key, neighbours, nr, numbers_of, outline};
use crate::conformance::store::Store;
use annals::storage::{JournalEntry, ReadRange, Write};
use annals::{PersistenceId, Random};
use futures_util::StreamExt;

cases!("long history", Case;
    history_of_twenty_thousand_events_reads_back_in_order,
    history_of_twenty_thousand_events_survives_reopening,
    history_reads_the_same_through_windows_at_random_places,
    history_outcomes_are_found_at_random_places,
    history_deleted_in_steps_leaves_the_rest,
    history_stream_dropped_at_random_places_is_harmless,
);

const EVENTS: u64 = 20_000;
const ENTITIES: u64 = 5;
const EACH: u64 = EVENTS / ENTITIES;

/// Where the randomness of these cases starts.
const SEED: u64 = 20_000;

/// Fills five entities in turns: an event per write, and with every tenth one an outcome.
async fn fill(store: &Store<'_>) -> Vec<PersistenceId> {
    let ids = neighbours(store.lanes(), ENTITIES as usize);
    let mut writers: Vec<_> = ids.iter().map(|id| store.writer(id)).collect();
    let mut group = Vec::new();
    for n in 0..EACH {
        for writer in &mut writers {
            group.push(turn(writer, n + 1));
        }
        if group.len() >= 1_000 {
            store.commit_all(std::mem::take(&mut group)).await;
        }
    }
    store.commit_all(group).await;
    ids
}

fn turn(writer: &mut kit::Writer, number: u64) -> Write {
    if number.is_multiple_of(10) { writer.keyed(1, &format!("k{number}")) } else { writer.events(1) }
}

/// What a read of the whole history of one of them must give.
fn whole() -> String {
    let entry = |n: u64| if n.is_multiple_of(10) { format!("e{n} k{n}:k{n}") } else { format!("e{n}") };
    (1..=EACH).map(entry).collect::<Vec<_>>().join(" ")
}

async fn check_all(store: &Store<'_>, ids: &[PersistenceId]) {
    for id in ids {
        let entries = store.read(id, ReadRange::ALL).await;
        assert!(outline(&entries) == whole(), "the history of {id} is another: {}", outline(&entries));
        for event in kit::events_of(entries) {
            assert_eq!(event.payload, event_payload(id, event.sequence_nr.get()));
        }
    }
}

async fn history_of_twenty_thousand_events_reads_back_in_order(store: Store<'_>) {
    let ids = fill(&store).await;
    check_all(&store, &ids).await;
}

async fn history_of_twenty_thousand_events_survives_reopening(mut store: Store<'_>) {
    let ids = fill(&store).await;
    store.reopen().await;
    check_all(&store, &ids).await;
}

/// A number from 1 to `most`.
fn draw(random: &Random, most: u64) -> u64 {
    1 + random.next_u64() % most
}

async fn history_reads_the_same_through_windows_at_random_places(store: Store<'_>) {
    let ids = fill(&store).await;
    let random = Random::new(SEED);
    for _ in 0..100 {
        let (from, length, limit) = (draw(&random, EACH), draw(&random, 600), draw(&random, 600));
        let range = ReadRange::from(nr(from)).to(nr(from + length)).at_most(limit);
        let last = EACH.min(from + length).min(from + limit - 1);
        let id = &ids[random.next_u64() as usize % ids.len()];
        let found = numbers_of(&store.read(id, range).await);
        assert_eq!(found, (from..=last).collect::<Vec<u64>>(), "{range:?} of {id}");
    }
}

async fn history_outcomes_are_found_at_random_places(store: Store<'_>) {
    let ids = fill(&store).await;
    let random = Random::new(SEED);
    for _ in 0..100 {
        let number = draw(&random, EACH);
        let text = format!("k{number}");
        let expected = number.is_multiple_of(10).then(|| kit::kept(&text));
        let id = &ids[random.next_u64() as usize % ids.len()];
        assert_eq!(store.outcome(id, &key(&text)).await, expected, "key {text} of {id}");
    }
}

async fn history_deleted_in_steps_leaves_the_rest(store: Store<'_>) {
    let ids = fill(&store).await;
    let random = Random::new(SEED);
    let mut deleted_to = 0;
    for _ in 0..10 {
        deleted_to += draw(&random, EACH / 10);
        store.delete_to(&ids[1], deleted_to).await;
        let left = store.numbers(&ids[1], ReadRange::ALL).await;
        assert_eq!(left, (deleted_to + 1..=EACH).collect::<Vec<u64>>());
    }
    check_all(&store, &[ids[0].clone(), ids[2].clone()]).await;
}

async fn history_stream_dropped_at_random_places_is_harmless(store: Store<'_>) {
    let ids = fill(&store).await;
    let random = Random::new(SEED);
    for _ in 0..30 {
        let count = draw(&random, 1_000);
        let stream = store.journal().read(&ids[0], ReadRange::ALL);
        let read: Vec<_> = stream.take(count as usize).collect().await;
        assert_eq!(read.len() as u64, count);
        assert!(matches!(read[0], Ok(JournalEntry::Event(ref event)) if event.sequence_nr == nr(1)));
    }
    check_all(&store, &ids[..1]).await;
}
