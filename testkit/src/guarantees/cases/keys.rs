//! G6: a command with a key runs once, and its repetitions get the first outcome.

use crate::faults::{
    Fault,
    Operation::{Append, Outcomes},
};
use crate::guarantees::account::{Command, Query};
use crate::guarantees::case::cases;
use crate::guarantees::engine::Settings;
use crate::guarantees::life::{add, spend};
use crate::guarantees::world::{A, B, World};
use annals::CallError;

cases!("G6 a keyed command runs once";
    repetition_gets_the_first_reply_and_runs_nothing,
    repetition_gets_the_first_rejection,
    repetition_of_a_command_without_events_gets_the_first_reply,
    repetition_of_a_command_in_flight_joins_it,
    repetition_of_a_write_that_failed_runs,
    repetition_of_a_lost_write_runs_once,
    equal_commands_without_keys_run_each,
    key_of_another_command_is_refused_and_changes_nothing,
    key_of_another_account_is_its_own,
    keys_that_look_alike_are_kept_apart,
    keys_that_look_alike_are_kept_apart_in_the_storage,
    thousand_keys_are_kept_apart,
    keys_beyond_memory_are_known,
    key_that_cannot_be_looked_up_runs_nothing,
);

async fn repetition_gets_the_first_reply_and_runs_nothing(world: World<'_>) {
    let life = world.start().await;
    life.send_keyed(add(1), "k").replies(1).await;
    life.send(add(10)).replies(11).await;
    life.send_keyed(add(1), "k").replies(1).await;
    assert_eq!(world.amounts(A).await, [1, 10]);
    assert_eq!(world.memory_equals_journal(life).await, 11);
}

async fn repetition_gets_the_first_rejection(world: World<'_>) {
    let life = world.start().await;
    life.send_keyed(spend(5), "k").rejects(5).await;
    life.send(add(10)).replies(10).await;
    life.send_keyed(spend(5), "k").rejects(5).await;
    assert_eq!(world.amounts(A).await, [10]);
}

async fn repetition_of_a_command_without_events_gets_the_first_reply(world: World<'_>) {
    let life = world.start().await;
    life.send_keyed(Command::Touch, "k").replies(0).await;
    life.send(add(10)).replies(10).await;
    life.send_keyed(Command::Touch, "k").replies(0).await;
}

async fn repetition_of_a_command_in_flight_joins_it(world: World<'_>) {
    let life = world.start().await;
    let writes = life.hold(Append);
    let first = life.send_keyed(add(1), "k");
    writes.waiting(1).await;
    let mut repeated = life.send_keyed(add(1), "k");
    repeated.waits().await;
    writes.release_all();
    first.replies(1).await;
    repeated.replies(1).await;
    assert_eq!(world.amounts(A).await, [1]);
}

async fn repetition_of_a_write_that_failed_runs(world: World<'_>) {
    let life = world.start().await;
    life.fail_next(Append, Fault::Refuse(0));
    life.send_keyed(add(1), "k").fails().await;
    assert_eq!(life.until_answered(|| life.send_keyed(add(1), "k")).await, 1);
    assert_eq!(world.amounts(A).await, [1]);
}

async fn repetition_of_a_lost_write_runs_once(world: World<'_>) {
    for (n, fault) in [(1, Fault::Lost), (2, Fault::AppliedAndLost), (3, Fault::Late)] {
        let life = world.start().await;
        let key = format!("{fault:?}");
        life.fail_next(Append, fault);
        let unknown = life.send_keyed(add(1), &key).fails().await;
        assert!(matches!(unknown, CallError::Unknown(_)), "{fault:?}: {unknown}");
        assert_eq!(life.until_answered(|| life.send_keyed(add(1), &key)).await, n, "{fault:?}");
        life.faults().deliver_late().await;
        assert_eq!(world.memory_equals_journal(life).await, n, "{fault:?}");
    }
}

