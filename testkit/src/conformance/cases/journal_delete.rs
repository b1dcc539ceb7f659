//! Deleting from the front: the events go, their numbers are never used again (G2), outcomes stay.

use crate::conformance::case::cases;
use crate::conformance::kit::{fence, id, kept, nr, sequence_nr};
use crate::conformance::store::Store;
use annals::PersistenceId;
use annals::storage::ReadRange;

cases!("deletion", Case;
    delete_up_to_three_leaves_four_and_five,
    delete_up_to_four_leaves_the_second_half_of_a_write,
    delete_leaves_the_highest_number,
    delete_then_a_read_within_the_deleted_part_gives_nothing,
    delete_then_a_read_across_its_border_gives_what_is_left,
    delete_then_the_limit_of_a_read_counts_what_is_left,
    delete_again_is_fine,
    delete_up_to_less_than_before_changes_nothing,
    delete_up_to_zero_changes_nothing,
    delete_beyond_the_end_deletes_everything,
    delete_of_everything_leaves_the_highest_number,
    delete_of_everything_is_followed_by_the_next_number,
    delete_beyond_the_end_spares_later_events,
    delete_of_an_unknown_id_is_fine_and_its_first_event_is_one,
    delete_spares_other_histories,
    delete_spares_kept_outcomes,
    delete_spares_the_outcomes_that_come_with_a_read,
    delete_survives_reopening,
    numbers_are_not_reused_after_deletion_and_reopening,
);

async fn classic(store: &Store<'_>) -> PersistenceId {
    let id = id("classic");
    let mut writer = store.fill(&id, 3).await;
    store.commit(writer.events(2)).await;
    id
}

/// The classic history with everything up to a number deleted.
async fn deleted(store: &Store<'_>, to: u64) -> PersistenceId {
    let id = classic(store).await;
    store.delete_to(&id, to).await;
    id
}

async fn delete_up_to_three_leaves_four_and_five(store: Store<'_>) {
    let id = deleted(&store, 3).await;
    assert_eq!(store.numbers(&id, ReadRange::ALL).await, [4, 5]);
}

async fn delete_up_to_four_leaves_the_second_half_of_a_write(store: Store<'_>) {
    let id = deleted(&store, 4).await;
    assert_eq!(store.numbers(&id, ReadRange::ALL).await, [5]);
}

async fn delete_leaves_the_highest_number(store: Store<'_>) {
    let id = deleted(&store, 3).await;
    assert_eq!(store.highest(&id).await, 5);
}

async fn delete_then_a_read_within_the_deleted_part_gives_nothing(store: Store<'_>) {
    let id = deleted(&store, 3).await;
    assert_eq!(store.numbers(&id, ReadRange::ALL.to(nr(3))).await, [0; 0]);
    assert_eq!(store.numbers(&id, ReadRange::from(nr(2)).to(nr(2))).await, [0; 0]);
}

async fn delete_then_a_read_across_its_border_gives_what_is_left(store: Store<'_>) {
    let id = deleted(&store, 3).await;
    assert_eq!(store.numbers(&id, ReadRange::from(nr(2)).to(nr(4))).await, [4]);
}

async fn delete_then_the_limit_of_a_read_counts_what_is_left(store: Store<'_>) {
    let id = deleted(&store, 3).await;
    assert_eq!(store.numbers(&id, ReadRange::ALL.at_most(1)).await, [4]);
    assert_eq!(store.numbers(&id, ReadRange::ALL.at_most(2)).await, [4, 5]);
}

async fn delete_again_is_fine(store: Store<'_>) {
    let id = deleted(&store, 3).await;
    store.delete_to(&id, 3).await;
    assert_eq!(store.numbers(&id, ReadRange::ALL).await, [4, 5]);
}

async fn delete_up_to_less_than_before_changes_nothing(store: Store<'_>) {
    let id = deleted(&store, 3).await;
    store.delete_to(&id, 1).await;
    assert_eq!(store.numbers(&id, ReadRange::ALL).await, [4, 5]);
}

