//! The operations that write: groups, and groups whose answers were lost in a crash.

use super::coverage::{history_of, state_of};
use super::op::Draft;
use super::reference::{Allowed, Reference};
use super::session::{Session, Step, answer_of};
use annals::storage::{Change, Committed, Fence, Lane, StateChange, StorageError, Write};
use annals::{Epoch, PersistenceId, ShardId};
use futures_util::FutureExt;
use std::collections::{BTreeMap, BTreeSet};

/// A write as it is sent, what may be answered, and what was there before it.
struct Judged {
    write: Write,
    allowed: Allowed,
    before: &'static str,
}

impl Session<'_> {
    /// Sends the writes, and compares every answer.
    pub(super) async fn append(&mut self, drafts: &[Draft]) -> Step {
        let judged = self.judge(drafts);
        let answers = self.store.append(judged.iter().map(|it| it.write.clone()).collect()).await;
        for (Judged { write, allowed, before }, answer) in judged.iter().zip(&answers) {
            let (name, answered) = (name_of(write), answered(allowed, answer));
            self.coverage.count(name, before, answered);
            self.reference
                .compare_answer(write, allowed, answer)
                .map_err(|difference| format!("{name} of {}: {difference}", write.id))?;
        }
        Ok(())
    }

    fn judge(&mut self, drafts: &[Draft]) -> Vec<Judged> {
        let mut judged = Vec::new();
        for draft in drafts {
            let entity = self.reference.entity(self.writers.id(draft.entity));
            let (history, state) = (history_of(entity), state_of(entity));
            if let Some((write, allowed)) = self.writers.write(draft, &mut self.reference) {
                let before = match write.change {
                    Change::Events { .. } => history,
                    Change::State { .. } => state,
                };
                judged.push(Judged { write, allowed, before });
            }
        }
        judged
    }

    /// Sends the writes and lets the store crash before it answers. Afterwards of each entity the first few
    /// writes are stored, or none, or all, and nothing of a write without the rest of it. As an owner would, the
    /// next one raises the epochs before it looks.
    pub(super) async fn append_and_crash(&mut self, drafts: &[Draft]) -> Step {
        let mut base = self.reference.clone();
        let writes: Vec<Write> = self.judge(drafts).into_iter().map(|it| it.write).collect();
        self.send_and_crash(&writes).await;
        let ids: BTreeSet<&PersistenceId> = writes.iter().map(|write| &write.id).collect();
        let shards: BTreeSet<ShardId> = ids.iter().map(|id| ShardId::of(id)).collect();
        let raised: Vec<Fence> = shards
            .into_iter()
            .map(|shard| Fence { shard, epoch: Epoch::new(base.epoch(shard).get() + 1) })
            .collect();
        self.store.writes().raise_epochs(&raised).await.map_err(|error| format!("raise: {error}"))?;
        for id in ids {
            let of_id: Vec<&Write> = writes.iter().filter(|write| write.id == *id).collect();
            base = self.stored_after_crash(base, id, &of_id).await?;
            self.writers.activate_all(id);
        }
        base.raise(&raised);
        self.reference = base;
        Ok(())
    }

    async fn send_and_crash(&mut self, writes: &[Write]) {
        let mut groups: BTreeMap<Lane, Vec<Write>> = BTreeMap::new();
        for write in writes {
            let lane = Lane::of(write.fence.shard, self.store.lanes());
            groups.entry(lane).or_default().push(write.clone());
        }
        for (lane, group) in groups {
            // Once polled and then dropped: the answer is lost, and so is the store.
            let _ = self.store.writes().append(lane, group.into()).now_or_never();
        }
        self.store.crash().await;
    }

    /// The reference with as many of these writes as the store has, if there is such a number.
    async fn stored_after_crash(
        &mut self,
        base: Reference,
        id: &PersistenceId,
        writes: &[&Write],
    ) -> Result<Reference, String> {
        let mut differences = Vec::new();
        for count in (0..=writes.len()).rev() {
            self.reference = base.clone();
            writes[..count].iter().for_each(|write| drop(self.reference.append(write)));
            match self.compare_entity(id).await {
                Ok(()) => {
                    let answer = match count {
                        0 => "none stored",
                        _ if count == writes.len() => "all stored",
                        _ => "some stored",
                    };
                    self.coverage.count("append, crash", history_of(base.entity(id)), answer);
                    return Ok(self.reference.clone());
                }
                Err(difference) => differences.push(format!("{count} of the writes: {difference}")),
            }
        }
        Err(format!("after a crash {id} is not as after any number of the writes: {differences:?}"))
    }
}

fn name_of(write: &Write) -> &'static str {
    match (&write.change, &write.outcome) {
        (Change::Events { events, .. }, None) if events.is_empty() => "write nothing",
        (Change::Events { events, .. }, Some(_)) if events.is_empty() => "keep outcome",
        (Change::Events { .. }, None) => "write events",
        (Change::Events { .. }, Some(_)) => "write, keyed",
        (Change::State { change: StateChange::Save(_), .. }, _) => "save state",
        (Change::State { change: StateChange::Delete, .. }, _) => "delete state",
        (Change::State { change: StateChange::Keep, .. }, _) => "keep state",
    }
}

fn answered(allowed: &Allowed, answer: &Result<Committed, StorageError>) -> &'static str {
    match (allowed, answer) {
        (Allowed::Stored, Ok(_)) => "stored",
        (Allowed::Repeated, Ok(_)) => "repeated",
        (Allowed::RepeatedOrConflict, _) => "earlier, repeated",
        (_, answer) => answer_of(answer),
    }
}
