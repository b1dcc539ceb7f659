//! Commands that are not ready: they step aside, bounded and in order, and are tried again after each change.

use crate::gate::{Fault, Gate, quiesce};
use crate::ledger::{Ledger, LedgerRef, Service, builder, numbers};
use annals::{CallError, Limits, Node, NotHandled, Overloaded, Snapshots};
use futures_util::future::{FutureExt, join, join_all};
use std::pin::pin;

async fn node(gate: &Gate) -> Node {
    builder(gate.clone(), |definition| definition).start().await.unwrap()
}

async fn funded(node: &Node) -> LedgerRef {
    let ledger = node.entity::<Ledger>("l");
    ledger.add(100).await.unwrap();
    ledger
}

#[tokio::test(start_paused = true)]
async fn commands_that_are_not_ready_wait_in_order_while_others_are_handled() {
    let ledger = funded(&node(&Gate::open()).await).await;
    let mut first = pin!(ledger.spend(1).into_future());
    let mut second = pin!(ledger.spend(10).into_future());
    assert!((&mut first).now_or_never().is_none());
    assert!((&mut second).now_or_never().is_none());
    quiesce().await;
    assert_eq!(ledger.sum().await.unwrap(), 100, "a query overtakes them");
    // The first spends and closes again, so the second goes on waiting.
    ledger.open().await.unwrap();
    assert_eq!(first.await.unwrap(), 99);
    quiesce().await;
    assert!((&mut second).now_or_never().is_none());
    ledger.open().await.unwrap();
    assert_eq!(second.await.unwrap(), 89);
}

