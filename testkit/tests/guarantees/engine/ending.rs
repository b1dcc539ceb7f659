//! The end of an activation.

use super::Defect;
use super::activation::{Activation, End};
use super::task::Mailbox;
use annals::storage::StorageError;
use annals::{CallError, NotHandled, Unknown};

impl Activation<'_> {
    /// Waits for what is in flight, and tells the rest what became of it.
    pub(super) async fn finish(&mut self, end: End, mailbox: &mut Mailbox) {
        let mut end = end;
        while let End::Broken = end {
            self.hand_over();
            let Some(in_flight) = self.in_flight.as_mut() else { break };
            let group = in_flight.await;
            if let Err(lost) = self.settle(group) {
                end = lost;
            }
        }
        if let End::Lost(error) = &end {
            self.fail_rest(error, mailbox);
        }
        if self.shared.has(Defect::WritesBehindFailedWrite) {
            self.hand_over();
            if let Some(in_flight) = self.in_flight.take() {
                in_flight.await;
            }
        }
        if let Some(saving) = self.saving.take() {
            saving.await;
        }
    }

    /// What was handed over may be stored, what was not is not. What may be stored is run again by a defect.
    fn fail_rest(&mut self, error: &StorageError, mailbox: &mut Mailbox) {
        let mut again = Vec::new();
        for held in self.held.drain(..) {
            if held.own.is_none_or(|own| own > self.handed) {
                let not_written = NotHandled::NotWritten(error.clone());
                let _ = held.call.to.send(Err(CallError::NotHandled(not_written)));
            } else if error.is_indeterminate() && self.shared.has(Defect::RetriesLostWrites) {
                again.push(held.call);
            } else {
                let _ = held.call.to.send(Err(CallError::Unknown(Unknown::NotConfirmed(error.clone()))));
            }
        }
        again.into_iter().rev().for_each(|call| mailbox.waiting.push_front(call));
    }

    /// Goes on with the state that is in memory: only what the storage counts is brought up to date.
    pub(super) async fn go_on_after(&mut self, error: &StorageError, mailbox: &mut Mailbox) {
        self.fail_rest(error, mailbox);
        self.queue.clear();
        self.encoded = None;
        self.keys.forget_behind(self.confirmed);
        self.fence = self.shared.ownership.of(self.fence.shard).await.unwrap();
        self.sequence_nr = self.shared.journal.highest_sequence_nr(self.id).await.unwrap();
        self.activation = self.shared.new_activation(self.fence);
        (self.submitted, self.handed, self.confirmed) = (0, 0, 0);
    }
}
