//! The cases, one file per guarantee.

mod acknowledged;
mod atomic;
mod fenced;
mod keys;
mod keys_kept;
mod memory;
mod numbers;
mod order;
mod panics;
mod recovery;
mod recovery_damage;
mod snapshot_retention;
mod snapshots;

use super::case::Case;

/// Every case, in the order in which they run.
pub(super) fn all() -> Vec<Case> {
    let groups = [
        acknowledged::cases(),
        numbers::cases(),
        fenced::cases(),
        memory::cases(),
        panics::cases(),
        atomic::cases(),
        keys::cases(),
        keys_kept::cases(),
        order::cases(),
        recovery::cases(),
        recovery_damage::cases(),
        snapshots::cases(),
        snapshot_retention::cases(),
    ];
    groups.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::all;
    use std::collections::BTreeSet;

    #[test]
    fn no_two_cases_have_one_name() {
        let names: BTreeSet<&str> = all().iter().map(|case| case.name).collect();
        assert_eq!(names.len(), all().len());
    }
}
