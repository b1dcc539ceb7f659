//! Which call meets which rule.

use super::fixture::{Fixture, id, kinds};
use annals_testkit::faults::{Fault, Match, Operation};
use std::time::Duration;

#[tokio::test]
async fn the_nth_call_meets_its_fault_and_no_other() {
    let fixture = Fixture::new().await;
    fixture.faults().nth(2, Operation::Append, Fault::Unavailable);
    assert_eq!(kinds(&fixture.append(1..=1).await), ["ok"]);
    assert_eq!(kinds(&fixture.append(2..=2).await), ["unavailable"]);
    assert_eq!(kinds(&fixture.append(2..=2).await), ["ok"]);
}

#[tokio::test]
async fn rules_of_one_call_each_are_met_one_after_the_other() {
    let fixture = Fixture::new().await;
    fixture.faults().next(Operation::Append, Fault::Unavailable);
    fixture.faults().next(Operation::Append, Fault::Lost);
    assert_eq!(kinds(&fixture.append(1..=1).await), ["unavailable"]);
    assert_eq!(kinds(&fixture.append(1..=1).await), ["indeterminate"]);
    assert_eq!(kinds(&fixture.append(1..=1).await), ["ok"]);
}

#[tokio::test(start_paused = true)]
async fn a_fault_of_time_comes_together_with_another() {
    let fixture = Fixture::new().await;
    let delay = Fault::Delay(Duration::from_secs(1));
    fixture.faults().next(Operation::Append, delay);
    fixture.faults().next(Operation::Append, Fault::Lost);
    assert_eq!(kinds(&fixture.append(1..=1).await), ["indeterminate"]);
    assert_eq!(fixture.faults().calls()[0].faults, [delay, Fault::Lost]);
}

#[tokio::test]
async fn a_rule_for_every_call_holds_until_it_is_cleared() {
    let fixture = Fixture::new().await;
    fixture.faults().every(Operation::Append, Fault::Unavailable);
    for _ in 0..3 {
        assert_eq!(kinds(&fixture.append(1..=1).await), ["unavailable"]);
    }
    fixture.faults().clear();
    assert_eq!(kinds(&fixture.append(1..=1).await), ["ok"]);
}

#[tokio::test]
async fn a_rule_of_one_entity_meets_groups_that_hold_a_write_of_it() {
    let fixture = Fixture::new().await;
    fixture.faults().every(Operation::Append.of(&id("b")), Fault::Unavailable);
    assert_eq!(kinds(&fixture.append(1..=1).await), ["ok"]);
    fixture.faults().every(Match::of(&fixture.id), Fault::Unavailable);
    assert_eq!(kinds(&fixture.append(2..=2).await), ["unavailable"]);
}

#[tokio::test]
async fn a_rule_for_any_call_meets_those_that_it_fits() {
    let fixture = Fixture::new().await;
    fixture.faults().next(Match::any(), Fault::Lost);
    assert!(fixture.journal().extent(&fixture.id).await.is_ok(), "a read has no answer to lose");
    assert_eq!(kinds(&fixture.append(1..=1).await), ["indeterminate"]);
}

#[tokio::test]
#[should_panic(expected = "Cut(1) cannot happen to Extent")]
async fn a_fault_that_cannot_happen_is_refused_when_it_is_scripted() {
    let fixture = Fixture::new().await;
    fixture.faults().next(Operation::Extent, Fault::Cut(1));
}

#[tokio::test]
async fn a_record_tells_the_call_the_entities_and_the_fault() {
    let fixture = Fixture::new().await;
    fixture.faults().next(Operation::Append, Fault::Cut(1));
    fixture.append(1..=2).await;
    let record = &fixture.faults().calls()[0];
    assert_eq!(record.ids, [fixture.id.clone(), fixture.id.clone()]);
    assert_eq!(record.to_string(), "Append thing/a thing/a <- Cut(1)");
}
