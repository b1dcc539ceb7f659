//! Erasing an entity in the storage: by its activation, or without one when it cannot be recovered.

use super::kind::Kind;
use super::tenure::Tenure;
use crate::entity::{EntityKind, Envelope, Failure, NotHandled, Unknown};
use crate::storage::StorageError;
use crate::vocabulary::PersistenceId;
use futures_util::FutureExt;
use std::panic::AssertUnwindSafe;

/// What became of an erasure. Its caller was told.
pub(super) enum Erased {
    /// Nothing is left but the numbers.
    Wholly,
    /// Nothing was erased, and the storage is as it was.
    NotAtAll,
    /// It may be erased, or be about to, or the shard was lost: the tenure is over.
    Lost(StorageError),
}

/// Erases the entity. No write of it may be in flight.
pub(super) async fn erase<S>(
    kind: &Kind<S>,
    id: &PersistenceId,
    tenure: &Tenure,
    call: Box<dyn Envelope<S>>,
) -> Erased {
    let erased = match kind.definition.kind {
        EntityKind::Ephemeral => Ok(()),
        EntityKind::EventSourced | EntityKind::DurableState => {
            // A backend must not panic; if it does, the erasure may be on its way.
            let erasing = async { kind.stores.writes.erase(id, tenure.fence()).await };
            AssertUnwindSafe(erasing).catch_unwind().await.unwrap_or_else(|_| {
                let (store, reason) = ("backend".into(), "the backend panicked".into());
                Err(StorageError::Indeterminate { store, reason })
            })
        }
    };
    let Err(error) = erased else {
        tracing::info!(entity = %id, "erased");
        call.release();
        return Erased::Wholly;
    };
    let failure = match error {
        StorageError::Indeterminate { .. } => Failure::Unknown(Unknown::Erasing(error.clone())),
        _ => Failure::NotHandled(NotHandled::NotErased(error.clone())),
    };
    let lost = matches!(error, StorageError::Indeterminate { .. } | StorageError::Fenced { .. });
    if lost {
        // The next activation reads behind a higher epoch. Revoked before anyone is told.
        tenure.revoke(error.clone());
    }
    call.fail(failure);
    if lost { Erased::Lost(error) } else { Erased::NotAtAll }
}
