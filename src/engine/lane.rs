//! A lane: all writes of some shards, in order, one group in flight. What queues up meanwhile is the next
//! group; an idle lane commits a single write at once.

use super::observe::LaneInstruments;
use super::tenure::Tenure;
use crate::storage::{Committed, Lane, StorageError, Write, WriteStorage};
use crate::vocabulary::{Limits, ShardId, WriteNr};
use futures_util::FutureExt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::Instant;
use tracing::Instrument;

/// What became of a write.
#[derive(Debug, Clone)]
pub(super) enum Settlement {
    /// It is durable.
    Confirmed,
    /// The storage was given it and did not confirm it.
    Failed(StorageError),
    /// The storage was never given it.
    Dropped(StorageError),
}

/// Learns what became of its writes, in their order.
pub(super) trait Settle: Send + Sync {
    fn settle(&self, nr: WriteNr, settlement: Settlement);
    /// Whether a write of the current activation was not confirmed: then no later one may be sent.
    fn has_failed(&self) -> bool;
}

/// A write on its way, with everything that judges it.
pub(crate) struct Queued {
    pub(super) write: Write,
    pub(super) tenure: Arc<Tenure>,
    pub(super) from: Arc<dyn Settle>,
    /// The bytes that it takes up in front of its lane, until it is settled.
    room: Option<OwnedSemaphorePermit>,
}

impl Queued {
    pub(super) fn new(write: Write, tenure: Arc<Tenure>, from: Arc<dyn Settle>) -> Self {
        Self { write, tenure, from, room: None }
    }

    /// The lane is gone: the storage will never be given the write.
    fn drop_unsent(self) {
        let (store, reason) = ("lane".into(), "the node has shut down".into());
        let gone = StorageError::Unavailable { store, reason };
        self.from.settle(self.write.write_nr, Settlement::Dropped(gone));
    }
}

/// What a lane is told.
#[expect(clippy::large_enum_variant, reason = "boxing each write would cost more than the one `Stop` wastes")]
pub(crate) enum LaneMessage {
    Write(Queued),
    /// End, after everything before this.
    Stop,
}

/// The entrances of all lanes of a node.
#[derive(Clone)]
pub(crate) struct Lanes(Arc<[Entrance]>);

/// The entrance of a lane: bounded by a number of writes and by their bytes (G15).
pub(crate) struct Entrance {
    queue: mpsc::Sender<LaneMessage>,
    room: Arc<Semaphore>,
    room_bytes: u32,
}

impl Entrance {
    /// A queue into a lane, and its other end.
    pub(crate) fn new(limits: &Limits) -> (Self, mpsc::Receiver<LaneMessage>) {
        let (queue, lane) = mpsc::channel(limits.lane_writes);
        let room_bytes = u32::try_from(limits.lane_bytes).unwrap_or(u32::MAX);
        (Self { queue, room: Arc::new(Semaphore::new(room_bytes as usize)), room_bytes }, lane)
    }

    /// A larger write takes all the room there is.
    fn needed(&self, queued: &Queued) -> u32 {
        u32::try_from(queued.write.payload_bytes()).unwrap_or(u32::MAX).min(self.room_bytes)
    }
}

impl Lanes {
    pub(crate) fn new(lanes: Vec<Entrance>) -> Self {
        Self(lanes.into())
    }

    fn entrance(&self, shard: ShardId) -> &Entrance {
        &self.0[Lane::of(shard, self.0.len()).0]
    }

    /// Queues a write, or gives it back because the lane is full.
    pub(super) fn try_submit(&self, shard: ShardId, mut queued: Queued) -> Result<(), Box<Queued>> {
        let entrance = self.entrance(shard);
        match entrance.room.clone().try_acquire_many_owned(entrance.needed(&queued)) {
            Ok(room) => queued.room = Some(room),
            Err(_) => return Err(Box::new(queued)),
        }
        match entrance.queue.try_send(LaneMessage::Write(queued)) {
            Err(mpsc::error::TrySendError::Full(LaneMessage::Write(queued))) => return Err(Box::new(queued)),
            Err(mpsc::error::TrySendError::Closed(LaneMessage::Write(queued))) => queued.drop_unsent(),
            _ => {}
        }
        Ok(())
    }

