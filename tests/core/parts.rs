//! Reusable behaviour: an entity as a part of others, with its own events and commands.

use crate::gate::{Gate, quiesce};
use annals::{
    CallError, Effect, Entity, Event, EventSourced, Node, SequenceNr, Snapshots, storage::StorageProvider,
};
use futures_util::{FutureExt, StreamExt};
use serde::{Deserialize, Serialize};
use std::pin::pin;
use std::time::Duration;
use tokio::time::timeout;

/// Who did what: a behaviour of its own.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct AuditTrail {
    entries: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(entity = AuditTrail, name = "recorded", upcasters = upcasters)]
struct Recorded {
    text: String,
}

fn upcasters() -> annals::Upcasters<Recorded> {
    annals::Upcasters::new().event("noted", 1, |old: former::Noted| Recorded { text: old.text })
}

/// An event of the part as an older program stored it, in the journal of the whole.
mod former {
    use super::*;

    #[derive(Debug, Default, Serialize, Deserialize)]
    pub(super) struct Whole;
    #[derive(Debug, Serialize, Deserialize, Event)]
    #[event(entity = Whole, name = "audit-trail.noted")]
    pub(super) struct Noted {
        pub(super) text: String,
    }
    impl EventSourced for Whole {
        const ENTITY_TYPE: &'static str = "document";
        type Event = Noted;
        fn apply(&mut self, _: &Noted) {}
    }
}

impl EventSourced for AuditTrail {
    const ENTITY_TYPE: &'static str = "audit-trail";
    type Event = Recorded;
    fn apply(&mut self, event: &Recorded) {
        self.entries.push(event.text.clone());
    }
}

#[annals::commands]
impl AuditTrail {
    pub(crate) fn record(&self, text: String) -> Effect<Self, u64> {
        Effect::persist(Recorded { text }).reply(|trail| trail.entries.len() as u64)
    }

    pub(crate) fn record_tagged(&self, tag: String) -> Effect<Self> {
        Effect::persist(Recorded { text: "tagged".into() }).tag(tag).tag("audit")
    }

    #[command(ready = AuditTrail::is_begun)]
    pub(crate) fn last(&self) -> Effect<Self, Option<String>> {
        Effect::none().reply(|trail: &Self| trail.entries.last().cloned())
    }

    fn is_begun(&self) -> bool {
        !self.entries.is_empty()
    }

    #[command(deadline = Duration::from_secs(3))]
    pub(crate) async fn wait_for_ever(&self) {
        std::future::pending().await
    }

    pub(crate) fn entries(&self) -> Vec<String> {
        self.entries.clone()
    }
}

/// How often something changed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct VersionCounter {
    version: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(entity = VersionCounter, name = "raised")]
struct Raised;

impl EventSourced for VersionCounter {
    const ENTITY_TYPE: &'static str = "version";
    type Event = Raised;
    fn apply(&mut self, _: &Raised) {
        self.version += 1;
    }
}

#[annals::commands]
impl VersionCounter {
    pub(crate) fn raise(&self) -> Effect<Self> {
        Effect::persist(Raised)
    }

    /// Called like a command of the other part, with the same argument.
    pub(crate) fn record(&self, text: String) -> Effect<Self> {
        drop(text);
        Effect::persist(Raised)
    }

    pub(crate) fn version(&self) -> u64 {
        self.version
    }
}

macro_rules! entity {
    ($name:ident, $event:ident, $entity_type:literal, $module:ident) => {
        mod $module {
            use super::*;

            #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
            pub(super) struct $name {
                pub(super) text: String,
                audit: AuditTrail,
                version: VersionCounter,
            }

            #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
            #[event(entity = $name)]
            pub(super) enum $event {
                Edited { text: String },
            }

            impl EventSourced for $name {
                const ENTITY_TYPE: &'static str = $entity_type;
                type Event = $event;
                fn apply(&mut self, event: &$event) {
                    let $event::Edited { text } = event;
                    self.text.clone_from(text);
                }
            }

            #[annals::commands(parts(audit: AuditTrail, version: VersionCounter))]
            impl $name {
                pub(crate) fn edit(&self, text: String) -> Effect<Self, String> {
                    Effect::persist($event::Edited { text: text.clone() })
                        .and(self.audit.record(format!("edited: {text}")))
                        .and(self.version.raise())
                        .reply(|entity| format!("{} v{}", entity.text, entity.version.version))
                }
            }
        }
    };
}

