//! Faults that are drawn from a seed.

use super::fixture::Fixture;
use annals::storage::SnapshotCriteria;
use annals_testkit::faults::{Fault, Operation, Rates, Record};
use futures_util::FutureExt;
use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;

/// Makes the same calls under the faults of a seed.
async fn run(seed: u64, rates: Rates, calls: u64) -> Vec<Record> {
    let fixture = Fixture::new().await;
    fixture.faults().seed(seed, rates);
    for nr in 1..=calls {
        // What comes of the calls is of no interest: only what they meet.
        let _ = AssertUnwindSafe(fixture.append(nr..=nr + 2)).catch_unwind().await;
        let _ = AssertUnwindSafe(fixture.read()).catch_unwind().await;
        let _ = AssertUnwindSafe(fixture.snapshots().list(&fixture.id, SnapshotCriteria::ALL))
            .catch_unwind()
            .await;
        let _ = AssertUnwindSafe(fixture.snapshots().save(fixture.snapshot(1))).catch_unwind().await;
    }
    fixture.faults().calls()
}

fn kinds_of(records: &[Record]) -> BTreeSet<String> {
    let name = |fault: &Fault| format!("{fault:?}").split('(').next().unwrap_or_default().to_owned();
    records.iter().flat_map(|record| record.faults.iter().map(name)).collect()
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_draws_the_same_faults_and_another_seed_others() {
    let (first, again) = (run(7, Rates::everything(), 50).await, run(7, Rates::everything(), 50).await);
    assert_eq!(first, again);
    assert_ne!(first, run(8, Rates::everything(), 50).await);
}

#[tokio::test(start_paused = true)]
async fn invisible_faults_are_yields_repetitions_and_splits() {
    let drawn = kinds_of(&run(1, Rates::invisible(), 200).await);
    assert_eq!(drawn, ["Repeat", "Split", "Yield"].map(String::from).into());
}

#[tokio::test(start_paused = true)]
async fn every_fault_is_drawn_but_those_that_never_end() {
    let drawn = kinds_of(&run(1, Rates::everything(), 2_000).await);
    let all = [
        "AppliedAndLost",
        "Break",
        "Conflict",
        "Cut",
        "Delay",
        "Full",
        "Late",
        "Lost",
        "Panic",
        "Refuse",
        "Repeat",
        "Split",
        "Stale",
        "TakenOver",
        "Unavailable",
        "Yield",
    ];
    assert_eq!(drawn, all.map(String::from).into());
    let hangs = Rates { hangs: 500, ..Rates::none() };
    let fixture = Fixture::new().await;
    fixture.faults().seed(1, hangs);
    let ends =
        (0..100).map(|_| fixture.journal()).filter_map(|it| it.extent(&fixture.id).now_or_never()).count();
    assert!((20..80).contains(&ends), "{ends} of 100");
}

#[tokio::test(start_paused = true)]
async fn every_drawn_fault_fits_its_call() {
    for record in run(3, Rates::everything(), 1_000).await {
        assert!(record.faults.iter().all(|fault| fault.fits(record.operation)), "{record}");
    }
}

#[tokio::test]
async fn what_is_scripted_comes_before_what_is_drawn() {
    let fixture = Fixture::new().await;
    fixture.faults().seed(1, Rates { unavailable: 1_000, ..Rates::none() });
    fixture.faults().next(Operation::Append, Fault::Conflict);
    fixture.append(1..=1).await;
    fixture.append(1..=1).await;
    let met: Vec<_> = fixture.faults().calls().into_iter().flat_map(|call| call.faults).collect();
    assert_eq!(met, [Fault::Conflict, Fault::Unavailable]);
}

#[tokio::test]
async fn what_is_late_arrives_before_a_later_call() {
    let fixture = Fixture::new().await;
    fixture.faults().next(Operation::Append, Fault::Late);
    fixture.append(1..=1).await;
    fixture.faults().seed(1, Rates { arrivals: 1_000, ..Rates::none() });
    assert_eq!(fixture.read().await.len(), 1);
}

#[tokio::test]
async fn the_script_prints_its_seed_and_its_calls() {
    let fixture = Fixture::new().await;
    fixture.faults().seed(42, Rates::none());
    fixture.append(1..=1).await;
    assert_eq!(fixture.faults().to_string(), "seed 42\nAppend thing/a\n");
}
