//! The group: judging each write, and storing those that are right. The only place that adds to `journal`.

use crate::chain::{self, Chain};
use crate::encoding;
use crate::error::{Fault, storable};
use crate::head::Head;
use crate::keys::KeyEntry;
use crate::session::Session;
use crate::state;
use annals::storage::{Change, Committed, Counter, Event, Fence, KeyedOutcome, StorageError, Write};
use annals::{Name, Position, Timestamp, WriteNr};
use rusqlite::types::Null;
use rusqlite::{CachedStatement, ToSql, params};

/// Stores a group inside the open transaction: one result per write. A refused write leaves no trace.
pub(crate) fn append(
    session: &mut Session<'_>,
    group: &[Write],
) -> Result<Vec<Result<Committed, StorageError>>, Fault> {
    let conn = session.conn;
    let mut rows = RowWriter { statement: conn.prepare_cached(INSERT_ROW)? };
    let mut results = Vec::with_capacity(group.len());
    for write in group {
        results.push(match store(session, &mut rows, write) {
            Ok(committed) => Ok(committed),
            Err(Fault::Refused(error)) => Err(error),
            Err(fault) => return Err(fault),
        });
    }
    Ok(results)
}

fn store(session: &mut Session<'_>, rows: &mut RowWriter<'_>, write: &Write) -> Result<Committed, Fault> {
    session.memory.shards.check(write.fence)?;
    if !write.side_effects.is_empty() {
        let what = "messages, timers and outbox entries";
        return Err(StorageError::Unsupported { backend: crate::NAME, what }.into());
    }
    write.check_sizes(crate::MAX_PAYLOAD_BYTES)?;
    let (at, mut head) = session.head(&write.id)?;
    if is_repetition(&head, write) {
        return repeat(session, &head, write);
    }
    check_numbers(&head, write)?;

    // From here on nothing is refused any more: what fails now is SQLite, and takes the transaction along.
    session.intern(&write.id, &mut head)?;
    head.activation = write.activation;
    head.write_nr = write.write_nr;
    let committed = match &write.change {
        Change::Events { events, .. } => {
            let position = store_events(session, rows, &mut head, write, events)?;
            Committed::Events { sequence_nr: head.highest, position }
        }
        Change::State { change, .. } => {
            state::store(session, &mut head, write, change)?;
            if let Some(kept) = &write.outcome {
                store_row(session, rows, &mut head, Content::of(write, None, Some(kept)))?;
            }
            Committed::State { revision: head.revision }
        }
    };
    session.memory.heads.put(at, head);
    Ok(committed)
}

fn is_repetition(head: &Head, write: &Write) -> bool {
    head.activation == write.activation && (WriteNr::new(1)..=head.write_nr).contains(&write.write_nr)
}

/// The success of a write that is stored already, told from the write itself.
fn repeat(session: &mut Session<'_>, head: &Head, write: &Write) -> Result<Committed, Fault> {
    match &write.change {
        Change::Events { expected, events } => {
            let sequence_nr = expected.plus(events.len() as u64);
            let position = if events.is_empty() {
                None
            } else if sequence_nr == head.highest {
                Some(head.position)
            } else {
                Chain { conn: session.conn, id: &write.id, head }.position_of(sequence_nr)?
            };
            Ok(Committed::Events { sequence_nr, position })
        }
        Change::State { expected, change } => {
            Ok(Committed::State { revision: state::revision_after(*expected, change) })
        }
    }
}

fn check_numbers(head: &Head, write: &Write) -> Result<(), StorageError> {
    let conflict = |counter, expected, actual| {
        Err(StorageError::Conflict { id: write.id.clone(), counter, expected, actual })
    };
    let last = if head.activation == write.activation { head.write_nr } else { WriteNr::ZERO };
    if write.write_nr != last.next() {
        return conflict(Counter::WriteNr, write.write_nr.get().saturating_sub(1), last.get());
    }
    match &write.change {
        Change::Events { expected, .. } if *expected != head.highest => {
            conflict(Counter::SequenceNr, expected.get(), head.highest.get())
        }
        Change::Events { expected, events } => {
            storable(expected.get().saturating_add(events.len() as u64)).map(drop)
        }
        Change::State { expected, .. } if *expected != head.revision => {
            conflict(Counter::Revision, expected.get(), head.revision.get())
        }
        Change::State { expected, change } => {
            storable(state::revision_after(*expected, change).get()).map(drop)
        }
    }
}

