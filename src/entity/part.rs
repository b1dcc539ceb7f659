//! Reusable behaviour: an event-sourced entity can be a part of others, with its events, commands and state.
//!
//! In the whole, its events and commands carry its name: `audit-trail.recorded`. Nothing else tells a part
//! from an entity of its own, so the same type can be both.

use super::address::{Address, Delivery, EventSource};
use super::change::{Change, Changes, Decided, Extras, Seal, SealError, in_part, name_in_part};
use super::envelope::{Keeping, Mode};
use super::replay::{Replay, ReplayError, Stored};
use super::{Context, Envelope, EventSourced, Failure, HistoryError, NotHandled, Target};
use crate::storage;
use crate::storage::{Outcome, OutcomeKind};
use crate::vocabulary::{CodecError, CommandDigest, EntityId, Key, Manifest, Name, SealingError, SequenceNr};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::sync::Arc;
use std::time::Duration;

/// An entity that has `P` as a part. The part is a field of its state.
///
/// List it with [`Definition::part`](super::Definition::part); `#[annals::commands(parts(..))]` does both.
/// A handler of the whole adds events of the part with [`Effect::and`](super::Effect::and); a client reaches
/// the part's own commands through `EntityRef::part`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no such part",
    note = "make it a field of the state, and list it, as in `#[annals::commands(parts(audit: AuditTrail))]`"
)]
pub trait Has<P>: EventSourced {
    /// The part.
    fn part(&self) -> &P;
    /// The part, for its events to be applied to.
    fn part_mut(&mut self) -> &mut P;
    /// The part alone.
    fn into_part(self) -> P;
}

/// The changes of a part as changes of the whole.
pub(super) fn lift_changes<S: Has<P>, P: EventSourced>(changes: Changes<P>) -> Vec<Box<dyn Change<S>>> {
    let lift = |change| Box::new(PartChange(change)) as Box<dyn Change<S>>;
    match changes {
        Changes::One(change) => vec![lift(change)],
        Changes::Many(changes) => changes.into_iter().map(lift).collect(),
        // `P` is event-sourced: it has no others.
        Changes::None | Changes::Update(_) | Changes::Delete => Vec::new(),
    }
}

struct PartChange<P>(Box<dyn Change<P>>);

impl<S: Has<P>, P: EventSourced> Change<S> for PartChange<P> {
    fn seal(&mut self, seal: &Seal<'_>) -> Result<storage::Event, SealError> {
        self.0.seal(&seal.part(P::ENTITY_TYPE))
    }

    fn apply(&self, state: &mut S) {
        self.0.apply(state.part_mut());
    }
}

/// Replays the events of a part within the journal of the whole.
pub(super) struct PartEvents<P> {
    /// Each manifest as it is stored, and as the part knows it.
    known: Vec<(Manifest, Manifest)>,
    current: usize,
    replays: Vec<Box<dyn Replay<P>>>,
}

impl<P: EventSourced> PartEvents<P> {
    pub(super) fn new(replays: Vec<Box<dyn Replay<P>>>) -> Self {
        let full = |own: Manifest| (in_part(P::ENTITY_TYPE, &own), own);
        let mut known: Vec<_> = replays.iter().flat_map(|it| it.current()).map(full).collect();
        let current = known.len();
        known.extend(replays.iter().flat_map(|it| it.upcast()).map(full));
        Self { known, current, replays }
    }
}

impl<S: Has<P>, P: EventSourced> Replay<S> for PartEvents<P> {
    fn current(&self) -> Vec<Manifest> {
        self.known[..self.current].iter().map(|(full, _)| full.clone()).collect()
    }

    fn upcast(&self) -> Vec<Manifest> {
        self.known[self.current..].iter().map(|(full, _)| full.clone()).collect()
    }

    fn knows(&self, manifest: &Manifest) -> bool {
        self.known.iter().any(|(full, _)| full == manifest)
    }

