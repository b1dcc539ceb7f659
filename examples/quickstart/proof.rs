//! The proof: a pure function from what was seen outside of the database and what is stored in it to a
//! verdict. It trusts neither side.

use super::journal::Fact;
use super::plan::{Outcome, Planned, Transfer};
use std::collections::{BTreeMap, BTreeSet};

/// All that there is to go by.
#[derive(Clone, Copy)]
pub(super) struct Evidence<'a> {
    /// What was to be done. A command's index is its key.
    pub(super) plan: &'a [Planned],
    /// What the bank acknowledged, by command.
    pub(super) acknowledged: &'a [Option<Outcome>],
    /// The acknowledged commands that were not in the journal after the kill.
    pub(super) missing: &'a BTreeSet<usize>,
    /// What it said when it was asked again.
    pub(super) repeated: &'a [(usize, Outcome)],
    /// What the accounts answered at the end, by account.
    pub(super) balances: &'a [Option<u64>],
    /// What is stored, by account.
    pub(super) journal: &'a [Vec<Fact>],
}

/// What came out.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Acknowledged commands that are not in the journal or were not after the kill, or are without what
    /// they did.
    pub(super) lost: usize,
    /// Commands with a second outcome, and events without an outcome of their own.
    pub(super) doubled: usize,
    /// Everything that is not as it must be, in words; the lost and the doubled too.
    pub(super) wrong: Vec<String>,
    pub(super) accepted: usize,
    pub(super) rejected: usize,
    pub(super) repeated: usize,
    pub(super) events: usize,
    /// The money in all accounts.
    pub(super) cents: i128,
}

impl Verdict {
    /// Whether nothing was lost or doubled, and nothing else is wrong.
    pub(super) fn holds(&self) -> bool {
        self.lost == 0 && self.doubled == 0 && self.wrong.is_empty()
    }

    fn lose(&mut self, command: usize, why: &str) {
        self.lost += 1;
        self.wrong.push(format!("command {command} is lost: {why}"));
    }

    fn double(&mut self, what: String) {
        self.doubled += 1;
        self.wrong.push(what);
    }

    fn check(&mut self, holds: bool, otherwise: impl FnOnce() -> String) {
        if !holds {
            self.wrong.push(otherwise());
        }
    }
}

/// Judges the evidence.
pub(super) fn judge(evidence: &Evidence<'_>) -> Verdict {
    let mut verdict = Verdict::default();
    let mut stored = Stored { balances: Vec::new(), outcomes: vec![None; evidence.plan.len()] };
    for (account, history) in evidence.journal.iter().enumerate() {
        let balance = judge_account(account, history, evidence.plan, &mut stored, &mut verdict);
        stored.balances.push(balance);
    }
    judge_acknowledgements(evidence, &stored, &mut verdict);
    judge_money(evidence, &stored, &mut verdict);
    verdict
}

/// What the journal comes to.
struct Stored {
    /// The fold over the events of each account.
    balances: Vec<i128>,
    /// The first outcome of each command, and whether its event is there.
    outcomes: Vec<Option<(Outcome, Effected)>>,
}

/// Whether the events agree with an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effected {
    Yes,
    No,
}

/// An event, as the outcomes behind it see it.
struct Happened {
    transfer: Transfer,
    balance: i128,
    /// The command whose outcome tells of it.
    command: Option<usize>,
}

/// Replays one history, and finds for each outcome the event that it tells of. Returns the balance.
fn judge_account(
    account: usize,
    history: &[Fact],
    plan: &[Planned],
    stored: &mut Stored,
    verdict: &mut Verdict,
) -> i128 {
    let mut events: BTreeMap<u64, Happened> = BTreeMap::new();
    let mut balance = 0;
    for fact in history {
        match *fact {
            Fact::Event { nr, transfer } => {
                verdict.events += 1;
                verdict.check(nr == events.len() as u64 + 1, || {
                    format!("event {nr} of account {account} is out of order")
                });
                balance += transfer.change();
                verdict.check(balance >= 0, || format!("event {nr} overdraws account {account}"));
                events.insert(nr, Happened { transfer, balance, command: None });
            }
            Fact::Outcome { nr, command, outcome } => {
                let planned = plan.get(command).filter(|planned| planned.account == account);
                let (Some(planned), Some(known)) = (planned, stored.outcomes.get_mut(command)) else {
                    verdict.wrong.push(format!("account {account} has an outcome of command {command}"));
                    continue;
                };
                let effected = effect(planned.transfer, command, outcome, events.get_mut(&nr));
                match known {
                    Some(_) => verdict.double(format!("command {command} has two outcomes")),
                    none => *none = Some((outcome, effected)),
                }
            }
        }
    }
    for (nr, event) in &events {
        if event.command.is_none() {
            verdict.double(format!("event {nr} of account {account} belongs to no command"));
        }
    }
    balance
}

