//! Files of SQLite as the suites of the testkit want them: opened, closed, damaged behind the backend's back.
#![allow(clippy::unwrap_used, reason = "this is a test")]

use crate::writes::Scratch;
use annals::{CodecId, Manifest, Payload, PersistenceId};
use annals_sqlite::SqliteStorage;
use annals_testkit::conformance::{Damage, Harm, Harness};
use rusqlite::{Connection, params};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

/// Each store is a file of its own.
pub(crate) struct Sqlite {
    scratch: Scratch,
    files: AtomicU64,
}

impl Sqlite {
    pub(crate) fn new() -> Self {
        Self { scratch: Scratch::new(), files: AtomicU64::new(0) }
    }

    /// The suite has one store open at a time, so the last file is the one in use.
    fn file(&self) -> PathBuf {
        self.scratch.path().join(format!("{}.db", self.files.load(Ordering::Relaxed)))
    }

    async fn open_file(&self) -> SqliteStorage {
        SqliteStorage::open(self.file()).await.expect("the file opens")
    }
}

impl Harness for Sqlite {
    type Store = SqliteStorage;

    async fn open(&self) -> SqliteStorage {
        self.files.fetch_add(1, Ordering::Relaxed);
        self.open_file().await
    }

    async fn reopen(&self, store: SqliteStorage) -> SqliteStorage {
        store.close().await;
        self.open_file().await
    }

    async fn damage(&self, store: SqliteStorage, damage: Damage) -> SqliteStorage {
        store.close().await;
        let conn = Connection::open(self.file()).unwrap();
        let (table, id, number, harm) = match damage {
            Damage::Event { id, sequence_nr, harm } => ("journal", id, Some(sequence_nr.get()), harm),
            Damage::Snapshot { id, sequence_nr, harm } => ("snapshot", id, Some(sequence_nr.get()), harm),
            Damage::State { id, harm } => ("state", id, None, harm),
        };
        change(&conn, table, (entity(&conn, &id), number.map(|number| number as i64)), harm);
        drop(conn);
        self.open_file().await
    }
}

/// Does harm to one row.
fn change(conn: &Connection, table: &str, row: (i64, Option<i64>), harm: Harm) {
    let which = match table {
        "state" => "entity = ?1 AND ?2 IS NULL",
        "journal" => "entity = ?1 AND sequence_nr = ?2 AND manifest IS NOT NULL",
        _ => "entity = ?1 AND sequence_nr = ?2",
    };
    let stored = conn.query_row(&format!("SELECT payload, codec FROM {table} WHERE {which}"), row, |row| {
        Ok(Payload::from_stored(Manifest::new("any", 1), CodecId(row.get(1)?), 0, row.get(0)?))
    });
    let changed = match harm.to(stored.expect("the row to be damaged is there")) {
        Some(payload) => conn.execute(
            &format!("UPDATE {table} SET payload = ?3, codec = ?4 WHERE {which}"),
            params![row.0, row.1, payload.bytes(), payload.codec().0],
        ),
        None => conn.execute(&format!("DELETE FROM {table} WHERE {which}"), row),
    };
    assert_eq!(changed.unwrap(), 1);
}

fn entity(conn: &Connection, id: &PersistenceId) -> i64 {
    conn.query_row(
        "SELECT entity FROM entity WHERE entity_type = ?1 AND entity_id = ?2",
        params![id.entity_type().as_str(), id.entity_id().as_str()],
        |row| row.get(0),
    )
    .unwrap()
}
