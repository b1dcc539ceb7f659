//! Erasing, and the names that outlive it, with their faults.

use super::{Fault, Twin};
use annals::storage::{
    Change, Fence, JournalEntry, JournalStorage, ReadRange, StateChange, StateStorage, StorageError, Write,
    WriteStorage,
};
use annals::{Manifest, PersistenceId};
use futures_util::StreamExt;
use std::collections::BTreeSet;

impl Twin {
    pub(super) async fn erase_with_fault(
        &self,
        id: &PersistenceId,
        mut fence: Fence,
    ) -> Result<(), StorageError> {
        if self.fault == Fault::EraseEpochIgnored {
            fence.epoch = self.epoch(fence.shard).await?;
        }
        let entries: Vec<_> = self.inner.read(&self.id(id), ReadRange::ALL).collect().await;
        self.inner.erase(&self.id(id), fence).await?;
        match self.fault {
            Fault::EraseKeepsOutcomes => {
                let mut notes = self.notes();
                for entry in entries {
                    if let Ok(JournalEntry::Outcome { kept, .. }) = entry {
                        notes.outlived.insert((id.clone(), kept.key.clone()), kept);
                    }
                }
            }
            Fault::EraseRestartsNumbers => self.start_again(id),
            _ => {}
        }
        Ok(())
    }

    /// Remembers what the faults about names need.
    pub(super) fn note_names(&self, write: &Write, stored: bool) {
        let mut notes = self.notes();
        notes.written.insert(write.id.clone());
        if !stored {
            let entity_type = write.id.entity_type();
            notes.refused.extend(manifests_in(&write.change).map(|manifest| (entity_type.clone(), manifest)));
        }
    }

    pub(super) async fn known_manifests(&self, entity_type: &str) -> Result<Vec<Manifest>, StorageError> {
        let mut known: BTreeSet<Manifest> = self.inner.manifests(entity_type).await?.into_iter().collect();
        match self.fault {
            Fault::ManifestsForgetDeleted => known = self.manifests_in_use(entity_type).await?,
            Fault::ManifestsOfRefusedWrites => {
                let notes = self.notes();
                let refused = notes.refused.iter().filter(|(of, _)| of.as_str() == entity_type);
                known.extend(refused.map(|(_, manifest)| manifest.clone()));
            }
            _ => {}
        }
        Ok(known.into_iter().collect())
    }

    async fn manifests_in_use(&self, entity_type: &str) -> Result<BTreeSet<Manifest>, StorageError> {
        let written = self.notes().written.clone();
        let mut known = BTreeSet::new();
        for id in written.iter().filter(|id| id.entity_type().as_str() == entity_type) {
            let mut entries = self.inner.read(id, ReadRange::ALL);
            while let Some(entry) = entries.next().await {
                if let JournalEntry::Event(event) = entry? {
                    known.insert(event.payload.manifest().clone());
                }
            }
            let state = StateStorage::load(&self.inner, id).await?;
            known.extend(state.and_then(|state| state.payload).map(|payload| payload.manifest().clone()));
        }
        Ok(known)
    }
}

fn manifests_in(change: &Change) -> impl Iterator<Item = Manifest> + '_ {
    let (events, state) = match change {
        Change::Events { events, .. } => (&events[..], None),
        Change::State { change: StateChange::Save(payload), .. } => (&[][..], Some(payload)),
        Change::State { .. } => (&[][..], None),
    };
    events.iter().map(|event| &event.payload).chain(state).map(|payload| payload.manifest().clone())
}