/// Whether `outcome` is what `transfer` comes to at the event it stands behind; an accepted one takes that
/// event for its own.
fn effect(transfer: Transfer, command: usize, outcome: Outcome, at: Option<&mut Happened>) -> Effected {
    let agrees = match (transfer, outcome, at) {
        (_, Outcome::Balance { cents }, Some(event)) => {
            let own = event.command.is_none() && event.transfer == transfer;
            event.command.get_or_insert(command);
            own && event.balance == i128::from(cents)
        }
        (_, Outcome::Balance { .. }, None) | (Transfer::Deposit { .. }, Outcome::Short { .. }, _) => false,
        (Transfer::Withdraw { cents }, Outcome::Short { cents: short }, event) => {
            let balance = event.map_or(0, |event| event.balance);
            i128::from(cents) - balance == i128::from(short)
        }
    };
    if agrees { Effected::Yes } else { Effected::No }
}

/// Every command was acknowledged, is stored with that outcome, and gave it again when it was repeated.
fn judge_acknowledgements(evidence: &Evidence<'_>, stored: &Stored, verdict: &mut Verdict) {
    for (command, (acknowledged, stored)) in evidence.acknowledged.iter().zip(&stored.outcomes).enumerate() {
        match acknowledged {
            Some(Outcome::Balance { .. }) => verdict.accepted += 1,
            Some(Outcome::Short { .. }) => verdict.rejected += 1,
            None => verdict.wrong.push(format!("command {command} was never acknowledged")),
        }
        match (acknowledged, stored) {
            (Some(_), None) => verdict.lose(command, "it is not in the journal"),
            (Some(_), Some(_)) if evidence.missing.contains(&command) => {
                verdict.lose(command, "it was not in the journal after the kill");
            }
            (Some(seen), Some((kept, _))) if seen != kept => {
                verdict.wrong.push(format!("command {command} was told {seen}, and {kept} is stored"));
            }
            (Some(_), Some((_, Effected::No))) => verdict.lose(command, "its outcome is not what happened"),
            (Some(_), Some((_, Effected::Yes))) | (None, _) => {}
        }
    }
    for &(command, again) in evidence.repeated {
        verdict.repeated += 1;
        let first = evidence.acknowledged.get(command).copied().flatten();
        verdict.check(first == Some(again), || format!("command {command}, repeated, gave another outcome"));
    }
}

/// The answers of the accounts, the events and the acknowledgements tell of the same money.
fn judge_money(evidence: &Evidence<'_>, stored: &Stored, verdict: &mut Verdict) {
    verdict.check(evidence.balances.len() == stored.balances.len(), || "accounts are missing".into());
    for (account, (answered, stored)) in evidence.balances.iter().zip(&stored.balances).enumerate() {
        verdict.check(answered.map(i128::from) == Some(*stored), || {
            format!("account {account} answers {answered:?}, its events make {stored}")
        });
    }
    verdict.cents = stored.balances.iter().sum();
    let answered: i128 = evidence.balances.iter().flatten().copied().map(i128::from).sum();
    let acknowledged: i128 = accepted(evidence).map(|planned| planned.transfer.change()).sum();
    let stored = verdict.cents;
    verdict.check(answered == stored && acknowledged == stored, || {
        format!(
            "the accounts answer {answered} cents, the events make {stored}, acknowledged were {acknowledged}"
        )
    });
}

fn accepted<'a>(evidence: &Evidence<'a>) -> impl Iterator<Item = &'a Planned> {
    let both = evidence.plan.iter().zip(evidence.acknowledged);
    both.filter(|(_, outcome)| matches!(outcome, Some(Outcome::Balance { .. }))).map(|(planned, _)| planned)
}

#[cfg(test)]
mod tests;
