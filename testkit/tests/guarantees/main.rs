//! The engine keeps its guarantees over memory; engines and backends that are broken on purpose do not, and the
//! cases that find each of them, and no others, are named.

mod broken_backends;
mod broken_engines;
mod engine;
mod memory;
#[path = "../twin/mod.rs"]
mod twin;

use annals_testkit::guarantees::{self, NodeEngine};
use memory::Memory;

#[tokio::test(start_paused = true)]
async fn the_engine_keeps_its_guarantees_over_memory() {
    let report = guarantees::run(&NodeEngine, &Memory).await;
    println!("{report}");
    report.assert_passed();
}
