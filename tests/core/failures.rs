//! Failing storage (G1, G2, G3, G4): what was acknowledged stays, what was not is told honestly, and memory
//! equals the journal afterwards.

use crate::account::{Account, Balance, Deposit, builder, node};
use crate::gate::{Fault, Gate, account, quiesce};
use annals::storage::{Fence, StorageError, StorageProvider};
use annals::{CallError, Limits, NotHandled, ShardId, Unknown};
use futures_util::future::{FutureExt, join_all};
use std::pin::pin;
use std::time::Duration;

/// Memory equals the journal: a second node that replays it answers the same.
async fn assert_memory_equals_journal(gate: &Gate, balance: i64) {
    let replayed: i64 = node(gate.clone()).await.entity::<Account>("alice").ask(Balance {}).await.unwrap();
    assert_eq!(replayed, balance, "memory and journal differ");
}

#[tokio::test(start_paused = true)]
async fn while_the_storage_is_unavailable_the_lane_retries_in_place_and_nobody_notices() {
    let gate = Gate::open();
    let node = node(gate.clone()).await;
    let alice = node.entity::<Account>("alice");
    for _ in 0..3 {
        gate.fail_next(Fault::Unavailable);
    }
    let replies = join_all((0..5).map(|_| alice.ask(Deposit { cents: 1 }).into_future())).await;
    let balances: Vec<i64> = replies.into_iter().map(Result::unwrap).collect();
    assert_eq!(balances, [1, 2, 3, 4, 5]);
    assert_memory_equals_journal(&gate, 5).await;
}

#[tokio::test(start_paused = true)]
async fn after_the_bounded_time_the_activation_ends_and_the_next_call_starts_anew() {
    let gate = Gate::open();
    let mut limits = Limits::default();
    limits.persist_retry = Duration::from_secs(1);
    let node = builder(gate.clone()).limits(limits).start().await.unwrap();
    let alice = node.entity::<Account>("alice");
    alice.ask(Deposit { cents: 1 }).await.unwrap();
    // Pauses of 5 ms, 10 ms, ... up to 500 ms: within a second there are about nine.
    for _ in 0..10 {
        gate.fail_next(Fault::Unavailable);
    }
    let error = alice.ask(Deposit { cents: 1 }).await.unwrap_err();
    assert!(
        matches!(&error, CallError::Unknown(Unknown::NotConfirmed(StorageError::Unavailable { .. }))),
        "{error:?}"
    );
    for _ in 0..10 {
        match alice.ask(Deposit { cents: 1 }).await {
            Ok(balance) => return assert_eq!(balance, 2),
            Err(error) => assert!(matches!(error, CallError::Unknown(_)), "{error:?}"),
        }
    }
    panic!("the entity did not come back");
}

