//! Output commit (G1): nothing that depends on a write leaves before the write is confirmed, and the entity
//! goes on deciding meanwhile.

use crate::account::{Account, Balance, Deposit, Touch, Withdraw, node};
use crate::gate::{Gate, quiesce};
use annals::CallError;
use futures_util::future::{FutureExt, join_all};
use std::pin::pin;

#[tokio::test(start_paused = true)]
async fn against_a_storage_that_never_confirms_commands_are_decided_and_no_outcome_leaves() {
    let gate = Gate::closed();
    let node = node(gate.clone()).await;
    let alice = node.entity::<Account>("alice");
    let mut first = pin!(alice.ask(Deposit { cents: 1 }).into_future());
    assert!((&mut first).now_or_never().is_none(), "a reply left");
    quiesce().await;
    let mut deposits = pin!(join_all((2..=5).map(|cents| alice.ask(Deposit { cents }).into_future())));
    let mut rejected = pin!(alice.ask(Withdraw { cents: 1_000 }).into_future());
    let mut query = pin!(alice.ask(Balance {}).into_future());
    let mut nothing = pin!(alice.ask(Touch {}).into_future());
    for _ in 0..3 {
        assert!((&mut first).now_or_never().is_none(), "a reply left");
        assert!((&mut deposits).now_or_never().is_none(), "a reply left");
        assert!((&mut rejected).now_or_never().is_none(), "a rejection left");
        assert!((&mut query).now_or_never().is_none(), "a query was answered");
        assert!((&mut nothing).now_or_never().is_none(), "an outcome without changes left");
        quiesce().await;
    }
    // They were decided all the same: the first write is with the storage, the other four queue behind it.
    assert_eq!(gate.groups(), [1]);
    gate.release(2);
    assert_eq!(first.await.unwrap(), 1);
    let balances: Vec<i64> = deposits.await.into_iter().map(Result::unwrap).collect();
    assert_eq!(balances, [3, 6, 10, 15]);
    assert_eq!(gate.groups(), [1, 4], "what queued up meanwhile is one group");
    assert!(matches!(rejected.await, Err(CallError::Rejected(overdrawn)) if overdrawn.short == 985));
    assert_eq!(query.await.unwrap(), 15);
    nothing.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_outcome_leaves_with_the_write_it_depends_on_and_not_later() {
    let gate = Gate::closed();
    let node = node(gate.clone()).await;
    let alice = node.entity::<Account>("alice");
    let mut first = pin!(alice.ask(Deposit { cents: 1 }).into_future());
    let mut second = pin!(alice.ask(Deposit { cents: 2 }).into_future());
    let mut query = pin!(alice.ask(Balance {}).into_future());
    assert!((&mut first).now_or_never().is_none());
    quiesce().await;
    assert!((&mut second).now_or_never().is_none());
    assert!((&mut query).now_or_never().is_none());
    quiesce().await;
    gate.release(1);
    assert_eq!(first.await.unwrap(), 1);
    // The query saw the second deposit, so it waits for that one.
    quiesce().await;
    assert!((&mut second).now_or_never().is_none());
    assert!((&mut query).now_or_never().is_none());
    gate.release(1);
    assert_eq!(second.await.unwrap(), 3);
    assert_eq!(query.await.unwrap(), 3);
}

#[tokio::test(start_paused = true)]
async fn an_entity_does_not_wait_for_the_writes_of_another() {
    let gate = Gate::closed();
    let node = node(gate.clone()).await;
    let (a, b) = (node.entity::<Account>("a"), node.entity::<Account>("b"));
    let mut write = pin!(a.ask(Deposit { cents: 1 }).into_future());
    assert!((&mut write).now_or_never().is_none());
    assert_eq!(b.ask(Balance {}).await.unwrap(), 0);
    gate.release(1);
    assert_eq!(write.await.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn writes_of_many_entities_share_a_group() {
    let gate = Gate::closed();
    let node = node(gate.clone()).await;
    let first = node.entity::<Account>("first");
    let mut write = pin!(first.ask(Deposit { cents: 1 }).into_future());
    assert!((&mut write).now_or_never().is_none());
    quiesce().await;
    let refs: Vec<_> = (0..99).map(|n| node.entity::<Account>(n.to_string())).collect();
    let mut all = pin!(join_all(refs.iter().map(|account| account.ask(Deposit { cents: 1 }).into_future())));
    assert!((&mut all).now_or_never().is_none());
    quiesce().await;
    gate.release(2);
    assert_eq!(write.await.unwrap(), 1);
    assert!(all.await.into_iter().all(|reply| reply.unwrap() == 1));
    assert_eq!(gate.groups(), [1, 99]);
}
