//! The commands of a run. All of it follows from the seed, so that operator, bank and proof agree on it, and
//! a run can be repeated.

use super::options::Options;
use annals::Random;

/// What is to be done, in which order, and when the bank is killed.
pub(super) struct Plan {
    /// The command with index `n` has the key `n`.
    pub(super) commands: Vec<Planned>,
    /// After how many acknowledgements the bank is killed: 30 to 60 of 100.
    pub(super) kill_after: usize,
}

/// One command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Planned {
    /// The number of the account; also its entity id.
    pub(super) account: usize,
    pub(super) transfer: Transfer,
}

/// What it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transfer {
    Deposit { cents: u64 },
    Withdraw { cents: u64 },
}

/// What a command came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It was accepted; this is the balance after it.
    Balance { cents: u64 },
    /// It was rejected: so much was missing.
    Short { cents: u64 },
}

impl Transfer {
    /// What it adds to the account, if it is accepted.
    pub(super) fn change(self) -> i128 {
        match self {
            Self::Deposit { cents } => i128::from(cents),
            Self::Withdraw { cents } => -i128::from(cents),
        }
    }
}

impl Plan {
    pub(super) fn new(options: &Options) -> Self {
        let random = Random::new(options.seed);
        let below = |bound: usize| (random.next_u64() % bound as u64) as usize;
        let kill_after = (options.commands * (30 + below(31))).div_ceil(100);
        let commands = (0..options.commands).map(|_| Planned {
            account: below(options.accounts),
            // Withdrawals are larger than deposits, so that many are rejected.
            transfer: match below(2) {
                0 => Transfer::Deposit { cents: 1 + below(10_000) as u64 },
                _ => Transfer::Withdraw { cents: 1 + below(15_000) as u64 },
            },
        });
        Self { commands: commands.collect(), kill_after }
    }
}
