//! The law of crashes: what is left is a prefix of what would have been, with every acknowledged command in it.

use super::answer::Answer;
use super::broken::{Breach, Law};
use super::case::{Case, Sending};
use super::check::{Lawful, Straight, answers_as_before, begin, differ, setting};
use super::course::{Pace, answer_or_wait, at_once};
use super::step::Way;
use crate::faults::{Fault, FaultStorage, Operation};
use crate::life::{Life, Setting, Store, highest, stored_events};
use annals::{Codec, Entity, SequenceNr};
use futures_util::future::{BoxFuture, join_all};
use std::time::Duration;

/// Takes the course of a case until the process dies, and looks at what is left.
pub(super) fn crash<S: Lawful>(
    hosted: &Setting<S>,
    case: &Case<S>,
    straight: &Straight<S>,
    store: &dyn Fn() -> Store,
) -> Result<(), Breach> {
    let breach = match crashed(hosted, case, straight, &store(), Some(case.drawn.codec)) {
        Ok(()) => return Ok(()),
        Err(breach) => breach,
    };
    // Was it the crash, or that the commands were sent as they decode?
    crashed(hosted, case, straight, &store(), None)?;
    let codec = case.drawn.codec;
    Err(Law::Codec
        .broken(format!("only when commands are sent as they decode from {codec}: {}", breach.what)))
}

fn crashed<S: Lawful>(
    hosted: &Setting<S>,
    case: &Case<S>,
    straight: &Straight<S>,
    store: &Store,
    copied_by: Option<Codec>,
) -> Result<(), Breach> {
    let setting = setting(hosted, case);
    let acknowledged = until_death(case, straight.course.pace(), &setting, store, copied_by);
    for (at, answer) in acknowledged.iter().enumerate() {
        let (step, expected) = (&case.steps[at].0, &straight.course.answers[at]);
        if let Some(answer) = answer.as_ref().filter(|answer| *answer != expected) {
            return Err(
                Law::Crash.broken(format!("{step:?} came to {answer:?}, in another life to {expected:?}"))
            );
        }
    }

    let life = begin(&setting, store);
    let failed = |error| Law::Crash.broken(format!("after the crash: {error}"));
    let events = life.run(stored_events(store.clone(), setting.persistence_id())).map_err(failed)?;
    is_prefix(case, straight, &acknowledged, events.len() as u64)?;
    if let Some(what) = differ(&straight.events, &events) {
        return Err(Law::Crash.broken(format!("after the crash {what}")));
    }
    let left = SequenceNr::new(events.len() as u64);
    let replayed = life.state_at(left);
    let replayed = replayed.map_err(|error| Law::Crash.broken(format!("after the crash: {error}")))?;
    life.compare(replayed)
        .map_err(|found| Law::Crash.broken(format!("after the crash the state {found}")))?;

    repeat_all(case, straight, &acknowledged, &life, left.get())?;
    let events = life.run(stored_events(store.clone(), setting.persistence_id())).map_err(failed)?;
    if events.len() as u64 != left.get() {
        return Err(
            Law::Key.broken(format!("repeated keys after the crash made {left} events {}", events.len()))
        );
    }
    goes_on(case, &life, store, &setting)
}

/// After the crash the entity takes new commands, and they are stored.
fn goes_on<S: Lawful>(
    case: &Case<S>,
    life: &Life<S>,
    store: &Store,
    setting: &Setting<S>,
) -> Result<(), Breach> {
    let Some((step, _)) = case.steps.iter().find(|(step, _)| step.takes_key()) else {
        return Ok(());
    };
    let mut call = step.send(&life.client(), &Way { key: None, copied_by: None });
    if let Some(Answer::NotConfirmed(why)) = life.run(answer_or_wait(&mut call, life)) {
        return Err(Law::Crash.broken(format!("{step:?}, sent after the crash, is not stored: {why}")));
    }
    // The caller may have given up on a handler that still runs.
    let _ = life.look(|_| ());
    let failed = |error: &dyn std::fmt::Display| {
        Law::Crash.broken(format!("after the crash and another command: {error}"))
    };
    let end = life.run(highest(store.clone(), setting.persistence_id())).map_err(|error| failed(&error))?;
    let replayed = life.state_at(end).map_err(|error| failed(&error))?;
    life.compare(replayed).map(drop).map_err(|found| {
        Law::Replay.broken(format!("after a crash and {step:?} the state in memory {found}"))
    })
}

