//! The names and versions that events and states of a type were ever stored with.

use super::snapshots;
use crate::conformance::case::cases;
use crate::conformance::check;
use crate::conformance::kit::{fence_at, id, kept, snapshot, typed_id};
use crate::conformance::store::Store;
use annals::storage::{Counter, StateChange, Write};
use annals::{CodecId, Manifest, Payload};

cases!("manifests", Case;
    manifests_of_an_unknown_type_are_none,
    manifests_are_those_of_events_and_states_each_once,
    manifests_of_one_name_differ_by_version,
    manifests_of_other_types_are_not_mixed_in,
    manifests_of_outcomes_are_not_among_them,
    manifests_of_snapshots_are_not_among_them,
    manifests_that_an_outcome_had_first_are_recorded_with_their_event,
    manifests_of_deleted_events_stay,
    manifests_of_deleted_states_stay,
    manifests_of_erased_entities_stay,
    manifests_of_refused_writes_are_not_recorded,
    manifests_survive_reopening,
);

fn named(name: &'static str, version: u32) -> Payload {
    Payload::seal(Manifest::new(name, version), CodecId(1), name.into())
}

/// What is known of a type, in order.
async fn known(store: &Store<'_>, entity_type: &str) -> Vec<String> {
    let manifests = store.writes().manifests(entity_type).await.expect("they can be read");
    let mut known: Vec<String> = manifests.iter().map(ToString::to_string).collect();
    known.sort();
    known
}

async fn manifests_of_an_unknown_type_are_none(store: Store<'_>) {
    store.commit(store.writer(&id("a")).event(named("opened", 1))).await;
    assert_eq!(known(&store, "unknown").await, [""; 0]);
    assert_eq!(known(&store, "").await, [""; 0]);
}

async fn manifests_are_those_of_events_and_states_each_once(store: Store<'_>) {
    for entity in ["a", "b"] {
        let mut writer = store.writer(&id(entity));
        let both = vec![named("opened", 1).into(), named("closed", 1).into()];
        let state = StateChange::Save(named("balance", 1));
        let group = vec![
            writer.write_of(both),
            writer.event(named("opened", 1)),
            writer.state(0, state.clone()),
            writer.state(1, state),
        ];
        store.commit_all(group).await;
    }
    assert_eq!(known(&store, "thing").await, ["balance v1", "closed v1", "opened v1"]);
}

async fn manifests_of_one_name_differ_by_version(store: Store<'_>) {
    let mut writer = store.writer(&id("a"));
    for version in [1, 3, u32::MAX] {
        store.commit(writer.event(named("opened", version))).await;
    }
    assert_eq!(known(&store, "thing").await, ["opened v1", "opened v3", "opened v4294967295"]);
}

async fn manifests_of_other_types_are_not_mixed_in(store: Store<'_>) {
    let (one, other) = (typed_id("one", "a"), typed_id("One", "a"));
    let both = |name| vec![named(name, 1).into(), named("shared", 1).into()];
    store.commit(store.writer(&one).write_of(both("opened"))).await;
    store.commit(store.writer(&other).write_of(both("closed"))).await;
    assert_eq!(known(&store, "one").await, ["opened v1", "shared v1"]);
    assert_eq!(known(&store, "One").await, ["closed v1", "shared v1"]);
}

async fn manifests_of_outcomes_are_not_among_them(store: Store<'_>) {
    let mut writer = store.writer(&id("a"));
    let mut outcome = kept("k");
    outcome.outcome.payload = named("replied", 1);
    let write = Write { outcome: Some(outcome.clone()), ..writer.event(named("opened", 1)) };
    store.commit_all(vec![write, Write { outcome: Some(outcome), ..writer.eventless("l") }]).await;
    assert_eq!(known(&store, "thing").await, ["opened v1"]);
}

async fn manifests_of_snapshots_are_not_among_them(store: Store<'_>) {
    store.commit(store.writer(&id("a")).event(named("opened", 1))).await;
    let mut write = snapshot(&id("a"), 1);
    write.snapshot.payload = named("state", 1);
    snapshots::save(&store, write).await.expect("it can be saved");
    assert_eq!(known(&store, "thing").await, ["opened v1"]);
}

async fn manifests_that_an_outcome_had_first_are_recorded_with_their_event(store: Store<'_>) {
    let mut writer = store.writer(&id("a"));
    let mut outcome = kept("k");
    outcome.outcome.payload = named("opened", 1);
    store.commit(Write { outcome: Some(outcome), ..writer.eventless("k") }).await;
    assert_eq!(known(&store, "thing").await, [""; 0]);
    store.commit(writer.event(named("opened", 1))).await;
    assert_eq!(known(&store, "thing").await, ["opened v1"]);
}

async fn manifests_of_deleted_events_stay(store: Store<'_>) {
    store.commit(store.writer(&id("a")).event(named("opened", 1))).await;
    store.delete_to(&id("a"), 1).await;
    assert_eq!(known(&store, "thing").await, ["opened v1"]);
}

async fn manifests_of_deleted_states_stay(store: Store<'_>) {
    let mut writer = store.writer(&id("a"));
    let saved = writer.state(0, StateChange::Save(named("balance", 1)));
    store.commit_all(vec![saved, writer.state(1, StateChange::Delete)]).await;
    assert_eq!(known(&store, "thing").await, ["balance v1"]);
}

async fn manifests_of_erased_entities_stay(store: Store<'_>) {
    let mut writer = store.writer(&id("a"));
    let saved = writer.state(0, StateChange::Save(named("balance", 1)));
    store.commit_all(vec![saved, writer.event(named("opened", 1))]).await;
    store.erase(&id("a")).await;
    assert_eq!(known(&store, "thing").await, ["balance v1", "opened v1"]);
}

async fn manifests_of_refused_writes_are_not_recorded(store: Store<'_>) {
    let id = id("a");
    store.fill(&id, 1).await;
    let stale = store.writer(&id).event(named("stale", 1));
    check::conflict(&store.write(stale).await, Counter::SequenceNr, 1);
    let stale = store.writer(&id).state(7, StateChange::Save(named("state", 1)));
    check::conflict(&store.write(stale).await, Counter::Revision, 0);
    let fenced = store.writer(&id).recovered(1).event(named("fenced", 1));
    check::fenced(&store.write(Write { fence: fence_at(&id, 4), ..fenced }).await, 4);
    let huge = Payload::seal(Manifest::new("huge", 1), CodecId(1), vec![0; store.max_payload_bytes() + 1]);
    let huge = store.writer(&id).recovered(1).write_of(vec![named("small", 1).into(), huge.into()]);
    check::refused(&store.write(huge).await);
    assert_eq!(known(&store, "thing").await, ["happened v1"]);
}

async fn manifests_survive_reopening(mut store: Store<'_>) {
    let mut writer = store.writer(&id("a"));
    store.commit(writer.event(named("opened", 1))).await;
    store.reopen().await;
    assert_eq!(known(&store, "thing").await, ["opened v1"]);
    store.commit_all(vec![writer.event(named("opened", 1)), writer.event(named("closed", 1))]).await;
    store.reopen().await;
    assert_eq!(known(&store, "thing").await, ["closed v1", "opened v1"]);
}
