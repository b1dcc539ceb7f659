//! Bad input gets a typed error that names the thing, and loses nothing.

use crate::account::{
    Account, Balance, Deposit, Events, JsonAccount, Pay, PersistUnlisted, Touch, builder, node,
};
use crate::gate::Gate;
use annals::{
    CallError, Command, Context, Definition, Effect, Entity, EntityRef, EventSourced, Handler, Node,
    NotHandled, StartError,
};
use annals_memory::MemoryStorage;
use serde::{Deserialize, Serialize};

#[tokio::test(start_paused = true)]
async fn absurd_ids_are_refused_by_each_call_and_odd_ones_work() {
    let node = node(Gate::open()).await;
    for id in [String::new(), "x".repeat(513), "a\0b".into()] {
        let error = node.entity::<Account>(&id).ask(Deposit { cents: 1 }).await.unwrap_err();
        assert!(matches!(error, CallError::NotHandled(NotHandled::InvalidId(_))), "{id:?}: {error:?}");
        assert!(node.entity::<Account>(&id).ask(Deposit { cents: 1 }).tell().await.is_err());
    }
    for id in ["a:b", "'; drop table journal; --", "%", "_", "|", "\n", " ", "grün", &"x".repeat(512)] {
        assert_eq!(node.entity::<Account>(id).ask(Deposit { cents: 1 }).await.unwrap(), 1, "{id:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn absurd_keys_are_refused() {
    let node = node(Gate::open()).await;
    let alice = node.entity::<Account>("alice");
    for key in [String::new(), "k".repeat(257), "k\0".into()] {
        let error = alice.ask(Deposit { cents: 1 }).key(key.clone()).await.unwrap_err();
        assert!(matches!(error, CallError::NotHandled(NotHandled::InvalidKey(_))), "{error:?}");
        assert!(alice.ask(Deposit { cents: 1 }).key(key).tell().await.is_err());
    }
    assert_eq!(alice.ask(Events {}).await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_type_that_is_not_registered_is_named() {
    let node = Node::builder(Gate::open()).start().await.unwrap();
    let error = node.entity::<Account>("alice").ask(Balance {}).await.unwrap_err();
    assert_eq!(error.to_string(), "not handled: entity type account is not registered at this node");
}

#[tokio::test(start_paused = true)]
async fn an_event_that_its_type_does_not_list_is_never_stored() {
    let gate = Gate::open();
    let node = node(gate.clone()).await;
    let alice = node.entity::<Account>("alice");
    let error = alice.ask(PersistUnlisted {}).await.unwrap_err();
    assert!(
        matches!(&error, CallError::NotHandled(NotHandled::UnlistedEvent { manifest, .. }) if &*manifest.name == "unlisted"),
        "{error:?}"
    );
    alice.ask(Touch {}).await.unwrap();
    assert!(gate.history("alice").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_event_that_could_not_be_read_back_is_never_stored() {
    let storage = MemoryStorage::new();
    let node = Node::builder(storage.clone()).register::<JsonAccount>().start().await.unwrap();
    let account = node.entity::<JsonAccount>("a");
    assert_eq!(account.ask(Pay(1.5)).await.unwrap(), 1.5);
    // JSON writes "null" for a number that is not finite, which no number can be read from.
    let error = account.ask(Pay(f64::NAN)).await.unwrap_err();
    assert!(
        matches!(&error, CallError::NotHandled(NotHandled::Unsealable { command, .. }) if **command == *"pay"),
        "{error:?}"
    );
    assert_eq!(account.ask(Pay(1.0)).await.unwrap(), 2.5, "the entity goes on");
    let again = Node::builder(storage).register::<JsonAccount>().start().await.unwrap();
    assert_eq!(again.entity::<JsonAccount>("a").ask(Pay(0.5)).await.unwrap(), 3.0);
}

/// An account under a definition that a test makes up.
macro_rules! impostor {
    ($name:ident, $definition:expr) => {
        #[derive(Default, Serialize, Deserialize)]
        struct $name;
        #[derive(Serialize, Deserialize)]
        struct Nothing;
        impl annals::Event for Nothing {
            type Entity = $name;
            const MANIFESTS: &'static [annals::Manifest] = &[annals::Manifest::new("nothing", 1)];
            fn manifest(&self) -> annals::Manifest {
                annals::Manifest::new("nothing", 1)
            }
        }
        impl EventSourced for $name {
            const ENTITY_TYPE: &'static str = "account";
            type Event = Nothing;
            fn apply(&mut self, _: &Nothing) {}
        }
        #[derive(Serialize, Deserialize)]
        struct Do;
        impl Command for Do {
            const NAME: &'static str = "do";
        }
        impl Handler<Do> for $name {
            type Output = Effect<Self>;
            fn handle(&self, _: Do, _: &Context<Self>) -> Effect<Self> {
                Effect::none()
            }
        }
        impl Entity for $name {
            type Ref = EntityRef<Self>;
            fn definition() -> Definition<Self> {
                let definition: fn() -> Definition<Self> = $definition;
                definition()
            }
        }
    };
}

#[tokio::test(start_paused = true)]
async fn two_types_of_one_name_are_refused_at_the_start() {
    impostor!(Impostor, || Definition::event_sourced().command::<Do>());
    let error = builder(Gate::open()).register::<Impostor>().start().await.unwrap_err();
    assert!(matches!(error, StartError::RegisteredTwice { entity_type: "account" }), "{error:?}");
    let error = builder(Gate::open()).register::<Account>().start().await.unwrap_err();
    assert!(matches!(error, StartError::RegisteredTwice { entity_type: "account" }), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn two_commands_of_one_name_are_refused_at_the_start() {
    impostor!(Twice, || Definition::event_sourced().command::<Do>().command::<Do>());
    let error = Node::builder(Gate::open()).register::<Twice>().start().await.unwrap_err();
    assert!(matches!(&error, StartError::Definition(_)) && error.to_string().contains("\"do\""), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_command_that_the_definition_does_not_list_is_not_handled() {
    impostor!(Silent, || Definition::event_sourced());
    let node = Node::builder(Gate::open()).register::<Silent>().start().await.unwrap();
    let error = node.entity::<Silent>("s").ask(Do).await.unwrap_err();
    assert!(
        matches!(error, CallError::NotHandled(NotHandled::UnlistedCommand { ref command, .. }) if **command == *"do"),
        "{error:?}"
    );
}

/// Two events of which one decodes as the other.
#[derive(Default, Serialize, Deserialize)]
struct Confused;
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Either {
    One { n: u8 },
    Other { n: u8 },
}
impl annals::Event for Either {
    type Entity = Confused;
    const MANIFESTS: &'static [annals::Manifest] =
        &[annals::Manifest::new("one", 1), annals::Manifest::new("other", 1)];
    fn manifest(&self) -> annals::Manifest {
        match self {
            Self::One { .. } => annals::Manifest::new("one", 1),
            Self::Other { .. } => annals::Manifest::new("other", 1),
        }
    }
}
impl EventSourced for Confused {
    const ENTITY_TYPE: &'static str = "confused";
    type Event = Either;
    fn apply(&mut self, _: &Either) {}
}
#[annals::commands]
impl Confused {
    pub(crate) fn one(&self) -> Effect<Self> {
        Effect::persist(Either::One { n: 1 })
    }
    pub(crate) fn other(&self) -> Effect<Self> {
        Effect::persist(Either::Other { n: 1 })
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_that_decodes_as_another_is_never_stored() {
    let gate = Gate::open();
    let node = Node::builder(gate.clone()).register::<Confused>().start().await.unwrap();
    let entity = node.entity::<Confused>("c");
    let refused = entity.other().await;
    assert!(matches!(refused, Err(CallError::NotHandled(NotHandled::Unsealable { .. }))), "{refused:?}");
    assert!(gate.groups().is_empty());
    entity.one().await.unwrap();
}
