//! Values that do not survive their encoding are found in the first call.

use crate::says::says;
use annals::{Codec, Effect, Event, EventSourced};
use annals_testkit::Scenario;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A field is left out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Forgetful {
    #[serde(skip)]
    n: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Place {
    row: u64,
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Thing {
    sum: u64,
    unsaved: Forgetful,
    places: BTreeMap<Place, u64>,
}

#[derive(Debug, PartialEq, Event, Serialize, Deserialize)]
#[event(entity = Thing)]
enum ThingEvent {
    Added { n: u64 },
    Forgot { it: Forgetful },
    Opened { n: u64 },
    Placed { row: u64 },
}

impl EventSourced for Thing {
    const ENTITY_TYPE: &'static str = "thing";
    type Event = ThingEvent;

    fn apply(&mut self, event: &ThingEvent) {
        match event {
            ThingEvent::Added { n } => self.sum += n,
            ThingEvent::Forgot { .. } => {}
            ThingEvent::Opened { n } => self.unsaved.n = *n,
            ThingEvent::Placed { row } => drop(self.places.insert(Place { row: *row }, 1)),
        }
    }
}

#[annals::commands]
impl Thing {
    pub(crate) fn forget(&self, n: u64) -> Effect<Self> {
        Effect::persist(ThingEvent::Forgot { it: Forgetful { n } })
    }

    pub(crate) fn ask(&self, it: Forgetful) -> Effect<Self> {
        Effect::persist(ThingEvent::Added { n: it.n })
    }

    pub(crate) fn ask_map(&self, it: BTreeMap<Place, u64>) -> Effect<Self, usize> {
        Effect::none().reply(move |_| it.len())
    }

    pub(crate) fn answer(&self, n: u64) -> Effect<Self, Forgetful> {
        Effect::none().reply(move |_| Forgetful { n })
    }

    pub(crate) fn refuse(&self, n: u64) -> Effect<Self, (), Forgetful> {
        Effect::reject(Forgetful { n })
    }

    pub(crate) fn open(&self, n: u64) -> Effect<Self> {
        Effect::persist(ThingEvent::Opened { n })
    }

    pub(crate) fn place(&self, row: u64) -> Effect<Self> {
        Effect::persist(ThingEvent::Placed { row })
    }
}

fn thing() -> Scenario<Thing> {
    Scenario::new()
}

#[test]
fn a_skipped_field_of_an_event_is_found() {
    let words = ["forgot v1", "Forgetful { n: 7 }", "is stored as", "Forgetful { n: 0 }", "serde attribute"];
    says(&words, || thing().when(|thing| thing.forget(7)));
    let _ = thing().when(|thing| thing.forget(0)).replies(());
}

/// A command arrives as it decodes: what was left out of it is missing in what it does.
#[test]
fn a_skipped_field_of_a_command_is_missing_in_what_it_does() {
    let asked = thing().when(|thing| thing.ask(Forgetful { n: 7 }));
    let asked = asked.persists([ThingEvent::Added { n: 0 }]);
    says(&["expected [Added { n: 7 }], stored [Added { n: 0 }]"], || {
        asked.persists([ThingEvent::Added { n: 7 }])
    });
}

#[test]
fn a_command_that_the_codec_cannot_hold_is_found() {
    let map = || BTreeMap::from([(Place { row: 1 }, 1)]);
    let words = ["the command ask_map does not survive JSON"];
    says(&words, || thing().codec(Codec::Json).when(|thing| thing.ask_map(map())));
    let _ = thing().codec(Codec::Bincode).when(|thing| thing.ask_map(map())).replies(1);
}

#[test]
fn a_skipped_field_of_a_reply_is_found() {
    says(
        &["the reply of answer, Forgetful { n: 7 } comes back from MessagePack as Forgetful { n: 0 }"],
        || thing().when(|thing| thing.answer(7)),
    );
}

#[test]
fn a_skipped_field_of_a_rejection_is_found() {
    says(
        &["the rejection of refuse, Forgetful { n: 7 } comes back from postcard as Forgetful { n: 0 }"],
        || thing().codec(Codec::Postcard).when(|thing| thing.refuse(7)),
    );
}

#[test]
fn a_skipped_field_of_the_state_is_found() {
    says(
        &["the state Thing", "Forgetful { n: 7 }", "comes back from its encoding as", "serde attribute"],
        || thing().when(|thing| thing.open(7)),
    );
    says(&["the state Thing", "comes back from its encoding as"], || {
        Scenario::<Thing>::given([ThingEvent::Opened { n: 7 }]).when(|thing| thing.answer(0))
    });
}

#[test]
fn a_state_that_the_codec_cannot_hold_is_found() {
    says(&["the state Thing", "cannot be encoded"], || {
        thing().codec(Codec::Json).when(|thing| thing.place(7))
    });
    let _ = thing().when(|thing| thing.place(7)).replies(());
}
