//! What every storage backend must do: one case per property, every case on by default.
//!
//! A backend gives a [`Harness`] and runs the suite from one test:
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
//! The suite needs a tokio runtime with its clock enabled and not paused. Each case gets a fresh store.

mod case;
mod cases;
mod check;
mod harness;
mod kit;
mod store;
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