async fn equal_commands_without_keys_run_each(world: World<'_>) {
    let life = world.start().await;
    life.send(add(1)).replies(1).await;
    life.send(add(1)).replies(2).await;
    let (third, fourth) = (life.send(add(1)), life.send(add(1)));
    third.replies(3).await;
    fourth.replies(4).await;
    assert_eq!(world.amounts(A).await, [1, 1, 1, 1]);
}

async fn key_of_another_command_is_refused_and_changes_nothing(world: World<'_>) {
    let life = world.start().await;
    life.send_keyed(add(1), "k").replies(1).await;
    for other in [add(2), spend(1), Command::Touch] {
        let error = life.send_keyed(other.clone(), "k").fails().await;
        assert!(matches!(error, CallError::KeyReused { .. }), "{other:?}: {error}");
    }
    life.crash();
    let again = world.start().await;
    let error = again.send_keyed(add(2), "k").fails().await;
    assert!(matches!(error, CallError::KeyReused { .. }), "after a crash: {error}");
    again.send_keyed(add(1), "k").replies(1).await;
    assert_eq!(world.amounts(A).await, [1]);
}

async fn key_of_another_account_is_its_own(world: World<'_>) {
    let life = world.start().await;
    life.send_to(A, add(1), Some("k")).replies(1).await;
    life.send_to(B, add(1), Some("k")).replies(1).await;
    assert_eq!((world.amounts(A).await, world.amounts(B).await), (vec![1], vec![1]));
}

async fn keys_that_look_alike_are_kept_apart(world: World<'_>) {
    are_kept_apart(&world, Settings::default()).await;
}

async fn keys_that_look_alike_are_kept_apart_in_the_storage(world: World<'_>) {
    are_kept_apart(&world, Settings { recent_keys: 1, ..Settings::default() }).await;
}

async fn are_kept_apart(world: &World<'_>, settings: Settings) {
    let long = "k".repeat(200);
    let (longer, other) = (format!("{long}1"), format!("1{long}"));
    let keys = [
        "k", "K", "k ", " k", "kk", "k\u{301}", "\u{1e31}", "1", "01", "1.0", "%", "_", &long, &longer,
        &other,
    ];
    let life = world.start_with(settings).await;
    for _ in 0..2 {
        for (n, key) in (1..).zip(keys) {
            life.send_keyed(add(1), key).replies(n).await;
        }
    }
}

async fn thousand_keys_are_kept_apart(world: World<'_>) {
    let life = world.start().await;
    let sent: Vec<_> = (1..=1_000).map(|n| life.send_keyed(add(1), &format!("key {n}"))).collect();
    for (n, sent) in (1..).zip(sent) {
        sent.replies(n).await;
    }
    life.ask(Query::Events).replies(1_000).await;
}

async fn keys_beyond_memory_are_known(world: World<'_>) {
    let settings = Settings { recent_keys: 2, ..Settings::default() };
    for _ in 0..2 {
        // The second time none of it is new.
        let life = world.start_with(settings).await;
        for round in 0..2 {
            for n in 1..=6 {
                life.send_keyed(add(1), &format!("k{n}")).replies(n).await;
            }
            assert_eq!(world.amounts(A).await, [1; 6], "round {round}");
        }
        life.stop().await;
    }
}

async fn key_that_cannot_be_looked_up_runs_nothing(world: World<'_>) {
    let life = world.start_with(Settings { recent_keys: 1, ..Settings::default() }).await;
    for n in 1..=3 {
        life.send_keyed(add(1), &format!("k{n}")).replies(n).await;
    }
    life.faults().every(Outcomes, Fault::Unavailable);
    life.send_keyed(add(1), "k1").fails().await;
    life.faults().clear();
    assert_eq!(life.until_answered(|| life.send_keyed(add(1), "k1")).await, 1);
    assert_eq!(world.amounts(A).await, [1, 1, 1]);
}
