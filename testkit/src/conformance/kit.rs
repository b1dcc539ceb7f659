//! What cases are built from: ids, payloads, and a writer that counts as an activation does.

use annals::storage::{
    Change, Committed, Event, Extent, Fence, JournalEntry, KeyedOutcome, Outcome, OutcomeKind, Snapshot,
    SnapshotWrite, StateChange, StoredEvent, Write,
};
use annals::{
    ActivationId, CodecId, CommandDigest, EntityId, Epoch, Key, Manifest, Metadata, Payload, PersistenceId,
    Revision, SequenceNr, ShardId, Timestamp, WriteNr,
};

/// At which epoch a case owns every shard: there are smaller ones and larger ones.
pub(crate) const EPOCH: Epoch = Epoch::new(5);

/// An entity of the type `thing`.
pub(super) fn id(entity_id: &str) -> PersistenceId {
    typed_id("thing", entity_id)
}

pub(super) fn typed_id(entity_type: &str, entity_id: &str) -> PersistenceId {
    let entity_id = EntityId::new(entity_id).expect("the case gives a valid id");
    PersistenceId::new(entity_type.to_owned(), entity_id).expect("the case gives a valid type")
}

/// Entities whose shards meet a condition.
pub(super) fn ids_where(count: usize, meets: impl Fn(ShardId) -> bool) -> Vec<PersistenceId> {
    let all = (0..).map(|n| id(&format!("n{n}")));
    all.filter(|id| meets(ShardId::of(id))).take(count).collect()
}

/// Entities that share a lane, so that their writes can be in one group.
pub(super) fn neighbours(lanes: usize, count: usize) -> Vec<PersistenceId> {
    ids_where(count, |shard| usize::from(shard.get()) % lanes == 0)
}

/// Entities that share a shard.
pub(super) fn same_shard(count: usize) -> Vec<PersistenceId> {
    ids_where(count, |shard| shard.get() == 0)
}

pub(super) const fn nr(sequence_nr: u64) -> SequenceNr {
    SequenceNr::new(sequence_nr)
}

pub(super) fn key(text: &str) -> Key {
    Key::new(text).expect("the case gives a valid key")
}

/// The ownership of an entity's shard at [`EPOCH`].
pub(super) fn fence(id: &PersistenceId) -> Fence {
    Fence { shard: ShardId::of(id), epoch: EPOCH }
}

/// The same shard at another epoch.
pub(super) fn fence_at(id: &PersistenceId, epoch: u64) -> Fence {
    Fence { epoch: Epoch::new(epoch), ..fence(id) }
}

/// A sealed payload with these bytes.
pub(super) fn payload(bytes: impl Into<Vec<u8>>) -> Payload {
    Payload::seal(Manifest::new("happened", 1), CodecId(1), bytes.into())
}

/// How far a history reaches: erased, deleted, highest.
pub(super) const fn extent(erased_to: u64, deleted_to: u64, highest: u64) -> Extent {
    Extent { erased_to: nr(erased_to), deleted_to: nr(deleted_to), highest: nr(highest) }
}

/// What the kit puts into event `sequence_nr` of an entity.
pub(super) fn event_payload(id: &PersistenceId, sequence_nr: u64) -> Payload {
    payload(format!("event {sequence_nr} of {id:?}"))
}

/// A reply kept for a key.
pub(super) fn kept(key_text: &str) -> KeyedOutcome {
    kept_as(OutcomeKind::Reply, key_text, format!("outcome of {key_text}"))
}

pub(super) fn kept_as(kind: OutcomeKind, key_text: &str, bytes: impl Into<Vec<u8>>) -> KeyedOutcome {
    let command = CommandDigest::of("do", key_text.as_bytes());
    KeyedOutcome { key: key(key_text), command, outcome: Outcome { kind, payload: payload(bytes) } }
}

/// A snapshot whose time follows from its number: number 11 was taken at 1100.
pub(super) fn snapshot(id: &PersistenceId, sequence_nr: u64) -> SnapshotWrite {
    let snapshot = Snapshot {
        sequence_nr: nr(sequence_nr),
        taken_at: Timestamp::from_micros(100 * sequence_nr.cast_signed()),
        payload: payload(format!("snapshot {sequence_nr} of {id:?}")),
        outcomes: Vec::new(),
        outcomes_complete: false,
    };
    SnapshotWrite { id: id.clone(), fence: fence(id), snapshot }
}