entity!(Document, DocumentEvent, "document", document);
entity!(Invoice, InvoiceEvent, "invoice", invoice);

use document::{Document, DocumentEvent};
use invoice::Invoice;

async fn node(gate: &Gate) -> Node {
    Node::builder(gate.clone())
        .register_with::<Document>(|it| it.snapshots(Snapshots::every(5)))
        .register::<Invoice>()
        .register::<AuditTrail>()
        .start()
        .await
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn parts_are_recovered_with_the_whole() {
    let gate = Gate::open();
    for round in 1..=2u64 {
        let node = node(&gate).await;
        let (document, invoice) = (node.entity::<Document>("x"), node.entity::<Invoice>("x"));
        assert_eq!(document.edit("a".into()).await.unwrap(), format!("a v{}", 2 * round - 1));
        assert_eq!(document.edit("b".into()).await.unwrap(), format!("b v{}", 2 * round));
        invoice.edit("i".into()).await.unwrap();
        quiesce().await;
        assert_eq!(document.part::<VersionCounter>().version().await.unwrap(), 2 * round);
        assert_eq!(document.part::<AuditTrail>().entries().await.unwrap().len() as u64, 2 * round);
        assert_eq!(invoice.part::<VersionCounter>().version().await.unwrap(), round);
    }
}

#[tokio::test(start_paused = true)]
async fn the_commands_of_a_part_go_to_the_whole_and_are_one_history_with_it() {
    let gate = Gate::open();
    let node = node(&gate).await;
    let document = node.entity::<Document>("x");
    document.edit("a".into()).await.unwrap();
    let trail = document.part::<AuditTrail>();
    assert_eq!(trail.record("by hand".into()).key("k").await.unwrap(), 2);
    assert_eq!(trail.record("by hand".into()).key("k").await.unwrap(), 2, "keys work");
    assert!(
        matches!(document.edit("k".into()).key("k").await, Err(CallError::KeyReused { .. })),
        "and are shared"
    );
    assert_eq!(trail.entries().await.unwrap(), ["edited: a", "by hand"]);
    assert!(node.entity::<AuditTrail>("x").entries().await.unwrap().is_empty(), "an entity of its own");
    let id = annals::PersistenceId::new("document", annals::EntityId::new("x").unwrap()).unwrap();
    let history = gate.memory().journal().unwrap().read(&id, annals::storage::ReadRange::ALL);
    let entries: Vec<_> = history.map(|entry| entry.unwrap()).collect().await;
    let name = |entry: &annals::storage::JournalEntry| match entry {
        annals::storage::JournalEntry::Event(event) => Some(event.payload.manifest().to_string()),
        annals::storage::JournalEntry::Outcome { .. } => None,
    };
    let names: Vec<String> = entries.iter().filter_map(name).collect();
    assert_eq!(
        names,
        ["edited v1", "audit-trail.recorded v1", "version.raised v1", "audit-trail.recorded v1"]
    );
}

#[tokio::test(start_paused = true)]
async fn each_part_has_its_own_events_and_state() {
    let node = node(&Gate::open()).await;
    let document = node.entity::<Document>("x");
    document.edit("a".into()).await.unwrap();
    document.edit("b".into()).await.unwrap();
    let own: Vec<_> = document
        .as_entity_ref()
        .events(SequenceNr::new(1))
        .take(2)
        .map(|it| it.unwrap())
        .map(|it| (it.sequence_nr.get(), it.event))
        .collect()
        .await;
    let edited = |text: &str| DocumentEvent::Edited { text: text.into() };
    assert_eq!(own, [(1, edited("a")), (4, edited("b"))]);
    let trail = document.part::<AuditTrail>();
    let trail = trail.as_entity_ref();
    let recorded: Vec<_> =
        trail.events(SequenceNr::new(1)).take(2).map(|it| it.unwrap().event.text).collect().await;
    assert_eq!(recorded, ["edited: a", "edited: b"]);
    assert_eq!(trail.state_at(SequenceNr::new(2)).await.unwrap().entries, ["edited: a"]);
}

#[test]
fn names_that_two_parts_share_are_refused() {
    let definition = Document::definition().part::<AuditTrail>();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let start = annals::Node::builder(Gate::open()).register_with::<Document>(|_| definition).start();
    let error = runtime.block_on(start).unwrap_err();
    assert!(error.to_string().contains("audit-trail."), "{error}");
}

/// A part, and a whole with an event of its own that is called as if it were the part's.
mod alike {
    use super::*;

    #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
    pub(super) struct Folder {
        name: String,
        audit: AuditTrail,
    }

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
    #[event(entity = Folder, name = "audit-trail.renamed")]
    pub(super) struct Renamed {
        pub(super) name: String,
    }

    impl EventSourced for Folder {
        const ENTITY_TYPE: &'static str = "folder";
        type Event = Renamed;
        fn apply(&mut self, event: &Renamed) {
            self.name.clone_from(&event.name);
        }
    }

    #[annals::commands(parts(audit: AuditTrail))]
    impl Folder {
        pub(crate) fn rename(&self, name: String) -> Effect<Self> {
            Effect::persist(Renamed { name: name.clone() }).and(self.audit.record(name))
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_that_is_called_like_those_of_a_part_is_still_the_wholes() {
    let node = Node::builder(Gate::open()).register::<alike::Folder>().start().await.unwrap();
    let folder = node.entity::<alike::Folder>("x");
    folder.rename("a".into()).await.unwrap();
    let mut own = folder.as_entity_ref().events(SequenceNr::new(1));
    let trail = folder.part::<AuditTrail>();
    let mut recorded = trail.as_entity_ref().events(SequenceNr::new(1));
    let own =
        timeout(Duration::from_millis(1), own.next()).await.expect("it is not left out").unwrap().unwrap();
    assert_eq!((own.sequence_nr.get(), own.event.name.as_str()), (1, "a"));
    let recorded = recorded.next().await.unwrap().unwrap();
    assert_eq!((recorded.sequence_nr.get(), recorded.event.text.as_str()), (2, "a"));
}

#[tokio::test(start_paused = true)]
async fn a_command_of_a_part_waits_until_the_part_is_ready() {
    let document = node(&Gate::open()).await.entity::<Document>("x");
    let trail = document.part::<AuditTrail>();
    let mut last = pin!(trail.last().into_future());
    assert!((&mut last).now_or_never().is_none());
    quiesce().await;
    assert!((&mut last).now_or_never().is_none());
    document.edit("a".into()).await.unwrap();
    assert_eq!(last.await.unwrap().as_deref(), Some("edited: a"));
}

#[tokio::test(start_paused = true)]
async fn a_handler_of_a_part_that_awaits_has_its_own_deadline() {
    let document = node(&Gate::open()).await.entity::<Document>("x");
    let began = tokio::time::Instant::now();
    document.part::<AuditTrail>().wait_for_ever().await.unwrap_err();
    assert_eq!(began.elapsed().as_secs(), 3);
}

#[tokio::test(start_paused = true)]
async fn the_tags_of_a_command_of_a_part_are_stored() {
    let document = node(&Gate::open()).await.entity::<Document>("x");
    let trail = document.part::<AuditTrail>();
    trail.record_tagged("vip".into()).await.unwrap();
    let recorded = trail.as_entity_ref().events(SequenceNr::new(1)).next().await.unwrap().unwrap();
    assert_eq!(recorded.tags, ["vip".into(), "audit".into()]);
}

#[tokio::test(start_paused = true)]
async fn a_key_tells_apart_the_commands_of_two_parts_that_are_called_alike() {
    let document = node(&Gate::open()).await.entity::<Document>("x");
    document.part::<AuditTrail>().record("a".into()).key("k").await.unwrap();
    let refused = document.part::<VersionCounter>().record("a".into()).key("k").await;
    assert!(matches!(refused, Err(CallError::KeyReused { .. })), "{refused:?}");
}

#[tokio::test(start_paused = true)]
async fn older_events_of_a_part_are_upcast_in_the_whole() {
    let gate = Gate::open();
    let document = node(&gate).await.entity::<Document>("x");
    let id = annals::PersistenceId::new("document", annals::EntityId::new("x").unwrap()).unwrap();
    crate::recovery::store_in(&gate, &id, 0, &former::Noted { text: "old".into() }).await;
    assert_eq!(document.part::<AuditTrail>().entries().await.unwrap(), ["old"]);
}
