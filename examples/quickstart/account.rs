//! The entity: a bank account. This file is all that a user of Annals has to write; `../bank_by_hand.rs` is the
//! same without macros.

use annals::{Effect, Event, EventSourced};
use serde::{Deserialize, Serialize};

/// The state: a fold over the events.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Account {
    pub(super) balance: u64,
}

/// What can happen to an account.
#[derive(Debug, PartialEq, Event, Serialize, Deserialize)]
#[event(entity = Account)]
pub(super) enum AccountEvent {
    Deposited { cents: u64 },
    Withdrawn { cents: u64 },
}

/// Why a withdrawal is refused.
#[derive(Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("short by {short_cents} cents")]
pub(super) struct Overdrawn {
    pub(super) short_cents: u64,
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

#[annals::commands]
impl Account {
    /// Puts money in, and replies the balance.
    pub(super) fn deposit(&self, cents: u64) -> Effect<Self, u64> {
        Effect::persist(AccountEvent::Deposited { cents }).reply(Self::balance)
    }

    /// Takes money out, and replies the balance; refused if there is not enough.
    pub(super) fn withdraw(&self, cents: u64) -> Effect<Self, u64, Overdrawn> {
        if cents > self.balance {
            return Effect::reject(Overdrawn { short_cents: cents - self.balance });
        }
        Effect::persist(AccountEvent::Withdrawn { cents }).reply(Self::balance)
    }

    /// A query, because it returns no effect.
    pub(super) fn balance(&self) -> u64 {
        self.balance
    }
}
