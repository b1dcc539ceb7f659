//! Write numbers: a repeated write is answered again, and nothing of an activation is stored after one of its
//! writes failed.

use crate::conformance::case::cases;
use crate::conformance::check;
use crate::conformance::kit::{event_payload, id, outline, revision, sequence_nr};
use crate::conformance::store::Store;
use annals::WriteNr;
use annals::storage::{Counter, ReadRange, Write};

cases!("write numbers", Case;
    repeated_write_is_answered_with_the_stored_success,
    repeated_write_is_stored_once,
    repeated_write_keeps_its_outcome_once,
    repeated_earlier_write_is_answered_with_its_own_success,
    repeated_write_in_one_group_is_stored_once,
    repeated_write_without_events_is_answered_with_the_stored_success,
    repeated_state_write_is_answered_with_the_stored_success,
    repeated_group_is_answered_as_it_was,
    repeated_write_after_reopening_is_answered_with_the_stored_success,
    repeated_write_after_the_deletion_of_its_events_is_answered_with_the_stored_success,
    repeated_write_of_an_earlier_activation_stores_nothing,
    write_number_with_a_gap_is_refused,
    write_number_zero_is_refused,
    write_number_is_judged_before_the_expected_number,
    write_numbers_go_on_after_reopening,
    activation_must_start_at_one,
    activation_that_starts_anew_goes_on_with_the_history,
    activation_that_starts_shuts_out_the_one_before,
    activation_that_starts_without_events_shuts_out_the_one_before,
    activation_whose_write_failed_stores_nothing_more,
    activation_whose_first_write_failed_stores_nothing_more,
);

async fn repeated_write_is_answered_with_the_stored_success(store: Store<'_>) {
    let mut writer = store.fill(&id("repeated"), 2).await;
    let write = writer.events(2);
    let first = store.commit(write.clone()).await;
    let again = store.write(write).await;
    assert_eq!(again.expect("the repetition is answered"), first);
}

async fn repeated_write_is_stored_once(store: Store<'_>) {
    let id = id("once");
    let mut writer = store.fill(&id, 2).await;
    let write = writer.events(2);
    for _ in 0..3 {
        store.write(write.clone()).await.ok();
    }
    store.commit(writer.events(1)).await;
    assert_eq!(store.numbers(&id, ReadRange::ALL).await, [1, 2, 3, 4, 5]);
    assert_eq!(store.highest(&id).await, 5);
}

async fn repeated_write_keeps_its_outcome_once(store: Store<'_>) {
    let id = id("once");
    let mut writer = store.fill(&id, 1).await;
    let write = writer.eventless("k");
    for _ in 0..3 {
        store.write(write.clone()).await.ok();
    }
    assert_eq!(outline(&store.read(&id, ReadRange::ALL).await), "e1 k1:k");
}

async fn repeated_earlier_write_is_answered_with_its_own_success(store: Store<'_>) {
    let id = id("earlier");
    let mut writer = store.writer(&id);
    let writes = [2, 0, 1, 3].map(|count| writer.events(count));
    let first = store.commit_all(writes.to_vec()).await;
    for (write, first) in writes.into_iter().zip(first) {
        let again = store.write(write).await;
        assert_eq!(again.expect("the repetition is answered"), first);
    }
    assert_eq!(store.numbers(&id, ReadRange::ALL).await, [1, 2, 3, 4, 5, 6]);
}

async fn repeated_write_in_one_group_is_stored_once(store: Store<'_>) {
    let id = id("group");
    let mut writer = store.fill(&id, 1).await;
    let write = writer.keyed(1, "k");
    let results = store.commit_all(vec![write.clone(), write, writer.events(1)]).await;
    assert_eq!(results[0], results[1]);
    assert_eq!(outline(&store.read(&id, ReadRange::ALL).await), "e1 e2 k2:k e3");
}

