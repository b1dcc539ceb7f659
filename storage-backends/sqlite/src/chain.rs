//! Walking the rows of one entity forward, although each row points backward:
//!
//! ```text
//!          block                block           head.last_row
//!            v                    v                 v
//!  r <- r <- r  <-  r <- r <- ... r  <-  r <- r <-  r        prev_row
//!  '-- 64 ---'      '---- 64 -----'      '-- < 64 --'
//! ```
//!
//! A stretch of rows is found by walking back from its block, or, when the rows lie densely, by one range
//! scan. The pointers are checked either way, so that a missing row is never passed over.

use crate::error::{Fault, is_damage};
use crate::head::Head;
use annals::storage::{StorageError, Subject};
use annals::{PersistenceId, Position, SequenceNr};
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::ops::ControlFlow;

/// How many rows of an entity share a block.
pub(crate) const BLOCK_ROWS: i64 = 64;

/// A range scan passes over up to this many rows of other entities for one that is wanted. An estimate: passing
/// over a row decodes one column, finding one by its number searches the tree twice, for the pointer and for
/// the row.
const SCANNED_PER_ROW: i64 = 16;

/// How many blocks one range scan may join.
const JOINED_BLOCKS: i64 = 16;

/// A chain is never walked further than this at once. Blocks are shorter, so a longer walk means that block
/// rows are missing; the range scan works without them.
const MAX_WALK: usize = 4_096;

/// A place in a chain: just behind a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// The row; the one that the first row points at before that.
    pub(crate) row: i64,
    /// Its sequence number.
    pub(crate) sequence_nr: i64,
    /// The row may be gone since: the next row need not point at it.
    pub(crate) loose: bool,
}

/// Two forms of one query over `journal`: by `row > ?1 AND row <= ?2 AND entity = ?3`, in the order of rows,
/// and by `row = ?1 AND entity = ?2`. Their first columns are row, sequence_nr and prev_row.
pub(crate) struct Columns {
    pub(crate) by_range: &'static str,
    pub(crate) by_row: &'static str,
}

/// One entity's rows, as one transaction sees them.
pub(crate) struct Chain<'a> {
    pub(crate) conn: &'a Connection,
    pub(crate) id: &'a PersistenceId,
    pub(crate) head: &'a Head,
}

