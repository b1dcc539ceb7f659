//! The entity of all scenarios: an account with one number in it.

use annals::storage::StorageProvider;
use annals::{
    Command, Context, Definition, Effect, Entity, EntityRef, Event, EventSourced, Handler, Manifest, Node,
};
use serde::{Deserialize, Serialize};

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Account {
    balance: u64,
}

/// What is stored: by annals and by the raw programs alike.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum AccountEvent {
    Deposited { cents: u64 },
}

impl Event for AccountEvent {
    type Entity = Account;
    const MANIFESTS: &'static [Manifest] = &[Manifest::new("deposited", 1)];
    fn manifest(&self) -> Manifest {
        Manifest::new("deposited", 1)
    }
}

impl EventSourced for Account {
    const ENTITY_TYPE: &'static str = "account";
    type Event = AccountEvent;
    fn apply(&mut self, event: &AccountEvent) {
        let AccountEvent::Deposited { cents } = event;
        self.balance += cents;
    }
}

/// The query.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Balance;
impl Command for Balance {
    const NAME: &'static str = "balance";
}
impl Handler<Balance> for Account {
    type Output = u64;
    fn handle(&self, _: Balance, _: &Context<Self>) -> u64 {
        self.balance
    }
}

/// The command: one event.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Deposit {
    pub(crate) cents: u64,
}
impl Command for Deposit {
    const NAME: &'static str = "deposit";
}
impl Handler<Deposit> for Account {
    type Output = Effect<Self, u64>;
    fn handle(&self, command: Deposit, _: &Context<Self>) -> Self::Output {
        Effect::persist(AccountEvent::Deposited { cents: command.cents }).reply(|account| account.balance)
    }
}

/// A command of many events, to make a long history quickly.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct DepositOften {
    pub(crate) times: u64,
}
impl Command for DepositOften {
    const NAME: &'static str = "deposit-often";
}
impl Handler<DepositOften> for Account {
    type Output = Effect<Self, u64>;
    fn handle(&self, command: DepositOften, _: &Context<Self>) -> Self::Output {
        Effect::persist_all((0..command.times).map(|_| AccountEvent::Deposited { cents: 1 }))
            .reply(|account| account.balance)
    }
}

impl Entity for Account {
    type Ref = EntityRef<Self>;
    fn definition() -> Definition<Self> {
        Definition::event_sourced().command::<Balance>().command::<Deposit>().command::<DepositOften>()
    }
}

/// A node with default limits.
pub(crate) async fn node(storage: impl StorageProvider) -> Node {
    Node::builder(storage).register::<Account>().start().await.expect("the node starts")
}

/// The refs of the first entities.
pub(crate) fn accounts(node: &Node, count: usize) -> Vec<EntityRef<Account>> {
    (0..count).map(|index| node.entity::<Account>(entity_id(index))).collect()
}

/// The id of an entity.
pub(crate) fn entity_id(index: usize) -> String {
    format!("account-{index}")
}
