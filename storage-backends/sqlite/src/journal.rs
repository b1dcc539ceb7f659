//! Reading the history of an entity: page by page, each in a short transaction of its own, as a stream.

use crate::chain::{Chain, Columns, Place};
use crate::error::{Fault, unavailable};
use crate::head::Head;
use crate::manifests::ManifestNames;
use crate::reader::{Reader, Readers};
use crate::row::{self, journal_columns};
use annals::storage::{JournalEntry, ReadRange, StorageError, Subject};
use annals::{PersistenceId, SequenceNr};
use futures_core::Stream;
use rusqlite::{Connection, Row};
use std::future::Future;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// A page ends after this many entries ...
const PAGE_ENTRIES: usize = 1_024;
/// ... or this many bytes, whichever comes first; a larger event makes a page of its own.
const PAGE_BYTES: usize = 1 << 20;

const COLUMNS: Columns = Columns {
    by_range: journal_columns!("WHERE row > ?1 AND row <= ?2 AND entity = ?3 ORDER BY row"),
    by_row: journal_columns!("WHERE row = ?1 AND entity = ?2"),
};

/// Where a stream stands. Between two pages it holds nothing open.
#[derive(Debug, Clone)]
pub(crate) struct Cursor {
    id: PersistenceId,
    range: ReadRange,
    progress: Option<Progress>,
}

/// What the first page fixes and the further ones move on.
#[derive(Debug, Clone, Copy)]
struct Progress {
    place: Place,
    /// The number that the next event must have.
    next: u64,
    /// The number of the last event wanted.
    last: u64,
    /// The history ended here when the stream began.
    end_row: i64,
    /// How many events may still be given out.
    left: u64,
    /// What was erased up to here was erased before the stream began.
    erased_row: i64,
}

/// Some entries, and where to go on, or why not.
struct Page {
    entries: Vec<JournalEntry>,
    bytes: usize,
    rest: Result<Option<Cursor>, StorageError>,
}

impl Page {
    fn is_full(&self) -> bool {
        self.entries.len() >= PAGE_ENTRIES || self.bytes >= PAGE_BYTES
    }

    fn push(&mut self, entry: JournalEntry, bytes: usize) {
        self.bytes += bytes + size_of::<JournalEntry>();
        self.entries.push(entry);
    }
}

impl Progress {
    fn begin(chain: &Chain<'_>, range: ReadRange) -> Result<Self, rusqlite::Error> {
        let (head, from) = (chain.head, range.from.get().max(1));
        Ok(Self {
            place: chain.before(i64::try_from(from - 1).unwrap_or(i64::MAX))?,
            next: from.max(head.deleted_to.get() + 1),
            last: range.to.get().min(head.highest.get()),
            end_row: head.last_row,
            left: range.limit,
            erased_row: head.erased_row,
        })
    }

    /// Goes on in another transaction than the one before.
    fn go_on(&mut self, chain: &Chain<'_>, store: &Arc<str>) -> Result<(), StorageError> {
        let (id, deleted_to) = (chain.id, chain.head.deleted_to.get());
        if chain.head.erased_row != self.erased_row {
            return Err(unavailable(
                store,
                format_args!("{id} was erased while its events were read; read again"),
            ));
        }
        if self.next <= deleted_to && self.next <= self.last {
            return Err(unavailable(
                store,
                format_args!(
                    "events of {id} up to {deleted_to} were deleted while they were read; read again"
                ),
            ));
        }
        // A row of a deleted event may be gone, and the next one then points at an earlier row.
        self.place.loose = self.place.sequence_nr.unsigned_abs() <= deleted_to;
        Ok(())
    }
}

fn read_page(reader: &mut Reader, cursor: Cursor) -> Result<Page, Fault> {
    let mut page = Page { entries: Vec::new(), bytes: 0, rest: Ok(None) };
    if cursor.range.is_empty() {
        return Ok(page);
    }
    let store = reader.store().clone();
    let rest = reader.snapshot(|conn, names| {
        let Some(head) = Head::load(conn, &cursor.id)? else { return Ok(None) };
        fill(&mut page, &Chain { conn, id: &cursor.id, head: &head }, names, &cursor, &store)
    });
    match rest {
        Ok(progress) => page.rest = Ok(progress.map(|p| Cursor { progress: Some(p), ..cursor })),
        Err(Fault::Refused(error)) => page.rest = Err(error),
        Err(fault) => return Err(fault),
    }
    Ok(page)
}

