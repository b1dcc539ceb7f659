//! A failing case comes back from its seed.

use crate::caught::caught;
use crate::stored::lost_outcomes;
use annals_testkit::laws::{Broken, Law};
use std::process::Command;

fn found(seed: u64) -> Result<(), Broken> {
    lost_outcomes().seed(seed).try_check()
}

#[test]
fn a_seed_draws_the_same_case_each_time() {
    let first = lost_outcomes().try_check().unwrap_err();
    let again = found(first.seed).unwrap_err();
    assert_eq!(first.to_string(), again.to_string());
    assert_eq!((first.law, first.steps, first.seed), (again.law, again.steps, again.seed));
}

#[test]
fn a_seed_draws_one_case() {
    let sound = (0..).find(|seed| found(*seed).is_ok());
    assert!(found(sound.unwrap()).is_ok());
}

/// What a user's test looks like when the environment has a seed.
#[test]
fn what_the_environment_draws() {
    if std::env::var_os("LAWS_IN_A_CHILD").is_some() {
        lost_outcomes().check();
    }
}

fn with_environment(seed: &str) -> String {
    let mut test = Command::new(std::env::current_exe().unwrap());
    test.args(["--exact", "seeds::what_the_environment_draws"]);
    let output = test.env("LAWS_IN_A_CHILD", "1").env("ANNALS_SEED", seed).output().unwrap();
    assert!(!output.status.success(), "nothing was found with {seed}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn the_seed_of_the_environment_draws_the_case_again() {
    let first = lost_outcomes().try_check();
    let first = caught(first, Law::Key, 1);
    for seed in [format!("{:#x}", first.seed), first.seed.to_string()] {
        let text = with_environment(&seed);
        assert!(text.contains(&first.to_string()), "{text}");
    }
}

#[test]
fn a_seed_that_is_none_is_refused() {
    for seed in ["lucky", "0xlucky", "", "-1"] {
        let text = with_environment(seed);
        assert!(text.contains(&format!("ANNALS_SEED is {seed:?}, and that is no seed")), "{text}");
    }
}
