//! What is to happen: rules of the test, then the draw; and what has happened.

use super::mutation::Mutation;
use super::ports::Ports;
use super::rates::{Draw, Drawn};
use super::{Arrival, Fault, Hold, Match, Operation, Rates, Record};
use annals::storage::StorageError;
use annals::{Epoch, PersistenceId, SequenceNr, ShardId, Timestamp};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The script of a [`FaultStorage`](super::FaultStorage): which calls meet which fault. All clones are one.
///
/// A call meets at most one fault of time ([`Fault::Delay`], [`Fault::Yield`]) and one other; of several that are
/// due, the one that was scripted first, and a drawn one only if none is. What is due and not met stays
/// due for the next call. A call that is [held](Self::hold) meets what is scripted when it is released.
#[derive(Clone)]
pub struct Faults(Arc<Shared>);

struct Shared {
    ports: Arc<Ports>,
    crashed: AtomicBool,
    script: Mutex<Script>,
}

#[derive(Default)]
struct Script {
    rules: Vec<Rule>,
    holds: Vec<Hold>,
    draw: Option<Draw>,
    calls: Vec<Record>,
    late: Vec<Mutation>,
    seen: Seen,
}

/// Earlier answers, for stale ones.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) epochs: BTreeMap<ShardId, Epoch>,
    pub(super) snapshots: BTreeMap<PersistenceId, Vec<(SequenceNr, Timestamp)>>,
}

struct Rule {
    matches: Match,
    fault: Fault,
    due: Due,
}

enum Due {
    /// Once, after so many more calls.
    After(u64),
    Always,
}

/// A call on its way.
pub(super) struct Call {
    operation: Operation,
    ids: Vec<PersistenceId>,
    /// Its place among the records.
    index: usize,
    holds: Vec<Hold>,
}

/// What a call meets.
#[derive(Default)]
pub(super) struct Met {
    pub(super) timing: Option<Fault>,
    pub(super) other: Option<Fault>,
    /// What arrives before it.
    pub(super) arrives: bool,
}

impl Faults {
    pub(super) fn new(ports: Arc<Ports>) -> Self {
        Self(Arc::new(Shared { ports, crashed: AtomicBool::new(false), script: Mutex::default() }))
    }

    /// The next call that matches meets this.
    ///
    /// # Panics
    /// When the fault does not [fit](Fault::fits) the operation.
    pub fn next(&self, calls: impl Into<Match>, fault: Fault) {
        self.nth(1, calls, fault);
    }

    /// The `n`-th call that matches from now on, counted from 1, meets this.
    ///
    /// # Panics
    /// When the fault does not [fit](Fault::fits) the operation.
    pub fn nth(&self, n: u64, calls: impl Into<Match>, fault: Fault) {
        self.add(calls.into(), fault, Due::After(n.saturating_sub(1)));
    }

    /// Every call that matches meets this, until [`clear`](Self::clear).
    ///
    /// # Panics
    /// When the fault does not [fit](Fault::fits) the operation.
    pub fn every(&self, calls: impl Into<Match>, fault: Fault) {
        self.add(calls.into(), fault, Due::Always);
    }

    fn add(&self, matches: Match, fault: Fault, due: Due) {
        if let Some(operation) = matches.operation() {
            assert!(fault.fits(operation), "{fault:?} cannot happen to {operation:?}");
        }
        self.script().rules.push(Rule { matches, fault, due });
    }

    /// Faults are drawn for every call from now on. They depend on the seed and the order of calls only.
    pub fn seed(&self, seed: u64, rates: Rates) {
        self.script().draw = Some(Draw::new(seed, rates));
    }

    /// No scripted faults from now on. What is drawn goes on (until it is seeded with [`Rates::none`]); holds, late
    /// calls and records stay.
    pub fn clear(&self) {
        self.script().rules.clear();
    }

    /// Calls that match wait from now on until they are released.
    pub fn hold(&self, calls: impl Into<Match>) -> Hold {
        let hold = Hold::new(calls.into());
        self.script().holds.push(hold.clone());
        hold
    }

