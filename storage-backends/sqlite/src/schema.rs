//! The tables: their versions, and the checks that a file is one of ours and is sound.

use crate::error::{config, not_opened};
use annals::storage::{StorageError, Subject};
use rusqlite::{Connection, TransactionBehavior};
use std::sync::Arc;

/// "ANNL": tells our files from those of other applications.
const APPLICATION_ID: i64 = 0x414e_4e4c;

/// What leads from each version to the next; the first from an empty file to version 1. One that was
/// released is never changed.
pub(crate) const MIGRATIONS: [&str; 2] = [include_str!("schema.sql"), include_str!("schema_v2.sql")];

/// Up to this size a file is checked as a whole when it is opened, which reads all of it; of a larger one,
/// only the small tables that everything depends on are. Damage elsewhere is found when it is read.
const CHECKED_WHOLE_BYTES: i64 = 128 << 20;

const SMALL_TABLES: [&str; 7] = ["store", "shard", "manifest", "written", "run", "trim", "erasure"];

/// Refuses the file of another application, and what is no SQLite file at all, before anything in it is changed.
/// SQLite alone opens the file: closing another descriptor of it would drop every lock that this process has
/// on it.
pub(crate) fn check_owner(conn: &Connection, store: &Arc<str>) -> Result<(), StorageError> {
    let number = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, i64>(0));
    let read = || -> rusqlite::Result<(i64, i64)> {
        Ok((number("PRAGMA application_id")?, number("SELECT count(*) FROM sqlite_schema")?))
    };
    match read().map_err(|e| not_opened(store, &e))? {
        (APPLICATION_ID, _) | (0, 0) => Ok(()),
        (application, tables) => Err(config(
            store,
            format_args!(
                "this SQLite file belongs to another application (application id {application:#x}, {tables} \
                 tables and indexes); choose another path"
            ),
        )),
    }
}

/// Brings the tables to the newest version.
pub(crate) fn migrate(conn: &mut Connection, store: &Arc<str>) -> Result<(), StorageError> {
    let version: i64 =
        conn.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(|e| not_opened(store, &e))?;
    let newest = MIGRATIONS.len();
    let known = usize::try_from(version).ok().filter(|version| *version <= newest);
    let Some(version) = known else {
        return Err(StorageError::incompatible(
            Subject::Store(store.clone()),
            format_args!(
                "its tables have version {version}, and this program knows versions up to {newest}; use a \
                 newer program"
            ),
        ));
    };
    for (version, sql) in (1i64..).zip(MIGRATIONS).skip(version) {
        apply(conn, sql, version).map_err(|e| not_opened(store, &e))?;
    }
    Ok(())
}

fn apply(conn: &mut Connection, sql: &str, version: i64) -> rusqlite::Result<()> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    tx.execute_batch(sql)?;
    tx.pragma_update(None, "application_id", APPLICATION_ID)?;
    tx.pragma_update(None, "user_version", version)?;
    tx.commit()
}

/// Looks for damage.
pub(crate) fn check_sound(conn: &Connection, store: &Arc<str>) -> Result<(), StorageError> {
    let bytes: i64 = conn
        .query_row("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size", [], |row| {
            row.get(0)
        })
        .map_err(|e| not_opened(store, &e))?;
    if bytes <= CHECKED_WHOLE_BYTES {
        return quick_check(conn, store, "PRAGMA quick_check(1)");
    }
    SMALL_TABLES
        .iter()
        .try_for_each(|table| quick_check(conn, store, &format!("PRAGMA quick_check('{table}')")))
}

fn quick_check(conn: &Connection, store: &Arc<str>, pragma: &str) -> Result<(), StorageError> {
    let found: String = conn.query_row(pragma, [], |row| row.get(0)).map_err(|e| not_opened(store, &e))?;
    match found.as_str() {
        "ok" => Ok(()),
        damage => Err(StorageError::corrupt(
            Subject::Store(store.clone()),
            format_args!("{damage}; restore the file from a backup"),
        )),
    }
}
