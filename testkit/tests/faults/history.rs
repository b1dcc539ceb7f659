//! Histories that break, and are read twice.

use super::fixture::{Fixture, kind};
use annals_testkit::faults::{Fault, Operation};

#[tokio::test]
async fn a_history_breaks_after_so_many_entries() {
    let fixture = Fixture::new().await;
    fixture.append(1..=3).await;
    for entries in 0..3 {
        fixture.faults().next(Operation::Read, Fault::Break(entries));
        let read = fixture.read().await;
        assert_eq!(read.len(), entries + 1);
        assert!(read[..entries].iter().all(Result::is_ok));
        assert_eq!(kind(read[entries].as_ref().unwrap_err()), "unavailable");
    }
}

#[tokio::test]
async fn a_history_that_ends_before_the_break_is_whole() {
    let fixture = Fixture::new().await;
    fixture.append(1..=3).await;
    fixture.faults().next(Operation::Read, Fault::Break(4));
    let read = fixture.read().await;
    assert!(read.len() == 3 && read.iter().all(Result::is_ok), "{read:?}");
}

#[tokio::test]
async fn an_unavailable_history_gives_nothing() {
    let fixture = Fixture::new().await;
    fixture.append(1..=3).await;
    fixture.faults().next(Operation::Read, Fault::Unavailable);
    let read = fixture.read().await;
    assert!(read.len() == 1 && read[0].is_err(), "{read:?}");
}

#[tokio::test]
async fn a_history_that_is_read_twice_is_the_same() {
    let fixture = Fixture::new().await;
    fixture.append(1..=3).await;
    fixture.faults().next(Operation::Read, Fault::Repeat);
    assert_eq!(fixture.read().await.len(), 3);
    assert_eq!(fixture.faults().calls().last().unwrap().faults, [Fault::Repeat]);
}
