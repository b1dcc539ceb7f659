//! One random story: nodes that start, crash and stop on one store, and callers who outlive them.

use super::book::Book;
use super::caller::{Caller, Line};
use super::entities::{Card, Log, readable};
use super::order::Target;
use super::store::Store;
use super::twin::Twin;
use annals::storage::{JournalEntry, JournalStorage, ReadRange};
use annals::{Backoff, Entropy, FailurePolicy, Limits, Node, NodeBuilder, Random, RecoveryPolicy, Snapshots};
use annals_testkit::faults::{FaultStorage, Faults, Rates};
use futures_util::StreamExt;
use futures_util::future::{join, join_all};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::watch;

/// What came of a scenario.
pub(crate) struct Told {
    pub(crate) findings: Vec<String>,
    pub(crate) counts: BTreeMap<&'static str, u64>,
    /// All that was said, and the calls to the storage, for reading.
    pub(crate) story: String,
}

/// Longer than anything that goes on: whoever waits still waits for ever.
const FOR_EVER: Duration = Duration::from_secs(3_600);

struct Scenario {
    random: Random,
    store: Store,
    book: Book,
    rates: Rates,
    limits: Limits,
    snapshots: Option<Snapshots>,
    recovery: RecoveryPolicy,
    failure: FailurePolicy,
    faults: Vec<Faults>,
}

/// Plays the scenario of a seed on a store of this kind.
pub(crate) fn play(seed: u64, twin: Twin, rates: Rates) -> Told {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let mut scenario = Scenario::draw(seed, twin, rates);
        if tokio::time::timeout(FOR_EVER * 10, scenario.run()).await.is_err() {
            scenario.book.broken("the scenario does not come to its end");
        }
        scenario.told()
    })
}

impl Scenario {
    fn draw(seed: u64, twin: Twin, rates: Rates) -> Self {
        let random = Random::new(seed);
        let draw = |below: u64| random.next_u64() % below;
        let mut limits = Limits::default();
        limits.idle = Duration::from_millis(20 + draw(500));
        limits.active_entities = 1 + draw(4) as usize;
        limits.recent_keys = draw(4) as usize;
        limits.mailbox = 2 + draw(8) as usize;
        limits.held_outcomes = 1 + draw(6) as usize;
        limits.group_writes = 1 + draw(8) as usize;
        limits.lane_writes = 1 + draw(8) as usize;
        limits.recoveries = 1 + draw(3) as usize;
        limits.persist_retry = Duration::from_millis(draw(300));
        limits.async_handler = Duration::from_millis(10 + draw(40));
        limits.shutdown = Duration::from_secs(60);
        let snapshots = match draw(4) {
            0 => None,
            1 => Some(Snapshots::every(1 + draw(5)).keep(2 + draw(2) as usize).delete_events()),
            2 => Some(Snapshots::every(1 + draw(5)).keep(1 + draw(2) as usize).on_passivation()),
            _ => Some(Snapshots::on_demand().on_passivation().keep(2).delete_events()),
        };
        let recovery = match draw(3) {
            0 => RecoveryPolicy::Stop,
            1 => RecoveryPolicy::Retry { within: Duration::from_secs(1 + draw(10)) },
            _ => RecoveryPolicy::StartAtHighest,
        };
        let failure = if draw(3) == 0 { FailurePolicy::Stop } else { FailurePolicy::Restart };
        let store = Store::new(twin);
        let book = Book::new(store.witness.clone());
        Self { random, store, book, rates, limits, snapshots, recovery, failure, faults: Vec::new() }
    }

    fn below(&self, below: u64) -> u64 {
        self.random.next_u64() % below
    }

    async fn run(&mut self) {
        let erases = self.below(2) == 0;
        let mut callers: Vec<Caller> = (1..=3)
            .map(|nr| Caller::new(nr, self.random.split(), self.book.clone(), erases && nr == 1))
            .collect();
        for _ in 0..1 + self.below(4) {
            self.generation(&mut callers).await;
        }
        self.epilogue().await;
        let ids: Vec<_> = Target::ALL.iter().map(Target::id).collect();
        self.book.close(&ids);
    }

    fn builder(&self, storage: FaultStorage, seed: u64) -> NodeBuilder {
        let (recovery, failure, snapshots) = (self.recovery, self.failure, self.snapshots);
        let restart = Backoff::new(Duration::from_millis(10), Duration::from_millis(200));
        Node::builder(storage)
            .register_with::<Log>(move |log| {
                let log = log.recovery(recovery).failure(failure).restart_backoff(restart);
                // Its command asks for one now and then.
                log.snapshots(snapshots.unwrap_or(Snapshots::on_demand()))
            })
            .register_with::<Card>(move |card| readable(card).failure(failure).restart_backoff(restart))
            .limits(self.limits.clone())
            .entropy(Entropy::Seeded(seed))
    }

