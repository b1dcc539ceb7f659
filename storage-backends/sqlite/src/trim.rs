//! Deleting events. What is deleted is decided by `head.deleted_to`, and the rows are removed behind that in steps,
//! from the first one on. A row whose outcome is kept stays without its event, and the chain is mended in the same
//! transaction.

use crate::chain::{Chain, Columns, Place};
use crate::error::Fault;
use crate::head::Head;
use crate::removal::{Cause, Removal, Removed, STEP_ROWS, Step};
use crate::session::{Session, id_of};
use annals::storage::Fence;
use annals::{PersistenceId, SequenceNr};
use rusqlite::{Connection, params};
use std::ops::ControlFlow;

const COLUMNS: Columns = Columns {
    by_range: "SELECT row, sequence_nr, prev_row, manifest IS NOT NULL, key IS NOT NULL FROM journal
        WHERE row > ?1 AND row <= ?2 AND entity = ?3 ORDER BY row",
    by_row: "SELECT row, sequence_nr, prev_row, manifest IS NOT NULL, key IS NOT NULL FROM journal
        WHERE row = ?1 AND entity = ?2",
};

/// Decides a deletion inside the open transaction. What is given back ends when the rows are removed.
pub(crate) fn delete_to(
    session: &mut Session<'_>,
    id: &PersistenceId,
    fence: Fence,
    to: SequenceNr,
) -> Result<Option<Removed>, Fault> {
    session.memory.shards.check(fence)?;
    let (at, head) = session.head(id)?;
    let to = to.min(head.highest);
    if to <= head.deleted_to {
        return Ok(None);
    }
    let chain = Chain { conn: session.conn, id, head: &head };
    let position = chain.position_of(to)?;
    let place = chain.before(head.deleted_to.next().get().cast_signed())?;
    let shard = session.memory.shards.change(fence.shard);
    shard.compacted = position.map_or(shard.compacted, |position| position.max(shard.compacted));
    const SQL: &str = "INSERT INTO trim VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (entity) DO UPDATE SET to_nr = ?4";
    session.conn.prepare_cached(SQL)?.execute(params![
        head.entity,
        place.row,
        place.sequence_nr,
        to.get().cast_signed()
    ])?;
    session.memory.heads.put(at, Head { deleted_to: to, ..head });
    let (removal, removed) = Removal::begin(head.entity, Cause::Deleted);
    session.staged.removals.push(removal);
    Ok(Some(removed))
}

/// Removes some rows inside the open transaction.
pub(crate) fn step(session: &mut Session<'_>, entity: i64) -> Result<Step, Fault> {
    let Some((place, to)) = bounds(session.conn, entity)? else { return Ok(Step::Last) };
    let Some(id) = id_of(session.conn, entity)? else { return Ok(Step::Last) };
    let (at, mut head) = session.head(&id)?;
    let chain = Chain { conn: session.conn, id: &id, head: &head };
    let page = Page::read(&chain, place, to)?;
    let step = match page.rows.last() {
        Some(last) if page.more => {
            const SQL: &str = "UPDATE trim SET row = ?2, sequence_nr = ?3 WHERE entity = ?1";
            session.conn.prepare_cached(SQL)?.execute([entity, last.row, last.sequence_nr])?;
            Step::More
        }
        _ => {
            session.conn.prepare_cached("DELETE FROM trim WHERE entity = ?1")?.execute([entity])?;
            Step::Last
        }
    };
    let last_block = last_block(session.conn, &head, (i64::MAX, i64::MAX))?;
    let kept_rows = page.remove_rows(session.conn)?;
    page.mend_blocks(session.conn, &head, &kept_rows)?;
    page.mend_end(&mut head, &kept_rows, last_block);
    session.memory.heads.put(at, head);
    Ok(step)
}

fn bounds(conn: &Connection, entity: i64) -> Result<Option<(Place, i64)>, rusqlite::Error> {
    conn.prepare_cached("SELECT row, sequence_nr, to_nr FROM trim WHERE entity = ?1")?
        .query_map([entity], |row| {
            Ok((Place { row: row.get(0)?, sequence_nr: row.get(1)?, loose: true }, row.get(2)?))
        })?
        .next()
        .transpose()
}

/// Some rows in the order of the chain, and what they hang on.
#[derive(Debug, Default)]
struct Page {
    rows: Vec<Link>,
    /// The row behind them, which points at the last of them.
    next: Option<i64>,
    more: bool,
}

#[derive(Debug, Clone, Copy)]
struct Link {
    row: i64,
    sequence_nr: i64,
    prev_row: i64,
    event: bool,
    key: bool,
}

