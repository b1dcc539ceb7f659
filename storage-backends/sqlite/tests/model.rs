//! The SQLite backend does what the reference model does; a crash leaves the file and its log as a process
//! that is killed would.
#![allow(clippy::print_stdout, reason = "this is a test")]

mod harness;
mod writes;

use annals_testkit::model::{self, Options};
use harness::Sqlite;

#[tokio::test(flavor = "multi_thread")]
async fn the_sqlite_backend_follows_the_model() {
    let options = Options { seeds: 1..61, ..Options::default() };
    println!("{}", model::run(&Sqlite::new(), &options).await);
}

/// Groups so large that histories cross the borders of their index, which has a place per 64 rows.
#[tokio::test(flavor = "multi_thread")]
async fn long_histories_follow_the_model() {
    let options = Options { seeds: 1..7, group: 150, steps: 60, ..Options::default() };
    println!("{}", model::run(&Sqlite::new(), &options).await);
}

/// Lets no step of an erasure succeed, so that erased rows, blocks and keys stay among the living ones.
const STALL: &str =
    "CREATE TRIGGER stalled BEFORE DELETE ON erasure BEGIN SELECT RAISE(ABORT, 'stalled'); END;
    CREATE TRIGGER stopped BEFORE UPDATE ON erasure BEGIN SELECT RAISE(ABORT, 'stalled'); END;";

#[tokio::test(flavor = "multi_thread")]
async fn erased_rows_that_are_still_there_change_nothing() {
    let options = Options { seeds: 101..116, group: 40, ..Options::default() };
    println!("{}", model::run(&Sqlite::with(STALL), &options).await);
}
