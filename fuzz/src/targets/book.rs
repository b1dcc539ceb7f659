//! An entity whose events and states have older versions, and what it should come to: told from the stored payloads
//! alone, without the engine.

use annals::{
    Command, Context, Definition, Effect, Entity, EntityRef, Event, EventSourced, Handler, Manifest,
    OpeningError, Payload, PersistenceId, Sealer, StateUpcasters, Upcasters,
};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Book {
    pub(crate) sum: i64,
    pub(crate) names: Vec<String>,
    pub(crate) events: u64,
}

/// The state as it was at first.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct BookV1 {
    pub(crate) euros: i32,
}

/// And later.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct BookV2 {
    pub(crate) cents: i64,
    pub(crate) name: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(entity = Book, upcasters = upcasters)]
pub(crate) enum BookEvent {
    #[event(version = 2)]
    Added {
        cents: i64,
    },
    Named(String),
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum AddedV1 {
    Added { euros: i32 },
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum BothV1 {
    Both { cents: i64, name: String },
}

fn upcasters() -> Upcasters<BookEvent> {
    Upcasters::new().event("added", 1, from_added).events("both", 1, from_both).dropped("gone", 1)
}

fn from_added(AddedV1::Added { euros }: AddedV1) -> BookEvent {
    BookEvent::Added { cents: i64::from(euros) * 100 }
}

fn from_both(BothV1::Both { cents, name }: BothV1) -> [BookEvent; 2] {
    [BookEvent::Added { cents }, BookEvent::Named(name)]
}

fn from_v1(old: BookV1) -> Book {
    Book { sum: i64::from(old.euros) * 100, ..Book::default() }
}

fn from_v2(old: BookV2) -> Book {
    Book { sum: old.cents, names: old.name.into_iter().collect(), events: 0 }
}

impl EventSourced for Book {
    const ENTITY_TYPE: &'static str = "book";
    const STATE_VERSION: u32 = 3;
    type Event = BookEvent;

    fn apply(&mut self, event: &BookEvent) {
        self.events = self.events.wrapping_add(1);
        match event {
            BookEvent::Added { cents } => self.sum = self.sum.wrapping_add(*cents),
            BookEvent::Named(name) => self.names.push(name.clone()),
        }
    }

    fn state_upcasters() -> StateUpcasters<Self> {
        StateUpcasters::new().from(1, from_v1).from(2, from_v2)
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Get;

impl Command for Get {
    const NAME: &'static str = "get";
}

impl Handler<Get> for Book {
    type Output = Book;

    fn handle(&self, _: Get, _: &Context<Self>) -> Self {
        self.clone()
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Add {
    pub(crate) cents: i64,
}

impl Command for Add {
    const NAME: &'static str = "add";
}

impl Handler<Add> for Book {
    type Output = Effect<Self, i64, String>;

    fn handle(&self, Add { cents }: Add, _: &Context<Self>) -> Self::Output {
        Effect::persist(BookEvent::Added { cents }).reply(|book: &Self| book.sum)
    }
}

impl Entity for Book {
    type Ref = EntityRef<Self>;

    fn definition() -> Definition<Self> {
        Definition::event_sourced().command::<Get>().command::<Add>()
    }
}

/// Why a payload should not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// It is not what was stored.
    Corrupt,
    /// It is sound, and not understood.
    Incompatible,
}

impl From<OpeningError> for Unreadable {
    fn from(error: OpeningError) -> Self {
        match error {
            OpeningError::Damaged(_) => Self::Corrupt,
            _ => Self::Incompatible,
        }
    }
}

/// The events that a stored one stands for.
pub(crate) fn events_of(
    sealer: &Sealer,
    id: &PersistenceId,
    payload: &Payload,
) -> Result<Vec<BookEvent>, Unreadable> {
    let manifest = payload.manifest();
    match (manifest.name.as_str(), manifest.version) {
        ("added", 2) | ("named", 1) => {
            let event = sealer.open::<BookEvent>(id, payload)?;
            if event.manifest() == *manifest { Ok(vec![event]) } else { Err(Unreadable::Corrupt) }
        }
        ("added", 1) => Ok(vec![from_added(sealer.open(id, payload)?)]),
        ("both", 1) => Ok(from_both(sealer.open(id, payload)?).into()),
        ("gone", 1) => payload.verify().map(|()| Vec::new()).map_err(|_| Unreadable::Corrupt),
        _ => Err(Unreadable::Incompatible),
    }
}

/// The state that a stored one stands for.
pub(crate) fn state_of(sealer: &Sealer, id: &PersistenceId, payload: &Payload) -> Result<Book, Unreadable> {
    let Manifest { name, version } = payload.manifest();
    assert_eq!(name.as_str(), "book");
    match version {
        1 => Ok(from_v1(sealer.open(id, payload)?)),
        2 => Ok(from_v2(sealer.open(id, payload)?)),
        3 => Ok(sealer.open(id, payload)?),
        _ => Err(Unreadable::Incompatible),
    }
}
