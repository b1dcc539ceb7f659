//! The handle: opening and closing a store, and its ports.

use crate::append;
use crate::checkpoint::Checkpoints;
use crate::connection::{self, Durability};
use crate::error::{Fault, config, indeterminate, unavailable};
use crate::head::Head;
use crate::job::Task;
use crate::journal::Entries;
use crate::keys::{self, RecentKeys};
use crate::lock::{self, StoreLock};
use crate::options::SqliteOptions;
use crate::presence::Presence;
use crate::reader::{self, Readers, ReadingThreads};
use crate::removal::Removed;
use crate::session::Session;
use crate::writer::{CLOSED, Jobs, Writer};
use crate::{erase, manifests, shards, snapshot, state, trim};
use annals::storage::{
    Committed, Extent, Fence, JournalStorage, JournalStream, KeyedOutcome, Lane, ReadRange, Snapshot,
    SnapshotCriteria, SnapshotStorage, SnapshotWrite, StateStorage, StorageError, StorageProvider,
    StoredState, Write, WriteStorage,
};
use annals::{Epoch, Key, Manifest, PersistenceId, SequenceNr, ShardId, Timestamp};
use async_trait::async_trait;
use std::fmt;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use tokio::sync::{oneshot, watch};

/// A store in one SQLite file. Cheap to clone; the file is closed by [`close`](Self::close), or when the last
/// clone is dropped.
///
/// The file belongs to one storage at a time: an operating-system lock on `<file>.lock` is held while it is
/// open. Beside it there are `<file>-wal` and `<file>-shm`, which belong to the file and move with it.
///
/// # Erasing
/// [`erase`](WriteStorage::erase) returns when the rows are out of the tables, keys and their hashes included; if
/// the disk fails meanwhile, they are removed after the next opening, and are out of reach until then. What was
/// in a page with other rows is overwritten with zeros (`PRAGMA secure_delete = FAST`, which writes no page
/// more). Pages that fall free as a whole keep their bytes until they are used again, and so does the log; a
/// `VACUUM` with an SQLite shell, while the store is closed, writes the file anew without them. The entity's id,
/// its numbers and the names of its events stay.
#[derive(Clone)]
pub struct SqliteStorage {
    shared: Arc<Shared>,
}

struct Shared {
    store: Arc<str>,
    writer: Arc<Jobs>,
    readers: Readers,
    recent: Arc<RecentKeys>,
    /// The writer's, which ends last.
    thread: Option<JoinHandle<()>>,
    closed: watch::Receiver<bool>,
}

impl fmt::Debug for SqliteStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SqliteStorage({})", self.shared.store)
    }
}

