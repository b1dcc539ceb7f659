//! The entrance of an active entity: calls come in at one side, settled writes at the other, and the
//! entity's task waits for both. Its one lock makes leaving memory atomic: a call is either taken in by an
//! entity that will handle it, or refused.

use super::Calls;
use super::lane::{Settle, Settlement};
use crate::entity::{Envelope, Inlet, Refusal, Refused};
use crate::storage::StorageError;
use crate::vocabulary::{PersistenceId, ShardId, WriteNr};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

/// How many calls the entity's task takes at a time.
const BATCH: usize = 64;

/// The mailbox of one active entity, and the state of its writes.
pub(crate) struct Inbox<S> {
    id: PersistenceId,
    shard: ShardId,
    limit: usize,
    /// Set with the first failed write of the activation, for lanes to see without the lock.
    failed: AtomicBool,
    /// Counts the activations of the node: the time by which its entities were used last.
    uses: Arc<AtomicU64>,
    inner: Mutex<Inner<S>>,
}

struct Inner<S> {
    calls: Calls<S>,
    phase: Phase,
    settled: Settled,
    /// The entity's task, while it waits.
    waker: Option<Waker>,
    /// The task waits and has nothing left to do.
    quiet: bool,
    /// The node asks the entity to leave memory if it is quiet.
    leave: bool,
    /// The node's count of activations at the last call.
    used_at: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Takes calls.
    Open,
    /// Takes no more, but handles those that it has.
    Draining,
    /// Its task has ended or is about to, with nothing left to do.
    Retired,
}

/// What became of the writes of the current activation.
#[derive(Debug, Clone, Default)]
pub(super) struct Settled {
    /// How many of them are settled.
    pub(super) count: u64,
    /// The last one that was confirmed, all before it included.
    pub(super) confirmed: WriteNr,
    /// The last one that was handed to the storage and not confirmed.
    pub(super) handed: WriteNr,
    /// Why the first one was not confirmed.
    pub(super) failure: Option<StorageError>,
}

/// What woke the entity's task.
pub(super) struct News {
    /// How many writes are settled, and the last one that is confirmed.
    pub(super) count: u64,
    pub(super) confirmed: WriteNr,
    /// A write was not confirmed; [`Inbox::settled`] tells why.
    pub(super) failed: bool,
    pub(super) draining: bool,
    /// The node asks the entity to leave memory.
    pub(super) leave: bool,
}

/// What the entity's task waits for.
#[derive(Clone, Copy)]
pub(super) struct Wanted {
    /// A write was settled that is not among the first so many.
    pub(super) settled: u64,
    /// A call is there. Not wanted while the entity has no room to handle it.
    pub(super) calls: bool,
    /// The node drains, and nothing of the entity is under way.
    pub(super) drain: bool,
    /// The node asks the entity to leave, and it has nothing left to do.
    pub(super) leave: bool,
}

impl Wanted {
    /// Only what becomes of writes.
    pub(super) fn settled(seen: u64) -> Self {
        Self { settled: seen, calls: false, drain: false, leave: false }
    }
}

impl<S> Inbox<S> {
    pub(crate) fn new(id: PersistenceId, limit: usize, uses: Arc<AtomicU64>) -> Self {
        let inner = Inner {
            calls: Calls::new(),
            phase: Phase::Open,
            settled: Settled::default(),
            waker: None,
            quiet: false,
            leave: false,
            used_at: uses.load(Ordering::Relaxed),
        };
        let (shard, failed) = (ShardId::of(&id), AtomicBool::new(false));
        Self { shard, id, limit, failed, uses, inner: Mutex::new(inner) }
    }

    pub(crate) fn id(&self) -> &PersistenceId {
        &self.id
    }

    pub(crate) fn shard(&self) -> ShardId {
        self.shard
    }

