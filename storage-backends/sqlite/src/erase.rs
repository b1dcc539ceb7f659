//! Erasing an entity. What is erased is decided at once:
//!
//! ```text
//!      erased: never followed again               the chain from now on
//!  r <- r <- ... <- r        r <- r <- ... <- r  <-  r <- r <- r
//!                                             ^                ^
//!                                      head.erased_row   head.last_row
//! ```
//!
//! `head.erased_row` is the last row that the entity had, snapshots and the state go in the same transaction, and
//! every reader of rows, blocks and keys passes over what is not behind that row. Rows that were erased are
//! removed behind that in steps, each with its key and the blocks, from the last one back.

use crate::error::{Fault, storable};
use crate::head::Head;
use crate::keys::{self, KeyEntry};
use crate::removal::{Cause, Removal, Removed, STEP_ROWS, Step};
use crate::session::{Session, id_of};
use crate::state;
use annals::PersistenceId;
use annals::storage::Fence;
use rusqlite::{Connection, OptionalExtension};

/// Where a row is missing, its entity's next one is looked for among so many per step.
const SEARCHED_ROWS: i64 = 65_536;

/// Decides inside the open transaction. What is given back ends when the rows are removed.
pub(crate) fn erase(
    session: &mut Session<'_>,
    id: &PersistenceId,
    fence: Fence,
) -> Result<Option<Removed>, Fault> {
    session.memory.shards.check(fence)?;
    let (at, mut head) = session.head(id)?;
    if head.entity == 0 {
        return Ok(None);
    }
    storable(head.revision.get().saturating_add(1))?;

    // From here on nothing is refused any more.
    let conn = session.conn;
    let shard = session.memory.shards.change(fence.shard);
    shard.compacted = shard.compacted.max(head.position);
    conn.prepare_cached("DELETE FROM snapshot WHERE entity = ?1")?.execute([head.entity])?;
    state::erase(session, &mut head)?;
    // A deletion that is under way has nothing left to do: its rows are among those that are erased.
    conn.prepare_cached("DELETE FROM trim WHERE entity = ?1")?.execute([head.entity])?;
    // No row lies behind the last one that was given out, whatever a damaged head says.
    let given = session.memory.last_row;
    let (above, last_row) = (Some(head.erased_row).filter(|row| *row <= given), head.last_row.min(given));
    let above = above.unwrap_or(0);
    if last_row > above {
        let sql = "INSERT OR REPLACE INTO erasure VALUES (?1, ?2, ?3)";
        conn.prepare_cached(sql)?.execute([head.entity, above, last_row])?;
    }
    let (deleted_to, erased_to, erased_row) = (head.highest, head.highest, last_row);
    let erased = Head { deleted_to, erased_to, erased_row, last_row, unblocked: 0, ..head };
    session.memory.heads.put(at, erased);
    // Also rows that an earlier erasure has left, if its steps failed.
    if Chain::next(conn, head.entity)?.is_none() {
        return Ok(None);
    }
    let (removal, removed) = Removal::begin(head.entity, Cause::Erased);
    session.staged.removals.push(removal);
    Ok(Some(removed))
}

/// Removes some rows inside the open transaction.
pub(crate) fn step(session: &mut Session<'_>, entity: i64) -> Result<Step, Fault> {
    let Some(chain) = Chain::next(session.conn, entity)? else { return Ok(Step::Last) };
    let Some(id) = id_of(session.conn, entity)? else { return Ok(Step::Last) };
    let (_, head) = session.head(&id)?;
    let rest = chain.remove_rows(session)?;
    chain.remove_blocks(session.conn, &head, rest)?;
    if rest > chain.above {
        const SQL: &str = "UPDATE erasure SET row = ?3 WHERE entity = ?1 AND above = ?2";
        session.conn.prepare_cached(SQL)?.execute([entity, chain.above, rest])?;
    } else {
        const SQL: &str = "DELETE FROM erasure WHERE entity = ?1 AND above = ?2";
        session.conn.prepare_cached(SQL)?.execute([entity, chain.above])?;
    }
    Ok(if Chain::next(session.conn, entity)?.is_some() { Step::More } else { Step::Last })
}

