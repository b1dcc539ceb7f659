//! Samples: the values of today that are recorded, and compared with what was.

use super::flaw::{Flaw, Flaws};
use super::form::{Form, Kind};
use annals::__testing::{kind, open_event, open_state, own_event_manifests, sealer, state_manifests};
use annals::{
    Codec, Definition, DurableState, Entity, EntityId, Event, EventSourced, Manifest, Name, Payload,
    PersistenceId, Sealer,
};
use serde::Serialize;
use std::fmt::Debug;
use std::path::PathBuf;

/// The golden files of an entity. See the [module](super).
#[must_use = "nothing is checked before `check`"]
pub struct Golden<S> {
    pub(super) folder: PathBuf,
    pub(super) samples: Vec<Sample>,
    /// What today's code stores and reads.
    pub(super) known: Vec<Form>,
    definition: Definition<S>,
    id: PersistenceId,
    read_event: fn(&Definition<S>, &PersistenceId, &Payload) -> Result<String, String>,
    read_state: fn(&Definition<S>, &PersistenceId, &Payload) -> Result<String, String>,
}

/// A value of a form.
pub(super) struct Sample {
    pub(super) form: Form,
    seal: Box<dyn Fn(Codec) -> Result<Payload, String>>,
}

impl Sample {
    pub(super) fn seal(&self, codec: Codec) -> Result<Payload, Flaw> {
        (self.seal)(codec).map_err(|why| Flaw::Unstorable { form: self.form.clone(), why })
    }
}

/// The golden files of an event-sourced entity, in a folder: its path begins where the tests run, which under cargo
/// is at the package.
pub fn golden<S>(folder: impl Into<PathBuf>) -> Golden<S>
where
    S: EventSourced<Event: Debug> + Entity + Debug,
{
    let known = own_event_manifests::<S>().into_iter().map(|manifest| Form { kind: Kind::Event, manifest });
    Golden::new(folder.into(), S::definition(), known.collect(), read_event::<S>)
}

/// The golden files of a durable-state entity, in a folder: its path begins where the tests run, which under cargo is
/// at the package.
pub fn golden_state<S: DurableState + Entity + Debug>(folder: impl Into<PathBuf>) -> Golden<S> {
    let no_event = |_: &Definition<S>, _: &PersistenceId, _: &Payload| {
        Err("a durable-state entity has no events".to_owned())
    };
    Golden::new(folder.into(), S::definition(), Vec::new(), no_event)
}

fn read_event<S: EventSourced<Event: Debug>>(
    definition: &Definition<S>,
    id: &PersistenceId,
    payload: &Payload,
) -> Result<String, String> {
    let events = open_event(definition, id, payload).map_err(|error| error.to_string())?;
    let events: Vec<String> = events.iter().map(|event| format!("{event:#?}")).collect();
    Ok(if events.is_empty() { "nothing".into() } else { events.join("\n") })
}

fn read_state<S: Debug>(
    definition: &Definition<S>,
    id: &PersistenceId,
    payload: &Payload,
) -> Result<String, String> {
    open_state(definition, id, payload).map(|state| format!("{state:#?}")).map_err(|error| error.to_string())
}

impl<S: Debug> Golden<S> {
    fn new(
        folder: PathBuf,
        definition: Definition<S>,
        mut known: Vec<Form>,
        read_event: fn(&Definition<S>, &PersistenceId, &Payload) -> Result<String, String>,
    ) -> Self {
        let states = state_manifests(&definition).into_iter();
        known.extend(states.map(|manifest| Form { kind: Kind::State, manifest }));
        let (entity_type, _) = kind(&definition);
        let id = EntityId::new("golden").expect("a short text is an id");
        let id = PersistenceId::new(entity_type, id).expect("the entity type has a valid name");
        let samples = Vec::new();
        Self { folder, samples, known, definition, id, read_event, read_state: read_state::<S> }
    }

