//! The course of a case: its steps sent in one life, one after the other, and what each came to.

use super::answer::Answer;
use super::case::Case;
use crate::TestClock;
use crate::life::{Life, highest};
use annals::__testing::inspect;
use annals::storage::{StorageError, StorageProvider};
use annals::{Entity, PersistenceId};
use futures_util::future::BoxFuture;
use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

/// What the steps of a case came to.
pub(super) struct Course {
    pub(super) answers: Vec<Answer>,
    /// The highest sequence number after each step.
    pub(super) ends: Vec<u64>,
    /// Whether a command waited: then which write is whose is not told by `ends`.
    pub(super) waited: bool,
    /// Whether the entity left memory in between: then what chance gives it hangs on when that was.
    pub(super) left: bool,
}

/// When the next step of a course is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    /// When the step before it has its answer.
    Answered,
    /// When moreover all that can happen by itself has happened: an entity that leaves memory is gone.
    Settled,
}

impl Pace {
    /// Waits until the next step may be sent.
    pub(super) async fn keep(self) {
        if self == Self::Settled {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

/// How often everything else may go on before a call is taken for one that waits.
const TURNS: usize = 64;

impl Course {
    /// Sends the steps one by one.
    pub(super) fn run<S: Entity>(
        case: &Case<S>,
        life: &Life<S>,
        store: &Arc<dyn StorageProvider>,
        id: &PersistenceId,
        clock: &TestClock,
        pace: Pace,
    ) -> Result<Self, StorageError> {
        let (count, client) = (case.steps.len(), life.client());
        life.run(async {
            let answers = vec![Answer::None; count];
            let mut course = Self { answers, ends: Vec::new(), waited: false, left: false };
            let mut waiting: Vec<(usize, BoxFuture<'static, Answer>)> = Vec::new();
            for at in 0..count {
                let (step, _) = &case.steps[at];
                match step.time() {
                    Some(time) => clock.advance(time),
                    None => {
                        let mut call = step.send(&client, &case.way(at, None));
                        match answer_or_wait(&mut call, life).await {
                            Some(answer) => {
                                if !answer.is_outcome() {
                                    // The caller may have given up on a handler that still runs.
                                    let _ = inspect(&life.entity(), |_| ()).await;
                                }
                                course.answers[at] = answer;
                            }
                            None => waiting.push((at, call)),
                        }
                        course.waited |= !waiting.is_empty();
                        pace.keep().await;
                        course.left |= life.node().active_entities() == 0;
                    }
                }
                course.look_after(&mut waiting).await;
                course.ends.push(highest(store.clone(), id.clone()).await?.get());
            }
            Ok(course)
        })
    }

    /// Takes the answers of calls that waited.
    async fn look_after(&mut self, waiting: &mut Vec<(usize, BoxFuture<'static, Answer>)>) {
        for (at, mut call) in std::mem::take(waiting) {
            match at_once(&mut call).await {
                Some(answer) => self.answers[at] = answer,
                None => waiting.push((at, call)),
            }
        }
    }

    /// How another life keeps pace with this one.
    pub(super) fn pace(&self) -> Pace {
        if self.left { Pace::Settled } else { Pace::Answered }
    }

    /// The highest sequence number after the whole course.
    pub(super) fn end(&self) -> u64 {
        self.ends.last().copied().unwrap_or(0)
    }
}

/// Its answer, or none if the entity was asked behind it and it still has none: then it waits until it is ready.
pub(super) async fn answer_or_wait<S: Entity>(
    call: &mut BoxFuture<'static, Answer>,
    life: &Life<S>,
) -> Option<Answer> {
    for _ in 0..TURNS {
        if let Some(answer) = at_once(call).await {
            return Some(answer);
        }
        tokio::task::yield_now().await;
    }
    let entity = life.entity();
    let behind = inspect(&entity, |_| ());
    tokio::select! {
        biased;
        answer = &mut *call => return Some(answer),
        _ = behind => {}
    }
    at_once(call).await
}

/// The answer, if it is there.
pub(super) async fn at_once<T>(call: &mut (impl Future<Output = T> + Unpin)) -> Option<T> {
    poll_fn(|context| match std::pin::Pin::new(&mut *call).poll(context) {
        Poll::Ready(answer) => Poll::Ready(Some(answer)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}
