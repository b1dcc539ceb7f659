//! How things are stored: every codec, an encryption hook, and types that changed since.

use crate::gate::{Gate, quiesce};
use crate::ledger::{Ledger, LedgerEvent, builder, ledger, numbers};
use annals::storage::{JournalEntry, ReadRange, SnapshotCriteria, StorageProvider};
use annals::{
    CallError, Cipher, CipherError, Codec, Definition, Effect, Event, EventSourced, Node, NotHandled,
    Payload, Sealing, Snapshots,
};
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};

const CODECS: [Codec; 4] = [Codec::MessagePack, Codec::Json, Codec::Bincode, Codec::Postcard];

async fn node(gate: &Gate, configure: impl FnOnce(Definition<Ledger>) -> Definition<Ledger>) -> Node {
    builder(gate.clone(), |it| configure(it.snapshots(Snapshots::every(2)))).start().await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn every_codec_stores_and_recovers() {
    let gate = Gate::open();
    // One journal with all of them: each record says its own.
    for (round, codec) in (0..).zip(CODECS) {
        let node = node(&gate, |it| it.codec(codec)).await;
        let entity = node.entity::<Ledger>("l");
        assert_eq!(entity.add(1).key(format!("{codec}")).await.unwrap(), 3 * round + 1);
        quiesce().await;
        assert_eq!(entity.add(1).await.unwrap(), 3 * round + 2);
        quiesce().await;
        assert_eq!(entity.add(1).await.unwrap(), 3 * round + 3);
        quiesce().await;
    }
    let history = gate.memory().journal().unwrap().read(&ledger("l"), ReadRange::ALL);
    let mut used: Vec<u8> = history
        .map(|entry| match entry.unwrap() {
            JournalEntry::Event(event) => event.payload.codec().0,
            JournalEntry::Outcome { kept, .. } => kept.outcome.payload.codec().0,
        })
        .collect()
        .await;
    used.dedup();
    assert_eq!(used, CODECS.map(|codec| codec.id().0));
    for codec in CODECS {
        let again = node(&gate, |it| it.codec(codec)).await.entity::<Ledger>("l");
        assert_eq!(again.sum().await.unwrap(), 12);
        assert_eq!(again.add(1).key("MessagePack").await.unwrap(), 1, "the first outcome");
    }
}

/// The ledger with the fields of an event swapped and widened: the bytes would fit, the meaning would not.
#[derive(Default, Serialize, Deserialize)]
struct Changed {
    sum: u64,
}
#[derive(Serialize, Deserialize, Event)]
#[event(entity = Changed)]
enum ChangedEvent {
    Added { euros: i64 },
}
impl EventSourced for Changed {
    const ENTITY_TYPE: &'static str = "ledger";
    type Event = ChangedEvent;
    fn apply(&mut self, event: &ChangedEvent) {
        let ChangedEvent::Added { euros } = event;
        self.sum += euros.unsigned_abs() * 100;
    }
}
#[annals::commands]
impl Changed {
    pub(crate) fn sum(&self) -> u64 {
        self.sum
    }
}

#[tokio::test(start_paused = true)]
async fn a_changed_type_is_refused_and_never_misread() {
    for codec in CODECS {
        let gate = Gate::open();
        node(&gate, |it| it.codec(codec)).await.entity::<Ledger>("l").add(7).await.unwrap();
        let node = Node::builder(gate).register::<Changed>().start().await.unwrap();
        let error = node.entity::<Changed>("l").sum().await.unwrap_err();
        let CallError::Incompatible(error) = error else { panic!("{codec}: {error:?}") };
        assert!(error.to_string().contains("event 1 of ledger/l"), "{codec}: {error}");
    }
}

/// Not a cipher to be used: it shows what a cipher is given. Its key depends on the entity.
struct Toy {
    secret: u8,
}

impl Toy {
    fn stream(&self, about: &Sealing<'_>) -> impl Iterator<Item = u8> {
        let seed = about.id.entity_id().as_str().bytes().fold(self.secret, u8::wrapping_add);
        (0u8..=255).cycle().map(move |n| n.wrapping_mul(31).wrapping_add(seed))
    }
}

impl Cipher for Toy {
    fn encrypt(&self, about: &Sealing<'_>, plain: &[u8]) -> Result<Vec<u8>, CipherError> {
        let mut sealed: Vec<u8> =
            plain.iter().zip(self.stream(about)).map(|(byte, key)| byte ^ key).collect();
        sealed.push(plain.iter().fold(self.secret, |sum, byte| sum.wrapping_add(*byte)));
        Ok(sealed)
    }

    fn decrypt(&self, about: &Sealing<'_>, sealed: &[u8]) -> Result<Vec<u8>, CipherError> {
        let (tag, body) = sealed.split_last().ok_or_else(|| CipherError::new("it is empty"))?;
        let plain: Vec<u8> = body.iter().zip(self.stream(about)).map(|(byte, key)| byte ^ key).collect();
        let found = plain.iter().fold(self.secret, |sum, byte| sum.wrapping_add(*byte));
        if found == *tag { Ok(plain) } else { Err(CipherError::new("another key was used")) }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_stored_is_encrypted_and_read_back() {
    let gate = Gate::open();
    node(&gate, |it| it).await.entity::<Ledger>("l").add(1).key("plain").await.unwrap();
    for _ in 0..2 {
        let node = node(&gate, |it| it.codec(Codec::Json).cipher(Toy { secret: 7 })).await;
        let entity = node.entity::<Ledger>("l");
        assert_eq!(entity.add(1).key("plain").await.unwrap(), 1, "what was stored without stays readable");
        assert_eq!(entity.add(2).key("secret").await.unwrap(), 3);
        quiesce().await;
    }
    let mut history =
        gate.memory().journal().unwrap().read(&ledger("l"), ReadRange::from(annals::SequenceNr::new(2)));
    let mut encrypted = 0;
    while let Some(entry) = history.next().await {
        let payload = match entry.unwrap() {
            JournalEntry::Event(event) => event.payload,
            JournalEntry::Outcome { sequence_nr, kept } if sequence_nr.get() == 2 => kept.outcome.payload,
            JournalEntry::Outcome { .. } => continue,
        };
        assert!(
            payload.codec().is_encrypted() && !String::from_utf8_lossy(payload.bytes()).contains("Added")
        );
        encrypted += 1;
    }
    assert_eq!(encrypted, 2, "the event and the outcome");
    let snapshot =
        gate.memory().snapshots().unwrap().load(&ledger("l"), SnapshotCriteria::ALL).await.unwrap();
    assert!(snapshot.unwrap().payload.codec().is_encrypted());
    for wrong in [node(&gate, |it| it).await, node(&gate, |it| it.cipher(Toy { secret: 8 })).await] {
        let error = wrong.entity::<Ledger>("l").sum().await.unwrap_err();
        assert!(matches!(error, CallError::Incompatible(_)), "{error:?}");
    }
    assert_eq!(numbers(&gate, "l").await, [1, 2]);
}

/// What a later program makes of the ledger's events.
mod later {
    use super::*;
    use annals::Upcasters;

    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    pub(super) struct Log(pub(super) Vec<String>);

    #[derive(Debug, PartialEq, Serialize, Deserialize, Event)]
    #[event(entity = Log, name = "line", upcasters = upcasters)]
    pub(super) struct Line(pub(super) String);

    fn upcasters() -> Upcasters<Line> {
        Upcasters::new()
            .event("opened", 1, |_: LedgerEvent| Line("opened".into()))
            .events("added", 1, |old: LedgerEvent| match old {
                LedgerEvent::Added { cents } => vec![Line("added".into()), Line(cents.to_string())],
                other => vec![Line(format!("{other:?}"))],
            })
            .dropped("closed", 1)
    }

    impl EventSourced for Log {
        const ENTITY_TYPE: &'static str = "ledger";
        type Event = Line;
        fn apply(&mut self, event: &Line) {
            self.0.push(event.0.clone());
        }
    }

    #[annals::commands]
    impl Log {
        pub(crate) fn say(&self, text: String) -> Effect<Self, Vec<String>> {
            Effect::persist(Line(text)).reply(|log| log.0.clone())
        }
    }
}

#[tokio::test(start_paused = true)]
async fn events_of_older_versions_become_one_several_or_none() {
    for codec in CODECS {
        let gate = Gate::open();
        let old = builder(gate.clone(), |it| it.codec(codec)).start().await.unwrap();
        let entity = old.entity::<Ledger>("l");
        entity.open().await.unwrap();
        entity.add(7).await.unwrap();
        entity.close().await.unwrap();
        let new = Node::builder(gate.clone()).register::<later::Log>().start().await.unwrap();
        let log = new.entity::<later::Log>("l");
        let lines = log.say("new".into()).await.unwrap();
        assert_eq!(lines, ["opened", "added", "7", "new"]);
        assert_eq!(numbers(&gate, "l").await, [1, 2, 3, 4], "what is stored stays as it was");
        let followed: Vec<_> = log
            .as_entity_ref()
            .events(annals::SequenceNr::new(1))
            .take(4)
            .map(|it| it.unwrap())
            .map(|it| (it.sequence_nr.get(), it.event.0))
            .collect()
            .await;
        let expected = [(1, "opened"), (2, "added"), (2, "7"), (4, "new")];
        assert_eq!(followed, expected.map(|(nr, text)| (nr, text.to_owned())));
    }
}

#[tokio::test(start_paused = true)]
async fn a_damaged_event_is_found_although_it_means_nothing_any_more() {
    let gate = Gate::open();
    node(&gate, |it| it).await.entity::<Ledger>("l").close().await.unwrap();
    assert!(gate.memory().tamper_with_event(&ledger("l"), annals::SequenceNr::new(1), |payload| {
        Some(Payload::from_stored(payload.manifest().clone(), payload.codec(), 0, payload.bytes().to_vec()))
    }));
    let new = Node::builder(gate).register::<later::Log>().start().await.unwrap();
    let error = new.entity::<later::Log>("l").say("new".into()).await.unwrap_err();
    assert!(matches!(error, CallError::NotHandled(NotHandled::Recovery(_))), "{error:?}");
}
