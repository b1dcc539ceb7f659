//! What the storage does to a write: what the caller sees, what is left, and what a retry with its key gives.

use crate::ledger::{Ledger, LedgerEvent};
use annals_testkit::Scenario;
use annals_testkit::scenario::WriteFault;

fn ledger() -> Scenario<Ledger> {
    Scenario::given([LedgerEvent::Added { n: 5 }])
}

/// A call with a key under a fault, and its retry.
fn retried(fault: WriteFault) -> (Scenario<Ledger>, bool) {
    let mut ledger = ledger();
    let first = ledger.next_write(fault).when(|ledger| ledger.add(2).key("k"));
    assert!(first.result.is_err(), "{first:?}");
    let stored = !first.stored.events.is_empty();
    let _ = first.is_unknown().leaves(Ledger { sum: if stored { 7 } else { 5 } });
    let again = ledger.when(|ledger| ledger.add(2).key("k")).replies(7).leaves(Ledger { sum: 7 });
    assert_eq!(again.stored.events.is_empty(), stored);
    (ledger, stored)
}

#[test]
fn without_storage_nothing_is_stored() {
    assert!(!retried(WriteFault::Unavailable).1);
}

#[test]
fn in_a_conflict_nothing_is_stored() {
    assert!(!retried(WriteFault::Conflict).1);
}

#[test]
fn a_lost_write_is_unknown_to_the_caller_and_not_stored() {
    assert!(!retried(WriteFault::Lost).1);
}

#[test]
fn a_stored_write_with_its_answer_lost_is_unknown_to_the_caller() {
    assert!(retried(WriteFault::StoredAndLost).1);
}

#[test]
fn a_retry_without_a_key_runs_twice() {
    let mut ledger = ledger();
    let _ = ledger.next_write(WriteFault::StoredAndLost).when(|ledger| ledger.add(2)).is_unknown();
    let _ = ledger.when(|ledger| ledger.add(2)).replies(9);
}

#[test]
fn a_kept_rejection_is_given_again() {
    let mut ledger = ledger();
    let _ =
        ledger.next_write(WriteFault::StoredAndLost).when(|ledger| ledger.remove(6).key("k")).is_unknown();
    ledger.and_given([LedgerEvent::Added { n: 5 }]);
    let _ = ledger.when(|ledger| ledger.remove(6).key("k")).rejects("6 of 5".into()).persists([]);
    let _ = ledger.when(|ledger| ledger.remove(6).key("other")).replies(4);
}

#[test]
fn a_call_that_writes_nothing_leaves_the_fault_to_the_call_after_it() {
    let mut ledger = ledger();
    let _ = ledger.next_write(WriteFault::Lost).when(|ledger| ledger.sum()).replies(5);
    let _ = ledger.when(|ledger| ledger.add(2)).is_unknown().leaves(Ledger { sum: 5 });
    let _ = ledger.when(|ledger| ledger.add(2)).replies(7);
}