type Visit<'v> = &'v mut dyn FnMut(&Row<'_>) -> Result<ControlFlow<()>, Fault>;

impl Chain<'_> {
    /// The place where the chain begins. What was erased lies before it.
    fn start(&self) -> Place {
        let sequence_nr = self.head.erased_to.get().cast_signed();
        Place { row: self.head.erased_row, sequence_nr, loose: false }
    }

    /// The last place known to be before every row that has `number`.
    pub(crate) fn before(&self, number: i64) -> Result<Place, rusqlite::Error> {
        const SQL: &str = "SELECT row, sequence_nr FROM block WHERE entity = ?1 AND sequence_nr < ?2
            AND (sequence_nr, row) > (?3, ?4) ORDER BY sequence_nr DESC, row DESC LIMIT 1";
        let start = self.start();
        let found = self
            .conn
            .prepare_cached(SQL)?
            .query_row([self.head.entity, number, start.sequence_nr, start.row], |row| {
                Ok(Place { row: row.get(0)?, sequence_nr: row.get(1)?, loose: false })
            })
            .optional()?;
        Ok(found.unwrap_or(start))
    }

    /// Shows the rows behind `place` to `visit`, in order, until it breaks off or there are no more.
    pub(crate) fn scan(&self, place: Place, columns: &Columns, visit: Visit<'_>) -> Result<(), Fault> {
        let mut place = place;
        while place.row < self.head.last_row {
            let stretch = self.stretch(place)?;
            let end = stretch.end();
            if self.scan_stretch(&mut place, stretch, columns, visit)?.is_break() {
                return Ok(());
            }
            if place.row != end {
                return Err(self.missing(place, None).into());
            }
        }
        Ok(())
    }

    /// The next rows behind `place`: some blocks that lie densely, or else one block, or what comes after
    /// the last block.
    fn stretch(&self, place: Place) -> Result<Stretch, rusqlite::Error> {
        const SQL: &str =
            "SELECT row FROM block WHERE entity = ?1 AND (sequence_nr, row) > (?2, ?3) AND row > ?3
            ORDER BY sequence_nr, row LIMIT ?4";
        let mut statement = self.conn.prepare_cached(SQL)?;
        let mut rows = statement.query([self.head.entity, place.sequence_nr, place.row, JOINED_BLOCKS])?;
        let (mut first, mut joined, mut dense_to) = (None, 0, None);
        let mut fits = |end: i64, count: i64| {
            first.get_or_insert(end);
            joined += count;
            let fits = end.saturating_sub(place.row) <= SCANNED_PER_ROW * joined;
            if fits {
                dense_to = Some(end);
            }
            fits
        };
        let mut blocks = 0;
        let mut dense = true;
        while dense && let Some(row) = rows.next()? {
            dense = fits(row.get(0)?, BLOCK_ROWS);
            blocks += 1;
        }
        if dense && blocks < JOINED_BLOCKS {
            fits(self.head.last_row, self.head.unblocked.max(1));
        }
        if let Some(last) = dense_to {
            return Ok(Stretch::Range { after: place.row, last });
        }
        let last = first.unwrap_or(self.head.last_row);
        Ok(match self.walk_back(last, place.row)? {
            Some(rows) => Stretch::Rows(rows),
            None => Stretch::Range { after: place.row, last },
        })
    }

    /// The rows from behind `after` to `last`, in order; none if the chain is broken.
    fn walk_back(&self, last: i64, after: i64) -> Result<Option<Vec<i64>>, rusqlite::Error> {
        let mut statement =
            self.conn.prepare_cached("SELECT prev_row FROM journal WHERE row = ?1 AND entity = ?2")?;
        let (mut rows, mut at) = (Vec::with_capacity(BLOCK_ROWS as usize), last);
        while at > after {
            rows.push(at);
            let prev = statement.query_row([at, self.head.entity], |row| row.get(0)).optional()?;
            match prev {
                Some(prev) if prev < at && rows.len() <= MAX_WALK => at = prev,
                _ => return Ok(None),
            }
        }
        rows.reverse();
        Ok(Some(rows))
    }

    fn scan_stretch(
        &self,
        place: &mut Place,
        stretch: Stretch,
        columns: &Columns,
        visit: Visit<'_>,
    ) -> Result<ControlFlow<()>, Fault> {
        match stretch {
            Stretch::Range { after, last } => {
                let mut statement = self.conn.prepare_cached(columns.by_range)?;
                let mut rows = statement.query([after, last, self.head.entity])?;
                while let Some(row) = rows.next()? {
                    if self.step(place, row, visit)?.is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                }
            }
            Stretch::Rows(numbers) => {
                let mut statement = self.conn.prepare_cached(columns.by_row)?;
                for number in numbers {
                    let mut rows = statement.query([number, self.head.entity])?;
                    if let Some(row) = rows.next()?
                        && self.step(place, row, visit)?.is_break()
                    {
                        return Ok(ControlFlow::Break(()));
                    }
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn step(&self, place: &mut Place, row: &Row<'_>, visit: Visit<'_>) -> Result<ControlFlow<()>, Fault> {
        let (number, sequence_nr) = (row.get(0)?, row.get(1)?);
        let prev_row: i64 = row.get(2).map_err(|error| self.unreadable(sequence_nr, error))?;
        if prev_row != place.row && !place.loose {
            return Err(self.missing(*place, Some(sequence_nr)).into());
        }
        let flow = visit(row).map_err(|fault| match fault {
            Fault::Sql(error) => self.unreadable(sequence_nr, error),
            refused => refused,
        })?;
        *place = Place { row: number, sequence_nr, loose: false };
        Ok(flow)
    }

    /// What is said when a column of a row is damaged: which event it belongs to.
    fn unreadable(&self, sequence_nr: i64, error: rusqlite::Error) -> Fault {
        if !is_damage(&error) {
            return error.into();
        }
        let subject = Subject::Event(self.id.clone(), SequenceNr::new(sequence_nr.unsigned_abs()));
        StorageError::corrupt(subject, format_args!("its row cannot be read: {error}")).into()
    }

    /// What is said when the row behind `place` is not there.
    fn missing(&self, place: Place, found: Option<i64>) -> StorageError {
        let last = place.sequence_nr.unsigned_abs().max(self.head.deleted_to.get());
        let next = found.map_or(self.head.highest.get(), i64::unsigned_abs);
        if next > last.saturating_add(u64::from(found.is_some())) {
            let subject = Subject::Event(self.id.clone(), SequenceNr::new(last.saturating_add(1)));
            return StorageError::corrupt(subject, "its row is missing; restore the file from a backup");
        }
        StorageError::corrupt(
            Subject::Entity(self.id.clone()),
            format_args!(
                "a row with an outcome behind event {last} is missing; restore the file from a backup"
            ),
        )
    }

    /// The feed position of an event, if it is still there.
    pub(crate) fn position_of(&self, number: SequenceNr) -> Result<Option<Position>, Fault> {
        const COLUMNS: Columns = Columns {
            by_range: "SELECT row, sequence_nr, prev_row, position, manifest IS NOT NULL FROM journal
                WHERE row > ?1 AND row <= ?2 AND entity = ?3 ORDER BY row",
            by_row: "SELECT row, sequence_nr, prev_row, position, manifest IS NOT NULL FROM journal
                WHERE row = ?1 AND entity = ?2",
        };
        let number = number.get().cast_signed();
        let mut position = None;
        self.scan(self.before(number)?, &COLUMNS, &mut |row| {
            let sequence_nr: i64 = row.get(1)?;
            if sequence_nr == number && row.get(4)? {
                position = Some(Position::new(row.get::<_, i64>(3)?.unsigned_abs()));
            }
            Ok(if sequence_nr >= number { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        Ok(position)
    }
}

enum Stretch {
    /// Every row of the entity behind `after`, up to `last`.
    Range { after: i64, last: i64 },
    /// These rows.
    Rows(Vec<i64>),
}

impl Stretch {
    fn end(&self) -> i64 {
        match self {
            Self::Range { last, .. } => *last,
            Self::Rows(rows) => rows.last().copied().unwrap_or_default(),
        }
    }
}

/// Ends a block at the head's last row.
pub(crate) fn add_block(conn: &Connection, head: &Head) -> Result<(), rusqlite::Error> {
    conn.prepare_cached("INSERT INTO block VALUES (?1, ?2, ?3)")?.execute(params![
        head.entity,
        head.highest.get().cast_signed(),
        head.last_row
    ])?;
    Ok(())
}
