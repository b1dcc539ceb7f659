//! An entity type that a node is to host, with the type itself erased: its checks at the start, and its host.

use super::builder::StartError;
use super::census::Census;
use super::host::{AnyHost, Host};
use super::spawn::Spawner;
use crate::engine::{Instruments, Kind, Lanes, Stores, Subscriptions, Tenures};
use crate::entity::{Definition, Delivery, Directory, Entity, EntityKind, Way};
use crate::storage::StorageProvider;
use crate::vocabulary::{Clock, Limits, Random};
use async_trait::async_trait;
use std::any::{Any, TypeId};
use std::sync::{Arc, Weak};
use tokio::sync::Semaphore;

/// What every entity type of a node is built from.
pub(super) struct Services {
    pub(super) recoveries: Arc<Semaphore>,
    pub(super) past_reads: Arc<Semaphore>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: Arc<Random>,
    pub(super) census: Arc<Census>,
    pub(super) limits: Arc<Limits>,
    pub(super) spawner: Spawner,
    pub(super) directory: Arc<Directory>,
}

/// A store that the node has taken over.
pub(super) struct Store {
    pub(super) provider: Arc<dyn StorageProvider>,
    pub(super) lanes: Lanes,
    pub(super) shards: Arc<dyn Tenures>,
}

pub(super) struct Hosted {
    pub(super) type_id: TypeId,
    /// The [`Way`] to its entities.
    pub(super) way: Box<dyn Any + Send + Sync>,
    /// What keeps it.
    pub(super) host: Arc<dyn AnyHost>,
}

/// An entity type, with the type itself erased.
#[async_trait]
pub(super) trait Registration: Send + Sync {
    fn entity_type(&self) -> &'static str;

    /// Which of the stores it lives in.
    fn store(&self) -> usize;

    /// Whether it is well defined, and the storage has what it needs.
    fn check(&self, storage: &dyn StorageProvider) -> Result<(), StartError>;

    /// Whether it can read everything that was ever stored of its type.
    async fn check_names(&self, storage: &dyn StorageProvider) -> Result<(), StartError>;

    fn host(self: Box<Self>, store: &Store, services: &Services) -> Hosted;
}

pub(super) struct Registered<T> {
    pub(super) definition: Definition<T>,
    pub(super) store: usize,
}

#[async_trait]
impl<T: Entity> Registration for Registered<T> {
    fn entity_type(&self) -> &'static str {
        self.definition.entity_type
    }

    fn store(&self) -> usize {
        self.store
    }

    fn check(&self, storage: &dyn StorageProvider) -> Result<(), StartError> {
        self.definition.check()?;
        let needs: &[(&'static str, bool)] = match self.definition.kind {
            EntityKind::EventSourced => {
                let snapshots = self.definition.snapshots.is_none() || storage.snapshots().is_some();
                &[("journal", storage.journal().is_some()), ("snapshot storage", snapshots)]
            }
            EntityKind::DurableState => &[("state storage", storage.states().is_some())],
            EntityKind::Ephemeral => &[],
        };
        match needs.iter().find(|(_, is_there)| !is_there) {
            Some((part, _)) => {
                let (entity_type, backend) = (self.entity_type(), storage.name());
                Err(StartError::MissingPart { entity_type, part, backend })
            }
            None => Ok(()),
        }
    }

    async fn check_names(&self, storage: &dyn StorageProvider) -> Result<(), StartError> {
        if self.definition.kind == EntityKind::Ephemeral {
            return Ok(());
        }
        let readable = self.definition.readable();
        let stored = storage.writes().manifests(self.entity_type()).await?;
        let mut unknown: Vec<_> = stored.into_iter().filter(|it| !readable.contains(it)).collect();
        unknown.sort_unstable();
        match unknown.is_empty() {
            true => Ok(()),
            false => Err(StartError::UnknownNames { entity_type: self.entity_type(), unknown }),
        }
    }

    fn host(self: Box<Self>, store: &Store, services: &Services) -> Hosted {
        let Store { provider, lanes, shards } = store;
        let kind = Kind {
            instruments: Instruments::of(self.definition.entity_type),
            definition: self.definition,
            stores: Stores {
                writes: provider.writes(),
                journal: provider.journal(),
                snapshots: provider.snapshots(),
                states: provider.states(),
            },
            lanes: lanes.clone(),
            tenures: shards.clone(),
            recoveries: services.recoveries.clone(),
            past_reads: services.past_reads.clone(),
            clock: services.clock.clone(),
            random: services.random.clone(),
            limits: services.limits.clone(),
            directory: services.directory.clone(),
            subscriptions: Subscriptions::default(),
        };
        let host = Arc::new(Host::new(kind, services.census.clone(), services.spawner.clone()));
        let delivery: Weak<dyn Delivery<T>> = Arc::downgrade(&host) as Weak<dyn Delivery<T>>;
        Hosted { type_id: TypeId::of::<T>(), way: Box::new(Way(delivery)), host }
    }
}
