//! What `annals-testkit` is built on. No part of the interface: it changes without notice.

use crate::client::{Call, EntityRef, Handled};
use crate::entity::{
    CallError, Command, Definition, Entity, EntityKind, EventSourced, Inspection, NotHandled, Nowhere,
    OwnEvents, Stored, Target, Unknown,
};
use crate::runtime::Node;
use crate::storage::{StorageError, Subject};
use crate::vocabulary::{Codec, CodecError, Manifest, Payload, PersistenceId, Sealer, SequenceNr};
use std::sync::Arc;

pub use crate::vocabulary::Witness;

/// The way to an entity, which every client of it can be made from.
pub fn target<T: Entity>(node: &Node, id: &str) -> Target<T> {
    node.target(id)
}

/// A target that no call reaches.
pub fn nowhere<T: Entity>() -> Target<T> {
    Target::nowhere(Arc::new(Nowhere(NotHandled::ShutDown)))
}

/// Looks at the state of an entity in memory, recovering it if it is not there. The answer leaves like that of a
/// query (G1).
///
/// # Errors
/// As for a call.
pub async fn inspect<S, R, F>(entity: &EntityRef<S>, look: F) -> Result<R, CallError>
where
    S: Send + Sync + 'static,
    R: Send + 'static,
    F: FnOnce(&S) -> R + Send + 'static,
{
    let (inspection, answer) = Inspection::new(look);
    entity.deliver(Box::new(inspection))?;
    answer.await.unwrap_or(Err(CallError::Unknown(Unknown::Lost)))
}

/// The same call, with its command as it decodes from its encoding.
///
/// # Errors
/// When the codec cannot encode the command or not read it back.
pub fn resent<S, C, H>(call: Call<S, C, H>, codec: Codec) -> Result<Call<S, C, H>, CodecError>
where
    C: Command,
    H: Handled<S, C>,
{
    call.try_map(|command| codec.decode(&codec.encode(&command)?))
}

/// How the entity's values are stored.
pub fn sealer<S>(definition: &Definition<S>) -> &Sealer {
    &definition.sealer
}

/// The name of the entity type, and how it is stored.
pub fn kind<S>(definition: &Definition<S>) -> (&'static str, EntityKind) {
    (definition.entity_type, definition.kind)
}

/// The same definition, with a witness of everything that is sealed and read back.
pub fn witnessed<S>(mut definition: Definition<S>, witness: Arc<dyn Witness>) -> Definition<S> {
    definition.sealer = definition.sealer.with_witness(witness);
    definition
}

/// Every name and version that the entity's events can be read from, those of parts included.
pub fn event_manifests<S>(definition: &Definition<S>) -> Vec<Manifest> {
    definition.replays.iter().flat_map(|it| it.current().into_iter().chain(it.upcast())).collect()
}

/// Every name and version that the entity's own events can be read from, without those of parts: today's first.
pub fn own_event_manifests<S: EventSourced>() -> Vec<Manifest> {
    OwnEvents::<S::Event>::new().manifests().cloned().collect()
}

/// Every name and version that the entity's state can be read from, today's first.
pub fn state_manifests<S>(definition: &Definition<S>) -> Vec<Manifest> {
    definition.state.as_ref().map(|form| form.manifests()).unwrap_or_default()
}

/// The events of today that a stored event of the entity itself is read as.
///
/// # Errors
/// As at a recovery.
pub fn open_event<S: EventSourced>(
    definition: &Definition<S>,
    id: &PersistenceId,
    payload: &Payload,
) -> Result<Vec<S::Event>, StorageError> {
    let mut events = Vec::new();
    let stored = Stored::new(&definition.sealer, id, payload);
    let read = OwnEvents::<S::Event>::new().read(stored, |event| events.push(event));
    read.map_err(|error| error.at(Subject::Event(id.clone(), SequenceNr::new(1))))?;
    Ok(events)
}

/// The state that a stored one is read as.
///
/// # Errors
/// As at a recovery.
pub fn open_state<S>(
    definition: &Definition<S>,
    id: &PersistenceId,
    payload: &Payload,
) -> Result<S, StorageError> {
    let form = definition.state.as_ref().expect("an entity that is stored has a form of its state");
    let read = form.open(Stored::new(&definition.sealer, id, payload));
    read.map_err(|error| error.at(Subject::State(id.clone())))
}

/// A state as it is stored.
///
/// # Errors
/// When the codec cannot hold it or the cipher refuses.
pub fn seal_state<S>(
    definition: &Definition<S>,
    id: &PersistenceId,
    state: &S,
) -> Result<Payload, crate::SealingError> {
    let form = definition.state.as_ref().expect("an entity that is stored has a form of its state");
    form.seal(&definition.sealer, id, state)
}
