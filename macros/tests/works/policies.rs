//! What `configure` says of an entity.

use crate::stored::{persistence_id, stored};
use annals::storage::{SnapshotCriteria, StorageProvider as _};
use annals::{Codec, Definition, Effect, Event, EventSourced, Node, SequenceNr, Snapshots};
use annals_memory::MemoryStorage;
use serde::{Deserialize, Serialize};

#[derive(Default, Serialize, Deserialize)]
struct Meter {
    total: u64,
}

#[derive(Event, Serialize, Deserialize)]
#[event(entity = Meter, name = "measured")]
struct Measured(u64);

impl EventSourced for Meter {
    const ENTITY_TYPE: &'static str = "meter";
    type Event = Measured;
    fn apply(&mut self, event: &Measured) {
        self.total += event.0;
    }
}

#[annals::commands(configure = Self::compact)]
impl Meter {
    pub fn measure(&self, value: u64) -> Effect<Self, u64> {
        Effect::persist(Measured(value)).reply(Self::total)
    }

    pub fn keep(&self) -> Effect<Self> {
        Effect::none().snapshot()
    }

    pub fn total(&self) -> u64 {
        self.total
    }

    fn compact(definition: Definition<Self>) -> Definition<Self> {
        definition
            .codec(Codec::Postcard)
            .snapshots(Snapshots::on_demand().on_passivation().keep(2).delete_events())
    }
}

async fn node(storage: &MemoryStorage) -> Node {
    Node::builder(storage.clone()).register::<Meter>().start().await.unwrap()
}

#[tokio::test]
async fn snapshots_are_taken_and_the_rest_recovers_from_them() {
    let storage = MemoryStorage::new();
    for (round, total) in [(1, 3), (2, 6), (3, 9)] {
        let node = node(&storage).await;
        let meter = node.entity::<Meter>("m");
        for value in [0, 1, 2] {
            meter.measure(value).await.unwrap();
        }
        assert_eq!(meter.total().await.unwrap(), total, "round {round}");
        node.shutdown().await;
    }
    let id = persistence_id("meter", "m");
    let kept = storage.snapshots().unwrap().list(&id, SnapshotCriteria::ALL).await.unwrap();
    let numbers: Vec<SequenceNr> = kept.into_iter().map(|(nr, _)| nr).collect();
    assert_eq!(numbers, [SequenceNr::new(6), SequenceNr::new(9)]);
    let left = stored(&storage, "meter", "m").await;
    assert_eq!(left.iter().map(|event| event.sequence_nr.get()).collect::<Vec<_>>(), [7, 8, 9]);
    let node = node(&storage).await;
    assert_eq!(node.entity::<Meter>("m").total().await.unwrap(), 9);
    node.shutdown().await;
}

#[tokio::test]
async fn a_handler_can_ask_for_a_snapshot_without_a_change() {
    let storage = MemoryStorage::new();
    let node = node(&storage).await;
    let meter = node.entity::<Meter>("m");
    meter.measure(5).await.unwrap();
    meter.keep().await.unwrap();
    node.shutdown().await;
    let snapshots = storage.snapshots().unwrap();
    let kept = snapshots.load(&persistence_id("meter", "m"), SnapshotCriteria::ALL).await.unwrap().unwrap();
    assert_eq!((kept.sequence_nr.get(), kept.payload.codec()), (1, Codec::Postcard.id()));
}

#[tokio::test]
async fn events_are_stored_with_the_codec_that_is_configured() {
    let storage = MemoryStorage::new();
    let node = node(&storage).await;
    node.entity::<Meter>("m").measure(5).await.unwrap();
    node.shutdown().await;
    let events = stored(&storage, "meter", "m").await;
    assert_eq!(events[0].payload.codec(), Codec::Postcard.id());
}

#[tokio::test]
async fn a_node_can_choose_otherwise() {
    let storage = MemoryStorage::new();
    let builder = Node::builder(storage.clone());
    let builder = builder.register_with::<Meter>(|definition| definition.codec(Codec::Json));
    let node = builder.start().await.unwrap();
    node.entity::<Meter>("m").measure(5).await.unwrap();
    node.shutdown().await;
    let events = stored(&storage, "meter", "m").await;
    assert_eq!(events[0].payload.codec(), Codec::Json.id());
}
