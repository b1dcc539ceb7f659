//! Entities that are stored as their latest state, without a history; and those that are not stored at all.

use super::StateUpcasters;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// An entity whose state is stored whole at every change, by compare and set on its revision.
///
/// It changes with [`Effect::update`](super::Effect::update) and [`Effect::delete`](super::Effect::delete).
/// After a change memory holds what the stored bytes decode to, so memory and storage are equal (G4).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a durable-state entity",
    label = "only a durable-state entity is updated or deleted",
    note = "an event-sourced entity changes with `Effect::persist`, an ephemeral one with `Effect::mutate`"
)]
pub trait DurableState: Default + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The stable name of the type in storage: 1 to 512 bytes, never a Rust type's name.
    const ENTITY_TYPE: &'static str;

    /// The version of the state's shape. Raise it when the shape changes, and give an
    /// [upcaster](Self::state_upcasters) from each older one: without it the entity fails as incompatible.
    const STATE_VERSION: u32 = 1;

    /// How stored states of other versions become states of today.
    fn state_upcasters() -> StateUpcasters<Self> {
        StateUpcasters::new()
    }
}

/// An entity that is not stored: it lives from its first call until it is passivated, and starts anew.
///
/// It changes with [`Effect::mutate`](super::Effect::mutate). It keeps no idempotency keys: a call with one
/// is refused.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an ephemeral entity",
    label = "only an ephemeral entity is changed without being stored",
    note = "an event-sourced entity changes with `Effect::persist`, a durable-state one with `Effect::update`"
)]
pub trait Ephemeral: Default + Send + Sync + 'static {
    /// The name of the type, unique within a node.
    const ENTITY_TYPE: &'static str;
}
