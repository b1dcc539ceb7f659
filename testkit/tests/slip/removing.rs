//! Deleting events, and erasing.

use super::{Slip, Slipping, unavailable};
use annals::storage::{
    Change, Fence, JournalStorage, Lane, StateChange, StateStorage, StorageError, Write, WriteStorage,
};
use annals::{ActivationId, PersistenceId, Revision, SequenceNr, ShardId, Timestamp, WriteNr};

impl Slipping {
    pub(super) async fn delete_with_slip(
        &self,
        id: &PersistenceId,
        fence: Fence,
        to: SequenceNr,
    ) -> Result<(), StorageError> {
        self.check_readable(id)?;
        let before = self.notes().deleted_to.insert(id.clone(), to);
        let to = match self.slip {
            Slip::DeletionForgotten => return Ok(()),
            Slip::DeletionOnce if before.is_some() => return Err(unavailable("it was deleted before")),
            Slip::DeletionTooFar => to.plus(1),
            _ => to,
        };
        if self.slip == Slip::DeletionEverywhere {
            let written = self.notes().written.clone();
            for other in written {
                let shard = ShardId::of(&other);
                self.inner.delete_to(&other, Fence { shard, ..fence }, to).await.ok();
            }
        }
        self.inner.delete_to(&self.id(id), fence, to).await
    }

    pub(super) async fn erase_with_slip(&self, id: &PersistenceId, fence: Fence) -> Result<(), StorageError> {
        self.check_readable(id)?;
        match self.slip {
            Slip::EraseForgotten => return Ok(()),
            Slip::EraseLeavesAState if StateStorage::load(&self.inner, id).await?.is_none() => {
                self.inner.append(Lane(0), [deletion(id, fence)].into()).await;
            }
            _ => {}
        }
        self.inner.erase(&self.id(id), fence).await
    }
}

fn deletion(id: &PersistenceId, fence: Fence) -> Write {
    Write {
        id: id.clone(),
        fence,
        activation: ActivationId::new(u128::MAX),
        write_nr: WriteNr::new(1),
        written_at: Timestamp::default(),
        change: Change::State { expected: Revision::ZERO, change: StateChange::Delete },
        outcome: None,
        side_effects: Vec::new(),
    }
}
