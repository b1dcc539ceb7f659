//! Tests: SQLite is interrupted at every step of its virtual machine, one after the other; what it leaves is
//! all or nothing, and trying again works.

use crate::SqliteStorage;
use crate::writes::*;
use annals::storage::{
    Change, JournalStorage, ReadRange, Snapshot, SnapshotCriteria, SnapshotStorage, SnapshotWrite,
    StateChange, StateStorage, StorageError, Write, WriteStorage,
};
use annals::{CodecId, Epoch, Manifest, Payload, Revision, SequenceNr, Timestamp};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Counts the steps of the writer's connection down and interrupts at zero.
#[derive(Clone, Default)]
struct Fuse(Arc<AtomicI64>);

impl Fuse {
    async fn install(storage: &SqliteStorage) -> Self {
        let fuse = Self::default();
        let steps = fuse.0.clone();
        let burns = move || steps.fetch_sub(1, Ordering::SeqCst) == 1;
        storage.write(0, move |session| Ok(session.conn.progress_handler(1, Some(burns))?)).await.unwrap();
        fuse
    }

    fn light(&self, steps: i64) {
        self.0.store(steps, Ordering::SeqCst);
    }

    /// Puts it out; the answer is whether it had burnt down.
    fn put_out(&self) -> bool {
        self.0.swap(i64::MIN / 2, Ordering::SeqCst) <= 0
    }
}

fn is_refusal_of_all(error: &StorageError) -> bool {
    matches!(error, StorageError::Unavailable { .. } | StorageError::Indeterminate { .. })
}

/// Three entities, one of them new, with events, keys, an outcome without events, and a state.
fn group(old: &mut Activation, new: &mut Activation, state: &mut Activation, round: i64) -> Vec<Write> {
    let expected = Revision::new(round.unsigned_abs() - 1);
    let change = StateChange::Save(payload("state", &round.to_be_bytes()));
    vec![
        old.events(&[b"1", b"2", b"3"], Some(kept(&format!("{round}")))),
        new.events(&[b"1"], None),
        new.events(&[], Some(kept("rejected"))),
        state.write(Change::State { expected, change }, Some(kept(&format!("{round}")))),
    ]
}

