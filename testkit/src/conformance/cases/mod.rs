//! The cases, one file per subject.

mod journal_read;

use super::case::Case;

/// Every case, in the order in which they run.
pub(super) fn all() -> Vec<Case> {
    let groups = [journal_read::cases()];
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
