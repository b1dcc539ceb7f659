//! The threads that read, each with a connection of its own. A piece of reading is short, so that it never
//! keeps the log from being copied into the file for long.

use crate::connection;
use crate::error::{Fault, unavailable};
use crate::manifests::ManifestNames;
use crate::writer::CLOSED;
use annals::storage::StorageError;
use rusqlite::Connection;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use tokio::sync::{mpsc, oneshot};

/// What a caller is told whose reading has panicked, or came too late.
const NOT_FINISHED: &str = "the reading did not end: it was closed meanwhile, or the file is damaged";

/// How many pieces of reading may wait; beyond that the callers wait.
const WAITING: usize = 1_024;

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

/// What a thread is told.
enum Order {
    Do(Reading),
    Stop,
}

/// Hands pieces of reading to the threads. Cheap to clone; the threads end when they are told to, or when the
/// last clone is gone.
#[derive(Clone)]
pub(crate) struct Readers {
    waiting: mpsc::Sender<Order>,
    store: Arc<str>,
}

impl Readers {
    /// Starts the threads.
    pub(crate) fn start(
        path: &Path,
        store: &Arc<str>,
        count: NonZeroUsize,
    ) -> Result<(Self, Vec<JoinHandle<()>>), StorageError> {
        let (waiting, orders) = mpsc::channel(WAITING);
        let orders = Arc::new(Mutex::new(orders));
        let mut threads = Vec::with_capacity(count.get());
        for number in 0..count.get() {
            let conn = connection::open_reader(path, store)?;
            let mut reader = Reader { conn, names: ManifestNames::default(), store: store.clone() };
            let orders = orders.clone();
            let thread = thread::Builder::new()
                .name(format!("annals-sqlite-reader-{number}"))
                .spawn(move || {
                    while let Some(Order::Do(read)) = next(&orders) {
                        reader.survive(read);
                    }
                })
                .map_err(|e| unavailable(store, format_args!("cannot start a thread: {e}")))?;
            threads.push(thread);
        }
        Ok((Self { waiting, store: store.clone() }, threads))
    }

    /// Has one of the threads do `read`.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut Reader) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StorageError> {
        let (caller, answer) = oneshot::channel();
        let order = Order::Do(Box::new(move |reader| {
            let result = read(reader).map_err(|fault| fault.into_storage(&reader.store));
            // A caller that no longer waits needs no answer.
            let _ = caller.send(result);
        }));
        if self.waiting.send(order).await.is_err() {
            return Err(unavailable(&self.store, CLOSED));
        }
        answer.await.unwrap_or_else(|_| Err(unavailable(&self.store, NOT_FINISHED)))
    }
}

/// Ends the threads after what they are doing. Blocks until there is room for the order.
pub(crate) fn stop(readers: &Readers, threads: Vec<JoinHandle<()>>) {
    for _ in &threads {
        let _ = readers.waiting.blocking_send(Order::Stop);
    }
    for thread in threads {
        // It panicked, and its callers were told.
        let _ = thread.join();
    }
}

/// The thread that waits holds the queue; the others wait for it.
fn next(orders: &Mutex<mpsc::Receiver<Order>>) -> Option<Order> {
    // Nothing panics while it holds the queue, so a poisoned one is sound.
    orders.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv()
}

#[cfg(test)]
mod tests {
    use crate::SqliteStorage;
    use crate::writes::Scratch;
    use annals::storage::StorageError;
    use std::num::NonZeroUsize;
    use std::sync::{Arc, Barrier};

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