    fn replay(&self, state: &mut S, stored: Stored<'_>) -> Result<(), ReplayError> {
        let unknown = || ReplayError::UnknownManifest(stored.manifest.clone());
        let (_, own) = self.known.iter().find(|(full, _)| full == stored.manifest).ok_or_else(unknown)?;
        let replay = self.replays.iter().find(|replay| replay.knows(own)).ok_or_else(unknown)?;
        replay.replay(state.part_mut(), Stored { manifest: own, ..stored })
    }
}

/// A call to a part, on its way through the whole.
struct PartEnvelope<P>(Box<dyn Envelope<P>>);

fn lift_decided<S: Has<P>, P: EventSourced>(decided: Decided<P>) -> Decided<S> {
    let changes = lift_changes(decided.changes);
    let changes = if changes.is_empty() { Changes::None } else { Changes::Many(changes) };
    let extras: Option<Box<Extras>> = decided.extras;
    Decided { changes, extras }
}

impl<S: Has<P>, P: EventSourced> Envelope<S> for PartEnvelope<P> {
    fn command(&self) -> Name {
        name_in_part(P::ENTITY_TYPE, &self.0.command())
    }

    fn mode(&self) -> Mode {
        self.0.mode()
    }

    fn deadline(&self) -> Option<Duration> {
        self.0.deadline()
    }

    fn key(&self) -> Option<&Key> {
        self.0.key()
    }

    fn digest(&self) -> Result<CommandDigest, CodecError> {
        let own = self.0.digest()?.get().to_le_bytes();
        Ok(CommandDigest::of(&name_in_part(P::ENTITY_TYPE, &self.0.command()), &own))
    }

    fn ready(&self, state: &S) -> bool {
        self.0.ready(state.part())
    }

    fn decide(&mut self, state: &S, ctx: &Context<S>) -> Decided<S> {
        lift_decided(self.0.decide(state.part(), &ctx.for_part()))
    }

    fn decide_awaited<'a>(&'a mut self, state: &'a S, ctx: &'a Context<S>) -> BoxFuture<'a, Decided<S>> {
        let ctx = ctx.for_part();
        async move { lift_decided(self.0.decide_awaited(state.part(), &ctx).await) }.boxed()
    }

    fn settle(&mut self, state: &S) {
        self.0.settle(state.part());
    }

    fn outcome(&self) -> OutcomeKind {
        self.0.outcome()
    }

    fn kept(&self, keeping: Keeping<'_>) -> Result<Outcome, SealingError> {
        self.0.kept(keeping)
    }

    fn release(self: Box<Self>) {
        self.0.release();
    }

    fn release_kept(self: Box<Self>, outcome: &Outcome, keeping: Keeping<'_>) {
        self.0.release_kept(outcome, keeping);
    }

    fn fail(self: Box<Self>, failure: Failure) {
        self.0.fail(failure);
    }
}

/// Delivers calls for a part to the whole.
struct PartDelivery<S>(Target<S>);

/// A target of the part `P` of an entity.
pub(crate) fn target_of_part<S: Has<P>, P: EventSourced>(whole: &Target<S>) -> Target<P> {
    Target::new(whole.0.id.clone(), Arc::new(PartDelivery(whole.clone())))
}

impl<S: Has<P>, P: EventSourced> Delivery<P> for PartDelivery<S> {
    fn deliver(&self, _: &Address<P>, envelope: Box<dyn Envelope<P>>) -> Result<(), Failure> {
        self.0.0.delivery.deliver(&self.0.0, Box::new(PartEnvelope(envelope)))
    }

    fn events(&self, id: &EntityId) -> Result<EventSource, NotHandled> {
        let whole = self.0.0.delivery.events(id)?;
        let prefix = format!("{}{}.", whole.prefix, P::ENTITY_TYPE);
        Ok(EventSource { prefix, ..whole })
    }

    fn state_at(&self, id: &EntityId, at: SequenceNr) -> BoxFuture<'static, Result<P, HistoryError>> {
        let whole = self.0.0.delivery.state_at(id, at);
        async move { Ok(whole.await?.into_part()) }.boxed()
    }
}
