//! Entities whose state is a fold over their events.

use super::{StateUpcasters, Upcasters};
use crate::vocabulary::Manifest;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What happened to an entity. Usually an enum; each kind of event has a stable name and a version.
///
/// `#[derive(Event)]` writes this implementation.
///
/// The stored bytes are the whole value, encoded by serde with the entity's codec. The manifest beside them
/// is what a reader goes by: it must not change when the Rust type is renamed or moved. The names that serde
/// writes for variants and fields are part of the bytes: after renaming one in Rust, keep the old name with
/// `#[serde(rename = "..")]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event",
    note = "write `#[derive(Event, Serialize, Deserialize)]` and `#[event(entity = ..)]` on it"
)]
pub trait Event: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The entity that it happens to.
    type Entity;

    /// Every name and version that this type is stored with today. A stored event with another one needs an
    /// [upcaster](Self::upcasters); without one the recovery fails as incompatible. It is never skipped.
    const MANIFESTS: &'static [Manifest];

    /// The name and version of this event, one of [`MANIFESTS`](Self::MANIFESTS).
    fn manifest(&self) -> Manifest;

    /// How events that were stored with other names and versions become events of today.
    fn upcasters() -> Upcasters<Self> {
        Upcasters::new()
    }
}

/// An entity that is a fold over its events.
///
/// Handlers see `&self`; only [`apply`](Self::apply) changes the state, and it sees exactly what was
/// stored: the engine applies the event as it decodes from the bytes that go to the journal. So memory and
/// journal are equal (G4), even when a field is not serialised.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not event-sourced",
    label = "only an event-sourced entity persists events",
    note = "a durable-state entity changes with `Effect::update`, an ephemeral one with `Effect::mutate`"
)]
pub trait EventSourced: Default + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The stable name of the type in storage: 1 to 512 bytes, never a Rust type's name.
    const ENTITY_TYPE: &'static str;

    /// The version of the state's shape in snapshots. Raise it when the shape changes: a snapshot of another
    /// version is read through [`state_upcasters`](Self::state_upcasters), or left aside for a replay.
    const STATE_VERSION: u32 = 1;

    /// Its events.
    type Event: Event<Entity = Self>;

    /// Changes the state by one event. It must depend on nothing else: no time, no randomness, no outside
    /// world (G11). It cannot refuse: the event has happened.
    fn apply(&mut self, event: &Self::Event);

    /// How states of other versions, as snapshots hold them, become states of today.
    fn state_upcasters() -> StateUpcasters<Self> {
        StateUpcasters::new()
    }
}
