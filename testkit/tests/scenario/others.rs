//! Handlers that await, ask other entities, and are those of parts.

use crate::says::says;
use annals::{Context, Effect, Event, EventSourced};
use annals_testkit::Scenario;
use serde::{Deserialize, Serialize};

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Shop {
    price: u64,
}

#[derive(Debug, PartialEq, Event, Serialize, Deserialize)]
#[event(entity = Shop)]
enum ShopEvent {
    Raised,
}

impl EventSourced for Shop {
    const ENTITY_TYPE: &'static str = "shop";
    type Event = ShopEvent;
    fn apply(&mut self, _: &ShopEvent) {
        self.price += 10;
    }
}

#[annals::commands]
impl Shop {
    pub(crate) fn raise(&self) -> Effect<Self, u64> {
        Effect::persist(ShopEvent::Raised).reply(|shop| shop.price)
    }
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Order {
    cents: u64,
    shop: Shop,
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
        self.cents = *cents;
    }
}

#[annals::commands(parts(shop: Shop))]
impl Order {
    pub(crate) async fn price(&self, context: &Context<Self>) -> Effect<Self, u64, String> {
        let Ok(cents) = context.entity::<Shop>("corner").raise().await else {
            return Effect::reject("no shop".into());
        };
        Effect::persist(OrderEvent::Priced { cents }).reply(|order| order.cents)
    }
}

#[test]
fn a_handler_asks_an_entity_that_is_hosted_too() {
    let mut order = Scenario::<Order>::new().hosting::<Shop>();
    let _ = order.when(|order| order.price()).replies(10).persists([OrderEvent::Priced { cents: 10 }]);
    let _ = order.when(|order| order.price()).replies(20);
}

#[test]
fn a_handler_asks_in_vain_for_an_entity_that_is_not_hosted() {
    let _ = Scenario::<Order>::new().when(|order| order.price()).rejects("no shop".into()).persists([]);
}

#[test]
fn a_part_is_called_like_the_whole() {
    let mut order = Scenario::<Order>::new();
    let raised = order.when(|order| order.part::<Shop>().raise()).replies(10);
    let _ = raised.persists([]).leaves(Order { cents: 0, shop: Shop { price: 10 } });
}

#[test]
fn two_entities_of_one_type_are_not_hosted() {
    says(&["no node can be started for the scenario"], || {
        Scenario::<Shop>::new().hosting::<Shop>().when(|shop| shop.raise())
    });
}
