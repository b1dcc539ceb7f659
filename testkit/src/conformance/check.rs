//! What cases assert about results, with messages that say what was found.

use super::kit::{EPOCH, event_payload};
use super::store::Read;
use annals::storage::{Counter, JournalEntry, StorageError, Subject};
use annals::{Epoch, Payload, PersistenceId};
use std::fmt::Debug;

/// The result is a conflict on this counter, found at `actual`.
pub(super) fn conflict<T: Debug>(result: &Result<T, StorageError>, on: Counter, found: u64) {
    match result {
        Err(StorageError::Conflict { counter, actual, .. }) if (*counter, *actual) == (on, found) => {}
        other => panic!("not a conflict on the {on} with the actual {found}: {other:?}"),
    }
}

/// The result is a conflict on the write number.
pub(super) fn wrong_write_nr<T: Debug>(result: &Result<T, StorageError>) {
    match result {
        Err(StorageError::Conflict { counter: Counter::WriteNr, .. }) => {}
        other => panic!("not a conflict on the write number: {other:?}"),
    }
}

/// The result is a refusal of `ours` at [`EPOCH`].
pub(super) fn fenced<T: Debug>(result: &Result<T, StorageError>, ours: u64) {
    fenced_at(result, ours, EPOCH.get());
}

pub(super) fn fenced_at<T: Debug>(result: &Result<T, StorageError>, ours_then: u64, current_then: u64) {
    let wanted = (Epoch::new(ours_then), Epoch::new(current_then));
    match result {
        Err(StorageError::Fenced { ours, current, .. }) if (*ours, *current) == wanted => {}
        other => panic!("not fenced with {ours_then} at {current_then}: {other:?}"),
    }
}

/// The result says that this subject is over the limit.
pub(super) fn too_large<T: Debug>(result: &Result<T, StorageError>, what: &Subject) {
    match result {
        Err(StorageError::TooLarge { subject, bytes, limit }) if subject == what && bytes > limit => {}
        other => panic!("not too large, naming {what}: {other:?}"),
    }
}

/// The result says that the backend cannot do this.
pub(super) fn unsupported<T: Debug>(result: &Result<T, StorageError>) {
    match result {
        Err(StorageError::Unsupported { .. }) => {}
        other => panic!("not unsupported: {other:?}"),
    }
}

/// The result is an error, and one which says that nothing was written.
pub(super) fn refused<T: Debug>(result: &Result<T, StorageError>) {
    match result {
        Err(error) if !error.is_indeterminate() => {}
        other => panic!("not refused: {other:?}"),
    }
}

/// The error says that this subject is damaged.
pub(super) fn corrupt(error: &StorageError, what: &Subject) {
    match error {
        StorageError::Corrupt { subject, .. } if subject == what => {}
        other => panic!("not corrupt, naming {what}: {other:?}"),
    }
}

/// The read gave the kit's events up to the one before `damaged`, and at that one either the error that
/// names it, or a payload that does not verify.
pub(super) fn damaged_at(read: Read, id: &PersistenceId, damaged: u64) {
    let mut entries = read.entries.into_iter();
    for nr in 1..damaged {
        let entry = entries.next();
        assert_eq!(payload_of(entry.as_ref()), Some(&event_payload(id, nr)), "event {nr}, before the damage");
    }
    match (payload_of(entries.next().as_ref()), read.error) {
        (Some(payload), _) => assert!(payload.verify().is_err(), "event {damaged} was given as sound"),
        (None, Some(error)) => {
            corrupt(&error, &Subject::Event(id.clone(), annals::SequenceNr::new(damaged)));
        }
        (None, None) => panic!("the read ended before the damaged event {damaged} as if nothing came behind"),
    }
}

fn payload_of(entry: Option<&JournalEntry>) -> Option<&Payload> {
    match entry {
        Some(JournalEntry::Event(event)) => Some(&event.payload),
        _ => None,
    }
}
