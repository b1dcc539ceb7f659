//! Every assertion on what came of a call can fail, and says what there was instead.

use crate::ledger::{Ledger, LedgerEvent};
use crate::says::says;
use annals_testkit::Scenario;

fn added() -> impl FnOnce() -> AddedThen {
    || Scenario::<Ledger>::new().when(|ledger| ledger.add(2))
}

type AddedThen =
    annals_testkit::scenario::Then<Ledger, u64, annals::Never, annals_testkit::scenario::Stored<LedgerEvent>>;

#[test]
fn replies() {
    let _ = added()().replies(2);
    says(&["not the reply 3: Ok(2)"], || added()().replies(3));
}

#[test]
fn rejections() {
    let refused = || Scenario::<Ledger>::new().when(|ledger| ledger.remove(2));
    let _ = refused().rejects("2 of 0".into());
    says(&["not the rejection \"no\": Err(Rejected(\"2 of 0\"))"], || refused().rejects("no".into()));
    says(&["not the reply 0: Err(Rejected("], || refused().replies(0));
}

#[test]
fn failures() {
    says(&["not unhandled: Ok(2)"], || added()().is_not_handled());
    says(&["not unknown: Ok(2)"], || added()().is_unknown());
    says(&["it does not wait: Ok(2)"], || added()().waits());
}

#[test]
fn states() {
    let _ = added()().leaves(Ledger { sum: 2 });
    says(&["expected Ledger { sum: 3 }, it is Ledger { sum: 2 }"], || added()().leaves(Ledger { sum: 3 }));
}

#[test]
fn events() {
    let _ = added()().persists([LedgerEvent::Added { n: 2 }]);
    let wrong = [
        vec![],
        vec![LedgerEvent::Added { n: 3 }],
        vec![LedgerEvent::Added { n: 2 }, LedgerEvent::Added { n: 2 }],
    ];
    for wrong in wrong {
        says(&["expected [", "stored [Added { n: 2 }]"], || added()().persists(wrong));
    }
}

#[test]
fn tags_and_snapshots() {
    says(&["not tagged \"audit\""], || added()().tags("audit"));
    says(&["not tagged \"audit\": []"], || {
        Scenario::<Ledger>::new().when(|ledger| ledger.sum()).tags("audit")
    });
    says(&["no snapshot was taken"], || added()().takes_a_snapshot());
}
