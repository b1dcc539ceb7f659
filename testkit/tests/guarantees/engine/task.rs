//! The task of an account: activations, one after the other.

use super::activation::Activation;
use super::history::{Recovered, recover};
use super::{Asked, Call, Defect, Shared};
use annals::storage::StorageError;
use annals::{CallError, NotHandled, PersistenceId, RecoveryError};
use annals_testkit::guarantees::{Account, Overdrawn};
use std::collections::VecDeque;
use std::pin::pin;
use std::sync::Arc;
use tokio::sync::mpsc::UnboundedReceiver;

/// The calls that wait, in their order.
pub(super) struct Mailbox {
    calls: UnboundedReceiver<Call>,
    /// Those that were taken out of it and not handled.
    pub(super) waiting: VecDeque<Call>,
    pub(super) closed: bool,
}

impl Mailbox {
    /// Waits until a call waits, or none will come any more.
    pub(super) async fn fill(&mut self) {
        match self.calls.recv().await {
            Some(call) => self.waiting.push_back(call),
            None => self.closed = true,
        }
        while let Ok(call) = self.calls.try_recv() {
            self.waiting.push_back(call);
        }
    }

    fn has_queries(&self) -> bool {
        self.waiting.iter().any(|call| matches!(call.asked, Asked::Query(_)))
    }

    /// Answers the queries that wait from a fresh state.
    fn answer_queries(&mut self) {
        for call in std::mem::take(&mut self.waiting) {
            match call.asked {
                Asked::Query(query) => drop(call.to.send(Ok(Account::default().answer(query)))),
                Asked::Command(..) => self.waiting.push_back(call),
            }
        }
    }

    pub(super) fn next(&mut self, shared: &Shared) -> Option<Call> {
        match shared.defect {
            Defect::HandlesLastFirst => self.waiting.pop_back(),
            _ => self.waiting.pop_front(),
        }
    }
}

pub(super) async fn run(shared: Arc<Shared>, id: PersistenceId, calls: UnboundedReceiver<Call>) {
    let mut mailbox = Mailbox { calls, waiting: VecDeque::new(), closed: false };
    loop {
        while mailbox.waiting.is_empty() {
            if mailbox.closed {
                return;
            }
            mailbox.fill().await;
        }
        match recovered(&shared, &id, &mut mailbox).await {
            Ok(recovered) => Activation::new(&shared, &id, recovered).run(&mut mailbox).await,
            Err(error) => {
                for call in mailbox.waiting.drain(..) {
                    let _ = call.to.send(Err(closed_by(error.clone())));
                }
            }
        }
    }
}

async fn recovered(
    shared: &Shared,
    id: &PersistenceId,
    mailbox: &mut Mailbox,
) -> Result<Recovered, RecoveryError> {
    let mut recovery = pin!(recover(shared, id));
    if !shared.has(Defect::AnswersBeforeRecovery) {
        return recovery.await;
    }
    loop {
        tokio::select! {
            biased;
            recovered = &mut recovery => return recovered,
            () = a_few_turns(), if mailbox.has_queries() => mailbox.answer_queries(),
            () = mailbox.fill(), if !mailbox.closed => {}
        }
    }
}

/// A recovery that is not held up is done by then.
async fn a_few_turns() {
    for _ in 0..16 {
        tokio::task::yield_now().await;
    }
}

fn closed_by(error: RecoveryError) -> CallError<Overdrawn> {
    match error {
        RecoveryError::Storage(error @ StorageError::Incompatible { .. }) => CallError::Incompatible(error),
        error => CallError::NotHandled(NotHandled::Recovery(error)),
    }
}
