//! Calls that are refused, or whose answer does not tell what was done.

use super::fixture::{Fixture, fence, kind, kinds};
use annals_testkit::faults::{Fault, Operation};
use futures_util::FutureExt;
use std::panic::AssertUnwindSafe;

#[tokio::test]
async fn an_unavailable_or_full_storage_does_nothing() {
    for fault in [Fault::Unavailable, Fault::Full] {
        let fixture = Fixture::new().await;
        fixture.faults().next(Operation::Append, fault);
        assert_eq!(kinds(&fixture.append(1..=2).await), ["unavailable", "unavailable"]);
        assert_eq!(fixture.stored().await, 0);
        assert_eq!(kinds(&fixture.append(1..=2).await), ["ok", "ok"]);
    }
}

#[tokio::test]
async fn a_full_storage_says_that_it_is_full() {
    let fixture = Fixture::new().await;
    fixture.faults().next(Operation::Append, Fault::Full);
    let error = fixture.append(1..=1).await.pop().unwrap().unwrap_err();
    assert!(error.to_string().contains("no space is left"), "{error}");
}

#[tokio::test]
async fn a_lost_call_is_not_done() {
    let fixture = Fixture::new().await;
    fixture.faults().next(Operation::Append, Fault::Lost);
    assert_eq!(kinds(&fixture.append(1..=1).await), ["indeterminate"]);
    assert_eq!(fixture.stored().await, 0);
}

#[tokio::test]
async fn a_call_whose_answer_is_lost_is_done() {
    let fixture = Fixture::new().await;
    fixture.faults().next(Operation::Append, Fault::AppliedAndLost);
    assert_eq!(kinds(&fixture.append(1..=1).await), ["indeterminate"]);
    assert_eq!(fixture.stored().await, 1);
}

#[tokio::test]
async fn a_late_call_is_done_when_it_is_delivered() {
    let fixture = Fixture::new().await;
    fixture.faults().next(Operation::Append, Fault::Late);
    assert_eq!(kinds(&fixture.append(1..=1).await), ["indeterminate"]);
    assert_eq!(fixture.stored().await, 0);
    let arrivals = fixture.faults().deliver_late().await;
    assert_eq!((arrivals.len(), arrivals[0].operation), (1, Operation::Append));
    assert!(arrivals[0].answers[0].is_ok());
    assert_eq!(fixture.stored().await, 1);
    assert!(fixture.faults().deliver_late().await.is_empty(), "it arrives once");
}

#[tokio::test]
async fn a_late_call_is_fenced_once_the_epoch_was_raised() {
    let fixture = Fixture::new().await;
    fixture.faults().next(Operation::Erase, Fault::Late);
    assert_eq!(
        fixture.writes().erase(&fixture.id, fixture.fence()).await.map_err(|e| kind(&e)),
        Err("indeterminate")
    );
    fixture.writes().raise_epochs(&[fence(&fixture.id, 2)]).await.unwrap();
    let arrivals = fixture.faults().deliver_late().await;
    assert_eq!(kind(arrivals[0].answers[0].as_ref().unwrap_err()), "fenced");
}

#[tokio::test]
async fn a_conflict_leaves_everything_as_it_was() {
    let fixture = Fixture::new().await;
    fixture.faults().next(Operation::Append, Fault::Conflict);
    assert_eq!(kinds(&fixture.append(1..=2).await), ["conflict", "conflict"]);
    assert_eq!(fixture.stored().await, 0);
    fixture.append(1..=1).await;
    fixture.faults().next(Operation::SaveSnapshot, Fault::Conflict);
    let refused = fixture.snapshots().save(fixture.snapshot(1)).await;
    assert_eq!(refused.map_err(|error| kind(&error)), Err("conflict"));
}

#[tokio::test]
async fn a_take_over_raises_the_epoch_for_good() {
    let fixture = Fixture::new().await;
    fixture.faults().next(Operation::Append, Fault::TakenOver);
    assert_eq!(kinds(&fixture.append(1..=1).await), ["fenced"]);
    assert_eq!(kinds(&fixture.append(1..=1).await), ["fenced"], "not by a fault any more");
    fixture.faults().next(Operation::RaiseEpochs, Fault::TakenOver);
    let raised = fixture.writes().raise_epochs(&[fence(&fixture.id, 3)]).await;
    assert_eq!(raised.map_err(|error| kind(&error)), Err("fenced"), "another owner was faster");
}

#[tokio::test]
async fn a_panic_comes_before_anything_is_done() {
    let fixture = Fixture::new().await;
    fixture.faults().next(Operation::Append, Fault::Panic);
    assert!(AssertUnwindSafe(fixture.append(1..=1)).catch_unwind().await.is_err());
    assert_eq!(fixture.stored().await, 0);
    fixture.faults().next(Operation::Extent, Fault::Panic);
    assert!(AssertUnwindSafe(fixture.journal().extent(&fixture.id)).catch_unwind().await.is_err());
    fixture.faults().next(Operation::Read, Fault::Panic);
    assert!(AssertUnwindSafe(fixture.read()).catch_unwind().await.is_err());
}
