//! A sound entity with one, two and no events per command, and rejections.

use annals::{Effect, Event, EventSourced};
use annals_testkit::Step;
use annals_testkit::proptest::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tally {
    pub(crate) sum: u64,
    pub(crate) last: u64,
}

#[derive(Debug, Clone, PartialEq, Event, Serialize, Deserialize)]
#[event(entity = Tally)]
pub(crate) enum TallyEvent {
    Added { n: u64 },
    Marked,
}

impl EventSourced for Tally {
    const ENTITY_TYPE: &'static str = "tally";
    type Event = TallyEvent;

    fn apply(&mut self, event: &TallyEvent) {
        match event {
            TallyEvent::Added { n } => (self.sum, self.last) = (self.sum + n, *n),
            TallyEvent::Marked => self.last = 0,
        }
    }
}

#[annals::commands]
impl Tally {
    pub(crate) fn add(&self, n: u64) -> Effect<Self, u64> {
        Effect::persist(TallyEvent::Added { n }).tag("added").reply(|tally| tally.sum)
    }

    pub(crate) fn mark(&self, n: u64) -> Effect<Self, u64, String> {
        if n > 90 {
            return Effect::reject(format!("{n} at {}", self.sum));
        }
        Effect::persist_all([TallyEvent::Added { n }, TallyEvent::Marked]).reply(|tally| tally.sum)
    }

    pub(crate) fn sum(&self) -> u64 {
        self.sum
    }
}

pub(crate) fn add() -> impl Strategy<Value = Step<Tally>> {
    (0..100u64).prop_map(|n| Step::<Tally>::of(move |tally| tally.add(n)))
}

pub(crate) fn mark() -> impl Strategy<Value = Step<Tally>> {
    (0..100u64).prop_map(|n| Step::<Tally>::of(move |tally| tally.mark(n)))
}

pub(crate) fn steps() -> impl Strategy<Value = Step<Tally>> {
    prop_oneof![add(), mark(), Just(Step::<Tally>::query(|tally| tally.sum()))]
}
