//! G12: events are deleted only up to the oldest snapshot that is kept, of which there are then two that can be
//! read.

use crate::conformance::Harm;
use crate::faults::{Fault, Operation};
use crate::guarantees::account::{Account, Query};
use crate::guarantees::case::cases;
use crate::guarantees::engine::{EventsBehind, Settings, SnapshotRule};
use crate::guarantees::life::add;
use crate::guarantees::world::{A, World};

cases!("G12 events behind snapshots";
    events_are_deleted_no_further_than_the_oldest_kept_snapshot,
    events_are_not_deleted_unless_the_policy_says_so,
    events_are_not_deleted_for_a_snapshot_that_cannot_be_read,
    events_are_not_deleted_when_the_snapshot_was_not_saved,
    events_are_not_deleted_when_older_snapshots_could_not_be,
    account_without_its_events_recovers_from_an_older_snapshot,
    account_without_events_and_snapshots_is_closed,
);

const DELETING: Settings = Settings {
    snapshots: Some(SnapshotRule { every: 2, keep: 2, events: EventsBehind::Deleted }),
    recent_keys: 100,
};

/// Events are gone only up to the oldest snapshot, and only if there are two; gives up to where.
async fn all_are_covered(world: &World<'_>) -> u64 {
    let (snapshots, deleted_to) = (world.snapshots(A).await, world.extent(A).await.deleted_to.get());
    let covered = deleted_to == 0 || (snapshots.len() >= 2 && deleted_to <= snapshots[0]);
    assert!(covered, "events up to {deleted_to} were deleted, the snapshots are {snapshots:?}");
    deleted_to
}

async fn events_are_deleted_no_further_than_the_oldest_kept_snapshot(world: World<'_>) {
    let life = world.start_with(DELETING).await;
    for _ in 0..9 {
        life.add_ones(1).await;
        all_are_covered(&world).await;
    }
    assert!(all_are_covered(&world).await > 0, "no events were deleted");
    life.crash();
    let again = world.start_with(DELETING).await;
    again.ask(Query::Total).replies(9).await;
    again.send(add(1)).replies(10).await;
}

async fn events_are_not_deleted_unless_the_policy_says_so(world: World<'_>) {
    let rule = SnapshotRule { every: 2, keep: 2, events: EventsBehind::Kept };
    let life = world.start_with(Settings { snapshots: Some(rule), ..Settings::default() }).await;
    life.add_ones(9).await;
    world.numbers_are_1_to(9, A).await;
}

async fn events_are_not_deleted_for_a_snapshot_that_cannot_be_read(mut world: World<'_>) {
    let life = world.start_with(DELETING).await;
    life.add_ones(5).await;
    life.stop().await;
    assert_eq!(world.snapshots(A).await, [2, 4]);
    world.damage_snapshot(A, 4, Harm::Flipped).await;
    let again = world.start_with(DELETING).await;
    again.add_ones(1).await;
    again.stop().await;
    let deleted_to = all_are_covered(&world).await;
    assert!(
        deleted_to <= 2,
        "events up to {deleted_to} were deleted, and of 2, 4, 6 the middle one is damaged"
    );
    // The newest is damaged too: the one before is enough.
    world.damage_snapshot(A, 6, Harm::Flipped).await;
    world.start_with(DELETING).await.ask(Query::Total).replies(6).await;
}

async fn events_are_not_deleted_when_the_snapshot_was_not_saved(world: World<'_>) {
    let life = world.start_with(DELETING).await;
    life.faults().every(Operation::SaveSnapshot, Fault::Unavailable);
    life.add_ones(9).await;
    world.numbers_are_1_to(9, A).await;
}

async fn events_are_not_deleted_when_older_snapshots_could_not_be(world: World<'_>) {
    let life = world.start_with(DELETING).await;
    life.faults().every(Operation::DeleteSnapshots, Fault::Unavailable);
    life.add_ones(9).await;
    all_are_covered(&world).await;
}

async fn account_without_its_events_recovers_from_an_older_snapshot(mut world: World<'_>) {
    let life = world.start_with(DELETING).await;
    life.add_ones(9).await;
    life.stop().await;
    let newest = *world.snapshots(A).await.last().expect("there are snapshots");
    world.damage_snapshot(A, newest, Harm::Flipped).await;
    let again = world.start_with(DELETING).await;
    again.ask(Query::Total).replies(9).await;
    again.send(add(1)).replies(10).await;
}

async fn account_without_events_and_snapshots_is_closed(mut world: World<'_>) {
    let life = world.start_with(DELETING).await;
    life.add_ones(9).await;
    life.stop().await;
    for nr in world.snapshots(A).await {
        assert_ne!(world.snapshot(A, nr).await, Account::default());
        world.damage_snapshot(A, nr, Harm::Flipped).await;
    }
    let again = world.start_with(DELETING).await;
    again.send(add(1)).fails().await;
    again.ask(Query::Total).fails().await;
    assert_eq!(world.extent(A).await.highest.get(), 9, "something was written");
}
