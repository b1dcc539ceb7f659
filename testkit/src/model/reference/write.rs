//! Writes: how one is judged, and what it leaves behind. A write is judged by its epoch first, then by what
//! cannot be stored at all, then by its write number, then by its expected number.

use super::{Entity, Reference};
use annals::storage::{Change, Counter, StateChange, StorageError, Write};
use annals::{ActivationId, Manifest, Position, Revision, SequenceNr, WriteNr};
use std::collections::BTreeMap;

/// What is remembered of the writes of an entity.
#[derive(Debug, Clone, Default)]
pub(in crate::model) struct Writes {
    /// The last activation that stored something, and its last write.
    last: Option<(ActivationId, WriteNr)>,
    /// What every stored write came to.
    stored: BTreeMap<(ActivationId, WriteNr), Success>,
}

/// What a stored write came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::model) enum Success {
    Events {
        /// The highest number after it.
        sequence_nr: SequenceNr,
        /// How many events it had.
        count: u64,
        /// The position of the last one, once the store told it.
        position: Option<Position>,
    },
    State(Revision),
}

/// What a storage may answer to a write.
#[derive(Debug, Clone)]
pub(in crate::model) enum Allowed {
    /// It is stored now.
    Stored,
    /// It was stored before: the same success again.
    Repeated,
    /// It was stored by an earlier activation: the same success again, or a conflict. Nothing is stored.
    RepeatedOrConflict,
    /// An error of this kind, with these numbers. Nothing is stored.
    Refused(StorageError),
    /// `TooLarge` or `Unsupported`. Nothing is stored.
    Unstorable,
    /// The port leaves it open whether it is stored: a test does not send it.
    Open,
}

impl Reference {
    /// Judges a write, and stores it if it is to be stored.
    pub(in crate::model) fn append(&mut self, write: &Write) -> Allowed {
        let allowed = self.judge(write);
        if let Allowed::Stored = allowed {
            self.store(write);
        }
        allowed
    }

    /// What may be answered to a write.
    pub(in crate::model) fn judge(&self, write: &Write) -> Allowed {
        if let Err(fenced) = self.check(write.fence) {
            return Allowed::Refused(fenced);
        }
        // No backend has messages, timers or an outbox yet.
        if !write.side_effects.is_empty() || write.check_sizes(self.max_payload_bytes).is_err() {
            return Allowed::Unstorable;
        }
        let entity = self.entity(&write.id);
        let (wrong_number, wrong_write) = (entity.wrong_number(write), entity.writes.wrong_write(write));
        let is_known = entity.writes.stored.contains_key(&(write.activation, write.write_nr));
        let is_last = entity.writes.last.is_some_and(|(last, _)| last == write.activation);
        match (wrong_write, wrong_number) {
            _ if is_known && is_last => Allowed::Repeated,
            // It could be taken for the first write of a new activation.
            (None, None) if is_known => Allowed::Open,
            _ if is_known => Allowed::RepeatedOrConflict,
            (Some(conflict), _) | (None, Some(conflict)) => Allowed::Refused(conflict),
            (None, None) => Allowed::Stored,
        }
    }

    fn store(&mut self, write: &Write) {
        self.manifests.entry(write.id.entity_type().clone()).or_default().extend(named_in(&write.change));
        let entity = self.entity_mut(&write.id);
        let success = match &write.change {
            Change::Events { events, .. } => {
                events.iter().for_each(|event| entity.history.add_event(event, write.written_at));
                let (sequence_nr, count) = (entity.history.highest(), events.len() as u64);
                Success::Events { sequence_nr, count, position: None }
            }
            Change::State { change, .. } => {
                entity.state.change(change, write.written_at);
                Success::State(entity.state.revision())
            }
        };
        if let Some(kept) = &write.outcome {
            entity.history.add_outcome(kept, entity.outcomes.contains(&kept.key));
            entity.outcomes.keep(kept);
        }
        entity.writes.stored.insert((write.activation, write.write_nr), success);
        entity.writes.last = Some((write.activation, write.write_nr));
    }
}

impl Entity {
    /// The conflict on the expected number, if there is one.
    fn wrong_number(&self, write: &Write) -> Option<StorageError> {
        let (counter, expected, actual) = match &write.change {
            Change::Events { expected, .. } => {
                (Counter::SequenceNr, expected.get(), self.history.highest().get())
            }
            Change::State { expected, .. } => {
                (Counter::Revision, expected.get(), self.state.revision().get())
            }
        };
        let conflict = StorageError::Conflict { id: write.id.clone(), counter, expected, actual };
        (expected != actual).then_some(conflict)
    }
}

impl Writes {
    /// The conflict on the write number, if there is one: it must be the next one of the last activation, or 1.
    fn wrong_write(&self, write: &Write) -> Option<StorageError> {
        let stored = self.stored_of(write.activation);
        let conflict = StorageError::Conflict {
            id: write.id.clone(),
            counter: Counter::WriteNr,
            expected: write.write_nr.get().saturating_sub(1),
            actual: stored.get(),
        };
        (write.write_nr != stored.next()).then_some(conflict)
    }

    /// The last write of an activation, if it is the last activation; else 0.
    pub(in crate::model) fn stored_of(&self, activation: ActivationId) -> WriteNr {
        match self.last {
            Some((last, write_nr)) if last == activation => write_nr,
            _ => WriteNr::ZERO,
        }
    }

    /// What a write came to that is stored.
    pub(super) fn success_mut(&mut self, write: &Write) -> Option<&mut Success> {
        self.stored.get_mut(&(write.activation, write.write_nr))
    }

    /// From here on every activation is one of earlier times.
    pub(super) fn end_activation(&mut self) {
        self.last = None;
    }
}

/// The names and versions that a change stores.
fn named_in(change: &Change) -> Vec<Manifest> {
    match change {
        Change::Events { events, .. } => {
            events.iter().map(|event| event.payload.manifest().clone()).collect()
        }
        Change::State { change: StateChange::Save(payload), .. } => vec![payload.manifest().clone()],
        Change::State { .. } => Vec::new(),
    }
}
