//! The one thread that writes. It takes all jobs that wait, does them in one transaction, commits, and
//! answers; in between it removes deleted rows and moves keys into the index, one step at a time.

use crate::checkpoint::Checkpoints;
use crate::error::{Fault, indeterminate, nothing_written, unavailable};
use crate::job::Job;
use crate::keys::{self, RecentKeys};
use crate::presence::Presence;
use crate::queue::Queue;
use crate::removal::{self, Removal, Step};
use crate::session::{Memory, Session, Staged};
use annals::storage::StorageError;
use rusqlite::{Connection, ErrorCode};
use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

/// Upkeep that fails is tried again at the latest after two to the power of this many transactions.
const MAX_DOUBLINGS: u32 = 10;

/// No further job is taken into a transaction that writes so much already.
const TRANSACTION_BYTES: usize = 16 << 20;

/// What the thread owns.
pub(crate) struct Writer {
    conn: Connection,
    store: Arc<str>,
    presence: Presence,
    checkpoints: Checkpoints,
    recent: Arc<RecentKeys>,
    /// None: to be read again before the next transaction.
    memory: Option<Memory>,
    data_version: i64,
    removals: VecDeque<Removal>,
    upkeep: Upkeep,
    /// How often upkeep failed since it last succeeded.
    failures: u32,
    merge: Merge,
    /// Why nothing is written any more.
    broken: Option<String>,
}

/// What waits for the thread.
pub(crate) type Jobs = Queue<Box<dyn Job>>;

/// What a caller is told that comes too late.
pub(crate) const CLOSED: &str = "it was closed";

/// Whether work of the writer's own is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Upkeep {
    Due,
    Done,
    /// The last step failed. It is tried again after so many transactions that succeed.
    Failed(u32),
}

/// Whether runs of the index may have to be merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Merge {
    Due,
    Done,
}

impl Writer {
    pub(crate) fn new(
        conn: Connection,
        store: Arc<str>,
        presence: Presence,
        checkpoints: Checkpoints,
        recent: Arc<RecentKeys>,
    ) -> Result<Self, StorageError> {
        let (removals, upkeep, merge) = (VecDeque::new(), Upkeep::Due, Merge::Due);
        let (memory, data_version, failures, broken) = (None, UNKNOWN, 0, None);
        let mut writer = Self {
            conn,
            store,
            presence,
            checkpoints,
            recent,
            memory,
            data_version,
            removals,
            upkeep,
            failures,
            merge,
            broken,
        };
        writer.reload().map_err(|fault| fault.into_storage(&writer.store))?;
        Ok(writer)
    }

    /// The name of the store, for errors.
    pub(crate) fn store(&self) -> &Arc<str> {
        &self.store
    }

    /// Works until nothing waits and the queue is closed.
    pub(crate) fn run(&mut self, queue: &Jobs) {
        while let Some(jobs) = self.next(queue) {
            if !jobs.is_empty() {
                self.work(jobs);
            }
            if self.upkeep == Upkeep::Due {
                self.try_to_keep_up();
            }
            self.checkpoints.keep_short(&self.conn);
        }
    }

    /// Everything that waits, up to a bound; waits itself only if it has nothing else to do. None at the end.
    fn next(&self, queue: &Jobs) -> Option<Vec<Box<dyn Job>>> {
        // Asked first: once it is closed nothing is added.
        let closed = queue.is_closed();
        let first = match self.upkeep {
            Upkeep::Due if !closed => queue.try_pop(),
            Upkeep::Due | Upkeep::Done | Upkeep::Failed(_) => Some(queue.pop()?),
        };
        let (mut job, mut jobs, mut bytes) = (first, Vec::new(), 0);
        while let Some(next) = job {
            bytes += next.bytes();
            jobs.push(next);
            job = if bytes < TRANSACTION_BYTES { queue.try_pop() } else { None };
        }
        Some(jobs)
    }

