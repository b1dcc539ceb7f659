//! The bank: the child process that gets killed. It does the same thing in each of its lives: recover, repeat
//! what was acknowledged, retry the rest.

use super::Result;
use super::account::{Account, AccountRef, Overdrawn};
use super::files::Files;
use super::journal::{self, Fact};
use super::line::Line;
use super::options::Options;
use super::plan::{Outcome, Plan, Planned, Transfer};
use super::wire;
use annals::{CallError, Node};
use annals_sqlite::SqliteStorage;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// How many commands are under way at once.
const CALLERS: usize = 1_000;

/// Runs the bank to its end, or until it is killed.
pub(super) fn run(options: &Options) -> Result<()> {
    wire::watch_operator()?;
    let (operator, writer) = wire::open()?;
    if let Err(error) = Runtime::new()?.block_on(serve(options, operator.clone())) {
        operator.send(Line::Failed { why: error.to_string() })?;
    }
    drop(operator);
    writer.join().map_err(|_| "the writer of the lines panicked")?
}

async fn serve(options: &Options, operator: Sender<Line>) -> Result<()> {
    let dir = options.dir.as_deref().ok_or("the bank needs --dir")?;
    let files = Files::of_bank(dir);
    let acknowledged = acknowledged(&files)?;
    let storage = SqliteStorage::open(files.database()).await?;
    let node = Node::builder(storage.clone()).register::<Account>().start().await?;
    let accounts = (0..options.accounts).map(|account| node.entity::<Account>(account.to_string()));
    let bank = Bank { accounts: accounts.collect(), plan: Plan::new(options).into(), operator };
    bank.recover().await?;
    bank.compare(&acknowledged, &journal::read(&storage, options.accounts).await?)?;
    bank.repeat(acknowledged.iter().copied().collect()).await?;
    bank.load((0..options.commands).filter(|command| !acknowledged.contains(command)).collect()).await?;
    bank.report_balances().await?;
    node.shutdown().await;
    storage.close().await;
    Ok(())
}

/// The commands that the operator knows of.
fn acknowledged(files: &Files) -> Result<BTreeSet<usize>> {
    let commands = files.read_log()?.into_iter().filter_map(|line| match line {
        Line::Acknowledged { command, .. } => Some(command),
        _ => None,
    });
    Ok(commands.collect())
}

/// What all callers share.
#[derive(Clone)]
struct Bank {
    accounts: Arc<[AccountRef]>,
    plan: Arc<Plan>,
    operator: Sender<Line>,
}

impl Bank {
    /// Brings every account into memory, by asking it something.
    async fn recover(&self) -> Result<()> {
        let start = Instant::now();
        each((0..self.accounts.len()).collect(), |account| {
            let account = self.accounts[account].clone();
            async move { account.balance().await.map(drop).map_err(Into::into) }
        })
        .await?;
        Ok(self.operator.send(Line::Recovered { took: start.elapsed() })?)
    }

    /// Compares what was acknowledged with what is stored, before anything is repeated: a repetition would
    /// store a lost command again, and so hide the loss.
    fn compare(&self, acknowledged: &BTreeSet<usize>, journal: &[Vec<Fact>]) -> Result<()> {
        let command = |fact: &Fact| match *fact {
            Fact::Outcome { command, .. } => Some(command),
            Fact::Event { .. } => None,
        };
        let stored: BTreeSet<usize> = journal.iter().flatten().filter_map(command).collect();
        for &command in acknowledged.difference(&stored) {
            self.operator.send(Line::Missing { command })?;
        }
        let commands = stored.difference(acknowledged).count();
        Ok(self.operator.send(Line::Unacknowledged { commands })?)
    }

    /// Sends commands again that were acknowledged: nothing must come of it but the first outcome.
    async fn repeat(&self, commands: Vec<usize>) -> Result<()> {
        each(commands, |command| {
            let bank = self.clone();
            async move {
                let outcome = bank.transfer(command).await?;
                Ok(bank.operator.send(Line::Repeated { command, outcome })?)
            }
        })
        .await
    }

    /// Sends commands that were not acknowledged, whether or not they were sent before.
    async fn load(&self, commands: Vec<usize>) -> Result<()> {
        self.operator.send(Line::Loading)?;
        each(commands, |command| {
            let bank = self.clone();
            async move {
                let start = Instant::now();
                let outcome = bank.transfer(command).await?;
                let latency = start.elapsed();
                Ok(bank.operator.send(Line::Acknowledged { command, outcome, latency })?)
            }
        })
        .await
    }

    /// Says what every account answers.
    async fn report_balances(&self) -> Result<()> {
        each((0..self.accounts.len()).collect(), |account| {
            let bank = self.clone();
            async move {
                let cents = bank.accounts[account].balance().await?;
                Ok(bank.operator.send(Line::Balance { account, cents })?)
            }
        })
        .await
    }

    /// One command. Its key makes it safe to send any number of times.
    async fn transfer(&self, command: usize) -> Result<Outcome> {
        let Planned { account, transfer } = self.plan.commands[command];
        let (account, key) = (&self.accounts[account], command.to_string());
        match transfer {
            Transfer::Deposit { cents } => {
                let cents = account.deposit(cents).key(key).await?;
                Ok(Outcome::Balance { cents })
            }
            Transfer::Withdraw { cents } => match account.withdraw(cents).key(key).await {
                Ok(cents) => Ok(Outcome::Balance { cents }),
                Err(CallError::Rejected(Overdrawn { short_cents: cents })) => Ok(Outcome::Short { cents }),
                Err(error) => Err(error.into()),
            },
        }
    }
}

/// Does the jobs in their order, many at once. Ends with the first error.
async fn each<F>(jobs: Vec<usize>, job: impl Fn(usize) -> F) -> Result<()>
where
    F: Future<Output = Result<()>> + Send + 'static,
{
    let mut callers = JoinSet::new();
    for number in jobs {
        if callers.len() == CALLERS {
            callers.join_next().await.transpose()?.transpose()?;
        }
        callers.spawn(job(number));
    }
    while let Some(done) = callers.join_next().await {
        done??;
    }
    Ok(())
}
