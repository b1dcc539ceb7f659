//! Following the events of an entity, and reading its state at an earlier number (G14).

use crate::gate::{Gate, quiesce};
use crate::ledger::{Ledger, LedgerEvent, LedgerRef, TestClock, builder, ledger};
use annals::storage::{Fence, StorageProvider};
use annals::{Events, HistoryError, Limits, Node, NotHandled, Recorded, SequenceNr, ShardId, Snapshots};
use futures_util::{FutureExt, StreamExt};
use std::time::Duration;
use tokio::time::timeout;

async fn node(gate: &Gate) -> Node {
    builder(gate.clone(), |it| it.snapshots(Snapshots::on_demand())).start().await.unwrap()
}

fn events(entity: &LedgerRef, from: u64) -> Events<LedgerEvent> {
    entity.as_entity_ref().events(SequenceNr::new(from))
}

async fn next(events: &mut Events<LedgerEvent>) -> (u64, LedgerEvent) {
    let Recorded { sequence_nr, event, .. } = events.next().await.unwrap().unwrap();
    (sequence_nr.get(), event)
}

fn added(nr: u64, cents: i64) -> (u64, LedgerEvent) {
    (nr, LedgerEvent::Added { cents })
}

async fn delete_to(gate: &Gate, to: u64) {
    let shard = ShardId::of(&ledger("l"));
    let epoch = gate.memory().writes().epochs(&[shard]).await.unwrap()[0];
    let journal = gate.memory().journal().unwrap();
    journal.delete_to(&ledger("l"), Fence { shard, epoch }, SequenceNr::new(to)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn events_are_given_from_a_number_on_and_then_as_they_come() {
    let entity = node(&Gate::open()).await.entity::<Ledger>("l");
    for cents in 1..=3 {
        entity.add(cents).await.unwrap();
    }
    let (mut all, mut late) = (events(&entity, 0), events(&entity, 3));
    for nr in 1..=3 {
        assert_eq!(next(&mut all).await, added(nr, i64::try_from(nr).unwrap()));
    }
    assert_eq!(next(&mut late).await, added(3, 3));
    assert!(all.next().now_or_never().is_none());
    entity.add(4).await.unwrap();
    entity.add(5).await.unwrap();
    for events in [&mut all, &mut late] {
        assert_eq!(next(events).await, added(4, 4));
        assert_eq!(next(events).await, added(5, 5));
        assert!(events.next().now_or_never().is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_is_given_with_what_was_stored_beside_it() {
    let (gate, clock) = (Gate::open(), TestClock::default());
    clock.advance(Duration::from_micros(77));
    let node = builder(gate, |definition| definition).clock(clock).start().await.unwrap();
    let entity = node.entity::<Ledger>("l");
    entity.add_tagged(1, "vip".into()).await.unwrap();
    let recorded = events(&entity, 1).next().await.unwrap().unwrap();
    assert_eq!(recorded.tags, ["vip".into()]);
    assert_eq!(recorded.metadata.get("by"), Some("a test"));
    assert_eq!(recorded.written_at.as_micros(), 77);
    assert!(recorded.position.get() > 0);
}

#[tokio::test(start_paused = true)]
async fn an_event_is_given_only_when_it_is_confirmed() {
    let gate = Gate::closed();
    let entity = node(&gate).await.entity::<Ledger>("l");
    let mut events = events(&entity, 1);
    entity.add(1).tell().await.unwrap();
    quiesce().await;
    assert!(events.next().now_or_never().is_none(), "it is decided, but not stored");
    gate.release(1);
    assert_eq!(next(&mut events).await, added(1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_follower_begins_before_the_entity_and_outlasts_its_activations() {
    let mut limits = Limits::default();
    limits.idle = Duration::from_secs(1);
    let gate = Gate::open();
    let node = builder(gate, |definition| definition).limits(limits).start().await.unwrap();
    let entity = node.entity::<Ledger>("l");
    let mut events = events(&entity, 1);
    assert!(events.next().now_or_never().is_none());
    assert_eq!(node.active_entities(), 0, "following does not activate");
    for nr in 1..=3u64 {
        entity.add_and_leave(1).await.unwrap();
        quiesce().await;
        assert_eq!(node.active_entities(), 0);
        assert_eq!(next(&mut events).await, added(nr, 1));
    }
    drop((node, entity));
    quiesce().await;
    assert!(events.next().await.is_none(), "the node is gone");
}

#[tokio::test(start_paused = true)]
async fn a_follower_is_told_of_events_that_were_deleted_and_never_skips_them() {
    let gate = Gate::open();
    let entity = node(&gate).await.entity::<Ledger>("l");
    for _ in 0..5 {
        entity.add(1).await.unwrap();
    }
    delete_to(&gate, 3).await;
    let mut late = events(&entity, 2);
    let error = late.next().await.unwrap().unwrap_err();
    let told = matches!(&error, HistoryError::Compacted { deleted_to, .. } if deleted_to.get() == 3);
    assert!(told, "{error}");
    assert!(late.next().await.is_none(), "it has ended");
    let numbers: Vec<u64> =
        events(&entity, 4).take(2).map(|it| it.unwrap().sequence_nr.get()).collect().await;
    assert_eq!(numbers, [4, 5]);
}

#[tokio::test(start_paused = true)]
async fn a_follower_that_a_deletion_overtakes_is_told_so() {
    let gate = Gate::open();
    let entity = node(&gate).await.entity::<Ledger>("l");
    for _ in 0..600 {
        entity.add(1).await.unwrap();
    }
    let mut overtaken = events(&entity, 1);
    assert_eq!(next(&mut overtaken).await, added(1, 1));
    delete_to(&gate, 550).await;
    // What it had read goes on; then what comes next is gone.
    let mut expected = 2;
    let error = loop {
        match overtaken.next().await.unwrap() {
            Ok(recorded) => assert_eq!(recorded.sequence_nr.get(), expected),
            Err(error) => break error,
        }
        expected += 1;
    };
    assert!(expected <= 550, "nothing was overtaken");
    assert!(
        matches!(&error, HistoryError::Compacted { deleted_to, .. } if deleted_to.get() == 550),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn events_of_what_has_none_or_is_not_there_are_an_error() {
    let node = node(&Gate::open()).await;
    let mut nowhere = events(&node.entity::<Ledger>("bad\0id"), 1);
    let error = nowhere.next().await.unwrap().unwrap_err();
    assert!(matches!(error, HistoryError::NotHandled(NotHandled::InvalidId(_))), "{error:?}");
    assert!(nowhere.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn who_reads_an_earlier_state_and_stops_half_way_holds_up_no_entity() {
    let mut limits = Limits::default();
    limits.recoveries = 1;
    let gate = Gate::open();
    gate.slow_reads();
    let node = builder(gate, |definition| definition).limits(limits).start().await.unwrap();
    let entity = node.entity::<Ledger>("l");
    let entity_ref = entity.as_entity_ref();
    let mut reading = Box::pin(entity_ref.state_at(SequenceNr::ZERO));
    assert!((&mut reading).now_or_never().is_none());
    assert_eq!(entity.add(1).timeout(Duration::from_secs(60)).await.unwrap(), 1);
    assert_eq!(reading.await.unwrap().sum, 0);
}

#[tokio::test(start_paused = true)]
async fn the_state_at_an_earlier_number_is_what_it_was_then() {
    let gate = Gate::open();
    let entity = node(&gate).await.entity::<Ledger>("l");
    for cents in [1, 10, 100] {
        entity.add(cents).await.unwrap();
    }
    entity.add_and_keep(1_000).await.unwrap();
    quiesce().await;
    entity.add(10_000).await.unwrap();
    let at = async |nr| entity.as_entity_ref().state_at(SequenceNr::new(nr)).await.map(|ledger| ledger.sum);
    for (nr, sum) in [(0, 0), (1, 1), (2, 11), (3, 111), (4, 1_111), (5, 11_111)] {
        assert_eq!(at(nr).await.unwrap(), sum, "at {nr}");
    }
    let error = at(6).await.unwrap_err();
    assert!(matches!(&error, HistoryError::NotReached { highest, .. } if highest.get() == 5), "{error}");
    delete_to(&gate, 4).await;
    for gone in [1, 3] {
        let error = at(gone).await.unwrap_err();
        assert!(
            matches!(&error, HistoryError::Compacted { deleted_to, .. } if deleted_to.get() == 4),
            "{error}"
        );
    }
    assert_eq!((at(4).await.unwrap(), at(5).await.unwrap()), (1_111, 11_111));
    assert_eq!(at(0).await.unwrap(), 0, "the state before the first event takes none");
}

#[tokio::test(start_paused = true)]
async fn a_follower_that_a_deletion_overtakes_is_told() {
    let gate = Gate::open();
    let entity = node(&gate).await.entity::<Ledger>("l");
    entity.add(1).await.unwrap();
    let mut overtaken = events(&entity, 1);
    assert_eq!(next(&mut overtaken).await, added(1, 1));
    assert!(overtaken.next().now_or_never().is_none());
    for _ in 2..=4 {
        entity.add(1).await.unwrap();
    }
    delete_to(&gate, 3).await;
    let error = overtaken.next().await.unwrap().unwrap_err();
    let told = matches!(&error, HistoryError::Compacted { deleted_to, .. } if deleted_to.get() == 3);
    assert!(told, "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_follower_of_what_was_deleted_to_its_end_is_told_at_once() {
    let gate = Gate::open();
    let entity = node(&gate).await.entity::<Ledger>("l");
    entity.add(1).await.unwrap();
    entity.add(1).await.unwrap();
    delete_to(&gate, 2).await;
    let moment = Duration::from_millis(1);
    let told = timeout(moment, events(&entity, 2).next()).await.expect("it does not wait for another event");
    let error = told.unwrap().unwrap_err();
    assert!(matches!(error, HistoryError::Compacted { .. }), "{error}");
    assert!(timeout(moment, events(&entity, 3).next()).await.is_err(), "behind the end there may be one");
}

/// What a later program stores for a ledger.
mod later {
    use annals::{Event, EventSourced};
    use serde::{Deserialize, Serialize};

    #[derive(Default, Serialize, Deserialize)]
    pub(super) struct Ledger;
    #[derive(Serialize, Deserialize, Event)]
    #[event(entity = Ledger, name = "audited")]
    pub(super) struct Audited;
    impl EventSourced for Ledger {
        const ENTITY_TYPE: &'static str = "ledger";
        type Event = Audited;
        fn apply(&mut self, _: &Audited) {}
    }
}

#[tokio::test(start_paused = true)]
async fn a_follower_never_skips_an_event_that_nobody_knows() {
    let gate = Gate::open();
    let entity = node(&gate).await.entity::<Ledger>("l");
    entity.add(1).await.unwrap();
    crate::recovery::store_in(&gate, &ledger("l"), 1, &later::Audited).await;
    let mut events = events(&entity, 1);
    assert_eq!(next(&mut events).await, added(1, 1));
    let told = events.next().now_or_never().expect("it does not wait for another event");
    let error = told.unwrap().unwrap_err();
    assert!(error.to_string().contains("audited v1"), "{error}");
}