    fn work(&mut self, mut jobs: Vec<Box<dyn Job>>) {
        let ended =
            self.transact(|session| jobs.iter_mut().try_for_each(|job| job.run(session)).map_err(Fault::Sql));
        if ended.is_ok() {
            self.upkeep = match self.upkeep {
                // Unless somebody waits for it.
                Upkeep::Failed(wait) if wait > 1 && self.removals.is_empty() => Upkeep::Failed(wait - 1),
                _ => Upkeep::Due,
            };
        }
        for job in jobs {
            job.answer(ended.clone());
        }
    }

    /// What fails again and again is tried less and less often, so that it costs writers little.
    fn try_to_keep_up(&mut self) {
        match self.keep_up() {
            Ok(upkeep) => (self.upkeep, self.failures) = (upkeep, 0),
            Err(error) => {
                let wait = 1 << self.failures.min(MAX_DOUBLINGS);
                tracing::warn!(store = %self.store, %error, "upkeep failed; again after {wait} transactions");
                self.upkeep = Upkeep::Failed(wait);
                self.failures = self.failures.saturating_add(1);
            }
        }
    }

    /// One step of the writer's own work: first what a caller may wait for.
    fn keep_up(&mut self) -> Result<Upkeep, StorageError> {
        if let Some(&Removal { entity, cause, .. }) = self.removals.front() {
            let step = self.transact(|session| removal::step(session, entity, cause));
            if !matches!(step, Ok(Step::More)) {
                // Done, or failed: then what was decided holds all the same, and its rows are removed after the
                // next opening.
                self.removals.pop_front();
            }
            if step.is_err() {
                // The others are tried again after the next transaction that succeeds. When that will be
                // nobody knows, so their callers do not wait for it.
                self.removals.iter_mut().for_each(Removal::release_caller);
            }
            return step.map(|_| Upkeep::Due);
        }
        let recent = self.recent.clone();
        if self.memory.as_ref().is_some_and(|memory| keys::is_due(&recent, memory)) {
            self.transact(|session| Ok(keys::index(session, &recent)?))?;
            keys::forget(&recent);
            self.merge = Merge::Due;
            return Ok(Upkeep::Due);
        }
        if self.merge == Merge::Due && !self.transact(|session| Ok(keys::merge(session.conn)?))? {
            self.merge = Merge::Done;
        }
        Ok(if self.merge == Merge::Due { Upkeep::Due } else { Upkeep::Done })
    }

