//! Behaviour that several entities share, and that is an entity of its own as well.

use crate::stored::stored_names;
use annals::{Context, Effect, Event, EventSourced, Node, SequenceNr};
use annals_memory::MemoryStorage;
use serde::{Deserialize, Serialize};

/// Who did what.
mod audit {
    use super::*;

    #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
    pub struct AuditTrail {
        entries: Vec<String>,
    }

    #[derive(Debug, PartialEq, Event, Serialize, Deserialize)]
    #[event(entity = AuditTrail)]
    pub enum AuditEvent {
        Recorded { entry: String },
        Sealed,
    }

    impl EventSourced for AuditTrail {
        const ENTITY_TYPE: &'static str = "audit-trail";
        type Event = AuditEvent;
        fn apply(&mut self, event: &AuditEvent) {
            self.entries.push(match event {
                AuditEvent::Recorded { entry } => entry.clone(),
                AuditEvent::Sealed => "--".into(),
            });
        }
    }

    #[annals::commands]
    impl AuditTrail {
        pub fn record(&self, entry: String) -> Effect<Self, usize> {
            Effect::persist(AuditEvent::Recorded { entry }).reply(|audit| audit.entries.len())
        }

        pub fn seal(&self) -> Effect<Self> {
            Effect::persist(AuditEvent::Sealed)
        }

        pub fn entries(&self) -> Vec<String> {
            self.entries.clone()
        }

        /// The number and the id are those of the whole.
        pub async fn whereabouts(&self, ctx: &Context<Self>) -> (String, u64) {
            (ctx.entity_id().to_string(), ctx.sequence_nr().get())
        }
    }
}

/// How often something changed.
mod version {
    use super::*;

    #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
    pub struct VersionCounter(u64);

    #[derive(Event, Serialize, Deserialize)]
    #[event(entity = VersionCounter, name = "bumped")]
    pub struct Bumped;

    impl EventSourced for VersionCounter {
        const ENTITY_TYPE: &'static str = "version";
        type Event = Bumped;
        fn apply(&mut self, _: &Bumped) {
            self.0 += 1;
        }
    }

    #[annals::commands]
    impl VersionCounter {
        pub fn bump(&self) -> Effect<Self, u64> {
            Effect::persist(Bumped).reply(Self::current)
        }

        pub fn current(&self) -> u64 {
            self.0
        }
    }
}

mod document {
    use super::*;

    #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
    pub struct Document {
        text: String,
        audit: AuditTrail,
        version: VersionCounter,
    }

    #[derive(Event, Serialize, Deserialize)]
    #[event(entity = Document, name = "written")]
    pub struct Written(String);

    impl EventSourced for Document {
        const ENTITY_TYPE: &'static str = "document";
        type Event = Written;
        fn apply(&mut self, event: &Written) {
            self.text = event.0.clone();
        }
    }

    #[annals::commands(parts(audit: AuditTrail, version: VersionCounter))]
    impl Document {
        pub fn write(&self, text: String) -> Effect<Self, u64> {
            let note = format!("written: {text}");
            Effect::persist(Written(text))
                .and(self.audit.record(note))
                .and(self.version.bump())
                .reply(|document| document.version.current())
        }

        pub fn text(&self) -> String {
            self.text.clone()
        }
    }
}

mod invoice {
    use super::*;

    #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
    pub struct Invoice {
        cents: u64,
        trail: AuditTrail,
        revision: VersionCounter,
    }

    #[derive(Event, Serialize, Deserialize)]
    #[event(entity = Invoice, name = "billed")]
    pub struct Billed(u64);

    impl EventSourced for Invoice {
        const ENTITY_TYPE: &'static str = "invoice";
        type Event = Billed;
        fn apply(&mut self, event: &Billed) {
            self.cents += event.0;
        }
    }

    #[annals::commands(parts(revision: VersionCounter, trail: AuditTrail))]
    impl Invoice {
        pub fn bill(&self, cents: u64) -> Effect<Self> {
            Effect::persist(Billed(cents)).and(self.revision.bump())
        }

        /// An effect with events of a part alone.
        pub fn look_at(&self, who: String) -> Effect<Self, u64> {
            Effect::<Self>::none().and(self.trail.record(who)).reply(|invoice| invoice.cents)
        }
    }
}

use audit::{AuditEvent, AuditTrail};
use document::Document;
use invoice::Invoice;
use version::VersionCounter;

async fn node(storage: &MemoryStorage) -> Node {
    let builder = Node::builder(storage.clone()).register::<Document>().register::<Invoice>();
    builder.register::<AuditTrail>().start().await.unwrap()
}

