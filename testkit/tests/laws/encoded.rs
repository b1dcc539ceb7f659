//! Entities with values that do not survive their encoding.

use crate::caught::{caught, caught_saying};
use annals::{Codec, Effect, Event, EventSourced};
use annals_testkit::laws::Law;
use annals_testkit::proptest::prelude::*;
use annals_testkit::{Step, replay_laws};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A command with a field that is left out when it is encoded.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Forgetful {
    kept: u64,
    #[serde(skip)]
    forgotten: u64,
}

impl Forgetful {
    fn new(forgotten: u64) -> Self {
        Self { kept: 1, forgotten }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Place {
    row: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Untagged {
    Number(u64),
    Text(String),
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Thing {
    sum: u64,
    unsaved: Forgetful,
    places: BTreeMap<Place, u64>,
}

#[derive(Debug, Clone, PartialEq, Event, Serialize, Deserialize)]
#[event(entity = Thing)]
enum ThingEvent {
    Added { n: u64 },
    Forgot { it: Forgetful },
    Opened { n: u64 },
    Closed,
    Placed { row: u64 },
    Mixed { it: Untagged },
    Mapped { map: BTreeMap<Place, u64> },
}

impl EventSourced for Thing {
    const ENTITY_TYPE: &'static str = "thing";
    type Event = ThingEvent;

    fn apply(&mut self, event: &ThingEvent) {
        match event {
            ThingEvent::Added { n } => self.sum += n,
            ThingEvent::Opened { n } => self.unsaved.forgotten = *n,
            ThingEvent::Closed => self.sum += std::mem::take(&mut self.unsaved.forgotten),
            ThingEvent::Placed { row } => drop(self.places.insert(Place { row: *row }, 1)),
            ThingEvent::Forgot { .. } | ThingEvent::Mixed { .. } | ThingEvent::Mapped { .. } => {}
        }
    }
}

#[annals::commands]
impl Thing {
    pub(crate) fn forget(&self, n: u64) -> Effect<Self> {
        Effect::persist(ThingEvent::Forgot { it: Forgetful::new(n) })
    }

    pub(crate) fn ask(&self, it: Forgetful) -> Effect<Self> {
        Effect::persist(ThingEvent::Added { n: it.forgotten })
    }

    pub(crate) fn answer(&self, n: u64) -> Effect<Self, Forgetful> {
        Effect::none().reply(move |_| Forgetful::new(n))
    }

    pub(crate) fn refuse(&self, n: u64) -> Effect<Self, (), Forgetful> {
        Effect::reject(Forgetful::new(n))
    }

    pub(crate) fn open(&self, n: u64) -> Effect<Self> {
        Effect::persist(ThingEvent::Opened { n })
    }

    pub(crate) fn open_and_close(&self, n: u64) -> Effect<Self> {
        Effect::persist_all([ThingEvent::Opened { n }, ThingEvent::Closed])
    }

    pub(crate) fn place(&self, row: u64) -> Effect<Self> {
        Effect::persist(ThingEvent::Placed { row })
    }

    pub(crate) fn mix(&self, n: u64) -> Effect<Self> {
        Effect::persist(ThingEvent::Mixed { it: Untagged::Number(n) })
    }

    pub(crate) fn map(&self, row: u64) -> Effect<Self> {
        Effect::persist(ThingEvent::Mapped { map: [(Place { row }, 1)].into() })
    }

    pub(crate) fn answer_with_a_map(&self, row: u64) -> Effect<Self, BTreeMap<Place, u64>> {
        Effect::none().reply(move |_| [(Place { row }, 1)].into())
    }

    pub(crate) fn count(&self) -> u64 {
        self.sum
    }
}

/// Steps with one kind of command, and a query beside it.
macro_rules! steps {
    (|$thing:ident, $n:ident| $call:expr) => {
        prop_oneof![
            (0..100u64).prop_map(|$n| Step::<Thing>::of(move |$thing| $call)),
            Just(Step::<Thing>::query(|thing| thing.count())),
        ]
    };
}

#[test]
fn a_skipped_field_of_an_event_breaks_the_law_of_codecs() {
    let checked = replay_laws(steps!(|thing, n| thing.forget(n))).try_check();
    let broken =
        caught_saying(checked, Law::Codec, 1, "forgot v1 Forgot { it: Forgetful { kept: 1, forgotten: 1 } }");
    assert!(broken.steps[0].starts_with("forget {\"n\":1}"), "{broken}");
}

#[test]
fn a_skipped_field_of_a_command_breaks_the_law_of_codecs() {
    let checked = replay_laws(steps!(|thing, n| thing.ask(Forgetful::new(n)))).try_check();
    caught_saying(checked, Law::Codec, 1, "only when commands are sent as they decode from");
}

#[test]
fn a_skipped_field_of_a_reply_breaks_the_law_of_codecs() {
    let checked = replay_laws(steps!(|thing, n| thing.answer(n))).try_check();
    caught_saying(
        checked,
        Law::Codec,
        1,
        "the reply of answer {\"n\":1}, Forgetful { kept: 1, forgotten: 1 }",
    );
}

#[test]
fn a_skipped_field_of_a_rejection_breaks_the_law_of_codecs() {
    let checked = replay_laws(steps!(|thing, n| thing.refuse(n))).try_check();
    caught_saying(checked, Law::Codec, 1, "the rejection of refuse {\"n\":1}, Forgetful");
}

#[test]
fn a_skipped_field_of_the_state_breaks_the_law_of_codecs() {
    let checked = replay_laws(steps!(|thing, n| thing.open(n))).try_check();
    caught_saying(checked, Law::Codec, 1, "it comes back as Thing");
}

/// The state at the end survives; only that in the middle of the command, where the snapshot is, does not.
#[test]
fn a_skipped_field_of_a_passing_state_breaks_the_law_of_snapshots() {
    let checked = replay_laws(steps!(|thing, n| thing.open_and_close(n))).try_check();
    caught_saying(checked, Law::Snapshot, 1, "with a snapshot at 1 the state is Thing { sum: 0");
}

#[test]
fn a_state_that_json_cannot_hold_breaks_the_law_of_codecs() {
    let checked = replay_laws(steps!(|thing, n| thing.place(n))).try_check();
    caught_saying(checked, Law::Codec, 1, "in JSON: ");
    replay_laws(steps!(|thing, n| thing.place(n))).codecs([Codec::Bincode, Codec::Postcard]).check();
}

#[test]
fn an_event_that_bincode_cannot_read_breaks_the_law_of_codecs() {
    let checked =
        replay_laws(steps!(|thing, n| thing.mix(n))).codecs([Codec::Json, Codec::Bincode]).try_check();
    caught_saying(checked, Law::Codec, 1, "bincode");
    replay_laws(steps!(|thing, n| thing.mix(n))).codecs([Codec::Json, Codec::MessagePack]).check();
}

#[test]
fn an_event_that_cannot_be_stored_at_all_breaks_the_law_of_codecs() {
    let checked = replay_laws(steps!(|thing, n| thing.map(n))).codecs([Codec::Json]).try_check();
    caught_saying(checked, Law::Codec, 1, "cannot be encoded as JSON");
}

#[test]
fn a_reply_that_cannot_be_kept_at_all_breaks_the_law_of_codecs() {
    let checked =
        replay_laws(steps!(|thing, n| thing.answer_with_a_map(n))).codecs([Codec::Json]).try_check();
    caught(checked, Law::Codec, 1);
}
