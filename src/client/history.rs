//! Reading the past of an entity, and its events as they come.

use super::EntityRef;
use crate::entity::{Event, EventSource, EventSourced, HistoryError, OwnEvents, RecoveryError, Stored};
use crate::storage::{JournalEntry, JournalStream, ReadRange, StorageError, StoredEvent, Subject};
use crate::vocabulary::{Manifest, Metadata, Name, Position, SequenceNr, Tag, Timestamp};
use futures_core::Stream;
use futures_util::stream::{self, BoxStream, StreamExt};
use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

/// An event of an entity, as it was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recorded<Ev> {
    /// Its number. Events that an upcaster made of one stored event share it.
    pub sequence_nr: SequenceNr,
    /// Its place in the feed of its shard.
    pub position: Position,
    /// When it was decided.
    pub written_at: Timestamp,
    /// Its tags.
    pub tags: Vec<Tag>,
    /// What was put beside it.
    pub metadata: Metadata,
    /// What happened.
    pub event: Ev,
}

/// The events of one entity from a number on: those that are stored, then each as it is confirmed.
///
/// It ends with its first error, or when the node is gone. Another one can be begun where it ended. Dropping
/// it is harmless. It holds nothing back: an entity does not wait for those who read its events.
#[must_use = "a stream does nothing until it is polled"]
pub struct Events<Ev>(BoxStream<'static, Result<Recorded<Ev>, HistoryError>>);

impl<Ev> Events<Ev> {
    /// The next event; waits until there is one.
    ///
    /// # Errors
    /// [`HistoryError::Compacted`] when it would have to skip events that were deleted (G14); others when the
    /// storage fails or an event cannot be read, naming it.
    pub async fn next(&mut self) -> Option<Result<Recorded<Ev>, HistoryError>> {
        self.0.next().await
    }
}

impl<Ev> Stream for Events<Ev> {
    type Item = Result<Recorded<Ev>, HistoryError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_next_unpin(cx)
    }
}

impl<Ev> fmt::Debug for Events<Ev> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Events")
    }
}

impl<S: EventSourced> EntityRef<S> {
    /// The entity's events from number `from` on (0 means 1), and then as they come. Every event is given once
    /// and in order, and only after it is durable (G1). It does not activate the entity. Events written by
    /// another node wait for the next event that this node writes.
    ///
    /// The events of a part are read through the client of the part.
    pub fn events(&self, from: SequenceNr) -> Events<S::Event> {
        let address = &self.target().0;
        Events(match address.delivery.events(&address.id) {
            Ok(source) => stream::unfold(Follower::new(source, from), Follower::turn).boxed(),
            Err(reason) => stream::iter([Err(reason.into())]).boxed(),
        })
    }
}

impl<S: Send + Sync + 'static> EntityRef<S> {
    /// The state as it was after event `at`: 0 for the state before the first. It is made from the newest
    /// readable snapshot up to there and the events behind it, beside the entity and without activating it.
    ///
    /// # Errors
    /// [`HistoryError::NotReached`], [`HistoryError::Compacted`] when events that it takes were deleted, and
    /// others when the storage fails or an event cannot be read.
    pub async fn state_at(&self, at: SequenceNr) -> Result<S, HistoryError> {
        let address = &self.target().0;
        address.delivery.state_at(&address.id, at).await
    }
}

/// Reads the journal up to its end, and again whenever events were confirmed.
struct Follower<Ev> {
    source: EventSource,
    own: OwnEvents<Ev>,
    /// The number that comes next.
    next: SequenceNr,
    reading: Option<JournalStream>,
    /// What one stored event became.
    ready: VecDeque<Recorded<Ev>>,
    begun: bool,
    ended: bool,
}

impl<Ev: Event> Follower<Ev> {
    fn new(source: EventSource, from: SequenceNr) -> Self {
        let next = from.max(SequenceNr::new(1));
        let (own, ready) = (OwnEvents::new(), VecDeque::new());
        Self { source, own, next, reading: None, ready, begun: false, ended: false }
    }

