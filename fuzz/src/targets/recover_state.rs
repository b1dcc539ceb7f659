//! The durable state of an entity: an input says what lies in its row, and the answer of a node is compared with what
//! the payload alone says.

use super::stored;
use crate::bytes::Bytes;
use crate::toy::Toy;
use crate::{Memory, Target};
use annals::storage::{
    Change, Fence, Lane, StateChange, StateStorage as _, StorageError, Subject, Write, WriteStorage as _,
};
use annals::{
    ActivationId, CallError, Command, Context, Definition, DurableState, Effect, Entity, EntityRef, Entropy,
    Epoch, Handler, Manifest, Node, NotHandled, OpeningError, Payload, PersistenceId, RecoveryError,
    Revision, ShardId, StateUpcasters, Timestamp, WriteNr,
};
use annals_memory::MemoryStorage;
use serde::{Deserialize, Serialize};

/// A durable state of one of three versions is read, or refused by name.
pub const RECOVER_STATE: Target = Target {
    name: "recover_state",
    run: recover_state,
    // A node has a runtime and 256 shards.
    memory: Memory { bytes: 4 << 20, per_input_byte: 4_096 },
};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Card {
    cents: i64,
    names: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct CardV1 {
    euros: i32,
}

#[derive(Debug, Serialize, Deserialize)]
struct CardV2 {
    cents: i64,
    name: Option<String>,
}

fn from_v1(old: CardV1) -> Card {
    Card { cents: i64::from(old.euros) * 100, names: Vec::new() }
}

fn from_v2(old: CardV2) -> Card {
    Card { cents: old.cents, names: old.name.into_iter().collect() }
}

impl DurableState for Card {
    const ENTITY_TYPE: &'static str = "card";
    const STATE_VERSION: u32 = 3;

    fn state_upcasters() -> StateUpcasters<Self> {
        StateUpcasters::new().from(1, from_v1).from(2, from_v2)
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Get;

impl Command for Get {
    const NAME: &'static str = "get";
}

impl Handler<Get> for Card {
    type Output = Card;

    fn handle(&self, _: Get, _: &Context<Self>) -> Self {
        self.clone()
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Name(String);

impl Command for Name {
    const NAME: &'static str = "name";
}

impl Handler<Name> for Card {
    type Output = Effect<Self, u64>;

    fn handle(&self, Name(name): Name, _: &Context<Self>) -> Self::Output {
        Effect::update(self, |card| card.names.push(name)).reply(|card: &Self| card.names.len() as u64)
    }
}

impl Entity for Card {
    type Ref = EntityRef<Self>;

    fn definition() -> Definition<Self> {
        Definition::durable_state().command::<Get>().command::<Name>()
    }
}

fn recover_state(input: &[u8]) {
    let (id, mut input) = (stored::id(Card::ENTITY_TYPE), Bytes(input));
    let payload = state(&mut input, &id);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    runtime.block_on(compare(&id, payload));
}

fn state(input: &mut Bytes<'_>, id: &PersistenceId) -> Payload {
    let cents = input.number();
    let manifest = |version| Manifest::new(Card::ENTITY_TYPE, version);
    match input.choice(8) {
        1 => stored::payload(input, id, manifest(1), &CardV1 { euros: cents as i32 }),
        2 => stored::payload(input, id, manifest(2), &CardV2 { cents, name: Some("x".into()) }),
        3 => stored::payload(input, id, manifest(9), &cents),
        4 => stored::payload(input, id, Manifest::new("other", 1), &cents),
        _ => stored::payload(input, id, manifest(3), &Card { cents, names: vec!["x".into()] }),
    }
}

/// What the payload alone says; none when its name or version is not known.
fn opened(id: &PersistenceId, payload: &Payload) -> Option<Result<Card, OpeningError>> {
    let sealer = stored::sealer();
    let Manifest { name, version } = payload.manifest();
    match (name.as_str(), version) {
        ("card", 1) => Some(sealer.open(id, payload).map(from_v1)),
        ("card", 2) => Some(sealer.open(id, payload).map(from_v2)),
        ("card", 3) => Some(sealer.open(id, payload)),
        _ => None,
    }
}

async fn compare(id: &PersistenceId, payload: Payload) {
    let storage = MemoryStorage::new();
    save(&storage, id).await;
    storage.tamper_with_state(id, |_| Some(payload.clone()));
    let node = Node::builder(storage.clone())
        .entropy(Entropy::Seeded(1))
        .register_with::<Card>(|it| it.cipher(Toy))
        .start()
        .await
        .expect("the name that was written is known");
    let card = node.entity::<Card>("x");
    match (opened(id, &payload), card.ask(Get).await) {
        (Some(Ok(expected)), Ok(found)) => {
            assert_eq!(expected, found);
            let names = expected.names.len() as u64 + 1;
            assert_eq!(card.ask(Name("new".into())).await.expect("it was read"), names);
        }
        (Some(Err(OpeningError::Damaged(_))), Err(CallError::NotHandled(NotHandled::Recovery(error)))) => {
            let RecoveryError::Storage(error) = error else { panic!("{error}") };
            assert!(matches!(&error, StorageError::Corrupt { subject: Subject::State(_), .. }), "{error}");
        }
        (None | Some(Err(_)), Err(CallError::Incompatible(error))) => {
            assert!(
                matches!(&error, StorageError::Incompatible { subject: Subject::State(_), .. }),
                "{error}"
            );
            let kept = storage.load(id).await.expect("it is there").and_then(|state| state.payload);
            assert_eq!(kept, Some(payload), "what was not understood stays");
        }
        (expected, found) => panic!("expected {expected:?}, found {found:?}"),
    }
    node.shutdown().await;
}

async fn save(storage: &MemoryStorage, id: &PersistenceId) {
    let fence = Fence { shard: ShardId::of(id), epoch: Epoch::new(1) };
    storage.raise_epochs(&[fence]).await.expect("nobody owns it");
    let placeholder =
        Payload::seal(Manifest::new(Card::ENTITY_TYPE, Card::STATE_VERSION), annals::CodecId(1), Vec::new());
    let write = Write {
        id: id.clone(),
        fence,
        activation: ActivationId::new(1),
        write_nr: WriteNr::new(1),
        written_at: Timestamp::from_micros(1),
        change: Change::State { expected: Revision::ZERO, change: StateChange::Save(placeholder) },
        outcome: None,
        side_effects: Vec::new(),
    };
    storage.append(Lane(0), [write].into()).await.remove(0).expect("the write is right");
}