    /// Queues a write; waits while the lane is full.
    pub(super) async fn submit(&self, shard: ShardId, mut queued: Queued) {
        let entrance = self.entrance(shard);
        if queued.room.is_none() {
            queued.room = entrance.room.clone().acquire_many_owned(entrance.needed(&queued)).await.ok();
        }
        if let Err(mpsc::error::SendError(LaneMessage::Write(queued))) =
            entrance.queue.send(LaneMessage::Write(queued)).await
        {
            queued.drop_unsent();
        }
    }

    /// Lets every lane end after what it has queued, and waits until they have.
    pub(crate) async fn stop(&self) {
        for lane in self.0.iter() {
            // A lane that is gone has ended already.
            let _ = lane.queue.send(LaneMessage::Stop).await;
            lane.queue.closed().await;
        }
    }
}

/// Runs a lane until it is stopped. The storage is let go before the queue is: whoever sees the lane gone may
/// close the storage. `store` tells the lanes of several stores apart.
pub(crate) async fn run(
    store: usize,
    lane: Lane,
    storage: Arc<dyn WriteStorage>,
    mut queue: mpsc::Receiver<LaneMessage>,
    limits: Arc<Limits>,
) {
    let instruments = LaneInstruments::of(store, lane.0);
    Serving { lane, storage: &*storage, limits: &limits, instruments }.serve(&mut queue).await;
    drop(storage);
    drop(queue);
}

/// A lane at work.
struct Serving<'a> {
    lane: Lane,
    storage: &'a dyn WriteStorage,
    limits: &'a Limits,
    instruments: LaneInstruments,
}

impl Serving<'_> {
    async fn serve(&self, queue: &mut mpsc::Receiver<LaneMessage>) {
        let mut messages = Vec::new();
        while queue.recv_many(&mut messages, self.limits.group_writes).await > 0 {
            let mut group = Vec::with_capacity(messages.len());
            let mut group_bytes = 0;
            for message in messages.drain(..) {
                let LaneMessage::Write(queued) = message else {
                    self.commit(group).await;
                    return;
                };
                let bytes = queued.write.payload_bytes();
                if !group.is_empty() && group_bytes + bytes > self.limits.group_bytes {
                    self.commit(std::mem::take(&mut group)).await;
                    group_bytes = 0;
                }
                group_bytes += bytes;
                group.push(queued);
            }
            self.commit(group).await;
        }
    }

    /// Commits a group and settles every write of it. Retries in place, in order, what the storage was
    /// unavailable for: nothing of it was written, so the order within each entity stays.
    async fn commit(&self, group: Vec<Queued>) {
        let mut retry = Retry::new(self.limits.persist_retry);
        let mut group = group;
        while !group.is_empty() {
            let (writes, waiting) = sendable(group);
            if writes.is_empty() {
                return;
            }
            let writes: Arc<[Write]> = writes.into();
            let results = self.append(writes.clone()).await;
            group = settle(&writes, waiting, results, retry.may_go_on());
            if !group.is_empty() {
                retry.pause().await;
            }
        }
    }

    /// Appends, and turns what a backend must not do into an answer that loses nothing.
    async fn append(&self, writes: Arc<[Write]>) -> Vec<Result<Committed, StorageError>> {
        let (began, count, lane) = (Instant::now(), writes.len(), self.lane.0);
        let outcome = tracing::field::Empty;
        let span = tracing::debug_span!("group_commit", lane, writes = count, failed = outcome);
        let appending = async { self.storage.append(self.lane, writes).await }.instrument(span.clone());
        let results = match AssertUnwindSafe(appending).catch_unwind().await {
            Ok(results) if results.len() == count => results,
            broken => {
                let reason: Arc<str> = match broken {
                    Ok(results) => {
                        format!("the backend gave {} results for {count} writes", results.len()).into()
                    }
                    Err(_) => "the backend panicked".into(),
                };
                tracing::error!(lane, %reason, "a group of writes has an unknown outcome");
                let lost = || StorageError::Indeterminate { store: "backend".into(), reason: reason.clone() };
                (0..count).map(|_| Err(lost())).collect()
            }
        };
        let failed = results.iter().filter(|result| result.is_err()).count();
        span.record("failed", failed);
        self.instruments.failed.increment(failed as u64);
        self.instruments.group_writes.record(count as f64);
        self.instruments.group_seconds.record(began.elapsed());
        results
    }
}

