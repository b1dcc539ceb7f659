//! Kill a bank in mid-load, and prove that it lost nothing.
//!
//! `cargo run --release --example quickstart` needs nothing installed and takes a few seconds:
//!
//! 1. The program starts a child of itself, the *bank*: 1,000 event-sourced accounts on one SQLite file. A
//!    thousand callers in it deposit and withdraw at the same time, each command with its own idempotency key.
//! 2. Each acknowledgement goes through a pipe to the parent, the *operator*, who writes it down in a file
//!    beside the database and moves the progress bar.
//! 3. In mid-load the operator kills the bank with SIGKILL. Nobody gets to clean up.
//! 4. It starts the same program on the same files. The bank recovers its accounts, looks whether the journal
//!    holds every command that was acknowledged, repeats those (a repetition must give the first outcome and
//!    do nothing), and retries, with the same keys, every command that was not acknowledged: some of them
//!    had been stored all the same.
//! 5. The operator reads the journal and proves that every acknowledged command is in it exactly once, that
//!    each outcome follows from the events before it, and that the money adds up.
//!
//! Where to look: `account.rs` is what a user of Annals writes; `bank.rs` runs it; `proof.rs` is the proof.

mod account;
mod bank;
mod child;
mod files;
mod journal;
mod line;
mod operator;
mod options;
mod plan;
mod proof;
mod record;
mod table;
mod wire;

use options::Request;
use std::error::Error;
use std::process::ExitCode;

type Result<T, E = Box<dyn Error + Send + Sync>> = std::result::Result<T, E>;

fn main() -> ExitCode {
    let done = match options::parse(std::env::args_os().skip(1)) {
        Ok(Request::Help) => {
            print!("{}", options::HELP);
            Ok(())
        }
        Ok(Request::Operate(options)) => operator::run(&options),
        Ok(Request::Bank(options)) => bank::run(&options),
        Err(error) => Err(error.into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("quickstart: {}", error.to_string().replace('\n', " "));
            ExitCode::FAILURE
        }
    }
}
