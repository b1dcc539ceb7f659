//! An entity whose handlers await: at once, for some turns, for a time, and another entity.

use annals::{Context, Effect, Event, EventSourced};
use annals_testkit::proptest::prelude::*;
use annals_testkit::{Step, replay_laws};
use serde::{Deserialize, Serialize};
use std::time::Duration;

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Order {
    cents: u64,
}

#[derive(Debug, PartialEq, Event, Serialize, Deserialize)]
#[event(entity = Order)]
enum OrderEvent {
    Priced { cents: u64 },
}

impl EventSourced for Order {
    const ENTITY_TYPE: &'static str = "order";
    type Event = OrderEvent;
    fn apply(&mut self, OrderEvent::Priced { cents }: &OrderEvent) {
        self.cents += cents;
    }
}

#[annals::commands]
impl Order {
    pub(crate) async fn price(&self, cents: u64) -> Effect<Self, u64> {
        for _ in 0..cents % 100 {
            tokio::task::yield_now().await;
        }
        Effect::persist(OrderEvent::Priced { cents }).reply(|order| order.cents)
    }

    pub(crate) async fn price_later(&self, millis: u64) -> Effect<Self, u64> {
        tokio::time::sleep(Duration::from_millis(millis)).await;
        Effect::persist(OrderEvent::Priced { cents: millis }).reply(|order| order.cents)
    }

    pub(crate) async fn total(&self, context: &Context<Self>) -> u64 {
        tokio::task::yield_now().await;
        self.cents + context.sequence_nr().get()
    }
}

#[test]
fn an_entity_with_handlers_that_await_is_sound() {
    let steps = prop_oneof![
        (0..900u64).prop_map(|cents| Step::<Order>::of(move |order| order.price(cents))),
        (0..900u64).prop_map(|millis| Step::<Order>::of(move |order| order.price_later(millis))),
        Just(Step::<Order>::query(|order| order.total())),
    ];
    replay_laws(steps).check();
}
