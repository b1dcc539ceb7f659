//! G3: what comes from an owner before is stored nowhere, however late it comes.

use crate::faults::{Fault, Operation};
use crate::guarantees::account::{Command, Query};
use crate::guarantees::case::cases;
use crate::guarantees::engine::{EventsBehind, Settings, SnapshotRule};
use crate::guarantees::life::add;
use crate::guarantees::world::{A, World};

cases!("G3 fenced";
    owner_before_stores_nothing_more,
    owner_before_keeps_no_outcome,
    owner_before_takes_the_account_over_again,
    write_held_back_over_a_take_over_is_not_stored,
    write_under_way_at_a_take_over_is_stored_before_it_or_never,
    write_that_arrives_late_finds_the_account_fenced,
    snapshot_held_back_over_a_take_over_is_not_stored,
    deletion_held_back_over_a_take_over_deletes_nothing,
);

const EVERY_2: Settings = Settings {
    snapshots: Some(SnapshotRule { every: 2, keep: 2, events: EventsBehind::Deleted }),
    recent_keys: 100,
};

async fn owner_before_stores_nothing_more(world: World<'_>) {
    let before = world.start().await;
    before.send(add(1)).replies(1).await;
    let after = world.start().await;
    after.ask(Query::Total).replies(1).await;
    before.send(add(10)).fails().await;
    assert_eq!(world.amounts(A).await, [1]);
    after.send(add(2)).replies(3).await;
    assert_eq!(world.amounts(A).await, [1, 2]);
}

/// Without an event in it, so that no number gives the write away.
async fn owner_before_keeps_no_outcome(world: World<'_>) {
    let before = world.start().await;
    before.send(add(1)).replies(1).await;
    let after = world.start().await;
    before.send_keyed(Command::Touch, "k").fails().await;
    after.send(add(2)).replies(3).await;
    after.send_keyed(Command::Touch, "k").replies(3).await;
}

async fn owner_before_takes_the_account_over_again(world: World<'_>) {
    let before = world.start().await;
    before.send(add(1)).replies(1).await;
    let after = world.start().await;
    after.send(add(2)).replies(3).await;
    before.send(add(10)).fails().await;
    assert_eq!(before.until_answered(|| before.send(add(100))).await, 103);
    after.send(add(1_000)).fails().await;
    assert_eq!(world.amounts(A).await, [1, 2, 100]);
    assert_eq!(world.memory_equals_journal(before).await, 103);
}

async fn write_held_back_over_a_take_over_is_not_stored(world: World<'_>) {
    let before = world.start().await;
    before.send(add(1)).replies(1).await;
    let writes = before.hold(Operation::Append);
    let late = before.send(add(10));
    writes.waiting(1).await;
    let after = world.start().await;
    after.ask(Query::Total).replies(1).await;
    writes.release_all();
    late.fails().await;
    after.send(add(2)).replies(3).await;
    assert_eq!(world.amounts(A).await, [1, 2]);
}

async fn write_under_way_at_a_take_over_is_stored_before_it_or_never(world: World<'_>) {
    for turns in [0, 1, 2, 3, 5, 8, 13, 21] {
        let before = world.start().await;
        let was = before.ask(Query::Total).answer().await.expect("it owns the account");
        let under_way = before.send(add(1));
        // The take-over strikes while the write is somewhere on its way.
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
        let after = world.start().await;
        let told = after.ask(Query::Total).answer().await.expect("it owns the account");
        let acknowledged = under_way.answer().await.is_ok();
        before.settled().await;
        let stored: i64 = world.amounts(A).await.iter().sum();
        assert_eq!(stored, told, "after {turns} turns: something was stored after the new owner had read");
        assert!(!acknowledged || stored == was + 1, "after {turns} turns: acknowledged, but not stored");
    }
}

async fn write_that_arrives_late_finds_the_account_fenced(world: World<'_>) {
    let life = world.start().await;
    life.send(add(1)).replies(1).await;
    life.fail_next(Operation::Append, Fault::Late);
    life.send(add(10)).fails().await;
    let total = life.ask_until_answered(Query::Total).await;
    assert_eq!(total, 1, "the write is still on its way");
    life.faults().deliver_late().await;
    assert_eq!(world.amounts(A).await, [1], "it was stored after the account had told that it was not");
    life.send(add(100)).replies(101).await;
    assert_eq!(world.memory_equals_journal(life).await, 101);
}

async fn snapshot_held_back_over_a_take_over_is_not_stored(world: World<'_>) {
    let before = world.start_with(EVERY_2).await;
    let saves = before.hold(Operation::SaveSnapshot);
    before.send(add(1)).replies(1).await;
    before.send(add(1)).replies(2).await;
    saves.waiting(1).await;
    let after = world.start().await;
    after.ask(Query::Total).replies(2).await;
    saves.release_all();
    before.settled().await;
    assert_eq!(world.snapshots(A).await, [0; 0], "a snapshot of the owner before was stored");
}

async fn deletion_held_back_over_a_take_over_deletes_nothing(world: World<'_>) {
    let before = world.start_with(EVERY_2).await;
    before.add_ones(3).await;
    let deletions = before.hold(Operation::DeleteEvents);
    before.send(add(1)).replies(4).await;
    deletions.waiting(1).await;
    let after = world.start().await;
    after.ask(Query::Total).replies(4).await;
    deletions.release_all();
    before.settled().await;
    world.numbers_are_1_to(4, A).await;
}
