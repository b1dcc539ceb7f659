//! Finding the outcome of a key. The index is not in the path of a write: the keys of recent rows are in
//! memory only, and go into `kept` in bulk.
//!
//! ```text
//! journal  |------ rows up to indexed_to ------|---- newer rows ----|
//!                    `kept`, in runs               `RecentKeys`
//! ```
//!
//! One table of all keys in the order of their hashes would be written all over for every few keys; a run is
//! written once, in order. So that a search looks into few runs however long the history is, [`FAN`] runs of
//! a level are merged into one of the next.

use crate::error::Fault;
use crate::head::Head;
use crate::reader::Reader;
use crate::row::{self, journal_columns};
use crate::session::{Memory, Session};
use annals::storage::{KeyedOutcome, StorageError, Subject};
use annals::{Key, PersistenceId};
use rusqlite::{Connection, params};
use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use xxhash_rust::xxh3::xxh3_64;

/// As soon as so many keys are in memory they go into a run.
const RECENT_KEYS: usize = 16_384;

/// And at the latest after so many rows, with keys or without: they are read again when the store is opened.
const RECENT_ROWS: i64 = 262_144;

/// How many runs of one level become one.
const FAN: usize = 8;

/// How many entries of each run one step of a merge reads.
const MERGE_STEP: i64 = 1_024;

/// Where a key may be. Ordered as `kept` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct KeyEntry {
    entity: i64,
    hash: i64,
    row: i64,
}

impl KeyEntry {
    pub(crate) fn new(entity: i64, key: &Key, row: i64) -> Self {
        Self::stored(entity, key.as_str().as_bytes(), row)
    }

    /// The same of a key as it is stored.
    pub(crate) fn stored(entity: i64, key: &[u8], row: i64) -> Self {
        Self { entity, hash: hash(key), row }
    }
}

/// The hash by which `kept` is ordered. It is stored: it never changes.
fn hash(key: &[u8]) -> i64 {
    xxh3_64(key).cast_signed()
}

/// The keys of the rows behind `indexed_to`, shared by the writer, which adds what it committed, and the
/// readers. An entry leaves only after the run that takes its place was committed, so a reader that looks
/// here first and into the runs then misses none.
#[derive(Debug, Default)]
pub(crate) struct RecentKeys(Mutex<BTreeSet<KeyEntry>>);

impl RecentKeys {
    fn entries(&self) -> MutexGuard<'_, BTreeSet<KeyEntry>> {
        // Nothing panics while it holds the set, so a poisoned one is sound.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds the keys of a committed transaction.
    pub(crate) fn add(&self, committed: Vec<KeyEntry>) {
        if !committed.is_empty() {
            self.entries().extend(committed);
        }
    }

    /// Drops keys whose rows were removed in a committed transaction.
    pub(crate) fn remove(&self, erased: &[KeyEntry]) {
        if !erased.is_empty() {
            let mut entries = self.entries();
            for entry in erased {
                entries.remove(entry);
            }
        }
    }

    /// Reads them from the journal.
    pub(crate) fn load(&self, conn: &Connection) -> Result<(), rusqlite::Error> {
        const SQL: &str = "SELECT entity, key, row FROM journal
            WHERE row > (SELECT indexed_to FROM store) AND key IS NOT NULL";
        let mut statement = conn.prepare_cached(SQL)?;
        let entries = statement
            .query_map([], |row| Ok(KeyEntry::stored(row.get(0)?, row.get_ref(1)?.as_bytes()?, row.get(2)?)))?
            .collect::<Result<BTreeSet<_>, _>>()?;
        *self.entries() = entries;
        Ok(())
    }

    fn candidates(&self, entity: i64, hash: i64) -> Vec<i64> {
        let bound = |row| KeyEntry { entity, hash, row };
        self.entries().range(bound(0)..=bound(i64::MAX)).map(|entry| entry.row).collect()
    }
}

/// Whether it is time to [`index`].
pub(crate) fn is_due(recent: &RecentKeys, memory: &Memory) -> bool {
    memory.last_row - memory.indexed_to >= RECENT_ROWS || recent.entries().len() >= RECENT_KEYS
}

