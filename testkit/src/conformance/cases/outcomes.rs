//! Kept outcomes (G6): stored with their write, found by their whole key.

use crate::conformance::case::cases;
use crate::conformance::check;
use crate::conformance::kit::{fence_at, id, kept, kept_as, key, neighbours, outline};
use crate::conformance::store::Store;
use annals::Key;
use annals::storage::{Counter, KeyedOutcome, OutcomeKind, ReadRange, StateChange, Subject, Write};

cases!("outcomes", Case;
    outcome_of_a_write_with_events_is_found_by_its_key,
    outcome_of_a_write_without_events_is_found_by_its_key,
    outcome_of_a_state_write_is_found_by_its_key,
    outcome_of_a_write_that_keeps_the_state_is_found_by_its_key,
    outcome_of_a_key_that_was_never_used_is_none,
    outcome_of_an_unknown_id_is_none,
    outcomes_are_answered_in_the_order_of_the_keys,
    outcomes_of_no_keys_are_none,
    outcome_that_is_a_rejection_comes_back_as_one,
    outcome_comes_back_with_its_command_and_all_of_its_payload,
    outcome_of_no_bytes_comes_back,
    outcome_belongs_to_its_entity,
    outcome_of_a_refused_write_is_not_kept,
    outcome_over_the_limit_is_too_large_and_nothing_is_stored,
    outcomes_survive_reopening,
    outcomes_of_thousands_of_keys_are_found,
    outcomes_of_keys_that_look_alike_are_kept_apart,
    outcomes_of_long_keys_with_one_beginning_are_kept_apart,
);

async fn outcome_of_a_write_with_events_is_found_by_its_key(store: Store<'_>) {
    let id = id("events");
    store.commit(store.writer(&id).keyed(2, "k")).await;
    assert_eq!(store.outcome(&id, &key("k")).await, Some(kept("k")));
}

async fn outcome_of_a_write_without_events_is_found_by_its_key(store: Store<'_>) {
    let id = id("eventless");
    store.commit(store.writer(&id).eventless("k")).await;
    assert_eq!(store.outcome(&id, &key("k")).await, Some(kept("k")));
}

async fn outcome_of_a_state_write_is_found_by_its_key(store: Store<'_>) {
    let id = id("state");
    let write = Write { outcome: Some(kept("k")), ..store.writer(&id).save(0, "one") };
    store.commit(write).await;
    assert_eq!(store.outcome(&id, &key("k")).await, Some(kept("k")));
}

async fn outcome_of_a_write_that_keeps_the_state_is_found_by_its_key(store: Store<'_>) {
    let id = id("state");
    let write = Write { outcome: Some(kept("k")), ..store.writer(&id).state(0, StateChange::Keep) };
    store.commit(write).await;
    assert_eq!(store.outcome(&id, &key("k")).await, Some(kept("k")));
}

async fn outcome_of_a_key_that_was_never_used_is_none(store: Store<'_>) {
    let id = id("known");
    store.commit(store.writer(&id).keyed(1, "used")).await;
    assert_eq!(store.outcome(&id, &key("unused")).await, None);
}

async fn outcome_of_an_unknown_id_is_none(store: Store<'_>) {
    assert_eq!(store.outcomes(&id("unknown"), &[key("a"), key("b")]).await, [None, None]);
}

async fn outcomes_are_answered_in_the_order_of_the_keys(store: Store<'_>) {
    let id = id("order");
    let mut writer = store.writer(&id);
    store.commit_all(["b", "a", "c"].map(|key| writer.keyed(1, key)).into()).await;
    let asked = ["c", "x", "a", "b", "a"];
    let answers = store.outcomes(&id, &asked.map(key)).await;
    let expected = asked.map(|key| (key != "x").then(|| kept(key)));
    assert_eq!(answers, expected);
}

async fn outcomes_of_no_keys_are_none(store: Store<'_>) {
    let id = id("none");
    store.commit(store.writer(&id).keyed(1, "k")).await;
    assert_eq!(store.outcomes(&id, &[]).await, []);
}

/// Writes an entity's first write with this outcome, and asks for it.
async fn round_trip(store: &Store<'_>, kept: KeyedOutcome) {
    let id = id("round-trip");
    let write = Write { outcome: Some(kept.clone()), ..store.writer(&id).events(0) };
    store.commit(write).await;
    assert_eq!(store.outcome(&id, &kept.key).await, Some(kept));
}

async fn outcome_that_is_a_rejection_comes_back_as_one(store: Store<'_>) {
    round_trip(&store, kept_as(OutcomeKind::Rejection, "k", "no")).await;
}

async fn outcome_comes_back_with_its_command_and_all_of_its_payload(store: Store<'_>) {
    let mut outcome = kept("k");
    outcome.command = annals::CommandDigest::from_stored(u128::MAX - 1);
    let manifest = annals::Manifest { name: "déposer 入金".into(), version: u32::MAX };
    let bytes = (0..=255).collect();
    outcome.outcome.payload = annals::Payload::seal(manifest, annals::CodecId(255), bytes);
    round_trip(&store, outcome).await;
}