#[tokio::test(start_paused = true)]
async fn a_longer_retry_time_outlasts_the_same_outage() {
    let gate = Gate::open();
    let node = node(gate.clone()).await; // 10 s by default
    for _ in 0..10 {
        gate.fail_next(Fault::Unavailable);
    }
    assert_eq!(node.entity::<Account>("alice").ask(Deposit { cents: 1 }).await.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_refused_write_ends_the_activation_with_the_earlier_replies_delivered() {
    let gate = Gate::closed();
    let node = node(gate.clone()).await;
    let alice = node.entity::<Account>("alice");
    let mut first = pin!(alice.ask(Deposit { cents: 1 }).into_future());
    assert!((&mut first).now_or_never().is_none());
    quiesce().await;
    let mut rest = pin!(join_all((0..4).map(|_| alice.ask(Deposit { cents: 1 }).into_future())));
    let mut query = pin!(alice.ask(Balance {}).into_future());
    assert!((&mut rest).now_or_never().is_none());
    assert!((&mut query).now_or_never().is_none());
    quiesce().await;
    gate.release(1);
    quiesce().await;
    gate.fail_next(Fault::Refuse(2)); // writes 2 and 3 of the group are stored, 4 and 5 are not
    gate.release(100);
    assert_eq!(first.await.unwrap(), 1);
    let rest = rest.await;
    assert!(matches!(rest[..2], [Ok(2), Ok(3)]), "{rest:?}");
    assert!(
        rest[2..].iter().all(|r| matches!(r, Err(CallError::Unknown(Unknown::NotConfirmed(_))))),
        "{rest:?}"
    );
    let query = query.await;
    assert!(
        matches!(query, Err(CallError::NotHandled(NotHandled::NotWritten(_)))),
        "a query is safe to retry: {query:?}"
    );
    assert_eq!(alice.ask(Balance {}).await.unwrap(), 3);
    assert_memory_equals_journal(&gate, 3).await;
}

#[tokio::test(start_paused = true)]
async fn what_was_queued_behind_a_failed_write_was_never_handed_over() {
    for fault in [Fault::Lost, Fault::Refuse(0)] {
        let gate = Gate::closed();
        let node = node(gate.clone()).await;
        let alice = node.entity::<Account>("alice");
        gate.fail_next(fault);
        let mut first = pin!(alice.ask(Deposit { cents: 1 }).into_future());
        assert!((&mut first).now_or_never().is_none());
        quiesce().await;
        let mut second = pin!(alice.ask(Deposit { cents: 1 }).into_future());
        assert!((&mut second).now_or_never().is_none());
        quiesce().await;
        gate.release(100);
        assert!(matches!(first.await, Err(CallError::Unknown(Unknown::NotConfirmed(_)))), "{fault:?}");
        let second = second.await;
        assert!(
            matches!(second, Err(CallError::NotHandled(NotHandled::NotWritten(_)))),
            "{fault:?}: {second:?}"
        );
        assert_eq!(gate.groups(), [1], "{fault:?}");
        assert_memory_equals_journal(&gate, 0).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_that_arrives_late_is_fenced_before_anyone_reads() {
    let gate = Gate::open();
    let node = node(gate.clone()).await;
    let alice = node.entity::<Account>("alice");
    alice.ask(Deposit { cents: 1 }).await.unwrap();
    gate.fail_next(Fault::Late);
    let lost = alice.ask(Deposit { cents: 10 }).await;
    assert!(matches!(
        lost,
        Err(CallError::Unknown(Unknown::NotConfirmed(StorageError::Indeterminate { .. })))
    ));
    // The entity is read again, and only then the write arrives.
    assert_eq!(alice.ask(Balance {}).await.unwrap(), 1);
    let late = gate.deliver_late().await;
    assert!(matches!(late[..], [Err(StorageError::Fenced { .. })]), "{late:?}");
    assert_eq!(alice.ask(Deposit { cents: 100 }).await.unwrap(), 101);
    assert_memory_equals_journal(&gate, 101).await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_revokes_the_shard_for_its_idle_neighbours_too() {
    let gate = Gate::open();
    let node = node(gate.clone()).await;
    let shard = ShardId::of(&account("alice"));
    let neighbour = (0..).map(|n| format!("n{n}")).find(|id| ShardId::of(&account(id)) == shard).unwrap();
    let (alice, neighbour) = (node.entity::<Account>("alice"), node.entity::<Account>(&neighbour));
    neighbour.ask(Deposit { cents: 7 }).await.unwrap();
    gate.fail_next(Fault::AppliedAndLost);
    assert!(alice.ask(Deposit { cents: 1 }).await.is_err());
    // Both come back under the raised epoch, and both can write.
    assert_eq!(neighbour.ask(Deposit { cents: 1 }).await.unwrap(), 8);
    assert_eq!(alice.ask(Deposit { cents: 1 }).await.unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_backend_that_panics_costs_an_answer_and_nothing_else() {
    let gate = Gate::open();
    let node = node(gate.clone()).await;
    let alice = node.entity::<Account>("alice");
    gate.fail_next(Fault::Panic);
    let error = alice.ask(Deposit { cents: 1 }).await.unwrap_err();
    assert!(matches!(error, CallError::Unknown(Unknown::NotConfirmed(_))), "{error:?}");
    assert_eq!(alice.ask(Deposit { cents: 1 }).await.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_lost_its_shard_is_fenced_and_takes_it_over_again() {
    let gate = Gate::open();
    let first = node(gate.clone()).await;
    let ours = first.entity::<Account>("alice");
    assert_eq!(ours.ask(Deposit { cents: 1 }).await.unwrap(), 1);
    let second = node(gate.clone()).await; // raises every epoch
    let theirs = second.entity::<Account>("alice");
    assert_eq!(theirs.ask(Deposit { cents: 10 }).await.unwrap(), 11);
    let fenced = ours.ask(Deposit { cents: 100 }).await.unwrap_err();
    assert!(
        matches!(&fenced, CallError::Unknown(Unknown::NotConfirmed(StorageError::Fenced { .. }))),
        "a write under a lost epoch: {fenced:?}"
    );
    assert_eq!(ours.ask(Deposit { cents: 100 }).await.unwrap(), 111, "a lost shard does not stay dead");
    let fenced = theirs.ask(Deposit { cents: 1_000 }).await;
    assert!(fenced.is_err(), "two owners at once");
    assert_memory_equals_journal(&gate, 111).await;
}

#[tokio::test(start_paused = true)]
async fn of_two_activations_at_one_epoch_one_gets_a_conflict() {
    let gate = Gate::open();
    let node = node(gate.clone()).await;
    let alice = node.entity::<Account>("alice");
    alice.ask(Deposit { cents: 1 }).await.unwrap();
    // A stranger with the right epoch writes behind the entity's back.
    let shard = ShardId::of(&account("alice"));
    let epoch = gate.memory().writes().epochs(&[shard]).await.unwrap()[0];
    let written = stranger(&gate, Fence { shard, epoch }).await;
    assert!(written.is_ok(), "{written:?}");
    let error = alice.ask(Deposit { cents: 1 }).await.unwrap_err();
    assert!(
        matches!(&error, CallError::Unknown(Unknown::NotConfirmed(StorageError::Conflict { .. }))),
        "{error:?}"
    );
    assert_eq!(alice.ask(Balance {}).await.unwrap(), 6);
}

async fn stranger(gate: &Gate, fence: Fence) -> Result<annals::storage::Committed, StorageError> {
    use annals::storage::{Change, Lane, Write};
    let event = crate::account::AccountEvent::Deposited { cents: 5 };
    let bytes = annals::Codec::MessagePack.encode(&event).unwrap();
    let payload =
        annals::Payload::seal(annals::Event::manifest(&event), annals::Codec::MessagePack.id(), bytes);
    let write = Write {
        id: account("alice"),
        fence,
        activation: annals::ActivationId::new(99),
        write_nr: annals::WriteNr::new(1),
        written_at: annals::Timestamp::from_micros(0),
        change: Change::Events { expected: annals::SequenceNr::new(1), events: vec![payload.into()].into() },
        outcome: None,
        side_effects: vec![],
    };
    gate.memory().writes().append(Lane(0), [write].into()).await.remove(0)
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_away_at_any_point_leaves_memory_and_journal_equal() {
    let gate = Gate::open();
    let node = node(gate.clone()).await;
    let alice = node.entity::<Account>("alice");
    for polls in 0..6 {
        let mut call = Box::pin(alice.ask(Deposit { cents: 1 }).into_future());
        for _ in 0..polls {
            if (&mut call).now_or_never().is_some() {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(call);
        let balance = alice.ask(Balance {}).await.unwrap();
        assert_eq!(gate.events("alice").await.len() as i64, balance, "after {polls} polls");
    }
    assert_eq!(
        alice.ask(Balance {}).await.unwrap(),
        5,
        "only the call that was never polled was not handled"
    );
    assert_memory_equals_journal(&gate, 5).await;
}
