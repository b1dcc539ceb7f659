//! Reading histories.

use super::{Slip, Slipping, unavailable};
use annals::storage::{Extent, Fence, JournalEntry, JournalStorage, JournalStream, ReadRange, StorageError};
use annals::{PersistenceId, SequenceNr};
use async_trait::async_trait;
use futures_util::{StreamExt, stream};

type Item = Result<JournalEntry, StorageError>;

#[async_trait]
impl JournalStorage for Slipping {
    fn read(&self, id: &PersistenceId, range: ReadRange) -> JournalStream {
        let (slipping, id) = (self.clone(), id.clone());
        let items = async move { stream::iter(slipping.items(&id, range).await) };
        let items = stream::once(items).flatten();
        if self.slip != Slip::StreamHoldsLock {
            return Box::pin(items);
        }
        let slipping = self.clone();
        let end = async move {
            slipping.notes().reading = false;
            stream::iter(Vec::<Item>::new())
        };
        Box::pin(items.chain(stream::once(end).flatten()))
    }

    async fn extent(&self, id: &PersistenceId) -> Result<Extent, StorageError> {
        self.check_readable(id)?;
        let mut extent = self.inner.extent(&self.id(id)).await?;
        match self.slip {
            Slip::HighestIsTheNext => extent.highest = extent.highest.next(),
            Slip::HighestCounted => {
                let all: Vec<Item> = self.inner.read(id, ReadRange::ALL).collect().await;
                let events = all.iter().filter(|item| matches!(item, Ok(JournalEntry::Event(_)))).count();
                extent.highest = SequenceNr::new(events as u64);
            }
            Slip::DeletedToAsAsked => {
                extent.deleted_to = self.notes().deleted_to.get(id).copied().unwrap_or_default();
            }
            _ => {}
        }
        Ok(extent)
    }

    async fn delete_to(&self, id: &PersistenceId, fence: Fence, to: SequenceNr) -> Result<(), StorageError> {
        self.delete_with_slip(id, fence, to).await
    }
}

impl Slipping {
    async fn items(&self, id: &PersistenceId, range: ReadRange) -> Vec<Item> {
        if let Err(error) = self.check_readable(id) {
            return vec![Err(error)];
        }
        if self.slip == Slip::StreamHoldsLock && std::mem::replace(&mut self.notes().reading, true) {
            return vec![Err(unavailable("somebody else reads"))];
        }
        let mut items: Vec<Item> = self.inner.read(&self.id(id), self.range(id, range)).collect().await;
        if self.slip == Slip::OutcomeBeforeItsEvent {
            items.sort_by_key(|item| match item {
                Ok(JournalEntry::Event(event)) => (event.sequence_nr, 1),
                Ok(JournalEntry::Outcome { sequence_nr, .. }) => (*sequence_nr, 0),
                Err(_) => (SequenceNr::new(u64::MAX), 0),
            });
        }
        for item in &mut items {
            if let Ok(JournalEntry::Event(event)) = item {
                event.payload = self.given(event.payload.clone());
                if self.slip == Slip::NumberedFromZero {
                    event.sequence_nr = SequenceNr::new(event.sequence_nr.get() - 1);
                }
            }
        }
        items
    }

    fn range(&self, id: &PersistenceId, range: ReadRange) -> ReadRange {
        let wrapped = |nr: SequenceNr| if nr > SequenceNr::MAX { SequenceNr::ZERO } else { nr };
        match self.slip {
            Slip::LimitIgnored => range.at_most(u64::MAX),
            Slip::UpperBoundIgnored => range.to(SequenceNr::MAX),
            Slip::LowerBoundIgnored => ReadRange { from: SequenceNr::ZERO, ..range },
            Slip::CrossedBoundsSwapped if range.from > range.to => {
                ReadRange { from: range.to, to: range.from, ..range }
            }
            Slip::NumbersWrapped => ReadRange { from: wrapped(range.from), to: wrapped(range.to), ..range },
            Slip::AnsweredBeforeItIsThere => {
                range.to(self.notes().visible_to.get(id).copied().unwrap_or(range.to).min(range.to))
            }
            _ => range,
        }
    }
}
