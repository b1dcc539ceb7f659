//! An entity that panics: in a handler, and when an event is applied.

use annals::{Effect, Event, EventSourced};
use annals_testkit::proptest::prelude::*;
use annals_testkit::{Step, replay_laws};
use serde::{Deserialize, Serialize};

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Meter {
    reading: u8,
}

#[derive(Debug, PartialEq, Event, Serialize, Deserialize)]
#[event(entity = Meter)]
enum MeterEvent {
    Counted { units: u8 },
}

impl EventSourced for Meter {
    const ENTITY_TYPE: &'static str = "meter";
    type Event = MeterEvent;
    fn apply(&mut self, MeterEvent::Counted { units }: &MeterEvent) {
        self.reading = self.reading.checked_add(*units).expect("the meter is full");
    }
}

#[annals::commands]
impl Meter {
    pub(crate) fn count(&self, units: u8) -> Effect<Self, u8> {
        Effect::persist(MeterEvent::Counted { units }).reply(|meter| meter.reading)
    }

    pub(crate) fn check(&self, limit: u8) -> Effect<Self, u8> {
        assert!(self.reading < limit, "the meter reads {}", self.reading);
        Effect::none().reply(|meter: &Self| meter.reading)
    }
}

#[test]
fn an_entity_that_panics_is_sound() {
    let steps = prop_oneof![
        4 => (0..120u8).prop_map(|units| Step::<Meter>::of(move |meter| meter.count(units))),
        1 => (0..250u8).prop_map(|limit| Step::<Meter>::of(move |meter| meter.check(limit))),
    ];
    replay_laws(steps).cases(128).check();
}
