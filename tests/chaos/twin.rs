//! What a broken store does: the checks must find it.

use super::store::Store;
use annals::storage::{Change, Committed, Fence, Lane, StateStorage, StorageError, Write, WriteStorage};
use annals::{ActivationId, Revision, SequenceNr, WriteNr};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// What is wrong with a store. Each strikes now and then only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Twin {
    /// Nothing.
    Sound,
    /// Some writes are acknowledged and never stored.
    AcknowledgesWithoutStoring,
    /// Writes are acknowledged, and stored with the next call.
    AcknowledgesEarly,
    /// Outcomes are not kept.
    LosesOutcomes,
    /// Of writes with two events the second is lost.
    TearsWrites,
    /// An epoch is raised, and writes with the one before are stored as well.
    DoesNotFence,
    /// A repetition of a write is stored again.
    StoresRepetitions,
    /// The last event of a history is not found.
    ReadsOneShort,
    /// An erasure is acknowledged, and nothing is erased.
    DoesNotErase,
    /// The state before the last one is given.
    GivesOldStates,
    /// Some look-ups of keys find nothing.
    FindsNoKeys,
    /// Some groups never get an answer.
    Hangs,
}

type Answers = Vec<Result<Committed, StorageError>>;

impl Store {
    /// Stores a group as this twin does.
    pub(crate) async fn append_with_fault(&self, lane: Lane, group: Arc<[Write]>) -> Answers {
        self.pay().await;
        match self.twin {
            Twin::AcknowledgesWithoutStoring if self.strikes(self.twin) => {
                group.iter().map(pretend).collect()
            }
            Twin::AcknowledgesEarly if self.strikes(self.twin) => {
                let answers = group.iter().map(pretend).collect();
                self.owed.lock().unwrap().push((lane, group));
                answers
            }
            Twin::LosesOutcomes => {
                let writes = group.iter().cloned().map(|write| Write { outcome: None, ..write });
                self.store(lane, writes.collect()).await
            }
            Twin::TearsWrites => self.store(lane, group.iter().cloned().map(tear).collect()).await,
            Twin::DoesNotFence => {
                let mut renewed = group.to_vec();
                for write in &mut renewed {
                    write.fence = self.renewed(write.fence).await;
                }
                self.store(lane, renewed.into()).await
            }
            Twin::StoresRepetitions if self.strikes(self.twin) => {
                let answers = self.store(lane, group.clone()).await;
                for write in group.iter() {
                    self.store_again(lane, write).await;
                }
                answers
            }
            Twin::Hangs if self.strikes(self.twin) => std::future::pending().await,
            Twin::GivesOldStates => {
                self.remember_states(&group).await;
                self.store(lane, group).await
            }
            _ => self.store(lane, group).await,
        }
    }

    /// The fence that would be let through.
    pub(crate) async fn renewed(&self, fence: Fence) -> Fence {
        Fence { epoch: self.memory().epochs(&[fence.shard]).await.unwrap()[0], ..fence }
    }

    /// Stores what was acknowledged before.
    pub(crate) async fn pay(&self) {
        let owed = std::mem::take(&mut *self.owed.lock().unwrap());
        for (lane, group) in owed {
            self.store(lane, group).await;
        }
    }

    /// As if another activation had decided it.
    async fn store_again(&self, lane: Lane, write: &Write) {
        let mut write = write.clone();
        let activation = u128::from(self.calls.fetch_add(7, Ordering::SeqCst));
        (write.activation, write.write_nr) = (ActivationId::new(activation), WriteNr::new(1));
        let reach = self.reach(&write.id).await;
        match &mut write.change {
            Change::Events { expected, .. } => *expected = SequenceNr::new(reach),
            Change::State { expected, .. } => *expected = Revision::new(reach),
        }
        self.store(lane, [write].into()).await;
    }

    async fn remember_states(&self, group: &[Write]) {
        for write in group {
            if let Some(state) = StateStorage::load(self.memory(), &write.id).await.unwrap() {
                self.old.lock().unwrap().push((write.id.clone(), state));
            }
        }
    }
}

/// The answer that a stored write would get.
fn pretend(write: &Write) -> Result<Committed, StorageError> {
    Ok(match &write.change {
        Change::Events { expected, events } => {
            Committed::Events { sequence_nr: expected.plus(events.len() as u64), position: None }
        }
        Change::State { expected, .. } => Committed::State { revision: expected.next() },
    })
}

/// Of two events only the first.
fn tear(mut write: Write) -> Write {
    if let Change::Events { events, .. } = &mut write.change
        && events.len() == 2
    {
        *events = vec![events[0].clone()].into();
    }
    write
}
