//! The laws of one life: replay, snapshots, codecs, keys, and other storages.

use super::answer::Answer;
use super::broken::{Breach, Law};
use super::case::Case;
use super::course::{Course, Pace, answer_or_wait};
use crate::TestClock;
use crate::faults::FaultStorage;
use crate::life::{Life, Setting, Store, Time, only_snapshot, runtime, stored_events};
use crate::survival::Watch;
use annals::__testing::{open_state, seal_state, witnessed};
use annals::storage::StoredEvent;
use annals::{Codec, Definition, Entity, EventSourced, SequenceNr, Snapshots};
use std::fmt::Debug;

/// What is held to laws: an event-sourced entity whose values can be compared.
pub(super) trait Lawful: EventSourced<Event: Debug + PartialEq> + Entity + Debug + PartialEq {}

impl<S: EventSourced<Event: Debug + PartialEq> + Entity + Debug + PartialEq> Lawful for S {}

/// The course that a case takes when nothing goes wrong, and what it leaves.
pub(super) struct Straight<S> {
    pub(super) course: Course,
    pub(super) events: Vec<StoredEvent>,
    pub(super) state: S,
}

/// How the entity is hosted in a case.
pub(super) fn setting<S: Lawful>(hosted: &Setting<S>, case: &Case<S>) -> Setting<S> {
    let codec = case.drawn.codec;
    let case_of = move |definition: Definition<S>| definition.codec(codec).snapshots(Snapshots::on_demand());
    Setting { clock: TestClock::default(), ..hosted.with(case_of) }
}

/// Takes the course of a case on a store, and checks the laws of replay, codecs, keys and snapshots.
pub(super) fn straight<S: Lawful>(
    hosted: &Setting<S>,
    case: &Case<S>,
    store: &Store,
    codecs: &[Codec],
) -> Result<Straight<S>, Breach> {
    let watch = Watch::<S::Event>::new(codecs);
    let seen = watch.clone();
    let setting = setting(hosted, case).with(move |definition| witnessed(definition, seen.clone()));
    let id = setting.persistence_id();
    let life = begin(&setting, store);
    let course = Course::run(case, &life, store, &id, &setting.clock, Pace::Settled);
    let course =
        course.map_err(|error| Law::Replay.broken(format!("the history cannot be read: {error}")))?;
    if let Some(lost) = watch.lost().into_iter().next() {
        return Err(Law::Codec.broken(lost));
    }
    outcomes_survive(case, &course, codecs)?;

    let damaged = |error| Law::Replay.broken(format!("the history cannot be read: {error}"));
    life.run(only_snapshot(store.clone(), id.clone(), None)).map_err(damaged)?;
    let replayed = life.state_at(SequenceNr::new(course.end()));
    let replayed = replayed.map_err(|error| Law::Replay.broken(format!("no state is given: {error}")))?;
    let state =
        life.compare(replayed).map_err(|found| Law::Replay.broken(format!("the state in memory {found}")))?;
    state_survives(&setting, &state, codecs)?;
    repeat(case, &course, &life, "at once")?;
    let events = life.run(stored_events(store.clone(), id.clone())).map_err(damaged)?;
    if events.len() as u64 != course.end() {
        return Err(Law::Key.broken(format!(
            "a repeated key left {} events, not {}",
            events.len(),
            course.end()
        )));
    }

    let cut = SequenceNr::new(case.drawn.cut.index(events.len() + 1) as u64);
    let at_cut = life.state_at(cut);
    let at_cut =
        at_cut.map_err(|error| Law::Snapshot.broken(format!("no state is given at {cut}: {error}")))?;
    let sealed = seal_state(&setting.definition(), &id, &at_cut);
    let sealed =
        sealed.map_err(|error| Law::Snapshot.broken(format!("no snapshot of {at_cut:?}: {error}")))?;
    life.run(only_snapshot(store.clone(), id, Some((cut, sealed)))).map_err(damaged)?;
    drop(life);
    let life = begin(&setting, store);
    let state = life.compare(state);
    let state =
        state.map_err(|found| Law::Snapshot.broken(format!("with a snapshot at {cut} the state {found}")))?;
    repeat(case, &course, &life, "after a restart")?;
    Ok(Straight { course, events, state })
}

/// Starts a node on a store, without faults.
pub(super) fn begin<S: Entity>(setting: &Setting<S>, store: &Store) -> Life<S> {
    let begun = Life::begin(setting, FaultStorage::around(store.clone()));
    begun.unwrap_or_else(|error| panic!("no node can be started to check the laws: {error}"))
}

