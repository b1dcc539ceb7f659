//! Reads the journal as it is stored, through the storage port: no entity is involved, and nothing that an
//! entity remembers can hide what the file holds.

use super::Result;
use super::account::{Account, AccountEvent, Overdrawn};
use super::plan::{Outcome, Transfer};
use annals::storage::{JournalEntry, JournalStorage, KeyedOutcome, OutcomeKind, ReadRange, StorageProvider};
use annals::{Codec, EntityId, EventSourced, Payload, PersistenceId};
use futures_util::StreamExt;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// One thing that the journal says of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fact {
    /// The event with this number.
    Event { nr: u64, transfer: Transfer },
    /// The outcome kept for the key of a command, standing behind the event with this number.
    Outcome { nr: u64, command: usize, outcome: Outcome },
}

/// The history of each account.
pub(super) async fn read(storage: &impl StorageProvider, accounts: usize) -> Result<Vec<Vec<Fact>>> {
    let journal = storage.journal().ok_or("the storage has no journal")?;
    let mut histories = Vec::with_capacity(accounts);
    for account in 0..accounts {
        histories.push(history(&*journal, account).await?);
    }
    Ok(histories)
}

async fn history(journal: &dyn JournalStorage, account: usize) -> Result<Vec<Fact>> {
    let id = PersistenceId::new(Account::ENTITY_TYPE, EntityId::new(account.to_string())?)?;
    let mut entries = journal.read(&id, ReadRange::ALL);
    let mut facts = Vec::new();
    while let Some(entry) = entries.next().await {
        facts.push(match entry? {
            JournalEntry::Event(event) => {
                Fact::Event { nr: event.sequence_nr.get(), transfer: transfer(&event.payload)? }
            }
            JournalEntry::Outcome { sequence_nr, kept } => {
                let (nr, command) = (sequence_nr.get(), kept.key.as_str().parse()?);
                Fact::Outcome { nr, command, outcome: outcome(&kept)? }
            }
        });
    }
    Ok(facts)
}

fn transfer(event: &Payload) -> Result<Transfer> {
    Ok(match decode(event)? {
        AccountEvent::Deposited { cents } => Transfer::Deposit { cents },
        AccountEvent::Withdrawn { cents } => Transfer::Withdraw { cents },
    })
}

fn outcome(kept: &KeyedOutcome) -> Result<Outcome> {
    let payload = &kept.outcome.payload;
    Ok(match kept.outcome.kind {
        OutcomeKind::Reply => Outcome::Balance { cents: decode(payload)? },
        OutcomeKind::Rejection => {
            let Overdrawn { short_cents } = decode(payload)?;
            Outcome::Short { cents: short_cents }
        }
    })
}

fn decode<T: Serialize + DeserializeOwned>(payload: &Payload) -> Result<T> {
    payload.verify()?;
    Ok(Codec::from_id(payload.codec())?.decode(payload.bytes())?)
}
