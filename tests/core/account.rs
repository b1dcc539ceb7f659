//! The entity that most tests use: a bank account with a few commands that misbehave.

use annals::{
    Codec, Command, Context, Definition, Effect, Entity, EntityRef, Event, EventSourced, Handler, Manifest,
    Never, Node, NodeBuilder,
};
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many `Counted` commands were decided; for one test only, since all tests share it.
pub(crate) static DECIDED: AtomicUsize = AtomicUsize::new(0);

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) balance: i64,
    pub(crate) events: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum AccountEvent {
    Deposited {
        cents: i64,
    },
    Withdrawn {
        cents: i64,
    },
    Noted {
        text: String,
    },
    Bomb,
    Skipping {
        cents: i64,
        #[serde(skip)]
        not_stored: i64,
    },
    Measured {
        value: f64,
    },
    Unlisted,
}

impl Event for AccountEvent {
    type Entity = Account;
    const MANIFESTS: &'static [Manifest] = &[
        Manifest::new("deposited", 1),
        Manifest::new("withdrawn", 1),
        Manifest::new("noted", 1),
        Manifest::new("bomb", 1),
        Manifest::new("skipping", 1),
        Manifest::new("measured", 1),
    ];
    fn manifest(&self) -> Manifest {
        match self {
            Self::Deposited { .. } => Manifest::new("deposited", 1),
            Self::Withdrawn { .. } => Manifest::new("withdrawn", 1),
            Self::Noted { .. } => Manifest::new("noted", 1),
            Self::Bomb => Manifest::new("bomb", 1),
            Self::Skipping { .. } => Manifest::new("skipping", 1),
            Self::Measured { .. } => Manifest::new("measured", 1),
            Self::Unlisted => Manifest::new("unlisted", 1),
        }
    }
}

