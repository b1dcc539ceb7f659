//! How often a call allocates. Counted on one thread, which runs the callers, the entity and its lane, above a
//! storage that keeps nothing.
//!
//! A group of writes has allocations of its own, however many writes are in it: the future that `async_trait`
//! boxes, the group in two forms, those who wait for it, the results. So one hot entity is asked by many callers
//! at once: its groups are large, and what a group costs is spread thin.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use annals::storage::{
    Committed, Extent, Fence, JournalStorage, JournalStream, KeyedOutcome, Lane, ReadRange, SnapshotStorage,
    StateStorage, StorageError, StorageProvider, Write, WriteStorage,
};
use annals::{
    Codec, Command, Context, Definition, Effect, Entity, EntityRef, Epoch, Event, EventSourced, Handler, Key,
    Manifest, Node, PersistenceId, SequenceNr, ShardId,
};
use async_trait::async_trait;
use futures_util::future::join_all;
use futures_util::stream;
use serde::{Deserialize, Serialize};
use std::future::IntoFuture;
use std::num::NonZeroUsize;
use std::sync::Arc;
use tokio::task::unconstrained;

/// The envelope and the channel of the answer.
const PER_QUERY: f64 = 2.0;
/// Those two, the event, and its payload.
const PER_PERSISTED: f64 = 4.0;
/// What else there may be for each call: six allocations for each group, and a block of the lane's queue for every
/// 32 writes.
const SHARE_OF_GROUP: f64 = 0.05;

const CALLERS: usize = 1_000;
const CALLS: usize = 20;

#[test]
fn a_query_takes_two_allocations() {
    let by_hand = allocations(|node| {
        let counter = node.entity::<ByHand>("one");
        move || counter.ask(Count)
    });
    let by_macro = allocations(|node| {
        let counter = node.entity::<ByMacro>("one");
        move || counter.count()
    });
    for (form, found) in [("by hand", by_hand), ("by the macro", by_macro)] {
        assert!(found <= PER_QUERY + SHARE_OF_GROUP, "{form}: {found} for a query");
    }
}

/// The smallest type that nests without end.
#[derive(Debug, Serialize, Deserialize)]
struct Tree(Vec<Tree>);

/// A hundred lists, one in the other, of which each claims more elements than follow.
fn lists_that_claim_too_much() -> [(Codec, Vec<u8>); 3] {
    let fingerprinted = |claim: u8| [&[0; 8][..], &[claim; 200]].concat();
    [
        (Codec::MessagePack, [0xdd, 0xff, 0xff, 0xff, 0xff].repeat(100)),
        (Codec::Bincode, fingerprinted(199)),
        (Codec::Postcard, fingerprinted(127)),
    ]
}

#[test]
fn a_list_that_claims_elements_that_are_not_there_takes_no_room() {
    for (codec, bytes) in lists_that_claim_too_much() {
        let found = allocation_counter::measure(|| {
            assert!(codec.decode::<Tree>(&bytes).is_err());
        });
        assert!(found.bytes_max < 32 * bytes.len() as u64, "{codec}: {} bytes", found.bytes_max);
    }
}

#[test]
fn a_persisted_command_takes_four_allocations() {
    let by_hand = allocations(|node| {
        let counter = node.entity::<ByHand>("one");
        move || counter.ask(Raise { by: 1 })
    });
    let by_macro = allocations(|node| {
        let counter = node.entity::<ByMacro>("one");
        move || counter.raise(1)
    });
    for (form, found) in [("by hand", by_hand), ("by the macro", by_macro)] {
        assert!(found <= PER_PERSISTED + SHARE_OF_GROUP, "{form}: {found} for a persisted command");
    }
}

/// How many allocations each call takes, when many callers ask one entity at once.
fn allocations<A, C, R, E>(ask: impl FnOnce(&Node) -> A) -> f64
where
    A: Fn() -> C,
    C: IntoFuture<Output = Result<R, E>>,
    E: std::fmt::Debug,
{
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let start = Node::builder(Nothing).register::<ByHand>().register::<ByMacro>().start();
    let node = runtime.block_on(start).unwrap();
    let ask = ask(&node);
    let all = || {
        let caller = async || {
            for _ in 0..CALLS {
                ask().await.unwrap();
            }
        };
        // The budget of tasks would cut groups short.
        runtime.block_on(unconstrained(join_all((0..CALLERS).map(|_| caller()))));
    };
    // Queues grow to their size.
    all();
    let counted = allocation_counter::measure(all);
    runtime.block_on(node.shutdown());
    // Each caller is a task of `join_all`.
    (counted.count_total - CALLERS as u64) as f64 / (CALLERS * CALLS) as f64
}

