//! From stored bytes to a state: events that are applied, and states that are read whole.

use super::{Event, EventSourced, StateUpcasters, Upcasters};
use crate::storage::{StorageError, Subject};
use crate::vocabulary::{Manifest, OpeningError, Payload, PersistenceId, Sealer, SealingError};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Why stored bytes could not be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReplayError {
    #[error(transparent)]
    Opening(#[from] OpeningError),
    #[error("{0} is unknown to this version of the entity")]
    UnknownManifest(Manifest),
    #[error("it is stored as {stored}, but its bytes are a {decoded}")]
    OtherManifest { stored: Manifest, decoded: Manifest },
}

impl ReplayError {
    /// The same as the storage's error. Damaged bytes are corrupt; sound bytes that this program does not
    /// understand are incompatible: another version may understand them.
    pub(crate) fn at(&self, subject: Subject) -> StorageError {
        match self {
            Self::Opening(OpeningError::Damaged(_)) | Self::OtherManifest { .. } => {
                StorageError::corrupt(subject, self)
            }
            Self::Opening(_) | Self::UnknownManifest(_) => StorageError::incompatible(subject, self),
        }
    }
}

/// A stored payload, and what it takes to open it.
#[derive(Clone, Copy)]
pub(crate) struct Stored<'a> {
    pub(crate) sealer: &'a Sealer,
    pub(crate) id: &'a PersistenceId,
    pub(crate) payload: &'a Payload,
    /// Its name and version, without the names of the parts that it belongs to.
    pub(crate) manifest: &'a Manifest,
}

impl<'a> Stored<'a> {
    pub(crate) fn new(sealer: &'a Sealer, id: &'a PersistenceId, payload: &'a Payload) -> Self {
        Self { sealer, id, payload, manifest: payload.manifest() }
    }
}

/// Verifies, decodes and applies stored events of some manifests.
pub(crate) trait Replay<S>: Send + Sync {
    /// Those that events are stored with today.
    fn current(&self) -> Vec<Manifest>;
    /// Those that are only read.
    fn upcast(&self) -> Vec<Manifest>;
    fn knows(&self, manifest: &Manifest) -> bool;
    fn replay(&self, state: &mut S, stored: Stored<'_>) -> Result<(), ReplayError>;
}

/// The events of an entity itself.
pub(crate) struct OwnEvents<Ev> {
    upcasters: Upcasters<Ev>,
}

impl<Ev: Event> OwnEvents<Ev> {
    pub(crate) fn new() -> Self {
        Self { upcasters: Ev::upcasters() }
    }

    /// Every name and version that is read, today's first.
    pub(crate) fn manifests(&self) -> impl Iterator<Item = &Manifest> {
        Ev::MANIFESTS.iter().chain(self.upcasters.manifests())
    }

    pub(crate) fn knows(&self, manifest: &Manifest) -> bool {
        self.manifests().any(|known| known == manifest)
    }

    /// Gives the events that a stored one stands for to `each`.
    pub(crate) fn read(&self, stored: Stored<'_>, mut each: impl FnMut(Ev)) -> Result<(), ReplayError> {
        if Ev::MANIFESTS.contains(stored.manifest) {
            let event: Ev = stored.sealer.open(stored.id, stored.payload)?;
            let decoded = event.manifest();
            if decoded != *stored.manifest {
                return Err(ReplayError::OtherManifest { stored: stored.manifest.clone(), decoded });
            }
            each(event);
            return Ok(());
        }
        match self.upcasters.read(stored.manifest, stored.sealer, stored.id, stored.payload) {
            Some(events) => events?.into_iter().for_each(each),
            None => return Err(ReplayError::UnknownManifest(stored.manifest.clone())),
        }
        Ok(())
    }
}

impl<S: EventSourced> Replay<S> for OwnEvents<S::Event> {
    fn current(&self) -> Vec<Manifest> {
        S::Event::MANIFESTS.to_vec()
    }

    fn upcast(&self) -> Vec<Manifest> {
        self.upcasters.manifests().cloned().collect()
    }

    fn knows(&self, manifest: &Manifest) -> bool {
        self.knows(manifest)
    }

    fn replay(&self, state: &mut S, stored: Stored<'_>) -> Result<(), ReplayError> {
        self.read(stored, |event| state.apply(&event))
    }
}

/// How a whole state is stored: in snapshots, or as a durable state.
pub(crate) trait StateForm<S>: Send + Sync {
    /// Every name and version that can be read, today's first.
    fn manifests(&self) -> Vec<Manifest>;
    fn seal(&self, sealer: &Sealer, id: &PersistenceId, state: &S) -> Result<Payload, SealingError>;
    /// Seals a state, and gives what those bytes decode to.
    fn seal_and_read_back(
        &self,
        sealer: &Sealer,
        id: &PersistenceId,
        state: &S,
    ) -> Result<(Payload, S), SealingError>;
    fn open(&self, stored: Stored<'_>) -> Result<S, ReplayError>;
}

/// A state that serde writes, with its name and version.
pub(crate) struct SerdeState<S> {
    manifest: Manifest,
    upcasters: StateUpcasters<S>,
}

impl<S> SerdeState<S> {
    pub(crate) fn new(name: &'static str, version: u32, upcasters: StateUpcasters<S>) -> Self {
        Self { manifest: Manifest::new(name, version), upcasters }
    }
}

impl<S: Serialize + DeserializeOwned + 'static> StateForm<S> for SerdeState<S> {
    fn manifests(&self) -> Vec<Manifest> {
        let older = self.upcasters.versions().map(|version| Manifest { version, ..self.manifest.clone() });
        std::iter::once(self.manifest.clone()).chain(older).collect()
    }

    fn seal(&self, sealer: &Sealer, id: &PersistenceId, state: &S) -> Result<Payload, SealingError> {
        sealer.seal(id, self.manifest.clone(), state)
    }

    fn seal_and_read_back(
        &self,
        sealer: &Sealer,
        id: &PersistenceId,
        state: &S,
    ) -> Result<(Payload, S), SealingError> {
        sealer.seal_and_read_back(id, self.manifest.clone(), state)
    }

    fn open(&self, stored: Stored<'_>) -> Result<S, ReplayError> {
        if *stored.manifest == self.manifest {
            return Ok(stored.sealer.open(stored.id, stored.payload)?);
        }
        let unknown = || ReplayError::UnknownManifest(stored.manifest.clone());
        if stored.manifest.name != self.manifest.name {
            return Err(unknown());
        }
        let version = stored.manifest.version;
        let read = self.upcasters.read(version, stored.sealer, stored.id, stored.payload);
        Ok(read.ok_or_else(unknown)??)
    }
}
