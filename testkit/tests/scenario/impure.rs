//! Applying that depends on more than state and event is found in the first call.

use crate::says::says;
use annals::{Effect, Event, EventSourced};
use annals_testkit::Scenario;
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicU64, Ordering};

static APPLIED: AtomicU64 = AtomicU64::new(0);

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Clocked {
    at: u64,
}

#[derive(Debug, PartialEq, Event, Serialize, Deserialize)]
#[event(entity = Clocked)]
enum ClockedEvent {
    Ticked,
    Full,
}

impl EventSourced for Clocked {
    const ENTITY_TYPE: &'static str = "clocked";
    type Event = ClockedEvent;
    fn apply(&mut self, event: &ClockedEvent) {
        match event {
            ClockedEvent::Ticked => self.at = APPLIED.fetch_add(1, Ordering::Relaxed),
            ClockedEvent::Full => panic!("it is full"),
        }
    }
}

#[annals::commands]
impl Clocked {
    pub(crate) fn tick(&self) -> Effect<Self> {
        Effect::persist(ClockedEvent::Ticked)
    }

    pub(crate) fn fill(&self) -> Effect<Self> {
        Effect::persist(ClockedEvent::Full)
    }

    pub(crate) fn is_there(&self) -> bool {
        true
    }
}

#[test]
fn an_impure_apply_is_found() {
    let words = ["the state in memory is Clocked", "but what is stored gives Clocked", "does `apply`"];
    says(&words, || Scenario::<Clocked>::new().when(|clocked| clocked.tick()));
}

#[test]
fn an_impure_apply_of_what_is_given_is_found() {
    says(&["the state in memory is Clocked"], || {
        Scenario::<Clocked>::given([ClockedEvent::Ticked]).when(|clocked| clocked.is_there())
    });
}

#[test]
fn a_history_that_cannot_be_applied_is_found() {
    says(&["the entity cannot be recovered"], || {
        Scenario::<Clocked>::given([ClockedEvent::Full]).when(|clocked| clocked.is_there())
    });
}

#[test]
fn an_event_that_cannot_be_applied_is_not_stored() {
    let _ = Scenario::<Clocked>::new().when(|clocked| clocked.fill()).is_not_handled().persists([]);
}
