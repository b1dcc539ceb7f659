//! Comparing what a store answered with what it may answer, and learning what is the store's to choose: the
//! feed positions.

use super::{Allowed, Difference, Entry, Reference, Success};
use annals::storage::{Committed, Counter, JournalEntry, ReadRange, StorageError, StoredEvent, Write};
use annals::{PersistenceId, Position, SequenceNr, ShardId};

type Answer = Result<Committed, StorageError>;

impl Reference {
    /// Whether this answer to a write is allowed; `allowed` is what the reference said of it.
    pub(in crate::model) fn compare_answer(
        &mut self,
        write: &Write,
        allowed: &Allowed,
        answer: &Answer,
    ) -> Result<(), Difference> {
        let same = match (allowed, answer) {
            (Allowed::Stored, Ok(committed)) => return self.learn(write, *committed),
            (Allowed::Repeated, Ok(committed)) => self.is_repeated(write, *committed),
            (Allowed::RepeatedOrConflict, Ok(committed)) => self.is_repeated(write, *committed),
            (Allowed::RepeatedOrConflict, Err(error)) => matches!(error, StorageError::Conflict { .. }),
            (Allowed::Refused(expected), Err(error)) => is_same_refusal(expected, error),
            (Allowed::Unstorable, Err(error)) => {
                matches!(error, StorageError::TooLarge { .. } | StorageError::Unsupported { .. })
            }
            _ => false,
        };
        if same { Ok(()) } else { Err(format!("the answer is {answer:?}, allowed is {allowed:?}")) }
    }

    /// The success of a write that was stored now. Its positions are behind all that the shard gave.
    fn learn(&mut self, write: &Write, committed: Committed) -> Result<(), Difference> {
        let before = self.shard_mut(write.fence.shard).last_position;
        let entity = self.entity_mut(&write.id);
        let success = entity.writes.success_mut(write).expect("the reference stored it");
        let answered = match committed {
            Committed::Events { sequence_nr, position } => (Some(sequence_nr), None, position),
            Committed::State { revision } => (None, Some(revision), None),
            _ => return Err(format!("the answer is {committed:?}")),
        };
        let difference =
            format!("the answer is {committed:?} instead of {success:?}, after position {before}");
        match (&mut *success, answered) {
            (Success::State(revision), (None, Some(found), None)) if *revision == found => Ok(()),
            (Success::Events { sequence_nr, count: 0, .. }, (Some(found), None, None))
                if *sequence_nr == found =>
            {
                Ok(())
            }
            (Success::Events { sequence_nr, count, position }, (Some(found), None, Some(last)))
                if *sequence_nr == found && last >= before.plus(*count) && last <= Position::MAX =>
            {
                *position = Some(last);
                let (found, count) = (found.get(), *count);
                for left in 0..count {
                    if let Some(position) = entity.history.position_mut(SequenceNr::new(found - left)) {
                        *position = before.plus(count - left)..=Position::new(last.get() - left);
                    }
                }
                self.shard_mut(write.fence.shard).last_position = last;
                Ok(())
            }
            _ => Err(difference),
        }
    }

    /// Whether this is the success of a stored write; its position may be missing if its events are deleted.
    fn is_repeated(&mut self, write: &Write, committed: Committed) -> bool {
        let entity = self.entity_mut(&write.id);
        let deleted_to = entity.history.extent().deleted_to;
        match (entity.writes.success_mut(write), committed) {
            (Some(Success::State(revision)), Committed::State { revision: found }) => *revision == found,
            (
                Some(Success::Events { sequence_nr, count, position }),
                Committed::Events { sequence_nr: found, position: found_position },
            ) => {
                let position_fits = match found_position {
                    None => *count == 0 || *sequence_nr <= deleted_to,
                    Some(found) => *count > 0 && position.is_none_or(|position| position == found),
                };
                *sequence_nr == found && position_fits
            }
            _ => false,
        }
    }

    /// Whether a read may give these entries.
    pub(in crate::model) fn compare_read(
        &mut self,
        id: &PersistenceId,
        range: ReadRange,
        found: &[JournalEntry],
    ) -> Result<(), Difference> {
        let mut left = found.iter().peekable();
        let mut positions = Vec::new();
        for entry in self.entity(id).history.read(range) {
            match left.peek() {
                Some(next) if is_entry(entry, next) => {
                    if let JournalEntry::Event(event) = next {
                        positions.push((event.sequence_nr, event.position));
                    }
                    left.next();
                }
                _ if matches!(entry, Entry::Outcome { again: true, .. }) => {}
                next => return Err(format!("read {range:?}: {next:?} instead of {entry:?}")),
            }
        }
        if let Some(next) = left.next() {
            return Err(format!("read {range:?}: {next:?} instead of the end"));
        }
        self.learn_positions(id, &positions)
    }

    fn learn_positions(
        &mut self,
        id: &PersistenceId,
        positions: &[(SequenceNr, Position)],
    ) -> Result<(), Difference> {
        if let Some(pair) = positions.windows(2).find(|pair| pair[0].1 >= pair[1].1) {
            return Err(format!("positions that do not grow: {pair:?}"));
        }
        for (sequence_nr, found) in positions {
            if let Some(position) = self.entity_mut(id).history.position_mut(*sequence_nr) {
                *position = *found..=*found;
            }
            let shard = self.shard_mut(ShardId::of(id));
            shard.last_position = shard.last_position.max(*found);
        }
        Ok(())
    }
}

fn is_entry(entry: &Entry, found: &JournalEntry) -> bool {
    match (entry, found) {
        (Entry::Event { sequence_nr, written_at, event, position }, JournalEntry::Event(found)) => {
            let expected = StoredEvent {
                sequence_nr: *sequence_nr,
                position: found.position,
                written_at: *written_at,
                payload: event.payload.clone(),
                tags: event.tags.clone(),
                metadata: event.metadata.clone(),
            };
            position.contains(&found.position) && expected == *found
        }
        (
            Entry::Outcome { sequence_nr, kept, .. },
            JournalEntry::Outcome { sequence_nr: at, kept: found },
        ) => sequence_nr == at && kept == found,
        _ => false,
    }
}

/// Whether both say the same: the kind of error, whose it is, and the numbers that it tells. Of a conflict on
/// the write number only the counter is told the same by every backend.
fn is_same_refusal(expected: &StorageError, found: &StorageError) -> bool {
    match (expected, found) {
        (
            StorageError::Conflict { id, counter, expected, actual },
            StorageError::Conflict { id: of, counter: on, expected: ours, actual: stored },
        ) => id == of && counter == on && (*on == Counter::WriteNr || (expected, actual) == (ours, stored)),
        (
            StorageError::Fenced { shard, ours, current },
            StorageError::Fenced { shard: of, ours: came, current: stored },
        ) => (shard, ours, current) == (of, came, stored),
        (StorageError::TooLarge { subject, .. }, StorageError::TooLarge { subject: of, bytes, limit }) => {
            subject == of && bytes > limit
        }
        _ => false,
    }
}

/// Compares what has no answer but success or an error of one kind.
pub(in crate::model) fn compare_done(
    allowed: &Result<(), StorageError>,
    found: &Result<(), StorageError>,
) -> Result<(), Difference> {
    match (allowed, found) {
        (Ok(()), Ok(())) => Ok(()),
        (Err(expected), Err(error)) if is_same_refusal(expected, error) => Ok(()),
        _ => Err(format!("{found:?} instead of {allowed:?}")),
    }
}