impl SqliteStorage {
    /// Opens the file, or makes it: every acknowledged write is on the disk.
    ///
    /// # Errors
    /// Each names the file.
    /// - `Unavailable`: another storage has it open.
    /// - `Config`: the directory is missing, the file may not be written, it is no SQLite file or one of
    ///   another application, or the settings asked for cannot be had.
    /// - `Corrupt`: it is damaged. Up to 128 MiB all of it is checked, of a larger one the small tables.
    /// - `Incompatible`: a newer program wrote it.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, StorageError> {
        Self::options().open(path).await
    }

    /// How to open a file otherwise than by default.
    pub fn options() -> SqliteOptions {
        SqliteOptions::default()
    }

    pub(crate) async fn start(path: PathBuf, options: SqliteOptions) -> Result<Self, StorageError> {
        let store: Arc<str> = path.display().to_string().into();
        let (opened, opening) = oneshot::channel();
        let thread = thread::Builder::new()
            .name("annals-sqlite-writer".into())
            .spawn(move || run_writer(&path, &options, opened))
            .map_err(|e| unavailable(&store, format_args!("cannot start a thread: {e}")))?;
        let mut shared = opening.await.unwrap_or_else(|_| Err(unavailable(&store, CLOSED)))?;
        shared.thread = Some(thread);
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Finishes what was handed over, ends the threads and releases the file, which can then be opened again.
    /// Later calls on any clone are `Unavailable`. Closing twice is fine.
    ///
    /// # Cancel safety
    /// The file is closed all the same.
    pub async fn close(&self) {
        self.shared.begin_close();
        // An error says that the writer's thread is gone, and with it the file.
        let _ = self.shared.closed.clone().wait_for(|closed| *closed).await;
    }

    /// How durable commits really are, as SQLite says of the connection that writes.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn durability(&self) -> Result<Durability, StorageError> {
        let store = self.shared.store.clone();
        self.write(0, move |session| connection::durability(session.conn, &store)).await
    }

    /// Has the writer do `work` in its next transaction.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        bytes: usize,
        work: impl FnOnce(&mut Session<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StorageError> {
        let (task, answer) = Task::new(bytes, work);
        if !self.shared.writer.push(Box::new(task)).await {
            return Err(unavailable(&self.shared.store, CLOSED));
        }
        match answer.await {
            Ok(result) => result,
            Err(_) => Err(indeterminate(&self.shared.store, "its writer ended before it answered")),
        }
    }

    /// The same for what leaves rows to be removed, and waits for that.
    async fn remove(
        &self,
        decide: impl FnOnce(&mut Session<'_>) -> Result<Option<Removed>, Fault> + Send + 'static,
    ) -> Result<(), StorageError> {
        if let Some(removed) = self.write(0, decide).await? {
            // Waiting bounds how many removals are under way. Whether the rows are all removed by now or
            // will be after the next opening, no read gives them.
            let _ = removed.await;
        }
        Ok(())
    }
}

#[cfg(test)]
impl SqliteStorage {
    pub(crate) fn readers(&self) -> &Readers {
        &self.shared.readers
    }
}

impl Shared {
    /// Lets the threads end after what they were handed.
    fn begin_close(&self) {
        self.readers.close();
        self.writer.close();
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.begin_close();
        if let Some(thread) = self.thread.take() {
            // If it panicked, its callers were told.
            let _ = thread.join();
        }
    }
}

/// What the writer's thread owns: it lives at least as long as all that touches the file.
struct Open {
    writer: Writer,
    queue: Arc<Jobs>,
    reading: ReadingThreads,
    lock: StoreLock,
    closed: watch::Sender<bool>,
}

fn run_writer(path: &Path, options: &SqliteOptions, opened: oneshot::Sender<Result<Shared, StorageError>>) {
    match open(path, options) {
        Ok((open, shared)) => {
            // If nobody waits any more, `shared` is dropped, and that closes everything again.
            drop(opened.send(Ok(shared)));
            open.run();
        }
        Err(error) => drop(opened.send(Err(error))),
    }
}

impl Open {
    fn run(self) {
        let Self { mut writer, queue, reading, lock, closed } = self;
        // If it panics, the callers whose jobs are dropped are told that it is unknown what became of them.
        let _ = catch_unwind(AssertUnwindSafe(|| writer.run(&queue)));
        queue.close();
        while let Some(job) = queue.try_pop() {
            job.answer(Err(unavailable(writer.store(), CLOSED)));
        }
        reading.stop();
        // Its connection is the last, and copies the log into the file. Only then may another storage come.
        drop(writer);
        drop(lock);
        closed.send_replace(true);
    }
}

fn open(path: &Path, options: &SqliteOptions) -> Result<(Open, Shared), StorageError> {
    let path = lock::canonical(path)?;
    let store: Arc<str> = path.display().to_string().into();
    let lock = StoreLock::take(&path, &store)?;
    let conn = connection::open_writer(&path, &store, options)?;
    let presence = Presence::of(&path).map_err(|e| config(&store, e))?;
    let checkpoints = Checkpoints::new(options.log_pages);
    let recent = Arc::new(RecentKeys::default());
    let writer = Writer::new(conn, store.clone(), presence, checkpoints, recent.clone())?;
    let reading = ReadingThreads::start(&path, &store, options.readers)?;
    let (readers, queue) = (reading.readers(&store), Arc::new(Jobs::new()));
    let (closed, closing) = watch::channel(false);
    let shared = Shared { store, writer: queue.clone(), readers, recent, thread: None, closed: closing };
    Ok((Open { writer, queue, reading, lock, closed }, shared))
}

impl StorageProvider for SqliteStorage {
    fn name(&self) -> &'static str {
        crate::NAME
    }

    fn lanes(&self) -> NonZeroUsize {
        NonZeroUsize::MIN
    }

    fn max_payload_bytes(&self) -> usize {
        crate::MAX_PAYLOAD_BYTES
    }

    fn writes(&self) -> Arc<dyn WriteStorage> {
        Arc::new(self.clone())
    }

    fn journal(&self) -> Option<Arc<dyn JournalStorage>> {
        Some(Arc::new(self.clone()))
    }

    fn snapshots(&self) -> Option<Arc<dyn SnapshotStorage>> {
        Some(Arc::new(self.clone()))
    }

    fn states(&self) -> Option<Arc<dyn StateStorage>> {
        Some(Arc::new(self.clone()))
    }
}

