//! Handlers that await: they start with nothing in flight, hold up what comes behind, and can be cut off without
//! any change of the entity.

use crate::gate::{Fault, Gate, quiesce};
use crate::ledger::{Ledger, Service, builder, numbers};
use annals::storage::{Fence, StorageProvider};
use annals::{CallError, Epoch, Limits, Node, NotHandled, ShardId, Snapshots, Unknown};
use futures_util::future::{FutureExt, join3};
use std::pin::pin;
use std::time::Duration;

async fn node(gate: &Gate) -> Node {
    builder(gate.clone(), |definition| definition).start().await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_awaits_decides_with_what_it_got() {
    let gate = Gate::open();
    let ledger = node(&gate).await.entity::<Ledger>("l");
    let service = Service::named("decides");
    service.answer();
    service.answer();
    assert_eq!(ledger.add_from("decides".into()).key("k").await.unwrap(), 100);
    assert_eq!(ledger.sum_with("decides".into()).await.unwrap(), 200);
    assert_eq!(ledger.add_from("decides".into()).key("k").await.unwrap(), 100, "a repetition");
    assert_eq!(service.times_asked(), 2);
    assert_eq!(numbers(&gate, "l").await, [1]);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_awaits_starts_when_nothing_is_in_flight() {
    let gate = Gate::closed();
    let ledger = node(&gate).await.entity::<Ledger>("l");
    let service = Service::named("starts");
    ledger.add(1).tell().await.unwrap();
    let mut adding = pin!(ledger.add_from("starts".into()).into_future());
    assert!((&mut adding).now_or_never().is_none());
    quiesce().await;
    assert_eq!(service.times_asked(), 0, "the write before it is not confirmed");
    gate.release(1);
    quiesce().await;
    assert_eq!(service.times_asked(), 1);
    service.answer();
    quiesce().await;
    assert!((&mut adding).now_or_never().is_none(), "its own write is not confirmed");
    gate.release(1);
    assert_eq!(adding.await.unwrap(), 101);
}

#[tokio::test(start_paused = true)]
async fn what_comes_behind_a_handler_that_awaits_waits_for_it() {
    let ledger = node(&Gate::open()).await.entity::<Ledger>("l");
    let service = Service::named("behind");
    let mut adding = pin!(ledger.add_from("behind".into()).into_future());
    let mut sum = pin!(ledger.sum().into_future());
    assert!((&mut adding).now_or_never().is_none());
    assert!((&mut sum).now_or_never().is_none());
    quiesce().await;
    assert!((&mut sum).now_or_never().is_none(), "the state must not be read or changed meanwhile");
    service.answer();
    assert_eq!(sum.await.unwrap(), 100);
    assert_eq!(adding.await.unwrap(), 100);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_awaits_too_long_is_interrupted() {
    let elapsed = async |own: bool, limit: u64| {
        let mut limits = Limits::default();
        limits.async_handler = Duration::from_secs(limit);
        let gate = Gate::open();
        let node = builder(gate.clone(), |definition| definition).limits(limits).start().await.unwrap();
        let ledger = node.entity::<Ledger>("l");
        let began = tokio::time::Instant::now();
        let error = match own {
            true => ledger.add_from("never".into()).await.map(drop).unwrap_err(),
            false => ledger.sum_with("never".into()).await.map(drop).unwrap_err(),
        };
        assert!(matches!(error, CallError::Unknown(Unknown::Interrupted { .. })), "{error:?}");
        let elapsed = began.elapsed().as_secs();
        assert_eq!(ledger.add(1).await.unwrap(), 1, "the entity goes on");
        elapsed
    };
    assert_eq!(elapsed(false, 7).await, 7, "without a deadline of its own, the node's");
    assert_eq!(elapsed(false, 20).await, 20);
    assert_eq!(elapsed(true, 20).await, 5, "its own deadline");
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_awaits_is_dropped_when_the_shard_is_lost() {
    let gate = Gate::open();
    let node = node(&gate).await;
    let ledger = node.entity::<Ledger>("l");
    let mut adding = pin!(ledger.add_from("lost".into()).into_future());
    assert!((&mut adding).now_or_never().is_none());
    quiesce().await;
    // Another owner; this node finds out by a write of an entity in the same shard.
    let shard = ShardId::of(&crate::ledger::ledger("l"));
    let raised = Fence { shard, epoch: Epoch::new(1_000) };
    gate.memory().writes().raise_epochs(&[raised]).await.unwrap();
    let neighbour =
        (0..).map(|n| n.to_string()).find(|id| ShardId::of(&crate::ledger::ledger(id)) == shard).unwrap();
    node.entity::<Ledger>(neighbour).add(1).await.unwrap_err();
    quiesce().await;
    let answer = (&mut adding).now_or_never().expect("it does not wait for its deadline");
    let error = answer.unwrap_err();
    assert!(matches!(error, CallError::Unknown(Unknown::Interrupted { .. })), "{error:?}");
    assert_eq!(ledger.add(1).await.unwrap(), 1, "and the node takes the shard over again");
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_away_does_not_stop_a_handler_that_awaits() {
    let gate = Gate::open();
    let ledger = node(&gate).await.entity::<Ledger>("l");
    let service = Service::named("goes-away");
    let error = ledger.add_from("goes-away".into()).timeout(Duration::from_secs(1)).await.unwrap_err();
    assert!(matches!(error, CallError::Unknown(Unknown::TimedOut { .. })));
    service.answer();
    quiesce().await;
    assert_eq!(ledger.sum().await.unwrap(), 100);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_awaits_reaches_other_entities_of_its_node() {
    let node = node(&Gate::open()).await;
    let (ann, bob) = (node.entity::<Ledger>("ann"), node.entity::<Ledger>("bob"));
    ann.add(7).await.unwrap();
    bob.add(1).await.unwrap();
    assert_eq!(bob.take_over("ann".into()).await.unwrap(), 8);
    let error = bob.take_over(String::new()).await.unwrap_err();
    assert!(matches!(&error, CallError::Rejected(why) if why.contains("must not be empty")), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn an_entity_that_asks_itself_is_interrupted_at_its_deadline() {
    let gate = Gate::open();
    let ann = node(&gate).await.entity::<Ledger>("ann");
    let error = ann.take_over("ann".into()).await.unwrap_err();
    assert!(matches!(error, CallError::Unknown(Unknown::Interrupted { .. })), "{error:?}");
    assert_eq!(ann.add(1).await.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_ways_between_entities_keep_no_node_alive() {
    let node = node(&Gate::open()).await;
    let (ann, bob) = (node.entity::<Ledger>("ann"), node.entity::<Ledger>("bob"));
    bob.take_over("ann".into()).await.unwrap();
    drop((node, ann, bob));
    quiesce().await;
    assert_eq!(tokio::runtime::Handle::current().metrics().num_alive_tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_deadline_refuses_only_that_command() {
    let gate = Gate::closed();
    let ledger = node(&gate).await.entity::<Ledger>("l");
    let mut before = pin!(ledger.add(1).into_future());
    let mut panicking = pin!(ledger.wait_for_nothing().into_future());
    let mut behind = pin!(ledger.add(10).into_future());
    assert!((&mut before).now_or_never().is_none());
    assert!((&mut panicking).now_or_never().is_none());
    assert!((&mut behind).now_or_never().is_none());
    gate.release(2);
    assert_eq!(before.await.unwrap(), 1);
    let error = panicking.await.unwrap_err();
    assert!(matches!(error, CallError::NotHandled(NotHandled::Panicked { .. })), "{error:?}");
    assert_eq!(behind.await.unwrap(), 11);
}

#[tokio::test(start_paused = true)]
async fn what_a_handler_did_outside_is_never_reported_as_not_handled() {
    let mut limits = Limits::default();
    limits.payload_bytes = 1;
    let node = builder(Gate::open(), |definition| definition).limits(limits).start().await.unwrap();
    let ledger = node.entity::<Ledger>("l");
    let service = Service::named("outside");
    service.answer();
    let error = ledger.add_from("outside".into()).await.unwrap_err();
    assert_eq!(service.times_asked(), 1);
    assert!(
        matches!(error, CallError::Unknown(Unknown::NotStored(NotHandled::TooLarge { .. }))),
        "{error:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_awaited_and_whose_write_was_not_sent_is_unknown() {
    let gate = Gate::closed();
    let node = node(&gate).await;
    let shard = ShardId::of(&crate::ledger::ledger("l"));
    let neighbour =
        (0..).map(|n| n.to_string()).find(|id| ShardId::of(&crate::ledger::ledger(id)) == shard).unwrap();
    node.entity::<Ledger>(neighbour).add(1).tell().await.unwrap();
    quiesce().await;
    let ledger = node.entity::<Ledger>("l");
    Service::named("unsent").answer();
    let mut adding = pin!(ledger.add_from("unsent".into()).into_future());
    assert!((&mut adding).now_or_never().is_none());
    quiesce().await;
    gate.fail_next(Fault::Lost);
    gate.release(1);
    let error = adding.await.unwrap_err();
    assert!(matches!(error, CallError::Unknown(Unknown::NotStored(NotHandled::NotWritten(_)))), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn a_key_used_in_front_of_a_handler_that_awaits_is_known_behind_it() {
    let gate = Gate::open();
    let mut limits = Limits::default();
    limits.recent_keys = 0;
    let start =
        || builder(gate.clone(), |it| it.snapshots(Snapshots::every(1))).limits(limits.clone()).start();
    let before = start().await.unwrap();
    for key in ["a", "b"] {
        before.entity::<Ledger>("l").add(1).key(key).await.unwrap();
        quiesce().await;
    }
    // Recovered from a snapshot that does not hold all keys: every further key is looked up.
    let ledger = start().await.unwrap().entity::<Ledger>("l");
    Service::named("in-between").answer();
    let (first, again) = (ledger.add(10).key("k").into_future(), ledger.add(10).key("k").into_future());
    let (first, between, again) =
        join3(first, ledger.add_from("in-between".into()).into_future(), again).await;
    assert_eq!((first.unwrap(), between.unwrap(), again.unwrap()), (12, 112, 12));
    assert_eq!(numbers(&gate, "l").await, [1, 2, 3, 4]);
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_a_handler_that_awaits_drops_the_memory() {
    let gate = Gate::open();
    let ledger = node(&gate).await.entity::<Ledger>("l");
    Service::named("panics").answer();
    let error = ledger.ask_and_panic("panics".into()).await.unwrap_err();
    assert!(matches!(error, CallError::Unknown(Unknown::Interrupted { .. })), "{error:?}");
    assert_eq!(ledger.add(1).await.unwrap(), 1);
    assert_eq!(gate.recoveries(), 2);
}