impl EventSourced for Account {
    const ENTITY_TYPE: &'static str = "account";
    type Event = AccountEvent;
    fn apply(&mut self, event: &AccountEvent) {
        self.events += 1;
        match event {
            AccountEvent::Deposited { cents } => self.balance += cents,
            AccountEvent::Withdrawn { cents } => self.balance -= cents,
            AccountEvent::Bomb => panic!("apply hit a bomb"),
            AccountEvent::Skipping { cents, not_stored } => self.balance += cents + not_stored,
            AccountEvent::Noted { .. } | AccountEvent::Measured { .. } | AccountEvent::Unlisted => {}
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("short by {short}")]
pub(crate) struct Overdrawn {
    pub(crate) short: i64,
}

macro_rules! command {
    ($($name:ident $body:tt $text:literal => $output:ty, |$account:ident, $command:ident, $ctx:ident| $decide:expr;)*) => {
        $(
            #[derive(Debug, Clone, Serialize, Deserialize)]
            pub(crate) struct $name $body
            impl Command for $name {
                const NAME: &'static str = $text;
            }
            impl Handler<$name> for Account {
                type Output = $output;
                fn handle(&self, $command: $name, $ctx: &Context<Self>) -> $output {
                    let $account = self;
                    $decide
                }
            }
        )*
        impl Entity for Account {
            type Ref = EntityRef<Self>;
            fn definition() -> Definition<Self> {
                Definition::event_sourced()$(.command::<$name>())*
            }
        }
    };
}

command! {
    Deposit { pub(crate) cents: i64 } "deposit" => Effect<Self, i64>,
        |_a, c, _x| Effect::persist(AccountEvent::Deposited { cents: c.cents }).reply(|a| a.balance);
    Withdraw { pub(crate) cents: i64 } "withdraw" => Effect<Self, i64, Overdrawn>,
        |a, c, _x| {
            if c.cents > a.balance {
                return Effect::reject(Overdrawn { short: c.cents - a.balance });
            }
            Effect::persist(AccountEvent::Withdrawn { cents: c.cents }).reply(|a| a.balance)
        };
    DepositEach { pub(crate) cents: Vec<i64> } "deposit-each" => Effect<Self, i64>,
        |_a, c, _x| Effect::persist_all(c.cents.into_iter().map(|cents| AccountEvent::Deposited { cents })).reply(|a| a.balance);
    ChargeOrReport { pub(crate) cents: i64 } "charge-or-report" => Effect<Self, (), Overdrawn>,
        |a, c, _x| Effect::persist(AccountEvent::Noted { text: "refused".into() }).and_reject(Overdrawn { short: c.cents - a.balance });
    Counted {} "counted" => Effect<Self>,
        |_a, _c, _x| {
            DECIDED.fetch_add(1, Ordering::SeqCst);
            Effect::persist(AccountEvent::Deposited { cents: 1 })
        };
    Touch {} "touch" => Effect<Self, ()>, |_a, _c, _x| Effect::none();
    Balance {} "balance" => i64, |a, _c, _x| a.balance;
    Events {} "events" => u64, |a, _c, _x| a.events;
    WhoAmI {} "who-am-i" => (String, u64, i64), |_a, _c, x| (x.entity_id().to_string(), x.sequence_nr().get(), x.now().as_micros());
    Draw {} "draw" => (u64, u128), |_a, _c, x| (x.random_u64(), x.new_id());
    Note { pub(crate) bytes: usize } "note" => Effect<Self>,
        |_a, c, _x| Effect::persist(AccountEvent::Noted { text: "x".repeat(c.bytes) });
    Echo { pub(crate) bytes: usize } "echo" => Effect<Self, String>,
        |_a, c, _x| Effect::persist(AccountEvent::Noted { text: "e".into() }).reply(move |_| "x".repeat(c.bytes));
    PanicInHandler {} "panic-in-handler" => Effect<Self>, |_a, _c, _x| panic!("the handler gave up");
    PanicInApply {} "panic-in-apply" => Effect<Self>,
        |_a, _c, _x| Effect::persist_all([AccountEvent::Deposited { cents: 1_000 }, AccountEvent::Bomb]);
    PanicInReply {} "panic-in-reply" => Effect<Self, i64>,
        |_a, _c, _x| Effect::persist(AccountEvent::Deposited { cents: 1_000 }).reply(|_| panic!("the reply gave up"));
    PanicInQuery {} "panic-in-query" => i64, |_a, _c, _x| panic!("the query gave up");
    Skip { pub(crate) cents: i64 } "skip" => Effect<Self, i64>,
        |_a, c, _x| Effect::persist(AccountEvent::Skipping { cents: c.cents, not_stored: 5 }).reply(|a| a.balance);
    Measure { pub(crate) bits: u64 } "measure" => Effect<Self>,
        |_a, c, _x| Effect::persist(AccountEvent::Measured { value: f64::from_bits(c.bits) });
    PersistUnlisted {} "persist-unlisted" => Effect<Self>, |_a, _c, _x| Effect::persist(AccountEvent::Unlisted);
}

/// The same account, stored as JSON under another name.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct JsonAccount {
    balance: f64,
}
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Paid(f64);
impl Event for Paid {
    type Entity = JsonAccount;
    const MANIFESTS: &'static [Manifest] = &[Manifest::new("paid", 1)];
    fn manifest(&self) -> Manifest {
        Manifest::new("paid", 1)
    }
}
impl EventSourced for JsonAccount {
    const ENTITY_TYPE: &'static str = "json-account";
    type Event = Paid;
    fn apply(&mut self, event: &Paid) {
        self.balance += event.0;
    }
}
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Pay(#[serde(with = "bits")] pub(crate) f64);
mod bits {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    pub(super) fn serialize<S: Serializer>(value: &f64, to: S) -> Result<S::Ok, S::Error> {
        value.to_bits().serialize(to)
    }
    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
        u64::deserialize(from).map(f64::from_bits)
    }
}
impl Command for Pay {
    const NAME: &'static str = "pay";
}
impl Handler<Pay> for JsonAccount {
    type Output = Effect<Self, f64, Never>;
    fn handle(&self, command: Pay, _: &Context<Self>) -> Self::Output {
        Effect::persist(Paid(command.0)).reply(|account| account.balance)
    }
}
impl Entity for JsonAccount {
    type Ref = EntityRef<Self>;
    fn definition() -> Definition<Self> {
        Definition::event_sourced().codec(Codec::Json).command::<Pay>()
    }
}

/// A node over `storage` that hosts accounts.
pub(crate) fn builder(storage: impl annals::storage::StorageProvider) -> NodeBuilder {
    Node::builder(storage).register::<Account>().entropy(annals::Entropy::Seeded(7))
}

pub(crate) async fn node(storage: impl annals::storage::StorageProvider) -> Node {
    builder(storage).start().await.unwrap()
}
