//! Entities whose state is a fold over their events.

use crate::vocabulary::{Codec, CodecError, Manifest, Payload, PayloadError};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What happened to an entity. Usually an enum; each kind of event has a stable name and a version.
///
/// The stored bytes are the whole value, encoded by serde with the entity's codec. The manifest beside them
/// is what a reader goes by: it must not change when the Rust type is renamed or moved. The names that serde
/// writes for variants and fields are part of the bytes: after renaming one in Rust, keep the old name with
/// `#[serde(rename = "..")]`.
pub trait Event: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The entity that it happens to.
    type Entity;

    /// Every name and version that this type can decode. A stored event with another one makes the recovery
    /// fail as incompatible; it is never skipped.
    const MANIFESTS: &'static [Manifest];

    /// The name and version of this event, one of [`MANIFESTS`](Self::MANIFESTS).
    fn manifest(&self) -> Manifest;
}

/// An entity that is a fold over its events.
///
/// Handlers see `&self`; only [`apply`](Self::apply) changes the state, and it sees exactly what was
/// stored: the engine applies the event as it decodes from the bytes that go to the journal. So memory and
/// journal are equal (G4), even when a field is not serialised.
pub trait EventSourced: Default + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The stable name of the type in storage: 1 to 512 bytes, never a Rust type's name.
    const ENTITY_TYPE: &'static str;

    /// Its events.
    type Event: Event<Entity = Self>;

    /// Changes the state by one event. It must depend on nothing else: no time, no randomness, no outside
    /// world (G11). It cannot refuse: the event has happened.
    fn apply(&mut self, event: &Self::Event);
}

/// Why a stored event could not be applied.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReplayError {
    #[error(transparent)]
    Payload(#[from] PayloadError),
    #[error(transparent)]
    Codec(#[from] CodecError),
    #[error("event {0} is unknown to this version of the entity")]
    UnknownManifest(Manifest),
    #[error("it is stored as {stored}, but its bytes are a {decoded}")]
    OtherManifest { stored: Manifest, decoded: Manifest },
}

/// Verifies, decodes and applies one stored event.
pub(super) fn replay<S: EventSourced>(state: &mut S, payload: &Payload) -> Result<(), ReplayError> {
    payload.verify()?;
    let stored = payload.manifest();
    if !S::Event::MANIFESTS.contains(stored) {
        return Err(ReplayError::UnknownManifest(stored.clone()));
    }
    let event: S::Event = Codec::from_id(payload.codec())?.decode(payload.bytes())?;
    let decoded = event.manifest();
    if decoded != *stored {
        return Err(ReplayError::OtherManifest { stored: stored.clone(), decoded });
    }
    state.apply(&event);
    Ok(())
}