/// Moves the recent keys into a run. Call [`forget`] once that is committed.
pub(crate) fn index(session: &mut Session<'_>, recent: &RecentKeys) -> Result<(), rusqlite::Error> {
    // A copy, so that readers need not wait for the inserts.
    let sorted: Vec<KeyEntry> = recent.entries().iter().copied().collect();
    if !sorted.is_empty() {
        let run = add_run(session.conn, 0, Stage::InUse)?;
        add_entries(session.conn, run, &sorted)?;
    }
    let last_row = session.memory.last_row;
    session.memory.indexed_to = last_row;
    session.conn.prepare_cached("UPDATE store SET indexed_to = ?1")?.execute([last_row])?;
    Ok(())
}

/// Drops what [`index`] moved.
pub(crate) fn forget(recent: &RecentKeys) {
    recent.entries().clear();
}

/// Removes the key of a row that is removed: out of every run at once, so that no merge brings it back.
pub(crate) fn remove(session: &mut Session<'_>, entry: KeyEntry) -> Result<(), rusqlite::Error> {
    const SQL: &str = "DELETE FROM kept WHERE run IN (SELECT run FROM run)
        AND entity = ?1 AND key_hash = ?2 AND row = ?3";
    if entry.row > session.memory.indexed_to {
        session.staged.erased_keys.push(entry);
    } else {
        session.conn.prepare_cached(SQL)?.execute([entry.entity, entry.hash, entry.row])?;
    }
    Ok(())
}

#[derive(Debug, Clone, Copy)]
enum Stage {
    InUse = 0,
    Filling = 1,
    MergedAway = 2,
}

fn add_run(conn: &Connection, level: i64, stage: Stage) -> Result<i64, rusqlite::Error> {
    conn.prepare_cached("INSERT INTO run (level, stage) VALUES (?1, ?2)")?
        .execute(params![level, stage as i64])?;
    Ok(conn.last_insert_rowid())
}

fn add_entries(conn: &Connection, run: i64, entries: &[KeyEntry]) -> Result<(), rusqlite::Error> {
    let mut insert = conn.prepare_cached("INSERT INTO kept VALUES (?1, ?2, ?3, ?4)")?;
    for entry in entries {
        insert.execute([run, entry.entity, entry.hash, entry.row])?;
    }
    Ok(())
}

/// One step of merging runs. The answer is whether there was something to do.
pub(crate) fn merge(conn: &Connection) -> Result<bool, rusqlite::Error> {
    if let Some(&(run, _)) = runs(conn, Stage::MergedAway)?.first() {
        return delete_entries(conn, run).map(|()| true);
    }
    let in_use = runs(conn, Stage::InUse)?;
    if let Some(&(target, level)) = runs(conn, Stage::Filling)?.first() {
        let sources = of_level(&in_use, level - 1);
        return merge_into(conn, target, &sources).map(|()| true);
    }
    let Some(&(_, level)) = in_use.iter().find(|(_, level)| of_level(&in_use, *level).len() >= FAN) else {
        return Ok(false);
    };
    add_run(conn, level + 1, Stage::Filling).map(|_| true)
}

