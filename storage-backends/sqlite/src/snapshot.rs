//! Snapshots: a row each, replaced when saved again at the same number.

use crate::encoding;
use crate::error::{Fault, storable};
use crate::head::Head;
use crate::reader::Reader;
use crate::session::Session;
use annals::storage::{Counter, Fence, Snapshot, SnapshotCriteria, SnapshotWrite, StorageError, Subject};
use annals::{Payload, PersistenceId, SequenceNr, Timestamp};
use rusqlite::{Connection, Row, params};
use xxhash_rust::xxh3::xxh3_64;

/// Stores a snapshot inside the open transaction.
pub(crate) fn save(session: &mut Session<'_>, write: &SnapshotWrite) -> Result<(), Fault> {
    const SQL: &str = "INSERT INTO snapshot
        (entity, sequence_nr, taken_at, manifest, codec, checksum, outcomes_checksum, outcomes, payload,
            outcomes_complete)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
        ON CONFLICT (entity, sequence_nr) DO UPDATE SET taken_at = ?3, manifest = ?4, codec = ?5,
            checksum = ?6, outcomes_checksum = ?7, outcomes = ?8, payload = ?9,
            outcomes_complete = ?10";
    let SnapshotWrite { id, fence, snapshot } = write;
    session.memory.shards.check(*fence)?;
    write.check_sizes(crate::MAX_PAYLOAD_BYTES)?;
    let (at, mut head) = session.head(id)?;
    let was_erased = head.erased_to > SequenceNr::ZERO && snapshot.sequence_nr <= head.erased_to;
    if was_erased || snapshot.sequence_nr > head.highest {
        return Err(StorageError::Conflict {
            id: id.clone(),
            counter: Counter::SequenceNr,
            expected: snapshot.sequence_nr.get(),
            actual: head.highest.get(),
        }
        .into());
    }
    let sequence_nr = storable(snapshot.sequence_nr.get())?;
    if head.entity == 0 {
        session.intern(id, &mut head)?;
        session.memory.heads.put(at, head);
    }
    let outcomes = encoding::outcomes(&snapshot.outcomes);
    session.conn.prepare_cached(SQL)?.execute(params![
        head.entity,
        sequence_nr,
        snapshot.taken_at.as_micros(),
        session.memory.manifests.number(session.conn, snapshot.payload.manifest())?,
        snapshot.payload.codec().0,
        snapshot.payload.checksum().cast_signed(),
        xxh3_64(&outcomes).cast_signed(),
        outcomes,
        snapshot.payload.bytes(),
        snapshot.outcomes_complete,
    ])?;
    Ok(())
}

/// Deletes snapshots inside the open transaction.
pub(crate) fn delete(
    session: &mut Session<'_>,
    id: &PersistenceId,
    fence: Fence,
    criteria: SnapshotCriteria,
) -> Result<(), Fault> {
    const SQL: &str = "DELETE FROM snapshot WHERE entity = ?1 AND sequence_nr BETWEEN ?2 AND ?3
        AND taken_at BETWEEN ?4 AND ?5";
    session.memory.shards.check(fence)?;
    let (_, head) = session.head(id)?;
    session.conn.prepare_cached(SQL)?.execute(bounds(&head, criteria))?;
    Ok(())
}

/// Entity and bounds, as the statements take them.
fn bounds(head: &Head, criteria: SnapshotCriteria) -> [i64; 5] {
    let number = |nr: SequenceNr| i64::try_from(nr.get()).unwrap_or(i64::MAX);
    [
        head.entity,
        number(criteria.min_sequence_nr),
        number(criteria.max_sequence_nr),
        criteria.min_taken_at.as_micros(),
        criteria.max_taken_at.as_micros(),
    ]
}

