//! Bringing an entity back from storage, completely, before its first command (G10).

use super::keys::KeyWindow;
use super::kind::Kind;
use super::panics::catch;
use super::replay::{Folded, Strictness, fold};
use super::{Inbox, Tenure};
use crate::entity::{
    Completeness, EntityKind, HistoryError, LastSnapshot, RecoveryError, RecoveryPolicy, Stored,
};
use crate::storage::Subject;
use crate::vocabulary::{PersistenceId, Revision, SequenceNr};
use std::sync::Arc;
use tokio::time::Instant;

/// An entity as its storage tells it.
pub(super) struct Recovered<S> {
    pub(super) tenure: Arc<Tenure>,
    pub(super) state: S,
    pub(super) sequence_nr: SequenceNr,
    pub(super) revision: Revision,
    pub(super) keys: KeyWindow,
    pub(super) last_snapshot: LastSnapshot,
    pub(super) completeness: Completeness,
}

/// Recovers an entity under a valid tenure, when it is its turn. Boxed: it passes through the entity's task, which
/// would keep room for it wherever it passed.
///
/// The tenure comes first: its epoch is confirmed by the storage, so no write of an earlier owner or of an
/// earlier activation can land behind what is read here.
pub(super) async fn activate<S: Send + Sync + 'static>(
    kind: &Kind<S>,
    inbox: &Inbox<S>,
) -> Result<Box<Recovered<S>>, RecoveryError> {
    let _turn = kind.recoveries.acquire().await.expect("the recovery permits are never closed");
    let began = Instant::now();
    let tenure = kind.tenures.tenure(inbox.shard()).await.map_err(RecoveryError::Storage)?;
    inbox.begin_activation();
    let recovered = match kind.definition.kind {
        EntityKind::EventSourced => events(kind, inbox.id(), tenure).await?,
        EntityKind::DurableState => state(kind, inbox.id(), tenure).await?,
        EntityKind::Ephemeral => fresh(kind, inbox.id(), tenure)?,
    };
    kind.instruments.recovery_seconds.record(began.elapsed());
    Ok(Box::new(recovered))
}

async fn events<S: Send + Sync + 'static>(
    kind: &Kind<S>,
    id: &PersistenceId,
    tenure: Arc<Tenure>,
) -> Result<Recovered<S>, RecoveryError> {
    let strictness = match kind.definition.recovery {
        RecoveryPolicy::StartAtHighest => Strictness::Lenient,
        RecoveryPolicy::Stop | RecoveryPolicy::Retry { .. } => Strictness::Strict,
    };
    // Asked first: a history that was cut off at its end is found by what it must reach.
    let extent = kind.journal().extent(id).await.map_err(RecoveryError::Storage)?;
    let folded = fold(kind, id, extent, SequenceNr::MAX, strictness).await?;
    let Folded { state, sequence_nr, keys, last_snapshot, replayed, gaps } = folded;
    kind.instruments.recovery_events.record(replayed as f64);
    let completeness = if gaps.is_empty() { Completeness::Complete } else { Completeness::Incomplete };
    Ok(Recovered { tenure, state, sequence_nr, revision: Revision::ZERO, keys, last_snapshot, completeness })
}

async fn state<S: Send + Sync + 'static>(
    kind: &Kind<S>,
    id: &PersistenceId,
    tenure: Arc<Tenure>,
) -> Result<Recovered<S>, RecoveryError> {
    let states = kind.stores.states.as_ref().expect("the start of the node found the states");
    let stored = states.load(id).await.map_err(RecoveryError::Storage)?;
    let mut recovered = fresh(kind, id, tenure)?;
    // Keys are not read with the state: those of earlier activations are in the storage only, and there may
    // be some even if no state was ever saved.
    recovered.keys.expect_older();
    let Some(stored) = stored else { return Ok(recovered) };
    recovered.revision = stored.revision;
    if let Some(payload) = stored.payload {
        let form = kind.definition.state.as_ref().expect("a durable-state type has a form of its state");
        let from = Stored::new(&kind.definition.sealer, id, &payload);
        recovered.state = catch(|| form.open(from))
            .map_err(|message| panicked(id, SequenceNr::ZERO, message))?
            .map_err(|error| RecoveryError::Storage(error.at(Subject::State(id.clone()))))?;
    }
    Ok(recovered)
}

fn fresh<S>(kind: &Kind<S>, id: &PersistenceId, tenure: Arc<Tenure>) -> Result<Recovered<S>, RecoveryError> {
    let limits = &kind.limits;
    let state = catch(kind.definition.fresh).map_err(|message| panicked(id, SequenceNr::ZERO, message))?;
    Ok(Recovered {
        tenure,
        state,
        sequence_nr: SequenceNr::ZERO,
        revision: Revision::ZERO,
        keys: KeyWindow::new(limits.recent_keys, limits.recent_key_bytes, kind.random.next_u64()),
        last_snapshot: LastSnapshot::default(),
        completeness: Completeness::Complete,
    })
}

fn panicked(id: &PersistenceId, sequence_nr: SequenceNr, message: Arc<str>) -> RecoveryError {
    RecoveryError::Panicked { id: id.clone(), sequence_nr, message }
}

/// The state of an event-sourced entity as it was after event `at`.
pub(crate) async fn state_at<S: Send + Sync + 'static>(
    kind: &Kind<S>,
    id: &PersistenceId,
    at: SequenceNr,
) -> Result<S, HistoryError> {
    let _turn = kind.past_reads.acquire().await.expect("the permits are never closed");
    let storage = |error| HistoryError::Recovery(RecoveryError::Storage(error));
    let extent = kind.journal().extent(id).await.map_err(storage)?;
    if at > extent.highest {
        return Err(HistoryError::NotReached { id: id.clone(), asked: at, highest: extent.highest });
    }
    if at < extent.erased_to {
        return Err(HistoryError::Compacted { id: id.clone(), deleted_to: extent.erased_to });
    }
    match fold(kind, id, extent, at, Strictness::Strict).await {
        Ok(folded) => Ok(folded.state),
        // Nothing is wrong with the entity: what it takes to go back so far is not there any more.
        Err(_) if at < extent.deleted_to => {
            Err(HistoryError::Compacted { id: id.clone(), deleted_to: extent.deleted_to })
        }
        Err(error) => Err(HistoryError::Recovery(error)),
    }
}
