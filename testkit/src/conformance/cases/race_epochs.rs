//! Take-overs that race with writes (G3): a check that is not under the lock of the take-over fails here.

use crate::conformance::case::cases;
use crate::conformance::check;
use crate::conformance::kit::{EPOCH, Writer, fence_at, id, nr, numbers_of, snapshot};
use crate::conformance::store::{Store, read_all};
use crate::conformance::threads::both;
use annals::storage::{
    Fence, JournalStorage, Lane, ReadRange, SnapshotCriteria, SnapshotStorage, SnapshotWrite, StorageError,
    Write, WriteStorage,
};
use annals::{Epoch, PersistenceId, ShardId};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::oneshot;

cases!("races", Case;
    race_after_a_take_over_nothing_of_the_owner_before_is_stored,
    race_after_a_take_over_all_that_was_acknowledged_is_read,
    race_after_a_take_over_no_snapshot_of_the_owner_before_is_stored,
);

const ROUNDS: u64 = 40;

/// Set once a take-over was confirmed: what is submitted after that must be refused.
type TakenOver = Arc<AtomicBool>;

/// Someone who writes at an epoch until the storage refuses.
struct Owner {
    writes: Arc<dyn WriteStorage>,
    lane: Lane,
    epoch: u64,
    writer: Writer,
    /// Tells that so many writes are acknowledged.
    started: Option<(u64, oneshot::Sender<()>)>,
    taken_over: TakenOver,
}

impl Owner {
    /// How many events were acknowledged before the refusal.
    async fn write_until_fenced(mut self, id: PersistenceId) -> (u64, StorageError) {
        let mut acknowledged = 0;
        loop {
            if let Some((_, started)) = self.started.take_if(|(after, _)| *after == acknowledged) {
                started.send(()).ok();
            }
            let write = Write { fence: fence_at(&id, self.epoch), ..self.writer.events(1) };
            let too_late = self.taken_over.load(Ordering::SeqCst);
            let mut results = self.writes.append(self.lane, vec![write].into()).await;
            match results.pop().expect("one result per write") {
                Ok(_) if too_late => panic!("a write was stored that was submitted after the take-over"),
                Ok(_) => acknowledged += 1,
                Err(error) => return (acknowledged, error),
            }
        }
    }
}

/// What the next owner read after its take-over.
struct Seen {
    highest: u64,
    numbers: Vec<u64>,
}

async fn take_over(
    writes: Arc<dyn WriteStorage>,
    journal: Arc<dyn JournalStorage>,
    id: PersistenceId,
    epoch: u64,
    started: oneshot::Receiver<()>,
    taken_over: TakenOver,
) -> Seen {
    started.await.expect("the owner before starts to write");
    let raised = Fence { shard: ShardId::of(&id), epoch: Epoch::new(epoch) };
    writes.raise_epochs(&[raised]).await.expect("the epoch is larger");
    taken_over.store(true, Ordering::SeqCst);
    let highest = journal.highest_sequence_nr(&id).await.expect("it is known").get();
    let read = read_all(journal.as_ref(), &id, ReadRange::ALL).await;
    assert!(read.error.is_none(), "{:?}", read.error);
    Seen { highest, numbers: numbers_of(&read.entries) }
}

/// One owner writes and another takes over; gives the first one's acknowledged events, what the second saw,
/// and what is stored in the end.
async fn round(store: &Store<'_>, id: &PersistenceId, epoch: u64) -> (u64, Seen, u64) {
    let (started, starts) = oneshot::channel();
    let taken_over = TakenOver::default();
    let before = store.highest(id).await;
    let owner = Owner {
        writes: store.writes(),
        lane: Lane::of(ShardId::of(id), store.lanes()),
        epoch,
        writer: store.writer(id).recovered(before),
        started: Some((epoch % 4, started)),
        taken_over: taken_over.clone(),
    };
    let next = take_over(store.writes(), store.journal(), id.clone(), epoch + 1, starts, taken_over);
    let ((acknowledged, error), seen) =
        both(Box::pin(owner.write_until_fenced(id.clone())), Box::pin(next)).await;
    check::fenced_at(&Err::<(), _>(error), epoch, epoch + 1);
    (before + acknowledged, seen, store.highest(id).await)
}

async fn race_after_a_take_over_nothing_of_the_owner_before_is_stored(store: Store<'_>) {
    let id = id("raced");
    for epoch in EPOCH.get()..EPOCH.get() + ROUNDS {
        let (_, seen, end) = round(&store, &id, epoch).await;
        assert_eq!(seen.highest, end, "the highest number after the take-over to {}", epoch + 1);
    }
}

async fn race_after_a_take_over_all_that_was_acknowledged_is_read(store: Store<'_>) {
    let id = id("raced");
    for epoch in EPOCH.get()..EPOCH.get() + ROUNDS {
        let (acknowledged, seen, _) = round(&store, &id, epoch).await;
        let read = seen.numbers.len() as u64;
        assert_eq!(seen.numbers, (1..=read).collect::<Vec<u64>>());
        assert!(acknowledged <= read, "{acknowledged} acknowledged, {read} read, epoch {epoch}");
    }
}

async fn save_until_fenced(
    snapshots: Arc<dyn SnapshotStorage>,
    id: PersistenceId,
    epoch: u64,
    started: oneshot::Sender<()>,
    taken_over: TakenOver,
) -> StorageError {
    started.send(()).ok();
    loop {
        let too_late = taken_over.load(Ordering::SeqCst);
        let write = SnapshotWrite { fence: fence_at(&id, epoch), ..snapshot(&id, 1) };
        match snapshots.save(write).await {
            Err(error) => return error,
            Ok(()) if too_late => panic!("a snapshot was stored that was submitted after the take-over"),
            Ok(()) => {}
        }
    }
}

/// Takes over and deletes all snapshots; whatever appears after that came from the owner before.
async fn take_over_and_clear(
    writes: Arc<dyn WriteStorage>,
    snapshots: Arc<dyn SnapshotStorage>,
    id: PersistenceId,
    epoch: u64,
    started: oneshot::Receiver<()>,
    taken_over: TakenOver,
) {
    started.await.expect("the owner before starts to save");
    let raised = fence_at(&id, epoch);
    writes.raise_epochs(&[raised]).await.expect("the epoch is larger");
    taken_over.store(true, Ordering::SeqCst);
    snapshots.delete(&id, raised, SnapshotCriteria::ALL).await.expect("the owner can delete");
}

async fn race_after_a_take_over_no_snapshot_of_the_owner_before_is_stored(store: Store<'_>) {
    let id = id("raced");
    store.fill(&id, 1).await;
    for epoch in EPOCH.get()..EPOCH.get() + ROUNDS / 2 {
        let (started, starts) = oneshot::channel();
        let taken_over = TakenOver::default();
        let owner = save_until_fenced(store.snapshots(), id.clone(), epoch, started, taken_over.clone());
        let (writes, snapshots, next) = (store.writes(), store.snapshots(), epoch + 1);
        let next = take_over_and_clear(writes, snapshots, id.clone(), next, starts, taken_over);
        let (error, ()) = both(Box::pin(owner), Box::pin(next)).await;
        check::fenced_at(&Err::<(), _>(error), epoch, epoch + 1);
        let left = store.snapshots().list(&id, SnapshotCriteria::ALL).await.expect("they can be listed");
        assert_eq!(left, [], "snapshots stored after the take-over to {}", nr(epoch + 1));
    }
}
