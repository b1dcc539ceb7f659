//! Groups that are cut, split, refused in part, or done twice.

use super::fixture::{Fixture, kind, kinds};
use annals_testkit::faults::{Fault, Operation};

#[tokio::test]
async fn of_a_group_that_is_cut_the_front_is_done_and_the_rest_can_be_sent_again() {
    let fixture = Fixture::new().await;
    fixture.faults().next(Operation::Append, Fault::Cut(2));
    assert_eq!(kinds(&fixture.append(1..=4).await), ["ok", "ok", "unavailable", "unavailable"]);
    assert_eq!(fixture.stored().await, 2);
    assert_eq!(kinds(&fixture.append(3..=4).await), ["ok", "ok"]);
}

#[tokio::test]
async fn a_cut_at_either_end_does_nothing_or_all() {
    let fixture = Fixture::new().await;
    fixture.faults().next(Operation::Append, Fault::Cut(0));
    assert_eq!(kinds(&fixture.append(1..=2).await), ["unavailable", "unavailable"]);
    fixture.faults().next(Operation::Append, Fault::Cut(9));
    assert_eq!(kinds(&fixture.append(1..=2).await), ["ok", "ok"]);
}

#[tokio::test]
async fn a_split_group_is_done_wholly_in_two_calls() {
    let fixture = Fixture::new().await;
    fixture.faults().next(Operation::Append, Fault::Split(1));
    assert_eq!(kinds(&fixture.append(1..=3).await), ["ok", "ok", "ok"]);
    assert_eq!(fixture.stored().await, 3);
    assert_eq!(fixture.faults().count(Operation::Append), 1, "for the caller it is one");
}

#[tokio::test]
async fn after_a_refused_write_nothing_of_its_activation_is_stored() {
    let fixture = Fixture::new().await;
    fixture.faults().next(Operation::Append, Fault::Refuse(1));
    assert_eq!(kinds(&fixture.append(1..=3).await), ["ok", "too large", "conflict"]);
    assert_eq!(fixture.stored().await, 1);
}

#[tokio::test]
async fn of_a_short_group_the_last_write_is_refused() {
    let fixture = Fixture::new().await;
    fixture.faults().next(Operation::Append, Fault::Refuse(7));
    assert_eq!(kinds(&fixture.append(1..=2).await), ["ok", "too large"]);
}

#[tokio::test]
async fn a_refused_snapshot_is_not_saved() {
    let fixture = Fixture::new().await;
    fixture.append(1..=1).await;
    fixture.faults().next(Operation::SaveSnapshot, Fault::Refuse(0));
    let refused = fixture.snapshots().save(fixture.snapshot(1)).await;
    assert_eq!(refused.map_err(|error| kind(&error)), Err("too large"));
    let all = annals::storage::SnapshotCriteria::ALL;
    assert!(fixture.snapshots().list(&fixture.id, all).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_repeated_group_is_stored_once_and_answered_as_before() {
    let fixture = Fixture::new().await;
    fixture.faults().next(Operation::Append, Fault::Repeat);
    let repeated = fixture.append(1..=2).await;
    assert_eq!(kinds(&repeated), ["ok", "ok"]);
    assert_eq!(fixture.stored().await, 2);
}

#[tokio::test]
async fn a_repeated_raise_is_fenced_by_itself() {
    let fixture = Fixture::new().await;
    fixture.faults().next(Operation::RaiseEpochs, Fault::Repeat);
    let raised = fixture.writes().raise_epochs(&[super::fixture::fence(&fixture.id, 2)]).await;
    assert_eq!(raised.map_err(|error| kind(&error)), Err("fenced"), "the second answer is given");
}
