//! User code and runtimes that misbehave where nothing expects it (G4): nobody waits for ever, and memory equals
//! the journal.

use crate::account::{Account, Balance, Deposit, builder, node};
use crate::gate::{Fault, Gate, Operation, quiesce};
use annals::{
    CallError, Clock, Command, Context, Definition, Effect, Entity, EntityRef, Event, EventSourced, Handler,
    Limits, Manifest, Node, NotHandled, Timestamp, Unknown,
};
use futures_util::future::{FutureExt, join_all};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

#[derive(Default, Serialize, Deserialize)]
struct Tally {
    n: i64,
}
#[derive(Serialize, Deserialize)]
struct Added(i64);
impl Event for Added {
    type Entity = Tally;
    const MANIFESTS: &'static [Manifest] = &[Manifest::new("added", 1)];
    fn manifest(&self) -> Manifest {
        Manifest::new("added", 1)
    }
}
impl EventSourced for Tally {
    const ENTITY_TYPE: &'static str = "account";
    type Event = Added;
    fn apply(&mut self, event: &Added) {
        self.n += event.0;
    }
}

macro_rules! command {
    ($name:ident, $text:literal, $output:ty, |$tally:ident, $command:ident| $decide:expr) => {
        impl Command for $name {
            const NAME: &'static str = $text;
        }
        impl Handler<$name> for Tally {
            type Output = $output;
            fn handle(&self, $command: $name, _: &Context<Self>) -> Self::Output {
                let $tally = self;
                $decide
            }
        }
    };
}

#[derive(Serialize, Deserialize)]
struct Add(i64);
command!(Add, "add", Effect<Self, i64>, |_t, c| Effect::persist(Added(c.0)).reply(|t| t.n));

#[derive(Serialize, Deserialize)]
struct Get;
command!(Get, "get", i64, |t, _c| t.n);

/// A command that cannot be encoded without a panic.
#[derive(Deserialize)]
struct Rude;
impl Serialize for Rude {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        panic!("serialize gave up")
    }
}
command!(Rude, "rude", Effect<Self>, |_t, _c| Effect::none());

/// A reply that can be decoded once, when it is kept, and not again.
#[derive(Debug, Serialize)]
#[serde(transparent)]
struct Once(u8);
static DECODED: AtomicU32 = AtomicU32::new(0);
impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        assert!(DECODED.fetch_add(1, Ordering::SeqCst) == 0, "deserialize gave up");
        u8::deserialize(from).map(Self)
    }
}
#[derive(Serialize, Deserialize)]
struct AskOnce;
command!(AskOnce, "ask-once", Effect<Self, Once>, |_t, _c| Effect::persist(Added(1)).reply(|_| Once(1)));

/// A command whose guard says now this, now that.
#[derive(Serialize, Deserialize)]
struct Fickle;
static ASKED: AtomicU32 = AtomicU32::new(0);
impl Command for Fickle {
    const NAME: &'static str = "fickle";
}
impl Handler<Fickle> for Tally {
    type Output = Effect<Self, i64>;
    fn ready(&self, _: &Fickle) -> bool {
        let asked = ASKED.fetch_add(1, Ordering::SeqCst);
        assert!(asked < 1_000, "it is asked without end");
        asked >= 2 && asked.is_multiple_of(3)
    }
    fn handle(&self, _: Fickle, _: &Context<Self>) -> Self::Output {
        Effect::persist(Added(1)).reply(|t| t.n)
    }
}

#[derive(Serialize, Deserialize)]
struct Helped;
command!(Helped, "helped", Effect<Self, i64, String>, |_t, _c| {
    fn check() -> Effect<Tally, (), String> {
        Effect::reject("no".into())
    }
    check().reply(|t| t.n)
});

