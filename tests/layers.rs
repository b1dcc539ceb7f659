//! The structure that ARCHITECTURE.md draws: imports in `src` point down the layers, and no file outgrows a
//! reader.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

/// What each module of `src` may import, beside itself.
const LAYERS: &[(&str, &[&str])] = &[
    ("vocabulary", &[]),
    ("storage", &["vocabulary"]),
    ("entity", &["storage", "vocabulary"]),
    ("client", &["entity", "storage", "vocabulary"]),
    ("engine", &["entity", "storage", "vocabulary"]),
    ("runtime", &["engine", "entity", "storage", "vocabulary"]),
];

fn rust_files(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// The modules that a file names behind `crate::`.
fn imported(text: &str) -> impl Iterator<Item = &str> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    code.flat_map(|line| line.split("crate::").skip(1)).filter_map(|rest| {
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        let name = &rest[..end];
        name.starts_with(|c: char| c.is_lowercase()).then_some(name)
    })
}

fn violations(module: &str, text: &str) -> Vec<String> {
    let (_, below) =
        LAYERS.iter().find(|(name, _)| *name == module).expect("every module has its layer here");
    imported(text).filter(|name| *name != module && !below.contains(name)).map(str::to_owned).collect()
}

#[test]
fn imports_point_down_the_layers() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for file in rust_files(&src).into_iter().filter(|file| file.parent() != Some(&src)) {
        let module = file.strip_prefix(&src).unwrap().iter().next().unwrap().to_str().unwrap().to_owned();
        let found = violations(&module, &fs::read_to_string(&file).unwrap());
        assert!(found.is_empty(), "{} imports {found:?}", file.display());
    }
}

#[test]
fn an_import_that_points_up_or_sideways_is_found() {
    assert_eq!(violations("storage", "use crate::entity::Effect;"), ["entity"]);
    assert_eq!(violations("client", "let x = crate::engine::run();"), ["engine"]);
    assert_eq!(violations("engine", "/// See more\nfn f(node: &crate::runtime::Node) {}"), ["runtime"]);
    assert!(violations("runtime", "use crate::engine::Kind;").is_empty());
}

/// What a program that uses the crate builds with, in the text of its manifest.
fn dependencies(manifest: &str) -> &str {
    let from = manifest.find("\n[dependencies]").expect("a crate has dependencies");
    let rest = &manifest[from + 1..];
    &rest[..rest.find("\n[").unwrap_or(rest.len())]
}

#[test]
fn the_testkit_adds_nothing_to_a_program() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for library in [".", "macros", "storage-backends/memory", "storage-backends/sqlite"] {
        let manifest = fs::read_to_string(root.join(library).join("Cargo.toml")).unwrap();
        let built = dependencies(&manifest);
        for kit in ["annals-testkit", "proptest", "libfuzzer"] {
            assert!(!built.contains(kit), "{library} is built with {kit}");
        }
    }
    let of_tests = dependencies(&fs::read_to_string(root.join("testkit/Cargo.toml")).unwrap()).to_owned();
    assert!(of_tests.contains("proptest"), "the look at the manifests finds nothing");
}

#[test]
fn every_file_says_what_it_owns_and_stays_readable() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let libraries = [
        "src",
        "macros/src",
        "storage-backends/memory/src",
        "storage-backends/sqlite/src",
        "testkit/src",
        "fuzz/src",
    ];
    for file in libraries.iter().flat_map(|library| rust_files(&root.join(library))) {
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.starts_with("//!"), "{} does not say what it owns", file.display());
        let code = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with("//");
        let lines = text.split("#[cfg(test)]\nmod tests").next().unwrap().lines().filter(code).count();
        assert!(lines <= 400, "{} has {lines} lines of code", file.display());
    }
}
