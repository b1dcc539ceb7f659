//! G12: a snapshot is exactly what its events come to, and all of it is durable before it is stored.

use crate::conformance::Harm;
use crate::faults::{Fault, Operation};
use crate::guarantees::account::Query;
use crate::guarantees::case::cases;
use crate::guarantees::engine::{EventsBehind, Settings, SnapshotRule};
use crate::guarantees::life::{add, add_each};
use crate::guarantees::world::{A, World, said};

cases!("G12 snapshots only save time";
    snapshot_holds_what_its_events_come_to,
    snapshot_of_a_command_of_several_events_holds_all_of_them,
    snapshot_and_the_rest_are_the_whole_history,
    snapshot_is_handed_over_only_when_its_writes_are_confirmed,
    snapshot_of_a_write_that_failed_is_not_stored,
    snapshot_holds_no_write_that_is_in_flight,
    snapshot_that_cannot_be_saved_costs_nothing,
    damaged_snapshot_falls_back_to_the_one_before,
    damaged_snapshots_fall_back_to_the_events,
);

const EVERY_3: Settings = Settings {
    snapshots: Some(SnapshotRule { every: 3, keep: 2, events: EventsBehind::Kept }),
    recent_keys: 100,
};

/// Every stored snapshot is what its events come to; gives how many there are.
async fn all_are_right(world: &World<'_>) -> usize {
    let snapshots = world.snapshots(A).await;
    for nr in &snapshots {
        let events = usize::try_from(*nr).expect("a small number");
        assert_eq!(world.snapshot(A, *nr).await, world.fold(A, events).await, "left: snapshot {nr}");
    }
    snapshots.len()
}

async fn snapshot_holds_what_its_events_come_to(world: World<'_>) {
    let life = world.start_with(EVERY_3).await;
    for n in 1..=8 {
        life.send(add(n)).answer().await.expect("nothing is in the way");
        life.settled().await;
        all_are_right(&world).await;
    }
    assert!(all_are_right(&world).await > 0, "there is no snapshot");
}

async fn snapshot_of_a_command_of_several_events_holds_all_of_them(world: World<'_>) {
    let life = world.start_with(EVERY_3).await;
    life.send(add_each(&[1, 2, 3, 4, 5])).replies(15).await;
    life.settled().await;
    assert_eq!(all_are_right(&world).await, 1);
}

async fn snapshot_and_the_rest_are_the_whole_history(world: World<'_>) {
    let mut events = 0;
    for life in 1..=4 {
        let running = world.start_with(EVERY_3).await;
        running.add_ones(life).await;
        events += usize::try_from(life).expect("it is positive");
        assert_eq!(said(&running).await, world.fold(A, events).await, "live, in life {life}");
        running.crash();
        let again = world.start_with(EVERY_3).await;
        assert_eq!(said(&again).await, world.fold(A, events).await, "recovered, after life {life}");
        again.stop().await;
    }
    assert!(all_are_right(&world).await > 0, "there is no snapshot");
}

async fn snapshot_is_handed_over_only_when_its_writes_are_confirmed(world: World<'_>) {
    let life = world.start_with(EVERY_3).await;
    let writes = life.hold(Operation::Append);
    let mut reply = life.send(add_each(&[1, 2, 3]));
    writes.waiting(1).await;
    reply.waits().await;
    assert_eq!(life.calls(Operation::SaveSnapshot), 0, "what is in the snapshot is not durable yet");
    writes.release_all();
    reply.replies(6).await;
    life.settled().await;
    assert_eq!(all_are_right(&world).await, 1);
}

async fn snapshot_of_a_write_that_failed_is_not_stored(world: World<'_>) {
    let life = world.start_with(EVERY_3).await;
    life.fail_next(Operation::Append, Fault::Refuse(0));
    life.send(add_each(&[1, 2, 3])).fails().await;
    life.settled().await;
    assert_eq!(life.calls(Operation::SaveSnapshot), 0, "a snapshot of what was never stored");
    assert_eq!(life.until_answered(|| life.send(add_each(&[4, 5, 6]))).await, 15);
    life.settled().await;
    assert_eq!(all_are_right(&world).await, 1);
}

async fn snapshot_holds_no_write_that_is_in_flight(world: World<'_>) {
    let life = world.start_with(EVERY_3).await;
    let writes = life.hold(Operation::Append);
    let first = life.send(add_each(&[1, 2, 3]));
    writes.waiting(1).await;
    let mut second = life.send(add(100));
    second.waits().await;
    writes.release(1);
    first.replies(6).await;
    life.settled_but_for(&writes).await;
    // The snapshot is due, and the second write is not stored.
    all_are_right(&world).await;
    life.crash();
    let again = world.start_with(EVERY_3).await;
    again.ask(Query::Total).replies(6).await;
}

async fn snapshot_that_cannot_be_saved_costs_nothing(world: World<'_>) {
    let life = world.start_with(EVERY_3).await;
    life.faults().every(Operation::SaveSnapshot, Fault::Unavailable);
    life.add_ones(7).await;
    life.ask(Query::Total).replies(7).await;
    life.faults().clear();
    life.add_ones(3).await;
    assert_eq!(all_are_right(&world).await, 1);
    assert_eq!(world.memory_equals_journal(life).await, 10);
}

/// Snapshots 3 and 6 of eight events are there, of which some are damaged.
async fn falls_back(mut world: World<'_>, damaged: &[u64], harm: Harm) {
    let life = world.start_with(EVERY_3).await;
    life.add_ones(8).await;
    life.stop().await;
    assert_eq!(world.snapshots(A).await, [3, 6]);
    for nr in damaged {
        world.damage_snapshot(A, *nr, harm).await;
    }
    let again = world.start_with(EVERY_3).await;
    assert_eq!(said(&again).await, world.fold(A, 8).await);
    again.send(add(1)).replies(9).await;
    world.numbers_are_1_to(9, A).await;
}

async fn damaged_snapshot_falls_back_to_the_one_before(world: World<'_>) {
    falls_back(world, &[6], Harm::Flipped).await;
}

async fn damaged_snapshots_fall_back_to_the_events(world: World<'_>) {
    falls_back(world, &[3, 6], Harm::Truncated).await;
}
