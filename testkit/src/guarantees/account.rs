//! The entity that every engine under test hosts: an account that can also misbehave. Pure: an engine of your own
//! asks it what a command comes to.

use annals::{Event, EventSourced, Manifest};
use serde::{Deserialize, Serialize};

/// The state of an account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// What is on it.
    pub total: i64,
    /// How many events were applied.
    pub events: u64,
    /// Depends on every amount and on their order.
    pub trail: u64,
}

/// What happens to an account. Stored as MessagePack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum AccountEvent {
    /// Stored as `added`, version 1.
    Added {
        /// How much.
        amount: i64,
    },
    /// Stored as `spent`, version 1.
    Spent {
        /// How much.
        amount: i64,
    },
    /// Stored as `exploded`, version 1: applying it panics.
    Exploded,
}

/// What can be asked of an account. Every command replies the total after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// One event.
    Add {
        /// How much.
        amount: i64,
    },
    /// One event each.
    AddEach {
        /// How much.
        amounts: Vec<i64>,
    },
    /// One event, or a rejection if there is less.
    Spend {
        /// How much.
        amount: i64,
    },
    /// One event, and a rejection beside it.
    AddAndRefuse {
        /// How much.
        amount: i64,
    },
    /// No event.
    Touch,
    /// No event, and the account leaves memory.
    Leave,
    /// The handler panics.
    Panic,
    /// Two events, of which the second cannot be applied.
    Explode {
        /// How much the first one adds.
        amount: i64,
    },
    /// One event, and a reply that panics.
    AddAndPanic {
        /// How much.
        amount: i64,
    },
}

/// What can be asked about an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Query {
    /// Its [`total`](Account::total).
    Total,
    /// Its [`events`](Account::events).
    Events,
    /// Its [`trail`](Account::trail), bit by bit.
    Trail,
}

/// Why nothing was spent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("short by {short}")]
pub struct Overdrawn {
    /// How much was missing.
    pub short: i64,
}

/// What a command comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What happens to the account, all or nothing.
    pub events: Vec<AccountEvent>,
    /// What the caller gets.
    pub said: Said,
    /// What the account does then.
    pub then: Then,
}

/// What the caller of a command gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// The total after the events.
    Total,
    /// A rejection.
    Rejected(Overdrawn),
    /// Nothing: finding out what panics.
    Panics,
}

/// What an account does after a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// It stays in memory.
    Stays,
    /// It leaves memory as soon as no call waits for it.
    Leaves,
}

impl Account {
    /// Decides a command.
    ///
    /// # Panics
    /// At [`Command::Panic`].
    pub fn decide(&self, command: &Command) -> Decision {
        let added = |amount: &i64| AccountEvent::Added { amount: *amount };
        let (mut said, mut then) = (Said::Total, Then::Stays);
        let events = match command {
            Command::Add { amount } => vec![added(amount)],
            Command::AddEach { amounts } => amounts.iter().map(added).collect(),
            Command::Spend { amount } if *amount > self.total => {
                said = Said::Rejected(Overdrawn { short: amount - self.total });
                Vec::new()
            }
            Command::Spend { amount } => vec![AccountEvent::Spent { amount: *amount }],
            Command::AddAndRefuse { amount } => {
                said = Said::Rejected(Overdrawn { short: *amount });
                vec![added(amount)]
            }
            Command::Touch => Vec::new(),
            Command::Leave => {
                then = Then::Leaves;
                Vec::new()
            }
            Command::Panic => panic!("the handler panics"),
            Command::Explode { amount } => vec![added(amount), AccountEvent::Exploded],
            Command::AddAndPanic { amount } => {
                said = Said::Panics;
                vec![added(amount)]
            }
        };
        Decision { events, said, then }
    }

    /// Answers a query.
    pub fn answer(&self, query: Query) -> i64 {
        match query {
            Query::Total => self.total,
            Query::Events => self.events.cast_signed(),
            Query::Trail => self.trail.cast_signed(),
        }
    }
}

impl Said {
    /// The answer, in the state after the events.
    ///
    /// # Errors
    /// The rejection.
    ///
    /// # Panics
    /// At [`Said::Panics`].
    pub fn in_state(&self, account: &Account) -> Result<i64, Overdrawn> {
        match self {
            Self::Total => Ok(account.total),
            Self::Rejected(overdrawn) => Err(overdrawn.clone()),
            Self::Panics => panic!("the reply panics"),
        }
    }
}

impl Event for AccountEvent {
    type Entity = Account;
    const MANIFESTS: &'static [Manifest] =
        &[Manifest::new("added", 1), Manifest::new("spent", 1), Manifest::new("exploded", 1)];

    fn manifest(&self) -> Manifest {
        match self {
            Self::Added { .. } => Manifest::new("added", 1),
            Self::Spent { .. } => Manifest::new("spent", 1),
            Self::Exploded => Manifest::new("exploded", 1),
        }
    }
}

impl EventSourced for Account {
    const ENTITY_TYPE: &'static str = "guaranteed-account";
    type Event = AccountEvent;

    fn apply(&mut self, event: &AccountEvent) {
        let amount = match event {
            AccountEvent::Added { amount } => *amount,
            AccountEvent::Spent { amount } => -amount,
            AccountEvent::Exploded => panic!("apply panics"),
        };
        self.total += amount;
        self.events += 1;
        self.trail = self.trail.wrapping_mul(31).wrapping_add(amount.cast_unsigned());
    }
}
