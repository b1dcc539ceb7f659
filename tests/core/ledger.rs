//! An entity in macro form that awaits, waits, and asks for snapshots; and tools for tests of its life.

use crate::gate::Gate;
use annals::storage::StorageProvider;
use annals::{
    Clock, Context, Definition, Effect, EntityId, Event, EventSourced, NodeBuilder, PersistenceId, Timestamp,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Semaphore;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ledger {
    pub(crate) sum: i64,
    pub(crate) open: bool,
    pub(crate) events: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(entity = Ledger)]
pub(crate) enum LedgerEvent {
    Added { cents: i64 },
    Opened,
    Closed,
    Exploded,
}

impl EventSourced for Ledger {
    const ENTITY_TYPE: &'static str = "ledger";
    type Event = LedgerEvent;

    fn apply(&mut self, event: &LedgerEvent) {
        self.events += 1;
        match event {
            LedgerEvent::Added { cents } => self.sum += cents,
            LedgerEvent::Opened => self.open = true,
            LedgerEvent::Closed => self.open = false,
            LedgerEvent::Exploded => panic!("apply met an explosion"),
        }
    }
}

#[annals::commands]
impl Ledger {
    pub(crate) fn add(&self, cents: i64) -> Effect<Self, i64> {
        Effect::persist(LedgerEvent::Added { cents }).reply(|ledger| ledger.sum)
    }

    pub(crate) fn add_tagged(&self, cents: i64, tag: String) -> Effect<Self, i64> {
        Effect::persist(LedgerEvent::Added { cents })
            .reply(|ledger: &Self| ledger.sum)
            .tag(tag)
            .metadata("by", "a test")
    }

    pub(crate) fn add_and_keep(&self, cents: i64) -> Effect<Self, i64> {
        Effect::persist(LedgerEvent::Added { cents }).reply(|ledger: &Self| ledger.sum).snapshot()
    }

    /// Takes a snapshot without an event.
    pub(crate) fn keep(&self) -> Effect<Self> {
        Effect::none().snapshot()
    }

    pub(crate) fn add_nothing(&self) -> Effect<Self, i64> {
        Effect::none().reply(|ledger: &Self| ledger.sum)
    }

    pub(crate) fn add_and_leave(&self, cents: i64) -> Effect<Self> {
        Effect::persist(LedgerEvent::Added { cents }).passivate()
    }

    pub(crate) fn open(&self) -> Effect<Self> {
        Effect::persist(LedgerEvent::Opened)
    }

    pub(crate) fn close(&self) -> Effect<Self> {
        Effect::persist(LedgerEvent::Closed)
    }

    /// Spends while the ledger is open, and closes it.
    #[command(ready = Ledger::is_open)]
    pub(crate) fn spend(&self, cents: i64) -> Effect<Self, i64> {
        Effect::persist_all([LedgerEvent::Added { cents: -cents }, LedgerEvent::Closed])
            .reply(|ledger| ledger.sum)
    }

    fn is_open(&self, _cents: &i64) -> bool {
        self.open
    }

    pub(crate) fn sum(&self) -> i64 {
        self.sum
    }

    pub(crate) fn events(&self) -> u64 {
        self.events
    }

    pub(crate) fn is_complete(&self, ctx: &Context<Self>) -> bool {
        ctx.completeness() == annals::Completeness::Complete
    }

    pub(crate) fn panic(&self) -> Effect<Self> {
        panic!("the handler gave up")
    }

    /// Adds what a service outside has, once that answers.
    #[command(deadline = Duration::from_secs(5))]
    pub(crate) async fn add_from(&self, service: String) -> Effect<Self, i64> {
        let cents = Service::named(&service).ask().await;
        Effect::persist(LedgerEvent::Added { cents }).reply(|ledger| ledger.sum)
    }

    pub(crate) async fn ask_and_panic(&self, service: String) -> Effect<Self> {
        Service::named(&service).ask().await;
        panic!("the handler gave up")
    }

    /// Takes over what another ledger has.
    pub(crate) async fn take_over(&self, other: String, ctx: &Context<Self>) -> Effect<Self, i64, String> {
        let other = ctx.entity::<Self>(other);
        match other.sum().await {
            Ok(cents) => Effect::persist(LedgerEvent::Added { cents }).reply(|ledger| ledger.sum),
            Err(error) => Effect::reject(error.to_string()),
        }
    }

    /// Spends what a service outside says, while the ledger is open.
    #[command(ready = Ledger::is_open_to)]
    pub(crate) async fn spend_with(&self, service: String) -> Effect<Self, i64> {
        let cents = Service::named(&service).ask().await;
        Effect::persist_all([LedgerEvent::Added { cents: -cents }, LedgerEvent::Closed])
            .reply(|ledger| ledger.sum)
    }

    fn is_open_to(&self, _service: &str) -> bool {
        self.open
    }

    #[command(deadline = no_deadline())]
    pub(crate) async fn wait_for_nothing(&self) -> Effect<Self> {
        Effect::none()
    }

    /// The same with the node's deadline.
    pub(crate) async fn sum_with(&self, service: String) -> i64 {
        self.sum + Service::named(&service).ask().await
    }
}

fn no_deadline() -> Duration {
    panic!("the deadline gave up")
}

pub(crate) fn ledger(id: &str) -> PersistenceId {
    PersistenceId::new("ledger", EntityId::new(id).unwrap()).unwrap()
}

/// A node over `storage` that hosts ledgers with these policies.
pub(crate) fn builder(
    storage: impl StorageProvider,
    configure: impl FnOnce(Definition<Ledger>) -> Definition<Ledger>,
) -> NodeBuilder {
    annals::Node::builder(storage).register_with::<Ledger>(configure)
}

/// The numbers of the events that the journal of a ledger holds.
pub(crate) async fn numbers(gate: &Gate, id: &str) -> Vec<u64> {
    use futures_util::StreamExt;
    let history = gate.memory().journal().unwrap().read(&ledger(id), annals::storage::ReadRange::ALL);
    let entries: Vec<_> = history.map(|entry| entry.unwrap()).collect().await;
    let number = |entry: &annals::storage::JournalEntry| match entry {
        annals::storage::JournalEntry::Event(event) => Some(event.sequence_nr.get()),
        annals::storage::JournalEntry::Outcome { .. } => None,
    };
    entries.iter().filter_map(number).collect()
}

/// Something outside that handlers await. Each test has its own, by name.
pub(crate) struct Service {
    asked: Semaphore,
    answers: Semaphore,
}

static SERVICES: Mutex<BTreeMap<String, Arc<Service>>> = Mutex::new(BTreeMap::new());

impl Service {
    pub(crate) fn named(name: &str) -> Arc<Self> {
        let service = || Arc::new(Self { asked: Semaphore::new(0), answers: Semaphore::new(0) });
        SERVICES.lock().unwrap().entry(name.into()).or_insert_with(service).clone()
    }

    async fn ask(&self) -> i64 {
        self.asked.add_permits(1);
        self.answers.acquire().await.unwrap().forget();
        100
    }

    /// How often it was asked.
    pub(crate) fn times_asked(&self) -> usize {
        self.asked.available_permits()
    }

    /// Lets one question be answered.
    pub(crate) fn answer(&self) {
        self.answers.add_permits(1);
    }
}

/// A clock that a test sets.
#[derive(Clone, Default)]
pub(crate) struct TestClock(Arc<AtomicI64>);

impl TestClock {
    pub(crate) fn advance(&self, by: Duration) {
        self.0.fetch_add(i64::try_from(by.as_micros()).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}
