//! Calls that wait: for the test, for the clock, for ever.

use super::fixture::{Fixture, kinds};
use annals::storage::StorageProvider;
use annals_testkit::faults::{Fault, Operation};
use futures_util::FutureExt;
use futures_util::future::poll_immediate;
use std::pin::pin;
use std::time::Duration;
use tokio::time::Instant;

#[tokio::test]
async fn a_held_call_is_recorded_and_does_nothing_until_it_is_released() {
    let fixture = Fixture::new().await;
    let hold = fixture.faults().hold(Operation::Append);
    let mut append = pin!(fixture.append(1..=1));
    assert!(poll_immediate(&mut append).await.is_none());
    hold.waiting(1).await;
    assert_eq!((fixture.faults().count(Operation::Append), fixture.stored().await), (1, 0));
    hold.release(1);
    assert_eq!(kinds(&append.await), ["ok"]);
    assert!(fixture.append(2..=2).now_or_never().is_none(), "the next one waits again");
    hold.release_all();
    assert_eq!(kinds(&fixture.append(2..=2).await), ["ok"]);
    assert_eq!(kinds(&fixture.append(3..=3).await), ["ok"]);
}

#[tokio::test]
async fn nobody_is_waiting_before_a_call_comes() {
    let fixture = Fixture::new().await;
    let hold = fixture.faults().hold(Operation::Append);
    assert!(hold.waiting(0).now_or_never().is_some());
    let mut append = pin!(fixture.append(1..=1));
    assert!(hold.waiting(1).now_or_never().is_none());
    assert!(poll_immediate(&mut append).await.is_none());
    assert!(hold.waiting(1).now_or_never().is_some() && hold.waiting(2).now_or_never().is_none());
}

#[tokio::test]
async fn a_call_meets_what_is_scripted_while_it_is_held() {
    let fixture = Fixture::new().await;
    let hold = fixture.faults().hold(Operation::Append);
    let mut append = pin!(fixture.append(1..=1));
    assert!(poll_immediate(&mut append).await.is_none());
    fixture.faults().next(Operation::Append, Fault::Lost);
    hold.release(1);
    assert_eq!(kinds(&append.await), ["indeterminate"]);
}

#[tokio::test]
async fn only_what_matches_is_held() {
    let fixture = Fixture::new().await;
    let other = super::fixture::id("b");
    let _hold = fixture.faults().hold(Operation::Append.of(&other));
    assert_eq!(kinds(&fixture.append(1..=1).await), ["ok"]);
}

#[tokio::test(start_paused = true)]
async fn a_delayed_call_is_done_later_on_tokios_clock() {
    let fixture = Fixture::new().await;
    fixture.faults().next(Operation::Append, Fault::Delay(Duration::from_secs(60)));
    let began = Instant::now();
    assert_eq!(kinds(&fixture.append(1..=1).await), ["ok"]);
    assert_eq!(began.elapsed(), Duration::from_secs(60));
}

#[tokio::test]
async fn a_call_that_yields_lets_others_have_their_turns() {
    let fixture = Fixture::new().await;
    fixture.faults().next(Operation::Append, Fault::Yield(3));
    let mut append = pin!(fixture.append(1..=1));
    for _ in 0..3 {
        assert!(poll_immediate(&mut append).await.is_none());
        tokio::task::yield_now().await;
    }
    assert_eq!(kinds(&append.await), ["ok"]);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_hangs_does_nothing_and_never_ends() {
    let fixture = Fixture::new().await;
    fixture.faults().next(Operation::Append, Fault::Hang);
    let hour = Duration::from_secs(3600);
    assert!(tokio::time::timeout(hour, fixture.append(1..=1)).await.is_err());
    assert_eq!(fixture.stored().await, 0);
    fixture.faults().next(Operation::Read, Fault::Hang);
    assert!(tokio::time::timeout(hour, fixture.read()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn after_a_crash_nothing_is_done_or_answered_and_the_storage_inside_lives() {
    let fixture = Fixture::new().await;
    fixture.append(1..=2).await;
    let hold = fixture.faults().hold(Operation::Append);
    let mut under_way = pin!(fixture.append(3..=3));
    assert!(poll_immediate(&mut under_way).await.is_none());
    let mut history = fixture.journal().read(&fixture.id, annals::storage::ReadRange::ALL);
    assert!(futures_util::StreamExt::next(&mut history).await.is_some());
    fixture.faults().crash();
    hold.release_all();
    let hour = Duration::from_secs(3600);
    assert!(tokio::time::timeout(hour, &mut under_way).await.is_err());
    assert!(tokio::time::timeout(hour, fixture.append(3..=3)).await.is_err());
    assert!(tokio::time::timeout(hour, fixture.journal().extent(&fixture.id)).await.is_err());
    assert!(tokio::time::timeout(hour, futures_util::StreamExt::next(&mut history)).await.is_err());
    assert_eq!(fixture.stored().await, 2);
    let restarted = annals_testkit::faults::FaultStorage::new(fixture.memory.clone());
    assert_eq!(
        kinds(&restarted.writes().append(annals::storage::Lane(0), fixture.group(3..=3)).await),
        ["ok"]
    );
}
