//! What a node needs to know of an entity type.

use super::event_sourced::{self, ReplayError};
use super::{Command, EventSourced, Handler, Target};
use crate::vocabulary::{Codec, EntityId, InvalidId, Manifest, Payload, PersistenceId};
use std::collections::BTreeSet;

/// A type that a node can host. Written in one short function per type.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an entity",
    note = "implement `Entity` for it: `type Ref = EntityRef<Self>`, and a `definition()` that lists its commands"
)]
pub trait Entity: Sized + Send + Sync + 'static {
    /// The client of one entity, usually [`EntityRef`](crate::EntityRef).
    type Ref: From<Target<Self>>;

    /// Its kind, its commands, its codec.
    fn definition() -> Definition<Self>;
}

/// An entity type as data.
pub struct Definition<S> {
    pub(crate) entity_type: &'static str,
    pub(crate) codec: Codec,
    pub(crate) commands: Vec<&'static str>,
    pub(crate) events: &'static [Manifest],
    pub(crate) fresh: fn() -> S,
    pub(crate) replay: fn(&mut S, &Payload) -> Result<(), ReplayError>,
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
        command: &'static str,
    },
    /// An event has no name, or two have the same name and version.
    #[error("entity type {entity_type} has two events, or one without a name, called {manifest}")]
    Event {
        /// The type.
        entity_type: &'static str,
        /// The name and version.
        manifest: Manifest,
    },
}

impl<S: EventSourced> Definition<S> {
    /// An entity that is a fold over its events, stored as MessagePack.
    pub fn event_sourced() -> Self {
        Self {
            entity_type: S::ENTITY_TYPE,
            codec: Codec::default(),
            commands: Vec::new(),
            events: <S::Event as super::Event>::MANIFESTS,
            fresh: S::default,
            replay: event_sourced::replay::<S>,
        }
    }
}

impl<S> Definition<S> {
    /// Lists a command or query. A call of one that is not listed is not handled.
    #[must_use]
    pub fn command<C: Command>(mut self) -> Self
    where
        S: Handler<C>,
    {
        self.commands.push(C::NAME);
        self
    }

    /// Stores new events and outcomes with this codec. Stored ones keep theirs.
    #[must_use]
    pub fn codec(self, codec: Codec) -> Self {
        Self { codec, ..self }
    }

    /// Checks names.
    pub(crate) fn check(&self) -> Result<(), InvalidDefinition> {
        let any_id = EntityId::new("x").expect("a valid id");
        PersistenceId::new(self.entity_type, any_id).map_err(InvalidDefinition::EntityType)?;
        let mut commands = BTreeSet::new();
        for &command in &self.commands {
            if command.is_empty() || !commands.insert(command) {
                return Err(InvalidDefinition::Command { entity_type: self.entity_type, command });
            }
        }
        let mut events = BTreeSet::new();
        for manifest in self.events {
            if manifest.name.is_empty() || !events.insert(manifest) {
                let (entity_type, manifest) = (self.entity_type, manifest.clone());
                return Err(InvalidDefinition::Event { entity_type, manifest });
            }
        }
        Ok(())
    }
}
