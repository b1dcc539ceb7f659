//! The cases, one file per subject.

mod activation;
mod append;
mod crash;
mod damage;
mod epochs;
mod erase;
mod erase_long;
mod extent;
mod fencing;
mod group;
mod history;
mod ids;
mod journal_delete;
mod journal_read;
mod manifests;
mod numbers;
mod outcome_read;
mod outcomes;
mod payloads;
mod positions;
mod race_epochs;
mod race_outcomes;
mod race_reads;
mod snapshot_delete;
mod snapshots;
mod state;
mod state_model;

use super::case::Case;

/// Every case, in the order in which they run.
pub(super) fn all() -> Vec<Case> {
    let groups = [
        journal_read::cases(),
        journal_delete::cases(),
        append::cases(),
        group::cases(),
        activation::cases(),
        epochs::cases(),
        fencing::cases(),
        outcomes::cases(),
        outcome_read::cases(),
        ids::cases(),
        payloads::cases(),
        positions::cases(),
        damage::cases(),
        snapshots::cases(),
        snapshot_delete::cases(),
        state::cases(),
        state_model::cases(),
        extent::cases(),
        erase::cases(),
        manifests::cases(),
        numbers::cases(),
        crash::cases(),
        race_epochs::cases(),
        race_reads::cases(),
        race_outcomes::cases(),
        history::cases(),
        erase_long::cases(),
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
