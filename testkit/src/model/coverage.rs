//! Which transitions a test went through, and how often.

use super::reference::Entity;
use annals::Revision;
use annals::SequenceNr;
use std::collections::BTreeMap;
use std::fmt;

/// An operation, what was there before it, and the kind of its answer.
pub type Transition = (&'static str, &'static str, &'static str);

/// How often each transition was taken: what was done, to what, with which answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    taken: BTreeMap<Transition, u64>,
    runs: u64,
}

impl Coverage {
    pub(super) fn count(&mut self, operation: &'static str, before: &'static str, answer: &'static str) {
        *self.taken.entry((operation, before, answer)).or_default() += 1;
    }

    pub(super) fn add(&mut self, other: Self) {
        for (transition, times) in other.taken {
            *self.taken.entry(transition).or_default() += times;
        }
        self.runs += other.runs;
    }

    pub(super) fn of_one_run() -> Self {
        Self { taken: BTreeMap::new(), runs: 1 }
    }

    /// Every transition that was taken, and how often.
    pub fn transitions(&self) -> impl Iterator<Item = (Transition, u64)> + '_ {
        self.taken.iter().map(|(transition, times)| (*transition, *times))
    }

    /// How often one was taken.
    pub fn times(&self, transition: Transition) -> u64 {
        self.taken.get(&transition).copied().unwrap_or(0)
    }

    /// Nothing, if each of [`expected`](super::expected) was taken at least `times` times.
    ///
    /// # Panics
    /// With the transitions that were not, and the whole table.
    pub fn assert_covers(&self, times: u64) {
        let missing: Vec<String> = super::expected()
            .into_iter()
            .filter(|transition| self.times(*transition) < times)
            .map(|transition| format!("{transition:?}: {}", self.times(transition)))
            .collect();
        assert!(missing.is_empty(), "taken less than {times} times:\n{}\n{self}", missing.join("\n"));
    }
}

impl fmt::Display for Coverage {
    /// One line per operation and state before it: its answers, and how often each was given.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: u64 = self.taken.values().sum();
        write!(f, "{} runs, {all} operations, {} kinds of transitions", self.runs, self.taken.len())?;
        let mut line = ("", "");
        for ((operation, before, answer), times) in &self.taken {
            if line != (*operation, *before) {
                line = (operation, before);
                write!(f, "\n  {operation:<16} {before:<16}")?;
            }
            write!(f, " {answer}: {times},")?;
        }
        Ok(())
    }
}

/// What there is of the history of an entity.
pub(super) fn history_of(entity: &Entity) -> &'static str {
    let extent = entity.history.extent();
    match () {
        () if extent.highest == SequenceNr::ZERO => "no events",
        () if extent.erased_to == extent.highest => "erased",
        () if extent.deleted_to == extent.highest => "all deleted",
        () if extent.erased_to > SequenceNr::ZERO => "after an erase",
        () if extent.deleted_to > SequenceNr::ZERO => "some deleted",
        () => "events",
    }
}

/// What there is of the state of an entity.
pub(super) fn state_of(entity: &Entity) -> &'static str {
    match (entity.state.revision(), entity.state.is_saved()) {
        (Revision::ZERO, _) => "no state",
        (_, true) => "state",
        (_, false) => "deleted state",
    }
}