#[tokio::test]
async fn a_handler_of_the_whole_changes_the_whole_and_its_parts_at_once() {
    let storage = MemoryStorage::new();
    let node = node(&storage).await;
    let memo = node.entity::<Document>("memo");
    assert_eq!(memo.write("hello".into()).await.unwrap(), 1);
    assert_eq!(memo.write("bye".into()).await.unwrap(), 2);
    assert_eq!(memo.text().await.unwrap(), "bye");
    assert_eq!(memo.part::<AuditTrail>().entries().await.unwrap(), ["written: hello", "written: bye"]);
    assert_eq!(memo.part::<VersionCounter>().current().await.unwrap(), 2);
    let once = ["written v1", "audit-trail.recorded v1", "version.bumped v1"];
    assert_eq!(stored_names(&storage, "document", "memo").await, [once, once].concat());
    node.shutdown().await;
}

#[tokio::test]
async fn a_part_is_called_through_the_whole() {
    let storage = MemoryStorage::new();
    let node = node(&storage).await;
    let audit: audit::AuditTrailRef = node.entity::<Document>("memo").part::<AuditTrail>();
    assert_eq!(audit.record("read by Ann".into()).key("r-1").await.unwrap(), 1);
    assert_eq!(audit.record("read by Ann".into()).key("r-1").await.unwrap(), 1);
    audit.seal().tell().await.unwrap();
    assert_eq!(audit.whereabouts().await.unwrap(), ("memo".into(), 2));
    assert_eq!(audit.entries().await.unwrap(), ["read by Ann", "--"]);
    let names = stored_names(&storage, "document", "memo").await;
    assert_eq!(names, ["audit-trail.recorded v1", "audit-trail.sealed v1"]);
    node.shutdown().await;
}

#[tokio::test]
async fn two_entities_share_the_behaviour_and_nothing_else() {
    let node = node(&MemoryStorage::new()).await;
    let (memo, bill) = (node.entity::<Document>("7"), node.entity::<Invoice>("7"));
    memo.write("hello".into()).await.unwrap();
    bill.bill(500).await.unwrap();
    bill.bill(50).await.unwrap();
    assert_eq!(bill.look_at("Bob".into()).await.unwrap(), 550);
    assert_eq!(memo.part::<VersionCounter>().current().await.unwrap(), 1);
    assert_eq!(bill.part::<VersionCounter>().current().await.unwrap(), 2);
    assert_eq!(memo.part::<AuditTrail>().entries().await.unwrap(), ["written: hello"]);
    assert_eq!(bill.part::<AuditTrail>().entries().await.unwrap(), ["Bob"]);
    node.shutdown().await;
}

#[tokio::test]
async fn a_second_node_recovers_the_parts() {
    let storage = MemoryStorage::new();
    let first = node(&storage).await;
    let memo = first.entity::<Document>("memo");
    memo.write("hello".into()).await.unwrap();
    memo.part::<AuditTrail>().record("read".into()).key("r-1").await.unwrap();
    first.shutdown().await;

    let second = node(&storage).await;
    let memo = second.entity::<Document>("memo");
    let audit = memo.part::<AuditTrail>();
    assert_eq!(audit.entries().await.unwrap(), ["written: hello", "read"]);
    assert_eq!(audit.record("read".into()).key("r-1").await.unwrap(), 2, "the key is kept");
    assert_eq!(memo.part::<VersionCounter>().bump().await.unwrap(), 2);
    assert_eq!(memo.text().await.unwrap(), "hello");
    second.shutdown().await;
}

#[tokio::test]
async fn a_part_is_an_entity_of_its_own_as_well() {
    let storage = MemoryStorage::new();
    let node = node(&storage).await;
    let audit = node.entity::<AuditTrail>("memo");
    node.entity::<Document>("memo").write("hello".into()).await.unwrap();
    assert_eq!(audit.record("alone".into()).await.unwrap(), 1);
    assert_eq!(stored_names(&storage, "audit-trail", "memo").await, ["recorded v1"]);
    node.shutdown().await;
}

#[tokio::test]
async fn the_events_of_a_part_are_read_through_its_client() {
    let node = node(&MemoryStorage::new()).await;
    let memo = node.entity::<Document>("memo");
    memo.write("hello".into()).await.unwrap();
    memo.part::<AuditTrail>().seal().await.unwrap();
    let audit = memo.part::<AuditTrail>();
    let mut events = audit.as_entity_ref().events(SequenceNr::ZERO);
    for (nr, expected) in
        [(2, AuditEvent::Recorded { entry: "written: hello".into() }), (4, AuditEvent::Sealed)]
    {
        let recorded = events.next().await.unwrap().unwrap();
        assert_eq!((recorded.sequence_nr.get(), recorded.event), (nr, expected));
    }
    let early = audit.as_entity_ref().state_at(SequenceNr::new(1)).await.unwrap();
    assert_eq!(early, AuditTrail::default());
    node.shutdown().await;
}
