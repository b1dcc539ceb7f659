//! What a node needs to know of an entity type.

use super::part::PartEvents;
use super::policy::{RESTART_BACKOFF, Snapshots};
use super::replay::{OwnEvents, Replay, ReplayError, SerdeState, StateForm, Stored};
use super::{
    AsyncHandler, Command, DurableState, Ephemeral, EventSourced, FailurePolicy, Handler, Has,
    RecoveryPolicy, Target, change,
};
use crate::vocabulary::{Backoff, Cipher, Codec, EntityId, InvalidId, Manifest, Name, PersistenceId, Sealer};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A type that a node can host. `#[annals::commands]` implements it; by hand it is one short function.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an entity",
    note = "put `#[annals::commands]` on its `impl` block, or implement `Entity` by hand: `type Ref = \
            EntityRef<Self>`, and a `definition()` that lists its commands"
)]
pub trait Entity: Sized + Send + Sync + 'static {
    /// The client of one entity: the one that the macro makes, or [`EntityRef`](crate::EntityRef).
    type Ref: From<Target<Self>>;

    /// Its kind, its commands, its policies.
    fn definition() -> Definition<Self>;
}

/// How an entity is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum EntityKind {
    /// As its events.
    EventSourced,
    /// As its latest state.
    DurableState,
    /// Not at all.
    Ephemeral,
}

/// An entity type as data.
pub struct Definition<S> {
    pub(crate) entity_type: &'static str,
    pub(crate) kind: EntityKind,
    pub(crate) sealer: Sealer,
    pub(crate) commands: Vec<Name>,
    pub(crate) replays: Vec<Box<dyn Replay<S>>>,
    pub(crate) state: Option<Box<dyn StateForm<S>>>,
    pub(crate) fresh: fn() -> S,
    pub(crate) snapshots: Option<Snapshots>,
    pub(crate) recovery: RecoveryPolicy,
    pub(crate) failure: FailurePolicy,
    pub(crate) restart: Backoff,
}

/// What is wrong with a definition.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidDefinition {
    /// Its name cannot be stored.
    #[error("{0}")]
    EntityType(InvalidId),
    /// A command has no name, or two have the same.
    #[error("entity type {entity_type} has two commands, or one without a name, called {command:?}")]
    Command {
        /// The type.
        entity_type: &'static str,
        /// The name.
        command: Name,
    },
    /// An event has no name, two have the same name and version, or one has an upcaster although it is stored
    /// today.
    #[error("entity type {entity_type} has two events or upcasters, or one without a name, for {manifest}")]
    Event {
        /// The type.
        entity_type: &'static str,
        /// The name and version.
        manifest: Manifest,
    },
    /// Two upcasters of states are for one version, or one is for today's.
    #[error("entity type {entity_type} has two ways to read its state {manifest}")]
    State {
        /// The type.
        entity_type: &'static str,
        /// The name and version.
        manifest: Manifest,
    },
    /// The snapshots that are asked for could lose data or make no sense.
    #[error("entity type {entity_type} cannot have {problem}")]
    Snapshots {
        /// The type.
        entity_type: &'static str,
        /// What it asks for.
        problem: &'static str,
    },
}

impl<S: EventSourced> Definition<S> {
    /// An entity that is a fold over its events.
    pub fn event_sourced() -> Self {
        let state = SerdeState::new(S::ENTITY_TYPE, S::STATE_VERSION, S::state_upcasters());
        Self {
            replays: vec![Box::new(OwnEvents::<S::Event>::new())],
            state: Some(Box::new(state)),
            ..Self::bare(S::ENTITY_TYPE, EntityKind::EventSourced, S::default)
        }
    }

    /// Makes `P` a part of it: its commands and events are those of this entity too, under its name.
    #[must_use]
    pub fn part<P>(mut self) -> Self
    where
        S: Has<P>,
        P: Entity + EventSourced,
    {
        let part = P::definition();
        let name = |own: &Name| change::name_in_part(P::ENTITY_TYPE, own);
        self.commands.extend(part.commands.iter().map(name));
        self.replays.push(Box::new(PartEvents::<P>::new(part.replays)));
        self
    }

    /// Takes snapshots, and looks for them at recovery. Without this there are none.
    #[must_use]
    pub fn snapshots(self, snapshots: Snapshots) -> Self {
        Self { snapshots: Some(snapshots), ..self }
    }
}

impl<S: DurableState> Definition<S> {
    /// An entity that is stored as its latest state.
    pub fn durable_state() -> Self {
        let state = SerdeState::new(S::ENTITY_TYPE, S::STATE_VERSION, S::state_upcasters());
        Self {
            state: Some(Box::new(state)),
            ..Self::bare(S::ENTITY_TYPE, EntityKind::DurableState, S::default)
        }
    }
}

