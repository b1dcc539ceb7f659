//! The documents say what is true: the README shows the counter as it is, and every link and test that the
//! documents name exists.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path))
        .unwrap_or_else(|e| panic!("{path}: {e}"))
}

#[test]
fn the_readme_shows_the_counter_as_it_is() {
    let counter = read("examples/counter.rs");
    let program = counter.split_once("\n\n").expect("a header, then the program").1;
    assert!(read("README.md").contains(program), "README.md differs from examples/counter.rs");
}

/// The lines of code: not blank, and no comment.
fn code_lines(source: &str) -> usize {
    source.lines().filter(|line| !line.trim().is_empty() && !line.trim().starts_with("//")).count()
}

#[test]
fn the_counter_is_a_program_of_25_lines() {
    let lines = code_lines(&read("examples/counter.rs"));
    assert!(lines <= 25, "examples/counter.rs has {lines} lines of code");
}

#[test]
fn the_readme_shows_the_bank_as_it_is() {
    let readme = read("README.md");
    let excerpt = readme.split("```rust,ignore\n").nth(1).expect("an excerpt of examples/bank.rs");
    let excerpt = excerpt.split("```").next().unwrap();
    let bank: String =
        read("examples/bank.rs").lines().map(|line| format!("{}\n", line.trim_start())).collect();
    let shown: String = excerpt.lines().map(|line| format!("{}\n", line.trim_start())).collect();
    assert!(!shown.is_empty() && bank.contains(&shown), "README.md differs from examples/bank.rs");
}

#[test]
fn the_readme_is_short() {
    let lines = read("README.md").lines().count();
    assert!(lines <= 75, "README.md has {lines} lines");
}

#[test]
fn the_first_screen_of_the_readme_has_the_two_commands() {
    let readme = read("README.md");
    let screen: Vec<&str> = readme.lines().take(24).collect();
    for command in ["cargo run --release --example quickstart", "./scripts/test"] {
        assert!(screen.iter().any(|line| line.starts_with(command)), "{command} is not on the first screen");
    }
}

#[test]
fn links_between_the_documents_lead_somewhere() {
    for document in ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "docs/semantics.md"] {
        let text = read(document);
        let folder = Path::new(document).parent().unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if !target.starts_with("http") {
                let file = target.split('#').next().unwrap();
                let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).join(file);
                assert!(path.exists(), "{document} links to {target}");
            }
        }
    }
}

/// Every name in backticks behind "proven by" in a paragraph of docs/semantics.md.
fn proofs(semantics: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (_, proof) in semantics.split("\n\n").filter_map(|paragraph| paragraph.split_once(", proven by")) {
        names.extend(proof.split('`').skip(1).step_by(2).map(str::to_owned));
    }
    names
}

#[test]
fn every_test_that_proves_a_guarantee_exists() {
    let sources: String = ["tests", "testkit", "storage-backends", "src", "examples"].map(all_rust).concat();
    let names = proofs(&read("docs/semantics.md"));
    assert!(names.len() > 30, "only {} proofs were found", names.len());
    for name in names {
        assert!(
            sources.contains(&format!("fn {name}(")),
            "docs/semantics.md names {name}, which does not exist"
        );
    }
}

#[test]
fn every_guarantee_is_marked() {
    let semantics = read("docs/semantics.md");
    for number in 1..=16 {
        let heading = format!("## G{number} ");
        let section = semantics.split(&heading).nth(1).unwrap_or_else(|| panic!("{heading}is missing"));
        let section = section.split("\n## ").next().unwrap();
        let marks = ["*Holds*, proven by", "*Holds on one node*, proven by", "*Not yet*"];
        assert!(marks.iter().any(|mark| section.contains(mark)), "G{number} is not marked");
    }
}

fn all_rust(folder: &str) -> String {
    let mut text = String::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                text.push_str(&fs::read_to_string(path).unwrap());
            }
        }
    }
    text
}