    /// Records with another codec than the entity's definition says: the one that it is registered with. Files
    /// that are there are held to the codec that they were recorded with.
    pub fn codec(mut self, codec: Codec) -> Self {
        self.definition = self.definition.codec(codec);
        self
    }

    /// A state of today.
    ///
    /// # Panics
    /// When there is a state already.
    #[track_caller]
    pub fn state(self, state: S) -> Self
    where
        S: Serialize + 'static,
    {
        let manifest = state_manifests(&self.definition).swap_remove(0);
        self.sample(Kind::State, manifest, state)
    }

    /// A state of an older version, as a type that it encodes as.
    ///
    /// # Panics
    /// When there is one of that version already.
    #[track_caller]
    pub fn older_state(self, version: u32, state: impl Serialize + 'static) -> Self {
        let Manifest { name, .. } = state_manifests(&self.definition).swap_remove(0);
        self.sample(Kind::State, Manifest { name, version }, state)
    }

    fn sample(mut self, kind: Kind, manifest: Manifest, value: impl Serialize + 'static) -> Self {
        let form = Form { kind, manifest: manifest.clone() };
        assert!(self.samples.iter().all(|sample| sample.form != form), "there are two samples of {form}");
        let id = self.id.clone();
        let seal = move |codec| {
            let sealed = Sealer::new(codec).seal(&id, manifest.clone(), &value);
            sealed.map_err(|error| error.to_string())
        };
        self.samples.push(Sample { form, seal: Box::new(seal) });
        self
    }

    /// Checks the files; with `ANNALS_RECORD=1` records what is missing first.
    ///
    /// # Panics
    /// When something is [wrong](Flaw); and when the variable is anything but 1.
    #[track_caller]
    pub fn check(self) {
        let checked = match std::env::var_os("ANNALS_RECORD") {
            None => self.try_check(),
            Some(one) if one == "1" => self.record(),
            Some(other) => panic!("ANNALS_RECORD is {other:?}: it is 1, or not there"),
        };
        checked.unwrap_or_else(|flaws| panic!("{flaws}"));
    }

    /// Checks the files, whatever the environment says.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn try_check(&self) -> Result<(), Flaws> {
        self.flaws(super::check::check(self))
    }

    /// Writes the files that are missing, and what files are read as today; then checks them.
    ///
    /// # Errors
    /// Everything that is wrong after that.
    pub fn record(&self) -> Result<(), Flaws> {
        let mut flaws = super::check::record(self);
        flaws.extend(super::check::check(self));
        self.flaws(flaws)
    }

    fn flaws(&self, flaws: Vec<Flaw>) -> Result<(), Flaws> {
        let (entity_type, _) = kind(&self.definition);
        let folder = self.folder.clone();
        if flaws.is_empty() { Ok(()) } else { Err(Flaws { entity_type, folder, flaws }) }
    }

    /// The codec that today's code stores with.
    pub(super) fn records_with(&self) -> Codec {
        sealer(&self.definition).codec()
    }

    /// What today's code reads a payload as.
    pub(super) fn read(&self, kind: Kind, payload: &Payload) -> Result<String, String> {
        match kind {
            Kind::Event => (self.read_event)(&self.definition, &self.id, payload),
            Kind::State => (self.read_state)(&self.definition, &self.id, payload),
        }
    }
}

impl<S: EventSourced + Debug> Golden<S> {
    /// An event of today.
    ///
    /// # Panics
    /// When there is one of that name and version already.
    #[track_caller]
    pub fn event(self, event: S::Event) -> Self {
        let manifest = event.manifest();
        self.sample(Kind::Event, manifest, event)
    }

    /// An event of an older name or version, as a type that it encodes as.
    ///
    /// # Panics
    /// When there is one of that name and version already.
    #[track_caller]
    pub fn older_event(self, name: &'static str, version: u32, event: impl Serialize + 'static) -> Self {
        self.sample(Kind::Event, Manifest { name: Name::from_static(name), version }, event)
    }
}

impl<S> std::fmt::Debug for Golden<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Golden").field("folder", &self.folder).finish_non_exhaustive()
    }
}
