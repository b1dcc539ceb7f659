//! What is under a scenario's control: time, chance, the id, the codec; and what effects show.

use crate::ledger::{Ledger, LedgerEvent};
use crate::says::says;
use annals::{Snapshots, Timestamp};
use annals_testkit::Scenario;
use std::time::Duration;

fn ledger() -> Scenario<Ledger> {
    Scenario::new()
}

#[test]
fn the_clock_stands_still_until_it_is_moved() {
    let mut ledger = ledger();
    let start = 1_735_689_600_000_000;
    let _ = ledger.when(|ledger| ledger.now()).replies(start);
    let _ = ledger.when(|ledger| ledger.now()).replies(start);
    ledger.clock().advance(Duration::from_secs(60));
    let _ = ledger.when(|ledger| ledger.now()).replies(start + 60_000_000);
    ledger.clock().set(Timestamp::from_micros(7));
    let _ = ledger.when(|ledger| ledger.now()).replies(7);
    ledger.clock().advance(Duration::MAX);
    let _ = ledger.when(|ledger| ledger.now()).replies(i64::MAX);
}

/// What three calls draw.
fn drawn(seed: u64) -> Vec<(u64, String)> {
    let mut ledger = ledger().seed(seed);
    (0..3).map(|_| ledger.when(|ledger| ledger.draw()).result.unwrap()).collect()
}

#[test]
fn the_same_seed_gives_the_same_chance_and_ids() {
    assert_eq!(drawn(1), drawn(1));
    assert_ne!(drawn(1), drawn(2));
    let mut unseeded = ledger();
    assert_eq!(unseeded.when(|ledger| ledger.draw()).result.unwrap(), drawn(1)[0]);
}

#[test]
fn no_call_draws_what_another_drew() {
    let mut all = drawn(1);
    all.sort();
    all.dedup_by(|one, other| one.0 == other.0 || one.1 == other.1);
    assert_eq!(all.len(), 3);
}

#[test]
fn the_entity_has_the_id_that_it_is_given() {
    let _ = ledger().when(|ledger| ledger.name()).replies("it".into());
    let _ = ledger().id("alice").when(|ledger| ledger.name()).replies("alice".into());
    says(&["the entity has a valid id"], || ledger().id("").when(|ledger| ledger.name()));
}

#[test]
fn a_scenario_is_set_up_before_anything_happens() {
    let words = ["a scenario is set up before anything happens in it"];
    says(&words, || Scenario::<Ledger>::given([LedgerEvent::Added { n: 1 }]).seed(2));
    says(&words, || {
        let mut ledger = ledger();
        let _ = ledger.when(|ledger| ledger.sum());
        ledger.id("late")
    });
}

#[test]
fn what_happens_meanwhile_is_seen() {
    let mut ledger = ledger();
    let _ = ledger.when(|ledger| ledger.add(2)).replies(2);
    ledger.and_given([LedgerEvent::Added { n: 3 }, LedgerEvent::Removed { n: 1 }]).and_given([]);
    let _ = ledger.when(|ledger| ledger.add(1)).replies(5).persists([LedgerEvent::Added { n: 1 }]);
}

#[test]
fn tags_and_metadata_are_seen() {
    let added = ledger().when(|ledger| ledger.add_tagged(4));
    assert!(added.stored.events.iter().all(|event| event.metadata.get("by") == Some("test")));
    let _ = added.tags("audit").persists([LedgerEvent::Added { n: 4 }, LedgerEvent::Added { n: 1 }]);
}

#[test]
fn snapshots_and_passivation_are_seen() {
    let mut ledger = ledger().registered_with(|definition| definition.snapshots(Snapshots::on_demand()));
    let rested = ledger.when(|ledger| ledger.add_and_rest(4)).takes_a_snapshot();
    assert!(rested.passivated);
    let added = ledger.when(|ledger| ledger.add(1)).replies(5);
    assert!(!added.passivated && !added.stored.took_snapshot);
}

#[test]
fn an_entity_is_hosted_as_its_definition_says() {
    let _ = ledger().when(|ledger| ledger.add_and_rest(4)).is_not_handled().persists([]);
}

#[test]
fn a_command_that_is_not_ready_waits() {
    let mut ledger = ledger();
    let _ = ledger.when(|ledger| ledger.take(3)).waits().persists([]);
    let _ = ledger.when(|ledger| ledger.take(3).timeout(Duration::from_millis(1))).waits();
    let _ = ledger.when(|ledger| ledger.add(3)).replies(3);
    let _ = ledger.when(|ledger| ledger.take(3)).replies(0).persists([LedgerEvent::Removed { n: 3 }]);
}

#[tokio::test]
async fn inside_a_runtime_it_says_what_to_do() {
    says(&["call it from a plain #[test], outside of any runtime"], || ledger().when(|ledger| ledger.sum()));
    let steps = annals_testkit::proptest::strategy::Just(annals_testkit::Step::<Ledger>::of(|it| it.add(1)));
    says(&["call it from a plain #[test]"], || annals_testkit::replay_laws(steps).check());
}
