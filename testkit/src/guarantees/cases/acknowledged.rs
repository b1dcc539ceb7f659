//! G1: an outcome leaves only after every write that it depends on is confirmed.

use crate::faults::{Fault, Operation::Append};
use crate::guarantees::account::{Command, Query};
use crate::guarantees::case::cases;
use crate::guarantees::life::{Life, add, spend};
use crate::guarantees::sent::{Sent, replies};
use crate::guarantees::world::{A, World};

cases!("G1 acknowledged means durable";
    reply_waits_for_its_write,
    reply_to_several_events_waits_for_their_write,
    rejection_waits_for_the_writes_it_was_decided_on,
    rejection_waits_until_it_is_kept,
    query_waits_for_the_writes_it_saw,
    outcome_without_changes_waits_for_the_writes_before_it,
    outcomes_leave_one_by_one_as_their_writes_are_confirmed,
    query_never_tells_of_a_write_that_failed,
    rejection_decided_on_a_write_that_failed_does_not_leave,
    reply_is_in_the_journal_when_it_comes,
    replies_outlive_a_crash,
);

/// Sends a call while the write of `add(5)` is held back, and lets it go once the call has waited.
async fn behind_a_held_write(life: &Life, call: impl FnOnce(&Life) -> Sent) -> Sent {
    let writes = life.hold(Append);
    let first = life.send(add(5));
    writes.waiting(1).await;
    let mut behind = call(life);
    behind.waits().await;
    writes.release_all();
    first.replies(5).await;
    behind
}

async fn reply_waits_for_its_write(world: World<'_>) {
    let life = world.start().await;
    let writes = life.hold(Append);
    let mut reply = life.send(add(1));
    writes.waiting(1).await;
    reply.waits().await;
    writes.release_all();
    reply.replies(1).await;
}

async fn reply_to_several_events_waits_for_their_write(world: World<'_>) {
    let life = world.start().await;
    let writes = life.hold(Append);
    let mut reply = life.send(Command::AddEach { amounts: vec![1, 2, 3] });
    writes.waiting(1).await;
    reply.waits().await;
    writes.release_all();
    reply.replies(6).await;
}

async fn rejection_waits_for_the_writes_it_was_decided_on(world: World<'_>) {
    let life = world.start().await;
    let rejection = behind_a_held_write(&life, |life| life.send(spend(10))).await;
    rejection.rejects(5).await;
}

async fn rejection_waits_until_it_is_kept(world: World<'_>) {
    let life = world.start().await;
    let writes = life.hold(Append);
    let mut rejection = life.send_keyed(spend(10), "k");
    writes.waiting(1).await;
    rejection.waits().await;
    writes.release_all();
    rejection.rejects(10).await;
}

async fn query_waits_for_the_writes_it_saw(world: World<'_>) {
    let life = world.start().await;
    let query = behind_a_held_write(&life, |life| life.ask(Query::Total)).await;
    query.replies(5).await;
}

async fn outcome_without_changes_waits_for_the_writes_before_it(world: World<'_>) {
    let life = world.start().await;
    let outcome = behind_a_held_write(&life, |life| life.send(Command::Touch)).await;
    outcome.replies(5).await;
}

async fn outcomes_leave_one_by_one_as_their_writes_are_confirmed(world: World<'_>) {
    let life = world.start().await;
    let writes = life.hold(Append);
    let first = life.send(add(1));
    writes.waiting(1).await;
    let (mut second, mut query) = (life.send(add(2)), life.ask(Query::Total));
    second.waits().await;
    writes.release(1);
    first.replies(1).await;
    second.waits().await;
    query.waits().await;
    writes.release_all();
    second.replies(3).await;
    query.replies(3).await;
}

async fn query_never_tells_of_a_write_that_failed(world: World<'_>) {
    let life = world.start().await;
    let writes = life.hold(Append);
    life.fail_next(Append, Fault::Refuse(0));
    let first = life.send(add(5));
    writes.waiting(1).await;
    let mut query = life.ask(Query::Total);
    query.waits().await;
    writes.release_all();
    first.fails().await;
    // Asked again, or not answered at all: both are fine.
    if let Ok(total) = query.answer().await {
        assert_eq!(total, 0, "the query told of what was never stored");
    }
}

async fn rejection_decided_on_a_write_that_failed_does_not_leave(world: World<'_>) {
    let life = world.start().await;
    let writes = life.hold(Append);
    life.fail_next(Append, Fault::Refuse(0));
    let first = life.send(add(5));
    writes.waiting(1).await;
    let mut rejection = life.send(spend(10));
    rejection.waits().await;
    writes.release_all();
    first.fails().await;
    if let Err(annals::CallError::Rejected(overdrawn)) = rejection.answer().await {
        assert_eq!(overdrawn.short, 10, "the rejection was decided on what was never stored");
    }
}

async fn reply_is_in_the_journal_when_it_comes(world: World<'_>) {
    let life = world.start().await;
    for n in 1..=5 {
        replies(&life.send(add(1)).answer().await, n);
        world.numbers_are_1_to(n.cast_unsigned(), A).await;
    }
}

async fn replies_outlive_a_crash(mut world: World<'_>) {
    let life = world.start().await;
    for n in 1..=10 {
        replies(&life.send(add(1)).answer().await, n);
    }
    life.crash();
    world.reopen().await;
    let again = world.start().await;
    again.ask(Query::Total).replies(10).await;
}
