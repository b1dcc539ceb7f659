//! Durable states: compare and set on a revision that never goes back, not by a deletion either.

use crate::conformance::case::cases;
use crate::conformance::check;
use crate::conformance::kit::{id, kept, key, payload, revision};
use crate::conformance::store::Store;
use annals::storage::{Committed, Counter, OutgoingMessage, SideEffect, StateChange, StorageError};
use annals::storage::{StoredState, Write};
use annals::{Payload, PersistenceId, Timestamp};

cases!("state", Case;
    state_that_never_was_is_none,
    state_saved_counts_one_two_three,
    state_loaded_is_the_last_one_saved,
    state_loaded_has_the_time_of_its_write,
    state_saved_with_a_stale_revision_is_a_conflict_and_changes_nothing,
    state_saved_with_a_skipped_revision_is_a_conflict_and_changes_nothing,
    state_saved_as_new_where_there_is_one_is_a_conflict,
    state_deleted_with_a_stale_revision_is_a_conflict_and_changes_nothing,
    state_deleted_is_not_one_that_never_was,
    state_deletion_counts_as_a_revision,
    state_saved_after_its_deletion_goes_on_counting,
    state_saved_with_the_revision_from_before_its_deletion_is_a_conflict,
    state_deleted_twice_counts_both,
    state_that_never_was_can_be_deleted,
    state_kept_changes_nothing_and_answers_its_revision,
    state_kept_with_a_stale_revision_is_a_conflict,
    state_kept_where_there_is_none_leaves_none,
    state_kept_after_its_deletion_stays_deleted,
    state_saved_by_two_writers_at_one_revision_has_one_winner,
    state_of_one_entity_does_not_touch_another,
    state_writes_of_one_group_are_stored_in_order,
    state_with_an_unsupported_side_effect_is_not_saved,
    state_of_no_bytes_is_not_a_deleted_one,
    state_of_one_mebibyte_comes_back,
    state_survives_reopening,
    state_deleted_stays_so_after_reopening,
);

async fn load(store: &Store<'_>, id: &PersistenceId) -> Option<StoredState> {
    store.states().load(id).await.expect("states can be loaded")
}

/// Revision and payload of what is stored.
async fn stored(store: &Store<'_>, id: &PersistenceId) -> Option<(u64, Option<Payload>)> {
    load(store, id).await.map(|state| (state.revision.get(), state.payload))
}

fn at(revision: u64, text: &str) -> Option<(u64, Option<Payload>)> {
    Some((revision, Some(payload(text))))
}

/// One change by an activation of its own.
async fn change(
    store: &Store<'_>,
    id: &PersistenceId,
    expected: u64,
    change: StateChange,
) -> Result<Committed, StorageError> {
    store.write(store.writer(id).state(expected, change)).await
}

async fn save(
    store: &Store<'_>,
    id: &PersistenceId,
    expected: u64,
    text: &str,
) -> Result<Committed, StorageError> {
    change(store, id, expected, StateChange::Save(payload(text))).await
}

async fn delete(store: &Store<'_>, id: &PersistenceId, expected: u64) -> Result<Committed, StorageError> {
    change(store, id, expected, StateChange::Delete).await
}

/// A state `three` at revision 3.
async fn three(store: &Store<'_>) -> PersistenceId {
    let id = id("classic");
    for (expected, text) in [(0, "one"), (1, "two"), (2, "three")] {
        save(store, &id, expected, text).await.expect("the revision fits");
    }
    id
}

/// The same, deleted at revision 4.
async fn deleted(store: &Store<'_>) -> PersistenceId {
    let id = three(store).await;
    delete(store, &id, 3).await.expect("the revision fits");
    id
}

async fn state_that_never_was_is_none(store: Store<'_>) {
    three(&store).await;
    assert_eq!(load(&store, &id("unknown")).await, None);
}

async fn state_saved_counts_one_two_three(store: Store<'_>) {
    let id = id("counted");
    for expected in 0..3 {
        let committed = save(&store, &id, expected, "text").await.expect("the revision fits");
        assert_eq!(revision(committed), expected + 1);
    }
}

