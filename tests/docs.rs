//! The documents say what is true: the README shows the counter as it is, every option is listed with the test
//! that shows what it does, and every link and test that the documents name exists.
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

/// But for the three lines that take the example's entity in.
#[test]
fn the_replay_laws_are_a_test_of_15_lines() {
    let test = read("testkit/tests/replay_laws.rs");
    let (entity, test) = test.split_once("mod account;\n").expect("the entity, then the test");
    assert_eq!(code_lines(entity), 2);
    let lines = code_lines(test);
    assert!(lines <= 15, "testkit/tests/replay_laws.rs has {lines} lines of code");
    assert!(read("README.md").contains(test.trim()), "README.md differs from testkit/tests/replay_laws.rs");
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
    assert!(lines <= 100, "README.md has {lines} lines");
}

#[test]
fn the_first_screen_of_the_readme_has_the_two_commands() {
    let readme = read("README.md");
    let screen: Vec<&str> = readme.lines().take(24).collect();
    for command in ["cargo run --release --example quickstart", "./scripts/test"] {
        assert!(screen.iter().any(|line| line.starts_with(command)), "{command} is not on the first screen");
    }
}

/// Every document, by its path.
fn documents() -> Vec<String> {
    let mut documents = vec!["README.md".to_owned(), "ARCHITECTURE.md".to_owned(), "CHANGELOG.md".to_owned()];
    for folder in ["docs", "docs/guide", "docs/adr"] {
        for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if name.ends_with(".md") {
                documents.push(format!("{folder}/{name}"));
            }
        }
    }
    documents
}

/// The anchors of a document's headings.
fn anchors(text: &str) -> Vec<String> {
    let anchor = |heading: &str| -> String {
        let kept = heading.trim().chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
    };
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings.map(|line| anchor(line.trim_start_matches('#'))).collect()
}

/// The text without its blocks of code.
fn prose(text: &str) -> String {
    text.split("```").step_by(2).collect()
}

#[test]
fn links_between_the_documents_lead_somewhere() {
    for document in documents() {
        let text = prose(&read(&document));
        let folder = Path::new(&document).parent().unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if target.starts_with("http") {
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let linked = if file.is_empty() { document.clone().into() } else { folder.join(file) };
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(&linked);
            assert!(path.exists(), "{document} links to {target}");
            if !anchor.is_empty() {
                let anchors = anchors(&prose(&fs::read_to_string(path).unwrap()));
                assert!(anchors.iter().any(|it| it == anchor), "{document} links to {target}");
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
    let sources = all_sources();
    let names = proofs(&read("docs/semantics.md"));
    assert!(names.len() > 30, "only {} proofs were found", names.len());
    let missing: Vec<&String> =
        names.iter().filter(|name| !sources.contains(&format!("fn {name}("))).collect();
    assert!(missing.is_empty(), "docs/semantics.md names tests that do not exist: {missing:#?}");
}

/// Every name in backticks in the rows of a table below a heading.
fn names_in_table(text: &str, heading: &str) -> Vec<String> {
    let section = text.split(&format!("\n# {heading}\n")).nth(1);
    let section = section.unwrap_or_else(|| panic!("there is no section {heading}"));
    let rows = section.split("\n# ").next().unwrap().lines().filter(|line| line.starts_with("| G"));
    rows.flat_map(|row| row.split('`').skip(1).step_by(2).map(str::to_owned)).collect()
}

#[test]
fn the_table_of_broken_engines_and_backends_has_all_of_them() {
    let mut listed = names_in_table(&read("docs/semantics.md"), "The suite of guarantees");
    let folder = "testkit/tests/guarantees";
    let tests = ["broken_engines.rs", "broken_backends.rs"].map(|file| read(&format!("{folder}/{file}")));
    // `a_test: ADefect => [`; with nothing in the list it is one that keeps the guarantees.
    let found = tests.iter().flat_map(|text| text.lines()).filter(|line| line.ends_with("=> ["));
    let mut found: Vec<String> =
        found.filter(|line| !line.contains('$')).map(|line| name(line.trim())).collect();
    listed.sort_unstable();
    found.sort_unstable();
    assert!(found.len() > 40, "only {} twins were found", found.len());
    assert_eq!(listed, found, "left: docs/semantics.md, right: {folder}");
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

/// The rows of a table below a heading of docs/configuration.md: each option, and the tests that it names.
fn options(configuration: &str, heading: &str) -> Vec<(String, Vec<String>)> {
    let section = configuration.split(&format!("\n## {heading}\n")).nth(1);
    let section = section.unwrap_or_else(|| panic!("docs/configuration.md has no section {heading}"));
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let mut names = row.split('`').skip(1).step_by(2).map(str::to_owned);
        (names.next().unwrap(), names.collect())
    })
    .collect()
}

/// What stands between the line that begins with `begin` and the next line `}`.
fn body<'a>(source: &'a str, begin: &str) -> impl Iterator<Item = &'a str> {
    source.lines().skip_while(move |line| !line.starts_with(begin)).skip(1).take_while(|line| *line != "}")
}