impl Page {
    fn read(chain: &Chain<'_>, place: Place, to: i64) -> Result<Self, Fault> {
        let mut page = Self::default();
        chain.scan(place, &COLUMNS, &mut |row| {
            let link = Link {
                row: row.get(0)?,
                sequence_nr: row.get(1)?,
                prev_row: row.get(2)?,
                event: row.get(3)?,
                key: row.get(4)?,
            };
            page.more = link.sequence_nr <= to;
            if !page.more || page.rows.len() >= STEP_ROWS {
                page.next = Some(link.row);
                return Ok(ControlFlow::Break(()));
            }
            page.rows.push(link);
            Ok(ControlFlow::Continue(()))
        })?;
        page.more &= page.next.is_some();
        Ok(page)
    }

    /// Removes or empties each row and relinks what stays. The answer: for each row the last one that stays
    /// up to it.
    fn remove_rows(&self, conn: &Connection) -> Result<Vec<i64>, rusqlite::Error> {
        const EMPTY: &str = "UPDATE journal SET prev_row = ?2, manifest = NULL, codec = NULL,
            checksum = NULL, labels = NULL, payload = NULL WHERE row = ?1";
        const RELINK: &str = "UPDATE journal SET prev_row = ?2 WHERE row = ?1";
        let mut last = self.rows.first().map_or(0, |link| link.prev_row);
        let mut kept_rows = Vec::with_capacity(self.rows.len());
        for link in &self.rows {
            match link {
                Link { event: true, key: false, .. } => {
                    conn.prepare_cached("DELETE FROM journal WHERE row = ?1")?.execute([link.row])?;
                }
                Link { event: true, key: true, .. } => {
                    conn.prepare_cached(EMPTY)?.execute([link.row, last])?;
                    last = link.row;
                }
                Link { event: false, .. } => {
                    if link.prev_row != last {
                        conn.prepare_cached(RELINK)?.execute([link.row, last])?;
                    }
                    last = link.row;
                }
            }
            kept_rows.push(last);
        }
        if let Some(next) = self.next.filter(|_| !self.rows.is_empty()) {
            conn.prepare_cached(RELINK)?.execute([next, last])?;
        }
        Ok(kept_rows)
    }

    /// Blocks that ended in a removed row end in the last one that stays of them, or are no more.
    fn mend_blocks(&self, conn: &Connection, head: &Head, kept_rows: &[i64]) -> Result<(), rusqlite::Error> {
        let (Some(first), Some(last)) = (self.rows.first(), self.rows.last()) else { return Ok(()) };
        const ENDS: &str = "SELECT row, sequence_nr FROM block WHERE entity = ?1
            AND sequence_nr BETWEEN ?2 AND ?3 AND row BETWEEN ?4 AND ?5 ORDER BY sequence_nr, row";
        let bounds = [head.entity, first.sequence_nr, last.sequence_nr, first.row, last.row];
        let ends: Vec<(i64, i64)> = conn
            .prepare_cached(ENDS)?
            .query_map(bounds, |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        let mut before = last_block(conn, head, (first.sequence_nr, first.row))?;
        for (end, sequence_nr) in ends {
            let at = self.rows.partition_point(|link| link.row <= end);
            let kept = at.checked_sub(1).map_or(end, |at| kept_rows[at]);
            if kept == end {
                before = end;
                continue;
            }
            conn.prepare_cached("DELETE FROM block WHERE entity = ?1 AND sequence_nr = ?2 AND row = ?3")?
                .execute([head.entity, sequence_nr, end])?;
            if kept > before {
                const ADD: &str =
                    "INSERT INTO block SELECT entity, sequence_nr, row FROM journal WHERE row = ?1";
                conn.prepare_cached(ADD)?.execute([kept])?;
                before = kept;
            }
        }
        Ok(())
    }

    /// The head knows the last row, and how many come after the last block.
    fn mend_end(&self, head: &mut Head, kept_rows: &[i64], last_block: i64) {
        if let (None, Some(&kept)) = (self.next, kept_rows.last()) {
            head.last_row = kept;
        }
        let gone = |link: &&Link| link.row > last_block && link.event && !link.key;
        // Not below zero, whatever the stored blocks say.
        head.unblocked = (head.unblocked - self.rows.iter().filter(gone).count() as i64).max(0);
    }
}

/// The row at which the last block before a place ends, or behind which the chain begins.
fn last_block(
    conn: &Connection,
    head: &Head,
    (sequence_nr, row): (i64, i64),
) -> Result<i64, rusqlite::Error> {
    const SQL: &str = "SELECT row FROM block WHERE entity = ?1 AND (sequence_nr, row) < (?2, ?3)
        ORDER BY sequence_nr DESC, row DESC LIMIT 1";
    let found: Option<i64> = conn
        .prepare_cached(SQL)?
        .query_map([head.entity, sequence_nr, row], |row| row.get(0))?
        .next()
        .transpose()?;
    Ok(found.unwrap_or(0).max(head.erased_row))
}
