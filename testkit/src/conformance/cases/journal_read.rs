//! Reading: every window over the classic history, events 1 to 5 of which 4 and 5 were one write.

use crate::conformance::case::cases;
use crate::conformance::kit::{event_payload, id, nr};
use crate::conformance::store::Store;
use annals::PersistenceId;
use annals::storage::ReadRange;
use futures_util::StreamExt;

cases!("journal", Case;
    journal_read_from_one_gives_everything,
    journal_read_from_three_gives_the_rest,
    journal_read_from_zero_is_a_read_from_one,
    journal_read_up_to_three_gives_the_first_three,
    journal_read_of_at_most_three_gives_the_first_three,
    journal_read_from_two_to_three_gives_these_two,
    journal_read_from_two_of_at_most_two_gives_two_and_three,
    journal_read_of_one_number_gives_that_event,
    journal_read_may_end_within_a_write,
    journal_read_may_begin_within_a_write,
    journal_read_of_at_most_nothing_gives_nothing,
    journal_read_with_its_bounds_crossed_gives_nothing,
    journal_read_from_beyond_the_end_gives_nothing,
    journal_read_of_an_unknown_id_gives_nothing,
    journal_read_beside_another_history_gives_its_own,
    journal_read_of_a_large_page_crosses_page_borders,
    journal_read_dropped_half_way_is_harmless,
    journal_read_can_be_done_twice_at_once,
    journal_highest_of_an_unknown_id_is_zero,
    journal_highest_is_the_number_of_the_last_event,
    journal_survives_reopening,
);

/// Writes the classic history.
async fn classic(store: &Store<'_>) -> PersistenceId {
    let id = id("classic");
    let mut writer = store.fill(&id, 3).await;
    store.commit(writer.events(2)).await;
    id
}

/// Every event in the window is the one that was written, and the highest number is answered as ever.
async fn window(store: &Store<'_>, range: ReadRange, numbers: &[u64]) {
    let id = classic(store).await;
    let events = store.events(&id, range).await;
    let found: Vec<u64> = events.iter().map(|event| event.sequence_nr.get()).collect();
    assert_eq!(found, numbers, "{range:?}");
    for event in events {
        let nr = event.sequence_nr.get();
        assert_eq!(event.payload, event_payload(&id, nr), "the payload of event {nr}");
    }
    assert_eq!(store.highest(&id).await, 5, "the highest number after a read");
}

async fn journal_read_from_one_gives_everything(store: Store<'_>) {
    window(&store, ReadRange::ALL, &[1, 2, 3, 4, 5]).await;
}

async fn journal_read_from_three_gives_the_rest(store: Store<'_>) {
    window(&store, ReadRange::from(nr(3)), &[3, 4, 5]).await;
}

async fn journal_read_from_zero_is_a_read_from_one(store: Store<'_>) {
    window(&store, ReadRange::from(nr(0)), &[1, 2, 3, 4, 5]).await;
}

async fn journal_read_up_to_three_gives_the_first_three(store: Store<'_>) {
    window(&store, ReadRange::ALL.to(nr(3)), &[1, 2, 3]).await;
}

async fn journal_read_of_at_most_three_gives_the_first_three(store: Store<'_>) {
    window(&store, ReadRange::ALL.at_most(3), &[1, 2, 3]).await;
}

async fn journal_read_from_two_to_three_gives_these_two(store: Store<'_>) {
    window(&store, ReadRange::from(nr(2)).to(nr(3)), &[2, 3]).await;
}

async fn journal_read_from_two_of_at_most_two_gives_two_and_three(store: Store<'_>) {
    window(&store, ReadRange::from(nr(2)).to(nr(5)).at_most(2), &[2, 3]).await;
}

async fn journal_read_of_one_number_gives_that_event(store: Store<'_>) {
    window(&store, ReadRange::from(nr(2)).to(nr(2)), &[2]).await;
}

async fn journal_read_may_end_within_a_write(store: Store<'_>) {
    window(&store, ReadRange::ALL.to(nr(4)), &[1, 2, 3, 4]).await;
}

async fn journal_read_may_begin_within_a_write(store: Store<'_>) {
    window(&store, ReadRange::from(nr(5)), &[5]).await;
}

async fn journal_read_of_at_most_nothing_gives_nothing(store: Store<'_>) {
    window(&store, ReadRange::ALL.at_most(0), &[]).await;
}

async fn journal_read_with_its_bounds_crossed_gives_nothing(store: Store<'_>) {
    window(&store, ReadRange::from(nr(3)).to(nr(2)), &[]).await;
}

async fn journal_read_from_beyond_the_end_gives_nothing(store: Store<'_>) {
    window(&store, ReadRange::from(nr(6)), &[]).await;
}

async fn journal_read_of_an_unknown_id_gives_nothing(store: Store<'_>) {
    classic(&store).await;
    assert_eq!(store.numbers(&id("nobody"), ReadRange::ALL).await, [0; 0]);
}

async fn journal_read_beside_another_history_gives_its_own(store: Store<'_>) {
    store.fill(&id("other"), 7).await;
    window(&store, ReadRange::ALL, &[1, 2, 3, 4, 5]).await;
    assert_eq!(store.numbers(&id("other"), ReadRange::ALL).await, [1, 2, 3, 4, 5, 6, 7]);
}

async fn journal_read_of_a_large_page_crosses_page_borders(store: Store<'_>) {
    let id = id("large");
    let mut writer = store.writer(&id);
    store.commit(writer.events(2_500)).await;
    let all: Vec<u64> = (1..=2_500).collect();
    assert_eq!(store.numbers(&id, ReadRange::ALL).await, all);
    assert_eq!(store.numbers(&id, ReadRange::from(nr(2)).at_most(2_000)).await, all[1..2_001]);
}

async fn journal_read_dropped_half_way_is_harmless(store: Store<'_>) {
    let id = id("dropped");
    let mut writer = store.fill(&id, 600).await;
    let mut stream = store.journal().read(&id, ReadRange::ALL);
    for _ in 0..10 {
        stream.next().await.expect("there are 600 events").expect("they can be read");
    }
    drop(stream);
    drop(store.journal().read(&id, ReadRange::ALL));
    store.commit(writer.events(1)).await;
    assert_eq!(store.numbers(&id, ReadRange::ALL).await.len(), 601);
}

async fn journal_read_can_be_done_twice_at_once(store: Store<'_>) {
    let id = id("twice");
    store.fill(&id, 600).await;
    let journal = store.journal();
    let mut both = journal.read(&id, ReadRange::ALL).zip(journal.read(&id, ReadRange::ALL));
    let mut pairs = 0;
    while let Some((one, other)) = both.next().await {
        assert_eq!(one.expect("it can be read"), other.expect("it can be read"));
        pairs += 1;
    }
    assert_eq!(pairs, 600);
}

async fn journal_highest_of_an_unknown_id_is_zero(store: Store<'_>) {
    classic(&store).await;
    assert_eq!(store.highest(&id("nobody")).await, 0);
}

async fn journal_highest_is_the_number_of_the_last_event(store: Store<'_>) {
    let id = classic(&store).await;
    assert_eq!(store.highest(&id).await, 5);
}

async fn journal_survives_reopening(mut store: Store<'_>) {
    let id = classic(&store).await;
    let before = store.read(&id, ReadRange::ALL).await;
    store.reopen().await;
    assert_eq!(store.read(&id, ReadRange::ALL).await, before);
    assert_eq!(store.highest(&id).await, 5);
}