async fn repeated_write_without_events_is_answered_with_the_stored_success(store: Store<'_>) {
    let mut writer = store.fill(&id("eventless"), 2).await;
    let write = writer.eventless("k");
    let first = store.commit(write.clone()).await;
    store.commit(writer.events(1)).await;
    let again = store.write(write).await;
    assert_eq!(again.expect("the repetition is answered"), first);
}

async fn repeated_state_write_is_answered_with_the_stored_success(store: Store<'_>) {
    let id = id("state");
    let mut writer = store.writer(&id);
    let write = writer.save(0, "one");
    store.commit(write.clone()).await;
    store.commit(writer.save(1, "two")).await;
    let again = store.write(write).await;
    assert_eq!(revision(again.expect("the repetition is answered")), 1);
    let stored = store.states().load(&id).await.expect("it can be loaded").expect("it was saved");
    assert_eq!(stored.revision.get(), 2);
}

/// What a lane does that was told `Unavailable` although everything was stored.
async fn repeated_group_is_answered_as_it_was(store: Store<'_>) {
    let (one, other) = (id("one"), id("other"));
    let (mut first, mut second) = (store.writer(&one), store.writer(&other));
    let group = vec![first.events(2), second.eventless("k"), first.keyed(0, "k"), second.events(1)];
    let answers = store.commit_all(group.clone()).await;
    assert_eq!(store.commit_all(group).await, answers);
    assert_eq!(outline(&store.read(&one, ReadRange::ALL).await), "e1 e2 k2:k");
    assert_eq!(outline(&store.read(&other, ReadRange::ALL).await), "k0:k e1");
}

async fn repeated_write_after_reopening_is_answered_with_the_stored_success(mut store: Store<'_>) {
    let id = id("reopened");
    let mut writer = store.writer(&id);
    let writes = [1, 2, 0].map(|count| writer.events(count));
    let first = store.commit_all(writes.to_vec()).await;
    store.reopen().await;
    let again = store.append(writes.to_vec()).await;
    let again: Vec<_> = again.into_iter().map(|it| it.expect("the repetition is answered")).collect();
    assert_eq!(again, first);
    assert_eq!(store.numbers(&id, ReadRange::ALL).await, [1, 2, 3]);
}

async fn repeated_write_after_the_deletion_of_its_events_is_answered_with_the_stored_success(
    store: Store<'_>,
) {
    let id = id("deleted");
    let mut writer = store.fill(&id, 1).await;
    let write = writer.events(2);
    let first = store.commit(write.clone()).await;
    store.delete_to(&id, 3).await;
    let again = store.write(write).await;
    assert_eq!(again.expect("the repetition is answered"), first);
    assert_eq!(store.numbers(&id, ReadRange::ALL).await, [0; 0]);
}

/// How it is answered is left to the backend: with the stored success, or with a conflict.
async fn repeated_write_of_an_earlier_activation_stores_nothing(store: Store<'_>) {
    let id = id("shut-out");
    let mut earlier = store.writer(&id);
    let writes = [1, 1].map(|count| earlier.events(count));
    store.commit_all(writes.to_vec()).await;
    store.commit(store.writer(&id).recovered(2).events(1)).await;
    let before = store.read(&id, ReadRange::ALL).await;
    store.append(writes.to_vec()).await;
    assert_eq!(store.read(&id, ReadRange::ALL).await, before);
}

async fn write_number_with_a_gap_is_refused(store: Store<'_>) {
    let id = id("gap");
    let mut writer = store.fill(&id, 2).await;
    writer.events(0);
    check::wrong_write_nr(&store.write(writer.events(1)).await);
    assert_eq!(store.numbers(&id, ReadRange::ALL).await, [1, 2]);
}

async fn write_number_zero_is_refused(store: Store<'_>) {
    let id = id("zero");
    let write = Write { write_nr: WriteNr::ZERO, ..store.writer(&id).events(1) };
    check::wrong_write_nr(&store.write(write).await);
    assert_eq!(store.highest(&id).await, 0);
}

