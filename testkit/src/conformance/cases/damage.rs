//! Damaged rows are found, named, and never passed over (G10).

use crate::conformance::case::cases;
use crate::conformance::check;
use crate::conformance::kit::{id, nr, snapshot};
use crate::conformance::store::Store;
use crate::conformance::{Damage, Harm};
use annals::PersistenceId;
use annals::storage::{ReadRange, Snapshot, SnapshotCriteria, StorageError, Subject};

cases!("damage", Case;
    damage_truncated_event_is_found_at_its_number,
    damage_changed_event_is_found_at_its_number,
    damage_unknown_codec_is_found_at_its_number,
    damage_missing_event_in_the_middle_is_corrupt_at_its_number,
    damage_missing_first_event_is_corrupt_at_its_number,
    damage_missing_last_event_is_corrupt_at_its_number,
    damage_missing_event_within_a_write_is_corrupt_at_its_number,
    damage_missing_event_behind_deleted_ones_is_corrupt_at_its_number,
    damage_missing_event_does_not_bring_its_number_back,
    damage_to_one_history_leaves_the_others_readable,
    damage_truncated_snapshot_is_found,
    damage_changed_snapshot_is_found,
    damage_snapshot_leaves_the_one_before_readable,
    damage_snapshot_can_be_deleted,
    damage_truncated_state_is_found,
    damage_changed_state_is_found,
);

async fn damage_event(store: &mut Store<'_>, id: &PersistenceId, number: u64, harm: Harm) {
    store.damage(Damage::Event { id: id.clone(), sequence_nr: nr(number), harm }).await;
}

/// Of six events, the last two in one write, one is damaged: a read gives those before it and finds it.
async fn found(mut store: Store<'_>, number: u64, harm: Harm) {
    let id = id("damaged");
    let mut writer = store.fill(&id, 4).await;
    store.commit(writer.events(2)).await;
    damage_event(&mut store, &id, number, harm).await;
    check::damaged_at(store.try_read(&id, ReadRange::ALL).await, &id, number);
}

async fn damage_truncated_event_is_found_at_its_number(store: Store<'_>) {
    found(store, 3, Harm::Truncated).await;
}

async fn damage_changed_event_is_found_at_its_number(store: Store<'_>) {
    found(store, 3, Harm::Flipped).await;
}

async fn damage_unknown_codec_is_found_at_its_number(store: Store<'_>) {
    found(store, 3, Harm::UnknownCodec).await;
}

async fn damage_missing_event_in_the_middle_is_corrupt_at_its_number(store: Store<'_>) {
    found(store, 3, Harm::Removed).await;
}

async fn damage_missing_first_event_is_corrupt_at_its_number(store: Store<'_>) {
    found(store, 1, Harm::Removed).await;
}

async fn damage_missing_last_event_is_corrupt_at_its_number(store: Store<'_>) {
    found(store, 6, Harm::Removed).await;
}

async fn damage_missing_event_within_a_write_is_corrupt_at_its_number(store: Store<'_>) {
    found(store, 5, Harm::Removed).await;
}

async fn damage_missing_event_behind_deleted_ones_is_corrupt_at_its_number(mut store: Store<'_>) {
    let id = id("damaged");
    store.fill(&id, 6).await;
    store.delete_to(&id, 3).await;
    damage_event(&mut store, &id, 4, Harm::Removed).await;
    let read = store.try_read(&id, ReadRange::ALL).await;
    assert_eq!(read.entries, [], "nothing is left in front of the missing event");
    let error = read.error.expect("the missing event is found");
    check::corrupt(&error, &Subject::Event(id, nr(4)));
}

/// G2: the number was given, whatever became of its row.
async fn damage_missing_event_does_not_bring_its_number_back(mut store: Store<'_>) {
    let id = id("damaged");
    store.fill(&id, 3).await;
    damage_event(&mut store, &id, 3, Harm::Removed).await;
    match store.journal().highest_sequence_nr(&id).await {
        Ok(highest) => assert_eq!(highest, nr(3)),
        Err(StorageError::Corrupt { .. }) => {}
        Err(other) => panic!("{other}"),
    }
    let again = store.write(store.writer(&id).recovered(2).events(1)).await;
    assert!(again.is_err(), "number 3 was given a second time: {again:?}");
}