    async fn turn(mut self) -> Option<(Result<Recorded<Ev>, HistoryError>, Self)> {
        if self.ended {
            return None;
        }
        let item = match self.advance().await {
            Ok(recorded) => Ok(recorded?),
            Err(error) => {
                self.ended = true;
                Err(error)
            }
        };
        Some((item, self))
    }

    /// The next event; none when the node is gone.
    async fn advance(&mut self) -> Result<Option<Recorded<Ev>>, HistoryError> {
        loop {
            if let Some(recorded) = self.ready.pop_front() {
                return Ok(Some(recorded));
            }
            let Some(reading) = &mut self.reading else {
                if !self.begin_reading().await? {
                    return Ok(None);
                }
                continue;
            };
            let read = match reading.next().await.transpose() {
                Ok(read) => read,
                Err(error) => return Err(why_it_ended(&self.source, self.next, error).await),
            };
            match read {
                None => self.reading = None,
                Some(JournalEntry::Outcome { .. }) => {}
                Some(JournalEntry::Event(event)) => self.take(event)?,
            }
        }
    }

    /// Begins to read at `next`, the second time only after there is something new.
    async fn begin_reading(&mut self) -> Result<bool, HistoryError> {
        if !self.begun {
            let extent = self.source.journal.extent(&self.source.id).await.map_err(storage)?;
            if self.next <= extent.deleted_to {
                return Err(self.compacted(extent.deleted_to));
            }
            self.begun = true;
        } else if self.source.confirmed.changed().await.is_err() {
            return Ok(false);
        }
        // What is confirmed while it is read wakes the next round.
        self.reading = Some(self.source.journal.read(&self.source.id, ReadRange::from(self.next)));
        Ok(true)
    }

    fn take(&mut self, stored: StoredEvent) -> Result<(), HistoryError> {
        let sequence_nr = stored.sequence_nr;
        if sequence_nr > self.next {
            return Err(self.compacted(SequenceNr::new(sequence_nr.get() - 1)));
        }
        self.next = sequence_nr.next();
        let Some(manifest) = self.own_manifest(stored.payload.manifest()) else { return Ok(()) };
        let EventSource { sealer, id, .. } = &self.source;
        let from = Stored { manifest: &manifest, ..Stored::new(sealer, id, &stored.payload) };
        let read = self.own.read(from, |event| {
            self.ready.push_back(Recorded {
                sequence_nr,
                position: stored.position,
                written_at: stored.written_at,
                tags: stored.tags.clone(),
                metadata: stored.metadata.clone(),
                event,
            });
        });
        read.map_err(|error| storage(error.at(Subject::Event(id.clone(), sequence_nr))))
    }

    /// What the event is called among those that are meant; none if it belongs to another part. One that nobody
    /// knows is never skipped.
    fn own_manifest(&self, manifest: &Manifest) -> Option<Manifest> {
        let name = Name::from(manifest.name.strip_prefix(self.source.prefix.as_str())?.to_owned());
        let own = Manifest { name, version: manifest.version };
        (self.own.knows(&own) || !self.source.readable.contains(manifest)).then_some(own)
    }

    fn compacted(&self, deleted_to: SequenceNr) -> HistoryError {
        HistoryError::Compacted { id: self.source.id.clone(), deleted_to }
    }
}

/// A stream that a deletion overtakes ends as unavailable; what it was to give next is gone then.
async fn why_it_ended(source: &EventSource, next: SequenceNr, error: StorageError) -> HistoryError {
    match source.journal.extent(&source.id).await {
        Ok(extent) if next <= extent.deleted_to => {
            HistoryError::Compacted { id: source.id.clone(), deleted_to: extent.deleted_to }
        }
        _ => storage(error),
    }
}

fn storage(error: StorageError) -> HistoryError {
    HistoryError::Recovery(RecoveryError::Storage(error))
}
