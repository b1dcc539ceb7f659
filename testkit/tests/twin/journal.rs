//! Reading and trimming histories, with the faults of that.

use super::{Fault, Twin};
use annals::storage::{
    Extent, Fence, JournalEntry, JournalStorage, JournalStream, ReadRange, StorageError, Subject,
};
use annals::{PersistenceId, Position, SequenceNr};
use async_trait::async_trait;
use futures_util::{StreamExt, TryStreamExt, stream};

type Item = Result<JournalEntry, StorageError>;

#[async_trait]
impl JournalStorage for Twin {
    fn read(&self, id: &PersistenceId, range: ReadRange) -> JournalStream {
        let stream = self.inner.read(&self.id(id), range);
        let (twin, id) = (self.clone(), id.clone());
        match self.fault {
            Fault::PositionPerEntity => Box::pin(stream.map_ok(number_as_position)),
            Fault::DeletionDropsOutcomes => Box::pin(stream.filter(move |item| {
                let kept = !twin.is_dropped(&id, item);
                async move { kept }
            })),
            Fault::ReadOrderedAsText => {
                let all = async move { stream::iter(ordered_as_text(stream.collect().await)) };
                Box::pin(stream::once(all).flatten())
            }
            Fault::MissingEventSkipped => {
                let all = async move { stream::iter(twin.skip_missing(&id, range).await) };
                Box::pin(stream::once(all).flatten())
            }
            _ => stream,
        }
    }

    async fn extent(&self, id: &PersistenceId) -> Result<Extent, StorageError> {
        self.inner.extent(&self.id(id)).await
    }

    async fn delete_to(&self, id: &PersistenceId, fence: Fence, to: SequenceNr) -> Result<(), StorageError> {
        let known_as = self.id(id);
        if self.fault == Fault::DeletionDropsOutcomes {
            self.drop_outcomes(id, to).await;
        }
        self.inner.delete_to(&known_as, fence, to).await?;
        let highest = self.inner.highest_sequence_nr(&known_as).await?;
        if self.fault == Fault::NumbersReusedAfterDeletion && highest > SequenceNr::ZERO && to >= highest {
            self.start_again(id);
        }
        Ok(())
    }
}

impl Twin {
    fn is_dropped(&self, id: &PersistenceId, item: &Item) -> bool {
        match item {
            Ok(JournalEntry::Outcome { sequence_nr, .. }) => {
                let notes = self.notes();
                notes.deleted_to.get(id).is_some_and(|deleted_to| sequence_nr <= deleted_to)
            }
            _ => false,
        }
    }

    async fn drop_outcomes(&self, id: &PersistenceId, to: SequenceNr) {
        let gone: Vec<Item> = self.inner.read(id, ReadRange::ALL.to(to)).collect().await;
        let mut notes = self.notes();
        for item in gone {
            if let Ok(JournalEntry::Outcome { kept, .. }) = item {
                notes.dropped.insert((id.clone(), kept.key));
            }
        }
        notes.deleted_to.insert(id.clone(), to);
    }

    async fn skip_missing(&self, id: &PersistenceId, range: ReadRange) -> Vec<Item> {
        let mut all: Vec<Item> = self.inner.read(id, range).collect().await;
        while let Some(Err(StorageError::Corrupt { subject: Subject::Event(_, missing), .. })) = all.last() {
            let behind = ReadRange::from(missing.next()).to(range.to);
            all.pop();
            all.extend(self.inner.read(id, behind).collect::<Vec<Item>>().await);
        }
        all
    }
}

fn number_as_position(entry: JournalEntry) -> JournalEntry {
    match entry {
        JournalEntry::Event(mut event) => {
            event.position = Position::new(event.sequence_nr.get());
            JournalEntry::Event(event)
        }
        outcome => outcome,
    }
}

fn ordered_as_text(mut items: Vec<Item>) -> Vec<Item> {
    items.sort_by_key(|item| match item {
        Ok(JournalEntry::Event(event)) => (0, event.sequence_nr.to_string(), 0),
        Ok(JournalEntry::Outcome { sequence_nr, .. }) => (0, sequence_nr.to_string(), 1),
        Err(_) => (1, String::new(), 0),
    });
    items
}