/// The newest snapshot that meets the criteria.
pub(crate) fn load(
    reader: &mut Reader,
    id: &PersistenceId,
    criteria: SnapshotCriteria,
) -> Result<Option<Snapshot>, Fault> {
    const SQL: &str = "SELECT sequence_nr, taken_at, manifest, codec, checksum, outcomes_checksum, outcomes,
            payload, outcomes_complete
        FROM snapshot WHERE entity = ?1 AND sequence_nr BETWEEN ?2 AND ?3 AND taken_at BETWEEN ?4 AND ?5
        ORDER BY sequence_nr DESC LIMIT 1";
    reader.snapshot(|conn, names| {
        let Some(head) = Head::load(conn, id)? else { return Ok(None) };
        let mut statement = conn.prepare_cached(SQL)?;
        let mut rows = statement.query(bounds(&head, criteria))?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let (sequence_nr, taken_at) = number_and_time(row)?;
        let corrupt =
            |detail: &str| StorageError::corrupt(Subject::Snapshot(id.clone(), sequence_nr), detail);
        let payload: Option<Payload> =
            names.payload(conn, row, [2, 3, 4, 7])?.map_err(|detail| corrupt(&detail))?;
        let payload = payload.ok_or_else(|| corrupt("it has no manifest"))?;
        let outcomes = row.get_ref(6)?.as_blob().ok();
        let sound = outcomes.filter(|bytes| Ok(xxh3_64(bytes).cast_signed()) == row.get(5));
        let outcomes = sound.and_then(encoding::parse_outcomes);
        let outcomes = outcomes.ok_or_else(|| corrupt("its outcomes are damaged"))?;
        let outcomes_complete = match row.get_ref(8)?.as_i64() {
            Ok(0) => false,
            Ok(1) => true,
            _ => return Err(corrupt("whether its outcomes are complete cannot be read").into()),
        };
        Ok(Some(Snapshot { sequence_nr, taken_at, payload, outcomes, outcomes_complete }))
    })
}

/// Number and time of the snapshots that meet the criteria.
pub(crate) fn list(
    reader: &mut Reader,
    id: &PersistenceId,
    criteria: SnapshotCriteria,
) -> Result<Vec<(SequenceNr, Timestamp)>, Fault> {
    const SQL: &str = "SELECT sequence_nr, taken_at FROM snapshot WHERE entity = ?1
        AND sequence_nr BETWEEN ?2 AND ?3 AND taken_at BETWEEN ?4 AND ?5 ORDER BY sequence_nr";
    reader.snapshot(|conn: &Connection, _| {
        let Some(head) = Head::load(conn, id)? else { return Ok(Vec::new()) };
        let mut statement = conn.prepare_cached(SQL)?;
        let found = statement.query_map(bounds(&head, criteria), number_and_time)?;
        Ok(found.collect::<Result<_, _>>()?)
    })
}

fn number_and_time(row: &Row<'_>) -> Result<(SequenceNr, Timestamp), rusqlite::Error> {
    let number: i64 = row.get(0)?;
    Ok((SequenceNr::new(number.unsigned_abs()), Timestamp::from_micros(row.get(1)?)))
}

#[cfg(test)]
mod tests {
    use crate::SqliteStorage;
    use crate::writes::*;
    use annals::storage::{KeyedOutcome, Snapshot, SnapshotStorage, SnapshotWrite, StorageError};
    use annals::{SequenceNr, Timestamp};
    use futures_util::FutureExt;
    use std::sync::mpsc;

    #[tokio::test]
    async fn a_snapshot_that_is_too_large_is_refused_alone() {
        let scratch = Scratch::new();
        let storage = SqliteStorage::open(scratch.file()).await.unwrap();
        own(&storage, 1).await;
        let (mut good, mut bad) = (Activation::new(id("good"), 1), Activation::new(id("bad"), 1));
        store(&storage, vec![bad.events(&[b"x"], None)]).await;
        let outcomes: Vec<KeyedOutcome> = (0..5)
            .map(|n| {
                let mut kept = kept(&n.to_string());
                kept.outcome.payload = payload("reply", &vec![7; 4 << 20]);
                kept
            })
            .collect();
        let (sequence_nr, taken_at) = (SequenceNr::new(1), Timestamp::from_micros(1));
        let payload = payload("state", b"1");
        let snapshot = Snapshot { sequence_nr, taken_at, payload, outcomes, outcomes_complete: false };
        let write = SnapshotWrite { id: bad.id.clone(), fence: bad.fence, snapshot };
        // The writer is kept busy until both wait, so that they share a transaction.
        let (gate, opened) = mpsc::channel::<()>();
        let (entered, enter) = mpsc::channel();
        let mut busy = Box::pin(storage.write(0, move |_| {
            entered.send(()).unwrap();
            let _ = opened.recv();
            Ok(())
        }));
        assert!((&mut busy).now_or_never().is_none());
        enter.recv().unwrap();
        let mut appending = Box::pin(append(&storage, vec![good.events(&[b"x"], None)]));
        let mut saving = storage.save(write);
        assert!((&mut appending).now_or_never().is_none());
        assert!((&mut saving).now_or_never().is_none());
        drop(gate);
        busy.await.unwrap();
        assert!(appending.await.remove(0).is_ok());
        let refused = saving.await.unwrap_err();
        assert!(matches!(refused, StorageError::TooLarge { .. }), "{refused}");
        assert!(refused.to_string().contains("snapshot 1 of account/bad"), "{refused}");
    }
}
