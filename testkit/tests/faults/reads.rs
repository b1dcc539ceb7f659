//! Answers that are unavailable, given twice, or older than they could be.

use super::fixture::{Fixture, fence, kind};
use annals::storage::SnapshotCriteria;
use annals::{Epoch, SequenceNr, ShardId};
use annals_testkit::faults::{Fault, Operation};

#[tokio::test]
async fn a_read_that_is_unavailable_gives_nothing() {
    let fixture = Fixture::new().await;
    fixture.faults().every(Operation::Extent, Fault::Unavailable);
    assert_eq!(kind(&fixture.journal().extent(&fixture.id).await.unwrap_err()), "unavailable");
    assert!(fixture.journal().highest_sequence_nr(&fixture.id).await.is_err());
}

#[tokio::test]
async fn a_repeated_read_has_the_same_answer() {
    let fixture = Fixture::new().await;
    fixture.append(1..=2).await;
    fixture.faults().next(Operation::Extent, Fault::Repeat);
    assert_eq!(fixture.journal().extent(&fixture.id).await.unwrap().highest, SequenceNr::new(2));
}

#[tokio::test]
async fn stale_epochs_are_those_of_the_last_answer() {
    let fixture = Fixture::new().await;
    let shard = [ShardId::of(&fixture.id)];
    fixture.faults().next(Operation::Epochs, Fault::Stale);
    assert_eq!(fixture.writes().epochs(&shard).await.unwrap(), [Epoch::ZERO], "never asked before");
    assert_eq!(fixture.writes().epochs(&shard).await.unwrap(), [Epoch::new(1)]);
    fixture.writes().raise_epochs(&[fence(&fixture.id, 2)]).await.unwrap();
    fixture.faults().next(Operation::Epochs, Fault::Stale);
    assert_eq!(fixture.writes().epochs(&shard).await.unwrap(), [Epoch::new(1)]);
    assert_eq!(fixture.writes().epochs(&shard).await.unwrap(), [Epoch::new(2)]);
}

#[tokio::test]
async fn stale_snapshots_are_those_before_the_newest() {
    let fixture = Fixture::new().await;
    fixture.append(1..=3).await;
    let snapshots = fixture.snapshots();
    let load = async |criteria| {
        fixture.faults().next(Operation::LoadSnapshot, Fault::Stale);
        snapshots.load(&fixture.id, criteria).await.unwrap().map(|snapshot| snapshot.sequence_nr.get())
    };
    assert_eq!(load(SnapshotCriteria::ALL).await, None);
    for nr in 1..=3 {
        snapshots.save(fixture.snapshot(nr)).await.unwrap();
    }
    assert_eq!(load(SnapshotCriteria::ALL).await, Some(2));
    assert_eq!(load(SnapshotCriteria::up_to(SequenceNr::new(2))).await, Some(1));
    assert_eq!(load(SnapshotCriteria::at(SequenceNr::new(2))).await, None);
}

#[tokio::test]
async fn a_stale_list_of_snapshots_is_the_last_answer() {
    let fixture = Fixture::new().await;
    fixture.append(1..=3).await;
    let snapshots = fixture.snapshots();
    let list = async |criteria| snapshots.list(&fixture.id, criteria).await.unwrap().len();
    for nr in 1..=2 {
        snapshots.save(fixture.snapshot(nr)).await.unwrap();
    }
    fixture.faults().next(Operation::ListSnapshots, Fault::Stale);
    assert_eq!(list(SnapshotCriteria::ALL).await, 0, "never asked before");
    assert_eq!(list(SnapshotCriteria::ALL).await, 2);
    snapshots.save(fixture.snapshot(3)).await.unwrap();
    fixture.faults().next(Operation::ListSnapshots, Fault::Stale);
    assert_eq!(list(SnapshotCriteria::ALL).await, 2);
    fixture.faults().next(Operation::ListSnapshots, Fault::Stale);
    assert_eq!(list(SnapshotCriteria::up_to(SequenceNr::new(1))).await, 1);
    assert_eq!(list(SnapshotCriteria::ALL).await, 3);
}
