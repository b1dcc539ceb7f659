//! The entity of the benchmarks, and a node for it.

use annals::storage::StorageProvider;
use annals::{
    Command, Context, Definition, Effect, Entity, EntityRef, Event, EventSourced, Handler, Manifest, Node,
};
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Counter {
    count: u64,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum CounterEvent {
    Raised { by: u64 },
}

impl Event for CounterEvent {
    type Entity = Counter;
    const MANIFESTS: &'static [Manifest] = &[Manifest::new("raised", 1)];
    fn manifest(&self) -> Manifest {
        Manifest::new("raised", 1)
    }
}

impl EventSourced for Counter {
    const ENTITY_TYPE: &'static str = "counter";
    type Event = CounterEvent;
    fn apply(&mut self, event: &CounterEvent) {
        let CounterEvent::Raised { by } = event;
        self.count += by;
    }
}

/// The query.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Count;
impl Command for Count {
    const NAME: &'static str = "count";
}
impl Handler<Count> for Counter {
    type Output = u64;
    fn handle(&self, _: Count, _: &Context<Self>) -> u64 {
        self.count
    }
}

/// The command: as many events as it says.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Raise {
    pub(crate) times: u64,
}
impl Command for Raise {
    const NAME: &'static str = "raise";
}
impl Handler<Raise> for Counter {
    type Output = Effect<Self, u64>;
    fn handle(&self, command: Raise, _: &Context<Self>) -> Self::Output {
        Effect::persist_all((0..command.times).map(|_| CounterEvent::Raised { by: 1 }))
            .reply(|counter| counter.count)
    }
}

impl Entity for Counter {
    type Ref = EntityRef<Self>;
    fn definition() -> Definition<Self> {
        Definition::event_sourced().command::<Count>().command::<Raise>()
    }
}

/// One thread: what is measured is work, not how threads meet.
pub(crate) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts")
}

pub(crate) async fn node(storage: impl StorageProvider) -> Node {
    Node::builder(storage).register::<Counter>().start().await.expect("the node starts")
}
