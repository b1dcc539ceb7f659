//! Folding a history into a state, from the newest snapshot that can be read (G11, G12). Recovery and reading an
//! earlier state are both this.

use super::keys::KeyWindow;
use super::kind::Kind;
use super::panics::catch;
use crate::entity::{LastSnapshot, RecoveryError, Stored};
use crate::storage::{
    Extent, JournalEntry, ReadRange, Snapshot, SnapshotCriteria, StorageError, StoredEvent, Subject,
};
use crate::vocabulary::{PersistenceId, SequenceNr, WriteNr};
use futures_util::StreamExt;

/// After so many entries other tasks get their turn.
const YIELD_AFTER: u32 = 256;

/// How many gaps a lenient fold leaves out; a history with more is not worth calling one.
const MAX_GAPS: usize = 64;

/// What becomes of events that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strictness {
    /// They are an error.
    Strict,
    /// They are left out, and reported.
    Lenient,
}

/// What a history comes to.
pub(super) struct Folded<S> {
    pub(super) state: S,
    pub(super) sequence_nr: SequenceNr,
    pub(super) keys: KeyWindow,
    /// The snapshot that it began with, or the beginning.
    pub(super) last_snapshot: LastSnapshot,
    pub(super) replayed: u64,
    /// What was left out.
    pub(super) gaps: Gaps,
}

/// Ranges of numbers in order, both ends included, none touching the next.
pub(super) type Gaps = Vec<(SequenceNr, SequenceNr)>;

/// A fold that did not come to its end.
enum Broken {
    /// Nothing helps.
    ForGood(RecoveryError),
    /// Up to this number, from the next one on, nothing can be read; the state is as it was.
    At(RecoveryError, SequenceNr),
    /// `apply` panicked at this event: the state is half-changed.
    Panicked(RecoveryError, SequenceNr),
}

/// Folds the history of `id` up to event `to`; up to its end with [`SequenceNr::MAX`].
pub(super) async fn fold<S: Send + Sync + 'static>(
    kind: &Kind<S>,
    id: &PersistenceId,
    extent: Extent,
    to: SequenceNr,
    strictness: Strictness,
) -> Result<Folded<S>, RecoveryError> {
    // A fold that is to leave out an event at which `apply` panics starts anew, with the state as it was.
    let mut bombs = Vec::new();
    loop {
        match Fold::begin(kind, id, extent, to, strictness).await?.run(&bombs).await {
            Ok(folded) => {
                if !folded.gaps.is_empty() {
                    let gaps = &folded.gaps;
                    tracing::error!(entity = %id, ?gaps, "recovered without events that cannot be read");
                }
                return Ok(folded);
            }
            Err(Broken::Panicked(_, at)) if strictness == Strictness::Lenient && bombs.len() < MAX_GAPS => {
                bombs.push(at);
            }
            Err(Broken::ForGood(error) | Broken::At(error, _) | Broken::Panicked(error, _)) => {
                return Err(error);
            }
        }
    }
}

/// A fold under way.
struct Fold<'a, S> {
    kind: &'a Kind<S>,
    id: &'a PersistenceId,
    extent: Extent,
    to: SequenceNr,
    strictness: Strictness,
    folded: Folded<S>,
    /// Why the newest snapshot could not be used.
    unreadable: Option<StorageError>,
    entries: u32,
}