/// Fills the page; the answer is where the next one begins, if there is one.
fn fill(
    page: &mut Page,
    chain: &Chain<'_>,
    names: &mut ManifestNames,
    cursor: &Cursor,
    store: &Arc<str>,
) -> Result<Option<Progress>, Fault> {
    let mut progress = match cursor.progress {
        None => Progress::begin(chain, cursor.range)?,
        Some(mut progress) => progress.go_on(chain, store).map(|()| progress)?,
    };
    let from = cursor.range.from.get().max(1);
    let mut more = false;
    chain.scan(progress.place, &COLUMNS, &mut |row| {
        if page.is_full() {
            more = true;
            return Ok(ControlFlow::Break(()));
        }
        let (number, sequence_nr) = (row.get::<_, i64>(0)?, row.get::<_, i64>(1)?);
        let nr = sequence_nr.unsigned_abs();
        if number > progress.end_row || nr > progress.last {
            return Ok(ControlFlow::Break(()));
        }
        if nr + 1 >= from {
            take_row(page, &mut progress, chain, names, (chain.conn, row), nr)?;
        }
        progress.place = Place { row: number, sequence_nr, loose: false };
        Ok(ControlFlow::Continue(()))
    })?;
    match more {
        true => Ok(Some(progress)),
        false if progress.next > progress.last => Ok(None),
        false => Err(missing(chain.id, progress.next).into()),
    }
}

fn take_row(
    page: &mut Page,
    progress: &mut Progress,
    chain: &Chain<'_>,
    names: &mut ManifestNames,
    (conn, row): (&Connection, &Row<'_>),
    nr: u64,
) -> Result<(), Fault> {
    // What comes before the next number was not asked for, or is deleted; `missing` finds what is not there.
    if row::has_event(row)? && nr >= progress.next {
        if nr != progress.next {
            return Err(missing(chain.id, progress.next).into());
        }
        let event = row::event(conn, names, row, chain.id, SequenceNr::new(nr))??;
        let bytes = event.payload.bytes().len();
        page.push(JournalEntry::Event(event), bytes);
        progress.next += 1;
        progress.left -= 1;
        if progress.left == 0 {
            progress.last = nr;
        }
    }
    if let Some(kept) = row::kept(conn, names, row, chain.id)?? {
        let bytes = kept.weight();
        page.push(JournalEntry::Outcome { sequence_nr: SequenceNr::new(nr), kept }, bytes);
    }
    Ok(())
}

fn missing(id: &PersistenceId, nr: u64) -> StorageError {
    let subject = Subject::Event(id.clone(), SequenceNr::new(nr));
    StorageError::corrupt(subject, "it is missing; restore the file from a backup")
}

type NextPage = Pin<Box<dyn Future<Output = Result<Page, StorageError>> + Send>>;

/// The stream. It asks for the next page while the last one is being used: two pages at most are in memory.
pub(crate) struct Entries {
    readers: Readers,
    page: std::vec::IntoIter<JournalEntry>,
    rest: Rest,
}

enum Rest {
    Coming(NextPage),
    Failed(StorageError),
    Nothing,
}

impl Entries {
    /// Nothing is read before it is polled.
    pub(crate) fn new(readers: Readers, id: PersistenceId, range: ReadRange) -> Self {
        let first = next_page(&readers, Cursor { id, range, progress: None });
        Self { readers, page: Vec::new().into_iter(), rest: Rest::Coming(first) }
    }

    fn turn(&mut self, page: Result<Page, StorageError>) {
        match page {
            Ok(page) => {
                self.page = page.entries.into_iter();
                self.rest = match page.rest {
                    Ok(Some(cursor)) => self.ask(cursor),
                    Ok(None) => Rest::Nothing,
                    Err(error) => Rest::Failed(error),
                };
            }
            Err(error) => self.rest = Rest::Failed(error),
        }
    }

    /// Asks for the page after the one that is about to be used. If there is no room for that, it is asked
    /// for when it is needed: nobody may wait who is not polled.
    fn ask(&self, cursor: Cursor) -> Rest {
        let wanted = cursor.clone();
        match self.readers.try_read(move |reader| read_page(reader, wanted)) {
            Some(page) => Rest::Coming(Box::pin(page)),
            None => Rest::Coming(next_page(&self.readers, cursor)),
        }
    }
}

/// It is asked for when this is polled.
fn next_page(readers: &Readers, cursor: Cursor) -> NextPage {
    let readers = readers.clone();
    Box::pin(async move { readers.read(move |reader| read_page(reader, cursor)).await })
}

impl Stream for Entries {
    type Item = Result<JournalEntry, StorageError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(entry) = self.page.next() {
                return Poll::Ready(Some(Ok(entry)));
            }
            match std::mem::replace(&mut self.rest, Rest::Nothing) {
                Rest::Coming(mut next) => {
                    let polled = next.as_mut().poll(cx);
                    if polled.is_pending() {
                        self.rest = Rest::Coming(next);
                    }
                    let page = ready!(polled);
                    self.turn(page);
                }
                Rest::Failed(error) => return Poll::Ready(Some(Err(error))),
                Rest::Nothing => return Poll::Ready(None),
            }
        }
    }
}
