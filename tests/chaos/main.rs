//! Random stories under every fault that a storage may show: several callers, retries, snapshots with deletion,
//! passivation, erasures, crashes and restarts. Each seed is one story; whatever happens in it, what callers
//! were told must be true. The broken stores show that the checks can fail.
//!
//! - `ANNALS_CHAOS_SEED=17`: only this story, with all its calls.
//! - `ANNALS_CHAOS_SEEDS=5000`: so many stories instead of the usual number.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod book;
mod caller;
mod entities;
mod order;
mod reader;
mod scenario;
mod store;
mod twin;
mod witness;

use annals_testkit::faults::Rates;
use scenario::{Told, play};
use std::collections::BTreeMap;
use std::sync::Once;
use twin::Twin;

/// How many stories are told in every run of the tests.
const SEEDS: u64 = 400;
/// How many it may take to find out about a broken store.
const TWIN_SEEDS: u64 = 2_000;

/// What may happen in the story of a seed: something of everything, much that is late, or much of everything.
fn rates(seed: u64) -> Rates {
    let everything = Rates::everything();
    match seed % 3 {
        0 => everything,
        1 => Rates { late: 250, arrivals: 300, ..everything },
        _ => Rates {
            repeats: 50,
            splits: 50,
            unavailable: 150,
            lost: 50,
            applied_and_lost: 80,
            late: 50,
            cuts: 100,
            refused: 30,
            conflicts: 40,
            taken_over: 40,
            panics: 30,
            breaks: 100,
            ..everything
        },
    }
}

/// The panics that belong to a story are not printed: with their backtraces they would take most of the time.
fn hush() {
    static HUSHED: Once = Once::new();
    HUSHED.call_once(|| {
        let print = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let message = panic.payload_as_str().unwrap_or_default();
            if message != "the handler gave up" && !message.starts_with("the backend panicked") {
                print(panic);
            }
        }));
    });
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().expect("it is a number"))
}

fn check(seed: u64, told: &Told) {
    let Told { findings, story, .. } = told;
    assert!(
        findings.is_empty(),
        "{story}\nfindings:\n{}\nagain: ANNALS_CHAOS_SEED={seed} cargo test --test chaos",
        findings.join("\n")
    );
}

#[test]
fn whatever_fails_what_callers_were_told_is_true() {
    hush();
    if let Some(seed) = number("ANNALS_CHAOS_SEED") {
        let told = play(seed, Twin::Sound, rates(seed));
        println!("{}", told.story);
        return check(seed, &told);
    }
    let mut counts: BTreeMap<&'static str, u64> = BTreeMap::new();
    for seed in 0..number("ANNALS_CHAOS_SEEDS").unwrap_or(SEEDS) {
        let told = play(seed, Twin::Sound, rates(seed));
        check(seed, &told);
        for (what, times) in told.counts {
            *counts.entry(what).or_default() += times;
        }
    }
    println!("{counts:?}");
    for what in [
        "reply",
        "rejection",
        "unknown",
        "not handled",
        "query",
        "erase",
        "event",
        "earlier state",
        "failed start",
    ] {
        assert!(counts.contains_key(what), "no story had a {what}: {counts:?}");
    }
}

/// One test per broken store: some story finds it.
macro_rules! finds {
    ($($test:ident: $twin:ident, $finding:literal;)+) => {
        $(#[test]
        fn $test() {
            hush();
            let found = (0..TWIN_SEEDS).find_map(|seed| {
                let findings = play(seed, Twin::$twin, rates(seed)).findings;
                (!findings.is_empty()).then_some((seed, findings))
            });
            let (seed, findings) = found.expect("no story finds it");
            println!("seed {seed}: {}", findings.join("\n"));
            assert!(findings.iter().any(|finding| finding.contains($finding)), "seed {seed}: {findings:?}");
        })+
    };
}

finds! {
    a_store_that_acknowledges_without_storing_is_found: AcknowledgesWithoutStoring, "(G1";
    a_store_that_acknowledges_early_is_found: AcknowledgesEarly, "(G1";
    a_store_that_loses_outcomes_is_found: LosesOutcomes, "(G6";
    a_store_that_tears_writes_is_found: TearsWrites, "(G1";
    a_store_that_does_not_fence_is_found: DoesNotFence, "(G";
    a_store_that_stores_repetitions_is_found: StoresRepetitions, "ran twice";
    a_store_that_reads_one_short_is_found: ReadsOneShort, "(G";
    a_store_that_does_not_erase_is_found: DoesNotErase, "nothing was erased";
    a_store_that_gives_old_states_is_found: GivesOldStates, "(G";
    a_store_that_finds_no_keys_is_found: FindsNoKeys, "(G6";
    a_store_that_hangs_is_found: Hangs, "for ever";
}
