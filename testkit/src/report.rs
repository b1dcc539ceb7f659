//! What came of each case of a suite.

use std::fmt;

/// What came of one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// What is tested has the property.
    Passed,
    /// It does not, or the case could not find out: what the case said.
    Failed(String),
    /// It is not held to it: the reason.
    Exempt(&'static str),
}

/// One case and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseReport {
    /// Its group.
    pub group: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What came of it.
    pub verdict: Verdict,
}

/// What came of all cases, in the order in which they ran.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a report that nobody asks hides the failures: call `assert_passed`"]
pub struct Report {
    cases: Vec<CaseReport>,
}

impl Report {
    pub(crate) fn new(cases: Vec<CaseReport>) -> Self {
        Self { cases }
    }

    /// Every case with its verdict.
    pub fn cases(&self) -> &[CaseReport] {
        &self.cases
    }

    /// The names of the cases that failed, in the order in which they ran.
    pub fn failed(&self) -> Vec<&'static str> {
        let failed = self.cases.iter().filter(|case| matches!(case.verdict, Verdict::Failed(_)));
        failed.map(|case| case.name).collect()
    }

    /// Nothing, if every case passed or is exempt.
    ///
    /// # Panics
    /// With the whole report, if a case failed.
    pub fn assert_passed(&self) {
        assert!(self.failed().is_empty(), "cases of the suite failed\n{self}");
    }
}

impl fmt::Display for Report {
    /// One line per case, by group, and at the end the counts and once more what failed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut group = "";
        for case in &self.cases {
            if case.group != group {
                group = case.group;
                writeln!(f, "{group}")?;
            }
            match &case.verdict {
                Verdict::Passed => writeln!(f, "  passed  {}", case.name)?,
                Verdict::Failed(message) => writeln!(f, "  FAILED  {}: {message}", case.name)?,
                Verdict::Exempt(reason) => writeln!(f, "  exempt  {}: {reason}", case.name)?,
            }
        }
        let failed = self.failed();
        let exempt = self.cases.iter().filter(|case| matches!(case.verdict, Verdict::Exempt(_))).count();
        let passed = self.cases.len() - failed.len() - exempt;
        write!(f, "{passed} passed, {} failed, {exempt} exempt", failed.len())?;
        failed.iter().try_for_each(|name| write!(f, "\n  {name}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let case = |name, verdict| CaseReport { group: "journal", name, verdict };
        Report::new(vec![
            case("good", Verdict::Passed),
            case("bad", Verdict::Failed("it was 4".into())),
            case("beyond", Verdict::Exempt("no clock")),
        ])
    }

    #[test]
    fn a_report_says_what_came_of_each_case_and_repeats_what_failed() {
        let lines = [
            "journal",
            "  passed  good",
            "  FAILED  bad: it was 4",
            "  exempt  beyond: no clock",
            "1 passed, 1 failed, 1 exempt",
            "  bad",
        ];
        assert_eq!(report().to_string(), lines.join("\n"));
    }

    #[test]
    #[should_panic(expected = "FAILED  bad: it was 4")]
    fn a_failed_case_fails_the_assertion_and_is_named() {
        report().assert_passed();
    }
}
