//! The history of an entity: an input is a script of what lies in its store, and the answers of a node are compared
//! with what the payloads alone say.

use super::book::{
    Add, AddedV1, Book, BookEvent, BookV1, BookV2, BothV1, Get, Unreadable, events_of, state_of,
};
use super::stored;
use crate::bytes::Bytes;
use crate::toy::Toy;
use crate::{Memory, Target};
use annals::storage::{
    Change, Event, Fence, JournalEntry, JournalStorage as _, KeyedOutcome, Lane, OutcomeKind, ReadRange,
    Snapshot, SnapshotStorage as _, SnapshotWrite, StorageError, Subject, Write, WriteStorage as _,
};
use annals::{
    ActivationId, CallError, CommandDigest, EntityRef, Entropy, Epoch, EventSourced as _, HistoryError,
    Manifest, Node, NotHandled, Payload, PersistenceId, RecoveryError, RecoveryPolicy, SequenceNr, ShardId,
    Snapshots, Timestamp, Unknown, WriteNr,
};
use annals_memory::MemoryStorage;
use futures_util::StreamExt as _;

/// An entity is recovered from events, snapshots and outcomes of every kind, sound and not.
pub const RECOVER_ENTITY: Target = Target {
    name: "recover_entity",
    run: |input| run(Script::read(Bytes(input))),
    // A node has a runtime and 256 shards.
    memory: Memory { bytes: 4 << 20, per_input_byte: 4_096 },
};

const MAX_EVENTS: usize = 12;
const MAX_SNAPSHOTS: usize = 3;
const COMMAND: Add = Add { cents: 1 };

/// What lies in the store.
struct Script {
    id: PersistenceId,
    policy: RecoveryPolicy,
    events: Vec<Row>,
    snapshots: Vec<Snapshot>,
}

struct Row {
    /// None: the row is missing.
    payload: Option<Payload>,
    kept: Option<KeyedOutcome>,
}

impl Script {
    fn read(mut input: Bytes<'_>) -> Self {
        let id = stored::id(Book::ENTITY_TYPE);
        let policy = match input.choice(4) {
            1 => RecoveryPolicy::StartAtHighest,
            _ => RecoveryPolicy::Stop,
        };
        let shots = usize::from(input.choice(MAX_SNAPSHOTS as u8 + 1));
        let snapshots = (0..shots).map(|nr| snapshot(&mut input, &id, nr)).collect();
        let mut events = Vec::new();
        while events.len() < MAX_EVENTS && !input.is_empty() {
            let key = format!("j{}", events.len());
            let payload = event(&mut input, &id);
            let kept = (input.choice(4) == 1)
                .then(|| stored::outcome(&mut input, &id, &key, (<Add as annals::Command>::NAME, &COMMAND)));
            events.push(Row { payload: (input.choice(16) != 1).then_some(payload), kept });
        }
        let mut script = Self { id, policy, events, snapshots };
        script.number_snapshots();
        script
    }

    /// No snapshot is ahead of the journal, and one replaces another at the same number.
    fn number_snapshots(&mut self) {
        let highest = self.events.len() as u64;
        for snapshot in &mut self.snapshots {
            snapshot.sequence_nr = SequenceNr::new(snapshot.sequence_nr.get() % (highest + 1));
        }
        self.snapshots.reverse();
        self.snapshots.sort_by_key(|snapshot| snapshot.sequence_nr);
        self.snapshots.dedup_by_key(|snapshot| snapshot.sequence_nr);
    }
}

fn event(input: &mut Bytes<'_>, id: &PersistenceId) -> Payload {
    let kind = input.choice(8);
    let cents = input.number();
    let euros = cents as i32;
    let mut name = || String::from_utf8_lossy(input.some()).into_owned();
    match kind {
        0 | 1 => stored::payload(input, id, Manifest::new("added", 2), &BookEvent::Added { cents }),
        2 => {
            let event = BookEvent::Named(name());
            stored::payload(input, id, Manifest::new("named", 1), &event)
        }
        3 => stored::payload(input, id, Manifest::new("added", 1), &AddedV1::Added { euros }),
        4 => {
            let event = BothV1::Both { cents, name: name() };
            stored::payload(input, id, Manifest::new("both", 1), &event)
        }
        5 => stored::payload(input, id, Manifest::new("gone", 1), &cents),
        6 => stored::payload(input, id, Manifest::new("added", 3), &cents),
        _ => stored::payload(input, id, Manifest::new("strange", 1), &cents),
    }
}

