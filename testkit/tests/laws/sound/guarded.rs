//! An entity whose commands wait until they are ready.

use annals::{Effect, Event, EventSourced};
use annals_testkit::proptest::prelude::*;
use annals_testkit::{Step, replay_laws};
use serde::{Deserialize, Serialize};

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Stock {
    pieces: u32,
}

#[derive(Debug, PartialEq, Event, Serialize, Deserialize)]
#[event(entity = Stock)]
enum StockEvent {
    Delivered { pieces: u32 },
    Taken { pieces: u32 },
}

impl EventSourced for Stock {
    const ENTITY_TYPE: &'static str = "stock";
    type Event = StockEvent;
    fn apply(&mut self, event: &StockEvent) {
        match event {
            StockEvent::Delivered { pieces } => self.pieces += pieces,
            StockEvent::Taken { pieces } => self.pieces -= pieces,
        }
    }
}

#[annals::commands]
impl Stock {
    pub(crate) fn deliver(&self, pieces: u32) -> Effect<Self, u32> {
        Effect::persist(StockEvent::Delivered { pieces }).reply(|stock| stock.pieces)
    }

    #[command(ready = Self::holds)]
    pub(crate) fn take(&self, pieces: u32) -> Effect<Self, u32> {
        Effect::persist(StockEvent::Taken { pieces }).reply(|stock| stock.pieces)
    }

    fn holds(&self, pieces: &u32) -> bool {
        self.pieces >= *pieces
    }
}

#[test]
fn an_entity_with_a_guard_is_sound() {
    let steps = prop_oneof![
        (0..9u32).prop_map(|pieces| Step::<Stock>::of(move |stock| stock.deliver(pieces))),
        (0..9u32).prop_map(|pieces| Step::<Stock>::of(move |stock| stock.take(pieces))),
    ];
    replay_laws(steps).check();
}