impl<S: Ephemeral> Definition<S> {
    /// An entity that is not stored.
    pub fn ephemeral() -> Self {
        Self::bare(S::ENTITY_TYPE, EntityKind::Ephemeral, S::default)
    }
}

impl<S> Definition<S> {
    fn bare(entity_type: &'static str, kind: EntityKind, fresh: fn() -> S) -> Self {
        Self {
            entity_type,
            kind,
            sealer: Sealer::default(),
            commands: Vec::new(),
            replays: Vec::new(),
            state: None,
            fresh,
            snapshots: None,
            recovery: RecoveryPolicy::default(),
            failure: FailurePolicy::default(),
            restart: RESTART_BACKOFF,
        }
    }

    /// Lists a command or query. A call of one that is not listed is not handled.
    #[must_use]
    pub fn command<C: Command>(mut self) -> Self
    where
        S: Handler<C>,
    {
        self.commands.push(Name::from_static(C::NAME));
        self
    }

    /// Lists a command or query with a handler that awaits.
    #[must_use]
    pub fn async_command<C: Command>(mut self) -> Self
    where
        S: AsyncHandler<C>,
    {
        self.commands.push(Name::from_static(C::NAME));
        self
    }

    /// Stores new events, states, snapshots and outcomes with this codec. Stored ones keep theirs.
    #[must_use]
    pub fn codec(self, codec: Codec) -> Self {
        Self { sealer: self.sealer.with_codec(codec), ..self }
    }

    /// Encrypts what is stored from now on; what is stored without stays readable. The same cipher, or one that
    /// can decrypt what it encrypted, must be given as long as such data is there.
    #[must_use]
    pub fn cipher(self, cipher: impl Cipher) -> Self {
        Self { sealer: self.sealer.with_cipher(Arc::new(cipher)), ..self }
    }

    /// What happens when an entity cannot be recovered. The default is [`RecoveryPolicy::Stop`].
    #[must_use]
    pub fn recovery(self, recovery: RecoveryPolicy) -> Self {
        Self { recovery, ..self }
    }

    /// What happens when a write is not confirmed or the entity's code panics. The default is
    /// [`FailurePolicy::Restart`].
    #[must_use]
    pub fn failure(self, failure: FailurePolicy) -> Self {
        Self { failure, ..self }
    }

    /// The pauses between activations that fail one after the other. The default is 50 ms, doubling up to
    /// 10 s.
    #[must_use]
    pub fn restart_backoff(self, restart: Backoff) -> Self {
        Self { restart, ..self }
    }

    /// Every name and version that it can read: of its events, or of its state.
    pub(crate) fn readable(&self) -> Vec<Manifest> {
        match (&self.state, self.kind) {
            (Some(state), EntityKind::DurableState) => state.manifests(),
            _ => self.replays.iter().flat_map(|it| it.current().into_iter().chain(it.upcast())).collect(),
        }
    }

    /// Applies a stored event.
    pub(crate) fn replay(&self, state: &mut S, stored: Stored<'_>) -> Result<(), ReplayError> {
        match self.replays.iter().find(|replay| replay.knows(stored.manifest)) {
            Some(replay) => replay.replay(state, stored),
            None => Err(ReplayError::UnknownManifest(stored.manifest.clone())),
        }
    }

    /// Checks names and policies.
    pub(crate) fn check(&self) -> Result<(), InvalidDefinition> {
        let entity_type = self.entity_type;
        let any_id = EntityId::new("x").expect("a valid id");
        PersistenceId::new(entity_type, any_id).map_err(InvalidDefinition::EntityType)?;
        let mut commands = BTreeSet::new();
        for command in &self.commands {
            if command.is_empty() || !commands.insert(command) {
                return Err(InvalidDefinition::Command { entity_type, command: command.clone() });
            }
        }
        let mut events = BTreeSet::new();
        for manifest in self.replays.iter().flat_map(|it| it.current().into_iter().chain(it.upcast())) {
            if manifest.name.is_empty() || !events.insert(manifest.clone()) {
                return Err(InvalidDefinition::Event { entity_type, manifest });
            }
        }
        let mut states = BTreeSet::new();
        for manifest in self.state.iter().flat_map(|state| state.manifests()) {
            if !states.insert(manifest.clone()) {
                return Err(InvalidDefinition::State { entity_type, manifest });
            }
        }
        match self.snapshots.as_ref().and_then(Snapshots::problem) {
            Some(problem) => Err(InvalidDefinition::Snapshots { entity_type, problem }),
            None => Ok(()),
        }
    }
}
