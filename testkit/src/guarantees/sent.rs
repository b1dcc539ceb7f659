//! A call that was handed over, and what came back.

use super::account::Overdrawn;
use super::engine::Answer;
use annals::CallError;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::time::Duration;

/// Returns when nothing can go on by itself any more: only then does a paused clock move. On a clock that is not
/// paused a moment passes.
pub(super) async fn quiesce() {
    for _ in 0..64 {
        tokio::task::yield_now().await;
    }
    let _ = tokio::time::timeout(Duration::from_millis(1), std::future::pending::<()>()).await;
}

/// A call on its way.
pub(super) struct Sent {
    answering: BoxFuture<'static, Answer>,
    answer: Option<Answer>,
}

impl Sent {
    /// Hands a call over.
    pub(super) fn new(mut answering: BoxFuture<'static, Answer>) -> Self {
        let answer = (&mut answering).now_or_never();
        Self { answering, answer }
    }

    /// Its answer, as soon as there is one.
    pub(super) async fn answer(self) -> Answer {
        match self.answer {
            Some(answer) => answer,
            None => self.answering.await,
        }
    }

    /// No answer has come, although nothing can go on by itself any more.
    pub(super) async fn waits(&mut self) {
        quiesce().await;
        if self.answer.is_none() {
            self.answer = (&mut self.answering).now_or_never();
        }
        assert!(self.answer.is_none(), "an answer left too early: {:?}", self.answer);
    }

    /// It is answered with this reply.
    pub(super) async fn replies(self, expected: i64) {
        replies(&self.answer().await, expected);
    }

    /// It is rejected, as short by so much.
    pub(super) async fn rejects(self, short: i64) {
        rejected(&self.answer().await, short);
    }

    /// It is neither answered nor rejected; the error.
    pub(super) async fn fails(self) -> CallError<Overdrawn> {
        failed(self.answer().await)
    }
}

pub(super) fn replies(answer: &Answer, expected: i64) {
    match answer {
        Ok(reply) if *reply == expected => {}
        other => panic!("the reply is not {expected}: {other:?}"),
    }
}

pub(super) fn rejected(answer: &Answer, expected: i64) {
    match answer {
        Err(CallError::Rejected(overdrawn)) if overdrawn.short == expected => {}
        other => panic!("it is not rejected as short by {expected}: {other:?}"),
    }
}

pub(super) fn failed(answer: Answer) -> CallError<Overdrawn> {
    match answer {
        Ok(reply) => panic!("it did not fail, the reply is {reply}"),
        Err(CallError::Rejected(overdrawn)) => panic!("it did not fail but is rejected: {overdrawn}"),
        Err(error) => error,
    }
}