    /// From now on no call through this wrapper does or answers anything, as if the process were dead. Calls
    /// under way get no answer either. The storage inside stays as it is and usable.
    pub fn crash(&self) {
        self.0.crashed.store(true, Ordering::SeqCst);
    }

    /// The calls so far, in the order in which they came; those that are held too.
    pub fn calls(&self) -> Vec<Record> {
        self.script().calls.clone()
    }

    /// How many calls of an operation came so far.
    pub fn count(&self, calls: impl Into<Match>) -> usize {
        let matches = calls.into();
        self.script().calls.iter().filter(|call| matches.meets(call.operation, &call.ids)).count()
    }

    /// Delivers what is [late](Fault::Late), in its order, and tells what the storage said.
    pub async fn deliver_late(&self) -> Vec<Arrival> {
        let late = std::mem::take(&mut self.script().late);
        let mut arrivals = Vec::new();
        for mutation in late {
            let answers = mutation.perform(&self.0.ports).await;
            let answers = answers.into_iter().map(|answer| answer.map(drop)).collect();
            arrivals.push(Arrival { operation: mutation.operation(), ids: mutation.ids(), answers });
        }
        arrivals
    }

    pub(super) fn is_crashed(&self) -> bool {
        self.0.crashed.load(Ordering::SeqCst)
    }

    pub(super) fn arrive(&self, operation: Operation, ids: Vec<PersistenceId>) -> Call {
        let mut script = self.script();
        let holds = script.holds.iter().filter(|hold| hold.matches().meets(operation, &ids));
        let (holds, index) = (holds.cloned().collect(), script.calls.len());
        script.calls.push(Record { operation, ids: ids.clone(), faults: Vec::new() });
        Call { operation, ids, index, holds }
    }

    /// Waits while the call is held; then tells what it meets.
    pub(super) async fn meet(&self, call: Call) -> Met {
        for hold in &call.holds {
            hold.pass().await;
        }
        let mut script = self.script();
        let met = script.meet(&call);
        script.calls[call.index].faults = met.timing.into_iter().chain(met.other).collect();
        met
    }

    pub(super) fn is_late(&self, mutation: Mutation) {
        self.script().late.push(mutation);
    }

    pub(super) fn with_seen<T>(&self, look: impl FnOnce(&mut Seen) -> T) -> T {
        look(&mut self.script().seen)
    }

    pub(super) fn unavailable(&self, reason: &str) -> StorageError {
        StorageError::Unavailable { store: self.0.ports.provider.name().into(), reason: reason.into() }
    }

    pub(super) fn indeterminate(&self) -> StorageError {
        let (store, reason) = (self.0.ports.provider.name().into(), "the answer was lost".into());
        StorageError::Indeterminate { store, reason }
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        // Nothing panics with the script half-changed.
        self.0.script.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Display for Faults {
    /// The seed, if there is one, and a line for each call.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let script = self.script();
        if let Some(draw) = &script.draw {
            writeln!(f, "seed {}", draw.seed)?;
        }
        script.calls.iter().try_for_each(|call| writeln!(f, "{call}"))
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faults").field("calls", &self.script().calls.len()).finish_non_exhaustive()
    }
}

impl Script {
    fn meet(&mut self, call: &Call) -> Met {
        let drawn = self.draw.as_ref().map(|draw| draw.next(call.operation, call.ids.len()));
        let mut met = self.scripted(call);
        if let Some(Drawn { timing, other, arrives }) = drawn {
            met.timing = met.timing.or(timing);
            met.other = met.other.or(other);
            met.arrives = arrives && !self.late.is_empty();
        }
        met
    }

    fn scripted(&mut self, call: &Call) -> Met {
        let mut met = Met::default();
        self.rules.retain_mut(|rule| {
            if !rule.matches.meets(call.operation, &call.ids) || !rule.fault.fits(call.operation) {
                return true;
            }
            if let Due::After(calls @ 1..) = &mut rule.due {
                *calls -= 1;
                return true;
            }
            let place = if rule.fault.is_timing() { &mut met.timing } else { &mut met.other };
            if place.is_some() {
                return true;
            }
            *place = Some(rule.fault);
            matches!(rule.due, Due::Always)
        });
        met
    }
}
