//! A bound on the entities in memory: the one that was used least recently makes room, unless it is busy; and a
//! shutdown that does not wait for ever.

use crate::gate::{Gate, pass, quiesce};
use crate::ledger::{Ledger, Service, builder};
use annals::{CallError, Limits, Node, NotHandled, Overloaded, Shutdown, Unknown};
use futures_util::FutureExt;
use futures_util::future::join_all;
use std::pin::pin;
use std::time::Duration;
use tokio::time::Instant;

async fn node(gate: &Gate, change: impl FnOnce(&mut Limits)) -> Node {
    let mut limits = Limits::default();
    change(&mut limits);
    builder(gate.clone(), |definition| definition).limits(limits).start().await.unwrap()
}

async fn sum(node: &Node, id: &str) -> i64 {
    let sum = node.entity::<Ledger>(id).sum().await.unwrap();
    quiesce().await;
    sum
}

fn too_many<T>(result: &Result<T, CallError>, bound: usize) -> bool {
    matches!(result, Err(CallError::Overloaded(Overloaded::ActiveEntities { limit })) if *limit == bound)
}

#[tokio::test(start_paused = true)]
async fn the_least_recently_used_entity_makes_room() {
    for bound in [3, 4] {
        let gate = Gate::open();
        let node = node(&gate, |limits| limits.active_entities = bound).await;
        for id in ["a", "b", "c"] {
            sum(&node, id).await;
        }
        sum(&node, "a").await;
        sum(&node, "d").await;
        assert_eq!(node.active_entities(), bound.min(4));
        let recoveries = gate.recoveries();
        for id in ["a", "c", "d"] {
            sum(&node, id).await;
        }
        assert_eq!(gate.recoveries(), recoveries, "these stayed");
        sum(&node, "b").await;
        assert_eq!(gate.recoveries() - recoveries, usize::from(bound == 3), "this one had left");
    }
}

#[tokio::test(start_paused = true)]
async fn an_entity_with_something_under_way_is_passed_over() {
    let gate = Gate::closed();
    let node = node(&gate, |limits| limits.active_entities = 2).await;
    let busy = node.entity::<Ledger>("busy");
    let mut adding = pin!(busy.add(1).into_future());
    assert!((&mut adding).now_or_never().is_none());
    quiesce().await;
    sum(&node, "idle").await;
    sum(&node, "new").await;
    gate.release(1);
    assert_eq!(adding.await.unwrap(), 1);
    let recoveries = gate.recoveries();
    assert_eq!(sum(&node, "busy").await, 1);
    assert_eq!(gate.recoveries(), recoveries, "it stayed, although it was used least recently");
}

