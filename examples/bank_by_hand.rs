//! `bank.rs` without macros: the same names are stored as by `quickstart/account.rs`, so that each can
//! read what the other wrote. Run it twice.

use annals::{
    CallError, Command, Context, Definition, Effect, Entity, EntityRef, Event, EventSourced, Handler,
    Manifest, Node,
};
use annals_sqlite::SqliteStorage;
use serde::{Deserialize, Serialize};

/// The state: a fold over the events.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) balance: u64,
}

/// What can happen to an account.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum AccountEvent {
    Deposited { cents: u64 },
    Withdrawn { cents: u64 },
}

const DEPOSITED: Manifest = Manifest::new("deposited", 1);
const WITHDRAWN: Manifest = Manifest::new("withdrawn", 1);

impl Event for AccountEvent {
    type Entity = Account;
    const MANIFESTS: &'static [Manifest] = &[DEPOSITED, WITHDRAWN];

    fn manifest(&self) -> Manifest {
        match self {
            Self::Deposited { .. } => DEPOSITED,
            Self::Withdrawn { .. } => WITHDRAWN,
        }
    }
}

impl EventSourced for Account {
    const ENTITY_TYPE: &'static str = "account";
    type Event = AccountEvent;

    fn apply(&mut self, event: &AccountEvent) {
        match event {
            AccountEvent::Deposited { cents } => self.balance += cents,
            AccountEvent::Withdrawn { cents } => self.balance -= cents,
        }
    }
}

/// Puts money in, and replies the balance.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Deposit {
    pub(crate) cents: u64,
}

impl Command for Deposit {
    const NAME: &'static str = "deposit";
}

impl Handler<Deposit> for Account {
    type Output = Effect<Self, u64>;

    fn handle(&self, deposit: Deposit, _: &Context<Self>) -> Self::Output {
        Effect::persist(AccountEvent::Deposited { cents: deposit.cents }).reply(|account| account.balance)
    }
}

/// Takes money out, and replies the balance; refused if there is not enough.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Withdraw {
    pub(crate) cents: u64,
}

/// Why a withdrawal is refused.
#[derive(Debug, Serialize, Deserialize, thiserror::Error)]
#[error("short by {short_cents} cents")]
pub(crate) struct Overdrawn {
    pub(crate) short_cents: u64,
}

impl Command for Withdraw {
    const NAME: &'static str = "withdraw";
}

impl Handler<Withdraw> for Account {
    type Output = Effect<Self, u64, Overdrawn>;

    fn handle(&self, withdraw: Withdraw, _: &Context<Self>) -> Self::Output {
        let cents = withdraw.cents;
        if cents > self.balance {
            return Effect::reject(Overdrawn { short_cents: cents - self.balance });
        }
        Effect::persist(AccountEvent::Withdrawn { cents }).reply(|account| account.balance)
    }
}

/// Asks for the balance: a query, because it returns no effect.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Balance {}

impl Command for Balance {
    const NAME: &'static str = "balance";
}

impl Handler<Balance> for Account {
    type Output = u64;

    fn handle(&self, _: Balance, _: &Context<Self>) -> u64 {
        self.balance
    }
}

impl Entity for Account {
    type Ref = EntityRef<Self>;

    fn definition() -> Definition<Self> {
        Definition::event_sourced().command::<Deposit>().command::<Withdraw>().command::<Balance>()
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::temp_dir().join("annals-bank-by-hand.db");
    let node = Node::builder(SqliteStorage::open(&file).await?).register::<Account>().start().await?;
    let alice = node.entity::<Account>("alice");
    alice.ask(Deposit { cents: 50 }).key("payday-1").await?; // once, however often this program runs
    match alice.ask(Withdraw { cents: 30 }).await {
        Ok(balance) => println!("alice has {balance} cents left"),
        Err(CallError::Rejected(overdrawn)) => println!("alice is {overdrawn}"),
        Err(error) => return Err(error.into()),
    }
    node.shutdown().await;
    Ok(())
}
