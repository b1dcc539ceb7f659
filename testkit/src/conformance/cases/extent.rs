//! How far a history reaches.

use crate::conformance::case::cases;
use crate::conformance::kit::{extent, id};
use crate::conformance::store::Store;

cases!("extent", Case;
    extent_of_an_unknown_id_is_all_zero,
    extent_of_an_entity_without_events_is_all_zero,
    extent_tells_the_highest_number,
    extent_tells_how_far_was_deleted,
    extent_of_a_deletion_beyond_the_end_stops_at_the_highest_number,
    extent_of_a_deletion_up_to_less_than_before_stays,
    extent_survives_reopening,
);

async fn extent_of_an_unknown_id_is_all_zero(store: Store<'_>) {
    store.fill(&id("other"), 3).await;
    assert_eq!(store.extent(&id("unknown")).await, extent(0, 0, 0));
}

async fn extent_of_an_entity_without_events_is_all_zero(store: Store<'_>) {
    let mut writer = store.writer(&id("state"));
    store.commit_all(vec![writer.eventless("k"), writer.save(0, "one")]).await;
    assert_eq!(store.extent(&id("state")).await, extent(0, 0, 0));
}

async fn extent_tells_the_highest_number(store: Store<'_>) {
    let id = id("filled");
    let mut writer = store.fill(&id, 3).await;
    assert_eq!(store.extent(&id).await, extent(0, 0, 3));
    store.commit_all(vec![writer.events(2), writer.eventless("k")]).await;
    assert_eq!(store.extent(&id).await, extent(0, 0, 5));
}

async fn extent_tells_how_far_was_deleted(store: Store<'_>) {
    let id = id("filled");
    store.fill(&id, 5).await;
    store.delete_to(&id, 3).await;
    assert_eq!(store.extent(&id).await, extent(0, 3, 5));
}

async fn extent_of_a_deletion_beyond_the_end_stops_at_the_highest_number(store: Store<'_>) {
    let id = id("filled");
    store.fill(&id, 5).await;
    store.delete_to(&id, 1_000).await;
    assert_eq!(store.extent(&id).await, extent(0, 5, 5));
}

async fn extent_of_a_deletion_up_to_less_than_before_stays(store: Store<'_>) {
    let id = id("filled");
    store.fill(&id, 5).await;
    store.delete_to(&id, 3).await;
    store.delete_to(&id, 1).await;
    assert_eq!(store.extent(&id).await, extent(0, 3, 5));
}

async fn extent_survives_reopening(mut store: Store<'_>) {
    let id = id("filled");
    store.fill(&id, 5).await;
    store.delete_to(&id, 3).await;
    store.reopen().await;
    assert_eq!(store.extent(&id).await, extent(0, 3, 5));
}
