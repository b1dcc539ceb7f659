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

    /// Takes over what another order has.
    pub(crate) async fn match_other(
        &self,
        other: String,
        context: &Context<Self>,
    ) -> Effect<Self, u64, String> {
        match context.entity::<Quote>(other).cents().await {
            Ok(cents) => Effect::persist(OrderEvent::Priced { cents }).reply(|order| order.cents),
            Err(error) => Effect::reject(error.to_string()),
        }
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

/// What an order asks for its price.
#[derive(Debug, Default)]
struct Quote;

impl annals::Ephemeral for Quote {
    const ENTITY_TYPE: &'static str = "quote";
}

#[annals::commands]
impl Quote {
    pub(crate) async fn cents(&self, context: &Context<Self>) -> u64 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        context.entity_id().as_str().len() as u64
    }
}

#[test]
fn an_entity_that_asks_another_is_sound() {
    let ask = |name: String| Step::<Order>::of(move |order| order.match_other(name.clone()));
    replay_laws("[a-z]{1,5}".prop_map(ask)).hosting::<Quote>().cases(64).check();
}

#[test]
fn a_caller_that_gives_up_is_no_breach() {
    let give_up = |(millis, after)| {
        let after = Duration::from_millis(after);
        Step::<Order>::of(move |order| order.price_later(millis).timeout(after))
    };
    let at_once =
        |cents| Step::<Order>::of(move |order| order.price(cents).timeout(Duration::from_millis(5)));
    let steps = prop_oneof![(0..900u64, 1..900u64).prop_map(give_up), (0..900u64).prop_map(at_once)];
    replay_laws(steps).check();
}