/// What is left ends with a command, and no acknowledged one is missing.
fn is_prefix<S: Entity>(
    case: &Case<S>,
    straight: &Straight<S>,
    acknowledged: &[Option<Answer>],
    left: u64,
) -> Result<(), Breach> {
    let course = &straight.course;
    if left > course.end() {
        return Err(
            Law::Crash.broken(format!("{left} events are left, there never were more than {}", course.end()))
        );
    }
    if course.waited {
        return Ok(());
    }
    if left != 0 && !course.ends.contains(&left) {
        return Err(Law::Crash.broken(format!("{left} events are left: a part of a command")));
    }
    let missing = (0..acknowledged.len()).find(|at| acknowledged[*at].is_some() && course.ends[*at] > left);
    missing.map_or(Ok(()), |at| {
        let (step, end) = (&case.steps[at].0, course.ends[at]);
        Err(Law::Crash
            .broken(format!("{step:?} was acknowledged with event {end}, but {left} events are left")))
    })
}

/// Sends every keyed command again that is known to be in what is left.
fn repeat_all<S: Entity>(
    case: &Case<S>,
    straight: &Straight<S>,
    acknowledged: &[Option<Answer>],
    life: &Life<S>,
    left: u64,
) -> Result<(), Breach> {
    let course = &straight.course;
    for at in case.keyed().into_iter().filter(|at| course.answers[*at].is_outcome()) {
        let before = at.checked_sub(1).map_or(0, |before| course.ends[before]);
        let stored = !course.waited && before < course.ends[at] && course.ends[at] <= left;
        if acknowledged[at].is_some() || stored {
            answers_as_before(case, at, &course.answers[at], life, "after the crash")?;
        }
    }
    Ok(())
}

/// Long enough for everything that can happen, on the paused clock.
const FOR_EVER: Duration = Duration::from_secs(3600);

/// Takes the course of a case until the process dies. The answers that left before.
fn until_death<S: Lawful>(
    case: &Case<S>,
    pace: Pace,
    setting: &Setting<S>,
    store: &Store,
    copied_by: Option<Codec>,
) -> Vec<Option<Answer>> {
    let faults = FaultStorage::around(store.clone());
    faults.faults().nth(case.crash_in(), Operation::Append, Fault::Crash(case.stored()));
    let life = Life::begin(setting, faults);
    let life = life.unwrap_or_else(|error| panic!("no node can be started to check the laws: {error}"));
    let client = life.client();
    life.run(async {
        let mut calls: Vec<Option<BoxFuture<'static, Answer>>> = Vec::new();
        let mut answers = Vec::new();
        for (at, (step, _)) in case.steps.iter().enumerate() {
            if let Some(time) = step.time() {
                collect(&mut calls, &mut answers).await;
                setting.clock.advance(time);
                calls.push(None);
                answers.push(None);
                continue;
            }
            let mut call = step.send(&client, &case.way(at, copied_by));
            let answer = match (case.drawn.sending, pace) {
                (Sending::AllAtOnce, Pace::Answered) => at_once(&mut call).await,
                (Sending::OneByOne, _) | (_, Pace::Settled) => {
                    let answered = tokio::time::timeout(FOR_EVER, answer_or_wait(&mut call, &life)).await;
                    pace.keep().await;
                    answered.unwrap_or(None)
                }
            };
            calls.push(answer.is_none().then_some(call));
            answers.push(answer);
        }
        collect(&mut calls, &mut answers).await;
        // Only an outcome is an acknowledgement: a time-out of the caller's own comes from a dead process too.
        answers.into_iter().map(|answer| answer.filter(Answer::is_outcome)).collect()
    })
}

/// Takes the answers that still come.
async fn collect(calls: &mut [Option<BoxFuture<'static, Answer>>], answers: &mut [Option<Answer>]) {
    let waiting = calls.iter_mut().zip(answers).filter_map(|(call, answer)| Some((call.take()?, answer)));
    let all = join_all(waiting.map(|(call, answer)| async move { *answer = Some(call.await) }));
    // What does not come was never acknowledged.
    let _ = tokio::time::timeout(FOR_EVER, all).await;
}
