//! Deciding one command: compute everything first, submit last. Whatever fails before the write is
//! submitted leaves nothing behind but memory, which is dropped if it was touched.

use super::held::{HeldAnswer, Seen};
use super::keyed::Keyed;
use super::lane::{Queued, Settle};
use super::panics::catch;
use super::running::{Active, End};
use crate::entity::{Changes, Decided, EntityKind, Envelope, Extras, Failure, NotHandled, Seal, SealError};
use crate::storage::{Change, Events, KeyedOutcome, StateChange, Write};
use crate::vocabulary::{Name, SealingError, Timestamp};
use std::sync::Arc;
use tokio::time::Instant;

impl<S: Send + Sync + 'static> Active<'_, S> {
    /// Runs the handler, and finishes what it decided.
    pub(super) fn decide(&mut self, mut call: Box<dyn Envelope<S>>, keyed: Option<Keyed>) -> Result<(), End> {
        let seen = self.begin(&*call, keyed.as_ref());
        let decided = {
            let _entered = seen.span.enter();
            catch(|| call.decide(&self.state, &self.ctx))
        };
        match decided {
            Ok(decided) => self.finish(call, keyed, decided, seen),
            Err(message) => self.broken(call, message),
        }
    }

    /// Turns to a command.
    pub(super) fn begin(&mut self, call: &dyn Envelope<S>, keyed: Option<&Keyed>) -> Seen {
        self.ctx.begin(self.sequence_nr, self.revision, keyed.map(|keyed| keyed.key.clone()));
        let span = tracing::debug_span!(
            "command",
            entity = %self.inbox.id(),
            command = %call.command(),
            outcome = tracing::field::Empty,
        );
        Seen { span, decided_at: None }
    }

    /// Stores what was decided and holds the answer.
    pub(super) fn finish(
        &mut self,
        call: Box<dyn Envelope<S>>,
        keyed: Option<Keyed>,
        decided: Decided<S>,
        seen: Seen,
    ) -> Result<(), End> {
        let Decided { changes, extras } = decided;
        if matches!(changes, Changes::None) && extras.is_none() && keyed.is_none() {
            return self.finish_unchanged(call, seen);
        }
        if let Some(detail) = self.misfit(&changes, extras.as_deref()) {
            let (id, command) = (self.inbox.id().clone(), call.command());
            self.refuse(call, NotHandled::ImpossibleEffect { id, command, detail });
            return Ok(());
        }
        match changes {
            Changes::Update(update) => self.finish_state(call, keyed, Some(update), extras, seen),
            Changes::Delete => self.finish_state(call, keyed, None, extras, seen),
            changes => self.finish_events(call, keyed, changes, extras, seen),
        }
    }

    /// The short way of a query, and of a command that comes to nothing that is stored.
    fn finish_unchanged(&mut self, mut call: Box<dyn Envelope<S>>, seen: Seen) -> Result<(), End> {
        match catch(|| call.settle(&self.state)) {
            Ok(()) => {
                self.hold(None, 0, HeldAnswer::Own(call), seen);
                Ok(())
            }
            Err(message) => self.broken(call, message),
        }
    }