/// Up to the first character that no name has.
fn name(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

fn public_fields(source: &str, of: &str) -> Vec<String> {
    body(source, &format!("pub struct {of} {{"))
        .filter_map(|line| line.strip_prefix("    pub "))
        .map(name)
        .collect()
}

fn variants(source: &str, of: &str) -> Vec<String> {
    body(source, &format!("pub enum {of} {{"))
        .filter_map(|line| line.strip_prefix("    "))
        .filter(|line| line.starts_with(char::is_uppercase))
        .map(name)
        .collect()
}

fn public_functions(source: &str) -> Vec<String> {
    let lines = source.lines().map(str::trim_start);
    let behind = |line: &str| {
        ["pub fn ", "pub const fn ", "pub async fn "]
            .iter()
            .find_map(|start| line.strip_prefix(start))
            .map(name)
    };
    lines.filter_map(behind).collect()
}

#[test]
fn every_option_is_listed_with_a_test_that_exists() {
    let limits = read("src/vocabulary/limits.rs");
    let policy = read("src/entity/policy.rs");
    let listed = [
        ("Limits", public_fields(&limits, "Limits")),
        ("Snapshots", public_functions(&policy)),
        ("Definition", public_functions(&read("src/entity/definition.rs"))),
        ("RecoveryPolicy", variants(&policy, "RecoveryPolicy")),
        ("FailurePolicy", variants(&policy, "FailurePolicy")),
        ("NodeBuilder", public_functions(&read("src/runtime/builder.rs"))),
        ("SqliteOptions", public_functions(&read("storage-backends/sqlite/src/options.rs"))),
    ];
    let (configuration, sources) = (read("docs/configuration.md"), all_sources());
    let mut missing = Vec::new();
    for (heading, mut expected) in listed {
        assert!(expected.len() > 1, "only {expected:?} were found of {heading}");
        let options = options(&configuration, heading);
        let mut found: Vec<String> = options.iter().map(|(option, _)| option.clone()).collect();
        expected.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, expected, "the rows of {heading} in docs/configuration.md");
        for (option, tests) in options {
            assert!(!tests.is_empty(), "docs/configuration.md names no test for {heading}::{option}");
            missing.extend(tests.into_iter().filter(|test| !sources.contains(&format!("fn {test}("))));
        }
    }
    assert!(missing.is_empty(), "docs/configuration.md names tests that do not exist: {missing:#?}");
}

#[test]
fn the_guide_tells_of_every_limit() {
    let operations = read("docs/guide/operations.md");
    for field in public_fields(&read("src/vocabulary/limits.rs"), "Limits") {
        assert!(operations.contains(&format!("\n| `{field}` | ")), "docs/guide/operations.md lacks {field}");
    }
}

/// Everything in which a test can be.
fn all_sources() -> String {
    ["tests", "testkit", "macros", "storage-backends", "src", "examples"].map(all_rust).concat()
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
