//! The memory backend, as both suites want it.

use annals_memory::MemoryStorage;
use annals_testkit::conformance::{Damage, Harness};

pub(crate) struct Memory;

impl Harness for Memory {
    type Store = MemoryStorage;

    async fn open(&self) -> MemoryStorage {
        MemoryStorage::new()
    }

    async fn reopen(&self, store: MemoryStorage) -> MemoryStorage {
        store
    }

    async fn damage(&self, store: MemoryStorage, damage: Damage) -> MemoryStorage {
        let found = match damage {
            Damage::Event { id, sequence_nr, harm } => {
                store.tamper_with_event(&id, sequence_nr, |payload| harm.to(payload))
            }
            Damage::Snapshot { id, sequence_nr, harm } => {
                store.tamper_with_snapshot(&id, sequence_nr, |payload| harm.to(payload))
            }
            Damage::State { id, harm } => store.tamper_with_state(&id, |payload| harm.to(payload)),
        };
        assert!(found, "the row to be damaged is there");
        store
    }
}
