//! The entity of all scenarios: an account with one number in it, in the two forms in which it can be written.

use annals::storage::StorageProvider;
use annals::{
    Command, Context, Definition, Effect, Entity, EntityRef, Event, EventSourced, Handler, Manifest, Node,
};
use serde::{Deserialize, Serialize};

/// An account, whatever its form.
pub(crate) trait Form: Entity<Ref: Send + Sync + 'static> {
    /// The query.
    fn ask_balance(account: &Self::Ref) -> impl Future<Output = u64> + Send;
    /// The command: one event.
    fn ask_deposit(account: &Self::Ref, key: Option<String>) -> impl Future<Output = u64> + Send;
}

/// The account as users write it.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Account {
    balance: u64,
}

/// What is stored: by annals and by the raw programs alike.
#[derive(Debug, Event, Serialize, Deserialize)]
#[event(entity = Account)]
pub(crate) enum AccountEvent {
    Deposited { cents: u64 },
}

impl EventSourced for Account {
    const ENTITY_TYPE: &'static str = "account";
    type Event = AccountEvent;
    fn apply(&mut self, AccountEvent::Deposited { cents }: &AccountEvent) {
        self.balance += cents;
    }
}

#[annals::commands]
impl Account {
    pub(crate) fn balance(&self) -> u64 {
        self.balance
    }

    pub(crate) fn deposit(&self, cents: u64) -> Effect<Self, u64> {
        Effect::persist(AccountEvent::Deposited { cents }).reply(|account| account.balance)
    }

    /// A command of many events, to make a long history quickly.
    pub(crate) fn deposit_often(&self, times: u64) -> Effect<Self, u64> {
        Effect::persist_all((0..times).map(|_| AccountEvent::Deposited { cents: 1 }))
            .reply(|account| account.balance)
    }
}

impl Form for Account {
    async fn ask_balance(account: &AccountRef) -> u64 {
        account.balance().await.expect("a balance")
    }

    async fn ask_deposit(account: &AccountRef, key: Option<String>) -> u64 {
        let deposit = account.deposit(1);
        let deposit = if let Some(key) = key { deposit.key(key) } else { deposit };
        deposit.await.expect("a deposit")
    }
}

/// The same on the traits.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct ByHand {
    balance: u64,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum ByHandEvent {
    Deposited { cents: u64 },
}

impl Event for ByHandEvent {
    type Entity = ByHand;
    const MANIFESTS: &'static [Manifest] = &[Manifest::new("deposited", 1)];
    fn manifest(&self) -> Manifest {
        Manifest::new("deposited", 1)
    }
}

impl EventSourced for ByHand {
    const ENTITY_TYPE: &'static str = "account";
    type Event = ByHandEvent;
    fn apply(&mut self, ByHandEvent::Deposited { cents }: &ByHandEvent) {
        self.balance += cents;
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Balance;
impl Command for Balance {
    const NAME: &'static str = "balance";
}
impl Handler<Balance> for ByHand {
    type Output = u64;
    fn handle(&self, _: Balance, _: &Context<Self>) -> u64 {
        self.balance
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Deposit {
    cents: u64,
}
impl Command for Deposit {
    const NAME: &'static str = "deposit";
}
impl Handler<Deposit> for ByHand {
    type Output = Effect<Self, u64>;
    fn handle(&self, Deposit { cents }: Deposit, _: &Context<Self>) -> Self::Output {
        Effect::persist(ByHandEvent::Deposited { cents }).reply(|account| account.balance)
    }
}

impl Entity for ByHand {
    type Ref = EntityRef<Self>;
    fn definition() -> Definition<Self> {
        Definition::event_sourced().command::<Balance>().command::<Deposit>()
    }
}

impl Form for ByHand {
    async fn ask_balance(account: &EntityRef<Self>) -> u64 {
        account.ask(Balance).await.expect("a balance")
    }

    async fn ask_deposit(account: &EntityRef<Self>, key: Option<String>) -> u64 {
        let deposit = account.ask(Deposit { cents: 1 });
        let deposit = if let Some(key) = key { deposit.key(key) } else { deposit };
        deposit.await.expect("a deposit")
    }
}

/// A node with default limits.
pub(crate) async fn node<F: Form>(storage: impl StorageProvider) -> Node {
    node_with::<F>(storage, |definition| definition).await
}

/// The same with other policies.
pub(crate) async fn node_with<F: Form>(
    storage: impl StorageProvider,
    policies: impl FnOnce(Definition<F>) -> Definition<F>,
) -> Node {
    Node::builder(storage).register_with::<F>(policies).start().await.expect("the node starts")
}

/// The clients of the first entities.
pub(crate) fn accounts<F: Form>(node: &Node, count: usize) -> Vec<F::Ref> {
    (0..count).map(|index| node.entity::<F>(entity_id(index))).collect()
}

/// The id of an entity.
pub(crate) fn entity_id(index: usize) -> String {
    format!("account-{index}")
}
