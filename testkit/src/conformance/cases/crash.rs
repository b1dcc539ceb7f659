//! A crash, as far as the harness can make one: what was acknowledged is there afterwards (G1).

use super::snapshots;
use crate::conformance::case::cases;
use crate::conformance::check;
use crate::conformance::kit::{extent, fence_at, id, kept, key, outline, payload, snapshot};
use crate::conformance::store::Store;
use annals::storage::{ReadRange, SnapshotCriteria, Write};

cases!("crashes", Case;
    crash_loses_nothing_that_was_acknowledged,
    crash_brings_nothing_back_that_was_removed,
    crash_forgets_no_owner_and_no_write_number,
);

async fn crash_loses_nothing_that_was_acknowledged(mut store: Store<'_>) {
    let id = id("crashed");
    let mut writer = store.writer(&id);
    for round in 0..20 {
        let saved = writer.clone().save(round, "state");
        let keyed = Write { outcome: Some(kept(&format!("k{round}"))), ..saved };
        let _ = writer.save(round, "state");
        store.commit_all(vec![keyed, writer.events(1)]).await;
    }
    snapshots::save(&store, snapshot(&id, 20)).await.expect("it can be saved");
    let before = store.read(&id, ReadRange::ALL).await;
    store.crash().await;
    assert_eq!(store.read(&id, ReadRange::ALL).await, before);
    assert_eq!(store.highest(&id).await, 20);
    assert_eq!(store.outcome(&id, &key("k19")).await, Some(kept("k19")));
    let state = store.states().load(&id).await.expect("it can be loaded").expect("it was saved");
    assert_eq!((state.revision.get(), state.payload), (20, Some(payload("state"))));
    assert_eq!(snapshots::list(&store, &id, SnapshotCriteria::ALL).await, [20]);
}

async fn crash_brings_nothing_back_that_was_removed(mut store: Store<'_>) {
    let (deleted, erased) = (id("deleted"), id("erased"));
    let mut writer = store.fill(&deleted, 5).await;
    store.commit(writer.eventless("k")).await;
    store.fill(&erased, 5).await;
    snapshots::save(&store, snapshot(&erased, 5)).await.expect("it can be saved");
    store.delete_to(&deleted, 3).await;
    store.erase(&erased).await;
    store.crash().await;
    assert_eq!(outline(&store.read(&deleted, ReadRange::ALL).await), "e4 e5 k5:k");
    assert_eq!(store.read(&erased, ReadRange::ALL).await, []);
    assert_eq!(store.extent(&deleted).await, extent(0, 3, 5));
    assert_eq!(store.extent(&erased).await, extent(5, 5, 5));
    assert_eq!(snapshots::list(&store, &erased, SnapshotCriteria::ALL).await, [0; 0]);
}

async fn crash_forgets_no_owner_and_no_write_number(mut store: Store<'_>) {
    let id = id("crashed");
    let mut writer = store.fill(&id, 2).await;
    let repeated = writer.keyed(1, "k");
    let first = store.commit(repeated.clone()).await;
    store.crash().await;
    assert_eq!(store.write(repeated).await.expect("the repetition is answered"), first);
    store.raise(&id, 9).await;
    store.crash().await;
    check::fenced_at(&store.write(writer.clone().events(1)).await, 5, 9);
    store.commit(Write { fence: fence_at(&id, 9), ..writer.events(1) }).await;
    assert_eq!(outline(&store.read(&id, ReadRange::ALL).await), "e1 e2 e3 k3:k e4");
}
