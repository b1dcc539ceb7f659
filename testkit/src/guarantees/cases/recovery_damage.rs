//! G10, where the storage was damaged: an error, and nothing is written past the damage.

use crate::conformance::Harm;
use crate::guarantees::account::Query;
use crate::guarantees::case::cases;
use crate::guarantees::life::{add, add_each};
use crate::guarantees::world::{A, World};
use annals::CallError;

cases!("G10 damage is an error";
    event_cut_short_closes_the_account,
    event_with_a_flipped_bit_closes_the_account,
    event_of_an_unknown_codec_closes_the_account,
    first_event_missing_closes_the_account,
    event_missing_in_the_middle_closes_the_account,
    last_event_missing_closes_the_account,
);

/// Five events, of which one is damaged.
async fn closed_by(mut world: World<'_>, nr: u64, harm: Harm) {
    let life = world.start().await;
    life.send(add_each(&[1, 1])).replies(2).await;
    life.send(add(1)).replies(3).await;
    life.send(add_each(&[1, 1])).replies(5).await;
    life.stop().await;
    world.damage_event(A, nr, harm).await;
    let again = world.start().await;
    let error = again.send(add(10)).fails().await;
    let closed = matches!(error, CallError::NotHandled(_) | CallError::Incompatible(_));
    assert!(closed, "nothing was handled, and that is known: {error}");
    assert!(error.to_string().contains(&format!("event {nr} of")), "the error does not name it: {error}");
    again.ask(Query::Total).fails().await;
    again.settled().await;
    assert_eq!(world.extent(A).await.highest.get(), 5, "something was written past the damage");
}

async fn event_cut_short_closes_the_account(world: World<'_>) {
    closed_by(world, 3, Harm::Truncated).await;
}

async fn event_with_a_flipped_bit_closes_the_account(world: World<'_>) {
    closed_by(world, 3, Harm::Flipped).await;
}

async fn event_of_an_unknown_codec_closes_the_account(world: World<'_>) {
    closed_by(world, 3, Harm::UnknownCodec).await;
}

async fn first_event_missing_closes_the_account(world: World<'_>) {
    closed_by(world, 1, Harm::Removed).await;
}

async fn event_missing_in_the_middle_closes_the_account(world: World<'_>) {
    closed_by(world, 3, Harm::Removed).await;
}

async fn last_event_missing_closes_the_account(world: World<'_>) {
    closed_by(world, 5, Harm::Removed).await;
}
