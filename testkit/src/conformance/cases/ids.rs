//! Ids: any text is its own entity, in every port.

use crate::conformance::case::cases;
use crate::conformance::kit::{event_payload, id, key, payload, snapshot, typed_id};
use crate::conformance::store::Store;
use annals::storage::{ReadRange, SnapshotCriteria};
use annals::{MAX_ID_BYTES, PersistenceId};

cases!("ids", Case;
    id_and_type_do_not_run_together,
    id_of_512_bytes_works_and_is_compared_whole,
    type_of_512_bytes_works_and_is_compared_whole,
    ids_of_many_scripts_work,
    ids_with_characters_that_mean_something_elsewhere_work,
    ids_that_differ_in_case_are_different,
    ids_that_differ_in_spaces_are_different,
    ids_that_only_look_the_same_are_different,
    ids_survive_reopening,
    ids_of_states_are_kept_apart_too,
);

/// Gives every entity an event, a snapshot and an outcome of its own, and finds just these.
async fn kept_apart(store: &Store<'_>, ids: &[PersistenceId]) {
    write_to_all(store, ids).await;
    for id in ids {
        check(store, id).await;
    }
}

async fn write_to_all(store: &Store<'_>, ids: &[PersistenceId]) {
    store.commit_all(ids.iter().map(|id| store.writer(id).keyed(1, "k")).collect()).await;
    for id in ids {
        store.snapshots().save(snapshot(id, 1)).await.expect("it can be saved");
    }
}

async fn check(store: &Store<'_>, id: &PersistenceId) {
    let events = store.events(id, ReadRange::ALL).await;
    assert_eq!(events.len(), 1, "events of {id:?}");
    assert_eq!(events[0].payload, event_payload(id, 1), "the event of {id:?}");
    let found = store.snapshots().load(id, SnapshotCriteria::ALL).await.expect("it can be loaded");
    assert_eq!(found, Some(snapshot(id, 1).snapshot), "the snapshot of {id:?}");
    let found = store.outcome(id, &key("k")).await;
    assert!(found.is_some(), "the outcome of {id:?}");
}

fn ids(texts: &[&str]) -> Vec<PersistenceId> {
    texts.iter().map(|text| id(text)).collect()
}

async fn id_and_type_do_not_run_together(store: Store<'_>) {
    let pairs =
        [("a:b", "c"), ("a", "b:c"), ("a/b", "c"), ("a", "b/c"), ("a|b", "c"), ("a", "b|c"), ("ab", "c")];
    let pairs = pairs.into_iter().chain([("a", "bc"), ("a ", "c"), ("a", " c"), ("c", "a"), ("a", "c")]);
    let ids: Vec<_> = pairs.map(|(entity_type, entity_id)| typed_id(entity_type, entity_id)).collect();
    kept_apart(&store, &ids).await;
}

async fn id_of_512_bytes_works_and_is_compared_whole(store: Store<'_>) {
    let beginning = "x".repeat(MAX_ID_BYTES - 1);
    kept_apart(&store, &ids(&[&format!("{beginning}1"), &format!("{beginning}2"), &beginning])).await;
}

async fn type_of_512_bytes_works_and_is_compared_whole(store: Store<'_>) {
    let beginning = "x".repeat(MAX_ID_BYTES - 1);
    let types = [format!("{beginning}1"), format!("{beginning}2"), beginning];
    kept_apart(&store, &types.map(|entity_type| typed_id(&entity_type, "one"))).await;
}

async fn ids_of_many_scripts_work(store: Store<'_>) {
    kept_apart(&store, &ids(&["grün", "口座", "счёт", "حساب", "🦀", "a\u{200d}b", "\u{10ffff}"])).await;
}

async fn ids_with_characters_that_mean_something_elsewhere_work(store: Store<'_>) {
    let texts =
        ["%", "_", "'", "''", "\"", "`", "|", "\\", "\n", "\r\n", "\t", "a%", "a_", "ab", ";--", "{x}"];
    let more =
        ["*", "?", "[a]", ".", "..", "/", "$1", ":id", "@id", "NULL", "0", "00", "0x0", "\u{1}", "\u{7f}"];
    kept_apart(&store, &ids(&[texts.as_slice(), &more].concat())).await;
}

async fn ids_that_differ_in_case_are_different(store: Store<'_>) {
    kept_apart(&store, &ids(&["alice", "Alice", "ALICE", "ä", "Ä", "ß", "ẞ", "SS", "ı", "i", "I", "İ"]))
        .await;
}

async fn ids_that_differ_in_spaces_are_different(store: Store<'_>) {
    kept_apart(&store, &ids(&["a", "a ", " a", "a  ", "a\t", "a\n", "a\u{a0}", " ", "  "])).await;
}

/// No storage may normalise text: composed and decomposed letters, look-alikes, invisible characters.
async fn ids_that_only_look_the_same_are_different(store: Store<'_>) {
    kept_apart(&store, &ids(&["é", "e\u{301}", "Å", "\u{212b}", "a", "а", "a\u{200b}", "a\u{feff}"])).await;
}

async fn ids_survive_reopening(mut store: Store<'_>) {
    let ids = ids(&["a", "A", "a ", "é", "e\u{301}", "%", "'", "\n", "🦀"]);
    write_to_all(&store, &ids).await;
    store.reopen().await;
    for id in &ids {
        check(&store, id).await;
    }
}

async fn ids_of_states_are_kept_apart_too(store: Store<'_>) {
    let long = "x".repeat(MAX_ID_BYTES - 1);
    let mut ids =
        ids(&["a", "A", "a ", "%", "_", "'", "\n", "é", "e\u{301}", "🦀", &long, &format!("{long}1")]);
    ids.extend([typed_id("a:b", "c"), typed_id("a", "b:c"), typed_id("a/b", "c"), typed_id("a", "b/c")]);
    let text = |id: &PersistenceId| format!("state of {id:?}");
    store.commit_all(ids.iter().map(|id| store.writer(id).save(0, &text(id))).collect()).await;
    for id in &ids {
        let stored = store.states().load(id).await.expect("it can be loaded").expect("it was saved");
        assert_eq!(stored.payload, Some(payload(text(id))), "the state of {id:?}");
    }
}
