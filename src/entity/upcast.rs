//! Reading what older versions of a program stored.

use crate::vocabulary::{Manifest, OpeningError, Payload, PersistenceId, Sealer};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;

/// Decodes a stored payload of an older shape and turns it into something of today.
type Read<T> = Box<dyn Fn(&Sealer, &PersistenceId, &Payload) -> Result<T, OpeningError> + Send + Sync>;

/// How events that were stored under other names and versions become events of today. What is stored never
/// changes; upcasters run at every replay, so they must be pure (G11).
///
/// An old event is described by a type that its bytes decode into: for an event that was a variant of an
/// enum, an enum with that variant as it was.
pub struct Upcasters<Ev> {
    known: Vec<(Manifest, Read<Vec<Ev>>)>,
}

impl<Ev> Default for Upcasters<Ev> {
    fn default() -> Self {
        Self { known: Vec::new() }
    }
}

impl<Ev> Upcasters<Ev> {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// Events stored as `name`, `version` become one event.
    #[must_use]
    pub fn event<Old: Serialize + DeserializeOwned>(
        self,
        name: &'static str,
        version: u32,
        upcast: impl Fn(Old) -> Ev + Send + Sync + 'static,
    ) -> Self {
        self.events(name, version, move |old| [upcast(old)])
    }

    /// Events stored as `name`, `version` become several events each, applied in order under the one number.
    #[must_use]
    pub fn events<Old: Serialize + DeserializeOwned, I: IntoIterator<Item = Ev>>(
        mut self,
        name: &'static str,
        version: u32,
        upcast: impl Fn(Old) -> I + Send + Sync + 'static,
    ) -> Self {
        let read: Read<Vec<Ev>> = Box::new(move |sealer, id, payload| {
            Ok(upcast(sealer.open::<Old>(id, payload)?).into_iter().collect())
        });
        self.known.push((Manifest::new(name, version), read));
        self
    }

    /// Events stored as `name`, `version` mean nothing any more. They keep their numbers.
    #[must_use]
    pub fn dropped(mut self, name: &'static str, version: u32) -> Self {
        let read: Read<Vec<Ev>> = Box::new(|_, _, payload| Ok(payload.verify().map(|()| Vec::new())?));
        self.known.push((Manifest::new(name, version), read));
        self
    }

    pub(crate) fn manifests(&self) -> impl Iterator<Item = &Manifest> {
        self.known.iter().map(|(manifest, _)| manifest)
    }

    /// The events that a stored one became; none if there is no upcaster for it.
    pub(crate) fn read(
        &self,
        manifest: &Manifest,
        sealer: &Sealer,
        id: &PersistenceId,
        payload: &Payload,
    ) -> Option<Result<Vec<Ev>, OpeningError>> {
        let (_, read) = self.known.iter().find(|(known, _)| known == manifest)?;
        Some(read(sealer, id, payload))
    }
}

impl<Ev> fmt::Debug for Upcasters<Ev> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.manifests()).finish()
    }
}

/// How states of other versions become states of today.
pub struct StateUpcasters<S> {
    known: Vec<(u32, Read<S>)>,
}

impl<S> Default for StateUpcasters<S> {
    fn default() -> Self {
        Self { known: Vec::new() }
    }
}

impl<S> StateUpcasters<S> {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// States of `version` are read as `Old` and become states of today.
    #[must_use]
    pub fn from<Old: Serialize + DeserializeOwned>(
        mut self,
        version: u32,
        upcast: impl Fn(Old) -> S + Send + Sync + 'static,
    ) -> Self {
        let read: Read<S> = Box::new(move |sealer, id, payload| Ok(upcast(sealer.open::<Old>(id, payload)?)));
        self.known.push((version, read));
        self
    }

    pub(crate) fn versions(&self) -> impl Iterator<Item = u32> {
        self.known.iter().map(|(version, _)| *version)
    }

    pub(crate) fn read(
        &self,
        version: u32,
        sealer: &Sealer,
        id: &PersistenceId,
        payload: &Payload,
    ) -> Option<Result<S, OpeningError>> {
        let (_, read) = self.known.iter().find(|(known, _)| *known == version)?;
        Some(read(sealer, id, payload))
    }
}

impl<S> fmt::Debug for StateUpcasters<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.versions()).finish()
    }
}
