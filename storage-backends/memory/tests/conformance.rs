//! The memory backend passes the conformance suite, without exemptions.

mod harness;

use annals_testkit::conformance;
use harness::Memory;

#[tokio::test(flavor = "multi_thread")]
async fn the_memory_backend_conforms() {
    let report = conformance::run(&Memory).await;
    println!("{report}");
    report.assert_passed();
}
