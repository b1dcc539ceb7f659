//! Durable states: one row per entity, overwritten by compare and set; a deletion keeps the row and counts.

use crate::error::Fault;
use crate::head::Head;
use crate::reader::Reader;
use crate::session::Session;
use annals::storage::{StateChange, StorageError, StoredState, Subject, Write};
use annals::{Payload, PersistenceId, Revision, Timestamp};
use rusqlite::{Row, params};

/// The revision that a change leads to.
pub(crate) fn revision_after(expected: Revision, change: &StateChange) -> Revision {
    match change {
        StateChange::Keep => expected,
        StateChange::Save(_) | StateChange::Delete => expected.plus(1),
    }
}

/// Changes the state inside the open transaction. The revision was compared before.
pub(crate) fn store(
    session: &mut Session<'_>,
    head: &mut Head,
    write: &Write,
    change: &StateChange,
) -> Result<(), rusqlite::Error> {
    const SQL: &str = "INSERT INTO state VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
        ON CONFLICT (entity) DO UPDATE SET revision = ?2, written_at = ?3, manifest = ?4, codec = ?5,
            checksum = ?6, payload = ?7";
    let payload = match change {
        StateChange::Keep => return Ok(()),
        StateChange::Save(payload) => Some(payload),
        StateChange::Delete => None,
    };
    head.revision = revision_after(head.revision, change);
    let (conn, entity_type) = (session.conn, write.id.entity_type());
    let manifest = payload
        .map(|payload| session.memory.manifests.record(conn, entity_type, payload.manifest()))
        .transpose()?;
    conn.prepare_cached(SQL)?.execute(params![
        head.entity,
        head.revision.get().cast_signed(),
        write.written_at.as_micros(),
        manifest,
        payload.map(|payload| payload.codec().0),
        payload.map(|payload| payload.checksum().cast_signed()),
        payload.map(Payload::bytes),
    ])?;
    Ok(())
}

/// Erases the state inside the open transaction, if there ever was one. Its row is written, not changed, so that
/// one that is damaged or missing is mended.
pub(crate) fn erase(session: &mut Session<'_>, head: &mut Head) -> Result<(), rusqlite::Error> {
    const SQL: &str = "INSERT INTO state (entity, revision, written_at) VALUES (?1, ?2, 0)
        ON CONFLICT (entity) DO UPDATE SET revision = ?2, manifest = NULL, codec = NULL, checksum = NULL,
            payload = NULL";
    if head.revision > Revision::ZERO {
        head.revision = head.revision.next();
        let revision = head.revision.get().cast_signed();
        session.conn.prepare_cached(SQL)?.execute([head.entity, revision])?;
    }
    Ok(())
}

/// Reads the state of an entity.
pub(crate) fn load(reader: &mut Reader, id: &PersistenceId) -> Result<Option<StoredState>, Fault> {
    const SQL: &str =
        "SELECT revision, written_at, manifest, codec, checksum, payload FROM state WHERE entity = ?1";
    reader.snapshot(|conn, names| {
        let Some(head) = Head::load(conn, id)? else { return Ok(None) };
        let mut statement = conn.prepare_cached(SQL)?;
        let mut rows = statement.query([head.entity])?;
        let corrupt = |detail: &str| StorageError::corrupt(Subject::State(id.clone()), detail);
        let Some(row) = rows.next()? else {
            return match head.revision {
                Revision::ZERO => Ok(None),
                _ => Err(corrupt("its row is missing").into()),
            };
        };
        let (revision, written_at) = parse_numbers(row).ok_or_else(|| corrupt("its row cannot be read"))?;
        if revision != head.revision {
            return Err(corrupt("its row has another revision than its entity").into());
        }
        let payload = names.payload(conn, row, [2, 3, 4, 5])?;
        let payload = payload.map_err(|detail| corrupt(&detail))?;
        Ok(Some(StoredState { revision, written_at, payload }))
    })
}

fn parse_numbers(row: &Row<'_>) -> Option<(Revision, Timestamp)> {
    let revision = u64::try_from(row.get::<_, i64>(0).ok()?).ok()?;
    Some((Revision::new(revision), Timestamp::from_micros(row.get(1).ok()?)))
}
