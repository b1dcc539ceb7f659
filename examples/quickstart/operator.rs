//! The operator: starts the bank, kills it, starts it again, and judges what is left.

use super::Result;
use super::child::BankProcess;
use super::files::Files;
use super::journal::{self, Fact};
use super::options::Options;
use super::plan::Plan;
use super::proof::{self, Evidence};
use super::record::Record;
use super::table::{self, Table};
use annals_sqlite::SqliteStorage;
use indicatif::{ProgressBar, ProgressStyle};
use std::fs::File;
use tokio::runtime::Runtime;

/// The whole story.
pub(super) fn run(options: &Options) -> Result<()> {
    let files = Files::prepare(options.dir.as_deref(), options.seed)?;
    let log = files.create_log()?;
    match kill_and_prove(options, &files, log) {
        Ok(()) => files.clean_up(),
        Err(error) => Err(format!("{error} (the files are in {})", files.dir().display()).into()),
    }
}

fn kill_and_prove(options: &Options, files: &Files, log: File) -> Result<()> {
    let plan = Plan::new(options);
    let (accounts, commands) = (table::number(options.accounts), table::number(options.commands));
    println!("{accounts} accounts, {commands} commands, seed {}, in {}", options.seed, files.dir().display());
    let mut record = Record::new(options.commands, options.accounts, log);
    // On standard error, and only if that is a terminal.
    let bar = ProgressBar::new(options.commands as u64).with_style(style()?);

    let mut bank = BankProcess::start(options, files.dir())?;
    run_until_killed(&mut bank, plan.kill_after, &mut record, &bar)?;
    let killed_after = table::number(record.acknowledgements());
    bar.suspend(|| println!("killed (SIGKILL) after {killed_after} acknowledgements; starting again"));

    let mut bank = BankProcess::start(options, files.dir())?;
    run_to_its_end(&mut bank, &mut record, &bar)?;
    bar.finish_and_clear();

    let journal = Runtime::new()?.block_on(read_journal(files, options.accounts))?;
    let verdict = proof::judge(&Evidence {
        plan: &plan.commands,
        acknowledged: &record.acknowledged,
        missing: &record.missing,
        repeated: &record.repeated,
        balances: &record.balances,
        journal: &journal,
    });
    print!("{}", Table { record: &record, verdict: &verdict });
    if verdict.holds() { Ok(()) } else { Err("the proof failed".into()) }
}

fn run_until_killed(
    bank: &mut BankProcess,
    kill_after: usize,
    record: &mut Record,
    bar: &ProgressBar,
) -> Result<()> {
    while record.acknowledgements() < kill_after {
        let line = bank.next_line()?.ok_or("the bank ended before it was killed")?;
        record.add(line)?;
        bar.set_position(record.acknowledgements() as u64);
    }
    bank.kill()?;
    // What it had written by then is acknowledged.
    while let Some(line) = bank.next_line()? {
        record.add(line)?;
    }
    bank.wait()?;
    record.flush()
}

fn run_to_its_end(bank: &mut BankProcess, record: &mut Record, bar: &ProgressBar) -> Result<()> {
    while let Some(line) = bank.next_line()? {
        record.add(line)?;
        bar.set_position(record.acknowledgements() as u64);
    }
    let status = bank.wait()?;
    record.flush()?;
    if status.success() { Ok(()) } else { Err(format!("the bank ended with {status}").into()) }
}

async fn read_journal(files: &Files, accounts: usize) -> Result<Vec<Vec<Fact>>> {
    let storage = SqliteStorage::open(files.database()).await?;
    let journal = journal::read(&storage, accounts).await?;
    storage.close().await;
    Ok(journal)
}

fn style() -> Result<ProgressStyle> {
    Ok(ProgressStyle::with_template("{bar:50} {human_pos} of {human_len} acknowledged, {elapsed}")?)
}
