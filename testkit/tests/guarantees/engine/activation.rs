//! An activation that is up: deciding commands on a state that runs ahead of the storage.

use super::history::Recovered;
use super::keys::{Keys, Known};
use super::sealed::{digest, keep, kept_answer};
use super::task::Mailbox;
use super::writes::Group;
use super::{Asked, Call, Defect, Shared};
use annals::storage::{Fence, Snapshot, StorageError, Write};
use annals::{ActivationId, CallError, EventSourced, Key, NotHandled, PersistenceId, SequenceNr, Unknown};
use annals_testkit::guarantees::{Account, Answer, Command, Then};
use futures_util::future::{BoxFuture, OptionFuture};
use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// One activation of one account.
pub(super) struct Activation<'a> {
    pub(super) shared: &'a Arc<Shared>,
    pub(super) id: &'a PersistenceId,
    pub(super) fence: Fence,
    pub(super) activation: ActivationId,
    /// Ahead of what is confirmed.
    pub(super) state: Account,
    /// The last event in `state`.
    pub(super) sequence_nr: SequenceNr,
    /// How many writes were decided, handed over, confirmed.
    pub(super) submitted: u64,
    pub(super) handed: u64,
    pub(super) confirmed: u64,
    /// What goes with the next group.
    pub(super) queue: Vec<Write>,
    pub(super) in_flight: Option<BoxFuture<'static, Group>>,
    pub(super) held: VecDeque<Held>,
    pub(super) keys: Keys,
    pub(super) last_snapshot: SequenceNr,
    /// A snapshot that waits for the confirmation of a write.
    pub(super) encoded: Option<(u64, Snapshot)>,
    pub(super) saving: Option<BoxFuture<'static, ()>>,
    then: Then,
}

/// An answer that waits for the confirmation of a write.
pub(super) struct Held {
    pub(super) after: u64,
    /// The write of its own command, if it has one.
    pub(super) own: Option<u64>,
    pub(super) answer: Answer,
    pub(super) call: Call,
}

/// Why an activation ends.
pub(super) enum End {
    /// The account's code panicked.
    Broken,
    /// A write was not confirmed.
    Lost(StorageError),
}

impl<'a> Activation<'a> {
    pub(super) fn new(shared: &'a Arc<Shared>, id: &'a PersistenceId, recovered: Recovered) -> Self {
        let Recovered { fence, state, sequence_nr, keys, last_snapshot } = recovered;
        Self {
            shared,
            id,
            fence,
            activation: shared.new_activation(fence),
            state,
            sequence_nr,
            submitted: 0,
            handed: 0,
            confirmed: 0,
            queue: Vec::new(),
            in_flight: None,
            held: VecDeque::new(),
            keys,
            last_snapshot,
            encoded: None,
            saving: None,
            then: Then::Stays,
        }
    }

    /// Handles calls until it ends.
    pub(super) async fn run(mut self, mailbox: &mut Mailbox) {
        loop {
            match self.step(mailbox).await {
                Ok(ControlFlow::Continue(())) => {}
                Ok(ControlFlow::Break(())) => return,
                Err(End::Lost(error)) if self.shared.has(Defect::KeepsMemoryAfterFailedWrite) => {
                    self.go_on_after(&error, mailbox).await;
                }
                Err(end) => return self.finish(end, mailbox).await,
            }
        }
    }

    async fn step(&mut self, mailbox: &mut Mailbox) -> Result<ControlFlow<()>, End> {
        while let Some(call) = mailbox.next(self.shared) {
            self.handle(call).await?;
        }
        self.hand_over();
        let at_rest = self.held.is_empty() && self.in_flight.is_none() && self.saving.is_none();
        if at_rest && (mailbox.closed || self.then == Then::Leaves) {
            return Ok(ControlFlow::Break(()));
        }
        tokio::select! {
            biased;
            Some(group) = OptionFuture::from(self.in_flight.as_mut()) => self.settle(group)?,
            Some(()) = OptionFuture::from(self.saving.as_mut()) => self.saving = None,
            () = mailbox.fill(), if !mailbox.closed => {}
        }
        Ok(ControlFlow::Continue(()))
    }