impl Entity for Tally {
    type Ref = EntityRef<Self>;
    fn definition() -> Definition<Self> {
        Definition::event_sourced()
            .command::<Add>()
            .command::<Get>()
            .command::<Rude>()
            .command::<AskOnce>()
            .command::<Helped>()
            .command::<Fickle>()
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_the_encoding_of_a_command_refuses_only_that_command() {
    let gate = Gate::closed();
    let node = Node::builder(gate.clone()).register::<Tally>().start().await.unwrap();
    let tally = node.entity::<Tally>("a");
    let mut first = pin!(tally.ask(Add(1)).into_future());
    assert!((&mut first).now_or_never().is_none());
    quiesce().await;
    let mut rude = pin!(tally.ask(Rude).key("k").into_future());
    let mut query = pin!(tally.ask(Get).into_future());
    assert!((&mut rude).now_or_never().is_none());
    assert!((&mut query).now_or_never().is_none());
    quiesce().await;
    assert!((&mut query).now_or_never().is_none(), "it was answered before the write that it saw");
    gate.release(100);
    assert_eq!(first.await.unwrap(), 1);
    assert!(matches!(rude.await, Err(CallError::NotHandled(NotHandled::Panicked { .. }))));
    assert_eq!(query.await.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_guard_that_contradicts_itself_is_not_asked_for_ever() {
    let node = Node::builder(Gate::open()).register::<Tally>().start().await.unwrap();
    let tally = node.entity::<Tally>("a");
    let mut waiting = pin!(join_all((0..2).map(|_| tally.ask(Fickle).into_future())));
    assert!((&mut waiting).now_or_never().is_none());
    quiesce().await;
    for sum in 1..=3 {
        assert_eq!(tally.ask(Add(1)).await.unwrap(), sum);
        assert_eq!(tally.ask(Get).await.unwrap(), sum);
    }
    assert!((&mut waiting).now_or_never().is_none(), "they wait in their places");
    let asked = ASKED.load(Ordering::SeqCst);
    assert_eq!(asked, 2 + 3 * 3, "each once, and after a change until one is taken up, which is asked again");
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_the_decoding_of_a_kept_reply_costs_that_answer_only() {
    let gate = Gate::open();
    let node = Node::builder(gate.clone()).register::<Tally>().start().await.unwrap();
    let tally = node.entity::<Tally>("a");
    tally.ask(AskOnce).key("k").await.unwrap();
    let lost = tally.ask(AskOnce).key("k").await;
    assert!(matches!(lost, Err(CallError::Unknown(Unknown::Lost))), "{lost:?}");
    assert_eq!(tally.ask(Get).await.unwrap(), 1);
    assert_eq!(gate.recoveries(), 1, "the entity was dropped for it");
}

#[tokio::test(start_paused = true)]
async fn a_task_that_dies_with_a_write_in_flight_fences_it_before_anyone_reads() {
    let gate = Gate::closed();
    let mut limits = Limits::default();
    limits.recent_keys = 0;
    let node = builder(gate.clone()).limits(limits).start().await.unwrap();
    let alice = node.entity::<Account>("alice");
    gate.release(2);
    for key in ["old", "newer"] {
        alice.ask(Deposit { cents: 1 }).key(key).await.unwrap();
    }
    let mut in_flight = pin!(alice.ask(Deposit { cents: 1 }).into_future());
    assert!((&mut in_flight).now_or_never().is_none());
    quiesce().await;
    gate.faults().every(Operation::Outcomes, Fault::Panic);
    let lost = alice.ask(Deposit { cents: 1 }).key("old").await;
    assert!(matches!(lost, Err(CallError::Unknown(Unknown::Lost))), "{lost:?}");
    assert!(matches!(in_flight.await, Err(CallError::Unknown(Unknown::Lost))));
    assert_eq!(alice.ask(Balance {}).await.unwrap(), 2, "read under a raised epoch");
    gate.release(100);
    quiesce().await;
    assert_eq!(gate.events("alice").await.len(), 2, "the write landed behind the recovery");
    assert_eq!(alice.ask(Deposit { cents: 1 }).await.unwrap(), 3);
}

struct ClockThatStops(AtomicU32);
impl Clock for ClockThatStops {
    fn now(&self) -> Timestamp {
        assert!(self.0.fetch_add(1, Ordering::SeqCst) != 1, "no time");
        Timestamp::from_micros(1)
    }
}

#[tokio::test(start_paused = true)]
async fn a_panicking_clock_leaves_memory_equal_to_the_journal() {
    let gate = Gate::closed();
    let clock = ClockThatStops(AtomicU32::new(0));
    let node = Node::builder(gate.clone()).register::<Tally>().clock(clock).start().await.unwrap();
    let tally = node.entity::<Tally>("a");
    let mut first = pin!(tally.ask(Add(1)).into_future());
    assert!((&mut first).now_or_never().is_none());
    quiesce().await;
    let mut second = pin!(tally.ask(Add(1)).into_future());
    assert!((&mut second).now_or_never().is_none());
    gate.release(100);
    assert_eq!(first.await.unwrap(), 1);
    assert!(matches!(second.await, Err(CallError::NotHandled(NotHandled::Panicked { .. }))));
    assert_eq!(tally.ask(Get).await.unwrap(), 1);
    assert_eq!(gate.events("a").await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_rejection_stays_one_when_a_reply_is_put_on_it() {
    let node = Node::builder(Gate::open()).register::<Tally>().start().await.unwrap();
    let told = node.entity::<Tally>("a").ask(Helped).await;
    assert!(matches!(told, Err(CallError::Rejected(_))), "{told:?}");
}

#[test]
fn a_call_after_the_nodes_runtime_ended_is_answered() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let first = runtime();
    let node = first.block_on(node(Gate::open()));
    drop(first);
    let (told, answer) = std::sync::mpsc::channel();
    let caller = std::thread::Builder::new().spawn(move || {
        let answer = runtime().block_on(node.entity::<Account>("alice").ask(Balance {}).into_future());
        told.send(answer).unwrap();
    });
    let answer = answer.recv_timeout(Duration::from_secs(60)).expect("the caller hangs");
    assert!(matches!(answer, Err(CallError::NotHandled(NotHandled::ShutDown))), "{answer:?}");
    caller.unwrap().join().unwrap();
}

#[test]
fn a_time_out_outside_a_runtime_panics_before_anything_is_sent() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let node = runtime.block_on(node(Gate::open()));
    let alice = node.entity::<Account>("alice");
    let call = alice.ask(Deposit { cents: 1 }).timeout(Duration::from_secs(1)).into_future();
    assert!(catch_unwind(AssertUnwindSafe(|| call.now_or_never())).is_err());
    assert_eq!(runtime.block_on(alice.ask(Balance {}).into_future()).unwrap(), 0);
}

#[test]
fn a_runtime_without_time_is_refused_at_the_start() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let started = catch_unwind(AssertUnwindSafe(|| runtime.block_on(builder(Gate::open()).start())));
    assert!(started.is_err());
}

/// Four threads call a thousand entities that leave memory as soon as they are idle.
async fn calls_beside_passivation(active_entities: usize) -> Gate {
    let gate = Gate::open();
    let mut limits = Limits::default();
    (limits.idle, limits.active_entities) = (Duration::from_millis(1), active_entities);
    let node = builder(gate.clone()).limits(limits).start().await.unwrap();
    let caller = async |caller: u64| {
        let mut drawn = caller;
        for _ in 0..5_000 {
            drawn = drawn.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let id = ((drawn >> 33) % 1_000).to_string();
            node.entity::<Account>(id).ask(Deposit { cents: 1 }).await.expect("no call is lost or refused");
        }
    };
    join_all((0..4).map(caller)).await;
    gate
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_call_is_lost_or_doubled_while_entities_come_and_go() {
    let gate = calls_beside_passivation(1_000).await;
    let mut stored = 0;
    for id in 0..1_000 {
        stored += gate.events(&id.to_string()).await.len();
    }
    assert_eq!(stored, 20_000);
    assert!(gate.recoveries() > 1_000, "nobody came and went");
}