async fn damage_to_one_history_leaves_the_others_readable(mut store: Store<'_>) {
    let (damaged, sound) = (id("damaged"), id("sound"));
    for id in [&damaged, &sound] {
        store.fill(id, 4).await;
    }
    damage_event(&mut store, &damaged, 2, Harm::Removed).await;
    assert_eq!(store.numbers(&sound, ReadRange::ALL).await, [1, 2, 3, 4]);
}

/// Snapshots at 1, 2 and 3, the newest damaged.
async fn damaged_snapshot(store: &mut Store<'_>, harm: Harm) -> PersistenceId {
    let id = id("damaged");
    store.fill(&id, 3).await;
    for number in 1..=3 {
        store.snapshots().save(snapshot(&id, number)).await.expect("it can be saved");
    }
    store.damage(Damage::Snapshot { id: id.clone(), sequence_nr: nr(3), harm }).await;
    id
}

fn found_snapshot(loaded: Result<Option<Snapshot>, StorageError>, id: &PersistenceId) {
    match loaded {
        Ok(Some(found)) => {
            assert_eq!(found.sequence_nr, nr(3));
            assert!(found.payload.verify().is_err(), "the damaged snapshot was given as sound");
        }
        Ok(None) => panic!("the damaged snapshot was passed over"),
        Err(error) => check::corrupt(&error, &Subject::Snapshot(id.clone(), nr(3))),
    }
}

async fn damage_truncated_snapshot_is_found(mut store: Store<'_>) {
    let id = damaged_snapshot(&mut store, Harm::Truncated).await;
    found_snapshot(store.snapshots().load(&id, SnapshotCriteria::ALL).await, &id);
}

async fn damage_changed_snapshot_is_found(mut store: Store<'_>) {
    let id = damaged_snapshot(&mut store, Harm::Flipped).await;
    found_snapshot(store.snapshots().load(&id, SnapshotCriteria::ALL).await, &id);
}

/// G12: a recovery falls back to it.
async fn damage_snapshot_leaves_the_one_before_readable(mut store: Store<'_>) {
    let id = damaged_snapshot(&mut store, Harm::Truncated).await;
    let before = store.snapshots().load(&id, SnapshotCriteria::up_to(nr(2))).await;
    assert_eq!(before.expect("it can be loaded"), Some(snapshot(&id, 2).snapshot));
}

async fn damage_snapshot_can_be_deleted(mut store: Store<'_>) {
    let id = damaged_snapshot(&mut store, Harm::Truncated).await;
    let fence = crate::conformance::kit::fence(&id);
    let deleted = store.snapshots().delete(&id, fence, SnapshotCriteria::at(nr(3))).await;
    deleted.expect("it can be deleted");
    let newest = store.snapshots().load(&id, SnapshotCriteria::ALL).await.expect("it can be loaded");
    assert_eq!(newest, Some(snapshot(&id, 2).snapshot));
}

async fn damaged_state(mut store: Store<'_>, harm: Harm) {
    let id = id("damaged");
    store.commit(store.writer(&id).save(0, "one")).await;
    store.damage(Damage::State { id: id.clone(), harm }).await;
    match store.states().load(&id).await {
        Ok(Some(state)) => {
            let payload = state.payload.expect("the state was not deleted");
            assert!(payload.verify().is_err(), "the damaged state was given as sound");
        }
        Ok(None) => panic!("the damaged state was passed over"),
        Err(error) => check::corrupt(&error, &Subject::State(id)),
    }
}

async fn damage_truncated_state_is_found(store: Store<'_>) {
    damaged_state(store, Harm::Truncated).await;
}

async fn damage_changed_state_is_found(store: Store<'_>) {
    damaged_state(store, Harm::Flipped).await;
}
