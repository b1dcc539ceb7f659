//! Taking snapshots beside the running entity (G12): encoded at a number, saved once that number is durable,
//! counted once it was read back; then what the retention allows is deleted.

use super::kind::Kind;
use super::panics::{catch, panic_message};
use super::running::Active;
use crate::entity::{Completeness, LastSnapshot, Snapshots, Stored};
use crate::storage::{
    Fence, Snapshot, SnapshotCriteria, SnapshotStorage, SnapshotWrite, StorageError, Subject,
};
use crate::vocabulary::{PersistenceId, SequenceNr, Timestamp, WriteNr};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tokio::time::Instant;

/// A snapshot under way.
pub(super) enum SnapshotWork {
    /// It waits until this write is confirmed.
    Encoded { after: WriteNr, snapshot: Snapshot },
    /// It is being saved.
    Saving(BoxFuture<'static, ()>),
}

impl SnapshotWork {
    /// Goes on with what is under way, and clears it at its end. Without effect when dropped half-way.
    pub(super) async fn run(work: &mut Option<Box<Self>>) {
        match work.as_deref_mut() {
            Some(Self::Saving(saving)) => saving.await,
            // Nothing to be done before the write is confirmed.
            Some(Self::Encoded { .. }) => std::future::pending().await,
            None => {}
        }
        *work = None;
    }
}

impl<S: Send + Sync + 'static> Active<'_, S> {
    /// Takes a snapshot of the state as it is now if it is asked for or due.
    pub(super) fn consider_snapshot(&mut self, now: Timestamp, asked: bool) {
        let Some(policy) = self.kind.definition.snapshots else { return };
        self.last_snapshot.since.get_or_insert(now);
        if asked || policy.is_due(self.sequence_nr, now, self.last_snapshot) {
            self.take_snapshot(now);
        }
    }

    /// Takes the snapshot that the policy wants before the entity leaves memory; tells whether there is one.
    pub(super) fn take_snapshot_before_leaving(&mut self) -> bool {
        let wanted = self.kind.definition.snapshots.is_some_and(|policy| policy.on_passivation);
        if !wanted || self.sequence_nr <= self.last_snapshot.sequence_nr {
            return false;
        }
        let now = catch(|| self.kind.clock.now()).unwrap_or_default();
        self.take_snapshot(now);
        self.snapshot.is_some()
    }

    fn take_snapshot(&mut self, now: Timestamp) {
        let nothing_new = self.sequence_nr <= self.last_snapshot.sequence_nr;
        // What an incomplete recovery left out must not become the base of later ones.
        if nothing_new || self.snapshot.is_some() || self.completeness == Completeness::Incomplete {
            return;
        }
        // Also when it fails: the next one is due as if it had not.
        self.last_snapshot = LastSnapshot { sequence_nr: self.sequence_nr, since: Some(now) };
        match self.encode_snapshot(now) {
            Ok(snapshot) => {
                self.snapshot = Some(Box::new(SnapshotWork::Encoded { after: self.submitted, snapshot }));
                // At once if no write is in flight: then no confirmation comes to start it.
                self.start_snapshot();
            }
            Err(problem) => {
                self.kind.instruments.snapshots_failed.increment(1);
                tracing::error!(entity = %self.inbox.id(), at = %self.sequence_nr, problem, "no snapshot");
            }
        }
    }

    fn encode_snapshot(&self, now: Timestamp) -> Result<Snapshot, String> {
        let form =
            self.kind.definition.state.as_ref().expect("an event-sourced type has a form of its state");
        let (sealer, id) = (&self.kind.definition.sealer, self.inbox.id());
        let payload = catch(|| form.seal(sealer, id, &self.state))
            .map_err(|panic| format!("encoding it panicked: {panic}"))?
            .map_err(|error| error.to_string())?;
        let (bytes, limit) = (payload.bytes().len(), self.kind.limits.payload_bytes);
        if bytes > limit {
            return Err(format!("it has {bytes} bytes, the limit is {limit}"));
        }
        let (outcomes, outcomes_complete) = self.keys.to_keep();
        Ok(Snapshot { sequence_nr: self.sequence_nr, taken_at: now, payload, outcomes, outcomes_complete })
    }

