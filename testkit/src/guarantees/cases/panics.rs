//! G4, where the account's own code panics.

use crate::faults::Operation::Append;
use crate::guarantees::account::{Command, Query};
use crate::guarantees::case::cases;
use crate::guarantees::life::add;
use crate::guarantees::world::{A, World};

cases!("G4 panics";
    panic_in_a_handler_changes_nothing,
    panic_in_apply_changes_nothing,
    panic_in_a_reply_changes_nothing,
    panic_at_a_command_with_a_key_changes_nothing,
    replies_of_writes_in_flight_leave_after_a_panic,
    commands_behind_a_panic_are_handled,
);

/// A command that panics, between two that do not.
async fn changes_nothing(world: &World<'_>, command: Command, key: Option<&str>) {
    let life = world.start().await;
    life.send(add(1)).replies(1).await;
    life.send_to(A, command, key).fails().await;
    assert_eq!(world.amounts(A).await, [1], "nothing of the command is written");
    assert_eq!(life.ask_until_answered(Query::Total).await, 1);
    life.send(add(2)).replies(3).await;
    assert_eq!(world.memory_equals_journal(life).await, 3);
}

async fn panic_in_a_handler_changes_nothing(world: World<'_>) {
    changes_nothing(&world, Command::Panic, None).await;
}

async fn panic_in_apply_changes_nothing(world: World<'_>) {
    changes_nothing(&world, Command::Explode { amount: 10 }, None).await;
}

async fn panic_in_a_reply_changes_nothing(world: World<'_>) {
    changes_nothing(&world, Command::AddAndPanic { amount: 10 }, None).await;
}

async fn panic_at_a_command_with_a_key_changes_nothing(world: World<'_>) {
    changes_nothing(&world, Command::AddAndPanic { amount: 10 }, Some("k")).await;
    // It was not kept as an outcome either.
    let life = world.start().await;
    life.send_keyed(add(4), "k").replies(7).await;
}

async fn replies_of_writes_in_flight_leave_after_a_panic(world: World<'_>) {
    let life = world.start().await;
    let writes = life.hold(Append);
    let first = life.send(add(1));
    writes.waiting(1).await;
    let (second, broken) = (life.send(add(2)), life.send(Command::Explode { amount: 10 }));
    writes.release_all();
    first.replies(1).await;
    second.replies(3).await;
    broken.fails().await;
    assert_eq!(world.memory_equals_journal(life).await, 3);
}

async fn commands_behind_a_panic_are_handled(world: World<'_>) {
    let life = world.start().await;
    let (broken, behind) = (life.send(Command::Panic), life.send(add(1)));
    broken.fails().await;
    behind.replies(1).await;
    assert_eq!(world.memory_equals_journal(life).await, 1);
}
