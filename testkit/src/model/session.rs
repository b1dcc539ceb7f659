//! One run: does each operation to the store and to the reference, and compares the answers.

use super::cast::key;
use super::coverage::{Coverage, history_of, state_of};
use super::op::{EntityNr, Op, Owner, Raise, Spot};
use super::reference::{Difference, Reference};
use super::writers::{Writers, spot};
use crate::conformance::kit::EPOCH;
use crate::conformance::store::{Store, read_all};
use annals::storage::{Fence, ReadRange, StorageError};
use annals::{Epoch, PersistenceId, ShardId};
use std::collections::BTreeMap;

/// What an operation comes to.
pub(super) type Step = Result<(), Difference>;

/// A store, what it must hold, and who writes to it.
pub(super) struct Session<'h> {
    pub(super) store: Store<'h>,
    pub(super) reference: Reference,
    pub(super) writers: Writers,
    pub(super) coverage: Coverage,
}

impl<'h> Session<'h> {
    /// On an empty store whose shards are at [`EPOCH`].
    pub(super) fn new(store: Store<'h>) -> Self {
        let mut reference = Reference::new(store.max_payload_bytes());
        let all: Vec<Fence> = ShardId::all().map(|shard| Fence { shard, epoch: EPOCH }).collect();
        reference.raise(&all);
        Self { store, reference, writers: Writers::new(), coverage: Coverage::of_one_run() }
    }

    pub(super) fn into_coverage(self) -> Coverage {
        self.coverage
    }

    pub(super) async fn step(&mut self, op: &Op) -> Step {
        match op {
            Op::Append(drafts) => self.append(drafts).await,
            Op::AppendAndCrash(drafts) => self.append_and_crash(drafts).await,
            Op::Activate { entity, writer } => {
                self.writers.activate(*entity, *writer);
                Ok(())
            }
            Op::Read { entity, from, to, limit } => self.read(*entity, (*from, *to), *limit).await,
            Op::Extent { entity } => self.extent(*entity).await,
            Op::DeleteTo { entity, epoch, to } => self.delete_to(*entity, *epoch, *to).await,
            Op::Erase { entity, epoch } => self.erase(*entity, *epoch).await,
            Op::Outcomes { entity, keys } => self.outcomes(*entity, keys).await,
            Op::LoadState { entity } => self.load_state(*entity).await,
            Op::SaveSnapshot { .. } => self.save_snapshot(op).await,
            Op::LoadSnapshot { entity, bounds } => self.load_snapshot(*entity, *bounds).await,
            Op::ListSnapshots { entity, bounds } => self.list_snapshots(*entity, *bounds).await,
            Op::DeleteSnapshots { entity, epoch, bounds } => {
                self.delete_snapshots(*entity, *epoch, *bounds).await
            }
            Op::Raise(raises) => self.raise(raises).await,
            Op::Epochs => self.compare_epochs().await,
            Op::Manifests { entity } => self.manifests(*entity).await,
            Op::Reopen => {
                self.coverage.count("reopen", "", "done");
                self.store.reopen().await;
                Ok(())
            }
            Op::Crash => {
                self.coverage.count("crash", "", "done");
                self.store.crash().await;
                Ok(())
            }
        }
    }

    pub(super) fn id(&self, entity: EntityNr) -> PersistenceId {
        self.writers.id(entity).clone()
    }

