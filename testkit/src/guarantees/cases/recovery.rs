//! G10: recovery is complete before the first command, or it is an error.

use crate::faults::{Fault, Operation};
use crate::guarantees::account::{AccountEvent, Query};
use crate::guarantees::case::cases;
use crate::guarantees::life::{Life, add, add_each};
use crate::guarantees::world::{A, B, World, said, stored, stored_as};
use annals::{CallError, Manifest, Payload};

cases!("G10 recovery is complete";
    recovery_brings_the_whole_history_back,
    query_waits_for_the_whole_recovery,
    command_waits_for_the_whole_recovery,
    recovery_that_breaks_off_answers_nothing_from_a_part,
    recovery_that_cannot_begin_answers_nothing,
    event_of_an_unknown_name_is_incompatible,
    event_of_an_unknown_version_is_incompatible,
    event_at_which_apply_panics_closes_the_account,
    closed_account_leaves_the_others_alone,
);

/// A history of so many events, each 1, and a new engine that has not read it yet.
async fn after_a_history(world: &World<'_>, events: usize) -> Life {
    let life = world.start().await;
    life.send(add_each(&vec![1; events])).answer().await.expect("nothing is in the way");
    life.stop().await;
    world.start().await
}

async fn recovery_brings_the_whole_history_back(world: World<'_>) {
    let life = world.start().await;
    for n in 0..40 {
        life.send(add_each(&[n; 25])).answer().await.expect("nothing is in the way");
    }
    life.crash();
    let again = world.start().await;
    assert_eq!(said(&again).await, world.fold(A, 1_000).await);
    again.ask(Query::Events).replies(1_000).await;
}

async fn query_waits_for_the_whole_recovery(world: World<'_>) {
    let life = after_a_history(&world, 20).await;
    let reads = life.hold(Operation::Read);
    let mut total = life.ask(Query::Total);
    reads.waiting(1).await;
    total.waits().await;
    reads.release_all();
    total.replies(20).await;
}

async fn command_waits_for_the_whole_recovery(world: World<'_>) {
    let life = after_a_history(&world, 20).await;
    let reads = life.hold(Operation::Read);
    let mut reply = life.send(add(1));
    reads.waiting(1).await;
    reply.waits().await;
    reads.release_all();
    reply.replies(21).await;
}

/// A reading call of the recovery fails: whatever is answered is true of the whole history.
async fn never_tells_a_part(world: &World<'_>, operation: Operation, fault: Fault) {
    let life = after_a_history(world, 20).await;
    life.fail_next(operation, fault);
    if let Ok(total) = life.ask(Query::Total).answer().await {
        assert_eq!(total, 20, "it was answered from a part of the history");
    }
    assert_eq!(life.until_answered(|| life.send(add(1))).await, 21);
    assert_eq!(world.memory_equals_journal(life).await, 21);
}

async fn recovery_that_breaks_off_answers_nothing_from_a_part(world: World<'_>) {
    never_tells_a_part(&world, Operation::Read, Fault::Break(7)).await;
}

async fn recovery_that_cannot_begin_answers_nothing(world: World<'_>) {
    never_tells_a_part(&world, Operation::Read, Fault::Unavailable).await;
}

/// A history whose second event cannot be applied: gives how a command fails. Nothing is stored behind it.
async fn closed_by(world: &World<'_>, second: Payload) -> CallError<crate::guarantees::Overdrawn> {
    let life = world.start().await;
    let one = || stored(&AccountEvent::Added { amount: 1 });
    world.put(A, vec![one(), second, one()]).await;
    let error = life.send(add(10)).fails().await;
    life.ask(Query::Total).fails().await;
    life.settled().await;
    assert_eq!(world.extent(A).await.highest.get(), 3, "something was written past what cannot be read");
    assert!(error.to_string().contains("event 2 of"), "the error does not name the event: {error}");
    life.send_to(B, add(1), None).replies(1).await;
    error
}

async fn event_of_an_unknown_name_is_incompatible(world: World<'_>) {
    let unknown = stored_as(Manifest::new("teleported", 1), &AccountEvent::Added { amount: 7 });
    let error = closed_by(&world, unknown).await;
    assert!(matches!(error, CallError::Incompatible(_)), "{error}");
}

async fn event_of_an_unknown_version_is_incompatible(world: World<'_>) {
    let unknown = stored_as(Manifest::new("added", 2), &AccountEvent::Added { amount: 7 });
    let error = closed_by(&world, unknown).await;
    assert!(matches!(error, CallError::Incompatible(_)), "{error}");
}

async fn event_at_which_apply_panics_closes_the_account(world: World<'_>) {
    let error = closed_by(&world, stored(&AccountEvent::Exploded)).await;
    assert!(matches!(error, CallError::NotHandled(_)), "{error}");
}

async fn closed_account_leaves_the_others_alone(world: World<'_>) {
    let life = world.start().await;
    life.send_to(B, add(1), None).replies(1).await;
    world.put(A, vec![stored(&AccountEvent::Exploded)]).await;
    life.ask_of(A, Query::Total).fails().await;
    life.send_to(B, add(1), None).replies(2).await;
    life.ask_of(B, Query::Total).replies(2).await;
}
