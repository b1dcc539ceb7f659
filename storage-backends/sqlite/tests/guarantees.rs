//! Over the SQLite backend the engine keeps all its guarantees.
#![allow(clippy::print_stdout, reason = "this is a test")]

mod store;
mod writes;

use annals_testkit::guarantees::{self, NodeEngine};
use store::Sqlite;

// On one thread, and the clock is not paused: SQLite has threads of its own.
#[tokio::test]
async fn the_engine_keeps_its_guarantees_over_sqlite() {
    let report = guarantees::run(&NodeEngine, &Sqlite::new()).await;
    println!("{report}");
    report.assert_passed();
}
