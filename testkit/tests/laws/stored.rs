//! Storages that do not keep what they promise, under a sound entity.

use crate::caught::{caught, caught_saying};
use crate::tally::{self, Tally};
use crate::twin::{Fault, Twin};
use annals_testkit::laws::{Law, ReplayLaws};
use annals_testkit::proptest::prelude::*;
use annals_testkit::replay_laws;

fn on(fault: Fault) -> ReplayLaws<Tally> {
    replay_laws(tally::steps()).on(move || Twin::new(fault))
}

fn also_on(fault: Fault) -> ReplayLaws<Tally> {
    replay_laws(tally::steps()).also_on("twin", move || async move { Twin::new(fault) })
}

pub(crate) fn lost_outcomes() -> ReplayLaws<Tally> {
    on(Fault::OutcomesLost)
}

#[test]
fn a_sound_storage_is_sound() {
    on(Fault::None).check();
    also_on(Fault::None).check();
}

#[test]
fn a_storage_that_acknowledges_before_it_stores_breaks_the_law_of_crashes() {
    caught_saying(
        on(Fault::AcknowledgedFirst).try_check(),
        Law::Crash,
        1,
        "was acknowledged with event 1, but 0",
    );
}

#[test]
fn a_storage_that_refuses_what_comes_after_the_crash_breaks_the_law_of_crashes() {
    caught_saying(
        on(Fault::RecoveredRefused).try_check(),
        Law::Crash,
        1,
        "sent after the crash, is not stored",
    );
}

#[test]
fn a_storage_that_stores_a_write_in_halves_breaks_the_law_of_crashes() {
    let broken =
        caught_saying(on(Fault::Halves).try_check(), Law::Crash, 1, "1 events are left: a part of a command");
    assert!(broken.steps[0].starts_with("mark {\"n\":0}"), "{broken}");
}

#[test]
fn a_storage_that_reorders_a_group_breaks_the_law_of_crashes() {
    let steps = prop_oneof![tally::add(), tally::mark()];
    let checked = replay_laws(steps).on(|| Twin::new(Fault::GroupReordered)).try_check();
    let broken = checked.unwrap_err();
    assert!(broken.law == Law::Crash && (2..=4).contains(&broken.steps.len()), "{broken}");
}

#[test]
fn a_storage_that_reverses_the_events_of_a_write_breaks_the_law_of_replay() {
    let broken = caught(on(Fault::EventsReversed).try_check(), Law::Replay, 1);
    assert!(broken.steps[0].starts_with("mark {\"n\":1}"), "{broken}");
}

#[test]
fn a_storage_that_loses_outcomes_breaks_the_law_of_keys() {
    let broken = caught_saying(lost_outcomes().try_check(), Law::Key, 1, "repeated ");
    assert!(broken.steps[0].ends_with("with the key key-0"), "{broken}");
}

#[test]
fn a_storage_that_mixes_up_outcomes_breaks_the_law_of_keys() {
    caught(on(Fault::OutcomesMixedUp).try_check(), Law::Key, 2);
}

#[test]
fn a_storage_that_loses_tags_is_not_like_the_others() {
    caught_saying(
        also_on(Fault::TagsLost).try_check(),
        Law::Storage,
        1,
        "on twin event 1 (added v1) has other",
    );
}

#[test]
fn a_storage_that_swaps_two_events_is_not_like_the_others() {
    let words = "on twin event 1 is marked v1, and not added v1";
    caught_saying(also_on(Fault::EventsReversed).try_check(), Law::Storage, 1, words);
}

#[test]
fn a_storage_that_refuses_is_not_like_the_others() {
    let twin = || async { Twin::new(Fault::Refusing) };
    let checked = replay_laws(tally::add()).also_on("twin", twin).try_check();
    caught_saying(checked, Law::Storage, 2, "came to failed: the write was not confirmed");
}