    fn lock(&self) -> MutexGuard<'_, Inner<S>> {
        self.inner.lock().expect("nothing panics while it holds an inbox")
    }

    /// Forgets the writes of the activation before; all of them are settled.
    pub(super) fn begin_activation(&self) {
        self.failed.store(false, Ordering::Release);
        self.lock().settled = Settled::default();
    }

    /// Waits for something that is wanted. Moves a batch of calls to `calls` if those are.
    pub(super) async fn news(&self, wanted: Wanted, calls: &mut Calls<S>) -> News {
        std::future::poll_fn(|cx| self.poll_news(cx, wanted, calls)).await
    }

    fn poll_news(&self, cx: &mut Context<'_>, wanted: Wanted, calls: &mut Calls<S>) -> Poll<News> {
        let mut inner = self.lock();
        let draining = inner.phase == Phase::Draining;
        let some_call = wanted.calls && !inner.calls.is_empty();
        let told = (wanted.drain && draining) || (wanted.leave && inner.leave);
        if inner.settled.count == wanted.settled && !some_call && !told {
            inner.quiet = wanted.leave;
            if !inner.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
                inner.waker = Some(cx.waker().clone());
            }
            return Poll::Pending;
        }
        inner.quiet = false;
        let leave = std::mem::take(&mut inner.leave);
        if wanted.calls {
            let batch = inner.calls.len().min(BATCH);
            calls.extend(inner.calls.drain(..batch));
        }
        let Settled { count, confirmed, failure, .. } = &inner.settled;
        let (count, confirmed, failed) = (*count, *confirmed, failure.is_some());
        Poll::Ready(News { count, confirmed, failed, draining, leave })
    }

    /// What became of the writes so far.
    pub(super) fn settled(&self) -> Settled {
        self.lock().settled.clone()
    }

    /// Moves all waiting calls to `calls`.
    pub(super) fn take_all(&self, calls: &mut Calls<S>) {
        calls.append(&mut self.lock().calls);
    }

    /// Closes the inbox for good if no call waits; tells whether it is closed.
    pub(super) fn retire_if_empty(&self) -> bool {
        let mut inner = self.lock();
        if inner.calls.is_empty() {
            inner.phase = Phase::Retired;
        }
        inner.phase == Phase::Retired
    }

    /// Closes the inbox for good, because its task is gone; gives the calls that nobody will handle.
    pub(crate) fn abandon(&self) -> Calls<S> {
        let mut inner = self.lock();
        inner.phase = Phase::Retired;
        std::mem::take(&mut inner.calls)
    }

    /// Whether the node drains its entities.
    pub(super) fn is_draining(&self) -> bool {
        self.lock().phase == Phase::Draining
    }

    /// Takes no more calls; the entity ends when it has handled those that it has.
    pub(crate) fn drain(&self) {
        let mut inner = self.lock();
        if inner.phase == Phase::Open {
            inner.phase = Phase::Draining;
        }
        wake(inner);
    }
}

/// Wakes the entity's task, after the lock is released.
fn wake<S>(mut inner: MutexGuard<'_, Inner<S>>) {
    let waker = inner.waker.take();
    drop(inner);
    if let Some(waker) = waker {
        waker.wake();
    }
}

impl<S> Inlet<S> for Inbox<S>
where
    S: Send + Sync,
{
    fn push(&self, envelope: Box<dyn Envelope<S>>) -> Result<(), Refused<S>> {
        let mut inner = self.lock();
        let why = match inner.phase {
            Phase::Retired => Refusal::Retired,
            Phase::Draining => Refusal::ShutDown,
            Phase::Open if inner.calls.len() >= self.limit => Refusal::Full,
            Phase::Open => {
                inner.calls.push_back(envelope);
                inner.used_at = self.uses.load(Ordering::Relaxed);
                wake(inner);
                return Ok(());
            }
        };
        Err(Refused { why, envelope })
    }
}

/// An entity in memory, as the node sees it that looks for one to leave.
pub(crate) trait Resident: Send + Sync {
    /// The node's count of activations at its last call.
    fn used_at(&self) -> u64;

    /// Whether it has left for good. Refs may still hold on to what is left of it.
    fn has_left(&self) -> bool;

    /// Asks it to leave memory. The answer is whether it may: nothing of it is under way. A call that comes in
    /// meanwhile is handled, and mostly keeps it.
    fn ask_to_leave(&self) -> bool;
}

impl<S: Send + Sync> Resident for Inbox<S> {
    fn used_at(&self) -> u64 {
        self.lock().used_at
    }

    fn has_left(&self) -> bool {
        self.lock().phase == Phase::Retired
    }

    fn ask_to_leave(&self) -> bool {
        let mut inner = self.lock();
        if !inner.quiet || inner.leave || !inner.calls.is_empty() || inner.phase != Phase::Open {
            return false;
        }
        inner.leave = true;
        wake(inner);
        true
    }
}

impl<S: Send + Sync> Settle for Inbox<S> {
    fn settle(&self, nr: WriteNr, settlement: Settlement) {
        let mut inner = self.lock();
        let settled = &mut inner.settled;
        settled.count += 1;
        match settlement {
            Settlement::Confirmed if settled.failure.is_none() => settled.confirmed = nr,
            // No storage confirms a write behind a failed one; what depends on it stays unknown.
            Settlement::Confirmed => settled.handed = nr,
            Settlement::Failed(error) => {
                settled.handed = nr;
                settled.failure.get_or_insert(error);
                self.failed.store(true, Ordering::Release);
            }
            Settlement::Dropped(error) => {
                settled.failure.get_or_insert(error);
                self.failed.store(true, Ordering::Release);
            }
        }
        wake(inner);
    }

    fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }
}
