//! The calls that change what is stored, as data: so that they can be done twice, in part, or later.

use super::Operation;
use super::ports::Ports;
use annals::PersistenceId;
use annals::storage::{
    Change, Committed, Counter, Fence, Lane, SnapshotCriteria, SnapshotWrite, StorageError, Subject, Write,
};
use annals::{Epoch, SequenceNr};
use std::sync::Arc;

/// One answer per write of a group; one answer otherwise.
pub(super) type Answers = Vec<Result<Option<Committed>, StorageError>>;

/// A call that changes what is stored.
#[derive(Debug, Clone)]
pub(super) enum Mutation {
    Append(Lane, Arc<[Write]>),
    Erase(PersistenceId, Fence),
    RaiseEpochs(Vec<Fence>),
    DeleteEvents(PersistenceId, Fence, SequenceNr),
    SaveSnapshot(Box<SnapshotWrite>),
    DeleteSnapshots(PersistenceId, Fence, SnapshotCriteria),
}

impl Mutation {
    pub(super) fn operation(&self) -> Operation {
        match self {
            Self::Append(..) => Operation::Append,
            Self::Erase(..) => Operation::Erase,
            Self::RaiseEpochs(..) => Operation::RaiseEpochs,
            Self::DeleteEvents(..) => Operation::DeleteEvents,
            Self::SaveSnapshot(..) => Operation::SaveSnapshot,
            Self::DeleteSnapshots(..) => Operation::DeleteSnapshots,
        }
    }

    pub(super) fn ids(&self) -> Vec<PersistenceId> {
        match self {
            Self::Append(_, group) => group.iter().map(|write| write.id.clone()).collect(),
            Self::RaiseEpochs(_) => Vec::new(),
            Self::SaveSnapshot(write) => vec![write.id.clone()],
            Self::Erase(id, _) | Self::DeleteEvents(id, ..) | Self::DeleteSnapshots(id, ..) => {
                vec![id.clone()]
            }
        }
    }

    /// Does it.
    pub(super) async fn perform(&self, ports: &Ports) -> Answers {
        let one = |answer: Result<(), StorageError>| vec![answer.map(|()| None)];
        match self {
            Self::Append(lane, group) => {
                let answers = ports.writes.append(*lane, group.clone()).await;
                answers.into_iter().map(|answer| answer.map(Some)).collect()
            }
            Self::Erase(id, fence) => one(ports.writes.erase(id, *fence).await),
            Self::RaiseEpochs(raised) => one(ports.writes.raise_epochs(raised).await),
            Self::DeleteEvents(id, fence, to) => one(ports.journal().delete_to(id, *fence, *to).await),
            Self::SaveSnapshot(write) => one(ports.snapshots().save((**write).clone()).await),
            Self::DeleteSnapshots(id, fence, criteria) => {
                one(ports.snapshots().delete(id, *fence, *criteria).await)
            }
        }
    }

    /// This error for everything in it.
    pub(super) fn all(&self, error: &StorageError) -> Answers {
        let count = match self {
            Self::Append(_, group) => group.len(),
            _ => 1,
        };
        vec![Err(error.clone()); count]
    }

    /// The group without the writes that are not kept, by index.
    fn part(lane: Lane, group: &[Write], keep: impl Fn(usize) -> bool) -> Self {
        let kept = (0..).zip(group).filter(|(index, _)| keep(*index)).map(|(_, write)| write.clone());
        Self::Append(lane, kept.collect())
    }

    /// The first so many writes of a group, and the others.
    pub(super) fn cut(&self, at: usize) -> (Self, Self) {
        match self {
            Self::Append(lane, group) => {
                (Self::part(*lane, group, |index| index < at), Self::part(*lane, group, |index| index >= at))
            }
            whole => (whole.clone(), Self::Append(Lane(0), Vec::new().into())),
        }
    }

    /// Whether there is nothing in it to be done.
    pub(super) fn is_empty(&self) -> bool {
        matches!(self, Self::Append(_, group) if group.is_empty())
    }

    /// Everything but the write with this index, and what is said to that.
    pub(super) fn without(&self, index: usize) -> (Self, usize, StorageError) {
        let too_large = |subject| StorageError::TooLarge { subject, bytes: 2, limit: 1 };
        match self {
            Self::Append(lane, group) => {
                let index = index.min(group.len().saturating_sub(1));
                let subject = Subject::Entity(group[index].id.clone());
                (Self::part(*lane, group, |other| other != index), index, too_large(subject))
            }
            Self::SaveSnapshot(write) => {
                let subject = Subject::Snapshot(write.id.clone(), write.snapshot.sequence_nr);
                (Self::Append(Lane(0), Vec::new().into()), 0, too_large(subject))
            }
            _ => unreachable!("a refusal fits only groups and snapshots"),
        }
    }

    /// A conflict for everything in it.
    pub(super) fn conflicts(&self) -> Answers {
        let conflict = |id: &PersistenceId, counter, expected: u64| {
            Err(StorageError::Conflict {
                id: id.clone(),
                counter,
                expected,
                actual: expected.wrapping_add(1),
            })
        };
        match self {
            Self::Append(_, group) => group
                .iter()
                .map(|write| match write.change {
                    Change::Events { expected, .. } => {
                        conflict(&write.id, Counter::SequenceNr, expected.get())
                    }
                    Change::State { expected, .. } => conflict(&write.id, Counter::Revision, expected.get()),
                })
                .collect(),
            Self::SaveSnapshot(write) => {
                vec![conflict(&write.id, Counter::SequenceNr, write.snapshot.sequence_nr.get())]
            }
            _ => unreachable!("a conflict fits only groups and snapshots"),
        }
    }

    fn fences(&self) -> Vec<Fence> {
        match self {
            Self::Append(_, group) => group.iter().map(|write| write.fence).collect(),
            Self::RaiseEpochs(raised) => raised.clone(),
            Self::SaveSnapshot(write) => vec![write.fence],
            Self::Erase(_, fence) | Self::DeleteEvents(_, fence, _) | Self::DeleteSnapshots(_, fence, _) => {
                vec![*fence]
            }
        }
    }

    /// Raises the epochs of its shards above the call's, as another owner would.
    pub(super) async fn take_over(&self, ports: &Ports) -> Result<(), StorageError> {
        let mut fences = self.fences();
        fences.sort_by_key(|fence| fence.shard);
        fences.dedup_by_key(|fence| fence.shard);
        let shards: Vec<_> = fences.iter().map(|fence| fence.shard).collect();
        let stored: Vec<Epoch> = ports.writes.epochs(&shards).await?;
        let raised = |(fence, stored): (&Fence, Epoch)| Fence {
            shard: fence.shard,
            epoch: stored.max(fence.epoch).next(),
        };
        let raised: Vec<Fence> = fences.iter().zip(stored).map(raised).collect();
        ports.writes.raise_epochs(&raised).await
    }
}
