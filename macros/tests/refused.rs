//! What is refused, and with which words. After a change of the words: `TRYBUILD=overwrite`, and read the
//! difference.

#[test]
fn what_cannot_work_does_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/refused/*.rs");
}
