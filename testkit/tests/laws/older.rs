//! Entities with a past: what an older version stored must mean the same to this one.

use crate::caught::caught_saying;
use annals::{Event, EventSourced, StateUpcasters, Upcasters};
use annals_testkit::laws::{Broken, Law};
use annals_testkit::proptest::prelude::*;
use annals_testkit::{Step, replay_laws};
use serde::{Deserialize, Serialize};

/// The older version: it counts coins.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Purse {
    coins: u64,
}

#[derive(Debug, Clone, PartialEq, Event, Serialize, Deserialize)]
#[event(entity = Purse)]
enum PurseEvent {
    Filled { coins: u64 },
    Shaken,
}

impl EventSourced for Purse {
    const ENTITY_TYPE: &'static str = "purse";
    type Event = PurseEvent;
    fn apply(&mut self, event: &PurseEvent) {
        if let PurseEvent::Filled { coins } = event {
            self.coins += coins;
        }
    }
}

/// A version that counts cents, with the upcasters that it is given.
macro_rules! today {
    ($module:ident, $events:expr, $states:expr) => {
        mod $module {
            use super::*;

            #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
            pub(super) struct Purse {
                pub(super) cents: u64,
            }

            #[derive(Debug, PartialEq, Event, Serialize, Deserialize)]
            #[event(entity = Purse, upcasters = upcasters)]
            pub(super) enum PurseEvent {
                #[event(version = 2)]
                Filled { cents: u64 },
            }

            impl PurseEvent {
                #[allow(dead_code, reason = "not every version reads coins")]
                fn of_coins(coins: u64, worth: u64) -> Self {
                    Self::Filled { cents: coins * worth }
                }
            }

            fn upcasters() -> Upcasters<PurseEvent> {
                let upcasters: fn(Upcasters<PurseEvent>) -> Upcasters<PurseEvent> = $events;
                upcasters(Upcasters::new())
            }

            impl EventSourced for Purse {
                const ENTITY_TYPE: &'static str = "purse";
                const STATE_VERSION: u32 = 2;
                type Event = PurseEvent;
                fn apply(&mut self, PurseEvent::Filled { cents }: &PurseEvent) {
                    self.cents += cents;
                }
                fn state_upcasters() -> StateUpcasters<Self> {
                    let upcasters: fn(StateUpcasters<Self>) -> StateUpcasters<Self> = $states;
                    upcasters(StateUpcasters::new())
                }
            }

            #[annals::commands]
            impl Purse {
                pub(super) fn fill(&self, cents: u64) -> annals::Effect<Self> {
                    annals::Effect::persist(PurseEvent::Filled { cents })
                }
            }

            pub(super) fn check() -> Result<(), Broken> {
                let steps = (0..9u64).prop_map(|cents| Step::<Purse>::of(move |purse| purse.fill(cents)));
                replay_laws(steps)
                    .cases(64)
                    .upcasts::<super::Purse>(super::older(), |old, new| old.coins * 100 == new.cents)
                    .try_check()
            }
        }
    };
}

fn older() -> impl Strategy<Value = PurseEvent> {
    prop_oneof![
        3 => (0..50u64).prop_map(|coins| PurseEvent::Filled { coins }),
        1 => Just(PurseEvent::Shaken),
    ]
}

fn coins(event: super::older::PurseEvent) -> u64 {
    if let PurseEvent::Filled { coins } = event { coins } else { 0 }
}

today!(
    sound,
    |it| it.event("filled", 1, |old| PurseEvent::of_coins(super::coins(old), 100)).dropped("shaken", 1),
    |it| it.from(1, |old: super::Purse| Purse { cents: old.coins * 100 })
);
today!(
    without_states,
    |it| it.event("filled", 1, |old| PurseEvent::of_coins(super::coins(old), 100)).dropped("shaken", 1),
    |it| it
);
today!(
    wrong_event,
    |it| it.event("filled", 1, |old| PurseEvent::of_coins(super::coins(old), 10)).dropped("shaken", 1),
    |it| it
);
today!(dropped_event, |it| it.dropped("filled", 1).dropped("shaken", 1), |it| it);
today!(missing_event, |it| it.event("filled", 1, |old| PurseEvent::of_coins(super::coins(old), 100)), |it| {
    it
});
today!(
    wrong_state,
    |it| it.event("filled", 1, |old| PurseEvent::of_coins(super::coins(old), 100)).dropped("shaken", 1),
    |it| it.from(1, |old: super::Purse| Purse { cents: old.coins })
);
today!(
    unreadable_event,
    |it| it.event("filled", 1, |old: Vec<u64>| PurseEvent::of_coins(old[0], 100)).dropped("shaken", 1),
    |it| it
);

#[test]
fn an_entity_that_reads_its_past_is_sound() {
    sound::check().unwrap();
    without_states::check().unwrap();
}

#[test]
fn a_wrong_upcaster_breaks_the_law_of_upcasting() {
    for checked in [wrong_event::check(), dropped_event::check()] {
        let broken = caught_saying(checked, Law::Upcasting, 1, "the older version has Purse { coins: 1 }");
        assert_eq!(broken.steps, ["Filled { coins: 1 }, as the older version stores it"]);
    }
}

#[test]
fn a_missing_upcaster_breaks_the_law_of_upcasting() {
    caught_saying(missing_event::check(), Law::Upcasting, 1, "shaken v1");
}

#[test]
fn an_upcaster_for_other_bytes_breaks_the_law_of_upcasting() {
    caught_saying(unreadable_event::check(), Law::Upcasting, 1, "the older history is not read");
}

#[test]
fn a_wrong_upcaster_of_states_breaks_the_law_of_upcasting() {
    caught_saying(
        wrong_state::check(),
        Law::Upcasting,
        1,
        "with the older version's snapshot at 1 the state is",
    );
}

#[test]
#[should_panic(expected = "an older version is of the same entity type")]
fn an_older_version_is_of_the_same_entity_type() {
    let steps = Just(Step::<sound::Purse>::of(|purse| purse.fill(1)));
    replay_laws(steps)
        .upcasts::<crate::tally::Tally>(Just(crate::tally::TallyEvent::Marked), |_, _| true)
        .check();
}
