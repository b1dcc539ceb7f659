//! The history of an entity: its events, and the outcomes that stand between them.

use annals::storage::{Event, Extent, KeyedOutcome, ReadRange};
use annals::{Position, SequenceNr, Timestamp};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// The history of an entity.
#[derive(Debug, Clone, Default)]
pub(in crate::model) struct History {
    /// What is left, by number; at one number the event comes first, as 0, and then outcomes in the order of
    /// their writes.
    entries: BTreeMap<(SequenceNr, u64), Entry>,
    extent: Extent,
}

/// One item of a history.
#[derive(Debug, Clone)]
pub(in crate::model) enum Entry {
    Event {
        sequence_nr: SequenceNr,
        written_at: Timestamp,
        event: Event,
        /// Where it may stand in the feed of its shard, as far as the store let us know.
        position: RangeInclusive<Position>,
    },
    Outcome {
        sequence_nr: SequenceNr,
        kept: KeyedOutcome,
        /// Whether its key was used before: then a read may leave it out.
        again: bool,
    },
}

impl History {
    pub(in crate::model) fn extent(&self) -> Extent {
        self.extent
    }

    pub(in crate::model) fn highest(&self) -> SequenceNr {
        self.extent.highest
    }

    pub(super) fn add_event(&mut self, event: &Event, written_at: Timestamp) {
        let sequence_nr = self.highest().next();
        let (event, position) = (event.clone(), Position::new(1)..=Position::MAX);
        self.entries.insert((sequence_nr, 0), Entry::Event { sequence_nr, written_at, event, position });
        self.extent.highest = sequence_nr;
    }

    /// It stands behind everything up to the highest number.
    pub(super) fn add_outcome(&mut self, kept: &KeyedOutcome, again: bool) {
        let sequence_nr = self.highest();
        let last = self.entries.range((sequence_nr, 0)..).next_back();
        let place = last.map_or(1, |((_, place), _)| place + 1);
        let kept = kept.clone();
        self.entries.insert((sequence_nr, place), Entry::Outcome { sequence_nr, kept, again });
    }

    /// Deletes the events up to `to`; outcomes and the highest number stay.
    pub(super) fn delete_to(&mut self, to: SequenceNr) {
        self.entries.retain(|(nr, _), entry| *nr > to || matches!(entry, Entry::Outcome { .. }));
        self.extent.deleted_to = self.extent.deleted_to.max(to.min(self.highest()));
    }

    pub(super) fn erase(&mut self) {
        let highest = self.highest();
        self.entries.clear();
        self.extent = Extent { erased_to: highest, deleted_to: highest, highest };
    }

    /// What a read gives: events from `from` to `to`, at most `limit` of them, and the outcomes at the numbers
    /// from the one before `from` to the last number that was reached.
    pub(in crate::model) fn read(&self, range: ReadRange) -> Vec<&Entry> {
        if range.is_empty() {
            return Vec::new();
        }
        let from = range.from.max(SequenceNr::new(1));
        let events = self.entries.keys().filter(|(nr, place)| *place == 0 && (from..=range.to).contains(nr));
        let at_limit =
            usize::try_from(range.limit - 1).ok().and_then(|before| events.map(|key| key.0).nth(before));
        let last = at_limit.unwrap_or(range.to);
        let is_read = |(nr, place): &(SequenceNr, u64)| match place {
            0 => (from..=last).contains(nr),
            _ => nr.next() >= from && *nr <= last,
        };
        self.entries.iter().filter(|(key, _)| is_read(key)).map(|(_, entry)| entry).collect()
    }

    /// Where an event may stand in the feed; none if it is gone.
    pub(super) fn position_mut(&mut self, sequence_nr: SequenceNr) -> Option<&mut RangeInclusive<Position>> {
        match self.entries.get_mut(&(sequence_nr, 0)) {
            Some(Entry::Event { position, .. }) => Some(position),
            _ => None,
        }
    }
}
