//! The memory backend with one fault built in: what a careless backend would do.

mod erase;
mod journal;
mod rest;
mod write;

use annals::storage::{
    JournalStorage, KeyedOutcome, Lane, SnapshotStorage, StateStorage, StorageProvider, Write, WriteStorage,
};
use annals::{ActivationId, EntityId, Key, Manifest, Name, PersistenceId, SequenceNr, WriteNr};
use annals_memory::MemoryStorage;
use annals_testkit::conformance::{Damage, Harness};
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard};

/// What is wrong with a twin.
#[allow(dead_code, reason = "each test program uses a part of them")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing: the twin itself is sound.
    None,
    /// Writes are stored whatever their epoch.
    EpochIgnored,
    /// The epoch is compared before the write and not in it, for writes that are a group of their own.
    EpochCheckedTooEarly,
    /// Snapshots are saved and deleted whatever the epoch.
    SnapshotEpochIgnored,
    /// A raise over several shards stops at the first that is refused, with those before it raised.
    EpochsRaisedOneByOne,
    /// A second writer's events get the next free numbers.
    ExpectedNumberIgnored,
    /// Writes are stored whatever their write number.
    WriteNumberIgnored,
    /// A repeated write is stored a second time.
    RepetitionStoredAgain,
    /// A repeated write is refused.
    RepetitionRefused,
    /// The first bad write of a group fails all that come after it.
    GroupFailsAfterBadWrite,
    /// A group is answered in another order than it was sent.
    ResultsOutOfOrder,
    /// The events of one write are stored in the opposite order.
    EventsOfAWriteReversed,
    /// Only outcomes that come with events are kept.
    EventlessOutcomeLost,
    /// A rejection is given back as a reply.
    RejectionAsReply,
    /// Keys are told apart by their first 64 bytes.
    KeysCutShort,
    /// Ids are compared without case.
    IdsWithoutCase,
    /// What rides on a write is silently dropped.
    SideEffectsDropped,
    /// Deleting events deletes the outcomes of their writes.
    DeletionDropsOutcomes,
    /// When all events are deleted the numbers start again.
    NumbersReusedAfterDeletion,
    /// Numbers are ordered as text: 1, 10, 2.
    ReadOrderedAsText,
    /// A read goes on behind a missing event.
    MissingEventSkipped,
    /// The feed position of an event is its sequence number.
    PositionPerEntity,
    /// Tags are not stored.
    TagsLost,
    /// The newest snapshot is given, whatever the bounds on its time.
    SnapshotTimeIgnored,
    /// A deleted state is one that never was.
    DeletedStateForgotten,
    /// Erasing leaves the outcomes.
    EraseKeepsOutcomes,
    /// An erased entity is one that never was.
    EraseRestartsNumbers,
    /// A snapshot of what was erased since is taken.
    EraseForgottenBySnapshots,
    /// An entity is erased whatever the epoch.
    EraseEpochIgnored,
    /// Names are known as long as something with them is stored.
    ManifestsForgetDeleted,
    /// Names are known from every write that was sent.
    ManifestsOfRefusedWrites,
    /// Nothing survives closing.
    NothingSurvives,
    /// A group is acknowledged when it comes, and stored when the next one does.
    AcknowledgedBeforeStored,
}

impl Fault {
    /// Every one, soundness first.
    #[allow(dead_code, reason = "not every test program goes through all of them")]
    pub(crate) const ALL: [Self; 31] = [
        Self::None,
        Self::EpochIgnored,
        Self::EpochCheckedTooEarly,
        Self::SnapshotEpochIgnored,
        Self::EpochsRaisedOneByOne,
        Self::ExpectedNumberIgnored,
        Self::WriteNumberIgnored,
        Self::RepetitionStoredAgain,
        Self::RepetitionRefused,
        Self::GroupFailsAfterBadWrite,
        Self::ResultsOutOfOrder,
        Self::EventsOfAWriteReversed,
        Self::EventlessOutcomeLost,
        Self::RejectionAsReply,
        Self::KeysCutShort,
        Self::IdsWithoutCase,
        Self::SideEffectsDropped,
        Self::DeletionDropsOutcomes,
        Self::NumbersReusedAfterDeletion,
        Self::ReadOrderedAsText,
        Self::MissingEventSkipped,
        Self::PositionPerEntity,
        Self::TagsLost,
        Self::SnapshotTimeIgnored,
        Self::DeletedStateForgotten,
        Self::EraseKeepsOutcomes,
        Self::EraseRestartsNumbers,
        Self::EraseEpochIgnored,
        Self::ManifestsForgetDeleted,
        Self::ManifestsOfRefusedWrites,
        Self::NothingSurvives,
    ];
}