    async fn handle(&mut self, call: Call) -> Result<(), End> {
        let (command, key) = match call.asked.clone() {
            Asked::Query(query) => {
                let early = self.shared.has(Defect::AnswersQueriesEarly);
                let after = if early { 0 } else { self.submitted };
                self.hold(after, None, Ok(self.state.answer(query)), call);
                return Ok(());
            }
            Asked::Command(command, key) => (command, key),
        };
        let key = key.or_else(|| self.key_of_equals(&command));
        if let Some(key) = &key {
            match self.keys.find(self.shared, self.id, key, self.confirmed).await {
                Ok(None) => {}
                Ok(Some(known)) => {
                    self.repeat(known, &command, call);
                    return Ok(());
                }
                Err(error) => {
                    self.hold(self.submitted, None, Err(CallError::Unknown(Unknown::KeyLookup(error))), call);
                    return Ok(());
                }
            }
        }
        self.decide(&command, key, call)
    }

    fn key_of_equals(&self, command: &Command) -> Option<Key> {
        let equal = || Key::new(format!("{:x}", digest(command).get())).unwrap();
        self.shared.has(Defect::TakesEqualCommandsForOne).then(equal)
    }

    fn repeat(&mut self, known: Known, command: &Command, call: Call) {
        let same = known.kept.command == digest(command) || self.shared.has(Defect::ComparesNoCommands);
        let answer = if same {
            kept_answer(&known.kept.outcome)
        } else {
            Err(CallError::KeyReused { id: self.id.clone(), key: known.kept.key })
        };
        self.hold(self.submitted, None, answer, call);
    }

    fn decide(&mut self, command: &Command, key: Option<Key>, call: Call) -> Result<(), End> {
        let Ok(decision) = catch_unwind(AssertUnwindSafe(|| self.state.decide(command))) else {
            return self.broken(call);
        };
        let before = self.state.clone();
        let forgotten = self.shared.has(Defect::ForgetsDroppedCallers) && call.to.is_closed();
        let applied = catch_unwind(AssertUnwindSafe(|| {
            if !forgotten {
                decision.events.iter().for_each(|event| self.state.apply(event));
            }
            decision.said.in_state(&self.state)
        }));
        let Ok(said) = applied else { return self.broken(call) };
        self.then = decision.then;
        let ignored = decision.events.is_empty() && self.shared.has(Defect::IgnoresEventlessKeys);
        let key = key.filter(|_| !ignored);
        let answer = said.clone().map_err(CallError::Rejected);
        if decision.events.is_empty() && key.is_none() {
            let early = self.shared.has(match said {
                Ok(_) => Defect::AnswersUnchangedEarly,
                Err(_) => Defect::RejectsEarly,
            });
            self.hold(if early { 0 } else { self.submitted }, None, answer, call);
            return Ok(());
        }
        let kept = key.map(|key| keep(key, command, &said));
        self.submit(&decision.events, kept);
        let early = self.shared.has(Defect::AcknowledgesBeforeCommit);
        self.hold(if early { 0 } else { self.submitted }, Some(self.submitted), answer, call);
        self.consider_snapshot(&before, &decision.events);
        Ok(())
    }

    /// The account's code panicked: nothing of the command is written.
    fn broken(&mut self, call: Call) -> Result<(), End> {
        let (id, command, message) = (self.id.clone(), "command".into(), "it panicked".into());
        let panicked = NotHandled::Panicked { id, command, message };
        self.hold(self.submitted, None, Err(CallError::NotHandled(panicked)), call);
        if self.shared.has(Defect::KeepsMemoryAfterPanic) { Ok(()) } else { Err(End::Broken) }
    }

    /// Keeps an answer until this write is confirmed.
    fn hold(&mut self, after: u64, own: Option<u64>, answer: Answer, call: Call) {
        if after <= self.confirmed {
            let _ = call.to.send(answer);
        } else {
            self.held.push_back(Held { after, own, answer, call });
        }
    }
}
