//! What the callers were told, held against what is stored at that moment.

use super::witness::{Stored, Witness};
use annals::PersistenceId;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

/// The checks of one scenario. All clones are one.
#[derive(Clone)]
pub(crate) struct Book {
    witness: Witness,
    pages: Arc<Mutex<Pages>>,
}

#[derive(Default)]
struct Pages {
    /// What was found to be wrong.
    broken: Vec<String>,
    /// What came of commands, for comparing: by entity, key and the erasures around it.
    outcomes: BTreeMap<(PersistenceId, u64, Quiet), Told>,
    /// Erasures of an entity that were begun, and that were answered.
    erasures: BTreeMap<PersistenceId, (u64, u64)>,
    /// Commands without a key.
    unkeyed: BTreeSet<(PersistenceId, u64)>,
    /// Commands of which no attempt may have happened.
    unhandled: BTreeSet<(PersistenceId, u64)>,
    counts: BTreeMap<&'static str, u64>,
    /// What was said, for reading.
    story: Vec<String>,
}

/// What an answer tells.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Told {
    Reply(Vec<u64>),
    Rejection(Vec<u64>),
}

/// How many erasures there were, at a time when none was under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Quiet(u64);

/// A place among the writes of an entity.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    life: usize,
    writes: usize,
}

impl Book {
    pub(crate) fn new(witness: Witness) -> Self {
        Self { witness, pages: Arc::default() }
    }

    pub(crate) fn witness(&self) -> &Witness {
        &self.witness
    }

    pub(crate) fn broken(&self, what: impl fmt::Display) {
        self.pages().broken.push(what.to_string());
    }

    pub(crate) fn count(&self, what: &'static str) {
        *self.pages().counts.entry(what).or_default() += 1;
    }

    /// Writes down what happens, for those who read it.
    pub(crate) fn narrate(&self, what: impl fmt::Display) {
        self.pages().story.push(what.to_string());
    }

    pub(crate) fn story(&self) -> String {
        self.pages().story.join("\n")
    }

    pub(crate) fn findings(&self) -> Vec<String> {
        self.pages().broken.clone()
    }

