//! A counter that outlives its process: run it twice. `counter_by_hand.rs` is the same without macros.

use annals::{Effect, Event, EventSourced, Node};
use annals_sqlite::SqliteStorage;

#[derive(Default, serde::Serialize, serde::Deserialize)]
struct Counter(u64);

#[derive(Event, serde::Serialize, serde::Deserialize)]
#[event(entity = Counter, name = "incremented")]
struct Incremented(u64);

impl EventSourced for Counter {
    const ENTITY_TYPE: &'static str = "counter";
    type Event = Incremented;
    fn apply(&mut self, event: &Incremented) {
        self.0 += event.0;
    }
}

#[annals::commands]
impl Counter {
    pub fn increment(&self, by: u64) -> Effect<Self, u64> {
        Effect::persist(Incremented(by)).reply(|counter| counter.0)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let node = Node::builder(SqliteStorage::open("counter.db").await?).register::<Counter>().start().await?;
    node.entity::<Counter>("clicks").increment(1).await.map(|n| println!("clicks: {n}")).map_err(Into::into)
}
