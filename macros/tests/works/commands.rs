//! Commands, queries and events of event-sourced entities, and the client that they get.

use crate::stored::stored;
use annals::{CallError, Codec, Context, Definition, Effect, EntityId, Event, EventSourced, Manifest, Node};
use annals_memory::MemoryStorage;
use serde::{Deserialize, Serialize};

/// The smallest entity: one event, one command, one query.
mod counter {
    use super::*;

    #[derive(Default, Serialize, Deserialize)]
    pub(super) struct Counter {
        count: u64,
    }

    #[derive(Event, Serialize, Deserialize)]
    #[event(entity = Counter, name = "incremented", version = 3)]
    pub(super) struct Incremented {
        by: u64,
    }

    impl EventSourced for Counter {
        const ENTITY_TYPE: &'static str = "counter";
        type Event = Incremented;
        fn apply(&mut self, event: &Incremented) {
            self.count += event.by;
        }
    }

    #[annals::commands]
    impl Counter {
        pub(super) fn increment(&self, by: u64) -> Effect<Self, u64> {
            Effect::persist(Incremented { by }).reply(|counter| counter.count)
        }

        pub(super) fn count(&self) -> u64 {
            self.count
        }
    }
}

/// An account with everything that a block can have.
mod account {
    use super::*;

    #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
    pub struct Account {
        cents: u64,
        limit: Limit,
    }

    /// Named like a command: its type must stay visible beside the hidden one.
    #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
    pub struct Limit(pub u64);

    #[derive(Event, Serialize, Deserialize)]
    #[event(entity = Account)]
    pub enum AccountEvent {
        Deposited {
            cents: u64,
        },
        Withdrawn(u64),
        #[event(name = "limit_set", version = 2)]
        Limited(Limit),
        CardBlocked,
    }

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
    #[error("short by {short_cents} cents")]
    pub struct Overdrawn {
        pub short_cents: u64,
    }

    impl EventSourced for Account {
        const ENTITY_TYPE: &'static str = "account";
        type Event = AccountEvent;
        fn apply(&mut self, event: &AccountEvent) {
            match event {
                AccountEvent::Deposited { cents } => self.cents += cents,
                AccountEvent::Withdrawn(cents) => self.cents -= cents,
                AccountEvent::Limited(limit) => self.set(limit),
                AccountEvent::CardBlocked => {}
            }
        }
    }

    #[annals::commands(ref = Client, configure = Self::as_json)]
    impl Account {
        /// Puts money in.
        pub fn deposit(&self, cents: u64) -> Effect<Self, u64> {
            Effect::persist(AccountEvent::Deposited { cents }).reply(Self::balance)
        }

        pub fn withdraw(
            &self,
            mut cents: u64,
            #[serde(default)] fee: Option<u64>,
        ) -> Effect<Self, u64, Overdrawn> {
            cents += fee.unwrap_or_default();
            match self.short_of(cents) {
                0 => Effect::persist(AccountEvent::Withdrawn(cents)).reply(Self::balance),
                short_cents => Effect::reject(Overdrawn { short_cents }),
            }
        }

        #[command(name = "set-limit")]
        pub(crate) fn limit(&self, limit: Limit) -> Effect<Self> {
            Effect::persist_all([AccountEvent::CardBlocked, AccountEvent::Limited(limit)])
        }

        pub fn touch(&self) -> Effect<Self> {
            Effect::none()
        }

        pub fn balance(&self) -> u64 {
            self.cents
        }

        pub fn everything(&self) -> Self {
            self.clone()
        }

