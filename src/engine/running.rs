//! An activation that is up: it waits for calls and for settled writes, and owns the branching between them.

use super::held::{Exit, Held, HeldAnswer, HeldQueue, Seen};
use super::inbox::{News, Wanted};
use super::keyed::{Keyed, LookedUp, look_up};
use super::keys::KeyWindow;
use super::kind::Kind;
use super::lane::Queued;
use super::recovery::Recovered;
use super::snapshots::SnapshotWork;
use super::{Calls, Inbox, Tenure};
use crate::entity::{Completeness, Context, Envelope, Failure, LastSnapshot, NotHandled, Unknown};
use crate::storage::StorageError;
use crate::vocabulary::{ActivationId, Key, Revision, SequenceNr, WriteNr};
use std::pin::pin;
use std::sync::Arc;
use tokio::time::{Instant, sleep};

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
    /// How often a durable state was stored.
    pub(super) revision: Revision,
    /// The last write handed to the lane.
    pub(super) submitted: WriteNr,
    /// The last write known to be durable.
    pub(super) confirmed: WriteNr,
    /// How many writes are settled.
    pub(super) settled: u64,
    pub(super) held: HeldQueue<S>,
    pub(super) keys: KeyWindow,
    /// Commands that are not ready, in the order in which they came.
    pub(super) waiting: Calls<S>,
    /// Where among them the call in hand was; none if it came from the mailbox.
    pub(super) waited_at: Option<usize>,
    /// The state changed since they were last asked.
    pub(super) changed: bool,
    /// When the first write of this batch of calls was decided.
    pub(super) batch_at: Option<Instant>,
    /// A write for which the lane had no room.
    pub(super) unsent: Option<Box<Queued>>,
    pub(super) last_snapshot: LastSnapshot,
    /// The snapshot that is under way.
    pub(super) snapshot: Option<Box<SnapshotWork>>,
    pub(super) completeness: Completeness,
    /// A handler wants the entity to leave memory.
    pub(super) leaving: bool,
}

/// Why an activation is over. Its memory is dropped; calls that it did not decide go to the next one.
pub(super) enum End {
    /// A write failed, or the shard was lost.
    Lost(StorageError),
    /// User code panicked, or an effect turned out impossible after it was applied.
    Broken(Arc<str>),
    /// The entity was erased.
    Erased,
    /// It was idle, or the node drains.
    Quiet,
}

/// What became of a call at once.
pub(super) enum Handled<S> {
    Done,
    /// It cannot be decided before the storage was asked for its key.
    AskStorage(Box<dyn Envelope<S>>, Key),
    /// It needs nothing in flight: its handler awaits, or it erases the entity.
    Alone(Box<dyn Envelope<S>>, Option<Keyed>),
}

