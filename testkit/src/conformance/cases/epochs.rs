//! The stored epochs: they only grow, all of a call or none of it.

use crate::conformance::case::cases;
use crate::conformance::check;
use crate::conformance::store::Store;
use annals::storage::{Fence, StorageError};
use annals::{Epoch, ShardId};

cases!("epochs", Nobody;
    epoch_is_zero_before_anyone_owned_the_shard,
    epochs_are_answered_in_the_order_asked,
    epoch_once_raised_is_answered,
    epoch_may_skip_numbers,
    epoch_survives_reopening,
    epoch_equal_to_the_stored_one_is_refused,
    epoch_smaller_than_the_stored_one_is_refused,
    epoch_refused_names_the_shard_and_both_epochs,
    epochs_are_raised_all_or_none,
    epochs_of_all_shards_are_raised_at_once,
    epochs_of_no_shards_are_nothing,
    epoch_refused_is_refused_after_reopening_too,
    epoch_above_the_largest_signed_number_is_refused_and_not_wrapped,
);

fn shard(number: u16) -> ShardId {
    ShardId::new(number).expect("it is below 256")
}

fn at(number: u16, epoch: u64) -> Fence {
    Fence { shard: shard(number), epoch: Epoch::new(epoch) }
}

async fn epochs(store: &Store<'_>, shards: &[u16]) -> Vec<u64> {
    let shards: Vec<ShardId> = shards.iter().map(|number| shard(*number)).collect();
    let epochs = store.writes().epochs(&shards).await.expect("epochs can be read");
    epochs.into_iter().map(Epoch::get).collect()
}

async fn raise(store: &Store<'_>, raised: &[Fence]) -> Result<(), StorageError> {
    store.writes().raise_epochs(raised).await
}

async fn raised(store: &Store<'_>, raised: &[Fence]) {
    raise(store, raised).await.expect("larger epochs can be stored");
}

async fn epoch_is_zero_before_anyone_owned_the_shard(store: Store<'_>) {
    assert_eq!(epochs(&store, &[0, 1, 255]).await, [0, 0, 0]);
}

async fn epochs_are_answered_in_the_order_asked(store: Store<'_>) {
    raised(&store, &[at(7, 3), at(2, 1), at(200, 9)]).await;
    assert_eq!(epochs(&store, &[200, 2, 3, 7, 2]).await, [9, 1, 0, 3, 1]);
}

async fn epoch_once_raised_is_answered(store: Store<'_>) {
    for epoch in 1..4 {
        raised(&store, &[at(3, epoch)]).await;
        assert_eq!(epochs(&store, &[3]).await, [epoch]);
    }
}

async fn epoch_may_skip_numbers(store: Store<'_>) {
    raised(&store, &[at(3, 2)]).await;
    raised(&store, &[at(3, 1_000_000)]).await;
    assert_eq!(epochs(&store, &[3]).await, [1_000_000]);
}

async fn epoch_survives_reopening(mut store: Store<'_>) {
    raised(&store, &[at(3, 7), at(255, 2)]).await;
    store.reopen().await;
    assert_eq!(epochs(&store, &[3, 255, 4]).await, [7, 2, 0]);
}

async fn epoch_equal_to_the_stored_one_is_refused(store: Store<'_>) {
    raised(&store, &[at(3, 7)]).await;
    check::fenced_at(&raise(&store, &[at(3, 7)]).await, 7, 7);
    check::fenced_at(&raise(&store, &[at(4, 0)]).await, 0, 0);
}

async fn epoch_smaller_than_the_stored_one_is_refused(store: Store<'_>) {
    raised(&store, &[at(3, 7)]).await;
    check::fenced_at(&raise(&store, &[at(3, 6)]).await, 6, 7);
    assert_eq!(epochs(&store, &[3]).await, [7]);
}

async fn epoch_refused_names_the_shard_and_both_epochs(store: Store<'_>) {
    raised(&store, &[at(3, 7)]).await;
    match raise(&store, &[at(2, 1), at(3, 5)]).await {
        Err(StorageError::Fenced { shard: named, ours, current }) => {
            assert_eq!((named, ours.get(), current.get()), (shard(3), 5, 7));
        }
        other => panic!("not fenced: {other:?}"),
    }
}

async fn epochs_are_raised_all_or_none(store: Store<'_>) {
    raised(&store, &[at(3, 7)]).await;
    check::fenced_at(&raise(&store, &[at(2, 8), at(3, 7), at(4, 8)]).await, 7, 7);
    assert_eq!(epochs(&store, &[2, 3, 4]).await, [0, 7, 0]);
}

async fn epochs_of_all_shards_are_raised_at_once(store: Store<'_>) {
    let all: Vec<Fence> = (0..256).map(|number| at(number, u64::from(number) + 1)).collect();
    raised(&store, &all).await;
    let numbers: Vec<u16> = (0..256).collect();
    assert_eq!(epochs(&store, &numbers).await, (1..=256).collect::<Vec<u64>>());
}

async fn epochs_of_no_shards_are_nothing(store: Store<'_>) {
    assert_eq!(epochs(&store, &[]).await, [0; 0]);
    raised(&store, &[]).await;
}

async fn epoch_refused_is_refused_after_reopening_too(mut store: Store<'_>) {
    raised(&store, &[at(3, 7)]).await;
    store.reopen().await;
    check::fenced_at(&raise(&store, &[at(3, 7)]).await, 7, 7);
}

async fn epoch_above_the_largest_signed_number_is_refused_and_not_wrapped(store: Store<'_>) {
    raised(&store, &[at(3, 7)]).await;
    check::refused(&raise(&store, &[at(3, u64::MAX)]).await);
    check::refused(&raise(&store, &[at(3, Epoch::MAX.get() + 1)]).await);
    assert_eq!(epochs(&store, &[3]).await, [7]);
    raised(&store, &[at(3, Epoch::MAX.get())]).await;
    assert_eq!(epochs(&store, &[3]).await, [Epoch::MAX.get()]);
}
