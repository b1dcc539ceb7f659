//! What every storage backend must do: one case per property, every case on by default. This page is for the
//! author of a backend.
//!
//! # How to run it
//! Give a [`Harness`], which opens, reopens and damages stores of the backend, and call [`run`] from one test.
//! The [`Report`] lists every case by its name, with what a failed one said, and the reason of each
//! exemption. [`Report::assert_passed`] fails the test if a case failed.
//!
//! ```
//! use annals_memory::MemoryStorage;
//! use annals_testkit::conformance::{self, Damage, Harness};
//!
//! struct Memory;
//!
//! impl Harness for Memory {
//!     type Store = MemoryStorage;
//!
//!     async fn open(&self) -> MemoryStorage {
//!         MemoryStorage::new()
//!     }
//!     async fn reopen(&self, store: MemoryStorage) -> MemoryStorage {
//!         store
//!     }
//!     async fn damage(&self, store: MemoryStorage, damage: Damage) -> MemoryStorage {
//!         match damage {
//!             Damage::Event { id, sequence_nr, harm } => {
//!                 store.tamper_with_event(&id, sequence_nr, |payload| harm.to(payload))
//!             }
//!             Damage::Snapshot { id, sequence_nr, harm } => {
//!                 store.tamper_with_snapshot(&id, sequence_nr, |payload| harm.to(payload))
//!             }
//!             Damage::State { id, harm } => store.tamper_with_state(&id, |payload| harm.to(payload)),
//!         };
//!         store
//!     }
//! }
//!
//! # tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(async {
//! let report = conformance::run_only(&Memory, &["journal_read_from_three_gives_the_rest"]).await;
//! report.assert_passed();
//! # });
//! ```
//!
//! In a test of your own this is `conformance::run(&Memory)`; [`run_only`] is for work on single cases, whose
//! names [`cases`] gives.
//!
//! The suite needs a tokio runtime with its clock enabled and not paused, and is faster on one with several
//! threads. Each case gets a fresh store and has 120 s.
//!
//! # What the harness owes
//! - [`open`](Harness::open) gives an empty store, also while stores of earlier cases still exist.
//! - [`reopen`](Harness::reopen) really closes: a store that lives in this process only may be given back as it
//!   is, anything else has to come from its medium again.
//! - [`crash`](Harness::crash) should end the store as a crash would: without a close, as a copy of its files
//!   at that moment, or by cutting its connection. By default it reopens, and then the cases about crashes say no
//!   more than those about reopening.
//! - [`damage`](Harness::damage) changes a stored row, and neither its checksum nor anything else. It must find
//!   the row: a harness that damages nothing passes no case about damage.
//!
//! # What the cases are about
//! Reading, deleting and appending; groups, write numbers and repetitions; epochs and fencing; outcomes; ids and
//! payloads; feed positions; damage; snapshots; states; extents, erasing and names; numbers beyond what a signed
//! one holds; crashes; races on threads of their own; and long histories. Each case fails for at least one
//! deliberately broken backend (`testkit/tests`). What a port leaves to the backend is not asked.
//!
//! # When a case fails
//! Read the documentation of the port in [`annals::storage`]: the case's name is the property, and its message
//! says what was found. If a backend cannot do something by its nature, its harness declares an
//! [`Exemption`] with the reason, which every report prints; one that names no case fails.
//!
//! When all cases pass, let [`model`](crate::model) look for what no case is about.

pub(crate) mod case;
mod cases;
mod check;
pub(crate) mod harness;
pub(crate) mod kit;
pub(crate) mod store;
mod threads;

pub use crate::report::{CaseReport, Report, Verdict};
pub(crate) use harness::Opened;
pub use harness::{Damage, Exemption, Harm, Harness};
pub(crate) use store::StoreUnderTest;

use case::Case;

/// The group and the name of every case, in the order in which they run.
pub fn cases() -> Vec<(&'static str, &'static str)> {
    cases::all().iter().map(|case| (case.group, case.name)).collect()
}

/// Runs every case that the harness does not exempt. A failed case does not hide the others.
pub async fn run<H: Harness>(harness: &H) -> Report {
    run_where(harness, |_| true).await
}

/// Runs the cases of these names only, for work on one of them.
///
/// # Panics
/// When there is no case of such a name.
pub async fn run_only<H: Harness>(harness: &H, names: &[&str]) -> Report {
    let known = cases();
    for name in names {
        assert!(known.iter().any(|(_, case)| case == name), "there is no case {name}");
    }
    run_where(harness, |case| names.contains(&case.name)).await
}

async fn run_where<H: Harness>(harness: &H, selects: impl Fn(&Case) -> bool) -> Report {
    let exemptions = harness.exemptions();
    let all = cases::all();
    let mut reports = Vec::new();
    for exemption in &exemptions {
        if !all.iter().any(|case| case.name == exemption.case) {
            let verdict = Verdict::Failed("an exemption names it, but there is no such case".into());
            reports.push(CaseReport { group: "exemptions", name: exemption.case, verdict });
        }
    }
    for case in all.iter().filter(|case| selects(case)) {
        let verdict = match exemptions.iter().find(|exemption| exemption.case == case.name) {
            Some(exemption) => Verdict::Exempt(exemption.reason),
            None => case.verdict(Opened::open(harness)).await,
        };
        reports.push(CaseReport { group: case.group, name: case.name, verdict });
    }
    Report::new(reports)
}