    /// A node on the store, with new faults in front of it. It starts at last.
    async fn start(&mut self) -> (Node, Faults) {
        let storage = FaultStorage::new(self.store.clone());
        storage.faults().seed(self.random.next_u64(), self.rates);
        self.faults.push(storage.faults().clone());
        loop {
            // A backend that panics at the start ends the program that starts.
            let start =
                std::panic::AssertUnwindSafe(self.builder(storage.clone(), self.below(u64::MAX)).start());
            match futures_util::FutureExt::catch_unwind(start).await {
                Ok(Ok(node)) => return (node, storage.faults().clone()),
                Ok(Err(_)) | Err(_) => self.book.count("failed start"),
            }
        }
    }

    /// A node from its start to its end.
    async fn generation(&mut self, callers: &mut [Caller]) {
        let (node, faults) = self.start().await;
        let (crash, crashed) = watch::channel(false);
        let line = Line { node: node.clone(), crashed };
        self.book.narrate("-- a node starts");
        let crashes_after = (self.below(3) == 0).then(|| Duration::from_millis(self.below(3_000)));
        let steps = 4 + self.below(10);
        let (reading, book) = (self.random.split(), self.book.clone());
        let read = super::reader::read(&node, &book, reading);
        let work = join_all(callers.iter_mut().map(|caller| caller.work(&line, steps)));
        let crashing = async {
            if let Some(after) = crashes_after {
                tokio::time::sleep(after).await;
                faults.crash();
                self.book.narrate("-- it crashes");
                let _ = crash.send(true);
            }
        };
        let play = async {
            tokio::select! {
                biased;
                _ = join(work, crashing) => {}
                () = read => {}
            }
        };
        if tokio::time::timeout(FOR_EVER, play).await.is_err() {
            self.book.broken("a caller waits for ever");
        }
        callers.iter_mut().for_each(Caller::hang_up);
        match crashes_after {
            // Nothing of it goes on; its tasks are cut off at once.
            Some(_) => drop(node.shutdown().await),
            None if self.below(2) == 0 => {
                if node.shutdown().await != annals::Shutdown::Complete {
                    self.book.broken("the shutdown does not come to its end");
                }
            }
            // The next node takes over while this one is idle.
            None => drop(node),
        }
    }

    /// What a node without faults finds, before and after everything late has arrived.
    async fn epilogue(&mut self) {
        self.rates = Rates::none();
        for round in 0..2 {
            let (node, _) = self.start().await;
            for target in Target::ALL {
                match tokio::time::timeout(FOR_EVER, target.seen(&node)).await {
                    Ok(Ok(seen)) if seen == self.book.witness().now(&target.id()) => {}
                    Ok(other) => self.book.broken(format_args!(
                        "{}: at the end (round {round}) it tells {other:?}, stored is {:?} (G4)",
                        target.id(),
                        self.book.witness().lives(&target.id())
                    )),
                    Err(_) => self.book.broken("the last query waits for ever"),
                }
                self.check_history(&target).await;
            }
            for faults in &self.faults {
                faults.deliver_late().await;
            }
            node.shutdown().await;
        }
    }

    /// Numbers have no gap, and reach as far as there were events (G2).
    async fn check_history(&self, target: &Target) {
        let Target::Log(_) = target else { return };
        let (id, memory) = (target.id(), self.store.memory());
        let extent = memory.extent(&id).await.unwrap();
        let entries: Vec<JournalEntry> = memory.read(&id, ReadRange::ALL).map(Result::unwrap).collect().await;
        let numbers: Vec<u64> = entries
            .iter()
            .filter_map(|entry| match entry {
                JournalEntry::Event(event) => Some(event.sequence_nr.get()),
                JournalEntry::Outcome { .. } => None,
            })
            .collect();
        let expected: Vec<u64> = (extent.deleted_to.get() + 1..=extent.highest.get()).collect();
        if numbers != expected {
            self.book.broken(format_args!("{id}: {extent:?}, but its events are {numbers:?} (G2)"));
        }
        let lives = self.book.witness().lives(&id);
        let written: usize = lives.iter().map(|life| life.last().map_or(0, |last| last.after.len())).sum();
        if extent.highest.get() != written as u64 {
            self.book.broken(format_args!("{id}: {written} events were stored, {extent:?} (G2)"));
        }
    }

    fn told(&self) -> Told {
        let calls = self.faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("-- next node\n");
        let story = format!("{}\n{}", calls, self.book.story());
        Told { findings: self.book.findings(), counts: self.book.counts(), story }
    }
}
