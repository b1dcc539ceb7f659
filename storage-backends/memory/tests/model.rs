//! The memory backend does what the reference model does.
#![allow(clippy::print_stdout, reason = "this is a test")]

mod harness;

use annals_testkit::model::{self, Options};
use harness::Memory;

#[tokio::test(flavor = "multi_thread")]
async fn the_memory_backend_follows_the_model() {
    let coverage = model::run(&Memory, &Options { seeds: 1..601, ..Options::default() }).await;
    println!("{coverage}");
    coverage.assert_covers(3);
}
