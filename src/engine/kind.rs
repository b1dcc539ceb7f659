//! What all entities of one type at one node share.

use super::observe::Instruments;
use super::subscriptions::Subscriptions;
use super::{Lanes, Tenures};
use crate::entity::{Definition, Directory, Keeping};
use crate::storage::{JournalStorage, SnapshotStorage, StateStorage, WriteStorage};
use crate::vocabulary::{Clock, Limits, PersistenceId, Random};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// The ports of the store that a type lives in. What its kind needs is there.
#[derive(Clone)]
pub(crate) struct Stores {
    pub(crate) writes: Arc<dyn WriteStorage>,
    pub(crate) journal: Option<Arc<dyn JournalStorage>>,
    pub(crate) snapshots: Option<Arc<dyn SnapshotStorage>>,
    pub(crate) states: Option<Arc<dyn StateStorage>>,
}

/// What all entities of one type at one node share.
pub(crate) struct Kind<S> {
    pub(crate) definition: Definition<S>,
    pub(crate) stores: Stores,
    pub(crate) lanes: Lanes,
    pub(crate) tenures: Arc<dyn Tenures>,
    /// Bounds the recoveries at once; shared by all types of the node.
    pub(crate) recoveries: Arc<Semaphore>,
    /// Bounds the reads of earlier states at once. Apart from recoveries: a caller who does not go on with one
    /// must hold up no entity.
    pub(crate) past_reads: Arc<Semaphore>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<Random>,
    pub(crate) limits: Arc<Limits>,
    pub(crate) directory: Arc<Directory>,
    pub(crate) subscriptions: Subscriptions,
    pub(crate) instruments: Instruments,
}

impl<S> Kind<S> {
    pub(super) fn keeping<'a>(&'a self, id: &'a PersistenceId) -> Keeping<'a> {
        Keeping { sealer: &self.definition.sealer, id }
    }

    /// The journal of an event-sourced type.
    pub(crate) fn journal(&self) -> &Arc<dyn JournalStorage> {
        self.stores.journal.as_ref().expect("the start of the node found the journal")
    }
}
