//! Putting a node together, and finding out at its start what would not work later.

use super::census::Census;
use super::node::{Node, NodeParts, RunningLanes};
use super::registration::{Registered, Registration, Services, Store};
use super::shards::Shards;
use super::spawn::Spawner;
use crate::engine::{self, Entrance, Lanes};
use crate::entity::{Definition, Entity, InvalidDefinition};
use crate::storage::{Lane, StorageError, StorageProvider};
use crate::vocabulary::{Clock, Entropy, InvalidLimit, Limits, Manifest, SystemClock};
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
    /// Something was stored that this program cannot read: an upcaster is missing, or a newer program wrote it.
    #[error("entity type {entity_type} was stored with names that it cannot read: {}", list(unknown))]
    UnknownNames {
        /// The entity type.
        entity_type: &'static str,
        /// The names and versions of its events, or of its state.
        unknown: Vec<Manifest>,
    },
    /// The shards could not be taken over.
    #[error("the shards could not be taken over: {0}")]
    Storage(#[from] StorageError),
}

fn list(manifests: &[Manifest]) -> String {
    manifests.iter().map(Manifest::to_string).collect::<Vec<_>>().join(", ")
}

/// A node that is being put together.
#[must_use = "a node does nothing until it is started"]
pub struct NodeBuilder {
    /// The last one takes the types that are registered next.
    stores: Vec<Arc<dyn StorageProvider>>,
    limits: Limits,
    clock: Arc<dyn Clock>,
    entropy: Entropy,
    types: Vec<Box<dyn Registration>>,
}

impl NodeBuilder {
    pub(super) fn new(storage: Arc<dyn StorageProvider>) -> Self {
        let (limits, clock) = (Limits::default(), Arc::new(SystemClock));
        Self { stores: vec![storage], limits, clock, entropy: Entropy::System, types: Vec::new() }
    }

    /// Hosts entities of this type, as their [`Entity::definition`] says.
    pub fn register<T: Entity>(self) -> Self {
        self.register_with::<T>(|definition| definition)
    }

    /// Hosts entities of this type, with other policies than their definition's: codec, cipher, snapshots,
    /// recovery, failure.
    pub fn register_with<T: Entity>(
        mut self,
        configure: impl FnOnce(Definition<T>) -> Definition<T>,
    ) -> Self {
        let store = self.stores.len() - 1;
        self.types.push(Box::new(Registered { definition: configure(T::definition()), store }));
        self
    }

    /// The types that are registered from here on live in this storage. Give each store once: a second handle
    /// on the same store fences the first.
    pub fn storage(mut self, storage: impl StorageProvider) -> Self {
        self.stores.push(Arc::new(storage));
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
        engine::describe_metrics();
        let spawner = Spawner::current();
        let limits = Arc::new(self.limits);
        let (stores, lanes) = take_over(&self.stores, &self.types, &limits, &spawner).await?;
        let services = Services {
            recoveries: Arc::new(Semaphore::new(limits.recoveries)),
            past_reads: Arc::new(Semaphore::new(limits.recoveries)),
            clock: self.clock,
            random: Arc::new(self.entropy.random()),
            census: Arc::new(Census::new(&limits)),
            limits,
            spawner,
            directory: Arc::default(),
        };
        let (mut ways, mut hosts) = (BTreeMap::new(), Vec::new());
        for registration in self.types {
            let store = &stores[registration.store()];
            let hosted = registration.host(store, &services);
            ways.insert(hosted.type_id, hosted.way);
            hosts.push(hosted.host);
        }
        services.directory.fill(ways);
        let (directory, shutdown) = (services.directory, services.limits.shutdown);
        Ok(Node::new(NodeParts { directory, hosts, lanes, census: services.census, shutdown }))
    }

    fn check(&self) -> Result<(), StartError> {
        self.limits.check()?;
        for storage in &self.stores {
            let (limit, most) = (self.limits.payload_bytes, storage.max_payload_bytes());
            if limit > most {
                return Err(StartError::PayloadLimit { limit, backend: storage.name(), most });
            }
        }
        let mut names = BTreeSet::new();
        for registration in &self.types {
            registration.check(&*self.stores[registration.store()])?;
            let entity_type = registration.entity_type();
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
            .field("stores", &self.stores.iter().map(|storage| storage.name()).collect::<Vec<_>>())
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// Takes over every store, sees to it that what it holds can be read, and starts its lanes.
async fn take_over(
    providers: &[Arc<dyn StorageProvider>],
    types: &[Box<dyn Registration>],
    limits: &Arc<Limits>,
    spawner: &Spawner,
) -> Result<(Vec<Store>, Vec<RunningLanes>), StartError> {
    let mut owned = Vec::new();
    for provider in providers {
        owned.push(Shards::acquire_all(provider.writes()).await?);
    }
    // Once the stores are owned: nobody adds another name now.
    for registration in types {
        registration.check_names(&*providers[registration.store()]).await?;
    }
    let mut running = Vec::new();
    let mut stores = Vec::new();
    for (store, (provider, shards)) in (0..).zip(providers.iter().zip(owned)) {
        let lanes = start_lanes(store, &**provider, limits, spawner);
        let (provider, shards) = (provider.clone(), Arc::new(shards));
        stores.push(Store { provider, lanes: lanes.lanes.clone(), shards });
        running.push(lanes);
    }
    Ok((stores, running))
}

fn start_lanes(
    store: usize,
    storage: &dyn StorageProvider,
    limits: &Arc<Limits>,
    spawner: &Spawner,
) -> RunningLanes {
    let mut tasks = Vec::new();
    let start = |lane| {
        let (entrance, queue) = Entrance::new(limits);
        tasks.push(spawner.spawn(engine::run_lane(
            store,
            Lane(lane),
            storage.writes(),
            queue,
            limits.clone(),
        )));
        entrance
    };
    let lanes = Lanes::new((0..storage.lanes().get()).map(start).collect());
    RunningLanes { lanes, tasks }
}
