//! kameo, with its default mailbox (bounded).

use crate::callers::Callee;
use kameo::Actor;
use kameo::actor::{ActorRef, Spawn};
use kameo::message::{Context, Message};
use std::convert::Infallible;

pub(crate) const NAME: &str = "kameo 0.22";

pub(crate) struct Kameo {
    counters: Vec<ActorRef<Counter>>,
}

pub(crate) struct Counter(u64);

impl Actor for Counter {
    type Args = Self;
    type Error = Infallible;
    async fn on_start(counter: Self, _: ActorRef<Self>) -> Result<Self, Infallible> {
        Ok(counter)
    }
}

pub(crate) struct Get;

impl Message<Get> for Counter {
    type Reply = u64;
    async fn handle(&mut self, _: Get, _: &mut Context<Self, u64>) -> u64 {
        self.0
    }
}

impl Kameo {
    pub(crate) async fn start(count: usize) -> Self {
        let mut kameo = Self { counters: Vec::with_capacity(count) };
        kameo.start_more(count).await;
        kameo
    }

    pub(crate) async fn start_more(&mut self, count: usize) {
        for _ in 0..count {
            let counter = Counter::spawn(Counter(1));
            assert_eq!(counter.ask(Get).await.expect("a reply"), 1);
            self.counters.push(counter);
        }
    }
}

impl Callee for Kameo {
    async fn call(&self, entity: usize, _: usize, _: usize) {
        assert_eq!(self.counters[entity].ask(Get).await.expect("a reply"), 1);
    }
}
