//! Writes: decided, handed over one group after the other, settled.

use super::activation::{Activation, End};
use super::sealed::seal;
use super::{Defect, Shared};
use annals::storage::{Change, Committed, Fence, KeyedOutcome, Lane, OutcomeKind, StorageError, Write};
use annals::{ActivationId, Event, Timestamp, WriteNr};
use annals_testkit::guarantees::AccountEvent;
use futures_util::FutureExt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

type Answers = Vec<Result<Committed, StorageError>>;

/// The numbers of the writes of a group, and what became of them.
pub(super) struct Group {
    writes: Vec<u64>,
    answers: Answers,
}

impl Activation<'_> {
    /// Queues what a command changes.
    pub(super) fn submit(&mut self, events: &[AccountEvent], kept: Option<KeyedOutcome>) {
        match self.shared.defect {
            Defect::StoresEventsOneByOne if events.len() > 1 => {
                let (last, before) = events.split_last().unwrap();
                before.iter().for_each(|event| self.submit_write(std::slice::from_ref(event), None));
                self.submit_write(std::slice::from_ref(last), kept);
            }
            Defect::StoresOutcomeSeparately if kept.is_some() => {
                self.submit_write(events, None);
                self.submit_write(&[], kept);
            }
            _ => self.submit_write(events, kept),
        }
    }

    fn submit_write(&mut self, events: &[AccountEvent], kept: Option<KeyedOutcome>) {
        self.submitted += 1;
        if let Some(kept) = &kept {
            self.keys.insert(self.submitted, kept.clone());
        }
        let sealed = events.iter().map(|event| seal(event.manifest(), event).into());
        self.queue.push(Write {
            id: self.id.clone(),
            fence: self.fence,
            activation: self.activation,
            write_nr: WriteNr::new(self.submitted),
            written_at: Timestamp::from_micros(0),
            change: Change::Events { expected: self.sequence_nr, events: sealed.collect() },
            outcome: kept.filter(|kept| self.is_stored(kept, events)),
            side_effects: Vec::new(),
        });
        self.sequence_nr = self.sequence_nr.plus(events.len() as u64);
    }

    fn is_stored(&self, kept: &KeyedOutcome, events: &[AccountEvent]) -> bool {
        match self.shared.defect {
            Defect::KeepsNoOutcomes => false,
            Defect::KeepsNoRejections => kept.outcome.kind != OutcomeKind::Rejection,
            Defect::KeepsNoEventlessOutcomes => !events.is_empty(),
            _ => true,
        }
    }

    /// Hands what is queued over, unless a group is in flight.
    pub(super) fn hand_over(&mut self) {
        if self.in_flight.is_none() && !self.queue.is_empty() {
            self.handed = self.submitted;
            let group = std::mem::take(&mut self.queue);
            self.in_flight = Some(append(self.shared.clone(), self.fence, group).boxed());
        }
    }

    /// Lets out what the answers to a group allow.
    pub(super) fn settle(&mut self, group: Group) -> Result<(), End> {
        self.in_flight = None;
        let mut failure = None;
        for (nr, answer) in group.writes.into_iter().zip(group.answers) {
            match answer {
                Ok(_) if failure.is_none() => self.confirmed = nr,
                Ok(_) => {}
                Err(error) => {
                    self.consider_ownership(&error);
                    failure.get_or_insert(error);
                }
            }
        }
        self.release();
        self.keys.shrink(self.shared.settings.recent_keys, self.confirmed);
        self.start_snapshot();
        failure.map_or(Ok(()), |error| Err(End::Lost(error)))
    }

    fn consider_ownership(&self, error: &StorageError) {
        let lost = match error {
            StorageError::Fenced { .. } => true,
            StorageError::Indeterminate { .. } => !self.shared.has(Defect::ReadsBeforeFencing),
            _ => false,
        };
        if lost {
            self.shared.ownership.lose(self.fence);
        }
    }

    fn release(&mut self) {
        while self.held.front().is_some_and(|held| held.after <= self.confirmed) {
            let held = self.held.pop_front().unwrap();
            let _ = held.call.to.send(held.answer);
        }
    }
}

impl Shared {
    /// No two activations have one id: no two engines have one epoch.
    pub(super) fn new_activation(&self, fence: Fence) -> ActivationId {
        ActivationId::new(u128::from(fence.epoch.get()) << 64 | u128::from(self.random.next_u64()))
    }

    /// The right to write, as it is stated to the storage.
    pub(super) async fn stated(&self, fence: Fence) -> Fence {
        match self.defect {
            Defect::AsksEpochAtEachWrite => {
                Fence { epoch: self.writes.epochs(&[fence.shard]).await.unwrap()[0], ..fence }
            }
            _ => fence,
        }
    }
}

async fn append(shared: Arc<Shared>, fence: Fence, mut group: Vec<Write>) -> Group {
    let writes = group.iter().map(|write| write.write_nr.get()).collect();
    let fence = shared.stated(fence).await;
    group.iter_mut().for_each(|write| write.fence = fence);
    if shared.has(Defect::ReversesGroups) {
        group.reverse();
    }
    let (count, lane) = (group.len(), Lane::of(fence.shard, shared.lanes));
    let answers = AssertUnwindSafe(shared.writes.append(lane, group.into())).catch_unwind().await;
    let mut answers = answers.unwrap_or_else(|_| {
        let lost = |_| Err(StorageError::Indeterminate { store: "it".into(), reason: "it panicked".into() });
        (0..count).map(lost).collect()
    });
    if shared.has(Defect::ReversesGroups) {
        answers.reverse();
    }
    Group { writes, answers }
}
