//! Putting a node together, and finding out at its start what would not work later.

use super::host::{AnyHost, Host};
use super::node::{Node, NodeParts};
use super::registry::Census;
use super::shards::Shards;
use super::spawn::Spawner;
use crate::engine::{self, Entrance, Kind, Lanes, Tenures};
use crate::entity::{Entity, InvalidDefinition};
use crate::storage::{Lane, StorageError, StorageProvider};
use crate::vocabulary::{Clock, Entropy, InvalidLimit, Limits, Random, SystemClock};
use std::any::{Any, TypeId};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// Why a node did not start.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// A limit is out of its range.
    #[error(transparent)]
    Limit(#[from] InvalidLimit),
    /// The limit of a payload is above what the backend stores.
    #[error("the limit `payload_bytes` is {limit}, but {backend} stores at most {most} bytes")]
    PayloadLimit {
        /// The limit.
        limit: usize,
        /// The backend.
        backend: &'static str,
        /// What it stores.
        most: usize,
    },
    /// An entity type is not well defined.
    #[error(transparent)]
    Definition(#[from] InvalidDefinition),
    /// Two entity types have one name, or one was registered twice.
    #[error("entity type {entity_type} is registered twice")]
    RegisteredTwice {
        /// The name.
        entity_type: &'static str,
    },
    /// The storage lacks what an entity type needs.
    #[error("entity type {entity_type} needs a {part}, which {backend} does not have")]
    MissingPart {
        /// The entity type.
        entity_type: &'static str,
        /// The port.
        part: &'static str,
        /// The backend.
        backend: &'static str,
    },
    /// The shards could not be taken over.
    #[error("the shards could not be taken over: {0}")]
    Storage(#[from] StorageError),
}

/// A node that is being put together.
#[must_use = "a node does nothing until it is started"]
pub struct NodeBuilder {
    storage: Arc<dyn StorageProvider>,
    limits: Limits,
    clock: Arc<dyn Clock>,
    entropy: Entropy,
    types: Vec<Box<dyn Registration>>,
}

impl NodeBuilder {
    pub(super) fn new(storage: Arc<dyn StorageProvider>) -> Self {
        let (limits, clock) = (Limits::default(), Arc::new(SystemClock));
        Self { storage, limits, clock, entropy: Entropy::System, types: Vec::new() }
    }

    /// Hosts entities of this type.
    pub fn register<T: Entity>(mut self) -> Self {
        self.types.push(Box::new(Registered::<T>::new()));
        self
    }

    /// Other bounds than the default ones.
    pub fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Another clock than the machine's. It dates what is stored.
    pub fn clock(self, clock: impl Clock) -> Self {
        Self { clock: Arc::new(clock), ..self }
    }

    /// Another source of randomness than the operating system.
    pub fn entropy(self, entropy: Entropy) -> Self {
        Self { entropy, ..self }
    }

    /// Checks everything, takes the shards over, and starts the node on the current tokio runtime.
    ///
    /// Another node on the same storage is fenced by this: its writes are refused from now on (G3).
    ///
    /// # Errors
    /// [`StartError`] says what is wrong; then nothing was started.
    ///
    /// # Panics
    /// Outside a tokio runtime, or on one without its time enabled.
    pub async fn start(self) -> Result<Node, StartError> {
        // Here, and not later in the task of an entity.
        drop(tokio::time::sleep(Duration::ZERO));
        self.check()?;
        let shards: Arc<dyn Tenures> = Arc::new(Shards::acquire_all(self.storage.writes()).await?);
        let spawner = Spawner::current();
        let limits = Arc::new(self.limits);
        let lanes = start_lanes(&*self.storage, &limits, &spawner);
        let services = Services {
            storage: self.storage,
            lanes: lanes.clone(),
            shards,
            recoveries: Arc::new(Semaphore::new(limits.recoveries)),
            clock: self.clock,
            random: Arc::new(self.entropy.random()),
            census: Arc::new(Census::new(limits.active_entities)),
            limits,
            spawner,
        };
        let mut hosts: BTreeMap<TypeId, Box<dyn Any + Send + Sync>> = BTreeMap::new();
        let mut drains = Vec::new();
        for registration in &self.types {
            let hosted = registration.host(&services)?;
            hosts.insert(hosted.type_id, hosted.typed);
            drains.push(hosted.untyped);
        }
        Ok(Node::new(NodeParts { hosts, drains, lanes, census: services.census }))
    }

    fn check(&self) -> Result<(), StartError> {
        self.limits.check()?;
        let (limit, most) = (self.limits.payload_bytes, self.storage.max_payload_bytes());
        if limit > most {
            return Err(StartError::PayloadLimit { limit, backend: self.storage.name(), most });
        }
        let mut names = BTreeSet::new();
        for registration in &self.types {
            let entity_type = registration.check(&*self.storage)?;
            if !names.insert(entity_type) {
                return Err(StartError::RegisteredTwice { entity_type });
            }
        }
        Ok(())
    }
}

impl fmt::Debug for NodeBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeBuilder")
            .field("storage", &self.storage.name())
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

fn start_lanes(storage: &dyn StorageProvider, limits: &Arc<Limits>, spawner: &Spawner) -> Lanes {
    let start = |lane| {
        let (entrance, queue) = Entrance::new(limits);
        spawner.spawn(engine::run_lane(Lane(lane), storage.writes(), queue, limits.clone()));
        entrance
    };
    Lanes::new((0..storage.lanes().get()).map(start).collect())
}

/// What every entity type of a node is built from.
struct Services {
    storage: Arc<dyn StorageProvider>,
    lanes: Lanes,
    shards: Arc<dyn Tenures>,
    recoveries: Arc<Semaphore>,
    clock: Arc<dyn Clock>,
    random: Arc<Random>,
    census: Arc<Census>,
    limits: Arc<Limits>,
    spawner: Spawner,
}

struct Hosted {
    type_id: TypeId,
    typed: Box<dyn Any + Send + Sync>,
    untyped: Arc<dyn AnyHost>,
}

/// An entity type, with the type itself erased.
trait Registration: Send + Sync {
    fn check(&self, storage: &dyn StorageProvider) -> Result<&'static str, StartError>;
    fn host(&self, services: &Services) -> Result<Hosted, StartError>;
}

struct Registered<T>(std::marker::PhantomData<fn() -> T>);

impl<T> Registered<T> {
    fn new() -> Self {
        Self(std::marker::PhantomData)
    }
}

impl<T: Entity> Registration for Registered<T> {
    fn check(&self, storage: &dyn StorageProvider) -> Result<&'static str, StartError> {
        let definition = T::definition();
        definition.check()?;
        let entity_type = definition.entity_type;
        match storage.journal() {
            Some(_) => Ok(entity_type),
            None => Err(StartError::MissingPart { entity_type, part: "journal", backend: storage.name() }),
        }
    }

    fn host(&self, services: &Services) -> Result<Hosted, StartError> {
        let definition = T::definition();
        let (entity_type, backend) = (definition.entity_type, services.storage.name());
        let missing = || StartError::MissingPart { entity_type, part: "journal", backend };
        let kind = Kind {
            definition,
            journal: services.storage.journal().ok_or_else(missing)?,
            lanes: services.lanes.clone(),
            tenures: services.shards.clone(),
            recoveries: services.recoveries.clone(),
            clock: services.clock.clone(),
            random: services.random.clone(),
            limits: services.limits.clone(),
        };
        let host = Arc::new(Host::new(kind, services.census.clone(), services.spawner.clone()));
        Ok(Hosted { type_id: TypeId::of::<T>(), typed: Box::new(host.clone()), untyped: host })
    }
}
