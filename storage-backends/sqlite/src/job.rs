//! What is handed to the writer thread: a piece of work inside the next transaction, and whom to answer once
//! that is committed.

use crate::error::Fault;
use crate::session::Session;
use annals::storage::StorageError;
use tokio::sync::oneshot;

/// A piece of work for the writer.
pub(crate) trait Job: Send {
    /// How many bytes it writes, about.
    fn bytes(&self) -> usize;

    /// Does it inside the open transaction. An error ends that transaction for all that is in it.
    fn run(&mut self, session: &mut Session<'_>) -> Result<(), rusqlite::Error>;

    /// Answers, after the transaction has ended as told (G1).
    fn answer(self: Box<Self>, ended: Result<(), StorageError>);
}

/// A [`Job`] made of a closure.
pub(crate) struct Task<W, T> {
    bytes: usize,
    work: Option<W>,
    result: Option<Result<T, StorageError>>,
    caller: oneshot::Sender<Result<T, StorageError>>,
}

impl<W, T> Task<W, T> {
    /// The task, and where its answer will come.
    pub(crate) fn new(bytes: usize, work: W) -> (Self, oneshot::Receiver<Result<T, StorageError>>) {
        let (caller, answer) = oneshot::channel();
        (Self { bytes, work: Some(work), result: None, caller }, answer)
    }
}

impl<W, T> Job for Task<W, T>
where
    W: FnOnce(&mut Session<'_>) -> Result<T, Fault> + Send,
    T: Send,
{
    fn bytes(&self) -> usize {
        self.bytes
    }

    fn run(&mut self, session: &mut Session<'_>) -> Result<(), rusqlite::Error> {
        let work = self.work.take().expect("a job runs once");
        self.result = Some(match work(session) {
            Ok(done) => Ok(done),
            Err(Fault::Refused(error)) => Err(error),
            Err(Fault::Sql(error)) => return Err(error),
        });
        Ok(())
    }

    fn answer(self: Box<Self>, ended: Result<(), StorageError>) {
        let result = match ended {
            Ok(()) => self.result.expect("a committed job has run"),
            Err(error) => Err(error),
        };
        // A caller that no longer waits needs no answer.
        let _ = self.caller.send(result);
    }
}