#[tokio::test(start_paused = true)]
async fn so_many_commands_wait_until_they_are_ready() {
    for bound in [1, 3] {
        let mut limits = Limits::default();
        limits.waiting = bound;
        let gate = Gate::open();
        let node = builder(gate, |definition| definition).limits(limits).start().await.unwrap();
        let ledger = funded(&node).await;
        let mut all = pin!(join_all((0..5).map(|_| ledger.spend(1).into_future())));
        assert!((&mut all).now_or_never().is_none());
        quiesce().await;
        for _ in 0..bound {
            ledger.open().await.unwrap();
        }
        let (handled, refused): (Vec<_>, Vec<_>) = all.await.into_iter().partition(Result::is_ok);
        assert_eq!((handled.len(), refused.len()), (bound, 5 - bound));
        for error in refused.into_iter().filter_map(Result::err) {
            let expected =
                matches!(&error, CallError::Overloaded(Overloaded::Waiting { limit, .. }) if *limit == bound);
            assert!(expected, "{error:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_entity_with_waiting_commands_stays_in_memory() {
    let mut limits = Limits::default();
    limits.idle = std::time::Duration::from_secs(1);
    let gate = Gate::open();
    let node = builder(gate.clone(), |definition| definition).limits(limits).start().await.unwrap();
    let ledger = funded(&node).await;
    let mut spending = pin!(ledger.spend(1).into_future());
    assert!((&mut spending).now_or_never().is_none());
    for _ in 0..4 {
        tokio::time::advance(std::time::Duration::from_secs(2)).await;
        quiesce().await;
    }
    assert_eq!(gate.recoveries(), 1);
    ledger.open().await.unwrap();
    assert_eq!(spending.await.unwrap(), 99);
}

#[tokio::test(start_paused = true)]
async fn waiting_commands_outlive_an_activation_in_their_order() {
    let gate = Gate::open();
    let ledger = funded(&node(&gate).await).await;
    let mut spending = pin!(join(ledger.spend(1).into_future(), ledger.spend(10).into_future()));
    assert!((&mut spending).now_or_never().is_none());
    quiesce().await;
    gate.fail_next(Fault::Lost);
    ledger.add(5).await.unwrap_err();
    ledger.open().await.unwrap();
    quiesce().await;
    assert!((&mut spending).now_or_never().is_none());
    ledger.open().await.unwrap();
    let (first, second) = spending.await;
    assert_eq!((first.unwrap(), second.unwrap()), (99, 89));
}

#[tokio::test(start_paused = true)]
async fn a_keyed_command_that_waits_runs_once() {
    let gate = Gate::open();
    let ledger = funded(&node(&gate).await).await;
    let spend = || ledger.spend(1).key("k").into_future();
    let mut both = pin!(join(spend(), spend()));
    assert!((&mut both).now_or_never().is_none());
    quiesce().await;
    ledger.open().await.unwrap();
    let (first, second) = both.await;
    assert_eq!((first.unwrap(), second.unwrap()), (99, 99));
    assert_eq!(numbers(&gate, "l").await.len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_shuts_down_refuses_those_that_wait() {
    let node = node(&Gate::open()).await;
    let ledger = funded(&node).await;
    let mut spending = pin!(ledger.spend(1).into_future());
    assert!((&mut spending).now_or_never().is_none());
    quiesce().await;
    node.shutdown().await;
    assert!(matches!(spending.await, Err(CallError::NotHandled(NotHandled::ShutDown))));
}

#[tokio::test(start_paused = true)]
async fn waiting_commands_keep_their_order_when_a_key_is_looked_up() {
    let gate = Gate::open();
    let mut limits = Limits::default();
    limits.recent_keys = 0;
    let start =
        || builder(gate.clone(), |it| it.snapshots(Snapshots::every(1))).limits(limits.clone()).start();
    let first = start().await.unwrap();
    for key in ["a", "b"] {
        first.entity::<Ledger>("l").add(50).key(key).await.unwrap();
        quiesce().await;
    }
    // Recovered from a snapshot that does not hold all keys: every further key is looked up.
    let ledger = start().await.unwrap().entity::<Ledger>("l");
    let (one, ten) = (ledger.spend(1).key("c").into_future(), ledger.spend(10).into_future());
    let mut both = pin!(join(one, ten));
    assert!((&mut both).now_or_never().is_none());
    quiesce().await;
    let lookups = gate.lookups();
    ledger.open().await.unwrap();
    quiesce().await;
    assert_eq!(gate.lookups(), lookups + 1);
    ledger.open().await.unwrap();
    let (one, ten) = both.await;
    assert_eq!((one.unwrap(), ten.unwrap()), (99, 89));
}

#[tokio::test(start_paused = true)]
async fn a_waiting_command_keeps_its_place_when_the_activation_ends_as_it_is_taken_up() {
    let gate = Gate::open();
    let ledger = funded(&node(&gate).await).await;
    let (first, second) = (ledger.spend_with("place".into()).into_future(), ledger.spend(10).into_future());
    let mut both = pin!(join(first, second));
    assert!((&mut both).now_or_never().is_none());
    quiesce().await;
    gate.fail_next(Fault::AppliedAndLost);
    ledger.open().await.unwrap_err();
    quiesce().await;
    assert_eq!(Service::named("place").times_asked(), 1, "it came first");
    Service::named("place").answer();
    quiesce().await;
    ledger.open().await.unwrap();
    let (first, second) = both.await;
    assert_eq!((first.unwrap(), second.unwrap()), (0, -10));
}

#[tokio::test(start_paused = true)]
async fn waiting_commands_are_handed_to_the_next_activation_in_front_of_those_behind_them() {
    let ledger = funded(&node(&Gate::open()).await).await;
    let mut waiting = pin!(ledger.spend(1).into_future());
    assert!((&mut waiting).now_or_never().is_none());
    quiesce().await;
    let mut behind = pin!(join(ledger.panic().into_future(), ledger.spend(10).into_future()));
    assert!((&mut behind).now_or_never().is_none());
    quiesce().await;
    ledger.open().await.unwrap();
    quiesce().await;
    let first = (&mut waiting).now_or_never().expect("it came first");
    assert_eq!(first.unwrap(), 99);
    ledger.open().await.unwrap();
    assert_eq!(behind.await.1.unwrap(), 89);
}
