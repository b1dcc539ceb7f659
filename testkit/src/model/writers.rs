//! Who writes: activations that count their writes, and how a draft becomes a write of one.

use super::cast::{cast, key};
use super::content;
use super::op::{Draft, DraftKey, EntityNr, Expected, Number, Owner, Spot, What};
use super::reference::{Allowed, Reference};
use annals::storage::{Change, Fence, OutcomeKind, StateChange, Write};
use annals::{ActivationId, Epoch, Key, PersistenceId, Revision, SequenceNr, ShardId, Timestamp, WriteNr};
use std::collections::BTreeMap;

/// The writers of all entities.
#[derive(Debug, Clone)]
pub(super) struct Writers {
    cast: [PersistenceId; super::cast::SIZE],
    active: BTreeMap<(EntityNr, usize), Writer>,
    /// Stored writes of activations that were replaced, by entity.
    earlier: BTreeMap<EntityNr, Vec<Write>>,
    keys: BTreeMap<EntityNr, u64>,
    activations: u128,
    clock: i64,
}

/// One activation.
#[derive(Debug, Clone)]
struct Writer {
    activation: ActivationId,
    /// Its stored writes.
    stored: Vec<Write>,
}

impl Writers {
    pub(super) fn new() -> Self {
        Self {
            cast: cast(),
            active: BTreeMap::new(),
            earlier: BTreeMap::new(),
            keys: BTreeMap::new(),
            activations: 0,
            clock: 0,
        }
    }

    pub(super) fn id(&self, entity: EntityNr) -> &PersistenceId {
        &self.cast[entity]
    }

    /// Every entity that may take part.
    pub(super) fn ids(&self) -> Vec<PersistenceId> {
        self.cast.to_vec()
    }

    /// Every key that an entity used.
    pub(super) fn used_keys(&self, id: &PersistenceId) -> Vec<Key> {
        let entity = self.cast.iter().position(|known| known == id);
        let used = entity.and_then(|entity| self.keys.get(&entity)).copied().unwrap_or(0);
        (0..used + 3).map(key).collect()
    }

    /// The right that a call claims.
    pub(super) fn fence(&self, entity: EntityNr, owner: Owner, reference: &Reference) -> Fence {
        let shard = ShardId::of(self.id(entity));
        let current = reference.epoch(shard).get();
        let epoch = match owner {
            Owner::Current => current,
            Owner::Before => current - 1,
            Owner::Ahead => current.saturating_add(1),
            Owner::Nobody => 0,
        };
        Fence { shard, epoch: Epoch::new(epoch) }
    }

    /// Another activation takes the writer's place.
    pub(super) fn activate(&mut self, entity: EntityNr, writer: usize) {
        if let Some(replaced) = self.active.remove(&(entity, writer)) {
            self.earlier.entry(entity).or_default().extend(replaced.stored);
        }
    }

    /// The same for all writers of an entity.
    pub(super) fn activate_all(&mut self, id: &PersistenceId) {
        let entities: Vec<_> = self.active.keys().filter(|(at, _)| self.id(*at) == id).copied().collect();
        entities.into_iter().for_each(|(entity, writer)| self.activate(entity, writer));
    }

    /// The write that a draft stands for, judged and stored by the reference. None if a test does not send it.
    pub(super) fn write(&mut self, draft: &Draft, reference: &mut Reference) -> Option<(Write, Allowed)> {
        let write = match self.repeated(draft) {
            Some(again) => match draft.epoch {
                Owner::Current => again,
                owner => Write { fence: self.fence(draft.entity, owner, reference), ..again },
            },
            None => self.new_write(draft, reference),
        };
        let allowed = reference.append(&write);
        match allowed {
            Allowed::Open => return None,
            Allowed::Stored => self.writer(draft).stored.push(write.clone()),
            _ => {}
        }
        Some((write, allowed))
    }

    fn repeated(&mut self, draft: &Draft) -> Option<Write> {
        let nth_last = |stored: &Vec<Write>, back: usize| match stored.len() {
            0 => None,
            count => stored.get(count - 1 - back % count).cloned(),
        };
        match draft.number {
            Number::Again(back) => nth_last(&self.writer(draft).stored, back),
            Number::AgainFromEarlier(back) => nth_last(self.earlier.get(&draft.entity)?, back),
            _ => None,
        }
    }

    fn new_write(&mut self, draft: &Draft, reference: &Reference) -> Write {
        self.clock += 1;
        let (id, written_at) = (self.id(draft.entity).clone(), Timestamp::from_micros(self.clock));
        let key = draft.key.map(|drawn| self.key(draft.entity, drawn));
        let side_effects =
            draft.side_effect.map(|which| content::side_effect(which, &id, super::cast::key(which)));
        let activation = self.writer(draft).activation;
        Write {
            fence: self.fence(draft.entity, draft.epoch, reference),
            activation,
            write_nr: write_nr(draft.number, self.writer(draft).stored.len() as u64),
            written_at,
            change: change(draft, reference, &id),
            outcome: key.map(|(key, kind)| content::kept(key, kind, self.clock.cast_unsigned())),
            side_effects: side_effects.into_iter().collect(),
            id,
        }
    }

    fn writer(&mut self, draft: &Draft) -> &mut Writer {
        let activations = &mut self.activations;
        self.active.entry((draft.entity, draft.writer)).or_insert_with(|| {
            *activations += 1;
            Writer { activation: ActivationId::new(*activations), stored: Vec::new() }
        })
    }

    fn key(&mut self, entity: EntityNr, drawn: DraftKey) -> (Key, OutcomeKind) {
        let used = self.keys.entry(entity).or_default();
        match drawn {
            DraftKey::Used(number) if number < *used => (key(number), OutcomeKind::Reply),
            _ => {
                *used += 1;
                let rejection = matches!(drawn, DraftKey::New { rejection: true });
                (key(*used - 1), if rejection { OutcomeKind::Rejection } else { OutcomeKind::Reply })
            }
        }
    }
}

fn write_nr(number: Number, stored: u64) -> WriteNr {
    WriteNr::new(match number {
        Number::Gap => stored + 2,
        Number::Zero => 0,
        Number::Highest => u64::MAX,
        _ => stored + 1,
    })
}

fn change(draft: &Draft, reference: &Reference, id: &PersistenceId) -> Change {
    let (entity, most) = (reference.entity(id), reference.max_payload_bytes());
    let revision = Revision::new(number(draft.expected, entity.state.revision().get()));
    match &draft.what {
        What::Events(events) => Change::Events {
            expected: SequenceNr::new(number(draft.expected, entity.history.highest().get())),
            events: events.iter().map(|content| content::event(*content, most)).collect(),
        },
        What::Save(content) => {
            let change = StateChange::Save(content::payload(*content, most));
            Change::State { expected: revision, change }
        }
        What::Delete => Change::State { expected: revision, change: StateChange::Delete },
        What::Keep => Change::State { expected: revision, change: StateChange::Keep },
    }
}

fn number(expected: Expected, actual: u64) -> u64 {
    match expected {
        Expected::Right => actual,
        Expected::TooLow => actual.checked_sub(1).unwrap_or(3),
        Expected::TooHigh => actual + 1,
        Expected::Wild => u64::MAX - 5,
    }
}

/// The sequence number that a spot stands for.
pub(super) fn spot(spot: Spot, highest: SequenceNr) -> SequenceNr {
    SequenceNr::new(match spot {
        Spot::FromStart(number) => number,
        Spot::BelowHighest(below) => highest.get().saturating_sub(below),
        Spot::AboveHighest(above) => highest.get() + above,
        Spot::Wild => u64::MAX - 5,
    })
}
