//! Looking up outcomes while their entity is erased: all of them or none, and no damage.

use crate::conformance::case::cases;
use crate::conformance::kit::{self, id, key};
use crate::conformance::store::Store;
use crate::conformance::threads::both;
use annals::storage::WriteStorage;
use annals::{Key, PersistenceId};
use std::sync::Arc;
use tokio::sync::watch;

cases!("reads that race", Case;
    race_of_a_look_up_with_an_erase_finds_all_outcomes_or_none,
);

const KEYS: usize = 200;

/// Erases one entity after the other, each when it is being looked up.
async fn erase_all(
    writes: Arc<dyn WriteStorage>,
    ids: Vec<PersistenceId>,
    mut looking: watch::Receiver<usize>,
    erased: watch::Sender<usize>,
) {
    for (nr, id) in ids.iter().enumerate() {
        // An error says that the other side failed: then it does not matter any more.
        let _ = looking.wait_for(|at| *at > nr).await;
        writes.erase(id, kit::fence(id)).await.expect("it can be erased");
        erased.send_replace(nr + 1);
    }
}

async fn look_up_all(
    writes: Arc<dyn WriteStorage>,
    ids: Vec<PersistenceId>,
    looking: watch::Sender<usize>,
    erased: watch::Receiver<usize>,
) {
    let keys: Vec<Key> = (0..KEYS).map(|nr| key(&nr.to_string())).collect();
    for (nr, id) in ids.iter().enumerate() {
        let before = writes.outcomes(id, &keys).await.expect("they can be looked up");
        assert_eq!(before.iter().flatten().count(), KEYS, "outcomes of {id}");
        looking.send_replace(nr + 1);
        loop {
            let is_erased = *erased.borrow() > nr;
            let found = writes.outcomes(id, &keys).await.expect("an erasure is no damage");
            let count = found.iter().flatten().count();
            assert!(count == 0 || count == KEYS && !is_erased, "{count} of {KEYS} outcomes of {id}");
            if is_erased {
                break;
            }
        }
    }
}

async fn race_of_a_look_up_with_an_erase_finds_all_outcomes_or_none(store: Store<'_>) {
    let ids: Vec<PersistenceId> = (0..40).map(|nr| id(&format!("raced-{nr}"))).collect();
    for id in &ids {
        let mut writer = store.writer(id);
        store.commit_all((0..KEYS).map(|nr| writer.eventless(&nr.to_string())).collect()).await;
    }
    let ((looking, is_looking), (erased, is_erased)) = (watch::channel(0), watch::channel(0));
    let erasing = erase_all(store.writes(), ids.clone(), is_looking, erased);
    let looking = look_up_all(store.writes(), ids, looking, is_erased);
    both(Box::pin(erasing), Box::pin(looking)).await;
}