fn runs(conn: &Connection, stage: Stage) -> Result<Vec<(i64, i64)>, rusqlite::Error> {
    conn.prepare_cached("SELECT run, level FROM run WHERE stage = ?1 ORDER BY run")?
        .query_map([stage as i64], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// The oldest runs of a level. While they are merged others may be added, but only behind them.
fn of_level(runs: &[(i64, i64)], level: i64) -> Vec<i64> {
    runs.iter().filter(|run| run.1 == level).map(|run| run.0).take(FAN).collect()
}

/// Where a merge stands is told by the last entry of its target.
fn merge_into(conn: &Connection, target: i64, sources: &[i64]) -> Result<(), rusqlite::Error> {
    const LAST: &str = "SELECT entity, key_hash, row FROM kept WHERE run = ?1
        ORDER BY entity DESC, key_hash DESC, row DESC LIMIT 1";
    let last = conn.prepare_cached(LAST)?.query_map([target], entry)?.next().transpose()?;
    let mut merged = Vec::new();
    // Behind the last entry that was read of a run there may be more that belong before those of others.
    let mut complete_to = None::<KeyEntry>;
    for &source in sources {
        let read = entries_behind(conn, source, last)?;
        if read.len() as i64 == MERGE_STEP {
            complete_to = complete_to.into_iter().chain(read.last().copied()).min();
        }
        merged.extend(read);
    }
    merged.sort_unstable();
    if let Some(complete_to) = complete_to {
        merged.retain(|entry| *entry <= complete_to);
    }
    add_entries(conn, target, &merged)?;
    if complete_to.is_none() {
        let mut stage = conn.prepare_cached("UPDATE run SET stage = ?2 WHERE run = ?1")?;
        stage.execute([target, Stage::InUse as i64])?;
        for &source in sources {
            stage.execute([source, Stage::MergedAway as i64])?;
        }
    }
    Ok(())
}

fn entries_behind(
    conn: &Connection,
    run: i64,
    last: Option<KeyEntry>,
) -> Result<Vec<KeyEntry>, rusqlite::Error> {
    const SQL: &str = "SELECT entity, key_hash, row FROM kept
        WHERE run = ?1 AND (entity, key_hash, row) > (?2, ?3, ?4)
        ORDER BY entity, key_hash, row LIMIT ?5";
    let last = last.unwrap_or(KeyEntry { entity: 0, hash: 0, row: 0 });
    conn.prepare_cached(SQL)?.query_map([run, last.entity, last.hash, last.row, MERGE_STEP], entry)?.collect()
}

fn entry(row: &rusqlite::Row<'_>) -> Result<KeyEntry, rusqlite::Error> {
    Ok(KeyEntry { entity: row.get(0)?, hash: row.get(1)?, row: row.get(2)? })
}

fn delete_entries(conn: &Connection, run: i64) -> Result<(), rusqlite::Error> {
    const SQL: &str = "DELETE FROM kept WHERE run = ?1 AND (entity, key_hash, row) <= (
        SELECT entity, key_hash, row FROM kept WHERE run = ?1
        ORDER BY entity, key_hash, row LIMIT 1 OFFSET ?2)";
    let deleted = conn.prepare_cached(SQL)?.execute([run, MERGE_STEP])?;
    if deleted == 0 {
        conn.prepare_cached("DELETE FROM kept WHERE run = ?1")?.execute([run])?;
        conn.prepare_cached("DELETE FROM run WHERE run = ?1")?.execute([run])?;
    }
    Ok(())
}

/// The outcomes kept for these keys.
pub(crate) fn outcomes(
    reader: &mut Reader,
    recent: &RecentKeys,
    id: &PersistenceId,
    keys: &[Key],
) -> Result<Vec<Option<KeyedOutcome>>, Fault> {
    let Some(head) = Head::load(reader.conn(), id)? else { return Ok(vec![None; keys.len()]) };
    // Memory first, then the transaction: see `RecentKeys`.
    let hash = |key: &Key| hash(key.as_str().as_bytes());
    let recent: Vec<Vec<i64>> = keys.iter().map(|key| recent.candidates(head.entity, hash(key))).collect();
    reader.snapshot(|conn, names| {
        // Once more: what was erased meanwhile is not missing, and not to be found.
        let head = Head::load(conn, id)?.unwrap_or(head);
        let find = |(key, recent): (&Key, Vec<i64>)| {
            let candidates = indexed(conn, head.entity, hash(key))?.into_iter().chain(recent);
            for number in candidates.filter(|row| *row > head.erased_row) {
                let mut statement = conn.prepare_cached(BY_ROW)?;
                let mut rows = statement.query([number, head.entity])?;
                let Some(row) = rows.next()? else {
                    let subject = Subject::Outcome(id.clone(), key.clone());
                    return Err(StorageError::corrupt(subject, "the row that may hold it is missing").into());
                };
                // Keys are compared whole, and another key's outcome is none of our business.
                match row.get_ref(13)?.as_str_or_null() {
                    Ok(found) if found != Some(key.as_str()) => {}
                    // One that cannot be read may be this one.
                    Ok(_) | Err(_) => return row::kept(conn, names, row, id)?.map_err(Fault::from),
                }
            }
            Ok(None)
        };
        keys.iter().zip(recent).map(find).collect()
    })
}

const BY_ROW: &str = journal_columns!("WHERE row = ?1 AND entity = ?2");

fn indexed(conn: &Connection, entity: i64, hash: i64) -> Result<Vec<i64>, rusqlite::Error> {
    // Oldest first: the first outcome of a key is the one that counts.
    const SQL: &str = "SELECT row FROM kept WHERE run IN (SELECT run FROM run WHERE stage = 0)
        AND entity = ?1 AND key_hash = ?2 ORDER BY row";
    conn.prepare_cached(SQL)?.query_map([entity, hash], |row| row.get(0))?.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SqliteStorage;
    use crate::writes::*;
    use annals::storage::WriteStorage;

    #[tokio::test]
    async fn a_hash_only_finds_candidates() {
        let scratch = Scratch::new();
        let storage = SqliteStorage::open(scratch.file()).await.unwrap();
        own(&storage, 1).await;
        let mut entity = Activation::new(id("a"), 1);
        store(&storage, vec![entity.events(&[b"1"], Some(kept("k"))), entity.events(&[b"2"], None)]).await;
        let collide = |session: &mut Session<'_>| {
            let run = add_run(session.conn, 0, Stage::InUse)?;
            let entries =
                ["l", "k"].map(|text| KeyEntry::new(1, &key(text), if text == "l" { 1 } else { 2 }));
            Ok(add_entries(session.conn, run, &entries)?)
        };
        storage.write(0, collide).await.unwrap();
        // Row 1 has another key than `l`, row 2 has none.
        let found = storage.outcomes(&entity.id, &[key("l"), key("k")]).await.unwrap();
        assert_eq!(found, [None, Some(kept("k"))]);
    }

    #[tokio::test]
    async fn a_row_that_the_index_knows_and_the_journal_does_not_is_corrupt() {
        let scratch = Scratch::new();
        let storage = SqliteStorage::open(scratch.file()).await.unwrap();
        own(&storage, 1).await;
        let mut entity = Activation::new(id("a"), 1);
        store(&storage, vec![entity.events(&[b"1"], Some(kept("k")))]).await;
        let remove = |session: &mut Session<'_>| Ok(session.conn.execute("DELETE FROM journal", [])?);
        storage.write(0, remove).await.unwrap();
        let error = storage.outcomes(&entity.id, &[key("k")]).await.unwrap_err();
        assert!(matches!(error, StorageError::Corrupt { .. }), "{error}");
    }

    /// So many entries of the entities 1 and 2 in each of so many runs that they are merged.
    fn fill_runs(session: &mut Session<'_>) -> Result<Vec<KeyEntry>, rusqlite::Error> {
        let mut all = Vec::new();
        for run in 0..FAN as i64 {
            let entry = |n: i64| KeyEntry { entity: 1 + n % 2, hash: hash(&n.to_be_bytes()), row: n };
            let mut entries: Vec<_> = (run * 3_000 + 1..(run + 1) * 3_000).map(entry).collect();
            entries.sort_unstable();
            let number = add_run(session.conn, 0, Stage::InUse)?;
            add_entries(session.conn, number, &entries)?;
            all.extend(entries);
        }
        session.memory.indexed_to = i64::MAX;
        Ok(all)
    }

    #[tokio::test]
    async fn a_key_that_is_removed_while_runs_are_merged_does_not_come_back() {
        for (steps, erased) in
            [0, 1, 2, 3, 4, 6, 10, 14].into_iter().flat_map(|steps| [(steps, 1), (steps, 2)])
        {
            let scratch = Scratch::new();
            let storage = SqliteStorage::open(scratch.file()).await.unwrap();
            let left = move |session: &mut Session<'_>| {
                let all = fill_runs(session)?;
                for _ in 0..steps {
                    merge(session.conn)?;
                }
                for entry in all.iter().filter(|entry| entry.entity == erased) {
                    remove(session, *entry)?;
                }
                while merge(session.conn)? {}
                let count =
                    "SELECT count(*) FILTER (WHERE entity = ?1), count(*), count(DISTINCT row) FROM kept";
                let counts = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
                let counts: (i64, i64, i64) = session.conn.query_row(count, [erased], counts)?;
                let others = all.iter().filter(|entry| entry.entity != erased).count() as i64;
                Ok((counts, (0, others, others)))
            };
            let (found, expected) = storage.write(0, left).await.unwrap();
            assert_eq!(found, expected, "entity {erased} after {steps} steps");
        }
    }
}
