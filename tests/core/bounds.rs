//! Bounds (G15): each field of `Limits` changes what happens, and beyond it there is a typed error or
//! back-pressure.

use crate::account::{Account, Balance, Counted, DECIDED, Deposit, DepositEach, Echo, Note, builder};
use crate::gate::{Fault, Gate, quiesce};
use annals::{CallError, Limits, NotHandled, Overloaded, StartError};
use futures_util::future::{FutureExt, join_all};
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::time::Duration;

fn limits(change: impl FnOnce(&mut Limits)) -> Limits {
    let mut limits = Limits::default();
    change(&mut limits);
    limits
}

#[tokio::test(start_paused = true)]
async fn a_full_mailbox_refuses_as_overloaded_and_loses_nothing_it_took() {
    let gate = Gate::closed();
    let limits = limits(|limits| (limits.mailbox, limits.held_outcomes) = (3, 1));
    let node = builder(gate.clone()).limits(limits).start().await.unwrap();
    let alice = node.entity::<Account>("alice");
    let mut running = pin!(alice.ask(Deposit { cents: 1 }).into_future());
    assert!((&mut running).now_or_never().is_none());
    quiesce().await;
    let mut waiting = pin!(join_all((0..3).map(|_| alice.ask(Deposit { cents: 1 }).into_future())));
    assert!((&mut waiting).now_or_never().is_none());
    let error = alice.ask(Deposit { cents: 1 }).timeout(Duration::from_millis(1)).await.unwrap_err();
    assert!(matches!(&error, CallError::Overloaded(Overloaded::Mailbox { limit: 3, .. })), "{error:?}");
    assert_eq!(error.to_string(), "overloaded: the mailbox of account/alice holds 3 calls");
    assert!(alice.ask(Deposit { cents: 1 }).tell().await.is_err());
    gate.release(100);
    assert_eq!(running.await.unwrap(), 1);
    assert!(waiting.await.into_iter().all(|reply| reply.is_ok()));
    assert_eq!(alice.ask(Balance {}).await.unwrap(), 4);
}

async fn writes_in_flight(limits: Limits, bytes: usize) -> usize {
    let gate = Gate::closed();
    let node = builder(gate.clone()).limits(limits).start().await.unwrap();
    let alice = node.entity::<Account>("alice");
    let mut first = pin!(alice.ask(Note { bytes }).into_future());
    assert!((&mut first).now_or_never().is_none());
    quiesce().await;
    let mut rest = pin!(join_all((0..99).map(|_| alice.ask(Note { bytes }).into_future())));
    assert!((&mut rest).now_or_never().is_none());
    quiesce().await;
    gate.release(1);
    quiesce().await;
    let in_flight = gate.groups().iter().sum::<usize>() - 1;
    gate.release(1_000);
    assert!(rest.await.into_iter().all(|reply| reply.is_ok()));
    in_flight
}

#[tokio::test(start_paused = true)]
async fn an_entity_runs_ahead_by_so_many_outcomes() {
    assert_eq!(writes_in_flight(limits(|limits| limits.held_outcomes = 10), 1).await, 9);
    assert_eq!(writes_in_flight(limits(|limits| limits.held_outcomes = 50), 1).await, 49);
}

#[tokio::test(start_paused = true)]
async fn an_entity_runs_ahead_by_so_many_bytes() {
    let in_flight = writes_in_flight(limits(|limits| limits.held_bytes = 10_000), 1_000).await;
    assert!((8..=10).contains(&in_flight), "{in_flight}");
}

#[tokio::test(start_paused = true)]
async fn tags_and_metadata_count_among_the_bytes() {
    let gate = Gate::closed();
    let limits = limits(|limits| limits.held_bytes = 10_000);
    let node = crate::ledger::builder(gate.clone(), |it| it).limits(limits).start().await.unwrap();
    let ledger = node.entity::<crate::ledger::Ledger>("l");
    for _ in 0..100 {
        ledger.add_tagged(1, "x".repeat(1_000)).tell().await.unwrap();
    }
    quiesce().await;
    gate.release(1_000);
    quiesce().await;
    assert!(gate.groups().iter().all(|&size| size <= 10), "{:?}", gate.groups());
    assert_eq!(ledger.sum().await.unwrap(), 100);
}

#[tokio::test(start_paused = true)]
async fn a_group_has_so_many_writes() {
    let gate = Gate::closed();
    let limits = limits(|limits| limits.group_writes = 7);
    let node = builder(gate.clone()).limits(limits).start().await.unwrap();
    let refs: Vec<_> = (0..30).map(|n| node.entity::<Account>(n.to_string())).collect();
    let mut all = pin!(join_all(refs.iter().map(|account| account.ask(Deposit { cents: 1 }).into_future())));
    assert!((&mut all).now_or_never().is_none());
    gate.release(100);
    assert!(all.await.into_iter().all(|reply| reply.is_ok()));
    assert!(gate.groups().iter().all(|&size| size <= 7) && gate.groups().contains(&7), "{:?}", gate.groups());
}