impl<'a, S: Send + Sync + 'static> Active<'a, S> {
    #[expect(clippy::boxed_local, reason = "the caller would keep an empty box for as long as it keeps this")]
    pub(super) fn new(
        kind: &'a Arc<Kind<S>>,
        inbox: &'a Arc<Inbox<S>>,
        recovered: Box<Recovered<S>>,
    ) -> Self {
        let recovered = *recovered;
        // No two owners of a shard have the same epoch, so two nodes never make up the same id.
        let epoch = u128::from(recovered.tenure.fence().epoch.get());
        let activation = ActivationId::new(epoch << 64 | u128::from(kind.random.next_u64()));
        let (clock, random) = (kind.clock.clone(), kind.random.split());
        let (completeness, directory) = (recovered.completeness, kind.directory.clone());
        let ctx = Context::new(inbox.id().clone(), activation, clock, random, completeness, directory);
        Self {
            activation,
            tenure: recovered.tenure,
            state: recovered.state,
            ctx,
            sequence_nr: recovered.sequence_nr,
            revision: recovered.revision,
            submitted: WriteNr::ZERO,
            confirmed: WriteNr::ZERO,
            settled: 0,
            held: HeldQueue::new(),
            keys: recovered.keys,
            waiting: Calls::new(),
            waited_at: None,
            changed: false,
            batch_at: None,
            unsent: None,
            last_snapshot: recovered.last_snapshot,
            snapshot: None,
            completeness: recovered.completeness,
            leaving: false,
            kind,
            inbox,
        }
    }

    /// Handles calls until the activation ends, and settles what it leaves behind. Calls that it did not
    /// decide are in `calls` then.
    pub(super) async fn run(&mut self, calls: &mut Calls<S>) -> End {
        let end = self.handle_calls(calls).await;
        let end = Box::pin(self.stop(end)).await;
        // They came before those that are left.
        self.waiting.append(calls);
        std::mem::swap(&mut self.waiting, calls);
        end
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
            let at_rest = self.held.is_empty() && calls.is_empty() && self.snapshot.is_none();
            let quiet = at_rest && self.waiting.is_empty();
            if quiet && self.leaving && self.may_leave() {
                return End::Quiet;
            }
            let wanted = Wanted {
                settled: self.settled,
                calls: calls.is_empty() && self.may_run_ahead(),
                drain: at_rest,
                leave: quiet,
            };
            let news = tokio::select! {
                biased;
                // First, or it would never go on while there is always another call.
                () = SnapshotWork::run(&mut self.snapshot), if self.snapshot.is_some() => continue,
                news = self.inbox.news(wanted, calls) => news,
                () = &mut idle_check, if quiet => {
                    if !was_busy && self.may_leave() {
                        return End::Quiet;
                    }
                    was_busy = false;
                    idle_check.set(sleep(idle));
                    continue;
                }
            };
            was_busy |= !news.leave;
            if let Err(end) = self.confirm(&news) {
                return end;
            }
            if at_rest && news.draining && calls.is_empty() {
                self.refuse_waiting();
                self.leaving = true;
            }
            self.leaving |= news.leave && calls.is_empty();
            tokio::task::coop::consume_budget().await;
        }
    }

    /// Closes the inbox, unless a call waits in it or a snapshot is to be taken first.
    fn may_leave(&mut self) -> bool {
        !self.take_snapshot_before_leaving() && self.inbox.retire_if_empty()
    }

    pub(super) fn may_run_ahead(&self) -> bool {
        let limits = &self.kind.limits;
        self.held.len() < limits.held_outcomes && self.held.bytes() < limits.held_bytes
    }

    pub(super) fn exit(&self) -> Exit<'a> {
        Exit { keeping: self.kind.keeping(self.inbox.id()), instruments: &self.kind.instruments }
    }

    /// Lets out what the settled writes allow.
    pub(super) fn confirm(&mut self, news: &News) -> Result<(), End> {
        if news.count == self.settled {
            return Ok(());
        }
        let before = self.confirmed;
        self.settled = news.count;
        self.confirmed = news.confirmed;
        self.held.release_to(self.confirmed, self.exit());
        self.keys.shrink(self.confirmed);
        if self.confirmed > before {
            self.kind.subscriptions.confirmed(self.inbox.id().entity_id());
        }
        self.start_snapshot();
        match news.failed.then(|| self.inbox.settled().failure).flatten() {
            Some(error) => Err(End::Lost(error)),
            None => Ok(()),
        }
    }

    /// Waits until no write is in flight.
    pub(super) async fn settle_all(&mut self) -> Result<(), End> {
        while self.settled < self.submitted.get() {
            let news = self.inbox.news(Wanted::settled(self.settled), &mut Calls::new()).await;
            self.confirm(&news)?;
        }
        Ok(())
    }

    /// Handles calls in order until none is left, or the entity is as far ahead of its storage as it may be.
    ///
    /// What rarely waits (a look-up, a full lane, a handler that awaits) is boxed while it does, so that an
    /// idle entity keeps no room for it.
    async fn handle_batch(&mut self, calls: &mut Calls<S>) -> Result<(), End> {
        let mut looked_up = LookedUp::new();
        self.batch_at = None;
        while self.may_run_ahead()
            && let Some(call) = self.next_call(calls)
        {
            if let Some(why) = self.tenure.revoked() {
                let why = why.clone();
                self.put_back(call, calls);
                return Err(End::Lost(why));
            }
            let handled = self.handle(call, &looked_up)?;
            if !matches!(handled, Handled::Done) {
                Box::pin(self.handle_rest(handled, calls, &mut looked_up)).await?;
                self.batch_at = None;
            }
            if self.unsent.is_some() {
                Box::pin(self.send_unsent()).await;
            }
        }
        Ok(())
    }

    /// Goes on with a call that could not be handled at once.
    async fn handle_rest(
        &mut self,
        handled: Handled<S>,
        calls: &mut Calls<S>,
        looked_up: &mut LookedUp,
    ) -> Result<(), End> {
        match handled {
            Handled::Done => {}
            Handled::AskStorage(call, key) => {
                let keys = self.keys_to_look_up(key, calls);
                self.kind.instruments.key_lookups.increment(keys.len() as u64);
                match look_up(self.kind, self.inbox.id(), keys).await {
                    Ok(answers) => {
                        *looked_up = answers;
                        self.put_back(call, calls);
                    }
                    // Its first use may have happened: not even "nothing happened" can be said.
                    Err(error) => {
                        let failure = Failure::Unknown(Unknown::KeyLookup(error));
                        self.hold(None, 0, HeldAnswer::Failed(call, Box::new(failure)), Seen::nothing());
                    }
                }
            }
            Handled::Alone(call, keyed) => {
                self.handle_alone(call, keyed, calls).await?;
                // While it waited, writes were confirmed, so keys may have left the window.
                looked_up.clear();
            }
        }
        Ok(())
    }

    /// Waits until the lane has room for the write that it had none for.
    async fn send_unsent(&mut self) {
        if let Some(queued) = self.unsent.take() {
            self.kind.lanes.submit(self.inbox.shard(), *queued).await;
        }
    }

    fn handle(&mut self, call: Box<dyn Envelope<S>>, looked_up: &LookedUp) -> Result<Handled<S>, End> {
        use crate::entity::Mode;
        match call.mode() {
            Mode::Erase => return Ok(Handled::Alone(call, None)),
            Mode::Inspect => return self.handle_if_ready(call, None),
            Mode::Direct | Mode::Awaited => {}
        }
        let command = call.command();
        if !self.kind.definition.commands.contains(&command) {
            let entity_type = self.kind.definition.entity_type.into();
            self.refuse(call, NotHandled::UnlistedCommand { entity_type, command });
            return Ok(Handled::Done);
        }
        match call.key().cloned() {
            None => self.handle_if_ready(call, None),
            Some(key) => self.handle_keyed(call, key, looked_up),
        }
    }

    /// Refuses a command of which nothing happened.
    pub(super) fn refuse(&mut self, call: Box<dyn Envelope<S>>, reason: NotHandled) {
        self.fail(call, Failure::NotHandled(reason));
    }

    /// Fails a command, in its place among the answers.
    pub(super) fn fail(&mut self, call: Box<dyn Envelope<S>>, failure: Failure) {
        self.hold(None, 0, HeldAnswer::Failed(call, Box::new(failure)), Seen::nothing());
    }

    /// Keeps an answer until every write submitted so far is durable (G1): it was decided on a state that
    /// holds all of them.
    pub(super) fn hold(&mut self, write: Option<WriteNr>, bytes: usize, answer: HeldAnswer<S>, seen: Seen) {
        if self.submitted <= self.confirmed {
            answer.release(&seen, self.exit(), &mut None);
        } else {
            self.held.push(Held { after: self.submitted, write, bytes, answer, seen });
        }
    }
}
