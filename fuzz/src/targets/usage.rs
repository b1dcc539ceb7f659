//! Using a file that may be damaged: everything is read, written, deleted and erased, closed and opened again.

use super::answers::{Asked, is_typed, judge};
use super::sqlite_file::{ENTITIES, ask_all, event, fence, id, open, write};
use annals::storage::{Change, JournalStorage as _, Lane, StorageError, WriteStorage as _};
use annals::{Epoch, SequenceNr};
use annals_sqlite::SqliteStorage;
use std::path::Path;

/// Opens the file and uses it.
pub(crate) async fn use_file(file: &Path, asked: Asked) {
    match open(file).await {
        Ok(storage) => use_open(storage, file, asked).await,
        Err(error) => judge_opening(&error),
    }
}

/// The same with a file that is open already.
pub(crate) async fn use_open(storage: SqliteStorage, file: &Path, asked: Asked) {
    judge(asked, &ask_all(&storage).await);
    answered(storage.manifests("account").await);
    change(&storage).await;
    // Whatever was written by now: reading still ends, with answers or errors.
    let answers = ask_all(&storage).await;
    answers.iter().flat_map(|answers| &answers.entries).for_each(|entry| answered(entry.clone()));
    storage.close().await;
    match open(file).await {
        Ok(storage) => {
            ask_all(&storage).await;
            storage.close().await;
        }
        Err(error) => judge_opening(&error),
    }
}

async fn change(storage: &SqliteStorage) {
    for (at, name) in ENTITIES.into_iter().enumerate() {
        let id = id(name);
        let epoch = storage.epochs(&[fence(&id, 0).shard]).await.map_or(Epoch::ZERO, |epochs| epochs[0]);
        let epoch = epoch.get().saturating_add(1);
        answered(storage.raise_epochs(&[fence(&id, epoch)]).await);
        let owned = fence(&id, epoch);
        // Both orders: what an append writes anew, an erasure before it must do without.
        if at % 2 == 0 {
            answered(storage.erase(&id, owned).await);
            append(storage, name, epoch).await;
        } else {
            append(storage, name, epoch).await;
            answered(storage.delete_to(&id, owned, SequenceNr::new(3)).await);
        }
    }
}

async fn append(storage: &SqliteStorage, name: &str, epoch: u64) {
    let id = id(name);
    let expected = storage.highest_sequence_nr(&id).await.unwrap_or_default();
    let change = Change::Events { expected, events: [event("new")].into_iter().collect() };
    let group = [write(&id, epoch, 1, change)];
    storage.append(Lane(0), group.into()).await.into_iter().for_each(answered);
}

fn answered<T>(answer: Result<T, StorageError>) {
    if let Err(error) = answer {
        is_typed(&error);
    }
}

/// A file that is not opened is not blamed on the user, unless its damage makes it look foreign.
fn judge_opening(error: &StorageError) {
    is_typed(error);
    let typed = matches!(
        error,
        StorageError::Corrupt { .. }
            | StorageError::Incompatible { .. }
            | StorageError::Config { .. }
            | StorageError::Unavailable { .. }
    );
    assert!(typed, "{error}");
}
