//! A run that went wrong: what differed, and the fewest operations that still show it.

use super::op::Op;
use std::fmt;

/// A store that does not behave as the reference does.
#[derive(Debug, Clone)]
pub struct Failure {
    pub(super) seed: u64,
    pub(super) steps: usize,
    /// What is left of the operations: without any one of them nothing goes wrong.
    pub(super) ops: Vec<Op>,
    pub(super) difference: String,
}

impl Failure {
    /// The seed of the run; the same seed and options give the same run.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// How many operations are left of the run: without any one of them nothing goes wrong.
    pub fn operations(&self) -> usize {
        self.ops.len()
    }

    /// What differs.
    pub fn difference(&self) -> &str {
        &self.difference
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, steps, ops, difference } = self;
        writeln!(f, "seed {seed}: {difference}")?;
        writeln!(f, "{} of its {steps} operations show it:", ops.len())?;
        for (number, op) in (1..).zip(ops) {
            writeln!(f, "  {number}. {op:?}")?;
        }
        write!(f, "to replay it: the same options with `seeds: {seed}..{}`", seed + 1)
    }
}
