//! G2: the numbers of an account's events are 1, 2, 3 ... without gap, and none is used again.

use crate::faults::{Fault, Operation::Append};
use crate::guarantees::account::{AccountEvent, Command, Query};
use crate::guarantees::case::cases;
use crate::guarantees::engine::{EventsBehind, Settings, SnapshotRule};
use crate::guarantees::life::{add, add_each, spend};
use crate::guarantees::world::{A, B, World, stored};

cases!("G2 one history";
    numbers_begin_at_one_and_have_no_gap,
    numbers_of_two_accounts_are_their_own,
    numbers_go_on_after_a_stop,
    numbers_go_on_after_a_crash,
    numbers_go_on_after_the_account_left_memory,
    numbers_go_on_behind_deleted_events,
    number_of_a_write_that_failed_is_the_next_one,
    number_taken_by_another_writer_is_not_taken_again,
    number_taken_by_another_writer_is_not_taken_by_a_first_write,
    accounts_that_look_alike_have_their_own_history,
);

async fn numbers_begin_at_one_and_have_no_gap(world: World<'_>) {
    let life = world.start().await;
    life.send(add(1)).replies(1).await;
    life.send(add_each(&[1, 2, 3])).replies(7).await;
    life.send(spend(100)).rejects(93).await;
    life.send(Command::Touch).replies(7).await;
    life.send(spend(7)).replies(0).await;
    world.numbers_are_1_to(5, A).await;
    assert_eq!(world.amounts(A).await, [1, 1, 2, 3, -7]);
}

async fn numbers_of_two_accounts_are_their_own(world: World<'_>) {
    let life = world.start().await;
    for n in 1..=3 {
        life.send_to(A, add(1), None).replies(n).await;
        life.send_to(B, add_each(&[1, 1]), None).replies(2 * n).await;
    }
    world.numbers_are_1_to(3, A).await;
    world.numbers_are_1_to(6, B).await;
}

async fn numbers_go_on_after_a_stop(mut world: World<'_>) {
    for n in 0..3 {
        let life = world.start().await;
        life.send(add_each(&[1, 1])).replies(2 * n + 2).await;
        life.stop().await;
        world.reopen().await;
    }
    world.numbers_are_1_to(6, A).await;
}

async fn numbers_go_on_after_a_crash(world: World<'_>) {
    for n in 0..3 {
        let life = world.start().await;
        life.send(add_each(&[1, 1])).replies(2 * n + 2).await;
        life.crash();
    }
    world.numbers_are_1_to(6, A).await;
}

async fn numbers_go_on_after_the_account_left_memory(world: World<'_>) {
    let life = world.start().await;
    for n in 1..=3 {
        life.send(add(1)).replies(n).await;
        life.send(Command::Leave).replies(n).await;
    }
    world.numbers_are_1_to(3, A).await;
}

async fn numbers_go_on_behind_deleted_events(world: World<'_>) {
    let rule = SnapshotRule { every: 4, keep: 2, events: EventsBehind::Kept };
    let settings = Settings { snapshots: Some(rule), ..Settings::default() };
    let life = world.start_with(settings).await;
    life.add_ones(4).await;
    life.stop().await;
    world.delete_events(A).await;
    let again = world.start_with(settings).await;
    again.ask(Query::Total).replies(4).await;
    again.send(add(1)).replies(5).await;
    let numbers: Vec<u64> = world.events(A).await.iter().map(|event| event.sequence_nr.get()).collect();
    assert_eq!(numbers, [5], "the first event behind four that were deleted");
}

async fn number_of_a_write_that_failed_is_the_next_one(world: World<'_>) {
    let life = world.start().await;
    life.send(add(1)).replies(1).await;
    life.fail_next(Append, Fault::Refuse(0));
    life.send(add_each(&[10, 10])).fails().await;
    life.send(add(2)).replies(3).await;
    world.numbers_are_1_to(2, A).await;
}

async fn number_taken_by_another_writer_is_not_taken_again(world: World<'_>) {
    let life = world.start().await;
    life.send(add(1)).replies(1).await;
    world.put(A, vec![stored(&AccountEvent::Added { amount: 100 })]).await;
    // It was decided on a state that was not the last one.
    life.send(add(10)).fails().await;
    assert_eq!(world.amounts(A).await, [1, 100]);
    assert_eq!(world.memory_equals_journal(life).await, 101);
}

async fn number_taken_by_another_writer_is_not_taken_by_a_first_write(world: World<'_>) {
    let life = world.start().await;
    let writes = life.hold(Append);
    let first = life.send(add(10));
    writes.waiting(1).await;
    world.put(A, vec![stored(&AccountEvent::Added { amount: 100 })]).await;
    writes.release_all();
    first.fails().await;
    assert_eq!(world.amounts(A).await, [100]);
    assert_eq!(world.memory_equals_journal(life).await, 100);
}

async fn accounts_that_look_alike_have_their_own_history(world: World<'_>) {
    let accounts = ["a", "A", "a ", " a", "aa", "\u{e4}", "a\u{308}", "a/a", "a'"];
    let life = world.start().await;
    for account in accounts {
        life.send_to(account, add(1), None).replies(1).await;
    }
    life.stop().await;
    let again = world.start().await;
    for account in accounts {
        again.ask_of(account, Query::Total).replies(1).await;
        world.numbers_are_1_to(1, account).await;
    }
}
