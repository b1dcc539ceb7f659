//! One who reads the past: it follows the events of an entity, and asks for earlier states.

use super::book::Book;
use super::entities::{Log, LogEvent};
use super::order::Target;
use annals::{Events, HistoryError, Node, Random, SequenceNr};
use futures_util::FutureExt;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

/// What it reads: the busiest of all.
const READ: &str = "a";

/// Reads on for ever; to be dropped.
pub(crate) async fn read(node: &Node, book: &Book, random: Random) {
    let mut reader = Reader { node, book, random, next: SequenceNr::new(1) };
    loop {
        let entity = node.entity::<Log>(READ);
        let events = entity.as_entity_ref().events(reader.next);
        // A backend that panics does so in the task of those who read.
        let _ = AssertUnwindSafe(reader.follow(events)).catch_unwind().await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

struct Reader<'a> {
    node: &'a Node,
    book: &'a Book,
    random: Random,
    /// The first number that was not seen yet.
    next: SequenceNr,
}

impl Reader<'_> {
    /// Until the first error.
    async fn follow(&mut self, mut events: Events<LogEvent>) {
        let id = Target::Log(READ).id();
        loop {
            match events.next().await {
                Some(Ok(recorded)) => {
                    let (nr, LogEvent::Added { op }) = (recorded.sequence_nr, recorded.event);
                    if nr != self.next {
                        self.book
                            .broken(format_args!("{id}: event {nr} was given in place of {}", self.next));
                    }
                    self.next = nr.next();
                    self.book.gave_event(&id, nr.get(), op);
                    if self.random.next_u64().is_multiple_of(4) {
                        self.look_back(nr).await;
                    }
                }
                Some(Err(HistoryError::Compacted { deleted_to, .. })) => {
                    self.next = self.next.max(deleted_to.next());
                    return;
                }
                Some(Err(_)) | None => return,
            }
        }
    }

    /// A state up to this number.
    async fn look_back(&self, highest: SequenceNr) {
        let at = 1 + self.random.next_u64() % highest.get();
        let entity = self.node.entity::<Log>(READ);
        if let Ok(state) = entity.as_entity_ref().state_at(SequenceNr::new(at)).await {
            self.book.gave_state(&Target::Log(READ).id(), at, &state.ops);
        }
    }
}
