//! Damaging stored rows on purpose, which no port can do: so that the conformance suite, and tests of
//! recovery, can see what happens then.

use crate::MemoryStorage;
use crate::data::Place;
use annals::storage::JournalEntry;
use annals::{Payload, PersistenceId, SequenceNr};

/// For tests only. `harm` is given the stored payload and returns what is to stand in its place, or none to
/// remove the row without a trace. Each answers whether there was such a row.
impl MemoryStorage {
    /// Damages an event.
    #[doc(hidden)]
    pub fn tamper_with_event(
        &self,
        id: &PersistenceId,
        sequence_nr: SequenceNr,
        harm: impl FnOnce(Payload) -> Option<Payload>,
    ) -> bool {
        let mut data = self.lock();
        let history = &mut data.entity_mut(id).history;
        let Some(JournalEntry::Event(mut event)) = history.remove(&Place::event(sequence_nr)) else {
            return false;
        };
        if let Some(payload) = harm(event.payload) {
            event.payload = payload;
            history.insert(Place::event(sequence_nr), JournalEntry::Event(event));
        }
        true
    }

    /// Damages a snapshot.
    #[doc(hidden)]
    pub fn tamper_with_snapshot(
        &self,
        id: &PersistenceId,
        sequence_nr: SequenceNr,
        harm: impl FnOnce(Payload) -> Option<Payload>,
    ) -> bool {
        let mut data = self.lock();
        let snapshots = &mut data.entity_mut(id).snapshots;
        let Some(mut snapshot) = snapshots.remove(&sequence_nr) else {
            return false;
        };
        if let Some(payload) = harm(snapshot.payload) {
            snapshot.payload = payload;
            snapshots.insert(sequence_nr, snapshot);
        }
        true
    }

    /// Damages a state.
    #[doc(hidden)]
    pub fn tamper_with_state(
        &self,
        id: &PersistenceId,
        harm: impl FnOnce(Payload) -> Option<Payload>,
    ) -> bool {
        let mut data = self.lock();
        let stored = &mut data.entity_mut(id).state;
        let Some(payload) = stored.as_mut().and_then(|state| state.payload.take()) else {
            return false;
        };
        match (harm(payload), stored.as_mut()) {
            (Some(payload), Some(state)) => state.payload = Some(payload),
            _ => *stored = None,
        }
        true
    }
}