fn store_events(
    session: &mut Session<'_>,
    rows: &mut RowWriter<'_>,
    head: &mut Head,
    write: &Write,
    events: &[Event],
) -> Result<Option<Position>, rusqlite::Error> {
    let Some((last, before)) = events.split_last() else {
        if let Some(kept) = &write.outcome {
            store_row(session, rows, head, Content::of(write, None, Some(kept)))?;
        }
        return Ok(None);
    };
    for event in before {
        store_row(session, rows, head, Content::of(write, Some(event), None))?;
    }
    store_row(session, rows, head, Content::of(write, Some(last), write.outcome.as_ref()))?;
    Ok(Some(session.memory.shards.get(write.fence.shard).position))
}

/// What one row holds.
struct Content<'a> {
    entity_type: &'a Name,
    fence: Fence,
    written_at: Timestamp,
    event: Option<&'a Event>,
    kept: Option<&'a KeyedOutcome>,
}

impl<'a> Content<'a> {
    fn of(write: &'a Write, event: Option<&'a Event>, kept: Option<&'a KeyedOutcome>) -> Self {
        let (entity_type, fence, written_at) = (write.id.entity_type(), write.fence, write.written_at);
        Self { entity_type, fence, written_at, event, kept }
    }
}

fn store_row(
    session: &mut Session<'_>,
    rows: &mut RowWriter<'_>,
    head: &mut Head,
    content: Content<'_>,
) -> Result<(), rusqlite::Error> {
    let shard = session.memory.shards.change(content.fence.shard);
    if content.event.is_some() {
        shard.position = shard.position.next();
        head.highest = head.highest.next();
        head.position = shard.position;
    }
    let position = shard.position;
    session.memory.last_row += 1;
    let row = session.memory.last_row;
    rows.insert(session, head, row, position, &content)?;
    if let Some(kept) = content.kept {
        session.staged.keys.push(KeyEntry::new(head.entity, &kept.key, row));
    }
    head.last_row = row;
    head.unblocked += 1;
    if head.unblocked >= chain::BLOCK_ROWS {
        chain::add_block(session.conn, head)?;
        head.unblocked = 0;
    }
    Ok(())
}

const INSERT_ROW: &str =
    "INSERT INTO journal VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19)";

/// The statement that adds rows, prepared once per group.
struct RowWriter<'c> {
    statement: CachedStatement<'c>,
}

impl RowWriter<'_> {
    fn insert(
        &mut self,
        session: &mut Session<'_>,
        head: &Head,
        row: i64,
        position: Position,
        content: &Content<'_>,
    ) -> Result<(), rusqlite::Error> {
        let (conn, manifests) = (session.conn, &mut session.memory.manifests);
        let event = content.event.map(|event| &event.payload);
        let event_manifest =
            event.map(|event| manifests.record(conn, content.entity_type, event.manifest())).transpose()?;
        let kept = content.kept.map(|kept| &kept.outcome.payload);
        let kept_manifest = kept.map(|kept| manifests.number(conn, kept.manifest())).transpose()?;
        let labels = content.event.and_then(|event| encoding::labels(&event.tags, &event.metadata));
        let out_payload: &dyn ToSql = match kept {
            Some(kept) => &kept.bytes(),
            None => &Null,
        };
        self.statement.execute(params![
            row,
            head.entity,
            head.highest.get().cast_signed(),
            head.last_row,
            content.fence.shard.get(),
            position.get().cast_signed(),
            content.written_at.as_micros(),
            event_manifest,
            event.map(|event| event.codec().0),
            event.map(|event| event.checksum().cast_signed()),
            content.kept.map(|kept| encoding::kind_number(kept.outcome.kind)),
            kept_manifest,
            kept.map(|kept| kept.codec().0),
            kept.map(|kept| kept.checksum().cast_signed()),
            content.kept.map(|kept| kept.command.get().to_be_bytes()),
            content.kept.map(|kept| kept.key.as_str()),
            labels,
            event.map(annals::Payload::bytes),
            out_payload,
        ])?;
        Ok(())
    }
}
