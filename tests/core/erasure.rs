//! Erasing an entity wholly: in its place among the calls, with nothing left but its numbers.

use crate::gate::{Fault, Gate, Operation, quiesce};
use crate::ledger::{Ledger, builder, ledger, numbers};
use annals::storage::{Fence, StorageError, StorageProvider};
use annals::{CallError, Epoch, Node, NotHandled, RecoveryPolicy, SequenceNr, ShardId, Snapshots, Unknown};
use futures_util::FutureExt;
use std::pin::pin;
use std::time::Duration;

async fn node(gate: &Gate) -> Node {
    builder(gate.clone(), |it| it.snapshots(Snapshots::every(2))).start().await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_erased_entity_begins_anew_with_the_next_number() {
    let gate = Gate::open();
    let first = node(&gate).await;
    let entity = first.entity::<Ledger>("l");
    for n in 0..3 {
        entity.add(1).key(format!("k{n}")).await.unwrap();
        quiesce().await;
    }
    first.erase::<Ledger>("l").await.unwrap();
    assert!(gate.snapshots_of(&ledger("l")).await.is_empty());
    assert_eq!(entity.sum().await.unwrap(), 0);
    assert_eq!(entity.add(5).key("k0").await.unwrap(), 5, "its keys are forgotten");
    assert_eq!(numbers(&gate, "l").await, [4]);
    let second = node(&gate).await;
    assert_eq!(second.entity::<Ledger>("l").add(5).key("k0").await.unwrap(), 5, "and new ones are kept");
    assert_eq!(second.entity::<Ledger>("l").events().await.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_erasure_comes_behind_the_calls_before_it_and_in_front_of_those_after() {
    let gate = Gate::closed();
    let node = node(&gate).await;
    let entity = node.entity::<Ledger>("l");
    let mut before = pin!(entity.add(1).into_future());
    let mut erasing = pin!(node.erase::<Ledger>("l"));
    let mut after = pin!(entity.add(10).into_future());
    assert!((&mut before).now_or_never().is_none());
    assert!((&mut erasing).now_or_never().is_none());
    assert!((&mut after).now_or_never().is_none());
    quiesce().await;
    assert!((&mut erasing).now_or_never().is_none(), "a write is in flight");
    gate.release(1);
    assert_eq!(before.await.unwrap(), 1);
    erasing.await.unwrap();
    gate.release(1);
    assert_eq!(after.await.unwrap(), 10);
    assert_eq!(numbers(&gate, "l").await, [2]);
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_that_is_being_saved_does_not_bring_an_erased_entity_back() {
    let gate = Gate::open();
    gate.hold_snapshots();
    let node = node(&gate).await;
    let entity = node.entity::<Ledger>("l");
    entity.add(1).await.unwrap();
    entity.add(1).await.unwrap();
    quiesce().await;
    assert_eq!(gate.snapshot_saves(), 1);
    let mut erasing = pin!(node.erase::<Ledger>("l"));
    assert!((&mut erasing).now_or_never().is_none());
    quiesce().await;
    assert!((&mut erasing).now_or_never().is_none());
    gate.save_held_snapshot();
    erasing.await.unwrap();
    assert!(gate.snapshots_of(&ledger("l")).await.is_empty());
    assert_eq!(entity.sum().await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_erasure_that_fails_says_whether_it_may_have_happened() {
    let gate = Gate::open();
    let node = node(&gate).await;
    let entity = node.entity::<Ledger>("l");
    entity.add(1).await.unwrap();
    gate.faults().next(Operation::Erase, Fault::Unavailable);
    let error = node.erase::<Ledger>("l").await.unwrap_err();
    assert!(matches!(error, CallError::NotHandled(NotHandled::NotErased(_))), "{error:?}");
    assert_eq!(entity.add(1).await.unwrap(), 2, "nothing was erased");
    gate.faults().next(Operation::Erase, Fault::AppliedAndLost);
    let error = node.erase::<Ledger>("l").await.unwrap_err();
    assert!(matches!(error, CallError::Unknown(Unknown::Erasing(_))), "{error:?}");
    assert_eq!(entity.add(1).await.unwrap(), 1, "memory follows the storage");
    node.erase::<Ledger>("l").await.unwrap();
    node.erase::<Ledger>("never-was").await.unwrap();
    assert_eq!(entity.sum().await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_past_of_an_erased_entity_cannot_be_read() {
    let gate = Gate::open();
    let node = node(&gate).await;
    let entity = node.entity::<Ledger>("l");
    entity.add(1).await.unwrap();
    node.erase::<Ledger>("l").await.unwrap();
    entity.add(7).await.unwrap();
    let entity = entity.as_entity_ref();
    assert!(entity.state_at(SequenceNr::ZERO).await.is_err());
    assert_eq!(entity.state_at(SequenceNr::new(1)).await.unwrap(), Ledger::default());
    assert_eq!(entity.state_at(SequenceNr::new(2)).await.unwrap().sum, 7);
    let extent = gate.memory().journal().unwrap().extent(&ledger("l")).await.unwrap();
    assert_eq!((extent.erased_to.get(), extent.highest.get()), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn an_entity_that_cannot_be_recovered_can_be_erased() {
    for policy in [RecoveryPolicy::Stop, RecoveryPolicy::Retry { within: Duration::from_secs(1) }] {
        let gate = Gate::open();
        let node = builder(gate.clone(), |definition| definition.recovery(policy)).start().await.unwrap();
        let entity = node.entity::<Ledger>("l");
        entity.add_and_leave(1).key("k").await.unwrap();
        entity.add_and_leave(1).await.unwrap();
        quiesce().await;
        assert!(gate.memory().tamper_with_event(&ledger("l"), SequenceNr::new(1), |_| None));
        entity.sum().await.unwrap_err();
        node.erase::<Ledger>("l").await.unwrap();
        assert_eq!(entity.add(5).key("k").await.unwrap(), 5);
        assert_eq!(numbers(&gate, "l").await, [3]);
        // Also as the first call that reaches it.
        entity.add_and_leave(1).await.unwrap();
        quiesce().await;
        assert!(gate.memory().tamper_with_event(&ledger("l"), SequenceNr::new(3), |_| None));
        node.erase::<Ledger>("l").await.unwrap();
        assert_eq!(entity.sum().await.unwrap(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn an_erasure_that_arrives_late_is_fenced_before_anyone_reads() {
    let gate = Gate::open();
    let node = node(&gate).await;
    let entity = node.entity::<Ledger>("l");
    entity.add(1).await.unwrap();
    gate.faults().next(Operation::Erase, Fault::Late);
    let error = node.erase::<Ledger>("l").await.unwrap_err();
    assert!(matches!(error, CallError::Unknown(Unknown::Erasing(_))), "{error:?}");
    assert_eq!(entity.add(10).await.unwrap(), 11);
    let late = gate.deliver_late().await;
    assert!(matches!(late[..], [Err(StorageError::Fenced { .. })]), "{late:?}");
    assert_eq!(numbers(&gate, "l").await, [1, 2]);
}

#[tokio::test(start_paused = true)]
async fn an_erasure_by_a_node_that_lost_the_shard_changes_nothing_and_the_next_one_does() {
    let gate = Gate::open();
    let node = node(&gate).await;
    node.entity::<Ledger>("l").add(1).await.unwrap();
    let shard = ShardId::of(&ledger("l"));
    let raised = Fence { shard, epoch: Epoch::new(1_000) };
    gate.memory().writes().raise_epochs(&[raised]).await.unwrap();
    let error = node.erase::<Ledger>("l").await.unwrap_err();
    assert!(matches!(error, CallError::NotHandled(NotHandled::NotErased(_))), "{error:?}");
    assert_eq!(numbers(&gate, "l").await, [1]);
    node.erase::<Ledger>("l").await.unwrap();
    assert!(numbers(&gate, "l").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_erasure_at_which_the_backend_panics_is_unknown_and_costs_no_other_call() {
    let gate = Gate::open();
    let node = node(&gate).await;
    let entity = node.entity::<Ledger>("l");
    entity.add(1).await.unwrap();
    let epoch = async || {
        let shard = annals::ShardId::of(&ledger("l"));
        gate.memory().writes().epochs(&[shard]).await.unwrap()[0]
    };
    let before = epoch().await;
    gate.faults().next(Operation::Erase, Fault::Panic);
    let mut erasing = pin!(node.erase::<Ledger>("l"));
    let mut behind = pin!(entity.add(1).into_future());
    assert!((&mut erasing).now_or_never().is_none());
    assert!((&mut behind).now_or_never().is_none());
    let error = erasing.await.unwrap_err();
    assert!(matches!(error, CallError::Unknown(Unknown::Erasing(_))), "{error:?}");
    assert_eq!(behind.await.unwrap(), 2);
    // The erasure may still be on its way, so nothing was decided before it was fenced.
    assert!(epoch().await > before);
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_that_arrives_late_does_not_bring_an_erased_entity_back() {
    let gate = Gate::open();
    let first = node(&gate).await;
    gate.faults().next(Operation::SaveSnapshot, Fault::Late);
    let entity = first.entity::<Ledger>("l");
    entity.add(1).await.unwrap();
    entity.add(1).await.unwrap();
    quiesce().await;
    assert_eq!(gate.snapshot_saves(), 1);
    first.erase::<Ledger>("l").await.unwrap();
    let late = gate.deliver_late().await;
    assert_eq!(late.len(), 1);
    assert_eq!(entity.sum().await.unwrap(), 0, "the storage said {late:?}");
    assert_eq!(node(&gate).await.entity::<Ledger>("l").sum().await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_closed_entity_whose_shard_cannot_be_taken_over_is_erased_once_it_can() {
    let gate = Gate::open();
    let node = builder(gate.clone(), |it| it.recovery(RecoveryPolicy::Stop)).start().await.unwrap();
    let entity = node.entity::<Ledger>("l");
    entity.add_and_leave(1).await.unwrap();
    quiesce().await;
    assert!(gate.memory().tamper_with_event(&ledger("l"), SequenceNr::new(1), |_| None));
    entity.sum().await.unwrap_err();
    // It is closed. Its shard is lost, and the erasure finds out.
    let raised = Fence { shard: ShardId::of(&ledger("l")), epoch: Epoch::new(1_000) };
    gate.memory().writes().raise_epochs(&[raised]).await.unwrap();
    node.erase::<Ledger>("l").await.unwrap_err();
    gate.faults().next(Operation::RaiseEpochs, Fault::Unavailable);
    let error = node.erase::<Ledger>("l").await.unwrap_err();
    let CallError::NotHandled(NotHandled::NotErased(StorageError::Unavailable { reason, .. })) = error else {
        panic!("{error:?}");
    };
    assert_eq!(&*reason, "a fault was injected");
    let erased_to =
        async || gate.memory().journal().unwrap().extent(&ledger("l")).await.unwrap().erased_to.get();
    assert_eq!(erased_to().await, 0);
    entity.sum().await.unwrap_err();
    node.erase::<Ledger>("l").await.unwrap();
    assert_eq!((erased_to().await, entity.sum().await.unwrap()), (1, 0));
}
