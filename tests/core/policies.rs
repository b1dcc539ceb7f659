//! What an entity's policies say when it cannot be recovered, or when an activation ends early (G10).

use crate::gate::{Fault, Gate, pass, quiesce};
use crate::ledger::{Ledger, builder, ledger, numbers};
use annals::{
    Backoff, CallError, Definition, FailurePolicy, Node, NotHandled, Payload, RecoveryError, RecoveryPolicy,
    SequenceNr,
};
use futures_util::FutureExt;
use futures_util::future::{join, join_all};
use std::pin::pin;
use std::time::Duration;
use tokio::time::Instant;

const BACKOFF: Backoff = Backoff::new(Duration::from_secs(10), Duration::from_secs(100));

async fn node(gate: &Gate, configure: impl FnOnce(Definition<Ledger>) -> Definition<Ledger>) -> Node {
    builder(gate.clone(), |definition| configure(definition.restart_backoff(BACKOFF))).start().await.unwrap()
}

fn recovery_failed<T: std::fmt::Debug>(result: &Result<T, CallError>) -> bool {
    matches!(result, Err(CallError::NotHandled(NotHandled::Recovery(RecoveryError::Storage(_)))))
}

#[tokio::test(start_paused = true)]
async fn a_closed_entity_does_not_ask_the_storage_until_the_pause_is_over() {
    let gate = Gate::open();
    let node = node(&gate, |definition| definition.recovery(RecoveryPolicy::Stop)).await;
    let entity = node.entity::<Ledger>("l");
    gate.fail_reads(2);
    assert!(recovery_failed(&entity.sum().await));
    for _ in 0..5 {
        assert!(recovery_failed(&entity.sum().await));
        quiesce().await;
    }
    assert_eq!(gate.recoveries(), 1, "the calls fail with the error that is known");
    tokio::time::advance(Duration::from_secs(11)).await;
    quiesce().await;
    assert_eq!(node.active_entities(), 0, "nobody wants it");
    assert!(recovery_failed(&entity.sum().await));
    assert_eq!(gate.recoveries(), 2, "the next call tried again");
    tokio::time::advance(Duration::from_secs(21)).await;
    quiesce().await;
    assert_eq!(entity.sum().await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn calls_wait_while_a_recovery_is_tried_again() {
    let gate = Gate::open();
    let within = Duration::from_secs(60);
    let node = node(&gate, |definition| definition.recovery(RecoveryPolicy::Retry { within })).await;
    let entity = node.entity::<Ledger>("l");
    gate.fail_reads(2);
    let began = Instant::now();
    assert_eq!(entity.sum().await.unwrap(), 0);
    assert_eq!(gate.recoveries(), 3);
    assert!((15..=30).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());

    gate.fail_reads(100);
    let began = Instant::now();
    assert!(recovery_failed(&node.entity::<Ledger>("other").sum().await));
    assert!(began.elapsed() <= within, "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_node_that_shuts_down_does_not_wait_for_a_pause() {
    let gate = Gate::open();
    let within = Duration::from_secs(10_000);
    for policy in [RecoveryPolicy::Stop, RecoveryPolicy::Retry { within }] {
        let node = node(&gate, |definition| definition.recovery(policy)).await;
        gate.fail_reads(100);
        let entity = node.entity::<Ledger>("l");
        let mut sum = pin!(entity.sum().into_future());
        let _ = (&mut sum).now_or_never();
        quiesce().await;
        let began = Instant::now();
        assert_eq!(node.shutdown().await, annals::Shutdown::Complete);
        assert!(began.elapsed() < Duration::from_secs(1), "{policy:?}: {:?}", began.elapsed());
        assert!(recovery_failed(&sum.await), "{policy:?}");
        gate.fail_reads(0);
    }
}

#[tokio::test(start_paused = true)]
async fn an_entity_starts_at_the_proven_number_without_what_cannot_be_read() {
    let gate = Gate::open();
    let filling = node(&gate, |definition| definition).await;
    for cents in [1, 10, 100, 1_000, 10_000] {
        filling.entity::<Ledger>("l").add(cents).await.unwrap();
    }
    let damage = |payload: Payload| {
        Some(Payload::from_stored(payload.manifest().clone(), payload.codec(), 0, payload.bytes().to_vec()))
    };
    assert!(gate.memory().tamper_with_event(&ledger("l"), SequenceNr::new(2), damage));
    assert!(gate.memory().tamper_with_event(&ledger("l"), SequenceNr::new(4), |_| None));
    let strict = node(&gate, |definition| definition).await;
    assert!(recovery_failed(&strict.entity::<Ledger>("l").sum().await));

    let lenient = |definition: Definition<Ledger>| definition.recovery(RecoveryPolicy::StartAtHighest);
    let first = node(&gate, lenient).await;
    let entity = first.entity::<Ledger>("l");
    assert_eq!(entity.sum().await.unwrap(), 10_101);
    assert!(!entity.is_complete().await.unwrap());
    assert_eq!(entity.add(7).key("k").await.unwrap(), 10_108);
    // What was added is there the next time, under the number behind the highest.
    let second = node(&gate, lenient).await;
    assert_eq!(second.entity::<Ledger>("l").add(7).key("k").await.unwrap(), 10_108);
    assert_eq!(second.entity::<Ledger>("l").sum().await.unwrap(), 10_108);
    assert!(second.entity::<Ledger>("sound").is_complete().await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn an_entity_does_not_start_without_its_events_because_the_storage_is_away() {
    let gate = Gate::open();
    let node = node(&gate, |definition| definition.recovery(RecoveryPolicy::StartAtHighest)).await;
    gate.fail_reads(1);
    assert!(recovery_failed(&node.entity::<Ledger>("l").sum().await));
}

#[tokio::test(start_paused = true)]
async fn a_number_that_the_backend_gives_twice_is_applied_by_nobody() {
    for policy in [RecoveryPolicy::Stop, RecoveryPolicy::StartAtHighest] {
        for nr in [1, 2, 3] {
            let gate = Gate::open();
            let filling = node(&gate, |definition| definition).await;
            for cents in [1, 100, 10_000] {
                filling.entity::<Ledger>("l").add(cents).await.unwrap();
            }
            gate.give_twice(nr);
            let misled = node(&gate, |definition| definition.recovery(policy)).await;
            let error = misled.entity::<Ledger>("l").sum().await.unwrap_err();
            let told = format!("event {nr} of ledger/l: it is given after event {nr}");
            assert!(error.to_string().contains(&told), "{error}");
            gate.give_twice(0);
            let sound = node(&gate, |definition| definition.recovery(policy)).await;
            assert_eq!(sound.entity::<Ledger>("l").sum().await.unwrap(), 10_101);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_entity_whose_apply_panics_at_an_event_starts_without_it() {
    let gate = Gate::open();
    let filling = node(&gate, |definition| definition).await;
    filling.entity::<Ledger>("l").add(1).await.unwrap();
    crate::recovery::store_in(&gate, &ledger("l"), 1, &crate::ledger::LedgerEvent::Exploded).await;
    let strict = node(&gate, |definition| definition).await;
    let error = strict.entity::<Ledger>("l").sum().await.unwrap_err();
    assert!(matches!(&error, CallError::NotHandled(NotHandled::Recovery(RecoveryError::Panicked { .. }))));
    let lenient = node(&gate, |definition| definition.recovery(RecoveryPolicy::StartAtHighest)).await;
    assert_eq!(lenient.entity::<Ledger>("l").add(1).await.unwrap(), 2);
    assert_eq!(numbers(&gate, "l").await, [1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn an_entity_that_fails_again_and_again_pauses() {
    let gate = Gate::open();
    let node = node(&gate, |definition| definition.failure(FailurePolicy::Restart)).await;
    let entity = node.entity::<Ledger>("l");
    let elapsed = async || {
        let began = Instant::now();
        entity.panic().await.unwrap_err();
        entity.sum().await.unwrap();
        began.elapsed().as_secs()
    };
    assert_eq!(elapsed().await, 0, "at once the first time");
    let second = elapsed().await;
    assert!((5..=10).contains(&second), "{second}");
    let third = elapsed().await;
    assert!((10..=20).contains(&third), "{third}");
    entity.add(1).await.unwrap();
    assert_eq!(elapsed().await, 0, "a confirmed write made it sound again");
}

#[tokio::test(start_paused = true)]
async fn an_entity_that_is_to_stop_refuses_the_calls_that_wait() {
    for (policy, handled) in [(FailurePolicy::Restart, true), (FailurePolicy::Stop, false)] {
        let gate = Gate::open();
        let node = node(&gate, |definition| definition.failure(policy)).await;
        let entity = node.entity::<Ledger>("l");
        let mut first = pin!(entity.panic().into_future());
        assert!((&mut first).now_or_never().is_none());
        let mut behind = pin!(join_all((0..3).map(|_| entity.add(1).into_future())));
        assert!((&mut behind).now_or_never().is_none());
        first.await.unwrap_err();
        for result in behind.await {
            match handled {
                true => assert!(result.is_ok(), "{result:?}"),
                false => {
                    let stopped = matches!(&result, Err(CallError::NotHandled(NotHandled::Stopped { why, .. })) if why.contains("gave up"));
                    assert!(stopped, "{result:?}");
                }
            }
        }
        assert!(entity.add(1).await.is_ok(), "the next call activates it");
    }
}

#[tokio::test(start_paused = true)]
async fn an_entity_that_is_to_stop_after_a_lost_write_tells_held_callers_what_is_known() {
    let gate = Gate::open();
    let node = node(&gate, |definition| definition.failure(FailurePolicy::Stop)).await;
    let entity = node.entity::<Ledger>("l");
    gate.fail_next(Fault::AppliedAndLost);
    let error = entity.add(1).key("k").await.unwrap_err();
    assert!(matches!(error, CallError::Unknown(_)), "{error:?}");
    assert_eq!(entity.add(1).key("k").await.unwrap(), 1, "it was stored, once");
}

#[tokio::test(start_paused = true)]
async fn many_damaged_events_in_a_row_are_one_gap_and_too_many_gaps_are_an_error() {
    for (stride, starts) in [(1, true), (2, false)] {
        let gate = Gate::open();
        let filling = node(&gate, |definition| definition).await;
        for _ in 0..300 {
            filling.entity::<Ledger>("l").add(1).await.unwrap();
        }
        let damage = |payload: Payload| {
            Some(Payload::from_stored(
                payload.manifest().clone(),
                payload.codec(),
                0,
                payload.bytes().to_vec(),
            ))
        };
        for nr in (1..=200).step_by(stride) {
            assert!(gate.memory().tamper_with_event(&ledger("l"), SequenceNr::new(nr), damage));
        }
        let lenient = node(&gate, |definition| definition.recovery(RecoveryPolicy::StartAtHighest)).await;
        let sum = lenient.entity::<Ledger>("l").sum().await;
        assert_eq!(sum.is_ok(), starts, "{sum:?}");
        assert!(sum.is_err() || sum.unwrap() == 100);
    }
}

#[tokio::test(start_paused = true)]
async fn the_key_of_a_command_whose_event_cannot_be_read_is_still_known() {
    let gate = Gate::open();
    let filling = node(&gate, |definition| definition).await;
    for (cents, key) in [(1, "a"), (10, "b"), (100, "c")] {
        filling.entity::<Ledger>("l").add(cents).key(key).await.unwrap();
    }
    assert!(gate.memory().tamper_with_event(&ledger("l"), SequenceNr::new(2), |payload| {
        Some(Payload::from_stored(payload.manifest().clone(), payload.codec(), 0, payload.bytes().to_vec()))
    }));
    gate.lose_outcomes();
    let lenient = node(&gate, |definition| definition.recovery(RecoveryPolicy::StartAtHighest)).await;
    let entity = lenient.entity::<Ledger>("l");
    assert_eq!(entity.sum().await.unwrap(), 101);
    assert_eq!(entity.add(10).key("b").await.unwrap(), 11, "the first outcome");
    assert_eq!(numbers(&gate, "l").await, [1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn after_a_success_the_time_of_retrying_begins_anew() {
    let gate = Gate::open();
    let within = Duration::from_secs(30);
    let node = node(&gate, |definition| definition.recovery(RecoveryPolicy::Retry { within })).await;
    let entity = node.entity::<Ledger>("l");
    for round in 1..=2 {
        gate.fail_reads(1);
        assert_eq!(entity.add(1).await.unwrap(), round);
        pass(Duration::from_secs(40)).await;
        entity.panic().await.unwrap_err();
    }
}

#[tokio::test(start_paused = true)]
async fn too_many_events_at_which_apply_panics_are_an_error() {
    for (bombs, starts) in [(64, true), (65, false)] {
        let gate = Gate::open();
        let filling = node(&gate, |definition| definition).await;
        filling.entity::<Ledger>("l").add(1).await.unwrap();
        for nr in 1..=bombs {
            crate::recovery::store_in(&gate, &ledger("l"), nr, &crate::ledger::LedgerEvent::Exploded).await;
        }
        let lenient = node(&gate, |definition| definition.recovery(RecoveryPolicy::StartAtHighest)).await;
        let sum = lenient.entity::<Ledger>("l").sum().await;
        assert_eq!(sum.is_ok(), starts, "{sum:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_entity_erased_while_it_is_closed_is_tried_again_for_the_whole_time() {
    let gate = Gate::open();
    let policy = RecoveryPolicy::Retry { within: Duration::from_secs(12) };
    let steady = Backoff::new(Duration::from_secs(10), Duration::from_secs(10));
    let node = node(&gate, |it| it.recovery(policy).restart_backoff(steady)).await;
    let entity = node.entity::<Ledger>("l");
    gate.fail_reads(100);
    assert!(recovery_failed(&entity.sum().await));
    pass(Duration::from_secs(4)).await;
    gate.fail_reads(1);
    let (erased, sum) = join(node.erase::<Ledger>("l"), entity.sum().into_future()).await;
    erased.unwrap();
    assert_eq!(sum.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_entity_that_is_to_stop_after_a_lost_write_refuses_those_that_wait() {
    let gate = Gate::open();
    let node = node(&gate, |definition| definition.failure(FailurePolicy::Stop)).await;
    let entity = node.entity::<Ledger>("l");
    let mut waiting = pin!(entity.spend(1).into_future());
    assert!((&mut waiting).now_or_never().is_none());
    quiesce().await;
    gate.fail_next(Fault::Lost);
    entity.add(1).await.unwrap_err();
    quiesce().await;
    let refused = waiting.now_or_never().expect("it is told");
    assert!(matches!(refused, Err(CallError::NotHandled(NotHandled::Stopped { .. }))), "{refused:?}");
}

#[tokio::test(start_paused = true)]
async fn an_erasure_is_no_failure() {
    let node = node(&Gate::open(), |definition| definition.failure(FailurePolicy::Stop)).await;
    let entity = node.entity::<Ledger>("l");
    let (erased, behind) = join(node.erase::<Ledger>("l"), entity.add(1).into_future()).await;
    erased.unwrap();
    assert_eq!(behind.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn recoveries_that_failed_do_not_delay_what_comes_after_one_that_succeeded() {
    let gate = Gate::open();
    let within = Duration::from_secs(600);
    let node = node(&gate, |definition| definition.recovery(RecoveryPolicy::Retry { within })).await;
    let entity = node.entity::<Ledger>("l");
    gate.fail_reads(3);
    assert_eq!(entity.sum().await.unwrap(), 0);
    let mut panicking = pin!(entity.panic().into_future());
    let mut behind = pin!(entity.sum().into_future());
    assert!((&mut panicking).now_or_never().is_none());
    assert!((&mut behind).now_or_never().is_none());
    let began = Instant::now();
    panicking.await.unwrap_err();
    assert_eq!(behind.await.unwrap(), 0);
    assert!(began.elapsed() < Duration::from_secs(1), "at once the first time: {:?}", began.elapsed());
}