#[async_trait]
impl WriteStorage for SqliteStorage {
    async fn append(&self, _lane: Lane, group: Arc<[Write]>) -> Vec<Result<Committed, StorageError>> {
        let (count, bytes) = (group.len(), group.iter().map(Write::payload_bytes).sum());
        match self.write(bytes, move |session| append::append(session, &group)).await {
            Ok(results) => results,
            Err(error) => vec![Err(error); count],
        }
    }

    async fn outcomes(
        &self,
        id: &PersistenceId,
        keys: &[Key],
    ) -> Result<Vec<Option<KeyedOutcome>>, StorageError> {
        let (id, keys, recent) = (id.clone(), keys.to_vec(), self.shared.recent.clone());
        self.shared.readers.read(move |reader| keys::outcomes(reader, &recent, &id, &keys)).await
    }

    async fn manifests(&self, entity_type: &str) -> Result<Vec<Manifest>, StorageError> {
        let entity_type = entity_type.to_owned();
        self.shared.readers.read(move |reader| manifests::written(reader, &entity_type)).await
    }

    async fn erase(&self, id: &PersistenceId, fence: Fence) -> Result<(), StorageError> {
        let id = id.clone();
        self.remove(move |session| erase::erase(session, &id, fence)).await
    }

    async fn epochs(&self, shards: &[ShardId]) -> Result<Vec<Epoch>, StorageError> {
        let shards = shards.to_vec();
        let read = move |reader: &mut reader::Reader| {
            reader.snapshot(|conn, _| shards.iter().map(|&shard| shards::stored_epoch(conn, shard)).collect())
        };
        self.shared.readers.read(read).await
    }

    async fn raise_epochs(&self, raised: &[Fence]) -> Result<(), StorageError> {
        let raised = raised.to_vec();
        self.write(0, move |session| session.memory.shards.raise(&raised).map_err(Fault::from)).await
    }
}

#[async_trait]
impl JournalStorage for SqliteStorage {
    fn read(&self, id: &PersistenceId, range: ReadRange) -> JournalStream {
        Box::pin(Entries::new(self.shared.readers.clone(), id.clone(), range))
    }

    async fn extent(&self, id: &PersistenceId) -> Result<Extent, StorageError> {
        let id = id.clone();
        let read = move |reader: &mut reader::Reader| {
            let head = Head::load(reader.conn(), &id)?.unwrap_or(Head::BLANK);
            Ok(Extent { erased_to: head.erased_to, deleted_to: head.deleted_to, highest: head.highest })
        };
        self.shared.readers.read(read).await
    }

    async fn delete_to(&self, id: &PersistenceId, fence: Fence, to: SequenceNr) -> Result<(), StorageError> {
        let id = id.clone();
        self.remove(move |session| trim::delete_to(session, &id, fence, to)).await
    }
}

#[async_trait]
impl SnapshotStorage for SqliteStorage {
    async fn save(&self, write: SnapshotWrite) -> Result<(), StorageError> {
        let outcomes = write.snapshot.outcomes.iter().map(KeyedOutcome::weight).sum::<usize>();
        let bytes = write.snapshot.payload.bytes().len() + outcomes;
        self.write(bytes, move |session| snapshot::save(session, &write)).await
    }

    async fn load(
        &self,
        id: &PersistenceId,
        criteria: SnapshotCriteria,
    ) -> Result<Option<Snapshot>, StorageError> {
        let id = id.clone();
        self.shared.readers.read(move |reader| snapshot::load(reader, &id, criteria)).await
    }

    async fn list(
        &self,
        id: &PersistenceId,
        criteria: SnapshotCriteria,
    ) -> Result<Vec<(SequenceNr, Timestamp)>, StorageError> {
        let id = id.clone();
        self.shared.readers.read(move |reader| snapshot::list(reader, &id, criteria)).await
    }

    async fn delete(
        &self,
        id: &PersistenceId,
        fence: Fence,
        criteria: SnapshotCriteria,
    ) -> Result<(), StorageError> {
        let id = id.clone();
        self.write(0, move |session| snapshot::delete(session, &id, fence, criteria)).await
    }
}

#[async_trait]
impl StateStorage for SqliteStorage {
    async fn load(&self, id: &PersistenceId) -> Result<Option<StoredState>, StorageError> {
        let id = id.clone();
        self.shared.readers.read(move |reader| state::load(reader, &id)).await
    }
}