#[tokio::test(start_paused = true)]
async fn a_further_entity_waits_so_long_for_a_place() {
    for wait in [1, 5] {
        let gate = Gate::closed();
        let node = node(&gate, |limits| {
            (limits.active_entities, limits.activation_wait) = (1, Duration::from_secs(wait));
        })
        .await;
        let busy = node.entity::<Ledger>("busy");
        let mut adding = pin!(busy.add(1).into_future());
        assert!((&mut adding).now_or_never().is_none());
        quiesce().await;
        let began = Instant::now();
        let refused = node.entity::<Ledger>("new").sum().await;
        assert!(too_many(&refused, 1), "{refused:?}");
        assert_eq!(began.elapsed().as_secs(), wait);
        gate.release(1);
        adding.await.unwrap();
        assert_eq!(node.entity::<Ledger>("new").sum().await.unwrap(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn an_entity_gets_its_place_as_soon_as_one_is_free() {
    let gate = Gate::closed();
    let node = node(&gate, |limits| limits.active_entities = 1).await;
    let busy = node.entity::<Ledger>("busy");
    let mut adding = pin!(busy.add(1).into_future());
    assert!((&mut adding).now_or_never().is_none());
    let new = node.entity::<Ledger>("new");
    let mut waiting = pin!(new.sum().into_future());
    assert!((&mut waiting).now_or_never().is_none());
    quiesce().await;
    assert!((&mut waiting).now_or_never().is_none());
    gate.release(1);
    adding.await.unwrap();
    let began = Instant::now();
    assert_eq!(waiting.await.unwrap(), 0);
    assert!(began.elapsed() < Duration::from_millis(100), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn so_many_entities_wait_for_a_place() {
    for bound in [1, 3] {
        let gate = Gate::closed();
        let node = node(&gate, |limits| {
            (limits.active_entities, limits.waiting_activations) = (1, bound);
        })
        .await;
        let busy = node.entity::<Ledger>("busy");
        let mut adding = pin!(busy.add(1).into_future());
        assert!((&mut adding).now_or_never().is_none());
        quiesce().await;
        let refs: Vec<_> = (0..5).map(|n| node.entity::<Ledger>(n.to_string())).collect();
        let at_once = refs.iter().filter_map(|entity| entity.sum().into_future().now_or_never());
        let refused = at_once.filter(|result| too_many(result, 1)).count();
        assert_eq!(refused, 5 - bound);
        gate.release(1);
        adding.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn many_entities_share_few_places_and_lose_nothing() {
    let gate = Gate::open();
    let node = node(&gate, |limits| {
        (limits.active_entities, limits.activation_wait) = (5, Duration::from_secs(600));
    })
    .await;
    let refs: Vec<_> = (0..50).map(|n| node.entity::<Ledger>(n.to_string())).collect();
    for round in 1..=3 {
        let sums = join_all(refs.iter().map(|entity| entity.add(1).into_future())).await;
        assert!(sums.into_iter().all(|sum| sum.unwrap() == round));
        assert!(node.active_entities() <= 5);
    }
}

#[tokio::test(start_paused = true)]
async fn a_handler_lets_its_entity_leave_memory() {
    let gate = Gate::open();
    let node = node(&gate, |_| {}).await;
    let entity = node.entity::<Ledger>("l");
    entity.add_and_leave(1).await.unwrap();
    quiesce().await;
    assert_eq!(node.active_entities(), 0);
    assert_eq!(entity.add(1).await.unwrap(), 2);
    quiesce().await;
    assert_eq!(node.active_entities(), 1, "only that once");
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_that_takes_too_long_cuts_off_what_is_left() {
    for limit in [2, 7] {
        let gate = Gate::closed();
        let node = node(&gate, |limits| limits.shutdown = Duration::from_secs(limit)).await;
        let (writing, awaiting) = (node.entity::<Ledger>("writing"), node.entity::<Ledger>("awaiting"));
        let mut adding = pin!(writing.add(1).into_future());
        let mut asking = pin!(awaiting.sum_with("cut-off".into()).into_future());
        let mut behind = pin!(awaiting.add(1).into_future());
        assert!((&mut adding).now_or_never().is_none());
        assert!((&mut asking).now_or_never().is_none());
        quiesce().await;
        assert!((&mut behind).now_or_never().is_none());
        let began = Instant::now();
        assert_eq!(node.shutdown().await, Shutdown::DeadlinePassed { entities: 2 });
        assert_eq!(began.elapsed().as_secs(), limit);
        assert_eq!(node.active_entities(), 0);
        assert!(matches!(adding.await, Err(CallError::Unknown(Unknown::Lost))), "its write may be stored");
        assert!(matches!(asking.await, Err(CallError::Unknown(Unknown::Lost))));
        let refused = behind.await;
        assert!(matches!(refused, Err(CallError::NotHandled(NotHandled::ShutDown))), "{refused:?}");
        assert!(Service::named("cut-off").times_asked() > 0);
    }
}

#[tokio::test(start_paused = true)]
async fn refs_to_entities_that_left_do_not_hide_those_that_could_leave() {
    let node = node(&Gate::open(), |limits| {
        (limits.active_entities, limits.activation_wait) = (1, Duration::from_millis(1));
    })
    .await;
    let mut refs = Vec::new();
    for n in 0..300 {
        let entity = node.entity::<Ledger>(n.to_string());
        assert_eq!(entity.sum().await.unwrap(), 0, "entity {n}");
        quiesce().await;
        refs.push(entity);
    }
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_that_cut_off_leaves_no_task_behind() {
    let gate = Gate::closed();
    let node = node(&gate, |limits| limits.shutdown = Duration::from_secs(1)).await;
    node.entity::<Ledger>("l").add(1).tell().await.unwrap();
    quiesce().await;
    assert_eq!(node.shutdown().await, Shutdown::DeadlinePassed { entities: 1 });
    quiesce().await;
    assert_eq!(tokio::runtime::Handle::current().metrics().num_alive_tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_entity_that_is_to_leave_handles_what_came_in_and_leaves() {
    let gate = Gate::closed();
    // While its write is in flight it takes nothing out of its mailbox.
    let node = node(&gate, |limits| limits.held_outcomes = 1).await;
    let entity = node.entity::<Ledger>("l");
    entity.add_and_leave(1).tell().await.unwrap();
    quiesce().await;
    let mut sum = pin!(entity.sum().into_future());
    assert!((&mut sum).now_or_never().is_none());
    quiesce().await;
    gate.release(1);
    assert_eq!(sum.await.unwrap(), 1);
    quiesce().await;
    assert_eq!((node.active_entities(), gate.recoveries()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn those_that_got_a_place_make_room_for_others_to_wait() {
    let gate = Gate::closed();
    let node = node(&gate, |limits| {
        (limits.active_entities, limits.waiting_activations) = (1, 1);
    })
    .await;
    for round in 0..3 {
        let (busy, new) = (format!("busy {round}"), format!("new {round}"));
        let (busy, new) = (node.entity::<Ledger>(busy), node.entity::<Ledger>(new));
        let mut adding = pin!(busy.add(1).into_future());
        assert!((&mut adding).now_or_never().is_none());
        quiesce().await;
        let mut waiting = pin!(new.sum().into_future());
        assert!((&mut waiting).now_or_never().is_none(), "it waits");
        gate.release(1);
        adding.await.unwrap();
        assert_eq!(waiting.await.unwrap(), 0);
        new.add_and_leave(0).tell().await.unwrap();
        gate.release(1);
        quiesce().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_entity_stays_for_its_idle_time_after_it_was_used() {
    let node = node(&Gate::open(), |limits| limits.idle = Duration::from_secs(60)).await;
    sum(&node, "l").await;
    pass(Duration::from_secs(50)).await;
    sum(&node, "l").await;
    pass(Duration::from_secs(50)).await;
    assert_eq!(node.active_entities(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_entity_that_failed_makes_room_like_any_other() {
    let node = node(&Gate::open(), |limits| limits.active_entities = 1).await;
    node.entity::<Ledger>("failed").panic().await.unwrap_err();
    quiesce().await;
    let began = Instant::now();
    assert_eq!(node.entity::<Ledger>("new").sum().await.unwrap(), 0);
    assert!(began.elapsed() < Duration::from_millis(100), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn an_entity_that_failed_leaves_memory_when_it_is_idle() {
    let node = node(&Gate::open(), |limits| limits.idle = Duration::from_secs(60)).await;
    node.entity::<Ledger>("failed").panic().await.unwrap_err();
    pass(Duration::from_secs(200)).await;
    assert_eq!(node.active_entities(), 0);
}
