//! The store of one case, beside the engines that run on it.

use super::account::{Account, AccountEvent, Query};
use super::engine::{Engine, Settings};
use super::life::Life;
use super::ports::Ports;
use crate::conformance::{Damage, Harm, StoreUnderTest};
use annals::storage::{
    Change, Committed, Extent, Fence, JournalEntry, JournalStorage, Lane, ReadRange, SnapshotCriteria,
    SnapshotStorage, StoredEvent, Write,
};
use annals::{
    ActivationId, Codec, EntityId, Event, EventSourced, Manifest, Payload, PersistenceId, SequenceNr,
    ShardId, Timestamp, WriteNr,
};
use futures_util::TryStreamExt;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// The account of most cases.
pub(super) const A: &str = "a";
/// Another one.
pub(super) const B: &str = "b";

/// A store, and the engine that is tried on it.
pub(super) struct World<'h> {
    engine: &'h dyn Engine,
    store: Box<dyn StoreUnderTest + 'h>,
}

impl<'h> World<'h> {
    pub(super) async fn open(engine: &'h dyn Engine, mut store: Box<dyn StoreUnderTest + 'h>) -> Self {
        store.open().await;
        Self { engine, store }
    }

    /// Starts the engine. One that runs already is not told.
    pub(super) async fn start(&self) -> Life {
        self.start_with(Settings::default()).await
    }

    pub(super) async fn start_with(&self, settings: Settings) -> Life {
        Life::begin(self.engine, Arc::new(Ports::of(self.store.provider())), settings).await
    }

    // What is stored, past the engine and its faults.

    pub(super) async fn history(&self, account: &str) -> Vec<JournalEntry> {
        let read = self.journal().read(&id(account), ReadRange::ALL);
        read.try_collect().await.unwrap_or_else(|e| panic!("the history of {account} cannot be read: {e}"))
    }

    pub(super) async fn events(&self, account: &str) -> Vec<StoredEvent> {
        let event = |entry| match entry {
            JournalEntry::Event(event) => Some(event),
            JournalEntry::Outcome { .. } => None,
        };
        self.history(account).await.into_iter().filter_map(event).collect()
    }

    /// The amounts of the events, in their order.
    pub(super) async fn amounts(&self, account: &str) -> Vec<i64> {
        let amount = |stored: &StoredEvent| match decode(&stored.payload) {
            AccountEvent::Added { amount } => amount,
            AccountEvent::Spent { amount } => -amount,
            AccountEvent::Exploded => 0,
        };
        self.events(account).await.iter().map(amount).collect()
    }

    /// The account's events have exactly the numbers 1 to `last`, and none was given beyond.
    pub(super) async fn numbers_are_1_to(&self, last: u64, account: &str) {
        let numbers: Vec<u64> = self.events(account).await.iter().map(|it| it.sequence_nr.get()).collect();
        assert_eq!(numbers, (1..=last).collect::<Vec<u64>>(), "the numbers of the events of {account}");
        assert_eq!(self.extent(account).await.highest.get(), last, "the highest number of {account}");
    }

    /// What the first so many events come to.
    pub(super) async fn fold(&self, account: &str, events: usize) -> Account {
        let mut state = Account::default();
        for stored in self.events(account).await.iter().take(events) {
            state.apply(&decode(&stored.payload));
        }
        state
    }

    pub(super) async fn extent(&self, account: &str) -> Extent {
        self.journal().extent(&id(account)).await.expect("it is known")
    }

    /// The numbers of the snapshots.
    pub(super) async fn snapshots(&self, account: &str) -> Vec<u64> {
        let listed = self.snapshot_port().list(&id(account), SnapshotCriteria::ALL).await;
        listed.expect("snapshots can be listed").into_iter().map(|(nr, _)| nr.get()).collect()
    }

    /// The state that a snapshot holds.
    pub(super) async fn snapshot(&self, account: &str, nr: u64) -> Account {
        let at = SnapshotCriteria::at(SequenceNr::new(nr));
        let loaded = self.snapshot_port().load(&id(account), at).await.expect("a snapshot can be loaded");
        decode(&loaded.unwrap_or_else(|| panic!("there is no snapshot {nr}")).payload)
    }

    // Behind the engine's back.