/// Who waits for a write of a group.
struct Waiting {
    nr: WriteNr,
    tenure: Arc<Tenure>,
    from: Arc<dyn Settle>,
    room: Option<OwnedSemaphorePermit>,
}

/// Splits off the writes that must not be sent any more, and tells their entities.
fn sendable(group: Vec<Queued>) -> (Vec<Write>, Vec<Waiting>) {
    let mut writes = Vec::with_capacity(group.len());
    let mut waiting = Vec::with_capacity(group.len());
    for Queued { write, tenure, from, room } in group {
        let nr = write.write_nr;
        if let Some(why) = tenure.revoked() {
            from.settle(nr, Settlement::Dropped(why.clone()));
        } else if from.has_failed() {
            let why = StorageError::Unavailable {
                store: "lane".into(),
                reason: "an earlier write of the activation failed".into(),
            };
            from.settle(nr, Settlement::Dropped(why));
        } else {
            writes.push(write);
            waiting.push(Waiting { nr, tenure, from, room });
        }
    }
    (writes, waiting)
}

/// Tells every entity what became of its write; gives back those to be tried again.
///
/// Tenures are revoked before anyone is told: an entity that is activated again after this must find a
/// raised epoch, or a write that is still on its way could land behind its recovery.
fn settle(
    writes: &[Write],
    waiting: Vec<Waiting>,
    results: Vec<Result<Committed, StorageError>>,
    may_retry: bool,
) -> Vec<Queued> {
    for (waiting, result) in waiting.iter().zip(&results) {
        if let Err(error @ (StorageError::Fenced { .. } | StorageError::Indeterminate { .. })) = result {
            waiting.tenure.revoke(error.clone());
        }
    }
    let mut again = Vec::new();
    for ((write, waiting), result) in writes.iter().zip(waiting).zip(results) {
        match result {
            Ok(_) => waiting.from.settle(waiting.nr, Settlement::Confirmed),
            Err(StorageError::Unavailable { .. }) if may_retry => {
                let Waiting { tenure, from, room, .. } = waiting;
                again.push(Queued { write: write.clone(), tenure, from, room });
            }
            Err(error) => {
                tracing::warn!(entity = %write.id, write = %waiting.nr, %error, "a write was not confirmed");
                waiting.from.settle(waiting.nr, Settlement::Failed(error));
            }
        }
    }
    again
}

/// Doubling pauses within a bounded time.
struct Retry {
    /// None: for ever, because the end of that time cannot be told.
    until: Option<Instant>,
    pause: Duration,
}

impl Retry {
    const FIRST: Duration = Duration::from_millis(5);
    const LONGEST: Duration = Duration::from_millis(500);

    fn new(within: Duration) -> Self {
        Self { until: Instant::now().checked_add(within), pause: Self::FIRST }
    }

    fn may_go_on(&self) -> bool {
        self.until.is_none_or(|until| Instant::now() < until)
    }

    async fn pause(&mut self) {
        tokio::time::sleep(self.pause).await;
        self.pause = (self.pause * 2).min(Self::LONGEST);
    }
}
