//! Faults drawn from a seed.

use super::{Fault, Operation};
use annals::Random;
use std::time::Duration;

/// How many of a thousand calls meet each fault, of those that it fits. All of one call's rates that are not
/// about time exclude each other, so their sum should stay below a thousand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rates {
    /// [`Fault::Yield`], of up to 4 turns.
    pub yields: u32,
    /// [`Fault::Delay`], of up to 50 ms.
    pub delays: u32,
    /// [`Fault::Repeat`].
    pub repeats: u32,
    /// [`Fault::Split`], of groups of two and more.
    pub splits: u32,
    /// [`Fault::Stale`].
    pub stale: u32,
    /// [`Fault::Unavailable`].
    pub unavailable: u32,
    /// [`Fault::Full`].
    pub full: u32,
    /// [`Fault::Lost`].
    pub lost: u32,
    /// [`Fault::AppliedAndLost`].
    pub applied_and_lost: u32,
    /// [`Fault::Late`].
    pub late: u32,
    /// Of the calls that come while something is late: before how many of a thousand it arrives.
    pub arrivals: u32,
    /// [`Fault::Cut`].
    pub cuts: u32,
    /// [`Fault::Refuse`].
    pub refused: u32,
    /// [`Fault::Conflict`].
    pub conflicts: u32,
    /// [`Fault::TakenOver`].
    pub taken_over: u32,
    /// [`Fault::Panic`].
    pub panics: u32,
    /// [`Fault::Hang`].
    pub hangs: u32,
    /// [`Fault::Break`], after up to 8 entries.
    pub breaks: u32,
}

impl Rates {
    /// No faults.
    pub fn none() -> Self {
        Self::default()
    }

    /// What a sound engine hides wholly, whatever is drawn: other tasks come in between, calls are done
    /// twice, and groups go to the storage in two calls.
    pub fn invisible() -> Self {
        Self { yields: 300, repeats: 150, splits: 300, ..Self::none() }
    }

    /// The same, and everything that callers may notice, but for calls that never get an answer
    /// ([`hangs`](Self::hangs)): against those only a caller's time-out helps.
    pub fn everything() -> Self {
        Self {
            delays: 150,
            stale: 100,
            unavailable: 30,
            full: 10,
            lost: 20,
            applied_and_lost: 20,
            late: 20,
            arrivals: 150,
            cuts: 40,
            refused: 10,
            conflicts: 10,
            taken_over: 10,
            panics: 10,
            breaks: 30,
            ..Self::invisible()
        }
    }

    fn of(&self, drawn: &Numbers, writes: usize) -> [(u32, Fault); 15] {
        let at = |bound: usize| (drawn.parameter % (bound.max(1) as u64)) as usize;
        let splits = if writes > 1 { self.splits } else { 0 };
        [
            (self.repeats, Fault::Repeat),
            (splits, Fault::Split(1 + at(writes.saturating_sub(1)))),
            (self.stale, Fault::Stale),
            (self.unavailable, Fault::Unavailable),
            (self.full, Fault::Full),
            (self.lost, Fault::Lost),
            (self.applied_and_lost, Fault::AppliedAndLost),
            (self.late, Fault::Late),
            (self.cuts, Fault::Cut(at(writes))),
            (self.refused, Fault::Refuse(at(writes))),
            (self.conflicts, Fault::Conflict),
            (self.taken_over, Fault::TakenOver),
            (self.panics, Fault::Panic),
            (self.hangs, Fault::Hang),
            (self.breaks, Fault::Break(at(8))),
        ]
    }
}

/// What is drawn for a call.
pub(super) struct Drawn {
    pub(super) timing: Option<Fault>,
    pub(super) other: Option<Fault>,
    /// What is late arrives before this call.
    pub(super) arrives: bool,
}

/// The numbers of one call; always as many, so that the calls that follow get theirs whatever is made of these.
struct Numbers {
    timing: u64,
    other: u64,
    arrival: u64,
    parameter: u64,
}

/// A stream of faults: the same for the same seed, rates and order of calls.
#[derive(Debug)]
pub(super) struct Draw {
    pub(super) seed: u64,
    random: Random,
    rates: Rates,
}

impl Draw {
    pub(super) fn new(seed: u64, rates: Rates) -> Self {
        Self { seed, random: Random::new(seed), rates }
    }

    pub(super) fn next(&self, operation: Operation, writes: usize) -> Drawn {
        let next = || self.random.next_u64();
        let numbers = Numbers { timing: next(), other: next(), arrival: next(), parameter: next() };
        let rates = &self.rates;
        let timings = [
            (rates.yields, Fault::Yield(1 + (numbers.parameter % 4) as u32)),
            (rates.delays, Fault::Delay(Duration::from_millis(1 + numbers.parameter % 50))),
        ];
        let others = rates.of(&numbers, writes);
        Drawn {
            timing: pick(numbers.timing, &timings, operation),
            other: pick(numbers.other, &others, operation),
            arrives: numbers.arrival % 1000 < u64::from(rates.arrivals),
        }
    }
}

/// The fault in whose part of a thousand the number lies.
fn pick(number: u64, rates: &[(u32, Fault)], operation: Operation) -> Option<Fault> {
    let mut place = number % 1000;
    for &(rate, fault) in rates.iter().filter(|(_, fault)| fault.fits(operation)) {
        match place.checked_sub(u64::from(rate)) {
            Some(behind) => place = behind,
            None => return Some(fault),
        }
    }
    None
}
