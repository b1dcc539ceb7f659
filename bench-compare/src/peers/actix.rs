//! actix in its own layout: an arbiter per core, with actors and callers spread over them.

use crate::callers::{Callee, Ground, cores};
use actix::{Actor, Addr, Arbiter, Context, Handler, Message, System, SystemRunner};
use futures_util::future::BoxFuture;
use std::sync::Arc;

pub(crate) const NAME: &str = "actix 0.13";

/// The arbiters, and the system that they belong to. It must stay on the thread that made it.
pub(crate) struct Arbiters {
    runner: SystemRunner,
    arbiters: Vec<Arbiter>,
}

pub(crate) struct Actix {
    counters: Vec<Addr<Counter>>,
}

pub(crate) struct Counter(u64);

impl Actor for Counter {
    type Context = Context<Self>;
}

pub(crate) struct Get;

impl Message for Get {
    type Result = u64;
}

impl Handler<Get> for Counter {
    type Result = u64;
    fn handle(&mut self, _: Get, _: &mut Context<Self>) -> u64 {
        self.0
    }
}

impl Arbiters {
    pub(crate) fn new() -> Self {
        let runner = System::new();
        let arbiters = (0..cores()).map(|_| Arbiter::new()).collect();
        Self { runner, arbiters }
    }

    pub(crate) fn start(&self, count: usize) -> Arc<Actix> {
        Arc::new(Actix { counters: self.counters(count) })
    }

    pub(crate) fn counters(&self, count: usize) -> Vec<Addr<Counter>> {
        self.runner.block_on(async {
            let mut counters = Vec::with_capacity(count);
            for index in 0..count {
                let arbiter = self.arbiters[index % self.arbiters.len()].handle();
                let counter = Counter::start_in_arbiter(&arbiter, |_| Counter(1));
                assert_eq!(counter.send(Get).await.expect("a reply"), 1);
                counters.push(counter);
            }
            counters
        })
    }
}

impl Drop for Arbiters {
    fn drop(&mut self) {
        for arbiter in self.arbiters.drain(..) {
            arbiter.stop();
            arbiter.join().expect("no actor panicked");
        }
    }
}

impl Ground for Arbiters {
    fn spawn(&self, caller: usize, task: BoxFuture<'static, ()>) {
        assert!(self.arbiters[caller % self.arbiters.len()].spawn(task), "the arbiter lives");
    }
}

impl Callee for Actix {
    async fn call(&self, entity: usize, _: usize, _: usize) {
        assert_eq!(self.counters[entity].send(Get).await.expect("a reply"), 1);
    }
}
