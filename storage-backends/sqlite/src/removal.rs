//! Rows that are to be removed because they were deleted or erased. What is gone is decided at once, in the head of
//! the entity; the rows follow in steps, so that no writer waits for long, and after a restart if need be.

use crate::error::Fault;
use crate::session::Session;
use crate::{erase, trim};
use rusqlite::Connection;
use tokio::sync::oneshot;

/// How many rows one step takes.
pub(crate) const STEP_ROWS: usize = 1_024;

/// Why rows are removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Cause {
    /// Their events were deleted; see [`trim`].
    Deleted,
    /// Their entity was erased; see [`erase`].
    Erased,
}

/// Rows of one entity that are to be removed.
#[derive(Debug)]
pub(crate) struct Removal {
    pub(crate) entity: i64,
    pub(crate) cause: Cause,
    /// Waits for the end; dropped when there is none in this run of the program.
    done: Option<oneshot::Sender<()>>,
}

/// Ends when the rows are removed, or when that has to wait for the next opening.
pub(crate) type Removed = oneshot::Receiver<()>;

impl Removal {
    /// One that was just decided.
    pub(crate) fn begin(entity: i64, cause: Cause) -> (Self, Removed) {
        let (done, removed) = oneshot::channel();
        (Self { entity, cause, done: Some(done) }, removed)
    }

    /// What tells it from others.
    pub(crate) fn subject(&self) -> (i64, Cause) {
        (self.entity, self.cause)
    }

    /// Lets go whoever waits for it.
    pub(crate) fn release_caller(&mut self) {
        self.done = None;
    }
}

/// Whether a removal has more steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    More,
    Last,
}

/// Removes some rows inside the open transaction.
pub(crate) fn step(session: &mut Session<'_>, entity: i64, cause: Cause) -> Result<Step, Fault> {
    let step = match cause {
        Cause::Deleted => trim::step(session, entity)?,
        Cause::Erased => erase::step(session, entity)?,
    };
    // Rows at the end may be gone now, and their numbers must not be given out again.
    session.conn.prepare_cached("UPDATE store SET row_floor = ?1")?.execute([session.memory.last_row])?;
    Ok(step)
}

/// The removals that an earlier run of the program did not finish.
pub(crate) fn unfinished(conn: &Connection) -> Result<Vec<Removal>, rusqlite::Error> {
    let mut removals = Vec::new();
    for (cause, sql) in
        [(Cause::Erased, "SELECT DISTINCT entity FROM erasure"), (Cause::Deleted, "SELECT entity FROM trim")]
    {
        let mut statement = conn.prepare_cached(sql)?;
        let entities = statement.query_map([], |row| row.get(0))?;
        for entity in entities {
            removals.push(Removal { entity: entity?, cause, done: None });
        }
    }
    Ok(removals)
}