        /// The context may stand anywhere.
        pub fn who(&self, before: String, ctx: &Context<Self>, r#type: Vec<Self>) -> (String, u64) {
            (format!("{before}{}{}", ctx.entity_id(), r#type.len()), ctx.sequence_nr().get())
        }

        pub fn nothing(&self) {}

        #[cfg(any())]
        pub fn never(&self) -> NoSuchType {}

        fn short_of(&self, cents: u64) -> u64 {
            cents.saturating_sub(self.cents)
        }

        #[command(skip)]
        pub fn set(&mut self, limit: &Limit) {
            self.limit = limit.clone();
        }

        fn as_json(definition: Definition<Self>) -> Definition<Self> {
            definition.codec(Codec::Json)
        }

        /// Not a command: it sees no state.
        pub const fn smallest_deposit() -> u64 {
            1
        }
    }
}

use account::{Account, Overdrawn};
use counter::Counter;

async fn node() -> (Node, MemoryStorage) {
    let storage = MemoryStorage::new();
    let builder = Node::builder(storage.clone()).register::<Counter>().register::<Account>();
    (builder.start().await.unwrap(), storage)
}

#[tokio::test]
async fn a_counter_counts_and_is_recovered() {
    let (node, storage) = node().await;
    let clicks: counter::CounterRef = node.entity::<Counter>("clicks");
    assert_eq!(clicks.increment(2).await.unwrap(), 2);
    clicks.increment(3).tell().await.unwrap();
    assert_eq!(clicks.count().await.unwrap(), 5);
    node.shutdown().await;

    let node = Node::builder(storage).register::<Counter>().start().await.unwrap();
    assert_eq!(node.entity::<Counter>("clicks").count().await.unwrap(), 5);
    node.shutdown().await;
}

#[tokio::test]
async fn a_keyed_command_runs_once() {
    let (node, _) = node().await;
    let alice = node.entity::<Account>("alice");
    for _ in 0..2 {
        assert_eq!(alice.deposit(100).key("payday").await.unwrap(), 100);
    }
    assert!(matches!(alice.deposit(101).key("payday").await, Err(CallError::KeyReused { .. })));
    node.shutdown().await;
}

#[tokio::test]
async fn a_rejection_reaches_the_caller_as_its_own_type() {
    let (node, _) = node().await;
    let alice = node.entity::<Account>("alice");
    alice.deposit(10).await.unwrap();
    let refused = alice.withdraw(10, Some(3)).await;
    assert!(matches!(refused, Err(CallError::Rejected(Overdrawn { short_cents: 3 }))), "{refused:?}");
    assert_eq!(alice.withdraw(10, None).await.unwrap(), 0);
    node.shutdown().await;
}

#[tokio::test]
async fn arguments_and_replies_keep_their_types() {
    let (node, _) = node().await;
    let alice = node.entity::<Account>("alice");
    alice.limit(account::Limit(7)).await.unwrap();
    alice.touch().await.unwrap();
    alice.nothing().await.unwrap();
    let everything: Account = alice.everything().await.unwrap();
    assert_eq!(alice.who("<".into(), vec![everything]).await.unwrap(), ("<alice1".to_owned(), 2));
    node.shutdown().await;
}

#[tokio::test]
async fn the_definition_is_configured() {
    let (node, storage) = node().await;
    node.entity::<Account>("alice").deposit(1).await.unwrap();
    node.entity::<Counter>("clicks").increment(1).await.unwrap();
    node.shutdown().await;
    for (entity_type, id, codec) in
        [("account", "alice", Codec::Json), ("counter", "clicks", Codec::MessagePack)]
    {
        let events = stored(&storage, entity_type, id).await;
        assert_eq!(events.iter().map(|event| event.payload.codec()).collect::<Vec<_>>(), [codec.id()]);
    }
}

#[tokio::test]
async fn a_ref_is_a_value_like_any_other() {
    let (node, _) = node().await;
    let alice = node.entity::<Account>("alice").clone();
    assert_eq!(alice.id(), &EntityId::new("alice").unwrap());
    assert_eq!(alice.as_entity_ref().id(), alice.id());
    assert!(format!("{alice:?}").contains("alice"), "{alice:?}");
    node.shutdown().await;
}

#[tokio::test]
async fn names_are_those_of_the_methods_unless_they_say_otherwise() {
    let (node, _) = node().await;
    let alice = node.entity::<Account>("alice");
    assert!(format!("{:?}", alice.deposit(1)).starts_with("Call(deposit to"), "{:?}", alice.deposit(1));
    assert!(format!("{:?}", alice.limit(account::Limit(1))).starts_with("Call(set-limit to"));
    node.shutdown().await;
}

#[test]
fn events_list_their_names_and_versions() {
    assert_eq!(
        account::AccountEvent::MANIFESTS,
        [
            Manifest::new("deposited", 1),
            Manifest::new("withdrawn", 1),
            Manifest::new("limit_set", 2),
            Manifest::new("card_blocked", 1)
        ]
    );
    assert_eq!(counter::Incremented::MANIFESTS, [Manifest::new("incremented", 3)]);
    assert_eq!(account::AccountEvent::CardBlocked.manifest(), Manifest::new("card_blocked", 1));
}

#[test]
fn functions_without_self_stay_ordinary() {
    assert_eq!(Account::smallest_deposit(), 1);
}
