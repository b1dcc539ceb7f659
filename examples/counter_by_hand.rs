//! `counter.rs` without macros: what they write, written by hand. Run it twice.

use annals::{
    Command, Context, Definition, Effect, Entity, EntityRef, Event, EventSourced, Handler, Manifest, Node,
};
use annals_sqlite::SqliteStorage;
use serde::{Deserialize, Serialize};

// The state.
#[derive(Default, Serialize, Deserialize)]
struct Counter {
    count: u64,
}

// What can happen to it.
#[derive(Serialize, Deserialize)]
struct Incremented {
    by: u64,
}

impl Event for Incremented {
    type Entity = Counter;
    const MANIFESTS: &'static [Manifest] = &[Manifest::new("incremented", 1)];

    fn manifest(&self) -> Manifest {
        Manifest::new("incremented", 1)
    }
}

impl EventSourced for Counter {
    const ENTITY_TYPE: &'static str = "counter";
    type Event = Incremented;

    fn apply(&mut self, event: &Incremented) {
        self.count += event.by;
    }
}

// What it can be asked to do.
#[derive(Serialize, Deserialize)]
struct Increment {
    by: u64,
}

impl Command for Increment {
    const NAME: &'static str = "increment";
}

impl Handler<Increment> for Counter {
    type Output = Effect<Self, u64>;

    fn handle(&self, command: Increment, _: &Context<Self>) -> Self::Output {
        Effect::persist(Incremented { by: command.by }).reply(|counter| counter.count)
    }
}

impl Entity for Counter {
    type Ref = EntityRef<Self>;

    fn definition() -> Definition<Self> {
        Definition::event_sourced().command::<Increment>()
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::temp_dir().join("annals-counter-by-hand.db");
    let node = Node::builder(SqliteStorage::open(&file).await?).register::<Counter>().start().await?;
    let clicks = node.entity::<Counter>("clicks");
    let count = clicks.ask(Increment { by: 1 }).await?; // stored on disk when it returns
    println!("clicks: {count} (in {})", file.display());
    node.shutdown().await;
    Ok(())
}
