//! Taking snapshots, and what goes once they are there.

use super::activation::Activation;
use super::sealed::{open, seal};
use super::{Defect, Shared};
use annals::storage::{Fence, Snapshot, SnapshotCriteria, SnapshotWrite, StorageError, Subject};
use annals::{EventSourced, Manifest, PersistenceId, SequenceNr, Timestamp};
use annals_testkit::guarantees::{Account, AccountEvent, EventsBehind, SnapshotRule};
use futures_util::FutureExt;
use std::sync::Arc;

impl Activation<'_> {
    /// Takes a snapshot behind a command with these events if one is due.
    pub(super) fn consider_snapshot(&mut self, before: &Account, events: &[AccountEvent]) {
        let Some(rule) = self.shared.settings.snapshots else { return };
        let since = self.sequence_nr.get().saturating_sub(self.last_snapshot.get());
        if since < rule.every || self.encoded.is_some() || self.saving.is_some() {
            return;
        }
        self.last_snapshot = self.sequence_nr;
        let mut state = self.state.clone();
        match self.shared.defect {
            Defect::AppliesTwiceBeforeSnapshot => events.iter().for_each(|event| state.apply(event)),
            Defect::SnapshotCoversTooMuch => state = before.clone(),
            _ => {}
        }
        let (outcomes, outcomes_complete) = self.keys.for_snapshot(self.shared);
        let snapshot = Snapshot {
            sequence_nr: self.sequence_nr,
            taken_at: Timestamp::from_micros(0),
            payload: seal(Manifest::new(Account::ENTITY_TYPE, 1), &state),
            outcomes,
            outcomes_complete,
        };
        self.encoded = Some((self.submitted, snapshot));
        self.start_snapshot();
    }

    /// Saves the snapshot that waits if all that is in it is confirmed.
    pub(super) fn start_snapshot(&mut self) {
        let (confirmed, early) = (self.confirmed, self.shared.has(Defect::SnapshotsUnconfirmedState));
        let Some((_, snapshot)) = self.encoded.take_if(|(after, _)| *after <= confirmed || early) else {
            return;
        };
        let (shared, id, fence) = (self.shared.clone(), self.id.clone(), self.fence);
        self.saving = Some(async move { Retention { shared, id, fence }.save(snapshot).await }.boxed());
    }
}

struct Retention {
    shared: Arc<Shared>,
    id: PersistenceId,
    fence: Fence,
}

impl Retention {
    async fn save(&self, snapshot: Snapshot) {
        let write =
            SnapshotWrite { id: self.id.clone(), fence: self.shared.stated(self.fence).await, snapshot };
        if self.shared.snapshots.save(write).await.is_ok()
            && let Some(rule) = self.shared.settings.snapshots
        {
            // What could not be deleted stays.
            let _ = self.delete_older(rule).await;
        }
    }

    /// Deletes what is in front of the oldest of the snapshots that are to be kept and can be read.
    async fn delete_older(&self, rule: SnapshotRule) -> Result<(), StorageError> {
        let listed = self.shared.snapshots.list(&self.id, SnapshotCriteria::ALL).await?;
        let mut kept = Vec::new();
        for (at, _) in listed.into_iter().rev() {
            if self.is_readable(at).await? {
                kept.push(at);
            }
            if kept.len() == rule.keep {
                if self.shared.has(Defect::DeletesEventsFirst) {
                    self.delete_events(rule, &kept).await?;
                }
                let below = SnapshotCriteria::up_to(SequenceNr::new(at.get() - 1));
                self.shared.snapshots.delete(&self.id, self.fence, below).await?;
                return self.delete_events(rule, &kept).await;
            }
        }
        Ok(())
    }

    async fn delete_events(&self, rule: SnapshotRule, kept: &[SequenceNr]) -> Result<(), StorageError> {
        let to = match self.shared.defect {
            Defect::DeletesPastOldestSnapshot => kept[0],
            _ => kept[kept.len() - 1],
        };
        match rule.events {
            EventsBehind::Kept => Ok(()),
            EventsBehind::Deleted => self.shared.journal.delete_to(&self.id, self.fence, to).await,
        }
    }

    async fn is_readable(&self, at: SequenceNr) -> Result<bool, StorageError> {
        if self.shared.has(Defect::CountsUnreadSnapshots) {
            return Ok(true);
        }
        let loaded = self.shared.snapshots.load(&self.id, SnapshotCriteria::at(at)).await?;
        let subject = Subject::Snapshot(self.id.clone(), at);
        Ok(loaded.is_some_and(|snapshot| open::<Account>(&snapshot.payload, &subject).is_ok()))
    }
}
