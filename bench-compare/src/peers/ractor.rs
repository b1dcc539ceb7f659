//! ractor, without the spans that it can carry along with messages.

use crate::callers::Callee;
use ractor::rpc::CallResult;
use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};

pub(crate) const NAME: &str = "ractor 0.16";

pub(crate) struct Ractor {
    counters: Vec<ActorRef<Get>>,
}

pub(crate) struct Get(RpcReplyPort<u64>);

struct Counter;

impl Actor for Counter {
    type Msg = Get;
    type State = u64;
    type Arguments = u64;

    async fn pre_start(&self, _: ActorRef<Get>, count: u64) -> Result<u64, ActorProcessingErr> {
        Ok(count)
    }

    async fn handle(
        &self,
        _: ActorRef<Get>,
        Get(port): Get,
        count: &mut u64,
    ) -> Result<(), ActorProcessingErr> {
        // A caller that went away does not want it.
        let _ = port.send(*count);
        Ok(())
    }
}

impl Ractor {
    pub(crate) async fn start(count: usize) -> Self {
        let mut ractor = Self { counters: Vec::with_capacity(count) };
        ractor.start_more(count).await;
        ractor
    }

    pub(crate) async fn start_more(&mut self, count: usize) {
        for _ in 0..count {
            let (counter, _) = Actor::spawn(None, Counter, 1).await.expect("an actor starts");
            assert_eq!(ask(&counter).await, 1);
            self.counters.push(counter);
        }
    }
}

async fn ask(counter: &ActorRef<Get>) -> u64 {
    match counter.call(Get, None).await.expect("the actor lives") {
        CallResult::Success(count) => count,
        CallResult::Timeout | CallResult::SenderError => panic!("no reply"),
    }
}

impl Callee for Ractor {
    async fn call(&self, entity: usize, _: usize, _: usize) {
        assert_eq!(ask(&self.counters[entity]).await, 1);
    }
}
