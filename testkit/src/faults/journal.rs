//! The port to the journal, with faults.

use super::mutation::Mutation;
use super::storage::PANIC;
use super::{Fault, FaultStorage, Operation};
use annals::storage::{Extent, Fence, JournalStorage, JournalStream, ReadRange, StorageError};
use annals::{PersistenceId, SequenceNr};
use async_trait::async_trait;
use futures_util::stream::{self, StreamExt};
use std::task::Poll;

#[async_trait]
impl JournalStorage for FaultStorage {
    fn read(&self, id: &PersistenceId, range: ReadRange) -> JournalStream {
        let call = self.faults().arrive(Operation::Read, vec![id.clone()]);
        let (storage, id) = (self.clone(), id.clone());
        let beginning = async move {
            let fault = storage.begin(call).await;
            storage.history(&id, range, fault).await
        };
        let mut history = Box::pin(stream::once(beginning).flatten());
        let faults = self.faults().clone();
        Box::pin(stream::poll_fn(move |context| {
            if faults.is_crashed() {
                return Poll::Pending;
            }
            history.poll_next_unpin(context)
        }))
    }

    async fn extent(&self, id: &PersistenceId) -> Result<Extent, StorageError> {
        let answer = || async { self.ports.journal().extent(id).await };
        self.ask(Operation::Extent, vec![id.clone()], answer, answer).await
    }

    async fn highest_sequence_nr(&self, id: &PersistenceId) -> Result<SequenceNr, StorageError> {
        let answer = || async { self.ports.journal().highest_sequence_nr(id).await };
        self.ask(Operation::Extent, vec![id.clone()], answer, answer).await
    }

    async fn delete_to(&self, id: &PersistenceId, fence: Fence, to: SequenceNr) -> Result<(), StorageError> {
        self.mutate_one(Mutation::DeleteEvents(id.clone(), fence, to)).await
    }
}

impl FaultStorage {
    async fn history(&self, id: &PersistenceId, range: ReadRange, fault: Option<Fault>) -> JournalStream {
        let read = || self.ports.journal().read(id, range);
        match fault {
            Some(Fault::Unavailable) => self.broken(read(), 0),
            Some(Fault::Break(after)) => self.broken(read(), after),
            Some(Fault::Repeat) => {
                let _ = read().next().await;
                read()
            }
            Some(Fault::Panic) => panic!("{PANIC}"),
            Some(Fault::Hang) => Box::pin(stream::pending()),
            _ => read(),
        }
    }

    /// The first so many entries, and then the error; a shorter history stays whole.
    fn broken(&self, history: JournalStream, after: usize) -> JournalStream {
        let error = self.unavailable();
        Box::pin(stream::unfold((history, after, Some(error)), |(mut history, left, mut error)| async move {
            error.as_ref()?;
            let entry = match left {
                0 => Err(error.take()?),
                _ => history.next().await?,
            };
            Some((entry, (history, left.saturating_sub(1), error)))
        }))
    }
}