    /// Why an effect cannot be one of this entity.
    fn misfit(&self, changes: &Changes<S>, extras: Option<&Extras>) -> Option<&'static str> {
        let asks_snapshot = extras.is_some_and(|extras| extras.snapshot);
        match (changes, self.kind.definition.kind) {
            (Changes::Update(_) | Changes::Delete, EntityKind::EventSourced) => {
                Some("an event-sourced entity changes by events only")
            }
            (Changes::One(_) | Changes::Many(_), EntityKind::DurableState | EntityKind::Ephemeral) => {
                Some("the entity was registered as one without events")
            }
            _ if asks_snapshot && self.kind.definition.snapshots.is_none() => {
                Some("it asks for a snapshot, and its definition has no `snapshots`")
            }
            _ => None,
        }
    }

    fn finish_events(
        &mut self,
        mut call: Box<dyn Envelope<S>>,
        keyed: Option<Keyed>,
        mut changes: Changes<S>,
        extras: Option<Box<Extras>>,
        seen: Seen,
    ) -> Result<(), End> {
        let command = call.command();
        let events = match catch(|| self.seal(&mut changes, extras.as_deref(), &command)) {
            Ok(Ok(events)) => events,
            Ok(Err(reason)) => {
                self.refuse(call, reason);
                return Ok(());
            }
            Err(message) => return self.broken(call, message),
        };
        let writes = !events.is_empty() || keyed.is_some();
        let applied = catch(|| {
            match &changes {
                Changes::One(change) => change.apply(&mut self.state),
                Changes::Many(changes) => changes.iter().for_each(|change| change.apply(&mut self.state)),
                Changes::None | Changes::Update(_) | Changes::Delete => {}
            }
            call.settle(&self.state);
            // The clock may be the user's too. What is not written needs no date.
            if writes { self.ctx.now() } else { Timestamp::default() }
        });
        let written_at = match applied {
            Ok(written_at) => written_at,
            Err(message) => return self.broken(call, message),
        };
        self.changed |= !events.is_empty();
        let count = events.len() as u64;
        let change = match self.kind.definition.kind {
            // Its state stays, and an outcome needs a write.
            EntityKind::DurableState => Change::State { expected: self.revision, change: StateChange::Keep },
            EntityKind::EventSourced | EntityKind::Ephemeral => {
                Change::Events { expected: self.sequence_nr, events }
            }
        };
        self.sequence_nr = self.sequence_nr.plus(count);
        self.finish_write(call, keyed, writes.then_some(change), written_at, seen)?;
        self.heed(extras.as_deref(), written_at, count);
        Ok(())
    }

    /// What goes with an effect beside its changes.
    fn heed(&mut self, extras: Option<&Extras>, written_at: Timestamp, events: u64) {
        let (asked, leave) = extras.map_or((false, false), |extras| (extras.snapshot, extras.passivate));
        self.leaving |= leave;
        if events > 0 || asked {
            let now = if events > 0 { written_at } else { catch(|| self.ctx.now()).unwrap_or_default() };
            self.consider_snapshot(now, asked);
        }
    }

    /// Keeps the outcome if the command has a key, and submits the write if there is something to write.
    pub(super) fn finish_write(
        &mut self,
        call: Box<dyn Envelope<S>>,
        keyed: Option<Keyed>,
        change: Option<Change>,
        written_at: Timestamp,
        seen: Seen,
    ) -> Result<(), End> {
        let kept = match keyed {
            None => None,
            Some(keyed) => match self.keep(&*call, keyed) {
                Ok(kept) => Some(kept),
                Err(reason) => {
                    let why = "its outcome cannot be kept".into();
                    return self.impossible(call, Failure::NotHandled(reason), why);
                }
            },
        };
        match change {
            Some(change) => self.submit(call, written_at, change, kept, seen),
            None => self.hold(None, 0, HeldAnswer::Own(call), seen),
        }
        Ok(())
    }

    /// Encodes all events before any is applied.
    fn seal(
        &self,
        changes: &mut Changes<S>,
        extras: Option<&Extras>,
        command: &Name,
    ) -> Result<Events, NotHandled> {
        let mut events = Events::default();
        let mut bytes = 0;
        let mut add = |change: &mut Box<dyn crate::entity::Change<S>>| {
            let seal = Seal::new(&self.kind.definition.sealer, self.inbox.id());
            let mut event = change.seal(&seal).map_err(|error| match error {
                SealError::Sealing(error) => self.unsealable(command, error),
                SealError::Unlisted(manifest) => {
                    let (id, command) = (self.inbox.id().clone(), command.clone());
                    NotHandled::UnlistedEvent { id, command, manifest }
                }
            })?;
            if let Some(extras) = extras {
                event.tags.clone_from(&extras.tags);
                event.metadata.clone_from(&extras.metadata);
            }
            let size = event.bytes();
            bytes += size;
            let what = || format!("event {}", event.payload.manifest()).into();
            self.check_size(command, what, size, self.kind.limits.payload_bytes)?;
            self.check_size(command, || "the whole write".into(), bytes, self.kind.limits.group_bytes)?;
            events.push(event);
            Ok(())
        };
        match changes {
            Changes::One(change) => add(change)?,
            Changes::Many(changes) => changes.iter_mut().try_for_each(add)?,
            Changes::None | Changes::Update(_) | Changes::Delete => {}
        }
        Ok(events)
    }

    pub(super) fn unsealable(&self, command: &Name, error: SealingError) -> NotHandled {
        NotHandled::Unsealable { id: self.inbox.id().clone(), command: command.clone(), error }
    }

    pub(super) fn check_size(
        &self,
        command: &Name,
        what: impl Fn() -> Arc<str>,
        bytes: usize,
        limit: usize,
    ) -> Result<(), NotHandled> {
        if bytes <= limit {
            return Ok(());
        }
        let (id, command) = (self.inbox.id().clone(), command.clone());
        Err(NotHandled::TooLarge { id, command, what: what(), bytes, limit })
    }

    /// The outcome to be kept for the key.
    fn keep(&self, call: &dyn Envelope<S>, keyed: Keyed) -> Result<KeyedOutcome, NotHandled> {
        let (id, command) = (self.inbox.id(), call.command());
        let outcome = match catch(|| call.kept(self.kind.keeping(id))) {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(error)) => return Err(self.unsealable(&command, error)),
            Err(message) => return Err(NotHandled::Panicked { id: id.clone(), command, message }),
        };
        let bytes = outcome.payload.bytes().len();
        self.check_size(&command, || "the outcome".into(), bytes, self.kind.limits.payload_bytes)?;
        Ok(KeyedOutcome { key: keyed.key, command: keyed.digest, outcome })
    }

    /// Hands the write to the lane of the shard, and holds the answer until it is durable.
    fn submit(
        &mut self,
        call: Box<dyn Envelope<S>>,
        written_at: Timestamp,
        change: Change,
        kept: Option<KeyedOutcome>,
        seen: Seen,
    ) {
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
            change,
            outcome: kept,
            side_effects: Vec::new(),
        };
        let seen = Seen { decided_at: Some(*self.batch_at.get_or_insert_with(Instant::now)), ..seen };
        self.hold(Some(self.submitted), write.payload_bytes(), HeldAnswer::Own(call), seen);
        let from: Arc<dyn Settle> = self.inbox.clone();
        let queued = Queued::new(write, self.tenure.clone(), from);
        self.unsent = self.kind.lanes.try_submit(self.inbox.shard(), queued).err();
    }

    /// User code panicked: nothing of the command is written, and the memory cannot be trusted.
    pub(super) fn broken(&mut self, call: Box<dyn Envelope<S>>, message: Arc<str>) -> Result<(), End> {
        let (id, command) = (self.inbox.id().clone(), call.command());
        self.report_panic(&command, &message);
        let failure = Failure::NotHandled(NotHandled::Panicked { id, command, message: message.clone() });
        self.impossible(call, failure, message)
    }

    pub(super) fn report_panic(&self, command: &Name, message: &Arc<str>) {
        self.kind.instruments.panics.increment(1);
        let id = self.inbox.id();
        tracing::error!(entity = %id, %command, %message, "the entity panicked; its memory is dropped");
    }

    /// Fails a command that may have touched the memory, and ends the activation.
    pub(super) fn impossible(
        &mut self,
        call: Box<dyn Envelope<S>>,
        failure: Failure,
        why: Arc<str>,
    ) -> Result<(), End> {
        self.fail(call, failure);
        Err(End::Broken(why))
    }
}
