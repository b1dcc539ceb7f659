//! The operations on snapshots, and raising epochs.

use super::cast::key;
use super::comparing::failed;
use super::content;
use super::op::{Bounds, EntityNr, Op, Owner};
use super::reference::{Raised, Saved, compare_done};
use super::session::{Session, Step, answer_of, same};
use super::writers::spot;
use annals::storage::{Fence, OutcomeKind, Snapshot, SnapshotCriteria, SnapshotWrite};
use annals::{SequenceNr, Timestamp};

impl Session<'_> {
    pub(super) async fn save_snapshot(&mut self, op: &Op) -> Step {
        let Op::SaveSnapshot { entity, epoch, at, taken_at, content, outcomes } = op else { return Ok(()) };
        let (id, fence) = (self.id(*entity), self.writers.fence(*entity, *epoch, &self.reference));
        let extent = self.reference.entity(&id).history.extent();
        let at = spot(*at, extent.highest);
        // What lies before an erase is no place for a snapshot, and neither is the place before all events.
        let sequence_nr = at.max(extent.erased_to.next());
        let kept = (0..*outcomes).map(|n| content::kept(key(n), OutcomeKind::Reply, content.seed ^ n));
        let snapshot = Snapshot {
            sequence_nr,
            taken_at: Timestamp::from_micros(*taken_at),
            payload: content::payload(*content, self.reference.max_payload_bytes()),
            outcomes: kept.collect(),
            outcomes_complete: content.seed % 2 == 0,
        };
        let write = SnapshotWrite { id: id.clone(), fence, snapshot };
        let before = self.history(&id);
        let allowed = match self.reference.save_snapshot(&write) {
            Saved::Done => Ok(()),
            Saved::Refused(error) => Err(error),
        };
        let found = self.store.snapshots().save(write).await;
        self.compare_done("save snapshot", before, &allowed, &found)
    }

    pub(super) async fn load_snapshot(&mut self, entity: EntityNr, bounds: Bounds) -> Step {
        let (id, criteria) = (self.id(entity), criteria(bounds));
        let found = self.store.snapshots().load(&id, criteria).await.map_err(failed("snapshot", &id))?;
        let answer = if found.is_some() { "found" } else { "none" };
        self.coverage.count("load snapshot", self.history(&id), answer);
        let expected = self.reference.entity(&id).snapshots.load(criteria);
        same(&format!("snapshot {criteria:?}"), &id, &expected, &found.as_ref())
    }

    pub(super) async fn list_snapshots(&mut self, entity: EntityNr, bounds: Bounds) -> Step {
        let (id, criteria) = (self.id(entity), criteria(bounds));
        let found = self.store.snapshots().list(&id, criteria).await.map_err(failed("snapshots", &id))?;
        let answer = if found.is_empty() { "none" } else { "found" };
        self.coverage.count("list snapshots", self.history(&id), answer);
        let expected = self.reference.entity(&id).snapshots.list(criteria).into_iter();
        let expected = expected.map(|snapshot| (snapshot.sequence_nr, snapshot.taken_at)).collect();
        same(&format!("snapshots {criteria:?}"), &id, &expected, &found)
    }

    pub(super) async fn delete_snapshots(&mut self, entity: EntityNr, owner: Owner, bounds: Bounds) -> Step {
        let (id, criteria) = (self.id(entity), criteria(bounds));
        let (before, fence) = (self.history(&id), self.writers.fence(entity, owner, &self.reference));
        let allowed = self.reference.delete_snapshots(&id, fence, criteria);
        let found = self.store.snapshots().delete(&id, fence, criteria).await;
        self.compare_done("delete snapshots", before, &allowed, &found)
    }

    pub(super) async fn raise_to(&mut self, raised: &[Fence]) -> Step {
        let before = if raised.len() == 1 { "one shard" } else { "several shards" };
        let allowed = self.reference.raise(raised);
        let found = self.store.writes().raise_epochs(raised).await;
        let answer = match allowed {
            Raised::Refused => "above all",
            _ => answer_of(&found),
        };
        self.coverage.count("raise epochs", before, answer);
        let same = match (&allowed, &found) {
            (Raised::Done, found) => compare_done(&Ok(()), found),
            (Raised::Fenced(error), found) => compare_done(&Err(error.clone()), found),
            (Raised::Refused, Err(error)) if !error.is_indeterminate() => Ok(()),
            (Raised::Refused, found) => Err(format!("{found:?} instead of a refusal")),
        };
        same.map_err(|difference| format!("raise {raised:?}: {difference}"))
    }
}

fn criteria(bounds: Bounds) -> SnapshotCriteria {
    let mut criteria = SnapshotCriteria::ALL;
    if let Some((min, max)) = bounds.numbers {
        (criteria.min_sequence_nr, criteria.max_sequence_nr) = (SequenceNr::new(min), SequenceNr::new(max));
    }
    if let Some((min, max)) = bounds.times {
        let at = Timestamp::from_micros;
        (criteria.min_taken_at, criteria.max_taken_at) = (at(min), at(max));
    }
    criteria
}