    /// A transaction around `work`. After an error nothing in memory is trusted, and all is read again.
    fn transact<T>(
        &mut self,
        work: impl FnOnce(&mut Session<'_>) -> Result<T, Fault>,
    ) -> Result<T, StorageError> {
        if let Some(reason) = &self.broken {
            return Err(unavailable(&self.store, reason));
        }
        let mut staged = Staged::default();
        let result = match self.run_in_transaction(&mut staged, work) {
            Ok(done) => self.commit().map(|()| done),
            Err(fault) => Err(fault.into_storage(&self.store)),
        };
        match result {
            Ok(done) => {
                self.recent.add(staged.keys);
                self.recent.remove(&staged.erased_keys);
                self.removals.extend(staged.removals);
                Ok(done)
            }
            Err(error) => {
                self.abandon();
                Err(error)
            }
        }
    }

    fn run_in_transaction<T>(
        &mut self,
        staged: &mut Staged,
        work: impl FnOnce(&mut Session<'_>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.begin()?;
        let memory = self.memory.as_mut().expect("a transaction begins with reading it");
        let mut session = Session { conn: &self.conn, memory, staged };
        let done = work(&mut session)?;
        session.flush()?;
        Ok(done)
    }

    /// Takes the lock, and reads again what may have changed since: the lock beside the file keeps other
    /// storages out, but not a person with an SQLite shell, nor someone who removed the lock.
    fn begin(&mut self) -> Result<(), Fault> {
        self.conn.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        if data_version(&self.conn)? != self.data_version {
            return self.reload();
        }
        if self.memory.is_none() {
            self.memory = Some(Memory::load(&self.conn)?);
        }
        Ok(())
    }

    /// Reads everything again that is known without asking the file.
    fn reload(&mut self) -> Result<(), Fault> {
        self.memory = Some(Memory::load(&self.conn)?);
        self.recent.load(&self.conn)?;
        let known: HashSet<_> = self.removals.iter().map(Removal::subject).collect();
        let unfinished = removal::unfinished(&self.conn)?;
        self.removals.extend(unfinished.into_iter().filter(|removal| !known.contains(&removal.subject())));
        self.data_version = data_version(&self.conn)?;
        Ok(())
    }

    /// Ends the transaction. A disk that is full shows before the commit mark is written, so nothing was. After
    /// any other error the mark may have reached the disk although the sync failed: even if this process does
    /// not see the transaction, it may be found in the log after a crash. The next commit that succeeds writes
    /// over it, and raising an epoch is such a commit; until then it is unknown.
    fn commit(&mut self) -> Result<(), StorageError> {
        if let Err(error) = self.conn.prepare_cached("COMMIT").and_then(|mut commit| commit.execute([])) {
            if error.sqlite_error_code() == Some(ErrorCode::DiskFull) {
                return Err(nothing_written(&self.store, &error));
            }
            // Should it be stored after all, then with keys that only the file knows.
            self.data_version = UNKNOWN;
            return Err(indeterminate(&self.store, &error));
        }
        // It went into the files that are open; are they still those that will be opened the next time?
        self.presence.check().map_err(|reason| {
            let error = indeterminate(&self.store, &reason);
            self.broken = Some(format!("{reason}; close it, and restore the file"));
            error
        })
    }

    /// Leaves a failed transaction behind.
    fn abandon(&mut self) {
        self.memory = None;
        if !self.conn.is_autocommit() {
            // If this fails too, so will the next BEGIN, and its caller is told.
            let _ = self.conn.execute_batch("ROLLBACK");
        }
    }
}

/// A version that no file has.
const UNKNOWN: i64 = -1;

/// Changes when another connection has written to the file.
fn data_version(conn: &Connection) -> Result<i64, rusqlite::Error> {
    conn.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::TARGET_PAGES;
    use crate::removal::Cause;
    use crate::writes::Scratch;
    use crate::{SqliteOptions, connection};

    fn writer(scratch: &Scratch) -> Writer {
        let (path, store): (_, Arc<str>) = (scratch.file(), "store.db".into());
        let conn = connection::open_writer(&path, &store, &SqliteOptions::default()).unwrap();
        let presence = Presence::of(&path).unwrap();
        Writer::new(conn, store, presence, Checkpoints::new(TARGET_PAGES), Arc::default()).unwrap()
    }

    #[test]
    fn upkeep_that_fails_is_tried_less_and_less_often() {
        let scratch = Scratch::new();
        let mut writer = writer(&scratch);
        writer.conn.execute_batch("ALTER TABLE run RENAME TO hidden").unwrap();
        for wait in [1, 2, 4, 8] {
            writer.try_to_keep_up();
            for left in (1..=wait).rev() {
                assert_eq!(writer.upkeep, Upkeep::Failed(left));
                writer.work(Vec::new());
            }
            assert_eq!(writer.upkeep, Upkeep::Due);
        }
        writer.conn.execute_batch("ALTER TABLE hidden RENAME TO run").unwrap();
        writer.try_to_keep_up();
        assert_eq!((writer.upkeep, writer.failures), (Upkeep::Done, 0));
    }

    #[test]
    fn a_removal_is_known_once_however_often_the_file_is_read_again() {
        let scratch = Scratch::new();
        let mut writer = writer(&scratch);
        let unfinished = "INSERT INTO trim VALUES (1, 0, 0, 1), (2, 0, 0, 1);
            INSERT INTO erasure VALUES (2, 0, 1), (2, 1, 2)";
        writer.conn.execute_batch(unfinished).unwrap();
        for _ in 0..3 {
            writer.reload().unwrap();
            let known: Vec<_> = writer.removals.iter().map(Removal::subject).collect();
            assert_eq!(known, [(2, Cause::Erased), (1, Cause::Deleted), (2, Cause::Deleted)]);
        }
    }
}