async fn state_loaded_is_the_last_one_saved(store: Store<'_>) {
    let id = three(&store).await;
    assert_eq!(stored(&store, &id).await, at(3, "three"));
}

async fn state_loaded_has_the_time_of_its_write(store: Store<'_>) {
    let id = id("time");
    for (expected, micros) in [(0, 1_700_000_000_123_456), (1, -1), (2, i64::MAX)] {
        let written_at = Timestamp::from_micros(micros);
        store.commit(Write { written_at, ..store.writer(&id).save(expected, "text") }).await;
        assert_eq!(load(&store, &id).await.map(|it| it.written_at), Some(written_at));
    }
}

/// A change with this revision is refused and leaves `three` at 3 as it was.
async fn refused(store: &Store<'_>, expected: u64, refused: StateChange) {
    let id = three(store).await;
    let before = load(store, &id).await;
    check::conflict(&change(store, &id, expected, refused).await, Counter::Revision, 3);
    assert_eq!(load(store, &id).await, before);
}

async fn state_saved_with_a_stale_revision_is_a_conflict_and_changes_nothing(store: Store<'_>) {
    refused(&store, 2, StateChange::Save(payload("stale"))).await;
}

async fn state_saved_with_a_skipped_revision_is_a_conflict_and_changes_nothing(store: Store<'_>) {
    refused(&store, 4, StateChange::Save(payload("skipped"))).await;
}

async fn state_saved_as_new_where_there_is_one_is_a_conflict(store: Store<'_>) {
    refused(&store, 0, StateChange::Save(payload("new"))).await;
}

async fn state_deleted_with_a_stale_revision_is_a_conflict_and_changes_nothing(store: Store<'_>) {
    refused(&store, 2, StateChange::Delete).await;
}

async fn state_deleted_is_not_one_that_never_was(store: Store<'_>) {
    let id = deleted(&store).await;
    assert_eq!(stored(&store, &id).await, Some((4, None)));
}

async fn state_deletion_counts_as_a_revision(store: Store<'_>) {
    let id = three(&store).await;
    let committed = delete(&store, &id, 3).await.expect("the revision fits");
    assert_eq!(revision(committed), 4);
}

async fn state_saved_after_its_deletion_goes_on_counting(store: Store<'_>) {
    let id = deleted(&store).await;
    let committed = save(&store, &id, 4, "five").await.expect("the revision fits");
    assert_eq!(revision(committed), 5);
    assert_eq!(stored(&store, &id).await, at(5, "five"));
}

async fn state_saved_with_the_revision_from_before_its_deletion_is_a_conflict(store: Store<'_>) {
    let id = deleted(&store).await;
    for expected in [3, 0] {
        check::conflict(&save(&store, &id, expected, "stale").await, Counter::Revision, 4);
    }
    assert_eq!(stored(&store, &id).await, Some((4, None)));
}

async fn state_deleted_twice_counts_both(store: Store<'_>) {
    let id = deleted(&store).await;
    assert_eq!(revision(delete(&store, &id, 4).await.expect("the revision fits")), 5);
    assert_eq!(stored(&store, &id).await, Some((5, None)));
}

async fn state_that_never_was_can_be_deleted(store: Store<'_>) {
    let id = id("never-was");
    assert_eq!(revision(delete(&store, &id, 0).await.expect("the revision fits")), 1);
    assert_eq!(stored(&store, &id).await, Some((1, None)));
}

async fn state_kept_changes_nothing_and_answers_its_revision(store: Store<'_>) {
    let id = three(&store).await;
    let before = load(&store, &id).await;
    let kept = change(&store, &id, 3, StateChange::Keep).await;
    assert_eq!(revision(kept.expect("the revision fits")), 3);
    assert_eq!(load(&store, &id).await, before);
}

async fn state_kept_with_a_stale_revision_is_a_conflict(store: Store<'_>) {
    refused(&store, 2, StateChange::Keep).await;
}

