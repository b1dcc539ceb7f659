//! Histories, read page by page so that the lock is held briefly.

use crate::MemoryStorage;
use crate::data::{Entity, Place};
use crate::storage::BACKEND;
use annals::storage::{
    Extent, Fence, JournalEntry, JournalStorage, JournalStream, ReadRange, StorageError, Subject,
};
use annals::{PersistenceId, SequenceNr};
use async_trait::async_trait;
use futures_util::{StreamExt, stream};

/// How many entries are copied out under one hold of the lock.
const PAGE: usize = 256;

#[async_trait]
impl JournalStorage for MemoryStorage {
    fn read(&self, id: &PersistenceId, range: ReadRange) -> JournalStream {
        let reader = Reader::new(self.clone(), id.clone(), range);
        Box::pin(
            stream::unfold(reader, async |mut reader| {
                let page = reader.next_page()?;
                Some((stream::iter(page), reader))
            })
            .flatten(),
        )
    }

    async fn extent(&self, id: &PersistenceId) -> Result<Extent, StorageError> {
        let data = self.lock();
        Ok(data.entity(id).map_or(Extent::default(), |entity| Extent {
            erased_to: entity.erased_to,
            deleted_to: entity.deleted_to,
            highest: entity.highest,
        }))
    }

    async fn delete_to(&self, id: &PersistenceId, fence: Fence, to: SequenceNr) -> Result<(), StorageError> {
        let mut data = self.lock();
        data.check_fence(fence)?;
        if data.entity(id).is_some() {
            data.entity_mut(id).delete_to(to);
        }
        Ok(())
    }
}

impl Entity {
    fn delete_to(&mut self, to: SequenceNr) {
        let to = to.min(self.highest);
        for nr in self.deleted_to.get() + 1..=to.get() {
            self.history.remove(&Place::event(SequenceNr::new(nr)));
        }
        self.deleted_to = self.deleted_to.max(to);
    }
}

/// A stream of pages.
struct Reader {
    storage: MemoryStorage,
    id: PersistenceId,
    to: SequenceNr,
    /// Where the next page starts.
    at: Place,
    /// The number that the next event must have.
    next: SequenceNr,
    /// How many events may still come.
    left: u64,
    started: bool,
    done: bool,
}

type Page = Vec<Result<JournalEntry, StorageError>>;

impl Reader {
    fn new(storage: MemoryStorage, id: PersistenceId, range: ReadRange) -> Self {
        let next = range.from.max(SequenceNr::new(1));
        let at = Place::first_outcome(SequenceNr::new(next.get() - 1));
        let (left, done) = (range.limit, range.is_empty());
        Self { storage, id, to: range.to, at, next, left, started: false, done }
    }

    fn next_page(&mut self) -> Option<Page> {
        if self.done {
            return None;
        }
        let storage = self.storage.clone();
        let data = storage.lock();
        let Some(entity) = data.entity(&self.id) else {
            self.done = true;
            return None;
        };
        Some(self.page_of(entity))
    }

    fn page_of(&mut self, entity: &Entity) -> Page {
        if self.started && entity.deleted_to >= self.next && self.left > 0 && self.next <= self.to {
            self.done = true;
            return vec![Err(overtaken(&self.id))];
        }
        if !self.started {
            self.next = self.next.max(entity.deleted_to.next());
            self.started = true;
        }
        let mut page = Vec::with_capacity(PAGE.min(entity.history.len()));
        for (place, entry) in entity.history.range(self.at..) {
            if page.len() == PAGE {
                return page;
            }
            if !self.takes(*place) {
                break;
            }
            if let Err(error) = self.pass(*place) {
                self.done = true;
                page.push(Err(error));
                return page;
            }
            page.push(Ok(entry.clone()));
        }
        self.done = true;
        if self.left > 0 && self.next <= self.to.min(entity.highest) {
            page.push(Err(missing(&self.id, self.next)));
        }
        page
    }

    /// Whether an entry is within the range and the limit.
    fn takes(&self, place: Place) -> bool {
        place.nr <= self.to && (self.left > 0 || place.nr < self.next)
    }

    /// Moves on behind an entry, unless an event is missing before it.
    fn pass(&mut self, place: Place) -> Result<(), StorageError> {
        let is_event = place.rank == 0;
        if place.nr > self.next || (place.nr == self.next && !is_event) {
            return Err(missing(&self.id, self.next));
        }
        if is_event {
            self.next = self.next.next();
            self.left -= 1;
        }
        self.at = Place { rank: place.rank + 1, ..place };
        Ok(())
    }
}

fn missing(id: &PersistenceId, nr: SequenceNr) -> StorageError {
    StorageError::corrupt(Subject::Event(id.clone(), nr), "it is missing")
}

fn overtaken(id: &PersistenceId) -> StorageError {
    let reason = format!("the events of {id} that come next in this read were deleted; read again");
    StorageError::Unavailable { store: BACKEND.into(), reason: reason.into() }
}
