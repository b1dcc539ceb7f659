//! Comparing everything that can be read.

use super::reference::Difference;
use super::session::{Session, Step, same};
use crate::conformance::store::read_all;
use annals::storage::{ReadRange, SnapshotCriteria};
use annals::{Manifest, PersistenceId, ShardId};
use std::collections::BTreeSet;
use std::fmt::Display;

impl Session<'_> {
    /// Everything, of all entities.
    pub(super) async fn compare_everything(&mut self) -> Step {
        for id in self.writers.ids() {
            self.compare_entity(&id).await?;
            self.compare_manifests(id.entity_type()).await?;
        }
        self.compare_epochs().await
    }

    /// Everything of one entity.
    pub(super) async fn compare_entity(&mut self, id: &PersistenceId) -> Step {
        let read = read_all(self.store.journal().as_ref(), id, ReadRange::ALL).await;
        if let Some(error) = read.error {
            return Err(format!("read of {id}: {error}"));
        }
        self.reference.compare_read(id, ReadRange::ALL, &read.entries).map_err(|it| format!("{id}: {it}"))?;
        self.compare_extent(id).await?;
        self.compare_state(id).await?;
        let keys = self.writers.used_keys(id);
        let found = self.store.outcomes(id, &keys).await;
        same("outcomes", id, &self.reference.entity(id).outcomes.find(&keys), &found)?;
        self.compare_snapshots(id).await
    }

    pub(super) async fn compare_extent(&self, id: &PersistenceId) -> Step {
        let found = self.store.extent(id).await;
        same("extent", id, &self.reference.entity(id).history.extent(), &found)?;
        same("highest number", id, &found.highest.get(), &self.store.highest(id).await)
    }

    pub(super) async fn compare_state(&self, id: &PersistenceId) -> Step {
        let found = self.store.states().load(id).await.map_err(failed("state", id))?;
        self.reference.entity(id).state.compare(found.as_ref()).map_err(|it| format!("{id}: {it}"))
    }

    async fn compare_snapshots(&self, id: &PersistenceId) -> Step {
        let snapshots = self.store.snapshots();
        let found = snapshots.list(id, SnapshotCriteria::ALL).await.map_err(failed("snapshots", id))?;
        let stored = self.reference.entity(id).snapshots.list(SnapshotCriteria::ALL);
        let expected = stored.iter().map(|snapshot| (snapshot.sequence_nr, snapshot.taken_at)).collect();
        same("snapshots", id, &expected, &found)?;
        for snapshot in stored {
            let at = SnapshotCriteria::at(snapshot.sequence_nr);
            let found = snapshots.load(id, at).await.map_err(failed("snapshot", id))?;
            same("snapshot", id, &Some(snapshot), &found.as_ref())?;
        }
        Ok(())
    }

    pub(super) async fn compare_manifests(&self, entity_type: &str) -> Step {
        let found = self.store.writes().manifests(entity_type).await.map_err(failed("names", entity_type))?;
        let each_once: BTreeSet<Manifest> = found.iter().cloned().collect();
        same("number of names", entity_type, &each_once.len(), &found.len())?;
        same("names", entity_type, &self.reference.manifests(entity_type), &each_once)
    }

    pub(super) async fn compare_epochs(&self) -> Step {
        let shards: Vec<ShardId> = self.writers.ids().iter().map(ShardId::of).collect();
        let expected: Vec<_> = shards.iter().map(|shard| self.reference.epoch(*shard)).collect();
        let found = self.store.writes().epochs(&shards).await.map_err(failed("epochs", "all shards"))?;
        same("epochs", format!("{shards:?}"), &expected, &found)
    }
}

pub(super) fn failed<E: Display>(what: &'static str, of: impl Display) -> impl FnOnce(E) -> Difference {
    move |error| format!("{what} of {of}: {error}")
}