fn outcomes_survive<S: Entity>(case: &Case<S>, course: &Course, codecs: &[Codec]) -> Result<(), Breach> {
    for ((step, _), answer) in case.steps.iter().zip(&course.answers) {
        for codec in codecs {
            answer.survives(*codec, &format!("{step:?}")).map_err(|lost| Law::Codec.broken(lost))?;
        }
    }
    Ok(())
}

fn state_survives<S: Lawful>(setting: &Setting<S>, state: &S, codecs: &[Codec]) -> Result<(), Breach> {
    let id = setting.persistence_id();
    for codec in codecs {
        let definition = setting.definition().codec(*codec);
        let lost = |error: &dyn std::fmt::Display| {
            Law::Codec.broken(format!("the state {state:?} in {codec}: {error}"))
        };
        let sealed = seal_state(&definition, &id, state).map_err(|error| lost(&error))?;
        let opened = open_state(&definition, &id, &sealed).map_err(|error| lost(&error))?;
        if opened != *state {
            return Err(lost(&format_args!("it comes back as {opened:?}")));
        }
    }
    Ok(())
}

/// Sends a keyed command again.
fn repeat<S: Entity>(case: &Case<S>, course: &Course, life: &Life<S>, when: &str) -> Result<(), Breach> {
    let keyed: Vec<usize> = case.keyed().into_iter().filter(|at| course.answers[*at].is_outcome()).collect();
    if keyed.is_empty() {
        return Ok(());
    }
    let at = keyed[case.drawn.repeated.index(keyed.len())];
    answers_as_before(case, at, &course.answers[at], life, when)
}

/// Sends a keyed command again, and compares the answer.
pub(super) fn answers_as_before<S: Entity>(
    case: &Case<S>,
    at: usize,
    first: &Answer,
    life: &Life<S>,
    when: &str,
) -> Result<(), Breach> {
    let (step, _) = &case.steps[at];
    let mut call = step.send(&life.client(), &case.way(at, None));
    let again = life.run(answer_or_wait(&mut call, life)).unwrap_or(Answer::None);
    if again == *first {
        return Ok(());
    }
    Err(Law::Key.broken(format!("{step:?}, repeated {when}, came to {again:?}, first to {first:?}")))
}

/// Takes the same course on another store.
pub(super) fn elsewhere<S: Lawful>(
    hosted: &Setting<S>,
    case: &Case<S>,
    straight: Straight<S>,
    name: &str,
    store: &Store,
) -> Result<Straight<S>, Breach> {
    let setting = Setting { time: Time::Real, ..setting(hosted, case) };
    let id = setting.persistence_id();
    let life = begin(&setting, store);
    let failed = |error| Law::Storage.broken(format!("{name}: {error}"));
    let pace = straight.course.pace();
    let course = Course::run(case, &life, store, &id, &setting.clock, pace).map_err(failed)?;
    for (at, (step, _)) in case.steps.iter().enumerate() {
        let (here, there) = (&straight.course.answers[at], &course.answers[at]);
        if here != there {
            return Err(
                Law::Storage.broken(format!("on {name} {step:?} came to {there:?}, else to {here:?}"))
            );
        }
    }
    drop(life);
    let events = runtime(Time::Real).block_on(stored_events(store.clone(), id)).map_err(failed)?;
    if let Some(what) = differ(&straight.events, &events) {
        return Err(Law::Storage.broken(format!("on {name} {what}")));
    }
    if events.len() != straight.events.len() {
        let (there, here) = (events.len(), straight.events.len());
        return Err(Law::Storage.broken(format!("on {name} {there} events are stored, else {here}")));
    }
    let Straight { course, events, state } = straight;
    let recovered = begin(&setting, store).compare(state);
    let state =
        recovered.map_err(|found| Law::Storage.broken(format!("on {name} the recovered state {found}")))?;
    Ok(Straight { course, events, state })
}

/// How the shorter of two histories is no prefix of the other; nothing if it is one.
pub(super) fn differ(expected: &[StoredEvent], found: &[StoredEvent]) -> Option<String> {
    let contents = |event: &StoredEvent| {
        let StoredEvent { sequence_nr, payload, tags, metadata, .. } = event.clone();
        (sequence_nr, payload, tags, metadata)
    };
    let (one, other) = expected.iter().zip(found).find(|(one, other)| contents(one) != contents(other))?;
    let (nr, was, is) = (one.sequence_nr, one.payload.manifest(), other.payload.manifest());
    Some(match was == is {
        true => format!("event {nr} ({was}) has other contents"),
        false => format!("event {nr} is {is}, and not {was}"),
    })
}
