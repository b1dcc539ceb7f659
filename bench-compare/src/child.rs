//! Running a part in a process of its own, so that its memory is its own.

use crate::{footprint, observed, recovery};
use std::process::{Command, Stdio};

const FLAG: &str = "--child";

/// What a child is told to do, and does in its own process.
pub(crate) fn run(arguments: &[String]) -> bool {
    let Some((FLAG, rest)) = arguments.split_first().map(|(first, rest)| (first.as_str(), rest)) else {
        return false;
    };
    let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
    let figures =
        footprint::child(&rest).or_else(|| recovery::child(&rest)).or_else(|| observed::child(&rest));
    let figures = figures.expect("a child knows its part");
    let figures: Vec<String> = figures.iter().map(f64::to_string).collect();
    println!("{}", figures.join(" "));
    true
}

/// Lets a child do a part; gives the figures that it found.
pub(crate) fn ask(part: &[&str]) -> Vec<f64> {
    let program = std::env::current_exe().expect("the program has a path");
    let output = Command::new(program).arg(FLAG).args(part).stderr(Stdio::inherit()).output();
    let output = output.expect("a child starts");
    assert!(output.status.success(), "the child {part:?} failed: {}", output.status);
    let text = String::from_utf8(output.stdout).expect("a child prints text");
    text.split_whitespace().map(|figure| figure.parse().expect("a child prints numbers")).collect()
}
