//! G6: the outcome of a command with a key outlasts the memory that it was decided in.

use crate::guarantees::account::Command;
use crate::guarantees::case::cases;
use crate::guarantees::engine::{EventsBehind, Settings, SnapshotRule};
use crate::guarantees::life::{Life, add, spend};
use crate::guarantees::world::{A, World};

cases!("G6 outcomes are kept";
    outcome_is_known_after_a_stop,
    outcome_is_known_after_a_crash,
    outcome_is_known_after_the_account_left_memory,
    outcome_is_known_after_a_panic,
    outcome_is_known_behind_a_snapshot,
    outcome_is_known_behind_deleted_events,
    outcome_beyond_memory_is_known_behind_deleted_events,
    rejection_is_known_after_a_crash,
    rejection_beside_an_event_is_known_after_a_crash,
    reply_without_events_is_known_after_a_crash,
);

async fn first(world: &World<'_>) -> Life {
    let life = world.start().await;
    life.send_keyed(add(1), "k").replies(1).await;
    life.send(add(10)).replies(11).await;
    life
}

async fn is_known(world: &World<'_>, life: &Life) {
    life.send_keyed(add(1), "k").replies(1).await;
    life.send(Command::Touch).replies(11).await;
    assert_eq!(world.amounts(A).await, [1, 10], "the repetition ran");
}

async fn outcome_is_known_after_a_stop(mut world: World<'_>) {
    first(&world).await.stop().await;
    world.reopen().await;
    is_known(&world, &world.start().await).await;
}

async fn outcome_is_known_after_a_crash(world: World<'_>) {
    first(&world).await.crash();
    is_known(&world, &world.start().await).await;
}

async fn outcome_is_known_after_the_account_left_memory(world: World<'_>) {
    let life = first(&world).await;
    life.send(Command::Leave).replies(11).await;
    life.settled().await;
    is_known(&world, &life).await;
}

async fn outcome_is_known_after_a_panic(world: World<'_>) {
    let life = first(&world).await;
    life.send(Command::Panic).fails().await;
    is_known(&world, &life).await;
}

/// Snapshots every three events: the keyed command is in the first.
async fn behind_snapshots(world: &World<'_>, events: EventsBehind, recent_keys: usize) {
    let rule = SnapshotRule { every: 3, keep: 2, events };
    let settings = Settings { snapshots: Some(rule), recent_keys };
    let life = world.start_with(settings).await;
    life.send_keyed(add(1), "k").replies(1).await;
    life.send_keyed(spend(100), "refused").rejects(99).await;
    life.add_ones(7).await;
    life.crash();
    let again = world.start_with(settings).await;
    again.send_keyed(add(1), "k").replies(1).await;
    again.send_keyed(spend(100), "refused").rejects(99).await;
    again.send(Command::Touch).replies(8).await;
    assert_eq!(world.extent(A).await.highest.get(), 8, "a repetition ran");
}

async fn outcome_is_known_behind_a_snapshot(world: World<'_>) {
    behind_snapshots(&world, EventsBehind::Kept, 100).await;
}

async fn outcome_is_known_behind_deleted_events(world: World<'_>) {
    behind_snapshots(&world, EventsBehind::Deleted, 100).await;
}

async fn outcome_beyond_memory_is_known_behind_deleted_events(world: World<'_>) {
    behind_snapshots(&world, EventsBehind::Deleted, 1).await;
}

async fn rejection_is_known_after_a_crash(world: World<'_>) {
    let life = world.start().await;
    life.send_keyed(spend(5), "k").rejects(5).await;
    life.send(add(10)).replies(10).await;
    life.crash();
    world.start().await.send_keyed(spend(5), "k").rejects(5).await;
    assert_eq!(world.amounts(A).await, [10]);
}

async fn rejection_beside_an_event_is_known_after_a_crash(world: World<'_>) {
    let life = world.start().await;
    life.send_keyed(Command::AddAndRefuse { amount: 7 }, "k").rejects(7).await;
    life.crash();
    world.start().await.send_keyed(Command::AddAndRefuse { amount: 7 }, "k").rejects(7).await;
    assert_eq!(world.amounts(A).await, [7]);
}

async fn reply_without_events_is_known_after_a_crash(world: World<'_>) {
    let life = world.start().await;
    life.send_keyed(Command::Touch, "k").replies(0).await;
    life.send(add(10)).replies(10).await;
    life.crash();
    world.start().await.send_keyed(Command::Touch, "k").replies(0).await;
}