async fn write_number_is_judged_before_the_expected_number(store: Store<'_>) {
    let mut writer = store.fill(&id("both"), 2).await;
    writer.events(0);
    check::wrong_write_nr(&store.write(writer.recovered(7).events(1)).await);
}

async fn write_numbers_go_on_after_reopening(mut store: Store<'_>) {
    let id = id("goes-on");
    let mut writer = store.fill(&id, 2).await;
    store.reopen().await;
    let mut gap = writer.clone();
    gap.events(0);
    check::wrong_write_nr(&store.write(gap.events(1)).await);
    store.commit(writer.events(1)).await;
    assert_eq!(store.numbers(&id, ReadRange::ALL).await, [1, 2, 3]);
}

async fn activation_must_start_at_one(store: Store<'_>) {
    let id = id("late");
    store.fill(&id, 2).await;
    let mut late = store.writer(&id).recovered(2);
    late.events(0);
    check::wrong_write_nr(&store.write(late.events(1)).await);
    let mut unknown = store.writer(&crate::conformance::kit::id("unknown"));
    unknown.events(0);
    check::wrong_write_nr(&store.write(unknown.events(1)).await);
}

async fn activation_that_starts_anew_goes_on_with_the_history(store: Store<'_>) {
    let id = id("anew");
    store.fill(&id, 2).await;
    for recovered in 2..6 {
        let committed = store.commit(store.writer(&id).recovered(recovered).events(1)).await;
        assert_eq!(sequence_nr(committed), recovered + 1);
    }
    let events = store.events(&id, ReadRange::ALL).await;
    let expected: Vec<_> = (1..=6).map(|nr| event_payload(&id, nr)).collect();
    assert_eq!(events.into_iter().map(|event| event.payload).collect::<Vec<_>>(), expected);
}

/// G9: an activation that was replaced cannot write, even where its expected number fits.
async fn activation_that_starts_shuts_out_the_one_before(store: Store<'_>) {
    let id = id("replaced");
    let mut earlier = store.fill(&id, 2).await;
    let mut later = store.writer(&id).recovered(2);
    store.commit(later.events(1)).await;
    earlier = earlier.recovered(3);
    check::wrong_write_nr(&store.write(earlier.events(1)).await);
    store.commit(later.events(1)).await;
    assert_eq!(store.numbers(&id, ReadRange::ALL).await, [1, 2, 3, 4]);
}

async fn activation_that_starts_without_events_shuts_out_the_one_before(store: Store<'_>) {
    let id = id("replaced");
    let mut earlier = store.fill(&id, 2).await;
    store.commit(store.writer(&id).recovered(2).eventless("k")).await;
    check::wrong_write_nr(&store.write(earlier.events(1)).await);
    assert_eq!(store.numbers(&id, ReadRange::ALL).await, [1, 2]);
}

async fn activation_whose_write_failed_stores_nothing_more(store: Store<'_>) {
    let id = id("failed");
    let mut writer = store.fill(&id, 2).await.recovered(1);
    check::conflict(&store.write(writer.events(1)).await, Counter::SequenceNr, 2);
    check::wrong_write_nr(&store.write(writer.eventless("k")).await);
    check::wrong_write_nr(&store.write(writer.events(1)).await);
    assert_eq!(outline(&store.read(&id, ReadRange::ALL).await), "e1 e2");
}

async fn activation_whose_first_write_failed_stores_nothing_more(store: Store<'_>) {
    let id = id("failed");
    store.fill(&id, 2).await;
    let mut writer = store.writer(&id).recovered(1);
    check::conflict(&store.write(writer.events(1)).await, Counter::SequenceNr, 2);
    check::wrong_write_nr(&store.write(writer.events(1)).await);
    assert_eq!(store.numbers(&id, ReadRange::ALL).await, [1, 2]);
}
