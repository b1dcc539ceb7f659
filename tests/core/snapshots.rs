//! Snapshots save time and never lose data (G12): when they are taken, what they let go, and what happens when
//! they cannot be read.

use crate::gate::{Fault, Gate, Operation, quiesce};
use crate::ledger::{Ledger, TestClock, builder, ledger, numbers};
use annals::storage::{Fence, SnapshotStorage, SnapshotWrite, StorageError, StorageProvider, Subject};
use annals::{
    CallError, Codec, Definition, Limits, Manifest, Node, NotHandled, Payload, RecoveryError, RecoveryPolicy,
    SequenceNr, ShardId, Snapshots, StateUpcasters, Timestamp,
};
use futures_util::FutureExt;
use serde::{Deserialize, Serialize};
use std::pin::pin;
use std::time::Duration;

async fn node(gate: &Gate, snapshots: Snapshots) -> Node {
    builder(gate.clone(), |definition| definition.snapshots(snapshots)).start().await.unwrap()
}

async fn add(node: &Node, times: i64) {
    for _ in 0..times {
        node.entity::<Ledger>("l").add(1).await.unwrap();
        quiesce().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_every_so_many_events() {
    for (every, expected) in [(3, vec![3, 6]), (5, vec![5])] {
        let gate = Gate::open();
        add(&node(&gate, Snapshots::every(every)).await, 8).await;
        assert_eq!(gate.snapshots_of(&ledger("l")).await, expected);
        let again = node(&gate, Snapshots::every(every)).await;
        assert_eq!(again.entity::<Ledger>("l").sum().await.unwrap(), 8);
        assert_eq!(again.entity::<Ledger>("l").events().await.unwrap(), 8);
    }
}

#[tokio::test(start_paused = true)]
async fn a_recovery_needs_only_what_comes_behind_the_snapshot() {
    let gate = Gate::open();
    add(&node(&gate, Snapshots::every(5)).await, 8).await;
    // Damage in front of the snapshot is not even seen.
    assert!(gate.memory().tamper_with_event(&ledger("l"), SequenceNr::new(2), |_| None));
    let again = node(&gate, Snapshots::every(5)).await;
    assert_eq!(again.entity::<Ledger>("l").add(1).await.unwrap(), 9);
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_after_so_much_time() {
    let (gate, clock) = (Gate::open(), TestClock::default());
    let hourly = Snapshots::on_demand().interval(Duration::from_secs(3_600));
    let node = builder(gate.clone(), |definition| definition.snapshots(hourly))
        .clock(clock.clone())
        .start()
        .await
        .unwrap();
    clock.advance(Duration::from_secs(56 * 365 * 86_400));
    // An hour since the first event, over two activations.
    node.entity::<Ledger>("l").add_and_leave(1).await.unwrap();
    quiesce().await;
    clock.advance(Duration::from_secs(3_599));
    add(&node, 1).await;
    assert!(gate.snapshots_of(&ledger("l")).await.is_empty());
    clock.advance(Duration::from_secs(1));
    add(&node, 1).await;
    assert_eq!(gate.snapshots_of(&ledger("l")).await, [3]);
    // An hour since the last.
    clock.advance(Duration::from_secs(3_599));
    add(&node, 1).await;
    assert_eq!(gate.snapshots_of(&ledger("l")).await, [3]);
    clock.advance(Duration::from_secs(1));
    add(&node, 1).await;
    assert_eq!(gate.snapshots_of(&ledger("l")).await, [3, 5]);
}

#[tokio::test(start_paused = true)]
async fn a_handler_asks_for_a_snapshot() {
    let gate = Gate::open();
    let node = node(&gate, Snapshots::on_demand()).await;
    add(&node, 2).await;
    node.entity::<Ledger>("l").add_and_keep(1).await.unwrap();
    quiesce().await;
    assert_eq!(gate.snapshots_of(&ledger("l")).await, [3]);
}

#[tokio::test(start_paused = true)]
async fn without_snapshots_in_its_definition_an_entity_refuses_to_take_one() {
    let gate = Gate::open();
    let node = builder(gate.clone(), |definition| definition).start().await.unwrap();
    let error = node.entity::<Ledger>("l").add_and_keep(1).await.unwrap_err();
    assert!(matches!(error, CallError::NotHandled(NotHandled::ImpossibleEffect { .. })), "{error:?}");
    assert!(numbers(&gate, "l").await.is_empty());
    assert_eq!(node.entity::<Ledger>("l").add(1).await.unwrap(), 1, "and goes on");
    assert_eq!((gate.snapshot_saves(), gate.snapshot_loads()), (0, 0), "nor does it look for one");
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_before_leaving_memory() {
    let mut limits = Limits::default();
    limits.idle = Duration::from_secs(1);
    let gate = Gate::open();
    let policy = Snapshots::on_demand().on_passivation();
    let node = builder(gate.clone(), |definition| definition.snapshots(policy))
        .limits(limits)
        .start()
        .await
        .unwrap();
    add(&node, 3).await;
    for _ in 0..4 {
        tokio::time::advance(Duration::from_secs(2)).await;
        quiesce().await;
    }
    assert_eq!(node.active_entities(), 0);
    assert_eq!(gate.snapshots_of(&ledger("l")).await, [3]);
    // Without a new event there is nothing new to keep.
    node.entity::<Ledger>("l").sum().await.unwrap();
    node.shutdown().await;
    assert_eq!(gate.snapshot_saves(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_takes_the_snapshots_that_are_wanted() {
    let gate = Gate::open();
    let node = node(&gate, Snapshots::on_demand().on_passivation()).await;
    add(&node, 3).await;
    assert_eq!(node.shutdown().await, annals::Shutdown::Complete);
    assert_eq!(gate.snapshots_of(&ledger("l")).await, [3]);
}

#[tokio::test(start_paused = true)]
async fn so_many_snapshots_are_kept() {
    for keep in [1, 2, 4] {
        let gate = Gate::open();
        add(&node(&gate, Snapshots::every(1).keep(keep)).await, 6).await;
        let kept: Vec<u64> = (7 - keep as u64..=6).collect();
        assert_eq!(gate.snapshots_of(&ledger("l")).await, kept);
        assert_eq!(numbers(&gate, "l").await, [1, 2, 3, 4, 5, 6], "events stay unless the policy says so");
    }
}

#[tokio::test(start_paused = true)]
async fn events_are_deleted_up_to_the_oldest_kept_snapshot() {
    let gate = Gate::open();
    let policy = Snapshots::every(2).keep(2).delete_events();
    add(&node(&gate, policy).await, 9).await;
    assert_eq!(gate.snapshots_of(&ledger("l")).await, [6, 8]);
    assert_eq!(numbers(&gate, "l").await, [7, 8, 9]);
    let again = node(&gate, policy).await;
    assert_eq!(again.entity::<Ledger>("l").add(1).await.unwrap(), 10);
    assert_eq!(numbers(&gate, "l").await.last(), Some(&10));
}

#[tokio::test(start_paused = true)]
async fn a_type_that_takes_no_snapshots_any_more_still_finds_those_it_needs() {
    let gate = Gate::open();
    add(&node(&gate, Snapshots::every(2).delete_events()).await, 9).await;
    let plain = builder(gate, |definition| definition).start().await.unwrap();
    assert_eq!(plain.entity::<Ledger>("l").sum().await.unwrap(), 9);
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_is_handed_over_only_when_all_that_is_in_it_is_confirmed() {
    let gate = Gate::closed();
    let node = node(&gate, Snapshots::every(2)).await;
    let entity = node.entity::<Ledger>("l");
    let mut adding = pin!(async { (entity.add(1).await, entity.add(1).tell().await) });
    assert!((&mut adding).now_or_never().is_none());
    quiesce().await;
    gate.release(1);
    assert_eq!(adding.await.0.unwrap(), 1);
    quiesce().await;
    assert_eq!(gate.snapshot_saves(), 0, "the second write is not confirmed");
    gate.release(1);
    quiesce().await;
    assert_eq!(gate.snapshots_of(&ledger("l")).await, [2]);
}

#[tokio::test(start_paused = true)]
async fn an_entity_goes_on_while_its_snapshot_is_saved_and_does_not_leave() {
    let mut limits = Limits::default();
    limits.idle = Duration::from_secs(1);
    let gate = Gate::open();
    gate.hold_snapshots();
    let node =
        builder(gate.clone(), |it| it.snapshots(Snapshots::every(1))).limits(limits).start().await.unwrap();
    add(&node, 5).await;
    assert_eq!(gate.snapshot_saves(), 1, "one at a time");
    for _ in 0..4 {
        tokio::time::advance(Duration::from_secs(2)).await;
        quiesce().await;
    }
    assert_eq!(node.active_entities(), 1);
    gate.save_held_snapshot();
    quiesce().await;
    add(&node, 1).await;
    assert_eq!(gate.snapshots_of(&ledger("l")).await, [1, 6]);
}

#[tokio::test(start_paused = true)]
async fn a_damaged_snapshot_falls_back_to_an_older_one_and_then_to_replay() {
    let gate = Gate::open();
    let policy = Snapshots::every(2);
    add(&node(&gate, policy).await, 5).await;
    assert_eq!(gate.snapshots_of(&ledger("l")).await, [2, 4]);
    let flip = |payload: Payload| {
        let bytes = payload.bytes().iter().map(|byte| byte ^ 1).collect();
        Some(Payload::from_stored(payload.manifest().clone(), payload.codec(), payload.checksum(), bytes))
    };
    for damaged in [4, 2] {
        assert!(gate.memory().tamper_with_snapshot(&ledger("l"), SequenceNr::new(damaged), flip));
        let again = node(&gate, policy).await;
        assert_eq!(again.entity::<Ledger>("l").sum().await.unwrap(), 5, "with snapshot {damaged} damaged");
    }
}

#[tokio::test(start_paused = true)]
async fn without_the_events_an_unreadable_snapshot_closes_the_entity_by_name() {
    let gate = Gate::open();
    let policy = Snapshots::every(2).delete_events();
    add(&node(&gate, policy).await, 9).await;
    for damaged in [6, 8] {
        let cut = |payload: Payload| {
            Some(Payload::from_stored(
                payload.manifest().clone(),
                payload.codec(),
                payload.checksum(),
                vec![],
            ))
        };
        assert!(gate.memory().tamper_with_snapshot(&ledger("l"), SequenceNr::new(damaged), cut));
    }
    let error = node(&gate, policy).await.entity::<Ledger>("l").add(1).await.unwrap_err();
    let CallError::NotHandled(NotHandled::Recovery(RecoveryError::Storage(error))) = error else {
        panic!("{error:?}")
    };
    let newest = Subject::Snapshot(ledger("l"), SequenceNr::new(8));
    assert!(matches!(&error, StorageError::Corrupt { subject, .. } if *subject == newest), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_that_cannot_be_read_back_lets_nothing_go() {
    let gate = Gate::open();
    let policy = Snapshots::every(1).keep(2).delete_events();
    let node = node(&gate, policy).await;
    gate.damage_snapshots(3);
    add(&node, 3).await;
    assert_eq!(numbers(&gate, "l").await, [1, 2, 3], "no snapshot was verified");
    add(&node, 1).await;
    assert_eq!(numbers(&gate, "l").await, [1, 2, 3, 4], "one was");
    add(&node, 1).await;
    assert_eq!(numbers(&gate, "l").await, [5], "two were: 4 and 5");
    assert_eq!(gate.snapshots_of(&ledger("l")).await, [4, 5]);
}

#[tokio::test(start_paused = true)]
async fn keys_travel_in_snapshots() {
    for (keys, lookups) in [(3, 0), (600, 1)] {
        let gate = Gate::open();
        let policy = Snapshots::on_demand().on_passivation();
        let first = node(&gate, policy).await;
        for n in 0..keys {
            first.entity::<Ledger>("l").add(1).key(format!("k{n}")).await.unwrap();
        }
        first.shutdown().await;
        let (second, before) = (node(&gate, policy).await, gate.lookups());
        let again = second.entity::<Ledger>("l").add(1).key(format!("k{}", keys - 1)).await.unwrap();
        assert_eq!(again, keys, "the first outcome");
        assert_eq!(gate.lookups(), before, "the newest keys are in the snapshot");
        second.entity::<Ledger>("l").add(1).key("k0").await.unwrap();
        second.entity::<Ledger>("l").add(1).key("new").await.unwrap();
        assert_eq!(second.entity::<Ledger>("l").sum().await.unwrap(), keys + 1);
        // A key that is in no snapshot is new only if the snapshot had all of them.
        assert!((gate.lookups() - before).min(1) == lookups, "{} look-ups", gate.lookups() - before);
    }
}

#[tokio::test(start_paused = true)]
async fn a_keyed_command_without_events_behind_the_snapshot_is_known() {
    let gate = Gate::open();
    let node_one = builder(gate.clone(), |it| it.snapshots(Snapshots::every(1))).start().await.unwrap();
    add(&node_one, 1).await;
    node_one.entity::<Ledger>("l").add_nothing().key("empty").await.unwrap();
    let lookups = gate.lookups();
    let node_two = node(&gate, Snapshots::every(1)).await;
    node_two.entity::<Ledger>("l").add_nothing().key("empty").await.unwrap();
    assert_eq!(gate.lookups(), lookups, "its outcome came with the recovery");
}

/// The ledger with another shape of state.
mod newer {
    use super::*;

    #[derive(Default, Serialize, Deserialize)]
    pub(super) struct Wide {
        pub(super) cents: i64,
        pub(super) from_version: u32,
    }
    impl annals::EventSourced for Wide {
        const ENTITY_TYPE: &'static str = "ledger";
        const STATE_VERSION: u32 = 2;
        type Event = WideEvent;
        fn apply(&mut self, event: &WideEvent) {
            if let WideEvent::Added { cents } = event {
                self.cents += cents;
            }
        }
        fn state_upcasters() -> StateUpcasters<Self> {
            StateUpcasters::new()
                .from(1, |old: crate::ledger::Ledger| Self { cents: old.sum, from_version: 1 })
        }
    }
    #[derive(Serialize, Deserialize, annals::Event)]
    #[event(entity = Wide)]
    pub(super) enum WideEvent {
        Added { cents: i64 },
        Opened,
        Closed,
        Exploded,
    }
    #[annals::commands]
    impl Wide {
        pub(super) fn seen(&self) -> (i64, u32) {
            (self.cents, self.from_version)
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_of_an_older_version_is_upcast() {
    let gate = Gate::open();
    add(&node(&gate, Snapshots::every(3)).await, 5).await;
    let node = Node::builder(gate)
        .register_with::<newer::Wide>(|it| it.snapshots(Snapshots::every(3)))
        .start()
        .await
        .unwrap();
    assert_eq!(node.entity::<newer::Wide>("l").seen().await.unwrap(), (5, 1));
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_of_an_unknown_version_is_left_aside() {
    let gate = Gate::open();
    let policy = Snapshots::every(3);
    let wide = Node::builder(gate.clone())
        .register_with::<newer::Wide>(|it| it.snapshots(policy))
        .start()
        .await
        .unwrap();
    add(&node(&gate, policy).await, 5).await;
    let storage = gate.memory().snapshots().unwrap();
    let all = annals::storage::SnapshotCriteria::ALL;
    let snapshot = storage.load(&ledger("l"), all).await.unwrap().unwrap();
    drop(wide);
    // The same bytes under a version of tomorrow.
    let tomorrow =
        Payload::seal(Manifest::new("ledger", 9), Codec::MessagePack.id(), snapshot.payload.bytes().to_vec());
    let shard = ShardId::of(&ledger("l"));
    let epoch = gate.memory().writes().epochs(&[shard]).await.unwrap()[0];
    let write = SnapshotWrite {
        id: ledger("l"),
        fence: Fence { shard, epoch },
        snapshot: annals::storage::Snapshot {
            sequence_nr: SequenceNr::new(5),
            taken_at: Timestamp::from_micros(1),
            payload: tomorrow,
            outcomes: vec![],
            outcomes_complete: true,
        },
    };
    gate.memory().save(write).await.unwrap();
    assert_eq!(node(&gate, policy).await.entity::<Ledger>("l").sum().await.unwrap(), 5);
}

#[tokio::test(start_paused = true)]
async fn an_incomplete_recovery_takes_no_snapshot_and_deletes_nothing() {
    let gate = Gate::open();
    let policy = Snapshots::every(1).delete_events();
    add(&builder(gate.clone(), |it| it).start().await.unwrap(), 5).await;
    assert!(gate.memory().tamper_with_event(&ledger("l"), SequenceNr::new(2), |payload| {
        Some(Payload::from_stored(payload.manifest().clone(), payload.codec(), 0, payload.bytes().to_vec()))
    }));
    let lenient = |definition: Definition<Ledger>| {
        definition.snapshots(policy).recovery(RecoveryPolicy::StartAtHighest)
    };
    let node = builder(gate.clone(), lenient).start().await.unwrap();
    add(&node, 4).await;
    assert_eq!(node.entity::<Ledger>("l").sum().await.unwrap(), 8);
    assert_eq!(gate.snapshot_saves(), 0);
    assert_eq!(numbers(&gate, "l").await.first(), Some(&1));
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_is_saved_while_the_entity_never_rests() {
    let mut limits = Limits::default();
    (limits.mailbox, limits.held_outcomes, limits.held_bytes) = (1_000_000, 1_000_000, 1 << 30);
    let gate = Gate::open();
    let node = builder(gate.clone(), |it| it.snapshots(Snapshots::every(10)));
    let ledger = node.limits(limits).start().await.unwrap().entity::<Ledger>("l");
    let mut rounds = 0;
    while gate.snapshot_saves() == 0 {
        rounds += 1;
        assert!(rounds <= 20, "it waits for the entity to rest");
        // More than the entity handles in its turn, so there is always another command in the mailbox.
        for _ in 0..10_000 {
            ledger.add(1).tell().await.unwrap();
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_erased_entity_without_new_events_has_nothing_to_keep() {
    let gate = Gate::open();
    let node = node(&gate, Snapshots::every(3).on_passivation()).await;
    add(&node, 2).await;
    node.erase::<Ledger>("l").await.unwrap();
    assert_eq!(node.entity::<Ledger>("l").sum().await.unwrap(), 0);
    node.shutdown().await;
    assert_eq!(gate.snapshot_saves(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_older_snapshot_is_enough_where_the_events_behind_it_were_kept() {
    let gate = Gate::open();
    let policy = Snapshots::every(2).keep(2).delete_events();
    add(&node(&gate, policy).await, 9).await;
    assert_eq!(
        (gate.snapshots_of(&ledger("l")).await, numbers(&gate, "l").await),
        (vec![6, 8], vec![7, 8, 9])
    );
    assert!(gate.memory().tamper_with_snapshot(&ledger("l"), SequenceNr::new(8), |payload| {
        Some(Payload::from_stored(payload.manifest().clone(), payload.codec(), 0, payload.bytes().to_vec()))
    }));
    assert_eq!(node(&gate, policy).await.entity::<Ledger>("l").sum().await.unwrap(), 9);
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_that_the_storage_itself_finds_damaged_is_left_aside() {
    let gate = Gate::open();
    let policy = Snapshots::every(2).keep(2).delete_events();
    add(&node(&gate, policy).await, 9).await;
    gate.fail_snapshot_loads(1);
    assert_eq!(node(&gate, policy).await.entity::<Ledger>("l").sum().await.unwrap(), 9);
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_above_the_end_of_the_journal_is_left_aside() {
    let gate = Gate::open();
    add(&node(&gate, Snapshots::every(2)).await, 5).await;
    assert_eq!(gate.snapshots_of(&ledger("l")).await, [2, 4]);
    gate.cut_journal_behind(3);
    assert_eq!(node(&gate, Snapshots::every(2)).await.entity::<Ledger>("l").sum().await.unwrap(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_below_the_deleted_events_is_named_as_no_base() {
    let gate = Gate::open();
    add(&node(&gate, Snapshots::every(2)).await, 3).await;
    let shard = ShardId::of(&ledger("l"));
    let epoch = gate.memory().writes().epochs(&[shard]).await.unwrap()[0];
    let journal = gate.memory().journal().unwrap();
    journal.delete_to(&ledger("l"), Fence { shard, epoch }, SequenceNr::new(3)).await.unwrap();
    let error = node(&gate, Snapshots::every(2)).await.entity::<Ledger>("l").sum().await.unwrap_err();
    let CallError::NotHandled(NotHandled::Recovery(RecoveryError::Storage(error))) = error else {
        panic!("{error:?}")
    };
    let snapshot = Subject::Snapshot(ledger("l"), SequenceNr::new(2));
    assert!(matches!(&error, StorageError::Corrupt { subject, .. } if *subject == snapshot), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_under_another_name_is_left_aside() {
    let gate = Gate::open();
    add(&node(&gate, Snapshots::every(3)).await, 5).await;
    assert!(gate.memory().tamper_with_snapshot(&ledger("l"), SequenceNr::new(3), |payload| {
        Some(Payload::seal(Manifest::new("other", 1), payload.codec(), payload.bytes().to_vec()))
    }));
    let node = Node::builder(gate)
        .register_with::<newer::Wide>(|it| it.snapshots(Snapshots::every(3)))
        .start()
        .await
        .unwrap();
    assert_eq!(node.entity::<newer::Wide>("l").seen().await.unwrap(), (5, 0), "replayed");
}

#[tokio::test(start_paused = true)]
async fn events_stay_when_the_snapshots_in_front_of_them_could_not_be_deleted() {
    let gate = Gate::open();
    let node = node(&gate, Snapshots::every(1).keep(2).delete_events()).await;
    add(&node, 2).await;
    assert_eq!(numbers(&gate, "l").await, [2]);
    gate.faults().every(Operation::DeleteSnapshots, Fault::Unavailable);
    add(&node, 2).await;
    assert_eq!(gate.snapshots_of(&ledger("l")).await, [1, 2, 3, 4]);
    assert_eq!(numbers(&gate, "l").await, [2, 3, 4]);
}

#[tokio::test(start_paused = true)]
async fn the_time_to_the_first_snapshot_is_that_since_the_first_event() {
    let (gate, clock) = (Gate::open(), TestClock::default());
    let hourly = Snapshots::on_demand().interval(Duration::from_secs(3_600));
    let builder = builder(gate.clone(), |definition| definition.snapshots(hourly));
    let node = builder.clock(clock.clone()).start().await.unwrap();
    for (after, snapshots) in [(0, vec![]), (3_599, vec![]), (1, vec![3])] {
        clock.advance(Duration::from_secs(after));
        add(&node, 1).await;
        assert_eq!(gate.snapshots_of(&ledger("l")).await, snapshots);
    }
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_can_be_asked_for_without_an_event_once_for_a_number() {
    let gate = Gate::open();
    let node = node(&gate, Snapshots::on_demand()).await;
    add(&node, 2).await;
    for _ in 0..2 {
        node.entity::<Ledger>("l").keep().await.unwrap();
        quiesce().await;
    }
    assert_eq!(gate.snapshots_of(&ledger("l")).await, [2]);
    assert_eq!(gate.snapshot_saves(), 1);
}

/// Limits under which an event of a ledger can be stored, and its state cannot.
fn too_small_for_a_snapshot() -> Limits {
    let mut limits = Limits::default();
    limits.payload_bytes = 18;
    limits
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_over_the_limit_is_not_saved_and_the_entity_goes_on() {
    let gate = Gate::open();
    let builder = builder(gate.clone(), |it| it.snapshots(Snapshots::every(1)));
    let node = builder.limits(too_small_for_a_snapshot()).start().await.unwrap();
    add(&node, 3).await;
    assert_eq!(node.entity::<Ledger>("l").sum().await.unwrap(), 3);
    assert_eq!(gate.snapshot_saves(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_that_cannot_be_taken_does_not_keep_its_entity_in_memory() {
    let builder = builder(Gate::open(), |it| it.snapshots(Snapshots::on_demand().on_passivation()));
    let node = builder.limits(too_small_for_a_snapshot()).start().await.unwrap();
    node.entity::<Ledger>("l").add_and_leave(1).await.unwrap();
    quiesce().await;
    assert_eq!(node.active_entities(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_that_is_being_saved_comes_to_its_end_before_the_next_activation() {
    let gate = Gate::open();
    gate.hold_snapshots();
    let node = node(&gate, Snapshots::every(2)).await;
    add(&node, 2).await;
    node.entity::<Ledger>("l").panic().await.unwrap_err();
    quiesce().await;
    assert_eq!((gate.snapshot_saves(), gate.recoveries()), (1, 1));
    gate.save_held_snapshot();
    assert_eq!(node.entity::<Ledger>("l").sum().await.unwrap(), 2);
    assert_eq!(gate.snapshots_of(&ledger("l")).await, [2]);
}

#[tokio::test(start_paused = true)]
async fn the_time_to_the_next_snapshot_is_that_since_the_last_one_over_activations() {
    let (gate, clock) = (Gate::open(), TestClock::default());
    let hourly = Snapshots::on_demand().interval(Duration::from_secs(3_600));
    let start = || builder(gate.clone(), |it| it.snapshots(hourly)).clock(clock.clone()).start();
    start().await.unwrap().entity::<Ledger>("l").add_and_keep(1).await.unwrap();
    quiesce().await;
    let node = start().await.unwrap();
    for (after, snapshots) in [(1_800, vec![1]), (1_800, vec![1, 3])] {
        clock.advance(Duration::from_secs(after));
        add(&node, 1).await;
        assert_eq!(gate.snapshots_of(&ledger("l")).await, snapshots);
    }
}

/// A state that panics when it is encoded at 2, and when it is decoded at 3.
mod fragile {
    use annals::{Effect, Event, EventSourced};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Default, Serialize, Deserialize)]
    pub(super) struct Fragile {
        #[serde(serialize_with = "encode", deserialize_with = "decode")]
        count: u64,
    }
    fn encode<S: Serializer>(count: &u64, to: S) -> Result<S::Ok, S::Error> {
        assert_ne!(*count, 2, "the encoding gave up");
        to.serialize_u64(*count)
    }
    fn decode<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
        let count = u64::deserialize(from)?;
        assert_ne!(count, 3, "the decoding gave up");
        Ok(count)
    }

    #[derive(Serialize, Deserialize, Event)]
    #[event(entity = Fragile, name = "raised")]
    pub(super) struct Raised;
    impl EventSourced for Fragile {
        const ENTITY_TYPE: &'static str = "fragile";
        type Event = Raised;
        fn apply(&mut self, _: &Raised) {
            self.count += 1;
        }
    }
    #[annals::commands]
    impl Fragile {
        pub(crate) fn raise(&self) -> Effect<Self, u64> {
            Effect::persist(Raised).reply(|fragile| fragile.count)
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_state_that_panics_in_its_encoding_costs_only_its_snapshot() {
    let gate = Gate::open();
    let start = || {
        Node::builder(gate.clone())
            .register_with::<fragile::Fragile>(|it| it.snapshots(Snapshots::every(1).keep(9)))
    };
    let node = start().start().await.unwrap();
    for count in 1..=3 {
        assert_eq!(node.entity::<fragile::Fragile>("f").raise().await.unwrap(), count);
        quiesce().await;
    }
    assert_eq!(gate.recoveries(), 1, "its activation went on");
    let again = start().start().await.unwrap();
    assert_eq!(again.entity::<fragile::Fragile>("f").raise().await.unwrap(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_backend_that_panics_at_a_snapshot_costs_only_that() {
    let gate = Gate::open();
    let node = node(&gate, Snapshots::every(1)).await;
    gate.faults().next(Operation::SaveSnapshot, Fault::Panic);
    add(&node, 1).await;
    assert!(gate.snapshots_of(&ledger("l")).await.is_empty());
    let recoveries = gate.recoveries();
    add(&node, 1).await;
    assert_eq!(gate.recoveries(), recoveries, "the entity went on");
    assert_eq!(gate.snapshots_of(&ledger("l")).await, [2]);
}
