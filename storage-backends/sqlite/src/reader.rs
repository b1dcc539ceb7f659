//! The threads that read, each with a connection of its own. A piece of reading is short, so that it never
//! keeps the log from being copied into the file for long.

use crate::connection;
use crate::error::{Fault, unavailable};
use crate::manifests::ManifestNames;
use crate::queue::Queue;
use crate::writer::CLOSED;
use annals::storage::StorageError;
use rusqlite::Connection;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use tokio::sync::oneshot;

/// What a caller is told whose reading has panicked.
const NOT_FINISHED: &str = "what reads it failed in an unexpected way; the file may be damaged";

/// What one reading thread owns.
pub(crate) struct Reader {
    conn: Connection,
    names: ManifestNames,
    store: Arc<str>,
}

impl Reader {
    /// Reads inside one transaction: everything as of one moment.
    pub(crate) fn snapshot<T>(
        &mut self,
        read: impl FnOnce(&Connection, &mut ManifestNames) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let tx = self.conn.unchecked_transaction()?;
        let result = read(&tx, &mut self.names);
        // There is nothing to keep; if it cannot be ended, the next one cannot begin, and its caller is told.
        let _ = tx.finish();
        result
    }

    /// Reads, and outlives a panic: the caller is told, and the next ones need this thread.
    fn survive(&mut self, read: Reading) {
        if catch_unwind(AssertUnwindSafe(|| read(self))).is_err() {
            self.names = ManifestNames::default();
            if !self.conn.is_autocommit() {
                // If this fails, so does the next BEGIN, and its caller is told.
                let _ = self.conn.execute_batch("ROLLBACK");
            }
        }
    }

    /// The name of the store, for errors.
    pub(crate) fn store(&self) -> &Arc<str> {
        &self.store
    }

    /// The connection, for reading outside a transaction.
    pub(crate) fn conn(&self) -> &Connection {
        &self.conn
    }
}

/// A piece of reading. It answers by itself.
type Reading = Box<dyn FnOnce(&mut Reader) + Send>;

/// Hands pieces of reading to the threads. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Readers {
    queue: Arc<Queue<Reading>>,
    store: Arc<str>,
}

/// The threads, for whoever must outlive them.
pub(crate) struct ReadingThreads {
    queue: Arc<Queue<Reading>>,
    threads: Vec<JoinHandle<()>>,
}

impl ReadingThreads {
    /// Starts them.
    pub(crate) fn start(path: &Path, store: &Arc<str>, count: NonZeroUsize) -> Result<Self, StorageError> {
        let mut started = Self { queue: Arc::new(Queue::new()), threads: Vec::with_capacity(count.get()) };
        for number in 0..count.get() {
            match start_thread(path, store, started.queue.clone(), number) {
                Ok(thread) => started.threads.push(thread),
                Err(error) => {
                    started.stop();
                    return Err(error);
                }
            }
        }
        Ok(started)
    }

    /// What hands them pieces of reading.
    pub(crate) fn readers(&self, store: &Arc<str>) -> Readers {
        Readers { queue: self.queue.clone(), store: store.clone() }
    }

    /// Ends the threads after what was handed to them.
    pub(crate) fn stop(self) {
        self.queue.close();
        for thread in self.threads {
            // It panicked, and its callers were told.
            let _ = thread.join();
        }
    }
}

fn start_thread(
    path: &Path,
    store: &Arc<str>,
    queue: Arc<Queue<Reading>>,
    number: usize,
) -> Result<JoinHandle<()>, StorageError> {
    let conn = connection::open_reader(path, store)?;
    let mut reader = Reader { conn, names: ManifestNames::default(), store: store.clone() };
    thread::Builder::new()
        .name(format!("annals-sqlite-reader-{number}"))
        .spawn(move || {
            while let Some(read) = queue.pop() {
                reader.survive(read);
            }
        })
        .map_err(|e| unavailable(store, format_args!("cannot start a thread: {e}")))
}

type Answer<T> = oneshot::Receiver<Result<T, StorageError>>;