async fn outcome_of_no_bytes_comes_back(store: Store<'_>) {
    round_trip(&store, kept_as(OutcomeKind::Reply, "k", [])).await;
}

async fn outcome_belongs_to_its_entity(store: Store<'_>) {
    let (one, other) = (id("one"), id("other"));
    let same_key = |text: &str| kept_as(OutcomeKind::Reply, "k", text);
    for (id, text) in [(&one, "1"), (&other, "2")] {
        let write = Write { outcome: Some(same_key(text)), ..store.writer(id).events(1) };
        store.commit(write).await;
    }
    assert_eq!(store.outcome(&one, &key("k")).await, Some(same_key("1")));
    assert_eq!(store.outcome(&other, &key("k")).await, Some(same_key("2")));
}

/// G5: outcome and events are one write.
async fn outcome_of_a_refused_write_is_not_kept(store: Store<'_>) {
    let id = id("refused");
    let mut writer = store.fill(&id, 2).await;
    let stale = store.write(store.writer(&id).keyed(1, "conflict")).await;
    check::conflict(&stale, Counter::SequenceNr, 2);
    let fenced = Write { fence: fence_at(&id, 4), ..writer.keyed(1, "fenced") };
    check::fenced(&store.write(fenced).await, 4);
    assert_eq!(store.outcomes(&id, &[key("conflict"), key("fenced")]).await, [None, None]);
    assert_eq!(outline(&store.read(&id, ReadRange::ALL).await), "e1 e2");
}

async fn outcome_over_the_limit_is_too_large_and_nothing_is_stored(store: Store<'_>) {
    let id = id("large");
    let huge = kept_as(OutcomeKind::Reply, "k", vec![1; store.max_payload_bytes() + 1]);
    let write = Write { outcome: Some(huge), ..store.writer(&id).events(1) };
    check::too_large(&store.write(write).await, &Subject::Outcome(id.clone(), key("k")));
    assert_eq!(store.highest(&id).await, 0);
    assert_eq!(store.outcome(&id, &key("k")).await, None);
}

async fn outcomes_survive_reopening(mut store: Store<'_>) {
    let id = id("reopened");
    let mut writer = store.writer(&id);
    let rejected = kept_as(OutcomeKind::Rejection, "r", "no");
    let write = Write { outcome: Some(rejected.clone()), ..writer.events(0) };
    store.commit_all(vec![write, writer.keyed(2, "k")]).await;
    let before = store.read(&id, ReadRange::ALL).await;
    store.reopen().await;
    let found = store.outcomes(&id, &[key("k"), key("r")]).await;
    assert_eq!(found, [Some(kept("k")), Some(rejected)]);
    assert_eq!(store.read(&id, ReadRange::ALL).await, before);
}

async fn outcomes_of_thousands_of_keys_are_found(store: Store<'_>) {
    let id = &neighbours(store.lanes(), 1)[0];
    let texts: Vec<String> = (0..3_000).map(|n| format!("key-{n}")).collect();
    let mut writer = store.writer(id);
    for thousand in texts.chunks(1_000) {
        store.commit_all(thousand.iter().map(|text| writer.keyed(1, text)).collect()).await;
    }
    let keys: Vec<Key> = texts.iter().rev().map(|text| key(text)).collect();
    let expected: Vec<_> = texts.iter().rev().map(|text| Some(kept(text))).collect();
    assert_eq!(store.outcomes(id, &keys).await, expected);
}

/// Keeps an outcome for every key but the last, and finds each by its own key only.
async fn kept_apart(store: &Store<'_>, texts: &[&str]) {
    let id = &neighbours(store.lanes(), 1)[0];
    let (unused, used) = texts.split_last().expect("there are keys");
    let mut writer = store.writer(id);
    store.commit_all(used.iter().map(|text| writer.eventless(text)).collect()).await;
    for text in used {
        assert_eq!(store.outcome(id, &key(text)).await, Some(kept(text)), "key {text:?}");
    }
    assert_eq!(store.outcome(id, &key(unused)).await, None, "key {unused:?}, which was not used");
}

async fn outcomes_of_keys_that_look_alike_are_kept_apart(store: Store<'_>) {
    let texts =
        ["k", "K", "k ", " k", "k\n", "%", "_", "'", "''", "|", "k|", "ä", "a\u{308}", "ß", "ss", "-"];
    kept_apart(&store, &texts).await;
}

/// Keys are compared whole, never by a part of them or by a hash.
async fn outcomes_of_long_keys_with_one_beginning_are_kept_apart(store: Store<'_>) {
    let beginning = "k".repeat(255);
    let texts: Vec<String> = ["", "a", "b", "c", "d"].iter().map(|end| format!("{beginning}{end}")).collect();
    kept_apart(&store, &texts.iter().map(String::as_str).collect::<Vec<_>>()).await;
}
