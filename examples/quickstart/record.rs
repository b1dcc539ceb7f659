//! What the operator has seen of the bank, outside of its database.

use super::Result;
use super::line::Line;
use super::plan::Outcome;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::time::Duration;
use tokio::time::Instant;

/// Everything that the bank said in its lives.
pub(super) struct Record {
    log: BufWriter<File>,
    /// By command.
    pub(super) acknowledged: Vec<Option<Outcome>>,
    pub(super) latencies: Vec<Duration>,
    /// Acknowledged commands that were not in the journal when the bank was started again.
    pub(super) missing: BTreeSet<usize>,
    /// Outcomes of commands that had been acknowledged before.
    pub(super) repeated: Vec<(usize, Outcome)>,
    /// By account.
    pub(super) balances: Vec<Option<u64>>,
    /// The commands that were stored, and not acknowledged, when the bank was started last.
    pub(super) unacknowledged: usize,
    /// How long the last recovery took.
    pub(super) recovery: Duration,
    load: Load,
}

/// How long the bank was under load, from the start of each load to its last acknowledgement.
#[derive(Default)]
struct Load {
    before: Duration,
    since: Option<Instant>,
    last: Duration,
}

impl Record {
    pub(super) fn new(commands: usize, accounts: usize, log: File) -> Self {
        Self {
            log: BufWriter::new(log),
            acknowledged: vec![None; commands],
            latencies: Vec::with_capacity(commands),
            missing: BTreeSet::new(),
            repeated: Vec::new(),
            balances: vec![None; accounts],
            unacknowledged: 0,
            recovery: Duration::ZERO,
            load: Load::default(),
        }
    }

    /// How many commands were acknowledged.
    pub(super) fn acknowledgements(&self) -> usize {
        self.latencies.len()
    }

    /// How long the bank was under load.
    pub(super) fn load_time(&self) -> Duration {
        self.load.before + self.load.last
    }

    /// Takes down what the bank says.
    pub(super) fn add(&mut self, line: Line) -> Result<()> {
        match line {
            Line::Acknowledged { command, outcome, latency } => {
                writeln!(self.log, "{line}")?;
                self.acknowledge(command, outcome, latency)?;
            }
            Line::Repeated { command, outcome } => self.repeated.push((command, outcome)),
            Line::Balance { account, cents } => {
                *self.balances.get_mut(account).ok_or("the bank spoke of an unknown account")? = Some(cents);
            }
            Line::Recovered { took } => self.recovery = took,
            Line::Unacknowledged { commands } => self.unacknowledged = commands,
            Line::Missing { command } => drop(self.missing.insert(command)),
            Line::Loading => self.load.begin(),
            Line::Failed { why } => return Err(format!("the bank failed: {why}").into()),
        }
        Ok(())
    }

    fn acknowledge(&mut self, command: usize, outcome: Outcome, latency: Duration) -> Result<()> {
        match self.acknowledged.get_mut(command).ok_or("the bank spoke of an unknown command")? {
            Some(_) => self.repeated.push((command, outcome)),
            first => {
                *first = Some(outcome);
                self.latencies.push(latency);
                self.load.extend();
            }
        }
        Ok(())
    }

    /// Makes the log readable for the next life of the bank.
    pub(super) fn flush(&mut self) -> Result<()> {
        Ok(self.log.flush()?)
    }
}

impl Load {
    fn begin(&mut self) {
        *self = Self { before: self.before + self.last, since: Some(Instant::now()), last: Duration::ZERO };
    }

    fn extend(&mut self) {
        self.last = self.since.map_or(Duration::ZERO, |since| since.elapsed());
    }
}