#[tokio::test(start_paused = true)]
async fn a_group_has_so_many_bytes() {
    let gate = Gate::closed();
    let limits = limits(|limits| (limits.group_bytes, limits.payload_bytes) = (5_000, 5_000));
    let node = builder(gate.clone()).limits(limits).start().await.unwrap();
    let refs: Vec<_> = (0..30).map(|n| node.entity::<Account>(n.to_string())).collect();
    let mut all = pin!(join_all(refs.iter().map(|account| account.ask(Note { bytes: 1_000 }).into_future())));
    assert!((&mut all).now_or_never().is_none());
    gate.release(100);
    assert!(all.await.into_iter().all(|reply| reply.is_ok()));
    assert!(gate.groups().iter().all(|&size| size <= 4) && gate.groups().contains(&4), "{:?}", gate.groups());
}

#[tokio::test(start_paused = true)]
async fn entities_wait_in_front_of_a_full_lane() {
    let decided = async |lane_writes| {
        let gate = Gate::closed();
        let limits = limits(|limits| (limits.lane_writes, limits.group_writes) = (lane_writes, 1));
        let node = builder(gate.clone()).limits(limits).start().await.unwrap();
        let alice = node.entity::<Account>("alice");
        let mut all = pin!(join_all((0..50).map(|_| alice.ask(Counted {}).into_future())));
        let before = DECIDED.load(Ordering::SeqCst);
        assert!((&mut all).now_or_never().is_none());
        quiesce().await;
        let decided = DECIDED.load(Ordering::SeqCst) - before;
        gate.release(1_000);
        assert!(all.await.into_iter().all(|reply| reply.is_ok()));
        decided
    };
    // One write is with the storage, the lane is full, and one more waits in the entity: the other calls
    // stay in the mailbox.
    assert_eq!(decided(5).await, 7);
    assert_eq!(decided(20).await, 22);
}

#[tokio::test(start_paused = true)]
async fn entities_wait_in_front_of_a_lane_that_is_full_of_bytes() {
    let waiting = async |lane_bytes| {
        let gate = Gate::closed();
        let limits = limits(|limits| limits.lane_bytes = lane_bytes);
        let node = builder(gate.clone()).limits(limits).start().await.unwrap();
        let refs: Vec<_> = (0..30).map(|n| node.entity::<Account>(n.to_string())).collect();
        let mut first = pin!(refs[0].ask(Note { bytes: 1_000 }).into_future());
        assert!((&mut first).now_or_never().is_none());
        quiesce().await;
        let rest = refs[1..].iter().map(|account| account.ask(Note { bytes: 1_000 }).into_future());
        let mut rest = pin!(join_all(rest));
        assert!((&mut rest).now_or_never().is_none());
        quiesce().await;
        gate.release(100);
        first.await.unwrap();
        assert!(rest.await.into_iter().all(|reply| reply.is_ok()));
        gate.groups()[1]
    };
    // A write has a little over 1,000 bytes; one is with the storage.
    assert_eq!(waiting(5_500).await, 4);
    assert_eq!(waiting(500).await, 1, "a write larger than all the room goes alone");
    assert_eq!(waiting(1 << 20).await, 29);
}

