//! G4: memory equals the journal after every failure, and callers are told no more than is known.

use crate::faults::{Fault, Hold, Operation::Append};
use crate::guarantees::account::{AccountEvent, Command, Query};
use crate::guarantees::case::cases;
use crate::guarantees::life::{Life, add, add_each};
use crate::guarantees::sent::Sent;
use crate::guarantees::world::{A, B, World, stored};
use annals::CallError;

cases!("G4 memory equals journal";
    memory_equals_the_journal_when_nothing_fails,
    write_that_finds_the_storage_unavailable_is_not_in_memory_after,
    write_that_finds_the_storage_full_is_not_in_memory_after,
    write_that_is_refused_is_not_in_memory_after,
    write_that_meets_a_conflict_is_not_in_memory_after,
    lost_write_that_was_not_stored_is_not_in_memory_after,
    lost_write_that_was_stored_is_in_memory_once_after,
    lost_write_that_comes_late_is_not_in_memory_after,
    write_at_which_the_storage_panics_leaves_memory_equal_to_the_journal,
    write_that_a_driver_sends_twice_is_stored_once,
    failed_write_of_a_group_fails_alone,
    failed_write_takes_nothing_with_it_that_was_acknowledged,
    commands_behind_a_failed_write_are_told_what_became_of_them,
    nothing_is_written_behind_a_write_that_failed,
    caller_that_goes_away_leaves_memory_equal_to_the_journal,
    crash_before_a_write_is_stored_leaves_nothing_of_it,
    crash_after_a_write_is_stored_leaves_all_of_it,
);

/// A command meets a fault between two that do not; gives what is stored after.
async fn met_by(world: &World<'_>, fault: Fault) -> Vec<i64> {
    let life = world.start().await;
    life.send(add(1)).replies(1).await;
    life.fail_next(Append, fault);
    life.send(add(10)).fails().await;
    life.until_answered(|| life.send(add(100))).await;
    life.writes_were_in_order();
    world.memory_equals_journal(life).await;
    world.amounts(A).await
}

async fn memory_equals_the_journal_when_nothing_fails(world: World<'_>) {
    let life = world.start().await;
    for n in 1..=20 {
        life.send(add_each(&[n, -n, n])).answer().await.expect("nothing fails");
    }
    life.writes_were_in_order();
    assert_eq!(world.memory_equals_journal(life).await, 210);
}

async fn write_that_finds_the_storage_unavailable_is_not_in_memory_after(world: World<'_>) {
    assert_eq!(met_by(&world, Fault::Unavailable).await, [1, 100]);
}

async fn write_that_finds_the_storage_full_is_not_in_memory_after(world: World<'_>) {
    assert_eq!(met_by(&world, Fault::Full).await, [1, 100]);
}

async fn write_that_is_refused_is_not_in_memory_after(world: World<'_>) {
    assert_eq!(met_by(&world, Fault::Refuse(0)).await, [1, 100]);
}

async fn write_that_meets_a_conflict_is_not_in_memory_after(world: World<'_>) {
    assert_eq!(met_by(&world, Fault::Conflict).await, [1, 100]);
}

async fn lost_write_that_was_not_stored_is_not_in_memory_after(world: World<'_>) {
    assert_eq!(met_by(&world, Fault::Lost).await, [1, 100]);
}

async fn lost_write_that_was_stored_is_in_memory_once_after(world: World<'_>) {
    assert_eq!(met_by(&world, Fault::AppliedAndLost).await, [1, 10, 100]);
}

async fn lost_write_that_comes_late_is_not_in_memory_after(world: World<'_>) {
    assert_eq!(met_by(&world, Fault::Late).await, [1, 100]);
}

async fn write_at_which_the_storage_panics_leaves_memory_equal_to_the_journal(world: World<'_>) {
    assert_eq!(met_by(&world, Fault::Panic).await, [1, 100]);
}

async fn write_that_a_driver_sends_twice_is_stored_once(world: World<'_>) {
    let life = world.start().await;
    life.faults().every(Append, Fault::Repeat);
    life.send(add(1)).replies(1).await;
    life.send(add_each(&[10, 10])).replies(21).await;
    life.send_keyed(Command::Touch, "k").replies(21).await;
    life.send(add(100)).replies(121).await;
    assert_eq!(world.amounts(A).await, [1, 10, 10, 100]);
    assert_eq!(world.memory_equals_journal(life).await, 121);
}

