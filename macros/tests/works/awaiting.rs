//! Commands and queries that await something.

use annals::{CallError, Context, Effect, Ephemeral, Event, EventSourced, Node, NotHandled, Unknown};
use annals_memory::MemoryStorage;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// What the handlers reach outside: each test has a name of its own in it.
mod outside {
    use super::*;

    static ANSWERS: Mutex<BTreeMap<String, oneshot::Receiver<u64>>> = Mutex::new(BTreeMap::new());
    static RATES: Mutex<BTreeMap<String, RateRef>> = Mutex::new(BTreeMap::new());

    pub fn expect(name: &str) -> oneshot::Sender<u64> {
        let (sender, receiver) = oneshot::channel();
        ANSWERS.lock().unwrap().insert(name.to_owned(), receiver);
        sender
    }

    pub fn answer(name: &str) -> oneshot::Receiver<u64> {
        let expected = ANSWERS.lock().unwrap().remove(name);
        expected.expect("the test expects the question")
    }

    pub fn publish(name: &str, rate: RateRef) {
        RATES.lock().unwrap().insert(name.to_owned(), rate);
    }

    pub fn rate(name: &str) -> RateRef {
        let rate = RATES.lock().unwrap().get(name).cloned();
        rate.expect("the test publishes a rate")
    }
}

/// Another entity, which the desk asks.
#[derive(Default)]
struct Rate(u64);

impl Ephemeral for Rate {
    const ENTITY_TYPE: &'static str = "rate";
}

#[annals::commands]
impl Rate {
    pub fn set(&self, rate: u64) -> Effect<Self> {
        Effect::mutate(self, move |state| state.0 = rate)
    }

    pub fn get(&self) -> u64 {
        self.0
    }
}

#[derive(Default, Serialize, Deserialize)]
struct Desk {
    settled: u64,
}

#[derive(Event, Serialize, Deserialize)]
#[event(entity = Desk, name = "settled")]
struct Settled(u64);

impl EventSourced for Desk {
    const ENTITY_TYPE: &'static str = "desk";
    type Event = Settled;
    fn apply(&mut self, event: &Settled) {
        self.settled += event.0;
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("nobody answered")]
struct NoAnswer;

const PATIENCE: Duration = Duration::from_secs(5);

#[annals::commands]
impl Desk {
    /// A command that awaits the outside world.
    pub async fn settle(&self, name: String) -> Effect<Self, u64, NoAnswer> {
        match outside::answer(&name).await {
            Ok(cents) => Effect::persist(Settled(cents)).reply(Self::settled),
            Err(_) => Effect::reject(NoAnswer),
        }
    }

    /// A query that awaits another entity, by the name that this one has.
    pub async fn worth(&self, ctx: &Context<Self>) -> Option<u64> {
        let rate = outside::rate(ctx.entity_id().as_str()).get().await.ok()?;
        Some(self.settled * rate)
    }

    #[command(deadline = PATIENCE)]
    pub async fn settle_soon(&self, name: String) -> Effect<Self, u64, NoAnswer> {
        self.settle(name).await
    }

    pub fn settled(&self) -> u64 {
        self.settled
    }
}

async fn node() -> Node {
    let builder = Node::builder(MemoryStorage::new()).register::<Desk>().register::<Rate>();
    builder.start().await.unwrap()
}

#[tokio::test]
async fn a_command_awaits_and_then_changes_the_entity() {
    let (node, name) = (node().await, "awaits");
    let desk: DeskRef = node.entity::<Desk>(name);
    let answer = outside::expect(name);
    let settling = desk.settle(name.into()).key("s-1").into_future();
    let (settled, sent) = tokio::join!(settling, async { answer.send(40) });
    assert_eq!((settled.unwrap(), sent), (40, Ok(())));
    // The key is known: nobody is asked again.
    assert_eq!(desk.settle(name.into()).key("s-1").await.unwrap(), 40);
    assert_eq!(desk.settled().await.unwrap(), 40);
    node.shutdown().await;
}

#[tokio::test]
async fn a_command_that_awaits_can_reject() {
    let (node, name) = (node().await, "rejects");
    drop(outside::expect(name));
    let refused = node.entity::<Desk>(name).settle(name.into()).await;
    assert!(matches!(refused, Err(CallError::Rejected(NoAnswer))), "{refused:?}");
    node.shutdown().await;
}

#[tokio::test]
async fn calls_behind_one_that_awaits_see_what_it_changed() {
    let (node, name) = (node().await, "in-order");
    let desk = node.entity::<Desk>(name);
    let answer = outside::expect(name);
    desk.settle(name.into()).tell().await.unwrap();
    let (settled, _) = tokio::join!(desk.settled().into_future(), async { answer.send(7) });
    assert_eq!(settled.unwrap(), 7);
    node.shutdown().await;
}

#[tokio::test]
async fn a_query_awaits_another_entity() {
    let (node, name) = (node().await, "worth");
    let (desk, rate) = (node.entity::<Desk>(name), node.entity::<Rate>("eur"));
    rate.set(3).await.unwrap();
    outside::publish(name, rate);
    outside::expect(name).send(5).unwrap();
    desk.settle(name.into()).await.unwrap();
    assert_eq!(desk.worth().await.unwrap(), Some(15));
    node.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn past_its_deadline_a_command_is_interrupted_and_the_entity_goes_on() {
    let (node, name) = (node().await, "late");
    let desk = node.entity::<Desk>(name);
    let answer = outside::expect(name);
    let start = Instant::now();
    let late = desk.settle_soon(name.into()).await;
    assert_eq!(start.elapsed(), PATIENCE);
    let Err(CallError::Unknown(Unknown::Interrupted { command, .. })) = &late else { panic!("{late:?}") };
    assert_eq!(command.as_str(), "settle_soon");
    assert_eq!(answer.send(1), Err(1), "its future is gone");
    assert_eq!(desk.settled().await.unwrap(), 0);
    node.shutdown().await;
}

#[tokio::test]
async fn a_panic_of_a_command_that_awaits_is_reported_as_an_interruption() {
    let (node, name) = (node().await, "panics");
    let broken = node.entity::<Desk>(name).settle(name.into()).await;
    assert!(matches!(broken, Err(CallError::Unknown(Unknown::Interrupted { .. }))), "{broken:?}");
    node.shutdown().await;
    let refused = node.entity::<Desk>(name).settle(name.into()).await;
    assert!(matches!(refused, Err(CallError::NotHandled(NotHandled::ShutDown))), "{refused:?}");
}
