//! The engine keeps its guarantees over memory; engines and backends that are broken on purpose do not, and the
//! cases that find each of them, and no others, are named.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking")]

mod broken_backends;
mod broken_engines;
mod engine;
mod memory;
#[path = "../twin/mod.rs"]
mod twin;

use annals_testkit::guarantees::{self, NodeEngine};
use memory::Memory;

#[tokio::test(start_paused = true)]
async fn the_engine_keeps_its_guarantees_over_memory() {
    let report = guarantees::run(&NodeEngine, &Memory).await;
    println!("{report}");
    report.assert_passed();
}

#[test]
fn every_case_has_a_twin_that_it_catches() {
    let twins = concat!(include_str!("broken_engines.rs"), include_str!("broken_backends.rs"));
    let caught = |case: &str| twins.lines().any(|line| line.trim().trim_end_matches(',') == case);
    let never: Vec<&str> =
        guarantees::cases().into_iter().map(|(_, case)| case).filter(|it| !caught(it)).collect();
    assert!(never.is_empty(), "no broken engine or backend fails {never:#?}");
}
