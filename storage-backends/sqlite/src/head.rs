//! What the store knows of one entity beside its rows: where its history ends, and who wrote last.

use crate::chain::BLOCK_ROWS;
use crate::error::Fault;
use annals::storage::{StorageError, Subject};
use annals::{ActivationId, PersistenceId, Position, Revision, SequenceNr, WriteNr};
use rusqlite::{Connection, OptionalExtension, Row, params};

/// The head row of an entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    /// The entity's number; 0 until it is stored.
    pub(crate) entity: i64,
    pub(crate) highest: SequenceNr,
    /// The feed position of the event with that number, which may be deleted by now.
    pub(crate) position: Position,
    pub(crate) deleted_to: SequenceNr,
    /// The highest number when it was last erased.
    pub(crate) erased_to: SequenceNr,
    /// Its rows up to this one are erased.
    pub(crate) erased_row: i64,
    pub(crate) revision: Revision,
    pub(crate) last_row: i64,
    /// How many rows of the chain come after its last block.
    pub(crate) unblocked: i64,
    pub(crate) write_nr: WriteNr,
    pub(crate) activation: ActivationId,
}

impl Head {
    /// That of an entity which was never written.
    pub(crate) const BLANK: Self = Self {
        entity: 0,
        highest: SequenceNr::ZERO,
        position: Position::ZERO,
        deleted_to: SequenceNr::ZERO,
        erased_to: SequenceNr::ZERO,
        erased_row: 0,
        revision: Revision::ZERO,
        last_row: 0,
        unblocked: 0,
        write_nr: WriteNr::ZERO,
        activation: ActivationId::new(0),
    };

    /// The stored head, if the entity was ever written.
    pub(crate) fn load(conn: &Connection, id: &PersistenceId) -> Result<Option<Self>, Fault> {
        const SQL: &str =
            "SELECT entity, highest, position, deleted_to, revision, last_row, unblocked, write_nr, activation,
                erased_to, erased_row
            FROM entity LEFT JOIN head USING (entity) WHERE entity_type = ?1 AND entity_id = ?2";
        let ids = params![id.entity_type().as_str(), id.entity_id().as_str()];
        let parsed = conn.prepare_cached(SQL)?.query_row(ids, |row| Ok(Self::parse(row))).optional()?;
        match parsed {
            None => Ok(None),
            Some(Some(head)) => Ok(Some(head)),
            Some(None) => Err(StorageError::corrupt(
                Subject::Entity(id.clone()),
                "its head row is missing or cannot be read; restore the file from a backup",
            )
            .into()),
        }
    }

    fn parse(row: &Row<'_>) -> Option<Self> {
        let signed = |at: usize| row.get::<_, i64>(at).ok();
        let number = |at: usize| signed(at).and_then(|value| u64::try_from(value).ok());
        let activation: [u8; 16] = row.get_ref(8).ok()?.as_blob().ok()?.try_into().ok()?;
        let head = Self {
            entity: signed(0)?,
            highest: SequenceNr::new(number(1)?),
            position: Position::new(number(2)?),
            deleted_to: SequenceNr::new(number(3)?),
            erased_to: SequenceNr::new(number(9)?),
            erased_row: signed(10)?,
            revision: Revision::new(number(4)?),
            last_row: signed(5)?,
            unblocked: signed(6)?,
            write_nr: WriteNr::new(number(7)?),
            activation: ActivationId::new(u128::from_be_bytes(activation)),
        };
        head.is_possible().then_some(head)
    }

    /// Whether the numbers can be those of one entity. Others would lead a walk astray.
    fn is_possible(&self) -> bool {
        self.entity > 0
            && (0..=self.last_row).contains(&self.erased_row)
            && (0..BLOCK_ROWS).contains(&self.unblocked)
            && self.erased_to <= self.deleted_to
            && self.deleted_to <= self.highest
    }

    /// Stores it in place of what is there.
    pub(crate) fn store(&self, conn: &Connection) -> Result<(), rusqlite::Error> {
        const SQL: &str = "INSERT INTO head VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
            ON CONFLICT (entity) DO UPDATE SET highest = ?2, position = ?3, deleted_to = ?4,
                revision = ?5, last_row = ?6, unblocked = ?7, write_nr = ?8, activation = ?9,
                erased_to = ?10, erased_row = ?11";
        conn.prepare_cached(SQL)?.execute(params![
            self.entity,
            self.highest.get().cast_signed(),
            self.position.get().cast_signed(),
            self.deleted_to.get().cast_signed(),
            self.revision.get().cast_signed(),
            self.last_row,
            self.unblocked,
            self.write_nr.get().cast_signed(),
            self.activation.get().to_be_bytes(),
            self.erased_to.get().cast_signed(),
            self.erased_row,
        ])?;
        Ok(())
    }
}
