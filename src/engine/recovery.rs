//! Bringing an entity back from its journal, completely, before its first command (G10, G11).

use super::keys::KeyWindow;
use super::panics::catch;
use super::{Inbox, Kind, Tenure};
use crate::entity::{RecoveryError, ReplayError};
use crate::storage::{JournalEntry, ReadRange, StorageError, StoredEvent, Subject};
use crate::vocabulary::{SequenceNr, WriteNr};
use futures_util::StreamExt;
use std::sync::Arc;

/// After so many entries other tasks get their turn.
const YIELD_AFTER: u32 = 256;

/// An entity as its journal tells it.
pub(super) struct Recovered<S> {
    pub(super) tenure: Arc<Tenure>,
    pub(super) state: S,
    pub(super) sequence_nr: SequenceNr,
    pub(super) keys: KeyWindow,
}

/// Recovers an entity under a valid tenure, when it is its turn.
///
/// The tenure comes first: its epoch is confirmed by the storage, so no write of an earlier owner or of an
/// earlier activation can land behind what is read here.
pub(super) async fn activate<S: Send + Sync + 'static>(
    kind: &Kind<S>,
    inbox: &Inbox<S>,
) -> Result<Recovered<S>, RecoveryError> {
    let _turn = kind.recoveries.acquire().await.expect("the recovery permits are never closed");
    let tenure = kind.tenures.tenure(inbox.shard()).await.map_err(RecoveryError::Storage)?;
    inbox.begin_activation();
    let keys = KeyWindow::new(kind.limits.recent_keys, kind.limits.recent_key_bytes, kind.random.next_u64());
    let state = catch(kind.definition.fresh).map_err(|message| RecoveryError::Panicked {
        id: inbox.id().clone(),
        sequence_nr: SequenceNr::ZERO,
        message,
    })?;
    let mut recovered = Recovered { tenure, state, sequence_nr: SequenceNr::ZERO, keys };
    replay(kind, inbox, &mut recovered).await?;
    Ok(recovered)
}

async fn replay<S>(
    kind: &Kind<S>,
    inbox: &Inbox<S>,
    recovered: &mut Recovered<S>,
) -> Result<(), RecoveryError> {
    // Asked first: a history that was cut off at its end is found by what it must reach.
    let highest = kind.journal.highest_sequence_nr(inbox.id()).await.map_err(RecoveryError::Storage)?;
    let mut history = kind.journal.read(inbox.id(), ReadRange::ALL);
    let mut entries = 0u32;
    while let Some(entry) = history.next().await {
        match entry.map_err(RecoveryError::Storage)? {
            JournalEntry::Event(event) => apply(kind, inbox, recovered, &event)?,
            JournalEntry::Outcome { kept, .. } => recovered.keys.insert(WriteNr::ZERO, kept, WriteNr::ZERO),
        }
        entries += 1;
        if entries.is_multiple_of(YIELD_AFTER) {
            tokio::task::yield_now().await;
        }
    }
    if recovered.sequence_nr < highest {
        let subject = Subject::Event(inbox.id().clone(), recovered.sequence_nr.next());
        let error =
            StorageError::corrupt(subject, format_args!("it is missing; the journal reaches {highest}"));
        return Err(RecoveryError::Storage(error));
    }
    Ok(())
}

fn apply<S>(
    kind: &Kind<S>,
    inbox: &Inbox<S>,
    recovered: &mut Recovered<S>,
    event: &StoredEvent,
) -> Result<(), RecoveryError> {
    let subject = |nr| Subject::Event(inbox.id().clone(), nr);
    let expected = recovered.sequence_nr.next();
    if event.sequence_nr != expected {
        let detail = format_args!("it is missing; event {} follows", event.sequence_nr);
        return Err(RecoveryError::Storage(StorageError::corrupt(subject(expected), detail)));
    }
    match catch(|| (kind.definition.replay)(&mut recovered.state, &event.payload)) {
        Ok(Ok(())) => {
            recovered.sequence_nr = event.sequence_nr;
            Ok(())
        }
        Ok(Err(error)) => Err(RecoveryError::Storage(classify(subject(event.sequence_nr), &error))),
        Err(message) => {
            Err(RecoveryError::Panicked { id: inbox.id().clone(), sequence_nr: event.sequence_nr, message })
        }
    }
}

/// Damaged bytes are corrupt; sound bytes that this program does not understand are incompatible: another
/// version may understand them.
fn classify(subject: Subject, error: &ReplayError) -> StorageError {
    match error {
        ReplayError::Payload(_) | ReplayError::OtherManifest { .. } => StorageError::corrupt(subject, error),
        ReplayError::Codec(_) | ReplayError::UnknownManifest(_) => StorageError::incompatible(subject, error),
    }
}