    pub(super) fn history(&self, id: &PersistenceId) -> &'static str {
        history_of(self.reference.entity(id))
    }

    async fn read(&mut self, entity: EntityNr, bounds: (Spot, Spot), limit: u64) -> Step {
        let id = self.id(entity);
        let highest = self.reference.entity(&id).history.highest();
        let range = ReadRange::from(spot(bounds.0, highest)).to(spot(bounds.1, highest)).at_most(limit);
        let read = read_all(self.store.journal().as_ref(), &id, range).await;
        if let Some(error) = read.error {
            return Err(format!("read {range:?} of {id}: {error}"));
        }
        let answer = if read.entries.is_empty() { "nothing" } else { "entries" };
        self.coverage.count("read", self.history(&id), answer);
        self.reference.compare_read(&id, range, &read.entries).map_err(|it| format!("{id}: {it}"))
    }

    async fn extent(&mut self, entity: EntityNr) -> Step {
        let id = self.id(entity);
        self.coverage.count("extent", self.history(&id), "known");
        self.compare_extent(&id).await
    }

    async fn delete_to(&mut self, entity: EntityNr, owner: Owner, to: Spot) -> Step {
        let (id, fence) = (self.id(entity), self.writers.fence(entity, owner, &self.reference));
        let (before, highest) = (self.history(&id), self.reference.entity(&id).history.highest());
        let to = spot(to, highest);
        let allowed = self.reference.delete_to(&id, fence, to);
        let found = self.store.journal().delete_to(&id, fence, to).await;
        self.compare_done("delete", before, &allowed, &found)
    }

    /// Nobody writes meanwhile: whoever wrote to the entity is gone.
    async fn erase(&mut self, entity: EntityNr, owner: Owner) -> Step {
        let (id, fence) = (self.id(entity), self.writers.fence(entity, owner, &self.reference));
        let (before, state) = (self.history(&id), state_of(self.reference.entity(&id)));
        let allowed = self.reference.erase(&id, fence);
        if allowed.is_ok() {
            self.writers.activate_all(&id);
        }
        let found = self.store.writes().erase(&id, fence).await;
        self.coverage.count("erase", state, if found.is_ok() { "done" } else { "fenced" });
        self.compare_done("erase", before, &allowed, &found)
    }

    async fn outcomes(&mut self, entity: EntityNr, keys: &[u64]) -> Step {
        let (id, keys) = (self.id(entity), keys.iter().map(|number| key(*number)).collect::<Vec<_>>());
        let found = self.store.outcomes(&id, &keys).await;
        let answer = if found.iter().any(Option::is_some) { "found" } else { "none" };
        self.coverage.count("outcomes", self.history(&id), answer);
        same("outcomes", &id, &self.reference.entity(&id).outcomes.find(&keys), &found)
    }

    async fn load_state(&mut self, entity: EntityNr) -> Step {
        let id = self.id(entity);
        self.coverage.count("load state", state_of(self.reference.entity(&id)), "known");
        self.compare_state(&id).await
    }

    async fn raise(&mut self, raises: &[(EntityNr, Raise)]) -> Step {
        let shards = raises.iter().map(|(entity, raise)| (ShardId::of(self.writers.id(*entity)), raise));
        let each_once: BTreeMap<ShardId, &Raise> = shards.collect();
        let raised = each_once.into_iter().map(|(shard, raise)| {
            let current = self.reference.epoch(shard).get();
            let epoch = match raise {
                Raise::By(more) => current + more,
                Raise::NotAtAll => current,
                Raise::Lower => current - 1,
                Raise::AboveAll => Epoch::MAX.get() + 1,
            };
            Fence { shard, epoch: Epoch::new(epoch) }
        });
        let raised: Vec<Fence> = raised.collect();
        self.raise_to(&raised).await
    }

    async fn manifests(&mut self, entity: EntityNr) -> Step {
        let id = self.id(entity);
        self.coverage.count("manifests", self.history(&id), "known");
        self.compare_manifests(id.entity_type()).await
    }

    /// Compares what has no answer but success or `Fenced`.
    pub(super) fn compare_done(
        &mut self,
        operation: &'static str,
        before: &'static str,
        allowed: &Result<(), StorageError>,
        found: &Result<(), StorageError>,
    ) -> Step {
        self.coverage.count(operation, before, answer_of(found));
        super::reference::compare_done(allowed, found).map_err(|it| format!("{operation}: {it}"))
    }
}

/// The kind of an answer.
pub(super) fn answer_of<T>(answer: &Result<T, StorageError>) -> &'static str {
    use annals::storage::Counter;
    match answer {
        Ok(_) => "done",
        Err(StorageError::Fenced { .. }) => "fenced",
        Err(StorageError::Conflict { counter: Counter::SequenceNr, .. }) => "sequence number",
        Err(StorageError::Conflict { counter: Counter::Revision, .. }) => "revision",
        Err(StorageError::Conflict { .. }) => "write number",
        Err(StorageError::TooLarge { .. }) => "too large",
        Err(StorageError::Unsupported { .. }) => "unsupported",
        Err(_) => "failed",
    }
}

/// Compares what the reference knows exactly.
pub(super) fn same<T: PartialEq + std::fmt::Debug>(
    what: &str,
    of: impl std::fmt::Display,
    allowed: &T,
    found: &T,
) -> Step {
    if allowed == found { Ok(()) } else { Err(format!("{what} of {of}: {found:?} instead of {allowed:?}")) }
}
