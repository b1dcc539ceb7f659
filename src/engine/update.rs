//! Changes of the state itself: stored whole for a durable-state entity, only in memory for an ephemeral one.

use super::held::Seen;
use super::keyed::Keyed;
use super::panics::catch;
use super::running::{Active, End};
use crate::entity::{EntityKind, Envelope, Extras, Failure, NotHandled, Update};
use crate::storage::{Change, StateChange};
use crate::vocabulary::{Name, Timestamp};

impl<S: Send + Sync + 'static> Active<'_, S> {
    /// A change of the state itself: stored whole, or only in memory for an ephemeral entity.
    pub(super) fn finish_state(
        &mut self,
        mut call: Box<dyn Envelope<S>>,
        keyed: Option<Keyed>,
        update: Option<Update<S>>,
        extras: Option<Box<Extras>>,
        seen: Seen,
    ) -> Result<(), End> {
        let fresh = self.kind.definition.fresh;
        let deletes = update.is_none();
        let updated = catch(|| match update {
            Some(update) => update(&mut self.state),
            None => self.state = fresh(),
        });
        if let Err(message) = updated {
            return self.broken(call, message);
        }
        let stored = self.kind.definition.kind == EntityKind::DurableState;
        let change = match (stored, deletes) {
            (false, _) => None,
            (true, true) => Some(StateChange::Delete),
            (true, false) => match self.seal_state(&call.command()) {
                Ok(save) => Some(save),
                Err(failure) => return self.impossible(call, failure, "its state cannot be stored".into()),
            },
        };
        let settled = catch(|| {
            call.settle(&self.state);
            if stored { self.ctx.now() } else { Timestamp::default() }
        });
        let written_at = match settled {
            Ok(written_at) => written_at,
            Err(message) => return self.broken(call, message),
        };
        self.changed = true;
        let expected = self.revision;
        if change.is_some() {
            self.revision = expected.next();
        }
        let change = change.map(|change| Change::State { expected, change });
        self.finish_write(call, keyed, change, written_at, seen)?;
        self.leaving |= extras.is_some_and(|extras| extras.passivate);
        Ok(())
    }

    /// Encodes the state, and puts what those bytes decode to in its place.
    fn seal_state(&mut self, command: &Name) -> Result<StateChange, Failure> {
        let (id, definition) = (self.inbox.id(), &self.kind.definition);
        let form = definition.state.as_ref().expect("a durable-state type has a form of its state");
        let sealed = catch(|| form.seal_and_read_back(&definition.sealer, id, &self.state));
        let (payload, read_back) = match sealed {
            Ok(Ok(sealed)) => sealed,
            Ok(Err(error)) => return Err(Failure::NotHandled(self.unsealable(command, error))),
            Err(message) => {
                let (id, command) = (id.clone(), command.clone());
                return Err(Failure::NotHandled(NotHandled::Panicked { id, command, message }));
            }
        };
        let (bytes, limit) = (payload.bytes().len(), self.kind.limits.payload_bytes);
        self.check_size(command, || "the state".into(), bytes, limit).map_err(Failure::NotHandled)?;
        self.state = read_back;
        Ok(StateChange::Save(payload))
    }
}