fn snapshot(input: &mut Bytes<'_>, id: &PersistenceId, nr: usize) -> Snapshot {
    let sequence_nr = SequenceNr::new(input.byte().into());
    let sum = input.number();
    let payload = state(input, id, sum);
    let outcomes = (0..input.choice(3))
        .map(|n| stored::outcome(input, id, &format!("s{nr}{n}"), (<Add as annals::Command>::NAME, &COMMAND)))
        .collect();
    Snapshot { sequence_nr, taken_at: Timestamp::from_micros(1), payload, outcomes, outcomes_complete: false }
}

/// A state in one of its versions.
pub(crate) fn state(input: &mut Bytes<'_>, id: &PersistenceId, sum: i64) -> Payload {
    let manifest = |version| Manifest::new(Book::ENTITY_TYPE, version);
    match input.choice(8) {
        1 => stored::payload(input, id, manifest(1), &BookV1 { euros: sum as i32 }),
        2 => stored::payload(input, id, manifest(2), &BookV2 { cents: sum, name: Some("x".into()) }),
        3 => stored::payload(input, id, manifest(9), &sum),
        _ => stored::payload(input, id, manifest(3), &Book { sum, names: vec!["x".into()], events: 7 }),
    }
}

/// What the payloads alone say.
struct Expected {
    state: Result<Book, (Unreadable, SequenceNr)>,
    /// What repetitions are answered with: of the snapshot that is used, and of the events behind it.
    kept: Vec<KeyedOutcome>,
}

impl Script {
    fn expected(&self) -> Expected {
        let sealer = stored::sealer();
        let newest = self.snapshots.iter().rev();
        let mut opened = newest
            .filter_map(|snapshot| Some((snapshot, state_of(&sealer, &self.id, &snapshot.payload).ok()?)));
        let (from, mut kept, mut book) = match opened.next() {
            Some((snapshot, book)) => (snapshot.sequence_nr.get(), snapshot.outcomes.clone(), book),
            None => (0, Vec::new(), Book::default()),
        };
        let mut broken = None;
        for (nr, row) in (1..).zip(&self.events) {
            kept.extend(row.kept.clone());
            if nr <= from {
                continue;
            }
            match self.events_of(row) {
                Ok(events) => events.iter().for_each(|event| book.apply(event)),
                Err(why) => drop(broken.get_or_insert((why, SequenceNr::new(nr)))),
            }
        }
        let state = match broken {
            Some(broken) if self.policy == RecoveryPolicy::Stop => Err(broken),
            _ => Ok(book),
        };
        Expected { state, kept }
    }

    fn events_of(&self, row: &Row) -> Result<Vec<BookEvent>, Unreadable> {
        let payload = row.payload.as_ref().ok_or(Unreadable::Corrupt)?;
        events_of(&stored::sealer(), &self.id, payload)
    }

    /// Puts it into a store. Rows are changed behind the port, which would note the names.
    async fn store(&self) -> MemoryStorage {
        let storage = MemoryStorage::new();
        let fence = Fence { shard: ShardId::of(&self.id), epoch: Epoch::new(1) };
        storage.raise_epochs(&[fence]).await.expect("nobody owns it");
        let rows = self.events.iter().enumerate();
        let writes: Vec<Write> = rows.map(|(at, row)| write(&self.id, fence, at as u64, row)).collect();
        for stored in storage.append(Lane(0), writes.into()).await {
            stored.expect("every write is right");
        }
        for (nr, row) in (1..).zip(&self.events) {
            storage.tamper_with_event(&self.id, SequenceNr::new(nr), |_| row.payload.clone());
        }
        for snapshot in &self.snapshots {
            let write = SnapshotWrite { id: self.id.clone(), fence, snapshot: snapshot.clone() };
            storage.save(write).await.expect("it is not ahead of the journal");
        }
        storage
    }
}

fn write(id: &PersistenceId, fence: Fence, before: u64, row: &Row) -> Write {
    let placeholder: Event = Payload::seal(Manifest::new("added", 2), annals::CodecId(1), Vec::new()).into();
    Write {
        id: id.clone(),
        fence,
        activation: ActivationId::new(1),
        write_nr: WriteNr::new(before + 1),
        written_at: Timestamp::from_micros(1),
        change: Change::Events {
            expected: SequenceNr::new(before),
            events: [placeholder].into_iter().collect(),
        },
        outcome: row.kept.clone(),
        side_effects: Vec::new(),
    }
}

fn run(script: Script) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    runtime.block_on(compare(&script));
}

