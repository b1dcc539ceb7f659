//! Deciding one command: compute everything first, submit last. Whatever fails before the write is
//! submitted leaves nothing behind but memory, which is dropped if it was touched.

use super::held::HeldAnswer;
use super::keyed::Keyed;
use super::lane::{Queued, Settle};
use super::panics::catch;
use super::running::{Active, End};
use crate::entity::{Changes, Envelope, Failure, NotHandled, SealError};
use crate::storage::{Change, Event, KeyedOutcome, Write};
use crate::vocabulary::Timestamp;
use std::sync::Arc;

/// An event that is ready to be applied and stored.
type Sealed<S> = (Box<dyn crate::entity::Change<S>>, Event);

impl<S: Send + Sync + 'static> Active<'_, S> {
    /// Runs the handler, applies its events, settles the answer and submits the write.
    pub(super) fn decide(&mut self, mut call: Box<dyn Envelope<S>>, keyed: Option<Keyed>) -> Result<(), End> {
        self.ctx.begin(self.sequence_nr, keyed.as_ref().map(|keyed| keyed.key.clone()));
        let changes = match catch(|| call.decide(&self.state, &self.ctx)) {
            Ok(changes) => changes,
            Err(message) => return self.broken(call, message),
        };
        let sealed = match catch(|| self.seal(changes, call.command())) {
            Ok(Ok(sealed)) => sealed,
            Ok(Err(reason)) => {
                self.refuse(call, reason);
                return Ok(());
            }
            Err(message) => return self.broken(call, message),
        };
        let mut events = Vec::with_capacity(sealed.len());
        let applied = catch(|| {
            for (change, event) in sealed {
                change.apply(&mut self.state);
                events.push(event);
            }
            call.settle(&self.state);
            // The clock may be the user's too. What is not written needs no date.
            if events.is_empty() && keyed.is_none() { Timestamp::default() } else { self.ctx.now() }
        });
        let written_at = match applied {
            Ok(written_at) => written_at,
            Err(message) => return self.broken(call, message),
        };
        let kept = match keyed {
            None => None,
            Some(keyed) => match self.keep(&*call, keyed) {
                Ok(kept) => Some(kept),
                Err(reason) => return self.impossible(call, Failure::NotHandled(reason)),
            },
        };
        if events.is_empty() && kept.is_none() {
            self.hold(None, 0, HeldAnswer::Own(call));
            return Ok(());
        }
        self.submit(call, written_at, events, kept);
        Ok(())
    }

    /// Encodes all events before any is applied.
    fn seal(&self, changes: Changes<S>, command: &'static str) -> Result<Vec<Sealed<S>>, NotHandled> {
        let changes = match changes {
            Changes::None => return Ok(Vec::new()),
            Changes::One(change) => vec![change],
            Changes::Many(changes) => changes,
        };
        let mut sealed = Vec::with_capacity(changes.len());
        let mut bytes = 0;
        for mut change in changes {
            let event =
                change.seal(self.kind.definition.codec).map_err(|error| self.unsealable(command, error))?;
            bytes += event.payload.bytes().len();
            let what = || format!("event {}", event.payload.manifest()).into();
            self.check_size(command, what, event.payload.bytes().len(), self.kind.limits.payload_bytes)?;
            self.check_size(command, || "the whole write".into(), bytes, self.kind.limits.group_bytes)?;
            sealed.push((change, event));
        }
        Ok(sealed)
    }

    fn unsealable(&self, command: &'static str, error: SealError) -> NotHandled {
        let id = self.inbox.id().clone();
        match error {
            SealError::Codec(error) => NotHandled::Unencodable { id, command, error },
            SealError::Unlisted(manifest) => NotHandled::UnlistedEvent { id, command, manifest },
        }
    }

    fn check_size(
        &self,
        command: &'static str,
        what: impl Fn() -> Arc<str>,
        bytes: usize,
        limit: usize,
    ) -> Result<(), NotHandled> {
        if bytes <= limit {
            return Ok(());
        }
        Err(NotHandled::TooLarge { id: self.inbox.id().clone(), command, what: what(), bytes, limit })
    }

    /// The outcome to be kept for the key.
    fn keep(&self, call: &dyn Envelope<S>, keyed: Keyed) -> Result<KeyedOutcome, NotHandled> {
        let (id, command) = (self.inbox.id(), call.command());
        let outcome = match catch(|| call.kept(self.kind.definition.codec)) {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(error)) => return Err(NotHandled::Unencodable { id: id.clone(), command, error }),
            Err(message) => return Err(NotHandled::Panicked { id: id.clone(), command, message }),
        };
        let bytes = outcome.payload.bytes().len();
        self.check_size(command, || "the outcome".into(), bytes, self.kind.limits.payload_bytes)?;
        Ok(KeyedOutcome { key: keyed.key, command: keyed.digest, outcome })
    }

    /// Hands the write to the lane of the shard, and holds the answer until it is durable.
    fn submit(
        &mut self,
        call: Box<dyn Envelope<S>>,
        written_at: Timestamp,
        events: Vec<Event>,
        kept: Option<KeyedOutcome>,
    ) {
        let expected = self.sequence_nr;
        self.sequence_nr = expected.plus(events.len() as u64);
        self.submitted = self.submitted.next();
        if let Some(kept) = &kept {
            self.keys.insert(self.submitted, kept.clone(), self.confirmed);
        }
        let write = Write {
            id: self.inbox.id().clone(),
            fence: self.tenure.fence(),
            activation: self.activation,
            write_nr: self.submitted,
            written_at,
            change: Change::Events { expected, events: events.into() },
            outcome: kept,
            side_effects: Vec::new(),
        };
        self.hold(Some(self.submitted), write.payload_bytes(), HeldAnswer::Own(call));
        let from: Arc<dyn Settle> = self.inbox.clone();
        let queued = Queued::new(write, self.tenure.clone(), from);
        self.unsent = self.kind.lanes.try_submit(self.inbox.shard(), queued).err();
    }

    /// User code panicked: nothing of the command is written, and the memory cannot be trusted.
    fn broken(&mut self, call: Box<dyn Envelope<S>>, message: Arc<str>) -> Result<(), End> {
        let (id, command) = (self.inbox.id().clone(), call.command());
        tracing::error!(entity = %id, command, %message, "the entity panicked; its memory is dropped");
        self.impossible(call, Failure::NotHandled(NotHandled::Panicked { id, command, message }))
    }

    /// Fails a command that may have touched the memory, and ends the activation.
    fn impossible(&mut self, call: Box<dyn Envelope<S>>, failure: Failure) -> Result<(), End> {
        self.hold(None, 0, HeldAnswer::Failed(call, failure));
        Err(End::Broken)
    }
}