/// What is left of an erased chain: the rows behind `above` up to `row`.
struct Chain {
    entity: i64,
    above: i64,
    row: i64,
}

/// An erased row, as far as it can be read.
struct Link {
    prev_row: Option<i64>,
    key: Option<KeyEntry>,
}

impl Chain {
    /// The newest of the entity's that are not removed yet: its blocks are the last ones of all that are erased.
    fn next(conn: &Connection, entity: i64) -> Result<Option<Self>, rusqlite::Error> {
        const SQL: &str = "SELECT above, row FROM erasure WHERE entity = ?1 ORDER BY above DESC LIMIT 1";
        conn.prepare_cached(SQL)?
            .query_row([entity], |row| Ok(Self { entity, above: row.get(0)?, row: row.get(1)? }))
            .optional()
    }

    /// Removes rows from the end. The answer: up to which row there may be more.
    fn remove_rows(&self, session: &mut Session<'_>) -> Result<i64, rusqlite::Error> {
        let (mut at, mut removed) = (self.row, 0);
        while at > self.above && removed < STEP_ROWS {
            let Some(link) = self.link(session.conn, at)? else {
                // Damage. What is behind it is erased all the same.
                let Some(last) = last_before(session.conn, at)? else { return Ok(self.above) };
                let low = self.above.max(last.saturating_sub(SEARCHED_ROWS));
                return Ok(self.last_between(session.conn, low, at)?.unwrap_or(low));
            };
            session.conn.prepare_cached("DELETE FROM journal WHERE row = ?1")?.execute([at])?;
            if let Some(key) = link.key {
                keys::remove(session, key)?;
            }
            removed += 1;
            at = link.prev_row.filter(|prev| *prev < at).unwrap_or(at - 1);
        }
        Ok(at)
    }

    fn link(&self, conn: &Connection, row: i64) -> Result<Option<Link>, rusqlite::Error> {
        conn.prepare_cached("SELECT prev_row, key FROM journal WHERE row = ?1 AND entity = ?2")?
            .query_row([row, self.entity], |found| {
                let key = found.get_ref(1)?.as_bytes_or_null().ok().flatten();
                let key = key.map(|key| KeyEntry::stored(self.entity, key, row));
                Ok(Link { prev_row: found.get(0).ok(), key })
            })
            .optional()
    }

    /// The last row behind `low` and before `high`.
    fn last_between(&self, conn: &Connection, low: i64, high: i64) -> Result<Option<i64>, rusqlite::Error> {
        const SQL: &str = "SELECT max(row) FROM journal WHERE row > ?1 AND row < ?2 AND entity = ?3";
        conn.prepare_cached(SQL)?.query_row([low, high, self.entity], |row| row.get(0))
    }

    /// Removes the blocks that end behind `rest`, the last ones before those of the living chain.
    fn remove_blocks(&self, conn: &Connection, head: &Head, rest: i64) -> Result<(), rusqlite::Error> {
        const LAST: &str = "SELECT sequence_nr, row FROM block
            WHERE entity = ?1 AND (sequence_nr, row) <= (?2, ?3) ORDER BY sequence_nr DESC, row DESC";
        let (mut select, mut blocks) = (conn.prepare_cached(LAST)?, Vec::new());
        let erased_to = head.erased_to.get().cast_signed();
        let mut rows = select.query([self.entity, erased_to, head.erased_row])?;
        while let Some(row) = rows.next()? {
            let block: (i64, i64) = (row.get(0)?, row.get(1)?);
            if block.1 <= rest {
                break;
            }
            blocks.push(block);
        }
        let mut delete =
            conn.prepare_cached("DELETE FROM block WHERE entity = ?1 AND sequence_nr = ?2 AND row = ?3")?;
        for (sequence_nr, row) in blocks {
            delete.execute([self.entity, sequence_nr, row])?;
        }
        Ok(())
    }
}

/// The last row of any entity before `row`: where none lies nothing is looked for.
fn last_before(conn: &Connection, row: i64) -> Result<Option<i64>, rusqlite::Error> {
    conn.prepare_cached("SELECT max(row) FROM journal WHERE row < ?1")?.query_row([row], |found| found.get(0))
}