#[tokio::test]
async fn a_group_that_is_interrupted_anywhere_leaves_all_or_nothing() {
    let scratch = Scratch::new();
    let storage = SqliteStorage::open(scratch.file()).await.unwrap();
    own(&storage, 1).await;
    let fuse = Fuse::install(&storage).await;
    let mut old = Activation::new(id("old"), 1);
    let mut state = Activation::new(id("state"), 2);
    let (mut interrupted, mut epoch) = (0, 1);
    for steps in 1.. {
        let before = old.highest;
        let mut new = Activation::new(id(&format!("new-{steps}")), 3);
        new.fence.epoch = Epoch::new(epoch);
        let mut writes = group(&mut old, &mut new, &mut state, steps);
        fuse.light(steps);
        let results = append(&storage, writes.clone()).await;
        let burnt = fuse.put_out();
        if let Some(Err(error)) = results.iter().find(|result| result.is_err()) {
            assert!(results.iter().all(Result::is_err), "{results:?}");
            assert!(is_refusal_of_all(error), "{error}");
            interrupted += 1;
            if error.is_indeterminate() {
                // It may be stored. Owning the shards again settles it.
                epoch += 1;
                own(&storage, epoch).await;
                for entity in [&mut old, &mut new, &mut state] {
                    entity.fence.epoch = Epoch::new(epoch);
                }
                writes.iter_mut().for_each(|write| write.fence.epoch = Epoch::new(epoch));
            }
            let highest = storage.highest_sequence_nr(&old.id).await.unwrap().get();
            let all = error.is_indeterminate() && highest == old.highest;
            assert!(all || highest == before, "after {steps} steps: {highest}");
            assert_eq!(storage.highest_sequence_nr(&new.id).await.unwrap().get(), u64::from(all));
            let rejected = storage.outcomes(&new.id, &[key("rejected")]).await.unwrap();
            assert_eq!(rejected, [all.then(|| kept("rejected"))]);
            let revision = StateStorage::load(&storage, &state.id).await.unwrap();
            let revision = revision.map_or(0, |state| state.revision.get());
            assert_eq!(revision, steps.unsigned_abs() - u64::from(!all));
            store(&storage, writes).await;
        }
        assert_eq!(storage.highest_sequence_nr(&old.id).await.unwrap().get(), old.highest);
        assert_eq!(storage.outcomes(&new.id, &[key("rejected")]).await.unwrap(), [Some(kept("rejected"))]);
        if !burnt {
            break;
        }
    }
    assert!(interrupted > 200, "only {interrupted} of the steps were interrupted");
    assert_eq!(numbers(&storage, &old.id, ReadRange::ALL).await, (1..=old.highest).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_name_is_known_if_and_only_if_the_write_is_stored_that_is_interrupted_anywhere() {
    let scratch = Scratch::new();
    let storage = SqliteStorage::open(scratch.file()).await.unwrap();
    let fuse = Fuse::install(&storage).await;
    let mut entity = Activation::new(id("a"), 1);
    for steps in 1_u32.. {
        own(&storage, 2 * u64::from(steps)).await;
        entity.fence.epoch = Epoch::new(2 * u64::from(steps));
        let manifest = Manifest::new("deposited", steps);
        let event = Payload::seal(manifest.clone(), CodecId(1), b"x".to_vec()).into();
        let expected = SequenceNr::new(entity.highest);
        let change = Change::Events { expected, events: [event].into_iter().collect() };
        let mut write = entity.write(change, None);
        fuse.light(i64::from(steps));
        append(&storage, vec![write.clone()]).await;
        let burnt = fuse.put_out();
        // If it is unknown, owning the shards again settles it.
        own(&storage, 2 * u64::from(steps) + 1).await;
        let stored = storage.highest_sequence_nr(&entity.id).await.unwrap() > expected;
        let known = storage.manifests("account").await.unwrap().contains(&manifest);
        assert_eq!(known, stored, "after {steps} steps");
        write.fence.epoch = Epoch::new(2 * u64::from(steps) + 1);
        store(&storage, vec![write]).await;
        assert!(storage.manifests("account").await.unwrap().contains(&manifest));
        entity.highest += 1;
        if !burnt {
            break;
        }
    }
    assert!(entity.highest > 50, "only {} were interrupted", entity.highest);
}

#[tokio::test]
async fn a_deletion_that_is_interrupted_anywhere_holds_or_not_and_is_finished_later() {
    let scratch = Scratch::new();
    let storage = SqliteStorage::open(scratch.file()).await.unwrap();
    own(&storage, 1).await;
    let fuse = Fuse::install(&storage).await;
    let (whole, rest): (Vec<u64>, Vec<u64>) = ((1..=12).collect(), (9..=12).collect());
    let mut entities = Vec::new();
    for steps in 1.. {
        let mut entity = Activation::new(id(&format!("{steps}")), 1);
        let write = |n: i32| entity.events(&[b"x"], (n % 4 == 0).then(|| kept(&n.to_string())));
        store(&storage, (0..12).map(write).collect()).await;
        fuse.light(steps);
        let deleted = storage.delete_to(&entity.id, entity.fence, SequenceNr::new(8)).await;
        let burnt = fuse.put_out();
        let read = numbers(&storage, &entity.id, ReadRange::ALL).await;
        match deleted {
            Ok(()) => assert_eq!(read, rest, "after {steps} steps"),
            Err(error) => {
                assert!(is_refusal_of_all(&error), "{error}");
                assert!(read == rest || read == whole, "after {steps} steps: {read:?}");
                storage.delete_to(&entity.id, entity.fence, SequenceNr::new(8)).await.unwrap();
            }
        }
        entities.push(entity);
        if !burnt {
            break;
        }
    }
    storage.close().await;
    let storage = SqliteStorage::open(scratch.file()).await.unwrap();
    // Deletions are finished in their order, so when this one is, all are.
    let last = entities.last().unwrap();
    storage.delete_to(&last.id, last.fence, SequenceNr::new(9)).await.unwrap();
    let left = storage
        .write(0, |session| {
            let count = |sql: &str| session.conn.query_row(sql, [], |row| row.get::<_, i64>(0));
            Ok((count("SELECT count(*) FROM trim")?, count("SELECT count(*) FROM journal")?))
        })
        .await
        .unwrap();
    // Four events each, and two kept outcomes of the deleted ones.
    assert_eq!(left, (0, entities.len() as i64 * 6));
    for entity in &entities[..entities.len() - 1] {
        assert_eq!(numbers(&storage, &entity.id, ReadRange::ALL).await, rest);
        let kept_keys = storage.outcomes(&entity.id, &[key("0"), key("4"), key("8")]).await.unwrap();
        assert_eq!(kept_keys, [Some(kept("0")), Some(kept("4")), Some(kept("8"))]);
    }
}

/// An entity with as many keyed events, a snapshot and a state.
async fn full(storage: &SqliteStorage, steps: i64, events: usize) -> Activation {
    let mut entity = Activation::new(id(&format!("{steps} of {events}")), 1);
    let mut writes: Vec<Write> =
        (0..events).map(|n| entity.events(&[b"x"], Some(kept(&n.to_string())))).collect();
    let change = StateChange::Save(payload("state", b"x"));
    writes.push(entity.write(Change::State { expected: Revision::ZERO, change }, Some(kept("state"))));
    store(storage, writes).await;
    let snapshot = Snapshot {
        sequence_nr: SequenceNr::new(entity.highest),
        taken_at: Timestamp::from_micros(1),
        payload: payload("state", b"x"),
        outcomes: vec![kept("0")],
        outcomes_complete: false,
    };
    let write = SnapshotWrite { id: entity.id.clone(), fence: entity.fence, snapshot };
    storage.save(write).await.unwrap();
    entity
}

/// Whether it is erased: all of it or nothing.
async fn is_erased(storage: &SqliteStorage, entity: &Activation) -> bool {
    let extent = storage.extent(&entity.id).await.unwrap();
    let erased = extent.erased_to == extent.highest;
    let read = numbers(storage, &entity.id, ReadRange::ALL).await;
    assert_eq!(read.len() as u64, if erased { 0 } else { entity.highest });
    let keys = [key("0"), key("1"), key("state")];
    for found in storage.outcomes(&entity.id, &keys).await.unwrap() {
        assert_eq!(found.is_none(), erased);
    }
    let snapshot = SnapshotStorage::load(storage, &entity.id, SnapshotCriteria::ALL).await.unwrap();
    assert_eq!(snapshot.is_none(), erased);
    let state = StateStorage::load(storage, &entity.id).await.unwrap().unwrap();
    assert_eq!((state.revision.get(), state.payload.is_none()), (1 + u64::from(erased), erased));
    erased
}

/// Erases an entity, interrupted after so many steps of SQLite if it takes that many; the answer is whether it did.
async fn erase(storage: &SqliteStorage, fuse: &Fuse, entity: &mut Activation, steps: i64) -> bool {
    fuse.light(steps);
    let result = storage.erase(&entity.id, entity.fence).await;
    let burnt = fuse.put_out();
    let erased = is_erased(storage, entity).await;
    match result {
        Ok(()) => assert!(erased, "after {steps} steps"),
        Err(error) => {
            assert!(is_refusal_of_all(&error), "{error}");
            if !erased {
                storage.erase(&entity.id, entity.fence).await.unwrap();
                assert!(is_erased(storage, entity).await);
            }
        }
    }
    store(storage, vec![entity.events(&[b"new"], None)]).await;
    burnt
}

#[tokio::test]
async fn an_erasure_that_is_interrupted_anywhere_holds_or_not_and_is_finished_later() {
    let scratch = Scratch::new();
    let storage = SqliteStorage::open(scratch.file()).await.unwrap();
    own(&storage, 1).await;
    let fuse = Fuse::install(&storage).await;
    let mut entities = Vec::new();
    // A short history after each step, and one of which the rows go in several transactions after some.
    for (events, lengths) in [(3, (1, 1)), (2_500, (500, 7_000))] {
        for steps in (lengths.0..).step_by(lengths.1) {
            let mut entity = full(&storage, steps, events).await;
            let burnt = erase(&storage, &fuse, &mut entity, steps).await;
            entities.push(entity);
            if !burnt {
                break;
            }
        }
    }
    assert!(entities.len() > 200, "only {} were interrupted", entities.len());
    storage.close().await;
    let storage = SqliteStorage::open(scratch.file()).await.unwrap();
    for entity in &entities {
        assert_eq!(numbers(&storage, &entity.id, ReadRange::ALL).await, [entity.highest]);
    }
    // Rows are removed in the order in which that was decided, so when these are, all are.
    let last = entities.pop().unwrap();
    storage.erase(&last.id, last.fence).await.unwrap();
    let left = storage
        .write(0, |session| {
            let count = |table| {
                let sql = format!("SELECT count(*) FROM {table}");
                session.conn.query_row(&sql, [], |row| row.get::<_, i64>(0))
            };
            Ok((count("journal")?, count("kept")?, count("block")?, count("erasure")?, count("snapshot")?))
        })
        .await
        .unwrap();
    assert_eq!(left, (entities.len() as i64, 0, 0, 0, 0));
}
