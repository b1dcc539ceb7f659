//! How long a model test runs, and with what.

use std::ops::Range;

/// How much is drawn. The same options draw the same operations, on every backend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// One run per seed, each on a fresh store.
    pub seeds: Range<u64>,
    /// How many operations a run has.
    pub steps: usize,
    /// At most so many writes are sent at once; at least 1.
    pub group: u64,
    /// After how many operations everything that can be read is compared; at least 1. At the end of a run it
    /// is compared in any case.
    pub compare_every: usize,
}

impl Default for Options {
    /// 20 runs of 100 operations, groups of up to 12 writes, a comparison after every 10 operations.
    fn default() -> Self {
        Self { seeds: 1..21, steps: 100, group: 12, compare_every: 10 }
    }
}
