//! A law that does not hold, with the case that shows it.

use std::fmt;

/// What holds for every entity. See the [module](super).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Law {
    /// The state in memory equals the state that the journal gives.
    Replay,
    /// A snapshot and the events behind it give the same state.
    Snapshot,
    /// Everything survives each codec.
    Codec,
    /// A crash leaves a prefix with every acknowledged command.
    Crash,
    /// A repeated key changes nothing and gives the first outcome.
    Key,
    /// Every storage gives the same.
    Storage,
    /// Older versions mean the same.
    Upcasting,
}

impl fmt::Display for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Replay => "live state equals replayed state",
            Self::Snapshot => "snapshot and tail equal the full replay",
            Self::Codec => "everything survives each codec",
            Self::Crash => "a crash leaves a prefix with every acknowledged command",
            Self::Key => "a repeated key changes nothing and gives the first outcome",
            Self::Storage => "every storage gives the same",
            Self::Upcasting => "older versions mean the same",
        })
    }
}

/// Why a law does not hold in a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Breach {
    pub(super) law: Law,
    pub(super) what: String,
}

impl Law {
    pub(super) fn broken(self, what: impl Into<String>) -> Breach {
        Breach { law: self, what: what.into() }
    }
}

/// A law that does not hold, with the shortest case found that shows it.
#[derive(Debug, Clone)]
pub struct Broken {
    /// Which law.
    pub law: Law,
    /// What was expected, and what was found.
    pub what: String,
    /// The steps of the case, as they read.
    pub steps: Vec<String>,
    /// What draws the case, before it was shrunk.
    pub seed: u64,
    entity_type: &'static str,
    plan: String,
}

impl Broken {
    pub(super) fn new(
        breach: Breach,
        steps: Vec<String>,
        plan: String,
        seed: u64,
        entity_type: &'static str,
    ) -> Self {
        let Breach { law, what } = breach;
        Self { law, what, steps, seed, entity_type, plan }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} breaks the law that {}:", self.entity_type, self.law)?;
        writeln!(f, "{}", self.what)?;
        match self.steps.len() {
            0 => writeln!(f, "without any command")?,
            _ => writeln!(f, "after these steps:")?,
        }
        for (nr, step) in (1..).zip(&self.steps) {
            writeln!(f, "  {nr}. {step}")?;
        }
        writeln!(f, "drawn with it: {}", self.plan)?;
        write!(f, "the case is drawn again by ANNALS_SEED={:#x}", self.seed)
    }
}

impl std::error::Error for Broken {}
