//! What an engine guarantees to its callers, whatever fails below it: one case per facet of a guarantee of
//! `docs/semantics.md`.
//!
//! It is the last proof of a storage backend: with the [`Harness`] of the [conformance](crate::conformance) suite
//! it runs the real engine, a [`NodeEngine`], over the backend.
//!
//! ```
//! use annals_testkit::guarantees::{self, NodeEngine};
//! # use annals_memory::MemoryStorage;
//! # use annals_testkit::conformance::{Damage, Harness};
//! # struct Memory;
//! # impl Harness for Memory {
//! #     type Store = MemoryStorage;
//! #     async fn open(&self) -> MemoryStorage { MemoryStorage::new() }
//! #     async fn reopen(&self, store: MemoryStorage) -> MemoryStorage { store }
//! #     async fn damage(&self, store: MemoryStorage, _: Damage) -> MemoryStorage { store }
//! # }
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! let report = guarantees::run_only(&NodeEngine, &Memory, &["reply_waits_for_its_write"]).await;
//! report.assert_passed();
//! # });
//! ```
//!
//! Any other [`Engine`] that hosts the suite's [`Account`] can be held to it too: so it is known which cases a
//! broken engine fails.
//!
//! The suite needs a current-thread tokio runtime with its clock enabled. Where the storage answers on the same
//! thread (memory) the clock may be paused: then every wait takes no time, and what hangs is found at once. Where
//! it has threads of its own (SQLite) it must not be. No backend is exempt from a guarantee, so
//! [`Harness::exemptions`] is not asked.

mod account;
mod case;
mod cases;
mod engine;
mod life;
mod node;
mod ports;
mod sent;
mod tap;
mod world;

pub use account::{Account, AccountEvent, Command, Decision, Overdrawn, Query, Said, Then};
pub use engine::{Answer, Engine, EventsBehind, Running, Settings, SnapshotRule};
pub use node::NodeEngine;

use crate::conformance::{Harness, Opened};
use crate::report::{CaseReport, Report};
use case::Case;

/// The group and the name of every case, in the order in which they run.
pub fn cases() -> Vec<(&'static str, &'static str)> {
    cases::all().iter().map(|case| (case.group, case.name)).collect()
}

/// Runs every case, each on a fresh store. A failed case does not hide the others.
pub async fn run<H: Harness>(engine: &dyn Engine, harness: &H) -> Report {
    run_where(engine, harness, |_| true).await
}

/// Runs the cases of these names only, for work on one of them.
///
/// # Panics
/// When there is no case of such a name.
pub async fn run_only<H: Harness>(engine: &dyn Engine, harness: &H, names: &[&str]) -> Report {
    let known = cases();
    for name in names {
        assert!(known.iter().any(|(_, case)| case == name), "there is no case {name}");
    }
    run_where(engine, harness, |case| names.contains(&case.name)).await
}

async fn run_where<H: Harness>(engine: &dyn Engine, harness: &H, selects: impl Fn(&Case) -> bool) -> Report {
    let mut reports = Vec::new();
    for case in cases::all().iter().filter(|case| selects(case)) {
        let verdict = case.verdict(engine, Opened::open(harness)).await;
        reports.push(CaseReport { group: case.group, name: case.name, verdict });
    }
    Report::new(reports)
}
