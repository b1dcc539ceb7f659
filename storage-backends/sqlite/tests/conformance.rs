//! The SQLite backend passes the conformance suite, without exemptions.
#![allow(clippy::print_stdout, reason = "this is a test")]

mod store;
mod writes;

use annals_testkit::conformance;
use store::Sqlite;

#[tokio::test(flavor = "multi_thread")]
async fn the_sqlite_backend_conforms() {
    let report = conformance::run(&Sqlite::new()).await;
    println!("{report}");
    report.assert_passed();
}
