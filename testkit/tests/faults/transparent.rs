//! Without a rule nothing is different.

use annals::storage::StorageProvider;
use annals_memory::MemoryStorage;
use annals_testkit::conformance::{self, Damage, Harness};
use annals_testkit::faults::FaultStorage;

/// The memory backend in a wrapper without rules.
struct Wrapped;

/// The wrapper, and what is in it.
struct Store(FaultStorage, MemoryStorage);

impl Store {
    fn around(memory: MemoryStorage) -> Self {
        Self(FaultStorage::new(memory.clone()), memory)
    }
}

impl StorageProvider for Store {
    fn name(&self) -> &'static str {
        self.0.name()
    }
    fn lanes(&self) -> std::num::NonZeroUsize {
        self.0.lanes()
    }
    fn max_payload_bytes(&self) -> usize {
        self.0.max_payload_bytes()
    }
    fn writes(&self) -> std::sync::Arc<dyn annals::storage::WriteStorage> {
        self.0.writes()
    }
    fn journal(&self) -> Option<std::sync::Arc<dyn annals::storage::JournalStorage>> {
        self.0.journal()
    }
    fn snapshots(&self) -> Option<std::sync::Arc<dyn annals::storage::SnapshotStorage>> {
        self.0.snapshots()
    }
    fn states(&self) -> Option<std::sync::Arc<dyn annals::storage::StateStorage>> {
        self.0.states()
    }
}

impl Harness for Wrapped {
    type Store = Store;

    async fn open(&self) -> Store {
        Store::around(MemoryStorage::new())
    }

    async fn reopen(&self, store: Store) -> Store {
        Store::around(store.1)
    }

    async fn damage(&self, store: Store, damage: Damage) -> Store {
        let memory = &store.1;
        let found = match damage {
            Damage::Event { id, sequence_nr, harm } => {
                memory.tamper_with_event(&id, sequence_nr, |payload| harm.to(payload))
            }
            Damage::Snapshot { id, sequence_nr, harm } => {
                memory.tamper_with_snapshot(&id, sequence_nr, |payload| harm.to(payload))
            }
            Damage::State { id, harm } => memory.tamper_with_state(&id, |payload| harm.to(payload)),
        };
        assert!(found, "the row to be damaged is there");
        store
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_rules_the_wrapper_conforms_as_the_storage_inside_does() {
    let report = conformance::run(&Wrapped).await;
    println!("{report}");
    report.assert_passed();
}
