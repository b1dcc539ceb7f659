//! Asking and telling, when nothing fails; commands of one caller in the order sent (G7).

use crate::account::{
    Account, Balance, ChargeOrReport, Deposit, DepositEach, Draw, Events, Overdrawn, Skip, Touch, WhoAmI,
    Withdraw, builder, node,
};
use crate::gate::{Gate, quiesce};
use annals::{CallError, Clock, Entropy, Node, Timestamp, Unknown};
use std::time::Duration;

#[tokio::test(start_paused = true)]
async fn commands_persist_events_and_reply_from_the_state_after_them() {
    let gate = Gate::open();
    let node = node(gate.clone()).await;
    let alice = node.entity::<Account>("alice");
    assert_eq!(alice.ask(Deposit { cents: 100 }).await.unwrap(), 100);
    assert_eq!(alice.ask(Withdraw { cents: 30 }).await.unwrap(), 70);
    assert_eq!(alice.ask(DepositEach { cents: vec![1, 2, 3] }).await.unwrap(), 76);
    assert_eq!(alice.ask(Balance {}).await.unwrap(), 76);
    let events = gate.events("alice").await;
    let names: Vec<&str> = events.iter().map(|event| event.payload.manifest().name.as_str()).collect();
    assert_eq!(names, ["deposited", "withdrawn", "deposited", "deposited", "deposited"]);
}

#[tokio::test(start_paused = true)]
async fn a_rejection_carries_the_users_reason_and_stores_nothing() {
    let gate = Gate::open();
    let node = node(gate.clone()).await;
    let alice = node.entity::<Account>("alice");
    let error = alice.ask(Withdraw { cents: 30 }).await.unwrap_err();
    assert!(matches!(error, CallError::Rejected(Overdrawn { short: 30 })), "{error:?}");
    assert!(gate.history("alice").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_rejection_beside_events_stores_them() {
    let gate = Gate::open();
    let node = node(gate.clone()).await;
    let alice = node.entity::<Account>("alice");
    let error = alice.ask(ChargeOrReport { cents: 30 }).await.unwrap_err();
    assert!(matches!(error, CallError::Rejected(Overdrawn { short: 30 })), "{error:?}");
    assert_eq!(gate.events("alice").await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_effect_without_events_and_key_writes_nothing() {
    let gate = Gate::open();
    let node = node(gate.clone()).await;
    let alice = node.entity::<Account>("alice");
    alice.ask(Touch {}).await.unwrap();
    alice.ask(DepositEach { cents: vec![] }).await.unwrap();
    assert!(gate.groups().is_empty());
}

#[tokio::test(start_paused = true)]
async fn entities_are_apart() {
    let node = node(Gate::open()).await;
    let (a, b) = (node.entity::<Account>("a"), node.entity::<Account>("b"));
    a.ask(Deposit { cents: 1 }).await.unwrap();
    b.ask(Deposit { cents: 2 }).await.unwrap();
    assert_eq!((a.ask(Balance {}).await.unwrap(), b.ask(Balance {}).await.unwrap()), (1, 2));
    assert_eq!(node.active_entities(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_told_command_is_handled_and_keeps_its_place_before_a_later_ask() {
    let node = node(Gate::open()).await;
    let alice = node.entity::<Account>("alice");
    for cents in 1..=10 {
        alice.ask(Deposit { cents }).tell().await.unwrap();
    }
    assert_eq!(alice.ask(Balance {}).await.unwrap(), 55);
}

#[tokio::test(start_paused = true)]
async fn a_time_out_is_unknown_and_the_command_is_still_handled() {
    let gate = Gate::closed();
    let node = node(gate.clone()).await;
    let alice = node.entity::<Account>("alice");
    let after = Duration::from_millis(50);
    let error = alice.ask(Deposit { cents: 5 }).timeout(after).await.unwrap_err();
    assert!(matches!(error, CallError::Unknown(Unknown::TimedOut { after: a }) if a == after), "{error:?}");
    gate.release(10);
    assert_eq!(alice.ask(Balance {}).timeout(after).await.unwrap(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_call_does_nothing_until_it_is_polled() {
    let node = node(Gate::open()).await;
    let alice = node.entity::<Account>("alice");
    drop(alice.ask(Deposit { cents: 5 }).into_future());
    quiesce().await;
    assert_eq!(node.active_entities(), 0);
    assert_eq!(alice.ask(Events {}).await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_apply_sees_is_what_was_stored() {
    let gate = Gate::open();
    let first = node(gate.clone()).await;
    let alice = first.entity::<Account>("alice");
    // The event carries 5 more in a field that serde skips: a live state that has them would differ from
    // the journal (G4).
    assert_eq!(alice.ask(Skip { cents: 10 }).await.unwrap(), 10);
    let second = node(gate).await;
    assert_eq!(second.entity::<Account>("alice").ask(Balance {}).await.unwrap(), 10);
}

struct StoppedClock;
impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(1_234)
    }
}

#[tokio::test(start_paused = true)]
async fn context_tells_id_number_and_the_nodes_time() {
    let gate = Gate::open();
    let node = builder(gate.clone()).clock(StoppedClock).start().await.unwrap();
    let alice = node.entity::<Account>("alice");
    assert_eq!(alice.ask(WhoAmI {}).await.unwrap(), ("alice".into(), 0, 1_234));
    alice.ask(DepositEach { cents: vec![1, 1] }).await.unwrap();
    assert_eq!(alice.ask(WhoAmI {}).await.unwrap(), ("alice".into(), 2, 1_234));
    assert!(gate.events("alice").await.iter().all(|event| event.written_at == Timestamp::from_micros(1_234)));
}

#[tokio::test(start_paused = true)]
async fn randomness_follows_from_the_nodes_seed() {
    let draw = async |seed| {
        let node = Node::builder(Gate::open()).register::<Account>().entropy(Entropy::Seeded(seed));
        let node = node.start().await.unwrap();
        let alice = node.entity::<Account>("alice");
        (alice.ask(Draw {}).await.unwrap(), alice.ask(Draw {}).await.unwrap())
    };
    let (first, second) = draw(1).await;
    assert_ne!(first, second);
    assert_eq!(draw(1).await, (first, second));
    assert_ne!(draw(2).await, (first, second));
}
