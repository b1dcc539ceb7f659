//! One life of a process: a node of its own on a runtime of its own. Ending it without a shutdown is a crash:
//! every task is gone at its next await, and so is everything in memory.

use crate::TestClock;
use crate::faults::FaultStorage;
use crate::survival::incomparable;
use annals::__testing::{inspect, kind, target};
use annals::{
    CallError, Definition, Entity, EntityId, EntityRef, Entropy, HistoryError, Node, NodeBuilder,
    PersistenceId, SequenceNr, StartError, Target,
};
use std::fmt::{self, Debug};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{Builder, Handle, Runtime};

mod journal;

pub(crate) use journal::{Store, highest, only_snapshot, stored_events, write};

type Configure<S> = Arc<dyn Fn(Definition<S>) -> Definition<S> + Send + Sync>;
type Host = Arc<dyn Fn(NodeBuilder) -> NodeBuilder + Send + Sync>;

/// What stays the same over the lives of an entity.
pub(crate) struct Setting<S> {
    pub(crate) id: Arc<str>,
    pub(crate) clock: TestClock,
    pub(crate) seed: u64,
    pub(crate) time: Time,
    /// How the entity's definition differs from its own.
    pub(crate) configure: Configure<S>,
    /// What else the node hosts.
    pub(crate) others: Vec<Host>,
}

/// How time-outs run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Time {
    /// Time passes at once when everything waits for it. For storages without threads of their own.
    Paused,
    /// As in the world.
    Real,
}

impl<S: Entity> Setting<S> {
    pub(crate) fn new() -> Self {
        Self {
            id: "it".into(),
            clock: TestClock::default(),
            seed: 1,
            time: Time::Paused,
            configure: Arc::new(|definition| definition),
            others: Vec::new(),
        }
    }

    /// The entity's type and id.
    ///
    /// # Panics
    /// When one of them is none.
    pub(crate) fn persistence_id(&self) -> PersistenceId {
        let id = EntityId::new(&*self.id).expect("the entity has a valid id");
        let (entity_type, _) = kind(&self.definition());
        PersistenceId::new(entity_type, id).expect("the entity type has a valid name")
    }

    /// The entity's definition, as its nodes have it.
    pub(crate) fn definition(&self) -> Definition<S> {
        (self.configure)(S::definition())
    }

    /// The same, with one more thing that differs.
    pub(crate) fn with(&self, more: impl Fn(Definition<S>) -> Definition<S> + Send + Sync + 'static) -> Self {
        let before = self.configure.clone();
        Self { configure: Arc::new(move |definition| more(before(definition))), ..self.clone() }
    }
}

impl<S> Clone for Setting<S> {
    fn clone(&self) -> Self {
        let (configure, others) = (self.configure.clone(), self.others.clone());
        Self { id: self.id.clone(), clock: self.clock.clone(), configure, others, ..*self }
    }
}

/// One life.
pub(crate) struct Life<S: Entity> {
    target: Target<S>,
    node: Node,
    // The last to go: what is dropped before it may want to know that it runs on it.
    runtime: Runtime,
}

impl<S: Entity> Life<S> {
    /// Starts a node on the storage.
    ///
    /// # Panics
    /// Inside another runtime.
    pub(crate) fn begin(setting: &Setting<S>, storage: FaultStorage) -> Result<Self, StartError> {
        let runtime = runtime(setting.time);
        let configure = setting.configure.clone();
        let builder = Node::builder(storage)
            .clock(setting.clock.clone())
            .entropy(Entropy::Seeded(setting.seed))
            .register_with::<S>(move |definition| configure(definition));
        let builder = setting.others.iter().fold(builder, |builder, host| host(builder));
        let node = runtime.block_on(builder.start())?;
        Ok(Self { target: target(&node, &setting.id), node, runtime })
    }

    /// The entity's own client.
    pub(crate) fn client(&self) -> S::Ref {
        S::Ref::from(self.target.clone())
    }

    /// The client that every entity has.
    pub(crate) fn entity(&self) -> EntityRef<S> {
        EntityRef::from(self.target.clone())
    }

    pub(crate) fn node(&self) -> &Node {
        &self.node
    }

    /// Runs something in this life.
    pub(crate) fn run<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// Looks at the state in memory.
    pub(crate) fn look<R: Send + 'static>(
        &self,
        look: impl FnOnce(&S) -> R + Send + 'static,
    ) -> Result<R, CallError> {
        let entity = self.entity();
        self.run(async move { inspect(&entity, look).await })
    }

    /// The state in memory equals this one, which is given back; or what is wrong.
    pub(crate) fn compare(&self, stored: S) -> Result<S, String>
    where
        S: Debug + PartialEq,
    {
        let look = move |live: &S| match *live == stored {
            true => Ok(stored),
            false => Err(incomparable(live)
                .unwrap_or_else(|| format!("is {live:?}, but what is stored gives {stored:?}"))),
        };
        self.look(look).unwrap_or_else(|error| Err(format!("cannot be looked at: {error}")))
    }

    /// The state that the journal gives at a number.
    pub(crate) fn state_at(&self, at: SequenceNr) -> Result<S, HistoryError> {
        let entity = self.entity();
        self.run(async move { entity.state_at(at).await })
    }

    /// Lets everything happen that can happen by itself.
    pub(crate) fn settle(&self) {
        self.run(async { tokio::time::sleep(Duration::from_millis(1)).await });
    }
}

impl<S: Entity> fmt::Debug for Life<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Life")
    }
}

/// A runtime of one thread.
///
/// # Panics
/// Inside another runtime.
pub(crate) fn runtime(time: Time) -> Runtime {
    let inside = Handle::try_current().is_ok();
    assert!(!inside, "it brings a runtime of its own: call it from a plain #[test], outside of any runtime");
    let built = Builder::new_current_thread().enable_all().start_paused(time == Time::Paused).build();
    built.expect("a runtime can be built")
}