impl Readers {
    /// Has one of the threads do `read`.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut Reader) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StorageError> {
        let (reading, answer) = reading(read);
        if !self.queue.push(reading).await {
            return Err(unavailable(&self.store, CLOSED));
        }
        answered(answer, &self.store).await
    }

    /// Has one of the threads do `read`, if there is room now. Nobody need ask for the answer.
    pub(crate) fn try_read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut Reader) -> Result<T, Fault> + Send + 'static,
    ) -> Option<impl Future<Output = Result<T, StorageError>> + Send + 'static> {
        let (reading, answer) = reading(read);
        self.queue.try_push(reading).then(|| {
            let store = self.store.clone();
            async move { answered(answer, &store).await }
        })
    }

    /// Nothing more is taken.
    pub(crate) fn close(&self) {
        self.queue.close();
    }
}

fn reading<T: Send + 'static>(
    read: impl FnOnce(&mut Reader) -> Result<T, Fault> + Send + 'static,
) -> (Reading, Answer<T>) {
    let (caller, answer) = oneshot::channel();
    let reading = Box::new(move |reader: &mut Reader| {
        let result = read(reader).map_err(|fault| fault.into_storage(&reader.store));
        // A caller that no longer waits needs no answer.
        let _ = caller.send(result);
    });
    (reading, answer)
}

async fn answered<T>(answer: Answer<T>, store: &Arc<str>) -> Result<T, StorageError> {
    answer.await.unwrap_or_else(|_| Err(unavailable(store, NOT_FINISHED)))
}

#[cfg(test)]
mod tests {
    use crate::SqliteStorage;
    use crate::writes::*;
    use annals::storage::{JournalStorage, ReadRange, StorageError};
    use futures_util::{FutureExt, StreamExt};
    use std::num::NonZeroUsize;
    use std::sync::{Arc, Barrier, mpsc};

    #[tokio::test]
    async fn a_thread_outlives_a_reading_that_panics() {
        let scratch = Scratch::new();
        let storage = SqliteStorage::open(scratch.file()).await.unwrap();
        for _ in 0..5 {
            let read =
                |reader: &mut super::Reader| reader.snapshot(|_, _| -> Result<(), _> { panic!("as told") });
            let answer = storage.readers().read(read).await;
            assert!(matches!(answer, Err(StorageError::Unavailable { .. })), "{answer:?}");
        }
        let ended = storage.readers().read(|reader| Ok(reader.conn().is_autocommit())).await;
        assert!(ended.unwrap());
    }

    #[tokio::test]
    async fn streams_that_rest_hold_up_neither_other_reads_nor_closing() {
        let scratch = Scratch::new();
        let storage = SqliteStorage::open(scratch.file()).await.unwrap();
        own(&storage, 1).await;
        let mut entity = Activation::new(id("a"), 1);
        store(&storage, vec![entity.events(&[b"x"], None)]).await;
        let (entered, enter) = mpsc::channel();
        let mut gates = Vec::new();
        let mut busy: Vec<_> = (0..2)
            .map(|_| {
                let ((gate, opened), entered) = (mpsc::channel::<()>(), entered.clone());
                gates.push(gate);
                Box::pin(storage.readers().read(move |_| {
                    entered.send(()).unwrap();
                    let _ = opened.recv();
                    Ok(())
                }))
            })
            .collect();
        for reading in &mut busy {
            assert!(reading.now_or_never().is_none());
            enter.recv().unwrap();
        }
        // Every thread is busy. More is asked for than can wait, and then nobody comes for it.
        let mut streams: Vec<_> = (0..3_000).map(|_| storage.read(&entity.id, ReadRange::ALL)).collect();
        assert!(streams.iter_mut().all(|stream| stream.next().now_or_never().is_none()));
        drop(gates);
        for _ in 0..3 {
            assert_eq!(storage.highest_sequence_nr(&entity.id).await.unwrap().get(), 1);
        }
        assert!(streams.pop().unwrap().next().await.unwrap().is_ok());
        storage.close().await;
    }

    #[tokio::test]
    async fn as_many_threads_read_at_once_as_were_asked_for() {
        let (scratch, count) = (Scratch::new(), 5);
        let options = SqliteStorage::options().readers(NonZeroUsize::new(count).unwrap());
        let storage = options.open(scratch.file()).await.unwrap();
        let meet = Arc::new(Barrier::new(count));
        let readings = (0..count).map(|_| {
            let meet = meet.clone();
            storage.readers().read(move |_| {
                meet.wait();
                Ok(())
            })
        });
        for met in futures_util::future::join_all(readings).await {
            met.unwrap();
        }
    }
}
