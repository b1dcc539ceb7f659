//! What can go wrong inside, and what the caller is told about it: whether nothing happened or something may
//! have.

use annals::storage::{StorageError, Subject};
use rusqlite::ErrorCode;
use std::fmt;
use std::sync::Arc;

/// Why a piece of work failed inside a transaction.
#[derive(Debug)]
pub(crate) enum Fault {
    /// It was judged before it changed anything: its neighbours in the transaction go on.
    Refused(StorageError),
    /// SQLite failed: the whole transaction goes.
    Sql(rusqlite::Error),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<StorageError> for Fault {
    fn from(error: StorageError) -> Self {
        Self::Refused(error)
    }
}

impl Fault {
    /// The error for the caller when nothing was written, or nothing was to be.
    pub(crate) fn into_storage(self, store: &Arc<str>) -> StorageError {
        match self {
            Self::Refused(error) => error,
            Self::Sql(error) => nothing_written(store, &error),
        }
    }
}

/// SQLite failed before COMMIT, or while reading.
pub(crate) fn nothing_written(store: &Arc<str>, error: &rusqlite::Error) -> StorageError {
    if is_damage(error) {
        return StorageError::corrupt(Subject::Store(store.clone()), error);
    }
    match error.sqlite_error_code() {
        // A broken constraint can only be damage: every number that is inserted was read from this file.
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::ConstraintViolation) => {
            StorageError::corrupt(Subject::Store(store.clone()), error)
        }
        _ => unavailable(store, error),
    }
}

/// Whether a column holds what this program never writes there.
pub(crate) fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::Error;
    matches!(
        error,
        Error::FromSqlConversionFailure(..)
            | Error::InvalidColumnType(..)
            | Error::IntegralValueOutOfRange(..)
            | Error::Utf8Error(..)
    )
}

/// SQLite failed while opening.
pub(crate) fn not_opened(store: &Arc<str>, error: &rusqlite::Error) -> StorageError {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => config(store, "this is not an SQLite file; choose another path"),
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::ReadOnly) => {
            config(store, format_args!("it cannot be opened for writing: {error}"))
        }
        _ => nothing_written(store, error),
    }
}

pub(crate) fn unavailable(store: &Arc<str>, reason: impl fmt::Display) -> StorageError {
    StorageError::Unavailable { store: store.clone(), reason: reason.to_string().into() }
}

pub(crate) fn indeterminate(store: &Arc<str>, reason: impl fmt::Display) -> StorageError {
    StorageError::Indeterminate { store: store.clone(), reason: reason.to_string().into() }
}

pub(crate) fn config(store: &Arc<str>, detail: impl fmt::Display) -> StorageError {
    StorageError::Config { store: store.clone(), detail: detail.to_string().into() }
}

/// Numbers are stored as signed 64-bit integers: a larger one is refused, never wrapped.
pub(crate) fn storable(number: u64) -> Result<i64, StorageError> {
    i64::try_from(number)
        .map_err(|_| StorageError::Unsupported { backend: crate::NAME, what: "numbers above 2^63 - 1" })
}
