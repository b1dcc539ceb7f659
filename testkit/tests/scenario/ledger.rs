//! A sound entity that uses what an effect and a context can do.

use annals::{Context, Effect, Event, EventSourced};
use serde::{Deserialize, Serialize};

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ledger {
    pub(crate) sum: u64,
}

#[derive(Debug, PartialEq, Event, Serialize, Deserialize)]
#[event(entity = Ledger)]
pub(crate) enum LedgerEvent {
    Added { n: u64 },
    Removed { n: u64 },
}

impl EventSourced for Ledger {
    const ENTITY_TYPE: &'static str = "ledger";
    type Event = LedgerEvent;

    fn apply(&mut self, event: &LedgerEvent) {
        match event {
            LedgerEvent::Added { n } => self.sum += n,
            LedgerEvent::Removed { n } => self.sum -= n,
        }
    }
}

#[annals::commands]
impl Ledger {
    pub(crate) fn add(&self, n: u64) -> Effect<Self, u64> {
        Effect::persist(LedgerEvent::Added { n }).reply(|ledger| ledger.sum)
    }

    pub(crate) fn remove(&self, n: u64) -> Effect<Self, u64, String> {
        if n > self.sum {
            return Effect::reject(format!("{n} of {}", self.sum));
        }
        Effect::persist(LedgerEvent::Removed { n }).reply(|ledger| ledger.sum)
    }

    #[command(ready = Self::holds)]
    pub(crate) fn take(&self, n: u64) -> Effect<Self, u64> {
        Effect::persist(LedgerEvent::Removed { n }).reply(|ledger| ledger.sum)
    }

    fn holds(&self, n: &u64) -> bool {
        self.sum >= *n
    }

    pub(crate) fn add_tagged(&self, n: u64) -> Effect<Self> {
        let both = [LedgerEvent::Added { n }, LedgerEvent::Added { n: 1 }];
        Effect::persist_all(both).tag("audit").metadata("by", "test")
    }

    pub(crate) fn add_and_rest(&self, n: u64) -> Effect<Self> {
        Effect::persist(LedgerEvent::Added { n }).snapshot().passivate()
    }

    pub(crate) fn draw(&self, context: &Context<Self>) -> Effect<Self, (u64, String)> {
        let drawn = (context.random_u64(), format!("{:x}", context.new_id()));
        Effect::none().reply(move |_| drawn)
    }

    pub(crate) fn now(&self, context: &Context<Self>) -> i64 {
        context.now().as_micros()
    }

    pub(crate) fn name(&self, context: &Context<Self>) -> String {
        context.entity_id().to_string()
    }

    pub(crate) fn sum(&self) -> u64 {
        self.sum
    }
}
