//! A second engine, small and simple, for one purpose: to be broken in one way at a time. Each account has a task;
//! it runs ahead of the storage, with one group of writes in flight.

mod activation;
mod defect;
mod ending;
mod history;
mod keys;
mod ownership;
mod sealed;
mod snapshots;
mod task;
mod writes;

pub(crate) use defect::Defect;

use annals::storage::{JournalStorage, SnapshotStorage, StorageProvider, WriteStorage};
use annals::{CallError, EntityId, EventSourced, Key, PersistenceId, Random, StartError, Unknown};
use annals_testkit::guarantees::{Account, Answer, Command, Engine, Query, Running, Settings};
use async_trait::async_trait;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use ownership::Ownership;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// The engine, with its defect.
pub(crate) struct Twin(pub(crate) Defect);

/// What all accounts of a running twin share.
pub(crate) struct Shared {
    defect: Defect,
    settings: Settings,
    lanes: usize,
    writes: Arc<dyn WriteStorage>,
    journal: Arc<dyn JournalStorage>,
    snapshots: Arc<dyn SnapshotStorage>,
    ownership: Ownership,
    random: Random,
}

impl Shared {
    fn has(&self, defect: Defect) -> bool {
        self.defect == defect
    }
}

/// What is asked of an account.
#[derive(Clone)]
enum Asked {
    Command(Command, Option<Key>),
    Query(Query),
}

/// A call, and where its answer goes.
struct Call {
    asked: Asked,
    to: oneshot::Sender<Answer>,
}

#[async_trait]
impl Engine for Twin {
    async fn start(
        &self,
        storage: Arc<dyn StorageProvider>,
        settings: Settings,
    ) -> Result<Box<dyn Running>, StartError> {
        let writes = storage.writes();
        let shared = Shared {
            defect: self.0,
            settings,
            lanes: storage.lanes().get(),
            ownership: Ownership::of_all(writes.clone()).await?,
            random: Random::new(7),
            writes,
            journal: storage.journal().expect("the storage has a journal"),
            snapshots: storage.snapshots().expect("the storage has snapshots"),
        };
        Ok(Box::new(RunningTwin { shared: Arc::new(shared), tasks: Arc::default() }))
    }
}

struct RunningTwin {
    shared: Arc<Shared>,
    tasks: Arc<Mutex<BTreeMap<String, Task>>>,
}

/// The task of an account. Its mailbox is closed when this is dropped.
struct Task {
    mailbox: mpsc::UnboundedSender<Call>,
    running: JoinHandle<()>,
}

impl RunningTwin {
    fn call(&self, account: &str, asked: Asked) -> BoxFuture<'static, Answer> {
        let (shared, tasks, account) = (self.shared.clone(), self.tasks.clone(), account.to_owned());
        async move {
            let (to, answer) = oneshot::channel();
            hand_over(&shared, &tasks, account, Call { asked, to });
            answer.await.unwrap_or(Err(CallError::Unknown(Unknown::Lost)))
        }
        .boxed()
    }
}

#[expect(clippy::disallowed_methods, reason = "the twin has no other home of spawning")]
fn hand_over(shared: &Arc<Shared>, tasks: &Mutex<BTreeMap<String, Task>>, account: String, call: Call) {
    let mut tasks = tasks.lock().unwrap();
    let task = tasks.entry(account).or_insert_with_key(|account| {
        let (mailbox, calls) = mpsc::unbounded_channel();
        let id = PersistenceId::new(Account::ENTITY_TYPE, EntityId::new(account.as_str()).unwrap()).unwrap();
        Task { mailbox, running: tokio::spawn(task::run(shared.clone(), id, calls)) }
    });
    // A task that is gone drops the call, which tells its caller.
    let _ = task.mailbox.send(call);
}

#[async_trait]
impl Running for RunningTwin {
    fn command(&self, account: &str, command: Command, key: Option<&str>) -> BoxFuture<'static, Answer> {
        self.call(account, Asked::Command(command, key.map(|key| Key::new(key).unwrap())))
    }

    fn query(&self, account: &str, query: Query) -> BoxFuture<'static, Answer> {
        self.call(account, Asked::Query(query))
    }

    async fn stop(self: Box<Self>) {
        let tasks = std::mem::take(&mut *self.tasks.lock().unwrap());
        for Task { mailbox, running } in tasks.into_values() {
            drop(mailbox);
            running.await.unwrap();
        }
    }

    fn crash(self: Box<Self>) {
        self.tasks.lock().unwrap().values().for_each(|task| task.running.abort());
    }
}