async fn delete_up_to_zero_changes_nothing(store: Store<'_>) {
    let id = deleted(&store, 0).await;
    assert_eq!(store.numbers(&id, ReadRange::ALL).await, [1, 2, 3, 4, 5]);
}

async fn delete_beyond_the_end_deletes_everything(store: Store<'_>) {
    let id = deleted(&store, 1_000).await;
    assert_eq!(store.numbers(&id, ReadRange::ALL).await, [0; 0]);
}

async fn delete_of_everything_leaves_the_highest_number(store: Store<'_>) {
    let id = deleted(&store, 5).await;
    assert_eq!(store.highest(&id).await, 5);
}

async fn delete_of_everything_is_followed_by_the_next_number(store: Store<'_>) {
    let id = deleted(&store, 5).await;
    let committed = store.write(store.writer(&id).recovered(5).events(1)).await;
    assert_eq!(sequence_nr(committed.expect("5 is still the highest number")), 6);
    assert_eq!(store.numbers(&id, ReadRange::ALL).await, [6]);
}

async fn delete_beyond_the_end_spares_later_events(store: Store<'_>) {
    let id = deleted(&store, 1_000).await;
    store.commit(store.writer(&id).recovered(5).events(3)).await;
    assert_eq!(store.numbers(&id, ReadRange::ALL).await, [6, 7, 8]);
}

async fn delete_of_an_unknown_id_is_fine_and_its_first_event_is_one(store: Store<'_>) {
    let id = id("unknown");
    store.delete_to(&id, 10).await;
    assert_eq!(store.highest(&id).await, 0);
    store.commit(store.writer(&id).events(2)).await;
    assert_eq!(store.numbers(&id, ReadRange::ALL).await, [1, 2]);
}

async fn delete_spares_other_histories(store: Store<'_>) {
    store.fill(&id("other"), 4).await;
    deleted(&store, 5).await;
    assert_eq!(store.numbers(&id("other"), ReadRange::ALL).await, [1, 2, 3, 4]);
}

/// A history whose five writes kept an outcome each.
async fn keyed(store: &Store<'_>) -> PersistenceId {
    let id = id("keyed");
    let mut writer = store.writer(&id);
    store.commit_all((1..=5).map(|n| writer.keyed(1, &format!("k{n}"))).collect()).await;
    id
}

/// G6: what is remembered of a key does not depend on the events.
async fn delete_spares_kept_outcomes(store: Store<'_>) {
    let id = keyed(&store).await;
    store.delete_to(&id, 4).await;
    for n in 1..=5 {
        let outcome = kept(&format!("k{n}"));
        assert_eq!(store.outcome(&id, &outcome.key).await, Some(outcome));
    }
}

async fn delete_spares_the_outcomes_that_come_with_a_read(store: Store<'_>) {
    let id = keyed(&store).await;
    store.delete_to(&id, 3).await;
    let all = crate::conformance::kit::outline(&store.read(&id, ReadRange::ALL).await);
    assert_eq!(all, "k1:k1 k2:k2 k3:k3 e4 k4:k4 e5 k5:k5");
}

async fn delete_survives_reopening(mut store: Store<'_>) {
    let id = deleted(&store, 3).await;
    store.reopen().await;
    assert_eq!(store.numbers(&id, ReadRange::ALL).await, [4, 5]);
}

async fn numbers_are_not_reused_after_deletion_and_reopening(mut store: Store<'_>) {
    let id = deleted(&store, 5).await;
    store.reopen().await;
    assert_eq!(store.highest(&id).await, 5);
    let fresh = store.write(store.writer(&id).events(1)).await;
    assert!(fresh.is_err(), "number 1 was given a second time, {:?}: {fresh:?}", fence(&id));
    let committed = store.commit(store.writer(&id).recovered(5).events(1)).await;
    assert_eq!(sequence_nr(committed), 6);
}
