//! What a piece of work sees inside the writer's open transaction.

use crate::error::Fault;
use crate::head::Head;
use crate::heads::Heads;
use crate::keys::KeyEntry;
use crate::manifests::ManifestNumbers;
use crate::removal::Removal;
use crate::shards::Shards;
use annals::PersistenceId;
use rusqlite::{Connection, OptionalExtension, params};

/// How many heads stay in memory: some 20 MiB with ids of usual length.
const HEADS: usize = 65_536;

/// What the writer knows of the store without asking it. It agrees with the committed rows and those of the
/// open transaction; after a transaction that failed it is thrown away.
#[derive(Debug)]
pub(crate) struct Memory {
    pub(crate) heads: Heads,
    pub(crate) shards: Shards,
    pub(crate) manifests: ManifestNumbers,
    /// The last row that was given out in `journal`, whether or not it is still there.
    pub(crate) last_row: i64,
    /// Keys of rows up to here are found through `kept`.
    pub(crate) indexed_to: i64,
}

impl Memory {
    pub(crate) fn load(conn: &Connection) -> Result<Self, Fault> {
        const LAST_ROW: &str =
            "SELECT max(row_floor, indexed_to, ifnull((SELECT max(row) FROM journal), 0)) FROM store";
        let last_row: i64 = conn.query_row(LAST_ROW, [], |row| row.get(0))?;
        let indexed_to: i64 = conn.query_row("SELECT indexed_to FROM store", [], |row| row.get(0))?;
        // Beyond that no number would be left for the next row, and none was ever given out.
        if indexed_to < 0 || last_row > i64::MAX / 2 {
            return Err(rusqlite::Error::IntegralValueOutOfRange(0, last_row).into());
        }
        Ok(Self {
            heads: Heads::new(HEADS),
            shards: Shards::load(conn)?,
            manifests: ManifestNumbers::default(),
            indexed_to,
            last_row,
        })
    }
}

/// What takes effect outside the database once the transaction is committed, and is dropped if it is not.
#[derive(Debug, Default)]
pub(crate) struct Staged {
    pub(crate) keys: Vec<KeyEntry>,
    /// Keys that are no more.
    pub(crate) erased_keys: Vec<KeyEntry>,
    pub(crate) removals: Vec<Removal>,
}

/// The writer's open transaction.
pub(crate) struct Session<'a> {
    pub(crate) conn: &'a Connection,
    pub(crate) memory: &'a mut Memory,
    pub(crate) staged: &'a mut Staged,
}

impl Session<'_> {
    /// The head of `id`; blank if it was never written.
    pub(crate) fn head(&mut self, id: &PersistenceId) -> Result<(usize, Head), Fault> {
        let at = self.memory.heads.find(self.conn, id)?;
        Ok((at, *self.memory.heads.get(at)))
    }

    /// Gives the entity a number if it has none. From then on the work can no longer be refused.
    pub(crate) fn intern(&mut self, id: &PersistenceId, head: &mut Head) -> Result<(), rusqlite::Error> {
        if head.entity == 0 {
            const SQL: &str = "INSERT INTO entity (entity_type, entity_id) VALUES (?1, ?2)";
            self.conn
                .prepare_cached(SQL)?
                .execute(params![id.entity_type().as_str(), id.entity_id().as_str()])?;
            head.entity = self.conn.last_insert_rowid();
        }
        Ok(())
    }

    /// Writes what was changed in memory only.
    pub(crate) fn flush(&mut self) -> Result<(), rusqlite::Error> {
        self.memory.heads.flush(self.conn)?;
        self.memory.shards.flush(self.conn)
    }
}

/// Whose number it is.
pub(crate) fn id_of(conn: &Connection, entity: i64) -> Result<Option<PersistenceId>, rusqlite::Error> {
    let texts: Option<(String, String)> = conn
        .prepare_cached("SELECT entity_type, entity_id FROM entity WHERE entity = ?1")?
        .query_row([entity], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(texts.and_then(|(entity_type, entity_id)| {
        PersistenceId::new(entity_type, annals::EntityId::new(entity_id).ok()?).ok()
    }))
}
