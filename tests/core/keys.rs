//! Idempotency keys (G6): a keyed command runs once, whatever happens around it.

use crate::account::{Account, Balance, Deposit, Events, Note, Overdrawn, Touch, Withdraw, builder, node};
use crate::gate::{Fault, Gate, Operation, quiesce};
use annals::storage::JournalEntry;
use annals::{CallError, Limits, NotHandled, Unknown};
use futures_util::future::{FutureExt, join_all};
use std::pin::pin;
use std::time::Duration;

#[tokio::test(start_paused = true)]
async fn a_repetition_gets_the_first_outcome_and_runs_nothing() {
    let gate = Gate::open();
    let node = node(gate.clone()).await;
    let alice = node.entity::<Account>("alice");
    assert_eq!(alice.ask(Deposit { cents: 5 }).key("k").await.unwrap(), 5);
    assert_eq!(alice.ask(Deposit { cents: 7 }).key("other").await.unwrap(), 12);
    assert_eq!(alice.ask(Deposit { cents: 5 }).key("k").await.unwrap(), 5);
    assert_eq!(alice.ask(Balance {}).await.unwrap(), 12);
    assert_eq!(gate.events("alice").await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn two_equal_commands_without_keys_run_twice() {
    let node = node(Gate::open()).await;
    let alice = node.entity::<Account>("alice");
    assert_eq!(alice.ask(Deposit { cents: 5 }).await.unwrap(), 5);
    assert_eq!(alice.ask(Deposit { cents: 5 }).await.unwrap(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_rejection_is_kept_like_a_reply() {
    let node = node(Gate::open()).await;
    let alice = node.entity::<Account>("alice");
    let withdraw = || alice.ask(Withdraw { cents: 5 }).key("w");
    assert!(matches!(withdraw().await, Err(CallError::Rejected(Overdrawn { short: 5 }))));
    alice.ask(Deposit { cents: 100 }).await.unwrap();
    assert!(matches!(withdraw().await, Err(CallError::Rejected(Overdrawn { short: 5 }))));
    assert_eq!(alice.ask(Balance {}).await.unwrap(), 100);
}

#[tokio::test(start_paused = true)]
async fn an_outcome_without_events_is_kept_too() {
    let gate = Gate::open();
    let node = node(gate.clone()).await;
    let alice = node.entity::<Account>("alice");
    alice.ask(Touch {}).key("t").await.unwrap();
    alice.ask(Touch {}).key("t").await.unwrap();
    assert_eq!(gate.history("alice").await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn while_the_first_is_in_flight_a_repetition_joins_it() {
    let gate = Gate::closed();
    let node = node(gate.clone()).await;
    let alice = node.entity::<Account>("alice");
    let mut first = pin!(alice.ask(Deposit { cents: 5 }).key("k").into_future());
    let mut again = pin!(join_all((0..3).map(|_| alice.ask(Deposit { cents: 5 }).key("k").into_future())));
    assert!((&mut first).now_or_never().is_none());
    assert!((&mut again).now_or_never().is_none());
    quiesce().await;
    assert!((&mut again).now_or_never().is_none(), "a joined outcome left before its write was confirmed");
    gate.release(1);
    assert_eq!(first.await.unwrap(), 5);
    assert!(again.await.into_iter().all(|reply| reply.unwrap() == 5));
    assert_eq!(gate.groups(), [1], "a repetition wrote something");
}

#[tokio::test(start_paused = true)]
async fn a_repetition_of_a_failed_command_in_flight_fails_with_it_and_then_runs_once() {
    let gate = Gate::closed();
    let node = node(gate.clone()).await;
    let alice = node.entity::<Account>("alice");
    gate.fail_next(Fault::Lost);
    let mut first = pin!(alice.ask(Deposit { cents: 5 }).key("k").into_future());
    let mut again = pin!(alice.ask(Deposit { cents: 5 }).key("k").into_future());
    assert!((&mut first).now_or_never().is_none());
    assert!((&mut again).now_or_never().is_none());
    gate.release(10);
    assert!(matches!(first.await, Err(CallError::Unknown(Unknown::NotConfirmed(_)))));
    assert!(matches!(again.await, Err(CallError::Unknown(Unknown::NotConfirmed(_)))));
    assert_eq!(alice.ask(Deposit { cents: 5 }).key("k").await.unwrap(), 5);
    assert_eq!(gate.events("alice").await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_key_survives_the_loss_of_memory() {
    let gate = Gate::open();
    let first = node(gate.clone()).await;
    let alice = first.entity::<Account>("alice");
    assert_eq!(alice.ask(Deposit { cents: 5 }).key("k").await.unwrap(), 5);
    assert!(alice.ask(Withdraw { cents: 50 }).key("w").await.is_err());
    let second = node(gate.clone()).await;
    let alice = second.entity::<Account>("alice");
    alice.ask(Deposit { cents: 100 }).await.unwrap();
    assert_eq!(alice.ask(Deposit { cents: 5 }).key("k").await.unwrap(), 5);
    assert!(matches!(
        alice.ask(Withdraw { cents: 50 }).key("w").await,
        Err(CallError::Rejected(Overdrawn { short: 45 }))
    ));
    assert_eq!(alice.ask(Balance {}).await.unwrap(), 105);
}

#[tokio::test(start_paused = true)]
async fn a_write_whose_answer_was_lost_is_found_by_its_key() {
    let gate = Gate::open();
    let node = node(gate.clone()).await;
    let alice = node.entity::<Account>("alice");
    for (key, fault) in [("applied", Fault::AppliedAndLost), ("not-applied", Fault::Lost)] {
        gate.fail_next(fault);
        let lost = alice.ask(Deposit { cents: 5 }).key(key).await;
        assert!(matches!(lost, Err(CallError::Unknown(Unknown::NotConfirmed(_)))), "{lost:?}");
        alice.ask(Deposit { cents: 5 }).key(key).await.unwrap();
    }
    assert_eq!(alice.ask(Balance {}).await.unwrap(), 10);
    assert_eq!(gate.events("alice").await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_same_key_with_another_command_is_an_error_and_changes_nothing() {
    let gate = Gate::open();
    let node = node(gate.clone()).await;
    let alice = node.entity::<Account>("alice");
    alice.ask(Deposit { cents: 5 }).key("k").await.unwrap();
    let other_amount = alice.ask(Deposit { cents: 6 }).key("k").await.unwrap_err();
    assert!(
        matches!(&other_amount, CallError::KeyReused { key, .. } if key.as_str() == "k"),
        "{other_amount:?}"
    );
    assert_eq!(other_amount.to_string(), "key k of account/alice was used for another command");
    let other_command = alice.ask(Touch {}).key("k").await.unwrap_err();
    assert!(matches!(other_command, CallError::KeyReused { .. }));
    assert_eq!(alice.ask(Deposit { cents: 5 }).key("k").await.unwrap(), 5, "the key keeps its first outcome");
    assert_eq!(alice.ask(Events {}).await.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_key_belongs_to_one_entity() {
    let node = node(Gate::open()).await;
    let (a, b) = (node.entity::<Account>("a"), node.entity::<Account>("b"));
    assert_eq!(a.ask(Deposit { cents: 1 }).key("k").await.unwrap(), 1);
    assert_eq!(b.ask(Deposit { cents: 2 }).key("k").await.unwrap(), 2);
}

fn tiny_window() -> Limits {
    let mut limits = Limits::default();
    limits.recent_keys = 2;
    limits
}

#[tokio::test(start_paused = true)]
async fn a_key_that_left_memory_is_looked_up_in_the_storage_and_the_activation_goes_on() {
    let gate = Gate::open();
    let node = builder(gate.clone()).limits(tiny_window()).start().await.unwrap();
    let alice = node.entity::<Account>("alice");
    for n in 1..=10 {
        assert_eq!(alice.ask(Deposit { cents: 1 }).key(format!("k{n}")).await.unwrap(), n);
    }
    let groups = gate.groups().len();
    for n in 1..=10 {
        assert_eq!(alice.ask(Deposit { cents: 1 }).key(format!("k{n}")).await.unwrap(), n);
    }
    assert!(gate.lookups() >= 8);
    assert_eq!(gate.groups().len(), groups, "a repetition wrote something");
    let reused = alice.ask(Deposit { cents: 2 }).key("k1").await;
    assert!(matches!(reused, Err(CallError::KeyReused { .. })));
    assert_eq!(alice.ask(Balance {}).await.unwrap(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_window_large_enough_asks_the_storage_for_nothing() {
    let gate = Gate::open();
    let node = node(gate.clone()).await;
    let alice = node.entity::<Account>("alice");
    for n in 1..=10 {
        alice.ask(Deposit { cents: 1 }).key(format!("k{n}")).await.unwrap();
        alice.ask(Deposit { cents: 1 }).key(format!("k{n}")).await.unwrap();
    }
    assert_eq!(gate.lookups(), 0);
}

#[tokio::test(start_paused = true)]
async fn keys_that_wait_together_are_looked_up_together() {
    let gate = Gate::open();
    let node = builder(gate.clone()).limits(tiny_window()).start().await.unwrap();
    let alice = node.entity::<Account>("alice");
    for n in 0..20 {
        alice.ask(Deposit { cents: 1 }).key(format!("k{n}")).await.unwrap();
    }
    let before = gate.lookups();
    let again =
        join_all((0..10).map(|n| alice.ask(Deposit { cents: 1 }).key(format!("k{n}")).into_future())).await;
    let balances: Vec<i64> = again.into_iter().map(Result::unwrap).collect();
    assert_eq!(balances, (1..=10).collect::<Vec<i64>>());
    assert_eq!(gate.lookups() - before, 1);
}

#[tokio::test(start_paused = true)]
async fn one_new_key_that_waits_twice_behind_a_look_up_runs_once() {
    let gate = Gate::open();
    let mut limits = Limits::default();
    limits.recent_keys = 0;
    let node = builder(gate.clone()).limits(limits).start().await.unwrap();
    let alice = node.entity::<Account>("alice");
    alice.ask(Deposit { cents: 1 }).key("old").await.unwrap();
    let calls = ["old", "new", "a", "b", "new", "new"];
    let replies = join_all(calls.map(|key| alice.ask(Deposit { cents: 1 }).key(key).into_future())).await;
    let balances: Vec<i64> = replies.into_iter().map(Result::unwrap).collect();
    assert_eq!(balances, [1, 2, 3, 4, 2, 2]);
    assert_eq!(gate.events("alice").await.len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_failed_look_up_is_unknown_and_the_entity_goes_on() {
    let gate = Gate::open();
    let node = builder(gate.clone()).limits(tiny_window()).start().await.unwrap();
    let alice = node.entity::<Account>("alice");
    for n in 0..5 {
        alice.ask(Deposit { cents: 1 }).key(format!("k{n}")).await.unwrap();
    }
    gate.faults().next(Operation::Outcomes, Fault::Unavailable);
    let failed = alice.ask(Deposit { cents: 1 }).key("k0").await;
    assert!(matches!(failed, Err(CallError::Unknown(Unknown::KeyLookup(_)))), "{failed:?}");
    assert_eq!(alice.ask(Deposit { cents: 1 }).key("k0").await.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_look_up_with_too_few_answers_is_an_error_and_not_a_new_key() {
    let gate = Gate::open();
    let node = builder(gate.clone()).limits(tiny_window()).start().await.unwrap();
    let alice = node.entity::<Account>("alice");
    for n in 0..5 {
        alice.ask(Deposit { cents: 1 }).key(format!("k{n}")).await.unwrap();
    }
    gate.answer_no_lookups();
    let before = gate.lookups();
    let failed = alice.ask(Deposit { cents: 1 }).key("k0").await;
    assert!(matches!(failed, Err(CallError::Unknown(Unknown::KeyLookup(_)))), "{failed:?}");
    assert_eq!(gate.lookups() - before, 1);
}

#[tokio::test(start_paused = true)]
async fn a_repetition_of_a_durable_command_gets_its_outcome_whatever_fails_beside_it() {
    let gate = Gate::open();
    let mut limits = Limits::default();
    limits.idle = Duration::from_secs(1);
    let node = builder(gate.clone()).limits(limits).start().await.unwrap();
    let alice = node.entity::<Account>("alice");
    alice.ask(Deposit { cents: 1 }).key("k").await.unwrap();
    for _ in 0..3 {
        tokio::time::advance(Duration::from_secs(2)).await;
        quiesce().await;
    }
    assert_eq!(node.active_entities(), 0, "the key is to come back with the recovery");
    gate.fail_next(Fault::Lost);
    let mut other = pin!(alice.ask(Deposit { cents: 2 }).into_future());
    let mut again = pin!(alice.ask(Deposit { cents: 1 }).key("k").into_future());
    assert!((&mut other).now_or_never().is_none());
    assert!((&mut again).now_or_never().is_none());
    assert!(matches!(other.await, Err(CallError::Unknown(_))));
    assert_eq!(again.await.unwrap(), 1, "a caller who were told `not handled` might retry without the key");
}

#[tokio::test(start_paused = true)]
async fn key_and_outcome_are_in_the_write_of_their_command() {
    let gate = Gate::open();
    let node = node(gate.clone()).await;
    let alice = node.entity::<Account>("alice");
    alice.ask(Deposit { cents: 5 }).key("k").await.unwrap();
    let history = gate.history("alice").await;
    assert!(
        matches!(&history[..], [JournalEntry::Event(_), JournalEntry::Outcome { kept, .. }] if kept.key.as_str() == "k"),
        "{history:?}"
    );
    assert_eq!(gate.groups(), [1]);
}

#[tokio::test(start_paused = true)]
async fn the_key_of_a_command_that_was_refused_is_as_good_as_new() {
    let mut limits = Limits::default();
    limits.payload_bytes = 100;
    let node = builder(Gate::open()).limits(limits).start().await.unwrap();
    let alice = node.entity::<Account>("alice");
    let refused = alice.ask(Note { bytes: 1_000 }).key("k").await;
    assert!(matches!(refused, Err(CallError::NotHandled(NotHandled::TooLarge { .. }))), "{refused:?}");
    assert_eq!(alice.ask(Deposit { cents: 5 }).key("k").await.unwrap(), 5, "another command may use it");
}
