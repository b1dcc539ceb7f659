//! The memory backend with one small slip: an off-by-one, a bound that is not looked at, a part that is lost.
//! Beside the twins with a fault in a guarantee, they are here so that each case of the suite is seen to fail.

pub(crate) mod found;
mod reading;
mod removing;
mod resting;
mod writing;

use annals::storage::{JournalStorage, SnapshotStorage, StateStorage, StorageProvider, WriteStorage};
use annals::{EntityId, Manifest, Payload, PersistenceId, SequenceNr};
use annals_memory::MemoryStorage;
use annals_testkit::conformance::{Damage, Harness};
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard};

macro_rules! slips {
    ($($(#[$doc:meta])* $slip:ident,)+) => {
        /// What is wrong.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Slip { $($(#[$doc])* $slip),+ }

        impl Slip {
            /// Every one.
            pub(crate) const ALL: &[Self] = &[$(Self::$slip),+];
        }
    };
}

slips! {
    // Crashes and races.
    /// A crash takes everything along.
    CrashLosesAll,
    /// Outcomes are looked up one after the other, each in a transaction of its own.
    OutcomesOneByOne,
    // Reading a history.
    /// The limit of a read is not looked at.
    LimitIgnored,
    /// Neither is its upper bound.
    UpperBoundIgnored,
    /// Neither is its lower bound.
    LowerBoundIgnored,
    /// Bounds that are crossed are put in order.
    CrossedBoundsSwapped,
    /// Numbers are kept as signed ones, and wrap.
    NumbersWrapped,
    /// The first event has number 0.
    NumberedFromZero,
    /// A read that is not read to its end keeps all others out.
    StreamHoldsLock,
    /// An outcome comes before the event of its number.
    OutcomeBeforeItsEvent,
    /// What nobody wrote to cannot be read.
    UnknownIsAnError,
    /// Damage of one row makes everything unreadable.
    DamageEverywhere,
    /// Payloads get a new checksum on their way out.
    ChecksumRecomputed,
    /// The highest number is one too large.
    HighestIsTheNext,
    /// The highest number is the number of events.
    HighestCounted,
    /// How far was deleted is what was asked for last.
    DeletedToAsAsked,
    // Parts that are lost.
    /// Payloads get one byte more.
    BytesPadded,
    /// Names are not stored.
    NamesLost,
    /// Neither is metadata.
    MetadataLost,
    /// Neither are times.
    TimesLost,
    /// Nor which command an outcome is of.
    DigestLost,
    /// Outcomes are kept only if there are no events with them.
    EventfulOutcomeLost,
    /// What is over the limit is cut.
    CutToTheLimit,
    // Ids.
    /// Ids are told apart by their first 64 bytes.
    IdsCutShort,
    /// Types are told apart by their first 64 bytes.
    TypesCutShort,
    /// Type and id are compared as one text.
    IdsRunTogether,
    /// Only letters and digits of an id count.
    IdsSimplified,
    /// All entities share what they store.
    EntitiesShared,
    // Deleting and erasing.
    /// Deleting does nothing.
    DeletionForgotten,
    /// It deletes one event too many.
    DeletionTooFar,
    /// It can be done once.
    DeletionOnce,
    /// It deletes in all entities.
    DeletionEverywhere,
    /// Erasing does nothing.
    EraseForgotten,
    /// Erasing makes a deleted state where none was.
    EraseLeavesAState,
    // Answers of appends.
    /// The number answered is the one from before the write.
    AnswersTheNumberBefore,
    /// A write without events is answered with a position.
    PositionAlways,
    /// A group of no writes is answered with an error.
    NothingIsAnError,
    /// What was stored by the last group cannot be read yet.
    AnsweredBeforeItIsThere,
    /// Of a group the first thousand writes are stored.
    LargeGroupsCut,
    /// Write number 0 counts as 1.
    WriteNumberZeroTaken,
    /// An entity has one activation for ever.
    SecondActivationRefused,
    // Epochs.
    /// A raise that changes nothing is fine.
    RaiseAlwaysFine,
    /// A raise is not stored.
    RaiseForgotten,
    /// An epoch is raised by one, whatever was asked for.
    RaisedByOne,
    /// A refused raise names the first shard.
    RefusalNamesTheFirst,
    /// Epochs are answered in the order of shards.
    EpochsInOrder,
    /// They start at 1.
    EpochsFromOne,
    /// Every new owner finds a fresh entity.
    OwnerStartsAfresh,
    // Outcomes and names.
    /// Outcomes are answered in the order of their keys' texts.
    OutcomesInKeyOrder,
    /// An unknown key is answered with any outcome.
    AnyOutcomeForAKey,
    /// At most 999 keys can be looked up at once.
    ManyKeysRefused,
    /// A name is known in its first version only.
    VersionsForgotten,
    /// Names are not kept by type.
    NamesOfAllTypes,
    /// Names come once per write.
    NamesRepeated,
    /// Names of outcomes and snapshots are among them.
    NamesOfEverything,
    /// A name that an outcome had first is not recorded for an event.
    NamesOfOutcomesOnly,
    // Snapshots.
    /// The oldest snapshot is given.
    OldestSnapshot,
    /// Snapshots are given whatever their number.
    SnapshotNumberIgnored,
    /// They are listed newest first.
    SnapshotsNewestFirst,
    /// Only the newest is kept.
    OneSnapshotKept,
    /// One above the highest number is stored at that number.
    SnapshotMovedDown,
    /// One at the highest number is refused.
    SnapshotAtTheEndRefused,
    /// Their outcomes are not stored.
    SnapshotOutcomesLost,
    /// They come back in the opposite order.
    SnapshotOutcomesReversed,
    /// Whether these are all is not stored.
    SnapshotCompletenessLost,
    /// Deleting snapshots does nothing.
    SnapshotDeletionForgotten,
    /// It deletes all.
    SnapshotDeletionOfAll,
    /// It is an error if there is none.
    SnapshotDeletionOfNothing,
    /// A number that was deleted cannot be used again.
    SnapshotDeletedForEver,
    // States.
    /// The last writer wins.
    RevisionIgnored,
    /// A revision is checked when something is saved only.
    RevisionOfOthersIgnored,
    /// Keeping a state counts as saving it.
    KeepCounts,
    /// A state of no bytes is a deleted one.
    NoBytesIsDeleted,
    /// The first state that was saved is given.
    FirstStateStays,
    /// Revisions are answered one too low.
    RevisionAnsweredBefore,
}

/// The memory backend with a slip.
#[derive(Clone)]
pub(crate) struct Slipping {
    inner: MemoryStorage,
    slip: Slip,
    notes: Arc<Mutex<Notes>>,
}

/// What some slips remember.
#[derive(Default)]
struct Notes {
    written: BTreeSet<PersistenceId>,
    activations: BTreeMap<PersistenceId, annals::ActivationId>,
    lives: BTreeMap<annals::ShardId, u64>,
    deleted_to: BTreeMap<PersistenceId, SequenceNr>,
    visible_to: BTreeMap<PersistenceId, SequenceNr>,
    deleted_snapshots: BTreeSet<(PersistenceId, SequenceNr)>,
    first_states: BTreeMap<PersistenceId, Payload>,
    names: Vec<Manifest>,
    names_of_others: Vec<Manifest>,
    reading: bool,
    damaged: bool,
}

impl Slipping {
    /// Under which id the inner backend knows an entity.
    fn id(&self, id: &PersistenceId) -> PersistenceId {
        let (entity_type, text) = (id.entity_type().as_str(), id.entity_id().as_str());
        let cut = |text: &str| text.chars().take(64).collect::<String>();
        let (entity_type, text) = match self.slip {
            Slip::IdsCutShort => (entity_type.to_owned(), cut(text)),
            Slip::TypesCutShort => (cut(entity_type), text.to_owned()),
            Slip::IdsRunTogether => ("thing".to_owned(), cut(&format!("{entity_type}:{text}"))),
            Slip::IdsSimplified => {
                let plain = text.chars().filter(char::is_ascii_alphanumeric).take(400).collect::<String>();
                (entity_type.to_owned(), format!("-{plain}"))
            }
            Slip::EntitiesShared => (entity_type.to_owned(), "all".to_owned()),
            Slip::OwnerStartsAfresh => {
                let life = self.notes().lives.get(&annals::ShardId::of(id)).copied().unwrap_or(0);
                (entity_type.to_owned(), if life > 1 { format!("{text} {life}") } else { text.to_owned() })
            }
            _ => return id.clone(),
        };
        let entity_id = EntityId::new(text).expect("it is short and not empty");
        PersistenceId::new(entity_type, entity_id).expect("it is short and not empty")
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().expect("nobody panics with the notes in hand")
    }

    /// Whether reading this entity is an error.
    fn check_readable(&self, id: &PersistenceId) -> Result<(), annals::storage::StorageError> {
        let notes = self.notes();
        let unknown = self.slip == Slip::UnknownIsAnError && !notes.written.contains(id);
        let damaged = self.slip == Slip::DamageEverywhere && notes.damaged;
        if unknown || damaged { Err(unavailable("it cannot be read")) } else { Ok(()) }
    }

    /// A payload on its way out.
    fn given(&self, payload: Payload) -> Payload {
        match self.slip {
            Slip::ChecksumRecomputed => {
                Payload::seal(payload.manifest().clone(), payload.codec(), payload.bytes().to_vec())
            }
            _ => payload,
        }
    }

    /// A payload on its way in.
    fn taken(&self, payload: Payload) -> Payload {
        let mut bytes = payload.bytes().to_vec();
        let mut manifest = payload.manifest().clone();
        match self.slip {
            Slip::BytesPadded => bytes.push(0),
            Slip::CutToTheLimit => bytes.truncate(self.inner.max_payload_bytes()),
            Slip::NamesLost => manifest = Manifest::new("event", manifest.version),
            _ => return payload,
        }
        Payload::seal(manifest, payload.codec(), bytes)
    }
}

fn unavailable(reason: &str) -> annals::storage::StorageError {
    annals::storage::StorageError::Unavailable { store: "slip".into(), reason: reason.into() }
}

impl StorageProvider for Slipping {
    fn name(&self) -> &'static str {
        "slip"
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

impl Harness for Slip {
    type Store = Slipping;

    async fn open(&self) -> Slipping {
        Slipping { inner: MemoryStorage::new(), slip: *self, notes: Arc::default() }
    }

    async fn reopen(&self, store: Slipping) -> Slipping {
        store
    }

    async fn crash(&self, store: Slipping) -> Slipping {
        if *self == Slip::CrashLosesAll { self.open().await } else { store }
    }

    async fn damage(&self, store: Slipping, damage: Damage) -> Slipping {
        store.notes().damaged = true;
        let inner = &store.inner;
        match damage {
            Damage::Event { id, sequence_nr, harm } => {
                inner.tamper_with_event(&store.id(&id), sequence_nr, |payload| harm.to(payload))
            }
            Damage::Snapshot { id, sequence_nr, harm } => {
                inner.tamper_with_snapshot(&store.id(&id), sequence_nr, |payload| harm.to(payload))
            }
            Damage::State { id, harm } => inner.tamper_with_state(&store.id(&id), |payload| harm.to(payload)),
        };
        store
    }
}
