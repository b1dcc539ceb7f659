//! An activation that is up: it waits for calls and for settled writes, and owns the branching between them.

use super::held::{Held, HeldAnswer, HeldQueue};
use super::inbox::News;
use super::keyed::{LookedUp, look_up};
use super::keys::KeyWindow;
use super::lane::Queued;
use super::recovery::Recovered;
use super::{Calls, Inbox, Kind, Tenure};
use crate::entity::{Context, Envelope, Failure, NotHandled, Unknown};
use crate::storage::StorageError;
use crate::vocabulary::{ActivationId, Key, SequenceNr, WriteNr};
use std::pin::pin;
use std::sync::Arc;
use tokio::time::sleep;

/// One activation of one entity.
pub(super) struct Active<'a, S> {
    pub(super) kind: &'a Arc<Kind<S>>,
    pub(super) inbox: &'a Arc<Inbox<S>>,
    pub(super) tenure: Arc<Tenure>,
    pub(super) activation: ActivationId,
    pub(super) state: S,
    pub(super) ctx: Context<S>,
    /// The last event in `state`.
    pub(super) sequence_nr: SequenceNr,
    /// The last write handed to the lane.
    pub(super) submitted: WriteNr,
    /// The last write known to be durable.
    pub(super) confirmed: WriteNr,
    /// How many writes are settled.
    pub(super) settled: u64,
    pub(super) held: HeldQueue<S>,
    pub(super) keys: KeyWindow,
    /// A write for which the lane had no room.
    pub(super) unsent: Option<Box<Queued>>,
}

/// Why an activation is over. Its memory is dropped; calls that it did not decide go to the next one.
pub(super) enum End {
    /// A write failed, or the shard was lost.
    Lost(StorageError),
    /// User code panicked, or an effect turned out impossible after it was applied.
    Broken,
    /// It was idle, or the node drains.
    Quiet,
}

/// What became of a call at once.
pub(super) enum Handled<S> {
    Done,
    /// It cannot be decided before the storage was asked for its key.
    AskStorage(Box<dyn Envelope<S>>, Key),
}

impl<'a, S: Send + Sync + 'static> Active<'a, S> {
    pub(super) fn new(kind: &'a Arc<Kind<S>>, inbox: &'a Arc<Inbox<S>>, recovered: Recovered<S>) -> Self {
        // No two owners of a shard have the same epoch, so two nodes never make up the same id.
        let epoch = u128::from(recovered.tenure.fence().epoch.get());
        let activation = ActivationId::new(epoch << 64 | u128::from(kind.random.next_u64()));
        Self {
            activation,
            tenure: recovered.tenure,
            state: recovered.state,
            ctx: Context::new(inbox.id().clone(), activation, kind.clock.clone(), kind.random.split()),
            sequence_nr: recovered.sequence_nr,
            submitted: WriteNr::ZERO,
            confirmed: WriteNr::ZERO,
            settled: 0,
            held: HeldQueue::new(),
            keys: recovered.keys,
            unsent: None,
            kind,
            inbox,
        }
    }

    /// Handles calls until the activation ends, and settles what it leaves behind.
    pub(super) async fn run(&mut self, calls: &mut Calls<S>) {
        let end = self.handle_calls(calls).await;
        self.stop(end).await;
    }

    async fn handle_calls(&mut self, calls: &mut Calls<S>) -> End {
        let idle = self.kind.limits.idle;
        let mut idle_check = pin!(sleep(idle));
        let mut was_busy = false;
        loop {
            // First of all those that the activation before left over.
            if let Err(end) = self.handle_batch(calls).await {
                return end;
            }
            let quiet = self.held.is_empty() && calls.is_empty();
            let room = calls.is_empty() && self.may_run_ahead();
            let news = tokio::select! {
                biased;
                news = self.inbox.news(self.settled, room, quiet, calls) => news,
                () = &mut idle_check, if quiet => {
                    if !was_busy && self.inbox.retire_if_empty() {
                        return End::Quiet;
                    }
                    was_busy = false;
                    idle_check.set(sleep(idle));
                    continue;
                }
            };
            was_busy = true;
            if let Err(end) = self.confirm(&news) {
                return end;
            }
            if quiet && news.draining && calls.is_empty() {
                return End::Quiet;
            }
            tokio::task::coop::consume_budget().await;
        }
    }

    fn may_run_ahead(&self) -> bool {
        let limits = &self.kind.limits;
        self.held.len() < limits.held_outcomes && self.held.bytes() < limits.held_bytes
    }

    /// Lets out what the settled writes allow.
    pub(super) fn confirm(&mut self, news: &News) -> Result<(), End> {
        self.settled = news.count;
        self.confirmed = news.confirmed;
        self.held.release_to(self.confirmed);
        self.keys.shrink(self.confirmed);
        match news.failed.then(|| self.inbox.settled().failure).flatten() {
            Some(error) => Err(End::Lost(error)),
            None => Ok(()),
        }
    }

    /// Handles calls in order until none is left, or the entity is as far ahead of its storage as it may be.
    ///
    /// What rarely waits (a look-up, a full lane) is boxed while it does, so that an idle entity keeps no
    /// room for it.
    async fn handle_batch(&mut self, calls: &mut Calls<S>) -> Result<(), End> {
        let mut looked_up = LookedUp::new();
        while self.may_run_ahead()
            && let Some(call) = calls.pop_front()
        {
            if let Some(why) = self.tenure.revoked() {
                calls.push_front(call);
                return Err(End::Lost(why.clone()));
            }
            if let Handled::AskStorage(call, key) = self.handle(call, &looked_up)? {
                let keys = self.keys_to_look_up(key, calls);
                match Box::pin(look_up(self.kind, self.inbox.id(), keys)).await {
                    Ok(answers) => {
                        looked_up = answers;
                        calls.push_front(call);
                    }
                    // Its first use may have happened: not even "nothing happened" can be said.
                    Err(error) => {
                        let failure = Failure::Unknown(Unknown::KeyLookup(error));
                        self.hold(None, 0, HeldAnswer::Failed(call, failure));
                    }
                }
            }
            if let Some(queued) = self.unsent.take() {
                Box::pin(self.kind.lanes.submit(self.inbox.shard(), *queued)).await;
            }
        }
        Ok(())
    }

    fn handle(&mut self, call: Box<dyn Envelope<S>>, looked_up: &LookedUp) -> Result<Handled<S>, End> {
        if !self.kind.definition.commands.contains(&call.command()) {
            let (entity_type, command) = (self.kind.definition.entity_type.into(), call.command());
            self.refuse(call, NotHandled::UnlistedCommand { entity_type, command });
            return Ok(Handled::Done);
        }
        match call.key().cloned() {
            None => self.decide(call, None).map(|()| Handled::Done),
            Some(key) => self.handle_keyed(call, key, looked_up),
        }
    }

    /// Refuses a command of which nothing happened.
    pub(super) fn refuse(&mut self, call: Box<dyn Envelope<S>>, reason: NotHandled) {
        self.hold(None, 0, HeldAnswer::Failed(call, Failure::NotHandled(reason)));
    }

    /// Keeps an answer until every write submitted so far is durable (G1): it was decided on a state that
    /// holds all of them.
    pub(super) fn hold(&mut self, write: Option<WriteNr>, bytes: usize, answer: HeldAnswer<S>) {
        if self.submitted <= self.confirmed {
            answer.release();
        } else {
            self.held.push(Held { after: self.submitted, write, bytes, answer });
        }
    }
}
