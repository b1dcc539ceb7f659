//! Panics in user code (G4): nothing of the command is written, writes in flight are settled, and memory
//! equals the journal after.

use crate::account::{
    Account, Balance, Deposit, Events, PanicInApply, PanicInHandler, PanicInQuery, PanicInReply, node,
};
use crate::gate::{Fault, Gate, quiesce};
use annals::{CallError, NotHandled, Unknown};
use futures_util::future::FutureExt;
use std::pin::pin;

fn panicked<T: std::fmt::Debug>(result: Result<T, CallError>, text: &str) {
    match result {
        Err(CallError::NotHandled(NotHandled::Panicked { message, .. })) => {
            assert!(message.contains(text), "{message}")
        }
        other => panic!("expected a panic, got {other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_anywhere_writes_nothing_and_the_entity_comes_back() {
    let gate = Gate::open();
    let node = node(gate.clone()).await;
    let alice = node.entity::<Account>("alice");
    alice.ask(Deposit { cents: 5 }).await.unwrap();
    panicked(alice.ask(PanicInHandler {}).await, "the handler gave up");
    panicked(alice.ask(PanicInApply {}).await, "apply hit a bomb");
    panicked(alice.ask(PanicInReply {}).await, "the reply gave up");
    panicked(alice.ask(PanicInQuery {}).await, "the query gave up");
    panicked(alice.ask(PanicInReply {}).key("k").await, "the reply gave up");
    assert_eq!(alice.ask(Balance {}).await.unwrap(), 5, "a half-applied command stayed in memory");
    assert_eq!(alice.ask(Events {}).await.unwrap(), 1);
    assert_eq!(gate.history("alice").await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn replies_of_writes_in_flight_arrive_after_a_panic() {
    let gate = Gate::closed();
    let node = node(gate.clone()).await;
    let alice = node.entity::<Account>("alice");
    let mut first = pin!(alice.ask(Deposit { cents: 1 }).into_future());
    let mut second = pin!(alice.ask(Deposit { cents: 2 }).into_future());
    let mut bad = pin!(alice.ask(PanicInApply {}).into_future());
    let mut third = pin!(alice.ask(Deposit { cents: 4 }).into_future());
    assert!((&mut first).now_or_never().is_none());
    quiesce().await;
    assert!((&mut second).now_or_never().is_none());
    assert!((&mut bad).now_or_never().is_none());
    assert!((&mut third).now_or_never().is_none());
    quiesce().await;
    assert!((&mut bad).now_or_never().is_none(), "the panic was decided on writes that are not confirmed");
    gate.release(100);
    assert_eq!(first.await.unwrap(), 1);
    assert_eq!(second.await.unwrap(), 3);
    panicked(bad.await, "apply hit a bomb");
    assert_eq!(third.await.unwrap(), 7, "the call behind the panic is handled by the next activation");
    assert_eq!(gate.events("alice").await.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_write_that_fails_after_a_panic_is_told_as_unknown() {
    let gate = Gate::closed();
    let node = node(gate.clone()).await;
    let alice = node.entity::<Account>("alice");
    gate.fail_next(Fault::AppliedAndLost);
    let mut first = pin!(alice.ask(Deposit { cents: 1 }).into_future());
    let mut bad = pin!(alice.ask(PanicInHandler {}).into_future());
    assert!((&mut first).now_or_never().is_none());
    assert!((&mut bad).now_or_never().is_none());
    quiesce().await;
    gate.release(100);
    assert!(matches!(first.await, Err(CallError::Unknown(Unknown::NotConfirmed(_)))));
    assert!(matches!(bad.await, Err(CallError::NotHandled(_))));
    assert_eq!(alice.ask(Balance {}).await.unwrap(), 1);
}
