//! The storage with the faults around it.

use super::mutation::{Answers, Mutation};
use super::ports::Ports;
use super::script::{Call, Met};
use super::{Fault, Faults, Operation};
use annals::PersistenceId;
use annals::storage::{
    JournalStorage, SnapshotStorage, StateStorage, StorageError, StorageProvider, WriteStorage,
};
use std::future::{pending, poll_fn};
use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

/// A storage whose calls meet the [`Faults`] of a test. Without any it is the storage that it is put around. All
/// clones share one script.
#[derive(Clone)]
pub struct FaultStorage {
    pub(super) ports: Arc<Ports>,
    faults: Faults,
}

impl FaultStorage {
    /// Puts faults around a storage.
    pub fn new(inner: impl StorageProvider) -> Self {
        Self::around(Arc::new(inner))
    }

    /// Puts faults around a storage whose type is not known.
    pub fn around(inner: Arc<dyn StorageProvider>) -> Self {
        let ports = Arc::new(Ports::new(inner));
        Self { faults: Faults::new(ports.clone()), ports }
    }

    /// The script of what is to happen.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// A call that changes the store, with what it meets.
    pub(super) async fn mutate(&self, mutation: Mutation) -> Answers {
        let call = self.faults.arrive(mutation.operation(), mutation.ids());
        self.while_alive(async {
            let fault = self.begin(call).await;
            self.change(&mutation, fault).await
        })
        .await
    }

    async fn change(&self, mutation: &Mutation, fault: Option<Fault>) -> Answers {
        let ports = &*self.ports;
        match fault {
            None | Some(Fault::Delay(_) | Fault::Yield(_) | Fault::Stale | Fault::Break(_)) => {
                mutation.perform(ports).await
            }
            Some(Fault::Unavailable) => mutation.all(&self.unavailable()),
            Some(Fault::Full) => mutation.all(&self.faults.unavailable("no space is left")),
            Some(Fault::Lost) => mutation.all(&self.faults.indeterminate()),
            Some(Fault::AppliedAndLost) => {
                mutation.perform(ports).await;
                mutation.all(&self.faults.indeterminate())
            }
            Some(Fault::Late) => {
                self.faults.is_late(mutation.clone());
                mutation.all(&self.faults.indeterminate())
            }
            Some(Fault::Cut(at)) => {
                let (done, left) = mutation.cut(at);
                let mut answers = perform_unless_empty(&done, ports).await;
                answers.extend(left.all(&self.faults.unavailable("the group was cut")));
                answers
            }
            Some(Fault::Split(at)) => {
                let (first, second) = mutation.cut(at);
                let mut answers = perform_unless_empty(&first, ports).await;
                answers.extend(perform_unless_empty(&second, ports).await);
                answers
            }
            Some(Fault::Refuse(index)) => {
                let (rest, index, error) = mutation.without(index);
                let mut answers = perform_unless_empty(&rest, ports).await;
                answers.insert(index, Err(error));
                answers
            }
            Some(Fault::Conflict) => mutation.conflicts(),
            Some(Fault::TakenOver) => match mutation.take_over(ports).await {
                Ok(()) => mutation.perform(ports).await,
                Err(error) => mutation.all(&error),
            },
            Some(Fault::Repeat) => {
                mutation.perform(ports).await;
                mutation.perform(ports).await
            }
            Some(Fault::Panic) => panic!("{PANIC}"),
            Some(Fault::Hang) => pending().await,
            Some(Fault::Crash(at)) => {
                let (done, _) = mutation.cut(at);
                perform_unless_empty(&done, ports).await;
                self.faults.crash();
                pending().await
            }
        }
    }

    /// A call that only reads, with what it meets. `stale` gives an earlier answer.
    pub(super) async fn ask<T, Fresh, Stale>(
        &self,
        operation: Operation,
        ids: Vec<PersistenceId>,
        answer: impl Fn() -> Fresh,
        stale: impl Fn() -> Stale,
    ) -> Result<T, StorageError>
    where
        Fresh: Future<Output = Result<T, StorageError>>,
        Stale: Future<Output = Result<T, StorageError>>,
    {
        let call = self.faults.arrive(operation, ids);
        self.while_alive(async {
            match self.begin(call).await {
                Some(Fault::Unavailable) => Err(self.unavailable()),
                Some(Fault::Repeat) => {
                    let _ = answer().await;
                    answer().await
                }
                Some(Fault::Stale) => stale().await,
                Some(Fault::Panic) => panic!("{PANIC}"),
                Some(Fault::Hang) => pending().await,
                _ => answer().await,
            }
        })
        .await
    }

    /// Lets pass what comes before a call, and tells what else it meets.
    pub(super) async fn begin(&self, call: Call) -> Option<Fault> {
        let Met { timing, other, arrives } = self.faults.meet(call).await;
        match timing {
            Some(Fault::Delay(time)) => tokio::time::sleep(time).await,
            Some(Fault::Yield(turns)) => {
                for _ in 0..turns {
                    tokio::task::yield_now().await;
                }
            }
            _ => {}
        }
        if arrives {
            self.faults.deliver_late().await;
        }
        other
    }

    /// Goes on with a call until the crash; then it stops where it is, for ever.
    async fn while_alive<T>(&self, call: impl Future<Output = T>) -> T {
        let mut call = pin!(call);
        poll_fn(|context| {
            if self.faults.is_crashed() {
                return Poll::Pending;
            }
            call.as_mut().poll(context)
        })
        .await
    }

    pub(super) fn unavailable(&self) -> StorageError {
        self.faults.unavailable("a fault was injected")
    }
}

pub(super) const PANIC: &str = "the backend panicked: a fault was injected";

async fn perform_unless_empty(mutation: &Mutation, ports: &Ports) -> Answers {
    if mutation.is_empty() { Vec::new() } else { mutation.perform(ports).await }
}

impl StorageProvider for FaultStorage {
    fn name(&self) -> &'static str {
        self.ports.provider.name()
    }

    fn lanes(&self) -> NonZeroUsize {
        self.ports.provider.lanes()
    }

    fn max_payload_bytes(&self) -> usize {
        self.ports.provider.max_payload_bytes()
    }

    fn writes(&self) -> Arc<dyn WriteStorage> {
        Arc::new(self.clone())
    }

    fn journal(&self) -> Option<Arc<dyn JournalStorage>> {
        self.ports.provider.journal().map(|_| Arc::new(self.clone()) as Arc<dyn JournalStorage>)
    }

    fn snapshots(&self) -> Option<Arc<dyn SnapshotStorage>> {
        self.ports.provider.snapshots().map(|_| Arc::new(self.clone()) as Arc<dyn SnapshotStorage>)
    }

    fn states(&self) -> Option<Arc<dyn StateStorage>> {
        self.ports.provider.states().map(|_| Arc::new(self.clone()) as Arc<dyn StateStorage>)
    }
}
