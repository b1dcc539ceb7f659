//! The model test can fail: it catches the broken twins of the memory backend, and shrinks what it found to a few
//! operations.
#![allow(clippy::print_stdout, reason = "this is a test")]

mod twin;

use annals_testkit::model::{self, Options};
use twin::Fault;

/// What the model test does not look for.
const BEYOND: [(Fault, &str); 2] = [
    (Fault::EpochCheckedTooEarly, "needs a take-over at the same time, and calls come one after the other"),
    (Fault::MissingEventSkipped, "needs a damaged row, and nothing is damaged"),
];

/// More operations than this would mean that a failure is not shrunk.
const FEW: usize = 6;

#[tokio::test(flavor = "multi_thread")]
async fn every_twin_is_caught_and_what_it_did_is_shrunk() {
    for fault in Fault::ALL {
        let beyond = BEYOND.iter().find(|(other, _)| *other == fault);
        match (model::try_run(&fault, &Options::default()).await, fault, beyond) {
            (Ok(_), Fault::None, None) => {}
            (Ok(_), _, Some((_, reason))) => println!("{fault:?} is not caught: it {reason}"),
            (Err(failure), _, None) if fault != Fault::None => {
                println!("{fault:?}: {failure}\n");
                assert!(failure.operations() <= FEW, "{fault:?}: {failure}");
            }
            (result, ..) => panic!("{fault:?}: {result:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_found_again_from_its_seed() {
    let all = Options::default();
    let failure = model::try_run(&Fault::SnapshotTimeIgnored, &all).await.expect_err("it is caught");
    let one = Options { seeds: failure.seed()..failure.seed() + 1, ..all };
    let again = model::try_run(&Fault::SnapshotTimeIgnored, &one).await.expect_err("it is caught again");
    assert_eq!(again.to_string(), failure.to_string());
    assert!(failure.to_string().contains(&format!("seeds: {}..", failure.seed())), "{failure}");
}