#[tokio::test(start_paused = true)]
async fn an_event_over_the_limit_is_refused_by_name_and_the_entity_goes_on() {
    let gate = Gate::open();
    let node = builder(gate.clone()).limits(limits(|l| l.payload_bytes = 1_000)).start().await.unwrap();
    let alice = node.entity::<Account>("alice");
    alice.ask(Note { bytes: 900 }).await.unwrap();
    let error = alice.ask(Note { bytes: 1_000 }).await.unwrap_err();
    assert!(
        matches!(&error, CallError::NotHandled(NotHandled::TooLarge { limit: 1_000, what, .. }) if what.contains("noted")),
        "{error:?}"
    );
    let error = alice.ask(Echo { bytes: 1_000 }).key("k").await.unwrap_err();
    assert!(
        matches!(&error, CallError::NotHandled(NotHandled::TooLarge { what, .. }) if &**what == "the outcome")
    );
    assert_eq!(
        alice.ask(Echo { bytes: 10 }).key("k").await.unwrap().len(),
        10,
        "a refused command used its key up"
    );
    assert_eq!(gate.events("alice").await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_write_that_would_not_fit_a_group_is_refused_and_the_entity_goes_on() {
    let gate = Gate::open();
    let limits = limits(|limits| (limits.group_bytes, limits.payload_bytes) = (100, 100));
    let node = builder(gate.clone()).limits(limits).start().await.unwrap();
    let alice = node.entity::<Account>("alice");
    let error = alice.ask(DepositEach { cents: vec![1; 50] }).await.unwrap_err();
    assert!(
        matches!(&error, CallError::NotHandled(NotHandled::TooLarge { what, limit: 100, .. }) if &**what == "the whole write"),
        "{error:?}"
    );
    assert_eq!(alice.ask(DepositEach { cents: vec![1, 2] }).await.unwrap(), 3);
}

#[tokio::test(start_paused = true)]
async fn the_last_outcome_over_the_bound_leaves_memory_too() {
    let gate = Gate::open();
    let limits = limits(|limits| limits.recent_key_bytes = 1_000);
    let node = builder(gate.clone()).limits(limits).start().await.unwrap();
    let alice = node.entity::<Account>("alice");
    alice.ask(Echo { bytes: 100_000 }).key("k").await.unwrap();
    alice.ask(Echo { bytes: 100_000 }).key("k").await.unwrap();
    assert!(gate.lookups() > 0, "100 kB are kept where one may be");
}

#[tokio::test(start_paused = true)]
async fn held_repetitions_count_their_bytes() {
    let gate = Gate::closed();
    let limits = limits(|l| (l.held_bytes, l.recent_key_bytes, l.mailbox) = (10_000, 10_000_000, 64));
    let node = builder(gate.clone()).limits(limits).start().await.unwrap();
    let alice = node.entity::<Account>("alice");
    gate.release(1);
    let echo = || alice.ask(Echo { bytes: 100_000 }).key("k");
    echo().await.unwrap();
    alice.ask(Deposit { cents: 1 }).tell().await.unwrap();
    quiesce().await;
    let mut taken = 0;
    for _ in 0..256 {
        taken += usize::from(echo().tell().await.is_ok());
        quiesce().await;
    }
    assert!(taken <= 64 + 1, "{taken} outcomes of 100 kB are held or wait");
    gate.release(100);
}

#[tokio::test(start_paused = true)]
async fn so_many_entities_recover_at_once() {
    for bound in [1, 3] {
        let gate = Gate::open();
        gate.slow_reads();
        let node = builder(gate.clone()).limits(limits(|l| l.recoveries = bound)).start().await.unwrap();
        let refs: Vec<_> = (0..20).map(|n| node.entity::<Account>(n.to_string())).collect();
        join_all(refs.iter().map(|account| account.ask(Balance {}).into_future())).await;
        assert_eq!(gate.most_reads_at_once(), bound);
    }
}

#[tokio::test(start_paused = true)]
async fn remembered_outcomes_are_bounded_by_their_bytes() {
    let lookups = async |recent_key_bytes| {
        let gate = Gate::open();
        let limits = limits(|limits| limits.recent_key_bytes = recent_key_bytes);
        let node = builder(gate.clone()).limits(limits).start().await.unwrap();
        let alice = node.entity::<Account>("alice");
        for n in 0..10 {
            alice.ask(Echo { bytes: 1_000 }).key(format!("k{n}")).await.unwrap();
        }
        alice.ask(Echo { bytes: 1_000 }).key("k0").await.unwrap();
        gate.lookups()
    };
    assert!(lookups(5_000).await > 0);
    assert_eq!(lookups(50_000).await, 0);
}

#[tokio::test(start_paused = true)]
async fn times_without_end_are_kept_too() {
    let gate = Gate::open();
    let limits = limits(|limits| (limits.idle, limits.persist_retry) = (Duration::MAX, Duration::MAX));
    let node = builder(gate.clone()).limits(limits).start().await.unwrap();
    for _ in 0..50 {
        gate.fail_next(Fault::Unavailable); // longer than the ten seconds that are the default
    }
    assert_eq!(node.entity::<Account>("alice").ask(Deposit { cents: 1 }).await.unwrap(), 1);
    tokio::time::advance(Duration::from_secs(3_600)).await;
    quiesce().await;
    assert_eq!(node.active_entities(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_cannot_be_kept_stops_the_start() {
    let error = builder(Gate::open()).limits(limits(|l| l.recoveries = 0)).start().await.unwrap_err();
    assert!(matches!(&error, StartError::Limit(_)) && error.to_string().contains("recoveries"), "{error}");
    let error = builder(Gate::open())
        .limits(limits(|l| (l.payload_bytes, l.group_bytes) = (1 << 40, 1 << 40)))
        .start()
        .await
        .unwrap_err();
    assert!(matches!(&error, StartError::PayloadLimit { backend: "gate", .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn tags_count_as_bytes_of_their_event() {
    let mut limits = Limits::default();
    limits.payload_bytes = 100;
    let node = crate::ledger::builder(Gate::open(), |it| it).limits(limits).start().await.unwrap();
    let entity = node.entity::<crate::ledger::Ledger>("l");
    let refused = entity.add_tagged(1, "x".repeat(101)).await;
    assert!(matches!(refused, Err(CallError::NotHandled(NotHandled::TooLarge { .. }))), "{refused:?}");
    assert_eq!(entity.add_tagged(1, "x".into()).await.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn reading_earlier_states_is_bounded_like_recoveries() {
    let mut limits = Limits::default();
    limits.recoveries = 2;
    let gate = Gate::open();
    gate.slow_reads();
    let node = builder(gate.clone()).limits(limits).start().await.unwrap();
    let alice = node.entity::<Account>("alice");
    join_all((0..10).map(|_| alice.state_at(annals::SequenceNr::ZERO))).await;
    assert_eq!(gate.most_reads_at_once(), 2);
}