/// A counter on the traits.
#[derive(Default, Serialize, Deserialize)]
struct ByHand {
    count: u64,
}

#[derive(Serialize, Deserialize)]
enum Raised {
    By { by: u64 },
}

impl Event for Raised {
    type Entity = ByHand;
    const MANIFESTS: &'static [Manifest] = &[Manifest::new("raised", 1)];
    fn manifest(&self) -> Manifest {
        Manifest::new("raised", 1)
    }
}

impl EventSourced for ByHand {
    const ENTITY_TYPE: &'static str = "by-hand";
    type Event = Raised;
    fn apply(&mut self, Raised::By { by }: &Raised) {
        self.count += by;
    }
}

#[derive(Serialize, Deserialize)]
struct Count;
impl Command for Count {
    const NAME: &'static str = "count";
}
impl Handler<Count> for ByHand {
    type Output = u64;
    fn handle(&self, _: Count, _: &Context<Self>) -> u64 {
        self.count
    }
}

#[derive(Serialize, Deserialize)]
struct Raise {
    by: u64,
}
impl Command for Raise {
    const NAME: &'static str = "raise";
}
impl Handler<Raise> for ByHand {
    type Output = Effect<Self, u64>;
    fn handle(&self, Raise { by }: Raise, _: &Context<Self>) -> Self::Output {
        Effect::persist(Raised::By { by }).reply(|counter| counter.count)
    }
}

impl Entity for ByHand {
    type Ref = EntityRef<Self>;
    fn definition() -> Definition<Self> {
        Definition::event_sourced().command::<Count>().command::<Raise>()
    }
}

/// The same with the macros.
#[derive(Default, Serialize, Deserialize)]
struct ByMacro {
    count: u64,
}

#[derive(Event, Serialize, Deserialize)]
#[event(entity = ByMacro)]
enum Counted {
    Raised { by: u64 },
}

impl EventSourced for ByMacro {
    const ENTITY_TYPE: &'static str = "by-macro";
    type Event = Counted;
    fn apply(&mut self, Counted::Raised { by }: &Counted) {
        self.count += by;
    }
}

#[annals::commands]
impl ByMacro {
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    pub(crate) fn raise(&self, by: u64) -> Effect<Self, u64> {
        Effect::persist(Counted::Raised { by }).reply(|counter| counter.count)
    }
}

/// A storage that confirms every write and keeps none.
#[derive(Clone)]
struct Nothing;

impl StorageProvider for Nothing {
    fn name(&self) -> &'static str {
        "nothing"
    }
    fn lanes(&self) -> NonZeroUsize {
        NonZeroUsize::MIN
    }
    fn max_payload_bytes(&self) -> usize {
        1 << 30
    }
    fn writes(&self) -> Arc<dyn WriteStorage> {
        Arc::new(Self)
    }
    fn journal(&self) -> Option<Arc<dyn JournalStorage>> {
        Some(Arc::new(Self))
    }
    fn snapshots(&self) -> Option<Arc<dyn SnapshotStorage>> {
        None
    }
    fn states(&self) -> Option<Arc<dyn StateStorage>> {
        None
    }
}

#[async_trait]
impl WriteStorage for Nothing {
    async fn append(&self, _: Lane, group: Arc<[Write]>) -> Vec<Result<Committed, StorageError>> {
        let committed = Committed::Events { sequence_nr: SequenceNr::ZERO, position: None };
        group.iter().map(|_| Ok(committed)).collect()
    }
    async fn outcomes(
        &self,
        _: &PersistenceId,
        keys: &[Key],
    ) -> Result<Vec<Option<KeyedOutcome>>, StorageError> {
        Ok(vec![None; keys.len()])
    }
    async fn manifests(&self, _: &str) -> Result<Vec<Manifest>, StorageError> {
        Ok(Vec::new())
    }
    async fn erase(&self, _: &PersistenceId, _: Fence) -> Result<(), StorageError> {
        Ok(())
    }
    async fn epochs(&self, shards: &[ShardId]) -> Result<Vec<Epoch>, StorageError> {
        Ok(vec![Epoch::ZERO; shards.len()])
    }
    async fn raise_epochs(&self, _: &[Fence]) -> Result<(), StorageError> {
        Ok(())
    }
}

#[async_trait]
impl JournalStorage for Nothing {
    fn read(&self, _: &PersistenceId, _: ReadRange) -> JournalStream {
        Box::pin(stream::empty())
    }
    async fn extent(&self, _: &PersistenceId) -> Result<Extent, StorageError> {
        Ok(Extent::default())
    }
    async fn delete_to(&self, _: &PersistenceId, _: Fence, _: SequenceNr) -> Result<(), StorageError> {
        Ok(())
    }
}