    pub(crate) fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.pages().counts.clone()
    }

    /// No erasure is under way, or none since this many.
    pub(crate) fn quiet(&self, id: &PersistenceId) -> Option<Quiet> {
        let (begun, answered) = self.pages().erasures.get(id).copied().unwrap_or_default();
        (begun == answered).then_some(Quiet(begun))
    }

    pub(crate) fn erasure_begins(&self, id: &PersistenceId) -> usize {
        self.pages().erasures.entry(id.clone()).or_default().0 += 1;
        self.witness.lives(id).len()
    }

    pub(crate) fn erasure_ends(&self, id: &PersistenceId, lives_before: usize, done: bool) {
        self.pages().erasures.entry(id.clone()).or_default().1 += 1;
        if done && self.witness.lives(id).len() == lives_before {
            self.broken(format_args!("{id}: the erasure was acknowledged, and nothing was erased"));
        }
    }

    pub(crate) fn sends(&self, id: &PersistenceId, op: u64, keyed: bool) {
        let mut pages = self.pages();
        if !keyed {
            pages.unkeyed.insert((id.clone(), op));
        }
        pages.unhandled.insert((id.clone(), op));
    }

    /// An attempt may have happened.
    pub(crate) fn may_be_handled(&self, id: &PersistenceId, op: u64) {
        self.pages().unhandled.remove(&(id.clone(), op));
    }

    /// An answer to a query, or in a rejection: it must be what is stored after some write (G1, G5).
    pub(crate) fn answered(&self, id: &PersistenceId, seen: &[u64], what: &str) {
        let lives = self.witness.lives(id);
        let stored = |after: &[u64]| after == seen;
        if !seen.is_empty() && !lives.iter().flatten().any(|it| stored(&it.after)) {
            self.broken(format_args!(
                "{id}: {what} told of {seen:?}, which was never stored; {lives:?} was (G1)"
            ));
        }
    }

    /// How far the entity's writes reach now.
    pub(crate) fn mark(&self, id: &PersistenceId) -> Mark {
        let lives = self.witness.lives(id);
        Mark { life: lives.len() - 1, writes: lives.last().map_or(0, Vec::len) }
    }

    /// An answer to a query that was sent at this mark: it is what was stored then, or after a later write.
    pub(crate) fn seen(&self, id: &PersistenceId, seen: &[u64], since: Mark) {
        let lives = self.witness.lives(id);
        let mut later = lives.iter().enumerate().skip(since.life);
        let found = later.any(|(nr, life)| {
            let first = if nr == since.life { since.writes } else { 0 };
            let states = std::iter::once(&[][..]).chain(life.iter().map(|it| &it.after[..]));
            states.skip(first).any(|after| after == seen)
        });
        if !found {
            self.broken(format_args!(
                "{id}: a query told of {seen:?}; at {since:?} or later there was none of it: {lives:?} (G1)"
            ));
        }
    }

    /// An event was read: it is stored by that number (G1, G2).
    pub(crate) fn gave_event(&self, id: &PersistenceId, nr: u64, op: u64) {
        self.count("event");
        let lives = self.witness.lives(id);
        let mut events = lives.iter().filter_map(|life| life.last()).flat_map(|last| &last.after);
        if events.nth(nr as usize - 1) != Some(&op) {
            self.broken(format_args!("{id}: {op} was read as event {nr}, stored is {lives:?} (G1)"));
        }
    }

    /// An earlier state was read: it is what the events up to that number come to.
    pub(crate) fn gave_state(&self, id: &PersistenceId, at: u64, ops: &[u64]) {
        self.count("earlier state");
        let lives = self.witness.lives(id);
        let mut before = 0;
        let found = lives.iter().any(|life| {
            let all = life.last().map_or(&[][..], |last| &last.after);
            let mine = (at as usize).checked_sub(before).and_then(|nr| all.get(..nr));
            before += all.len();
            mine == Some(ops)
        });
        if !found {
            self.broken(format_args!(
                "{id}: the state at {at} was told as {ops:?}, stored is {lives:?} (G11)"
            ));
        }
    }

    /// A command that adds was acknowledged: it is stored, once, and the reply is the one of its write.
    pub(crate) fn acknowledged(&self, id: &PersistenceId, op: u64, reply: &[u64]) {
        let lives = self.witness.lives(id);
        let found = lives.iter().flatten().any(|it| it.op == Some(op) && it.after == reply);
        if !found {
            self.broken(format_args!(
                "{id}: {op} was acknowledged with {reply:?}, stored is {lives:?} (G1, G6)"
            ));
        }
    }

    /// Every answer to one key is the same, as long as nothing was erased (G6).
    pub(crate) fn keyed_outcome(&self, id: &PersistenceId, op: u64, told: Told, quiet: Option<Quiet>) {
        let Some(quiet) = quiet.filter(|quiet| self.quiet(id) == Some(*quiet)) else { return };
        let first = self.pages().outcomes.entry((id.clone(), op, quiet)).or_insert(told.clone()).clone();
        if first != told {
            self.broken(format_args!("{id}: key {op} was answered {first:?} and then {told:?} (G6)"));
        }
    }

    /// Where a command stands among all writes of an entity.
    pub(crate) fn place(&self, id: &PersistenceId, op: u64) -> Option<(usize, usize)> {
        let lives = self.witness.lives(id);
        let of = |life: &[Stored]| life.iter().position(|it| it.op == Some(op));
        lives.iter().enumerate().find_map(|(nr, life)| of(life).map(|place| (nr, place)))
    }

    /// What holds of all that is stored, at the end.
    pub(crate) fn close(&self, ids: &[PersistenceId]) {
        let (unkeyed, unhandled) = {
            let pages = self.pages();
            (pages.unkeyed.clone(), pages.unhandled.clone())
        };
        for id in ids {
            let lives = self.witness.lives(id);
            let mut ever: BTreeMap<u64, u32> = BTreeMap::new();
            for life in &lives {
                let mut here = BTreeSet::new();
                for op in life.iter().filter_map(|it| it.op) {
                    *ever.entry(op).or_default() += 1;
                    if !here.insert(op) {
                        self.broken(format_args!("{id}: {op} ran twice: {life:?} (G6)"));
                    }
                }
            }
            for (op, times) in ever {
                if times > 1 && unkeyed.contains(&(id.clone(), op)) {
                    self.broken(format_args!("{id}: {op} had no key and ran in two lives: {lives:?}"));
                }
                if unhandled.contains(&(id.clone(), op)) {
                    self.broken(format_args!(
                        "{id}: {op} was said not to be handled, and is stored: {lives:?}"
                    ));
                }
            }
        }
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap()
    }
}