pub(super) fn events_of(entries: Vec<JournalEntry>) -> Vec<StoredEvent> {
    let event = |entry| match entry {
        JournalEntry::Event(event) => Some(event),
        JournalEntry::Outcome { .. } => None,
    };
    entries.into_iter().filter_map(event).collect()
}

pub(super) fn numbers_of(entries: &[JournalEntry]) -> Vec<u64> {
    let number = |entry: &JournalEntry| match entry {
        JournalEntry::Event(event) => Some(event.sequence_nr.get()),
        JournalEntry::Outcome { .. } => None,
    };
    entries.iter().filter_map(number).collect()
}

/// Entries in short: `e4` for event 4, `k4:pay` for the outcome of key `pay` at number 4.
pub(super) fn outline(entries: &[JournalEntry]) -> String {
    let short = |entry: &JournalEntry| match entry {
        JournalEntry::Event(event) => format!("e{}", event.sequence_nr),
        JournalEntry::Outcome { sequence_nr, kept } => format!("k{sequence_nr}:{}", kept.key),
    };
    entries.iter().map(short).collect::<Vec<_>>().join(" ")
}

/// Makes the writes of one activation, numbered as an engine numbers them. A clone drafts writes that are
/// meant to fail, so that the original stays where the storage is.
#[derive(Debug, Clone)]
pub(super) struct Writer {
    id: PersistenceId,
    activation: ActivationId,
    writes: u64,
    highest: u64,
}

impl Writer {
    pub(super) fn new(id: PersistenceId, activation: ActivationId) -> Self {
        Self { id, activation, writes: 0, highest: 0 }
    }

    /// The same activation, after it recovered up to this number.
    pub(super) fn recovered(self, highest: u64) -> Self {
        Self { highest, ..self }
    }

    /// The next write, with so many events.
    pub(super) fn events(&mut self, count: u64) -> Write {
        let numbers = self.highest + 1..=self.highest + count;
        let events = numbers.map(|nr| Event::from(event_payload(&self.id, nr))).collect();
        self.write_of(events)
    }

    /// The next write, with this event.
    pub(super) fn event(&mut self, payload: Payload) -> Write {
        self.write_of(vec![Event::from(payload)])
    }

    /// The next write, without events but with an outcome.
    pub(super) fn eventless(&mut self, key: &str) -> Write {
        self.keyed(0, key)
    }

    /// The next write, with so many events and an outcome.
    pub(super) fn keyed(&mut self, count: u64, key: &str) -> Write {
        Write { outcome: Some(kept(key)), ..self.events(count) }
    }

    /// The next write, with these events.
    pub(super) fn write_of(&mut self, events: Vec<Event>) -> Write {
        let expected = nr(self.highest);
        self.highest += events.len() as u64;
        self.change(Change::Events { expected, events: events.into() })
    }

    /// The next write, of a state.
    pub(super) fn state(&mut self, expected: u64, change: StateChange) -> Write {
        self.change(Change::State { expected: Revision::new(expected), change })
    }

    /// The next write, which saves a state.
    pub(super) fn save(&mut self, expected: u64, text: &str) -> Write {
        self.state(expected, StateChange::Save(payload(text)))
    }

    fn change(&mut self, change: Change) -> Write {
        self.writes += 1;
        Write {
            id: self.id.clone(),
            fence: fence(&self.id),
            activation: self.activation,
            write_nr: WriteNr::new(self.writes),
            written_at: Timestamp::from_micros(1_000_000),
            change,
            outcome: None,
            side_effects: Vec::new(),
        }
    }
}

/// Metadata of these pairs.
pub(super) fn metadata<const N: usize>(pairs: [(&'static str, &str); N]) -> Metadata {
    pairs.into_iter().collect()
}

/// The highest sequence number after a journal write.
pub(super) fn sequence_nr(committed: Committed) -> u64 {
    match committed {
        Committed::Events { sequence_nr, .. } => sequence_nr.get(),
        other => panic!("not what a journal write comes to: {other:?}"),
    }
}

/// The feed position of a journal write's last event.
pub(super) fn position(committed: Committed) -> Option<u64> {
    match committed {
        Committed::Events { position, .. } => position.map(annals::Position::get),
        other => panic!("not what a journal write comes to: {other:?}"),
    }
}

/// The revision after a state write.
pub(super) fn revision(committed: Committed) -> u64 {
    match committed {
        Committed::State { revision } => revision.get(),
        other => panic!("not what a state write comes to: {other:?}"),
    }
}
