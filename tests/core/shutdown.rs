//! Leaving memory: shutdown, dropped nodes, passivation.

use crate::account::{Account, Balance, Deposit, builder, node};
use crate::gate::{Gate, quiesce};
use annals::{CallError, Limits, NotHandled};
use futures_util::future::{FutureExt, join_all};
use std::pin::pin;
use std::time::Duration;

#[tokio::test(start_paused = true)]
async fn shutdown_finishes_what_was_accepted_and_refuses_the_rest() {
    let gate = Gate::closed();
    let node = node(gate.clone()).await;
    let alice = node.entity::<Account>("alice");
    let mut accepted = pin!(join_all((0..5).map(|_| alice.ask(Deposit { cents: 1 }).into_future())));
    assert!((&mut accepted).now_or_never().is_none());
    let mut shutdown = pin!(node.shutdown());
    assert!((&mut shutdown).now_or_never().is_none());
    quiesce().await;
    assert!((&mut shutdown).now_or_never().is_none(), "it ended before the writes in flight");
    for account in [alice.clone(), node.entity::<Account>("new")] {
        let refused = account.ask(Balance {}).await;
        assert!(matches!(refused, Err(CallError::NotHandled(NotHandled::ShutDown))), "{refused:?}");
    }
    gate.release(100);
    shutdown.await;
    assert!(accepted.await.into_iter().all(|reply| reply.is_ok()));
    assert_eq!(node.active_entities(), 0);
    assert_eq!(gate.events("alice").await.len(), 5);
    node.shutdown().await; // again: nothing left to do
}

#[tokio::test(start_paused = true)]
async fn an_idle_node_shuts_down_at_once() {
    let node = node(Gate::open()).await;
    for n in 0..10 {
        node.entity::<Account>(n.to_string()).ask(Balance {}).await.unwrap();
    }
    assert_eq!(node.active_entities(), 10);
    node.shutdown().await;
    assert_eq!(node.active_entities(), 0);
}

#[tokio::test(start_paused = true)]
async fn entities_end_when_nobody_can_reach_them_any_more() {
    let gate = Gate::open();
    let node = node(gate.clone()).await;
    let alice = node.entity::<Account>("alice");
    alice.ask(Deposit { cents: 1 }).await.unwrap();
    drop(node);
    assert_eq!(alice.ask(Balance {}).await.unwrap(), 1, "a ref keeps its node alive");
    let tasks = tokio::runtime::Handle::current().metrics();
    assert!(tasks.num_alive_tasks() > 0);
    drop(alice);
    quiesce().await;
    assert_eq!(tasks.num_alive_tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_idle_entity_leaves_memory_and_comes_back_with_the_next_call() {
    let mut limits = Limits::default();
    limits.idle = Duration::from_secs(60);
    let gate = Gate::open();
    let node = builder(gate.clone()).limits(limits).start().await.unwrap();
    let alice = node.entity::<Account>("alice");
    alice.ask(Deposit { cents: 1 }).key("k").await.unwrap();
    tokio::time::advance(Duration::from_secs(50)).await;
    quiesce().await;
    assert_eq!(node.active_entities(), 1, "too early");
    tokio::time::advance(Duration::from_secs(130)).await;
    quiesce().await;
    tokio::time::advance(Duration::from_secs(61)).await;
    quiesce().await;
    assert_eq!(node.active_entities(), 0);
    assert_eq!(alice.ask(Deposit { cents: 1 }).key("k").await.unwrap(), 1);
    assert_eq!(alice.ask(Balance {}).await.unwrap(), 1);
    assert_eq!(node.active_entities(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_entity_with_a_write_in_flight_is_not_passivated() {
    let mut limits = Limits::default();
    limits.idle = Duration::from_secs(1);
    let gate = Gate::closed();
    let node = builder(gate.clone()).limits(limits).start().await.unwrap();
    let alice = node.entity::<Account>("alice");
    let mut write = pin!(alice.ask(Deposit { cents: 1 }).into_future());
    assert!((&mut write).now_or_never().is_none());
    for _ in 0..10 {
        tokio::time::advance(Duration::from_secs(2)).await;
        quiesce().await;
    }
    assert_eq!(node.active_entities(), 1);
    gate.release(1);
    assert_eq!(write.await.unwrap(), 1);
}