async fn compare(script: &Script) {
    let storage = script.store().await;
    reads_as_stored(script, &storage).await;
    let node = Node::builder(storage)
        .entropy(Entropy::Seeded(1))
        .register_with::<Book>(|it| it.cipher(Toy).recovery(script.policy).snapshots(Snapshots::on_demand()))
        .start()
        .await
        .expect("the names that were written are known");
    let book = node.entity::<Book>("x");
    follow(script, &book).await;
    let expected = script.expected();
    match (&expected.state, book.ask(Get).await) {
        (Ok(expected), Ok(found)) => assert_eq!(*expected, found),
        (Err(broken), Err(error)) => names(&error, *broken),
        (expected, found) => panic!("expected {expected:?}, found {found:?}"),
    }
    if expected.state.is_ok() {
        repeat(script, &expected.kept, &book).await;
    }
    node.shutdown().await;
}

/// What went into the store comes out as it is.
async fn reads_as_stored(script: &Script, storage: &MemoryStorage) {
    let read: Vec<_> = storage.read(&script.id, ReadRange::ALL).collect().await;
    let events = read.iter().filter(|entry| matches!(entry, Ok(JournalEntry::Event(_)))).count();
    assert!(events <= script.events.len());
}

/// Reading the events gives each one up to the first that cannot be read, and names that one.
async fn follow(script: &Script, book: &EntityRef<Book>) {
    let mut read = book.events(SequenceNr::new(1));
    for (nr, row) in (1..).map(SequenceNr::new).zip(&script.events) {
        match script.events_of(row) {
            Ok(events) => {
                for event in events {
                    let recorded = read.next().await.expect("there is one").expect("it is readable");
                    assert_eq!((recorded.sequence_nr, recorded.event), (nr, event));
                }
            }
            Err(why) => {
                let error = read.next().await.expect("there is one").expect_err("it is not readable");
                let HistoryError::Recovery(RecoveryError::Storage(error)) = error else { panic!("{error}") };
                return is_about(&error, (why, nr));
            }
        }
    }
}

/// Whether an error says which event is broken, and how.
fn names(error: &CallError, broken: (Unreadable, SequenceNr)) {
    match error {
        CallError::Incompatible(error)
        | CallError::NotHandled(NotHandled::Recovery(RecoveryError::Storage(error))) => {
            is_about(error, broken)
        }
        other => panic!("{other}"),
    }
}

fn is_about(error: &StorageError, (why, nr): (Unreadable, SequenceNr)) {
    let right = match error {
        StorageError::Corrupt { subject: Subject::Event(_, at), .. } => {
            why == Unreadable::Corrupt && *at == nr
        }
        StorageError::Incompatible { subject: Subject::Event(_, at), .. } => {
            why == Unreadable::Incompatible && *at == nr
        }
        _ => false,
    };
    assert!(right, "event {nr} is {why:?}, and it says: {error}");
}

/// A repeated command is answered with what was kept, or with an error that says why not; it never runs again.
async fn repeat(script: &Script, kept: &[KeyedOutcome], book: &EntityRef<Book>) {
    let sealer = stored::sealer();
    let encoded = annals::Codec::MessagePack.encode(&COMMAND).expect("it holds every command");
    let digest = CommandDigest::of(<Add as annals::Command>::NAME, &encoded);
    let before = book.ask(Get).await.expect("it was read before");
    for kept in kept {
        let answer = book.ask(COMMAND).key(kept.key.clone()).await;
        let payload = &kept.outcome.payload;
        match (kept.outcome.kind, answer) {
            (_, Err(CallError::KeyReused { .. })) => assert_ne!(kept.command, digest),
            (OutcomeKind::Reply, Ok(reply)) => {
                assert_eq!(sealer.open::<i64>(&script.id, payload).expect("it was read"), reply);
            }
            (OutcomeKind::Rejection, Err(CallError::Rejected(rejection))) => {
                assert_eq!(sealer.open::<String>(&script.id, payload).expect("it was read"), rejection);
            }
            (OutcomeKind::Reply, Err(CallError::Unknown(Unknown::Unreadable(_)))) => {
                assert!(sealer.open::<i64>(&script.id, payload).is_err());
            }
            (OutcomeKind::Rejection, Err(CallError::Unknown(Unknown::Unreadable(_)))) => {
                assert!(sealer.open::<String>(&script.id, payload).is_err());
            }
            (kind, answer) => panic!("{kind:?} is kept, and the answer is {answer:?}"),
        }
    }
    assert_eq!(book.ask(Get).await.expect("it was read before"), before);
}
