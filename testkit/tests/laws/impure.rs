//! Entities that depend on more than state and event, or state and command.

use crate::caught::{caught, caught_saying};
use annals::{Effect, Event, EventSourced};
use annals_testkit::laws::Law;
use annals_testkit::proptest::prelude::*;
use annals_testkit::{Step, replay_laws};
use serde::{Deserialize, Serialize};
use std::cell::Cell;
use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};

/// An entity with one command and one event: what it does with the number, and when it is decided and applied.
macro_rules! entity {
    ($module:ident, $state:ty, |$self:ident, $n:ident| $apply:expr, decides $decide:expr) => {
        mod $module {
            use super::*;

            #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
            pub(super) struct Thing {
                pub(super) value: $state,
            }

            #[derive(Debug, Clone, PartialEq, Event, Serialize, Deserialize)]
            #[event(entity = Thing)]
            pub(super) enum ThingEvent {
                Added { n: u64 },
            }

            impl EventSourced for Thing {
                const ENTITY_TYPE: &'static str = stringify!($module);
                type Event = ThingEvent;
                fn apply(&mut self, ThingEvent::Added { n }: &ThingEvent) {
                    let ($self, $n) = (self, *n);
                    $apply
                }
            }

            #[annals::commands]
            impl Thing {
                pub(super) fn add(&self, n: u64) -> Effect<Self> {
                    let decide: fn(u64) -> u64 = $decide;
                    Effect::persist(ThingEvent::Added { n: decide(n) })
                }

                pub(super) fn count(&self) -> u64 {
                    1
                }
            }

            pub(super) fn steps() -> impl Strategy<Value = Step<Thing>> {
                prop_oneof![
                    (0..100u64).prop_map(|n| Step::<Thing>::of(move |thing| thing.add(n))),
                    Just(Step::<Thing>::query(|thing| thing.count())),
                ]
            }
        }
    };
}

static APPLIED: AtomicU64 = AtomicU64::new(0);
static DECIDED: AtomicU64 = AtomicU64::new(0);
thread_local!(static HERE: Cell<u64> = const { Cell::new(0) });

entity!(global, u64, |it, n| it.value += n + APPLIED.fetch_add(1, Ordering::Relaxed), decides | n | n);
entity!(local, u64, |it, n| it.value = n + HERE.with(|here| here.replace(here.get() + 1)), decides | n | n);
entity!(
    order,
    (HashSet<u64>, u64),
    |it, n| {
        it.value.0.extend(n..n + 32);
        it.value.1 = it.value.0.iter().fold(0, |order, n| (order * 31 + n) % 1_000_003);
    },
    decides | n | n
);
entity!(decision, u64, |it, n| it.value = n, decides | n | n + DECIDED.fetch_add(1, Ordering::Relaxed));

#[test]
fn an_apply_that_reads_a_global_breaks_the_law_of_replay() {
    let broken = caught_saying(
        replay_laws(global::steps()).try_check(),
        Law::Replay,
        1,
        "the state in memory is Thing { value: ",
    );
    assert!(broken.steps[0].starts_with("add {\"n\":0}"), "{broken}");
}

#[test]
fn an_apply_that_reads_a_thread_local_breaks_the_law_of_replay() {
    caught(replay_laws(local::steps()).try_check(), Law::Replay, 1);
}

#[test]
fn an_apply_that_goes_by_the_order_of_a_hash_set_breaks_the_law_of_replay() {
    caught(replay_laws(order::steps()).try_check(), Law::Replay, 1);
}

/// The state equals the journal, but another life decides differently: the crash finds it.
#[test]
fn a_handler_that_reads_a_global_breaks_the_law_of_crashes() {
    caught(replay_laws(decision::steps()).try_check(), Law::Crash, 1);
}
