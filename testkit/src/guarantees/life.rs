//! An engine from its start to its end, over a storage that the case controls.

use super::account::{Command, Query};
use super::engine::{Engine, Running, Settings};
use super::sent::{Sent, failed, quiesce};
use super::tap::Tap;
use super::world::A;
use crate::faults::{Fault, FaultStorage, Faults, Hold, Operation};
use annals::storage::StorageProvider;
use std::sync::Arc;

/// One running engine.
pub(super) struct Life {
    running: Box<dyn Running>,
    faults: Faults,
    tap: Tap,
}

impl Life {
    pub(super) async fn begin(
        engine: &dyn Engine,
        store: Arc<dyn StorageProvider>,
        settings: Settings,
    ) -> Self {
        let storage = FaultStorage::around(store);
        let faults = storage.faults().clone();
        let tap = Tap::new(Arc::new(storage));
        let running = engine.start(Arc::new(tap.clone()), settings).await.expect("the engine starts");
        Self { running, faults, tap }
    }

    // Calls. Where no account is named it is `A`.

    pub(super) fn send(&self, command: Command) -> Sent {
        self.send_to(A, command, None)
    }

    pub(super) fn send_keyed(&self, command: Command, key: &str) -> Sent {
        self.send_to(A, command, Some(key))
    }

    pub(super) fn send_to(&self, account: &str, command: Command, key: Option<&str>) -> Sent {
        Sent::new(self.running.command(account, command, key))
    }

    pub(super) fn ask(&self, query: Query) -> Sent {
        self.ask_of(A, query)
    }

    pub(super) fn ask_of(&self, account: &str, query: Query) -> Sent {
        Sent::new(self.running.query(account, query))
    }

    /// Adds 1 so many times, one after the other; every event and all that follows from it is stored then.
    pub(super) async fn add_ones(&self, times: i64) {
        for _ in 0..times {
            self.send(add(1)).answer().await.expect("nothing is in the way");
            self.settled().await;
        }
    }

    /// The answer to a query after a failure, from which the engine may take a moment to recover.
    pub(super) async fn ask_until_answered(&self, query: Query) -> i64 {
        self.until_answered(|| self.ask(query)).await
    }

    /// Repeats a call until it is answered. Only of calls that failed without effect, or have none.
    pub(super) async fn until_answered(&self, call: impl Fn() -> Sent) -> i64 {
        let mut answer = call().answer().await;
        for _ in 0..100 {
            match answer {
                Ok(reply) => return reply,
                Err(_) => quiesce().await,
            }
            answer = call().answer().await;
        }
        panic!("the account does not come back: {:?}", failed(answer))
    }

    // The storage.

    /// The calls of an operation wait until they are released.
    pub(super) fn hold(&self, operation: Operation) -> Hold {
        self.faults.hold(operation)
    }

    /// The next such call meets this.
    pub(super) fn fail_next(&self, operation: Operation, fault: Fault) {
        self.faults.next(operation, fault);
    }

    pub(super) fn faults(&self) -> &Faults {
        &self.faults
    }

    /// How often it was called.
    pub(super) fn calls(&self, operation: Operation) -> usize {
        self.faults.count(operation)
    }

    /// Returns when nothing of the engine is under way at the storage, and nothing follows from what was.
    pub(super) async fn settled(&self) {
        let mut before = None;
        for _ in 0..10_000 {
            quiesce().await;
            let now = self.tap.at_rest();
            if now.is_some() && now == before {
                return;
            }
            before = now;
        }
        panic!("a call to the storage does not end");
    }

    /// The same, or else a further call waits at this hold, which the call before has passed.
    pub(super) async fn settled_but_for(&self, hold: &Hold) {
        quiesce().await;
        tokio::select! {
            biased;
            () = hold.waiting(1) => {}
            () = self.settled() => {}
        }
    }

    // The end.

    /// Stops the engine when it has finished.
    pub(super) async fn stop(self) {
        self.running.stop().await;
    }

    /// Kills the engine: from now on nothing of it reaches the storage.
    pub(super) fn crash(self) {
        self.faults.crash();
        self.running.crash();
    }

    /// The writes of each activation were handed over in their order, and none behind one that failed.
    pub(super) fn writes_were_in_order(&self) {
        let objections = self.tap.objections();
        assert!(objections.is_empty(), "{}", objections.join("; "));
    }
}

pub(super) fn add(amount: i64) -> Command {
    Command::Add { amount }
}

pub(super) fn spend(amount: i64) -> Command {
    Command::Spend { amount }
}

pub(super) fn add_each(amounts: &[i64]) -> Command {
    Command::AddEach { amounts: amounts.to_vec() }
}
