//! Judging what a damaged file answers: the right thing, or an error that says what is damaged.

use super::sqlite_file::{Answers, sound};
use annals::storage::{JournalEntry, KeyedOutcome, Snapshot, StorageError, StoredState};
use annals::{Payload, SequenceNr};

/// How much can be asked of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// What was changed can be told from what was written: every answer is the right one or an error.
    Exact,
    /// Something else was written over it that could have been there as well. Payloads are never made up all the same,
    /// and errors stay errors.
    Plausible,
}

/// What each error must be: nothing that tells of a panic, and never that a read may have written.
pub(crate) fn is_typed(error: &StorageError) {
    let text = error.to_string();
    assert!(!text.contains("in an unexpected way"), "reading panicked: {text}");
    assert!(
        !text.contains("its writer ended") && !text.contains("it was closed"),
        "the writer panicked: {text}"
    );
}

/// Compares the answers with those of the sound file.
pub(crate) fn judge(asked: Asked, answers: &[Answers]) {
    for (found, right) in answers.iter().zip(&sound().answers) {
        judge_entries(asked, found, right);
        judge_one(asked, "highest", found, &found.highest, &right.highest);
        judge_one(asked, "snapshot", found, &found.snapshot, &right.snapshot);
        judge_one(asked, "state", found, &found.state, &right.state);
        for (found_outcome, right) in found.outcomes.iter().zip(&right.outcomes) {
            judge_one(asked, "outcome", found, found_outcome, right);
        }
    }
}

fn judge_entries(asked: Asked, found: &Answers, right: &Answers) {
    for (at, entry) in found.entries.iter().enumerate() {
        match entry {
            Ok(entry) => {
                is_not_made_up(entry);
                if asked == Asked::Exact {
                    let right = right.entries.get(at).and_then(|entry| entry.as_ref().ok());
                    let same = right.is_some_and(|right| is_right_or_damaged(entry, right));
                    assert!(same, "{}: {entry:?}, and it was {right:?}", found.id);
                }
            }
            Err(error) => {
                judge_error(asked, error);
                assert_eq!(at + 1, found.entries.len(), "something is behind an error");
                return;
            }
        }
    }
    if asked == Asked::Exact {
        assert_eq!(found.entries.len(), right.entries.len(), "{}: some are missing", found.id);
    }
}

/// An answer that may hold a payload.
trait Answer: PartialEq + std::fmt::Debug {
    /// Whether nothing wrong comes of it: whoever opens its payload finds that it is damaged.
    fn does_no_harm(&self, _right: &Self) -> bool {
        false
    }
}

impl Answer for SequenceNr {}

impl Answer for Option<KeyedOutcome> {
    fn does_no_harm(&self, _right: &Self) -> bool {
        self.as_ref().is_some_and(|kept| kept.outcome.payload.verify().is_err())
    }
}

impl Answer for Option<Snapshot> {
    /// An older one does as well, and so does none: snapshots only save time.
    fn does_no_harm(&self, right: &Self) -> bool {
        let number = |snapshot: &Self| snapshot.as_ref().map(|snapshot| snapshot.sequence_nr);
        number(self) < number(right)
            || self.as_ref().is_some_and(|snapshot| snapshot.payload.verify().is_err())
    }
}

impl Answer for Option<StoredState> {
    fn does_no_harm(&self, _right: &Self) -> bool {
        self.as_ref()
            .and_then(|state| state.payload.as_ref())
            .is_some_and(|payload| payload.verify().is_err())
    }
}

fn judge_one<T: Answer>(
    asked: Asked,
    what: &str,
    of: &Answers,
    found: &Result<T, StorageError>,
    right: &Result<T, StorageError>,
) {
    match found {
        Err(error) => judge_error(asked, error),
        Ok(found) if asked == Asked::Exact => {
            let right = right.as_ref().expect("it is sound");
            let same = found == right || found.does_no_harm(right);
            assert!(same, "{what} of {}: {found:?}, and it was {right:?}", of.id);
        }
        Ok(_) => {}
    }
}

fn judge_error(asked: Asked, error: &StorageError) {
    is_typed(error);
    if asked == Asked::Exact {
        assert!(matches!(error, StorageError::Corrupt { .. }), "{error}");
    }
}

fn payload_of(entry: &JournalEntry) -> &Payload {
    match entry {
        JournalEntry::Event(event) => &event.payload,
        JournalEntry::Outcome { kept, .. } => &kept.outcome.payload,
    }
}

/// It is the entry that was written, or its payload says itself that it is not.
fn is_right_or_damaged(found: &JournalEntry, right: &JournalEntry) -> bool {
    let same_number = match (found, right) {
        (JournalEntry::Event(found), JournalEntry::Event(right)) => found.sequence_nr == right.sequence_nr,
        (JournalEntry::Outcome { kept: found, .. }, JournalEntry::Outcome { kept: right, .. }) => {
            found.key == right.key
        }
        _ => false,
    };
    found == right || (same_number && payload_of(found).verify().is_err())
}

/// A payload that verifies is one that was written.
fn is_not_made_up(entry: &JournalEntry) {
    let payload = payload_of(entry);
    let mut written = sound().answers.iter().flat_map(|answers| &answers.entries).flatten().map(payload_of);
    let known = payload.verify().is_err()
        || payload.manifest().name.as_str() != "deposited"
        || written.any(|it| it == payload);
    assert!(known, "{payload:?} was never written");
}