    /// Stores events in the place of whoever owns the account's shard now, behind those that are there.
    pub(super) async fn put(&self, account: &str, events: Vec<Payload>) {
        let (id, writes) = (id(account), self.store.provider().writes());
        let fence = self.fence(account).await;
        let expected = self.extent(account).await.highest;
        let write = Write {
            id: id.clone(),
            fence,
            activation: ActivationId::new(u128::MAX - u128::from(expected.get())),
            write_nr: WriteNr::new(1),
            written_at: Timestamp::from_micros(0),
            change: Change::Events { expected, events: events.into_iter().map(Into::into).collect() },
            outcome: None,
            side_effects: Vec::new(),
        };
        let lane = Lane::of(fence.shard, self.store.provider().lanes().get());
        let committed: Option<Committed> =
            writes.append(lane, [write].into()).await.pop().and_then(Result::ok);
        assert!(committed.is_some(), "the case cannot write events of {account}");
    }

    /// Deletes every event.
    pub(super) async fn delete_events(&self, account: &str) {
        let fence = self.fence(account).await;
        let deleted = self.journal().delete_to(&id(account), fence, SequenceNr::MAX).await;
        deleted.expect("events can be deleted");
    }

    /// Closes the store and opens it again. No engine runs.
    pub(super) async fn reopen(&mut self) {
        self.store.reopen().await;
    }

    /// Damages an event. No engine runs.
    pub(super) async fn damage_event(&mut self, account: &str, nr: u64, harm: Harm) {
        let (id, sequence_nr) = (id(account), SequenceNr::new(nr));
        self.store.damage(Damage::Event { id, sequence_nr, harm }).await;
    }

    /// Damages a snapshot. No engine runs.
    pub(super) async fn damage_snapshot(&mut self, account: &str, nr: u64, harm: Harm) {
        let (id, sequence_nr) = (id(account), SequenceNr::new(nr));
        self.store.damage(Damage::Snapshot { id, sequence_nr, harm }).await;
    }

    async fn fence(&self, account: &str) -> Fence {
        let shard = ShardId::of(&id(account));
        let epochs = self.store.provider().writes().epochs(&[shard]).await.expect("epochs are known");
        Fence { shard, epoch: epochs[0] }
    }

    fn journal(&self) -> Arc<dyn JournalStorage> {
        self.store.provider().journal().expect("the provider has a journal")
    }

    fn snapshot_port(&self) -> Arc<dyn SnapshotStorage> {
        self.store.provider().snapshots().expect("the provider has snapshots")
    }

    // Memory and journal.

    /// Memory equals the journal (G4): what the running engine says, and what a new one says, is what the stored
    /// events come to. `A` is meant, of which no event was deleted. Gives the total.
    pub(super) async fn memory_equals_journal(&self, life: Life) -> i64 {
        let live = said(&life).await;
        life.stop().await;
        let events = self.events(A).await.len();
        self.numbers_are_1_to(events as u64, A).await;
        let journal = self.fold(A, events).await;
        assert_eq!(live, journal, "left: in memory, right: what the journal comes to");
        let again = self.start().await;
        assert_eq!(said(&again).await, journal, "left: recovered, right: what the journal comes to");
        again.stop().await;
        journal.total
    }
}

/// The state of `A` as an engine tells it.
pub(super) async fn said(life: &Life) -> Account {
    let total = life.ask_until_answered(Query::Total).await;
    let events = life.ask_until_answered(Query::Events).await.cast_unsigned();
    let trail = life.ask_until_answered(Query::Trail).await.cast_unsigned();
    Account { total, events, trail }
}

/// The persistence id of an account.
pub(super) fn id(account: &str) -> PersistenceId {
    let entity_id = EntityId::new(account).expect("the case gives a valid id");
    PersistenceId::new(Account::ENTITY_TYPE, entity_id).expect("the type has a valid name")
}

/// An event as the engine stores it.
pub(super) fn stored(event: &AccountEvent) -> Payload {
    stored_as(event.manifest(), event)
}

/// The same under another name or version.
pub(super) fn stored_as(manifest: Manifest, event: &AccountEvent) -> Payload {
    let bytes = Codec::MessagePack.encode(event).expect("an event can be encoded");
    Payload::seal(manifest, Codec::MessagePack.id(), bytes)
}

fn decode<T: Serialize + DeserializeOwned>(payload: &Payload) -> T {
    payload.verify().expect("what the engine stored is sound");
    let codec = Codec::from_id(payload.codec()).expect("its codec is known");
    codec.decode(payload.bytes()).expect("it is what its name says")
}