async fn failed_write_of_a_group_fails_alone(world: World<'_>) {
    let life = world.start().await;
    life.send(add(1)).replies(1).await;
    let writes = life.hold(Append);
    let first = life.send_to(B, add(1), None);
    writes.waiting(1).await;
    // What queues up meanwhile is one group: in it `A` has been overtaken, and `B` has not.
    world.put(A, vec![stored(&AccountEvent::Added { amount: 100 })]).await;
    let (overtaken, mut second) = (life.send(add(10)), life.send_to(B, add(2), None));
    second.waits().await;
    writes.release_all();
    first.replies(1).await;
    second.replies(3).await;
    overtaken.fails().await;
    assert_eq!((world.amounts(A).await, world.amounts(B).await), (vec![1, 100], vec![1, 2]));
}

/// Three commands: the write of the first is held back until the other two were sent.
async fn three_at_once(life: &Life) -> (Vec<Sent>, Hold) {
    let writes = life.hold(Append);
    let first = life.send(add(1));
    writes.waiting(1).await;
    let mut rest = [life.send(add(10)), life.send(add(100))];
    rest[1].waits().await;
    let [second, third] = rest;
    (vec![first, second, third], writes)
}

async fn failed_write_takes_nothing_with_it_that_was_acknowledged(world: World<'_>) {
    let life = world.start().await;
    let (sent, writes) = three_at_once(&life).await;
    writes.release(1);
    let mut sent = sent.into_iter();
    sent.next().expect("there are three").replies(1).await;
    life.faults().every(Append, Fault::Refuse(0));
    writes.release_all();
    for behind in sent {
        behind.fails().await;
    }
    life.faults().clear();
    assert_eq!(world.memory_equals_journal(life).await, 1);
}

async fn commands_behind_a_failed_write_are_told_what_became_of_them(world: World<'_>) {
    for fault in [Fault::Unavailable, Fault::Refuse(0), Fault::Lost, Fault::AppliedAndLost] {
        let life = world.start().await;
        let before = world.amounts(A).await.len();
        life.ask(Query::Total).answer().await.expect("nothing is wrong yet");
        life.fail_next(Append, fault);
        let (sent, writes) = three_at_once(&life).await;
        writes.release_all();
        let mut answers = Vec::new();
        for sent in sent {
            answers.push(sent.answer().await);
        }
        let stored = world.amounts(A).await.split_off(before);
        for (answer, amount) in answers.iter().zip([1, 10, 100]) {
            match (answer, stored.contains(&amount)) {
                (Ok(_), true) | (Err(CallError::NotHandled(_)), false) | (Err(CallError::Unknown(_)), _) => {}
                (told, there) => panic!("{fault:?}: told {told:?}, stored: {there}"),
            }
        }
        world.memory_equals_journal(life).await;
    }
}

async fn nothing_is_written_behind_a_write_that_failed(world: World<'_>) {
    for fault in [Fault::Unavailable, Fault::Refuse(0), Fault::Lost] {
        let life = world.start().await;
        // Without events, so that no expected number gives a later write away.
        let writes = life.hold(Append);
        life.fail_next(Append, fault);
        let name = |n: u32| format!("{fault:?} {n}");
        let first = life.send_keyed(Command::Touch, &name(1));
        writes.waiting(1).await;
        let mut second = life.send_keyed(Command::Touch, &name(2));
        second.waits().await;
        writes.release_all();
        first.fails().await;
        let _ = second.answer().await;
        life.settled().await;
        life.writes_were_in_order();
        life.stop().await;
    }
}

async fn caller_that_goes_away_leaves_memory_equal_to_the_journal(world: World<'_>) {
    let life = world.start().await;
    for until_it_is_written in [0, 1] {
        let writes = life.hold(Append);
        let call = life.send(add(1));
        writes.waiting(until_it_is_written).await;
        drop(call);
        writes.release_all();
        life.settled().await;
        let total = life.ask_until_answered(Query::Total).await;
        assert_eq!(world.amounts(A).await.iter().sum::<i64>(), total);
    }
    assert_eq!(world.memory_equals_journal(life).await, 2, "what was handed over is handled");
}

async fn crash_before_a_write_is_stored_leaves_nothing_of_it(world: World<'_>) {
    let life = world.start().await;
    life.send(add(1)).replies(1).await;
    let writes = life.hold(Append);
    let _lost = life.send(add_each(&[10, 10]));
    writes.waiting(1).await;
    life.crash();
    let again = world.start().await;
    again.ask(Query::Total).replies(1).await;
    assert_eq!(world.memory_equals_journal(again).await, 1);
}

async fn crash_after_a_write_is_stored_leaves_all_of_it(world: World<'_>) {
    let life = world.start().await;
    life.send(add(1)).replies(1).await;
    life.fail_next(Append, Fault::AppliedAndLost);
    let _lost = life.send(add_each(&[10, 10]));
    life.settled().await;
    life.crash();
    let again = world.start().await;
    again.ask(Query::Total).replies(21).await;
    assert_eq!(world.memory_equals_journal(again).await, 21);
}
