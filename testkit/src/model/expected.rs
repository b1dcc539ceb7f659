//! The transitions that a model test is expected to go through: enough runs take each of them on every backend.

use super::Transition;

const HISTORIES: [&str; 6] =
    ["no events", "events", "some deleted", "all deleted", "erased", "after an erase"];
const STATES: [&str; 3] = ["no state", "state", "deleted state"];

/// Every one of them.
pub fn expected() -> Vec<Transition> {
    let mut all = Vec::new();
    let mut each = |operations: &[&'static str], befores: &[&'static str], answers: &[&'static str]| {
        for operation in operations {
            for before in befores {
                all.extend(answers.iter().map(|answer| (*operation, *before, *answer)));
            }
        }
    };
    let journal = ["write events", "write, keyed", "write nothing", "keep outcome"];
    let state = ["save state", "delete state", "keep state"];
    each(&journal, &HISTORIES, &["stored", "fenced", "sequence number", "write number"]);
    each(&journal[..2], &HISTORIES[1..4], &["repeated", "earlier, repeated"]);
    each(&journal[..2], &["after an erase"], &["repeated", "earlier, repeated"]);
    each(&journal[..2], &["erased"], &["earlier, repeated"]);
    each(&journal[2..], &HISTORIES[1..3], &["repeated"]);
    each(&journal[..2], &HISTORIES[..4], &["unsupported"]);
    each(&["write events"], &["events"], &["too large"]);
    each(&state, &STATES, &["stored", "fenced", "revision", "write number", "unsupported"]);
    each(&state, &STATES[1..], &["repeated", "earlier, repeated"]);
    each(&["save state"], &["state"], &["too large"]);
    each(&["delete", "erase"], &HISTORIES, &["done", "fenced"]);
    each(&["erase"], &STATES, &["done", "fenced"]);
    each(&["save snapshot"], &HISTORIES, &["fenced", "sequence number"]);
    each(&["save snapshot"], &["events", "some deleted", "all deleted", "after an erase"], &["done"]);
    each(&["load snapshot", "list snapshots"], &HISTORIES, &["none"]);
    each(
        &["load snapshot", "list snapshots"],
        &["events", "some deleted", "all deleted", "after an erase"],
        &["found"],
    );
    each(&["delete snapshots"], &HISTORIES, &["done"]);
    each(&["delete snapshots"], &["events", "some deleted", "after an erase"], &["fenced"]);
    each(&["read"], &HISTORIES, &["nothing"]);
    each(&["read"], &["events", "some deleted", "all deleted", "after an erase"], &["entries"]);
    each(&["outcomes"], &HISTORIES, &["none"]);
    each(&["outcomes"], &["events", "some deleted", "all deleted", "after an erase"], &["found"]);
    each(&["extent", "manifests"], &HISTORIES, &["known"]);
    each(&["load state"], &STATES, &["known"]);
    each(&["raise epochs"], &["one shard", "several shards"], &["done", "fenced", "above all"]);
    each(&["append, crash"], &HISTORIES[..3], &["all stored"]);
    each(&["reopen", "crash"], &[""], &["done"]);
    all
}
