//! An entity that takes time, chance and new ids from its context, and keeps them in its events.

use annals::{Context, Effect, Event, EventSourced};
use annals_testkit::proptest::prelude::*;
use annals_testkit::{Step, replay_laws};
use serde::{Deserialize, Serialize};
use std::time::Duration;

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Lottery {
    tickets: Vec<(u64, u64)>,
    latest: i64,
}

#[derive(Debug, PartialEq, Event, Serialize, Deserialize)]
#[event(entity = Lottery)]
enum LotteryEvent {
    Sold { number: u64, id: u64, at: i64 },
}

impl EventSourced for Lottery {
    const ENTITY_TYPE: &'static str = "lottery";
    type Event = LotteryEvent;
    fn apply(&mut self, LotteryEvent::Sold { number, id, at }: &LotteryEvent) {
        self.tickets.push((*number, *id));
        self.latest = *at;
    }
}

#[annals::commands]
impl Lottery {
    pub(crate) fn sell(&self, context: &Context<Self>) -> Effect<Self, u64> {
        let (number, id) = (context.random_u64(), context.new_id() as u64);
        Effect::persist(LotteryEvent::Sold { number, id, at: context.now().as_micros() })
            .reply(move |_| number)
    }

    pub(crate) fn rest(&self) -> Effect<Self> {
        Effect::none().passivate()
    }

    pub(crate) fn since(&self, context: &Context<Self>) -> i64 {
        context.now().as_micros() - self.latest
    }
}

#[test]
fn an_entity_that_keeps_what_chance_gave_is_sound() {
    let steps = prop_oneof![
        Just(Step::<Lottery>::of(|lottery| lottery.sell())),
        Just(Step::<Lottery>::of(|lottery| lottery.rest())),
        Just(Step::<Lottery>::query(|lottery| lottery.since())),
        (0..5_000u64).prop_map(|millis| Step::<Lottery>::passes(Duration::from_millis(millis))),
    ];
    replay_laws(steps).check();
}