async fn state_kept_where_there_is_none_leaves_none(store: Store<'_>) {
    let id = id("none");
    let kept = change(&store, &id, 0, StateChange::Keep).await;
    assert_eq!(revision(kept.expect("the revision fits")), 0);
    assert_eq!(load(&store, &id).await, None);
}

async fn state_kept_after_its_deletion_stays_deleted(store: Store<'_>) {
    let id = deleted(&store).await;
    let kept = change(&store, &id, 4, StateChange::Keep).await;
    assert_eq!(revision(kept.expect("the revision fits")), 4);
    assert_eq!(stored(&store, &id).await, Some((4, None)));
}

async fn state_saved_by_two_writers_at_one_revision_has_one_winner(store: Store<'_>) {
    let id = three(&store).await;
    let writes = ["one", "other"].map(|text| store.writer(&id).save(3, text));
    let results = store.append(writes.into()).await;
    assert_eq!(results[0].as_ref().ok().map(|it| revision(*it)), Some(4), "{results:?}");
    check::conflict(&results[1], Counter::Revision, 4);
    assert_eq!(stored(&store, &id).await, at(4, "one"));
}

async fn state_of_one_entity_does_not_touch_another(store: Store<'_>) {
    let (one, other) = (three(&store).await, id("other"));
    save(&store, &other, 0, "other").await.expect("the revision fits");
    delete(&store, &one, 3).await.expect("the revision fits");
    assert_eq!(stored(&store, &other).await, at(1, "other"));
}

async fn state_writes_of_one_group_are_stored_in_order(store: Store<'_>) {
    let id = id("group");
    let mut writer = store.writer(&id);
    let mut writes = vec![writer.save(0, "one"), writer.state(1, StateChange::Keep), writer.save(1, "two")];
    writes.extend([writer.state(2, StateChange::Delete), writer.save(3, "four")]);
    let revisions: Vec<u64> = store.commit_all(writes).await.into_iter().map(revision).collect();
    assert_eq!(revisions, [1, 1, 2, 3, 4]);
    assert_eq!(stored(&store, &id).await, at(4, "four"));
}

/// G5: the failing side effect undoes the save and the outcome.
async fn state_with_an_unsupported_side_effect_is_not_saved(store: Store<'_>) {
    let id = three(&store).await;
    let to = crate::conformance::kit::id("receiver");
    let message =
        OutgoingMessage { to, command: payload("do"), key: None, due: None, headers: Default::default() };
    let side_effects = vec![SideEffect::Send(message)];
    let write = Write { side_effects, outcome: Some(kept("k")), ..store.writer(&id).save(3, "four") };
    check::unsupported(&store.write(write).await);
    assert_eq!(stored(&store, &id).await, at(3, "three"));
    assert_eq!(store.outcome(&id, &key("k")).await, None);
}

async fn state_of_no_bytes_is_not_a_deleted_one(store: Store<'_>) {
    let id = id("empty");
    save(&store, &id, 0, "").await.expect("the revision fits");
    assert_eq!(stored(&store, &id).await, at(1, ""));
}

async fn state_of_one_mebibyte_comes_back(store: Store<'_>) {
    let id = id("large");
    let text = "grün".repeat(1 << 18);
    save(&store, &id, 0, &text).await.expect("the revision fits");
    assert!(stored(&store, &id).await == at(1, &text), "another state came back");
}

async fn state_survives_reopening(mut store: Store<'_>) {
    let id = three(&store).await;
    let before = load(&store, &id).await;
    store.reopen().await;
    assert_eq!(load(&store, &id).await, before);
    assert_eq!(revision(save(&store, &id, 3, "four").await.expect("the revision fits")), 4);
}

async fn state_deleted_stays_so_after_reopening(mut store: Store<'_>) {
    let id = deleted(&store).await;
    store.reopen().await;
    assert_eq!(stored(&store, &id).await, Some((4, None)));
    check::conflict(&save(&store, &id, 0, "new").await, Counter::Revision, 4);
}
