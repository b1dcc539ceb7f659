//! Opening connections to the file, with their settings, and reading the settings back.

use crate::error::{Fault, config, not_opened, unavailable};
use crate::options::{SqliteOptions, Synchronous};
use crate::schema;
use annals::storage::StorageError;
use rusqlite::{Connection, OpenFlags};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How durable a commit is, as SQLite itself tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Durability {
    /// Whether a commit waits for the disk.
    pub synchronous: Synchronous,
    /// Whether a commit that waits for the disk waits for the disk's own cache too, where the operating
    /// system makes a difference between the two (macOS).
    pub full_fsync: bool,
    /// Whether the write-ahead log is in use.
    pub write_ahead_log: bool,
}

/// Pages of 4 KiB, SQLite's default: with larger ones the scattered updates of heads write more bytes.
const PAGE_BYTES: u64 = 4_096;

/// Another program that looks into the file may hold a lock for a moment.
pub(crate) const BUSY: Duration = Duration::from_secs(5);

/// Every statement of the crate stays prepared.
const STATEMENTS: usize = 128;

/// The one connection that writes.
pub(crate) fn open_writer(
    path: &Path,
    store: &Arc<str>,
    options: &SqliteOptions,
) -> Result<Connection, StorageError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let mut conn = open(path, store, flags)?;
    schema::check_owner(&conn, store)?;
    if conn.is_readonly("main").map_err(|e| not_opened(store, &e))? {
        return Err(config(store, "the file may not be written to"));
    }
    set_up(&conn, options).map_err(|e| not_opened(store, &e))?;
    let found = durability(&conn, store).map_err(|fault| fault.into_storage(store))?;
    let synced = found.full_fsync || options.synchronous < Synchronous::Full;
    if !found.write_ahead_log || !synced || found.synchronous < options.synchronous {
        return Err(config(
            store,
            format_args!(
                "asked for {:?} with a write-ahead log, SQLite gives {found:?}",
                options.synchronous
            ),
        ));
    }
    schema::migrate(&mut conn, store)?;
    if options.synchronous == Synchronous::Full {
        settle(&conn, store)?;
    }
    schema::check_sound(&conn, store)?;
    Ok(conn)
}

/// Syncs what was found in the log. A killed process may have left a commit there that is in the operating
/// system's memory only; SQLite reads it, but syncs nothing when it recovers the log. What is answered from
/// such a commit would be gone after a loss of power, so all of it is brought to the disk first.
fn settle(conn: &Connection, store: &Arc<str>) -> Result<(), StorageError> {
    let busy: i64 = conn
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
        .map_err(|e| unavailable(store, format_args!("its log cannot be brought to the disk: {e}")))?;
    match busy {
        0 => Ok(()),
        _ => {
            Err(unavailable(store, "another program reads it, so that its log cannot be brought to the disk"))
        }
    }
}

/// A connection that only reads. A writer must be open.
pub(crate) fn open_reader(path: &Path, store: &Arc<str>) -> Result<Connection, StorageError> {
    let conn = open(path, store, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    conn.execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -8192;")
        .map_err(|e| not_opened(store, &e))?;
    Ok(conn)
}

fn open(path: &Path, store: &Arc<str>, flags: OpenFlags) -> Result<Connection, StorageError> {
    // Each connection stays on one thread. No URI flag: a path is a path, whatever it looks like.
    let conn = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(|e| not_opened(store, &e))?;
    conn.busy_timeout(BUSY).map_err(|e| not_opened(store, &e))?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(conn)
}

fn set_up(conn: &Connection, options: &SqliteOptions) -> rusqlite::Result<()> {
    conn.execute_batch(&format!("PRAGMA page_size = {PAGE_BYTES}"))?;
    // Its answer is judged by `durability`.
    conn.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    conn.execute_batch(match options.synchronous {
        Synchronous::Full => {
            "PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON"
        }
        Synchronous::Normal => "PRAGMA synchronous = NORMAL",
    })?;
    conn.execute_batch(&format!("PRAGMA wal_autocheckpoint = {}", options.log_pages))?;
    conn.execute_batch(
        "PRAGMA journal_size_limit = 67108864;
         PRAGMA cache_size = -32768;
         PRAGMA temp_store = MEMORY;
         PRAGMA trusted_schema = OFF;
         PRAGMA cell_size_check = ON;
         PRAGMA secure_delete = FAST;",
    )?;
    let page_bytes: i64 = conn.query_row("PRAGMA page_size", [], |row| row.get(0))?;
    if let Some(bytes) = options.max_file_bytes {
        let pages = (bytes / page_bytes.unsigned_abs().max(1)).clamp(1, u64::from(u32::MAX - 1));
        conn.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))?;
    }
    Ok(())
}

/// What SQLite says of this connection.
pub(crate) fn durability(conn: &Connection, store: &Arc<str>) -> Result<Durability, Fault> {
    let synchronous: i64 = conn.query_row("PRAGMA synchronous", [], |row| row.get(0))?;
    let journal_mode: String = conn.query_row("PRAGMA journal_mode", [], |row| row.get(0))?;
    let synchronous = match synchronous {
        2 | 3 => Synchronous::Full,
        1 => Synchronous::Normal,
        weaker => {
            return Err(config(store, format_args!("SQLite says that synchronous is {weaker}")).into());
        }
    };
    let flag = |pragma: &str| conn.query_row(pragma, [], |row| row.get::<_, bool>(0));
    let full_fsync = flag("PRAGMA fullfsync")? && flag("PRAGMA checkpoint_fullfsync")?;
    Ok(Durability { synchronous, full_fsync, write_ahead_log: journal_mode == "wal" })
}
