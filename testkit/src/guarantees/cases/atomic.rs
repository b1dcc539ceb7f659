//! G5: all that one command changes is one write, stored whole or not at all.

use crate::faults::{Fault, Operation::Append};
use crate::guarantees::account::Command;
use crate::guarantees::case::cases;
use crate::guarantees::life::{add, add_each};
use crate::guarantees::world::{A, World};

cases!("G5 effects are atomic";
    events_of_a_command_are_all_stored_or_none,
    events_of_a_command_need_no_second_write,
    event_and_kept_outcome_are_stored_together,
    event_and_rejection_beside_it_are_stored_together,
    command_that_is_refused_leaves_no_event,
    command_whose_last_event_cannot_be_applied_leaves_no_event,
);

async fn events_of_a_command_are_all_stored_or_none(world: World<'_>) {
    let life = world.start().await;
    let writes = life.hold(Append);
    let _lost = life.send(add_each(&[1, 2, 3]));
    writes.waiting(1).await;
    // One write goes through; then the engine dies.
    life.fail_next(Append, Fault::Cut(1));
    writes.release(1);
    life.settled_but_for(&writes).await;
    life.crash();
    let stored = world.amounts(A).await;
    assert!(stored == [1, 2, 3] || stored.is_empty(), "a part of a command was stored: {stored:?}");
    assert_eq!(world.memory_equals_journal(world.start().await).await, stored.iter().sum::<i64>());
}

async fn events_of_a_command_need_no_second_write(world: World<'_>) {
    let life = world.start().await;
    life.faults().nth(2, Append, Fault::Refuse(0));
    life.fail_next(Append, Fault::Cut(1));
    life.send(add_each(&[1, 2, 3])).replies(6).await;
    assert_eq!(world.amounts(A).await, [1, 2, 3]);
}

async fn event_and_kept_outcome_are_stored_together(world: World<'_>) {
    let life = world.start().await;
    let writes = life.hold(Append);
    let _lost = life.send_keyed(add(1), "k");
    writes.waiting(1).await;
    life.fail_next(Append, Fault::Cut(1));
    writes.release(1);
    life.settled_but_for(&writes).await;
    life.crash();
    let again = world.start().await;
    again.send_keyed(add(1), "k").replies(1).await;
    assert_eq!(world.amounts(A).await, [1], "the retry after the crash ran a second time");
}

async fn event_and_rejection_beside_it_are_stored_together(world: World<'_>) {
    let life = world.start().await;
    let writes = life.hold(Append);
    let _lost = life.send_keyed(Command::AddAndRefuse { amount: 7 }, "k");
    writes.waiting(1).await;
    life.fail_next(Append, Fault::Cut(1));
    writes.release(1);
    life.settled_but_for(&writes).await;
    life.crash();
    let again = world.start().await;
    again.send_keyed(Command::AddAndRefuse { amount: 7 }, "k").rejects(7).await;
    assert_eq!(world.amounts(A).await, [7], "the retry after the crash ran a second time");
}

async fn command_that_is_refused_leaves_no_event(world: World<'_>) {
    let life = world.start().await;
    life.fail_next(Append, Fault::Refuse(0));
    life.send(add_each(&[1, 2, 3])).fails().await;
    assert_eq!(world.amounts(A).await, [0; 0]);
    assert_eq!(world.memory_equals_journal(life).await, 0);
}

async fn command_whose_last_event_cannot_be_applied_leaves_no_event(world: World<'_>) {
    let life = world.start().await;
    life.send(Command::Explode { amount: 1 }).fails().await;
    life.settled().await;
    assert_eq!(world.amounts(A).await, [0; 0]);
    assert_eq!(world.memory_equals_journal(life).await, 0);
}
