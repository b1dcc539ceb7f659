//! What an effect does to an entity, erased to what the engine needs of it.

use super::{Event, EventSourced};
use crate::storage;
use crate::vocabulary::{
    Codec, CodecError, Manifest, Metadata, Name, PersistenceId, Sealer, SealingError, Tag,
};

/// The changes of one decided command.
pub(crate) enum Changes<S> {
    None,
    /// One event.
    One(Box<dyn Change<S>>),
    /// Several events.
    Many(Vec<Box<dyn Change<S>>>),
    /// A change of the state itself, of an entity without events.
    Update(Update<S>),
    /// The state is deleted.
    Delete,
}

pub(crate) type Update<S> = Box<dyn FnOnce(&mut S) + Send>;

impl<S> Changes<S> {
    /// Adds events behind those that are there.
    pub(crate) fn and(self, more: impl IntoIterator<Item = Box<dyn Change<S>>>) -> Self {
        let mut all = match self {
            Self::One(change) => vec![change],
            Self::Many(changes) => changes,
            _ => Vec::new(),
        };
        all.extend(more);
        Self::Many(all)
    }
}

/// What goes with the changes.
#[derive(Debug, Default)]
pub(crate) struct Extras {
    pub(crate) tags: Vec<Tag>,
    pub(crate) metadata: Metadata,
    pub(crate) snapshot: bool,
    pub(crate) passivate: bool,
}

/// What a handler decided, for the engine. The answer stays in the envelope.
pub(crate) struct Decided<S> {
    pub(crate) changes: Changes<S>,
    pub(crate) extras: Option<Box<Extras>>,
}

/// Why an event cannot be stored.
#[derive(Debug)]
pub(crate) enum SealError {
    Sealing(SealingError),
    Unlisted(Manifest),
}

impl From<SealingError> for SealError {
    fn from(error: SealingError) -> Self {
        Self::Sealing(error)
    }
}

/// How the events of an entity become payloads, and under which names: those of a part carry its name.
#[derive(Clone, Copy)]
pub(crate) struct Seal<'a> {
    pub(crate) sealer: &'a Sealer,
    pub(crate) id: &'a PersistenceId,
    part: Option<Part<'a>>,
}

#[derive(Clone, Copy)]
struct Part<'a> {
    name: &'static str,
    of: &'a Seal<'a>,
}

impl<'a> Seal<'a> {
    pub(crate) fn new(sealer: &'a Sealer, id: &'a PersistenceId) -> Self {
        Self { sealer, id, part: None }
    }

    /// The same for a part of the entity.
    pub(crate) fn part(&'a self, name: &'static str) -> Self {
        Self { part: Some(Part { name, of: self }), ..*self }
    }

    fn manifest(&self, own: Manifest) -> Manifest {
        match &self.part {
            None => own,
            Some(part) => part.of.manifest(in_part(part.name, &own)),
        }
    }
}

/// The manifest that an event or a command of a part has in the whole.
pub(crate) fn in_part(part: &str, own: &Manifest) -> Manifest {
    Manifest { name: name_in_part(part, &own.name), version: own.version }
}

pub(crate) fn name_in_part(part: &str, own: &str) -> Name {
    Name::from(format!("{part}.{own}"))
}

/// One event: typed inside, erased outside.
pub(crate) trait Change<S>: Send {
    /// Encodes it for the journal, and puts what those bytes decode to in its place.
    fn seal(&mut self, seal: &Seal<'_>) -> Result<storage::Event, SealError>;
    /// Applies what was sealed.
    fn apply(&self, state: &mut S);
}

pub(crate) struct Persisted<Ev>(pub(crate) Ev);

impl<S: EventSourced> Change<S> for Persisted<S::Event> {
    fn seal(&mut self, seal: &Seal<'_>) -> Result<storage::Event, SealError> {
        let manifest = self.0.manifest();
        if !S::Event::MANIFESTS.contains(&manifest) {
            return Err(SealError::Unlisted(manifest));
        }
        // What cannot be read back would make the entity unrecoverable, and a field that serde skips would
        // make memory differ from the journal: so the entity only ever sees the decoded form.
        let stored_as = seal.manifest(manifest.clone());
        let (payload, read_back) = seal.sealer.seal_and_read_back(seal.id, stored_as, &self.0)?;
        self.0 = read_back;
        let decoded = self.0.manifest();
        if decoded != manifest {
            return Err(decodes_as_another::<S::Event>(seal.sealer.codec(), &payload, &manifest, &decoded));
        }
        Ok(payload.into())
    }

    fn apply(&self, state: &mut S) {
        state.apply(&self.0);
    }
}

fn decodes_as_another<Ev>(
    codec: Codec,
    payload: &crate::vocabulary::Payload,
    manifest: &Manifest,
    decoded: &Manifest,
) -> SealError {
    let reason = format!("an event {manifest} decodes as {decoded}").into();
    let (value, bytes) = (std::any::type_name::<Ev>(), payload.bytes().len());
    SealError::Sealing(CodecError::Decode { codec, value, bytes, reason }.into())
}
