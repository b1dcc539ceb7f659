//! Every target over its kept inputs and some mutations of them. `ANNALS_FUZZ_SEED` repeats a run, and
//! `ANNALS_FUZZ_MUTATIONS` makes it longer.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use annals_fuzz::{ShortRun, TARGETS, Target, kept_inputs};
use std::time::Duration;

fn run(target: Target) {
    let variable = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let seed = variable("ANNALS_FUZZ_SEED").unwrap_or(4);
    let mutations = variable("ANNALS_FUZZ_MUTATIONS").map_or(3_000, |count| count as usize);
    let budget = Duration::from_secs(if mutations > 3_000 { 3_600 } else { 2 });
    let run = ShortRun { seed, mutations, budget, patience: Duration::from_secs(60) };
    match run.run(target, kept_inputs(&target)) {
        Ok(counts) => println!("{}, seed {seed}: {counts:?}", target.name),
        Err(finding) => panic!("{finding}"),
    }
}

#[test]
fn open_payload() {
    run(annals_fuzz::OPEN_PAYLOAD);
}

#[test]
fn parse_labels() {
    run(annals_fuzz::PARSE_LABELS);
}

#[test]
fn parse_outcomes() {
    run(annals_fuzz::PARSE_OUTCOMES);
}

#[test]
fn recover_entity() {
    run(annals_fuzz::RECOVER_ENTITY);
}

#[test]
fn recover_state() {
    run(annals_fuzz::RECOVER_STATE);
}

#[test]
fn damaged_rows() {
    run(annals_fuzz::DAMAGED_ROWS);
}

#[test]
fn damaged_pages() {
    run(annals_fuzz::DAMAGED_PAGES);
}

#[test]
fn every_target_has_a_program_and_kept_inputs() {
    for target in TARGETS {
        let program = format!("{}/fuzz_targets/{}.rs", env!("CARGO_MANIFEST_DIR"), target.name);
        assert!(std::path::Path::new(&program).exists(), "{program} is missing");
        assert!(!kept_inputs(&target).is_empty());
    }
}
