//! G7: the commands of one caller to one account are handled in the order sent; and writes keep that order.

use crate::faults::Operation::{Append, Read};
use crate::guarantees::account::{Command, Query};
use crate::guarantees::case::cases;
use crate::guarantees::life::{Life, add};
use crate::guarantees::sent::Sent;
use crate::guarantees::world::{A, B, World};

cases!("G7 order";
    commands_of_one_caller_are_handled_in_their_order,
    query_has_its_place_among_the_commands,
    order_is_kept_while_the_account_recovers,
    order_is_kept_behind_a_panic,
    writes_with_and_without_events_are_handed_over_in_their_order,
    writes_of_two_accounts_are_each_in_their_order,
);

const AMOUNTS: [i64; 12] = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8];

fn send_all(life: &Life, account: &str) -> Vec<Sent> {
    AMOUNTS.iter().map(|amount| life.send_to(account, add(*amount), None)).collect()
}

async fn reply_in_order(sent: Vec<Sent>, before: i64) {
    let mut total = before;
    for (sent, amount) in sent.into_iter().zip(AMOUNTS) {
        total += amount;
        sent.replies(total).await;
    }
}

async fn commands_of_one_caller_are_handled_in_their_order(world: World<'_>) {
    let life = world.start().await;
    let writes = life.hold(Append);
    let first = life.send(add(100));
    writes.waiting(1).await;
    let rest = send_all(&life, A);
    writes.release_all();
    first.replies(100).await;
    reply_in_order(rest, 100).await;
    assert_eq!(world.amounts(A).await[1..], AMOUNTS);
    life.writes_were_in_order();
}

async fn query_has_its_place_among_the_commands(world: World<'_>) {
    let life = world.start().await;
    let writes = life.hold(Append);
    let calls = [life.send(add(1)), life.ask(Query::Total), life.send(add(10)), life.ask(Query::Total)];
    writes.release_all();
    for (call, total) in calls.into_iter().zip([1, 1, 11, 11]) {
        call.replies(total).await;
    }
}

async fn order_is_kept_while_the_account_recovers(world: World<'_>) {
    let life = world.start().await;
    life.send(add(100)).replies(100).await;
    life.stop().await;
    let again = world.start().await;
    let reads = again.hold(Read);
    let sent = send_all(&again, A);
    reads.waiting(1).await;
    reads.release_all();
    reply_in_order(sent, 100).await;
}

async fn order_is_kept_behind_a_panic(world: World<'_>) {
    let life = world.start().await;
    let writes = life.hold(Append);
    let first = life.send(add(100));
    writes.waiting(1).await;
    let broken = life.send(Command::Panic);
    let rest = send_all(&life, A);
    writes.release_all();
    first.replies(100).await;
    broken.fails().await;
    reply_in_order(rest, 100).await;
    assert_eq!(world.amounts(A).await[1..], AMOUNTS);
}

async fn writes_with_and_without_events_are_handed_over_in_their_order(world: World<'_>) {
    let life = world.start().await;
    let writes = life.hold(Append);
    let first = life.send(add(100));
    writes.waiting(1).await;
    let touch = |n: i64| life.send_keyed(Command::Touch, &format!("touch {n}"));
    let rest: Vec<Sent> = (0..8).map(|n| if n % 2 == 0 { touch(n) } else { life.send(add(1)) }).collect();
    writes.release_all();
    first.replies(100).await;
    for (sent, total) in rest.into_iter().zip([100, 101, 101, 102, 102, 103, 103, 104]) {
        sent.replies(total).await;
    }
    life.writes_were_in_order();
}

async fn writes_of_two_accounts_are_each_in_their_order(world: World<'_>) {
    let life = world.start().await;
    let (a, b) = (send_all(&life, A), send_all(&life, B));
    reply_in_order(a, 0).await;
    reply_in_order(b, 0).await;
    assert_eq!(world.amounts(A).await, AMOUNTS);
    assert_eq!(world.amounts(B).await, AMOUNTS);
    life.writes_were_in_order();
}