/// The memory backend with a fault.
#[derive(Clone)]
pub(crate) struct Twin {
    inner: MemoryStorage,
    fault: Fault,
    notes: Arc<Mutex<Notes>>,
}

/// What some faults remember.
#[derive(Default)]
struct Notes {
    /// How often an entity started again from nothing.
    lives: BTreeMap<PersistenceId, u32>,
    stored: BTreeSet<(PersistenceId, ActivationId, WriteNr)>,
    dropped: BTreeSet<(PersistenceId, Key)>,
    deleted_to: BTreeMap<PersistenceId, SequenceNr>,
    outlived: BTreeMap<(PersistenceId, Key), KeyedOutcome>,
    written: BTreeSet<PersistenceId>,
    refused: BTreeSet<(Name, Manifest)>,
    activations: u128,
    acknowledged: Option<(Lane, Arc<[Write]>)>,
}

impl Twin {
    /// Under which id the inner backend knows an entity.
    fn id(&self, id: &PersistenceId) -> PersistenceId {
        let text = id.entity_id().as_str();
        let text = match self.fault {
            Fault::IdsWithoutCase => text.to_lowercase(),
            _ => match self.notes().lives.get(id) {
                Some(life) => format!("{text} in life {life}"),
                None => return id.clone(),
            },
        };
        PersistenceId::new(id.entity_type().clone(), EntityId::new(text).expect("it is short"))
            .expect("as before")
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().expect("nobody panics with the notes in hand")
    }

    /// From now on the entity is one that never was.
    fn start_again(&self, id: &PersistenceId) {
        *self.notes().lives.entry(id.clone()).or_default() += 1;
    }

    fn key(&self, key: &Key) -> Key {
        match self.fault {
            Fault::KeysCutShort => {
                Key::new(key.as_str().chars().take(64).collect::<String>()).expect("a part of a key is one")
            }
            _ => key.clone(),
        }
    }
}

impl StorageProvider for Twin {
    fn name(&self) -> &'static str {
        "twin"
    }
    fn lanes(&self) -> NonZeroUsize {
        self.inner.lanes()
    }
    fn max_payload_bytes(&self) -> usize {
        self.inner.max_payload_bytes()
    }
    fn writes(&self) -> Arc<dyn WriteStorage> {
        Arc::new(self.clone())
    }
    fn journal(&self) -> Option<Arc<dyn JournalStorage>> {
        Some(Arc::new(self.clone()))
    }
    fn snapshots(&self) -> Option<Arc<dyn SnapshotStorage>> {
        Some(Arc::new(self.clone()))
    }
    fn states(&self) -> Option<Arc<dyn StateStorage>> {
        Some(Arc::new(self.clone()))
    }
}

impl Harness for Fault {
    type Store = Twin;

    async fn open(&self) -> Twin {
        Twin { inner: MemoryStorage::new(), fault: *self, notes: Arc::default() }
    }

    async fn reopen(&self, store: Twin) -> Twin {
        if *self == Fault::NothingSurvives { self.open().await } else { store }
    }

    async fn damage(&self, store: Twin, damage: Damage) -> Twin {
        let inner = &store.inner;
        match damage {
            Damage::Event { id, sequence_nr, harm } => {
                inner.tamper_with_event(&id, sequence_nr, |payload| harm.to(payload))
            }
            Damage::Snapshot { id, sequence_nr, harm } => {
                inner.tamper_with_snapshot(&id, sequence_nr, |payload| harm.to(payload))
            }
            Damage::State { id, harm } => inner.tamper_with_state(&id, |payload| harm.to(payload)),
        };
        store
    }
}