impl<'a, S: Send + Sync + 'static> Fold<'a, S> {
    /// At the newest snapshot that can be read, or at the beginning.
    async fn begin(
        kind: &'a Kind<S>,
        id: &'a PersistenceId,
        extent: Extent,
        to: SequenceNr,
        strictness: Strictness,
    ) -> Result<Self, RecoveryError> {
        let limits = &kind.limits;
        let state = catch(kind.definition.fresh).map_err(|message| RecoveryError::Panicked {
            id: id.clone(),
            sequence_nr: extent.erased_to,
            message,
        })?;
        let folded = Folded {
            state,
            sequence_nr: extent.erased_to,
            keys: KeyWindow::new(limits.recent_keys, limits.recent_key_bytes, kind.random.next_u64()),
            last_snapshot: LastSnapshot { sequence_nr: extent.erased_to, since: None },
            replayed: 0,
            gaps: Gaps::new(),
        };
        let mut fold = Self { kind, id, extent, to, strictness, folded, unreadable: None, entries: 0 };
        // Of a type without snapshots there are some only if it had them once; they are needed only if events
        // were deleted since.
        if kind.definition.snapshots.is_some() || extent.deleted_to > extent.erased_to {
            fold.take_snapshot().await?;
        }
        Ok(fold)
    }

    async fn take_snapshot(&mut self) -> Result<(), RecoveryError> {
        let Some(snapshots) = self.kind.stores.snapshots.clone() else { return Ok(()) };
        let mut below = self.to;
        loop {
            let loaded = snapshots.load(self.id, SnapshotCriteria::up_to(below)).await;
            let (at, problem) = match loaded {
                Ok(None) => return Ok(()),
                Ok(Some(snapshot)) => {
                    let at = snapshot.sequence_nr;
                    match self.open(snapshot) {
                        Ok(()) => return Ok(()),
                        Err(problem) => (at, problem),
                    }
                }
                Err(problem) => match &problem {
                    StorageError::Corrupt { subject: Subject::Snapshot(_, at), .. } => (*at, problem),
                    _ => return Err(RecoveryError::Storage(problem)),
                },
            };
            tracing::warn!(entity = %self.id, %problem, "a snapshot cannot be read; trying an older one");
            self.kind.instruments.snapshots_unreadable.increment(1);
            self.unreadable.get_or_insert(problem);
            match at.get().checked_sub(1) {
                Some(older) => below = SequenceNr::new(older),
                None => return Ok(()),
            }
        }
    }

    /// Begins at a snapshot, if it is sound and understood.
    fn open(&mut self, snapshot: Snapshot) -> Result<(), StorageError> {
        let at = snapshot.sequence_nr;
        let subject = || Subject::Snapshot(self.id.clone(), at);
        if at > self.extent.highest || at < self.extent.deleted_to {
            let detail = format_args!(
                "the journal holds events {} to {}",
                self.extent.deleted_to.next(),
                self.extent.highest
            );
            return Err(StorageError::corrupt(subject(), detail));
        }
        let form =
            self.kind.definition.state.as_ref().expect("an event-sourced type has a form of its state");
        let stored = Stored::new(&self.kind.definition.sealer, self.id, &snapshot.payload);
        let state = catch(|| form.open(stored))
            .map_err(|panic| {
                StorageError::incompatible(subject(), format_args!("reading it panicked: {panic}"))
            })?
            .map_err(|error| error.at(subject()))?;
        let folded = &mut self.folded;
        (folded.state, folded.sequence_nr) = (state, at);
        folded.last_snapshot = LastSnapshot { sequence_nr: at, since: Some(snapshot.taken_at) };
        if !snapshot.outcomes_complete {
            folded.keys.expect_older();
        }
        for kept in snapshot.outcomes {
            folded.keys.insert(WriteNr::ZERO, kept, WriteNr::ZERO);
        }
        Ok(())
    }

    /// Applies the events behind. A lenient fold leaves out `bombs` and what else cannot be read.
    async fn run(mut self, bombs: &[SequenceNr]) -> Result<Folded<S>, Broken> {
        loop {
            match self.read(bombs).await {
                Ok(()) => return Ok(self.folded),
                Err(Broken::At(error, last)) if self.strictness == Strictness::Lenient => {
                    self.leave_out(error, last)?;
                }
                Err(broken) => return Err(broken),
            }
        }
    }

    /// Goes on behind what cannot be read.
    fn leave_out(&mut self, error: RecoveryError, last: SequenceNr) -> Result<(), Broken> {
        let first = self.folded.sequence_nr.next();
        let gaps = &mut self.folded.gaps;
        let count = gaps.len();
        match gaps.last_mut() {
            Some((_, end)) if end.next() == first => *end = last,
            _ if count == MAX_GAPS => return Err(Broken::ForGood(error)),
            _ => gaps.push((first, last)),
        }
        self.folded.sequence_nr = last;
        self.folded.keys.expect_older();
        Ok(())
    }

    /// Reads on until the end, or until something cannot be read. Also when no event is left: outcomes of
    /// commands without events stand behind the last one.
    async fn read(&mut self, bombs: &[SequenceNr]) -> Result<(), Broken> {
        let range = ReadRange::from(self.folded.sequence_nr.next()).to(self.to);
        let mut history = self.kind.journal().read(self.id, range);
        while let Some(entry) = history.next().await {
            match entry.map_err(|error| self.broken_by(error))? {
                JournalEntry::Event(event) if bombs.contains(&event.sequence_nr) => {
                    let error = self.missing(format_args!("apply panics at it"));
                    return Err(Broken::At(error, event.sequence_nr));
                }
                JournalEntry::Event(event) => self.apply(&event)?,
                JournalEntry::Outcome { kept, .. } => {
                    self.folded.keys.insert(WriteNr::ZERO, kept, WriteNr::ZERO);
                }
            }
            self.entries = self.entries.wrapping_add(1);
            if self.entries.is_multiple_of(YIELD_AFTER) {
                tokio::task::yield_now().await;
            }
        }
        let highest = self.extent.highest;
        let goal = self.to.min(highest);
        if self.folded.sequence_nr < goal {
            let error = self.missing(format_args!("it is missing; the journal reaches {highest}"));
            return Err(Broken::At(error, goal));
        }
        Ok(())
    }

    fn apply(&mut self, event: &StoredEvent) -> Result<(), Broken> {
        let nr = event.sequence_nr;
        if nr <= self.folded.sequence_nr {
            let subject = Subject::Event(self.id.clone(), nr);
            let detail = format_args!("it is given after event {}", self.folded.sequence_nr);
            return Err(Broken::ForGood(RecoveryError::Storage(StorageError::corrupt(subject, detail))));
        }
        if nr != self.folded.sequence_nr.next() {
            let error = self.missing(format_args!("it is missing; event {nr} follows"));
            return Err(Broken::At(error, SequenceNr::new(nr.get().saturating_sub(1))));
        }
        let definition = &self.kind.definition;
        let stored = Stored::new(&definition.sealer, self.id, &event.payload);
        match catch(|| definition.replay(&mut self.folded.state, stored)) {
            Ok(Ok(())) => {
                self.folded.sequence_nr = nr;
                self.folded.replayed += 1;
                self.folded.last_snapshot.since.get_or_insert(event.written_at);
                Ok(())
            }
            Ok(Err(error)) => Err(self.broken_by(error.at(Subject::Event(self.id.clone(), nr)))),
            Err(message) => {
                let error = RecoveryError::Panicked { id: self.id.clone(), sequence_nr: nr, message };
                Err(Broken::Panicked(error, nr))
            }
        }
    }

    /// The next event is not there.
    fn missing(&self, detail: std::fmt::Arguments<'_>) -> RecoveryError {
        let first = self.folded.sequence_nr.next();
        RecoveryError::Storage(match &self.unreadable {
            // It was deleted because of a snapshot that cannot be read now: that is what is wrong.
            Some(unreadable) if first <= self.extent.deleted_to => unreadable.clone(),
            _ => StorageError::corrupt(Subject::Event(self.id.clone(), first), detail),
        })
    }

    fn broken_by(&self, error: StorageError) -> Broken {
        let at = match &error {
            StorageError::Corrupt { subject: Subject::Event(_, nr), .. }
            | StorageError::Incompatible { subject: Subject::Event(_, nr), .. } => Some(*nr),
            _ => None,
        };
        let error = RecoveryError::Storage(error);
        match at.filter(|nr| *nr > self.folded.sequence_nr) {
            Some(nr) => Broken::At(error, nr),
            None => Broken::ForGood(error),
        }
    }
}