    /// Saves the encoded snapshot if all that is in it is durable.
    pub(super) fn start_snapshot(&mut self) {
        let Some(work) = self.snapshot.take_if(
            |work| matches!(&**work, SnapshotWork::Encoded { after, .. } if *after <= self.confirmed),
        ) else {
            return;
        };
        let (SnapshotWork::Encoded { snapshot, .. }, Some(policy)) = (*work, self.kind.definition.snapshots)
        else {
            return;
        };
        let write = SnapshotWrite { id: self.inbox.id().clone(), fence: self.tenure.fence(), snapshot };
        let saving = Box::pin(save(self.kind.clone(), write, policy));
        self.snapshot = Some(Box::new(SnapshotWork::Saving(saving)));
    }
}

async fn save<S: Send + Sync + 'static>(kind: Arc<Kind<S>>, write: SnapshotWrite, policy: Snapshots) {
    let (began, id, at) = (Instant::now(), write.id.clone(), write.snapshot.sequence_nr);
    let retention = Retention::new(&kind, &id, write.fence, policy);
    match AssertUnwindSafe(retention.save(write)).catch_unwind().await {
        Ok(Ok(())) => kind.instruments.snapshots_saved.increment(1),
        Err(panic) => {
            kind.instruments.snapshots_failed.increment(1);
            let message = panic_message(&*panic);
            tracing::error!(entity = %id, %at, %message, "the backend panicked at a snapshot");
        }
        Ok(Err(error)) => {
            kind.instruments.snapshots_failed.increment(1);
            tracing::warn!(entity = %id, %at, %error, "a snapshot was not saved, or not all it replaces deleted");
        }
    }
    kind.instruments.snapshot_seconds.record(began.elapsed());
}

/// Saving a snapshot and deleting what it makes superfluous.
struct Retention<'a, S> {
    kind: &'a Kind<S>,
    storage: Arc<dyn SnapshotStorage>,
    id: &'a PersistenceId,
    fence: Fence,
    policy: Snapshots,
}

impl<'a, S: Send + Sync + 'static> Retention<'a, S> {
    fn new(kind: &'a Kind<S>, id: &'a PersistenceId, fence: Fence, policy: Snapshots) -> Self {
        let storage = kind.stores.snapshots.clone().expect("the start of the node found the snapshots");
        Self { kind, storage, id, fence, policy }
    }

    async fn save(&self, write: SnapshotWrite) -> Result<(), StorageError> {
        let at = write.snapshot.sequence_nr;
        self.storage.save(write).await?;
        self.verify(at).await?;
        self.delete_older().await
    }

    /// Reads a snapshot back, and sees to it that the entity could be recovered from it.
    async fn verify(&self, at: SequenceNr) -> Result<(), StorageError> {
        let subject = || Subject::Snapshot(self.id.clone(), at);
        let loaded = self.storage.load(self.id, SnapshotCriteria::at(at)).await?;
        let snapshot = loaded.ok_or_else(|| StorageError::corrupt(subject(), "it is not there"))?;
        let definition = &self.kind.definition;
        let form = definition.state.as_ref().expect("an event-sourced type has a form of its state");
        let stored = Stored::new(&definition.sealer, self.id, &snapshot.payload);
        match catch(|| form.open(stored).map(drop)) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(error.at(subject())),
            Err(panic) => Err(StorageError::incompatible(subject(), panic)),
        }
    }

    /// Keeps the newest snapshots that can be read. Events go only if enough of those are there, and only up
    /// to the oldest of them.
    async fn delete_older(&self) -> Result<(), StorageError> {
        let listed = self.storage.list(self.id, SnapshotCriteria::ALL).await?;
        let mut verified = 0;
        for &(at, _) in listed.iter().rev() {
            match self.verify(at).await {
                Ok(()) => verified += 1,
                Err(error @ StorageError::Unavailable { .. }) => return Err(error),
                Err(error) => tracing::warn!(entity = %self.id, %error, "a snapshot cannot be read"),
            }
            if verified == self.policy.keep {
                return self.delete_before(at, listed.first().map(|(first, _)| *first)).await;
            }
        }
        Ok(())
    }

    /// Snapshots first: should that be all that comes to pass, every event is still there.
    async fn delete_before(
        &self,
        oldest_kept: SequenceNr,
        oldest: Option<SequenceNr>,
    ) -> Result<(), StorageError> {
        let below = SequenceNr::new(oldest_kept.get().saturating_sub(1));
        if oldest.is_some_and(|oldest| oldest <= below) {
            self.storage.delete(self.id, self.fence, SnapshotCriteria::up_to(below)).await?;
        }
        if self.policy.delete_events {
            self.kind.journal().delete_to(self.id, self.fence, oldest_kept).await?;
        }
        Ok(())
    }
}
