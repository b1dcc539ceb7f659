//! An old version of a program stores, and a new one reads.

use crate::stored::stored_names;
use annals::{Node, SequenceNr, StartError};
use annals_memory::MemoryStorage;

/// The wallet as it was.
mod old {
    use annals::{Effect, Event, EventSourced};
    use serde::{Deserialize, Serialize};

    #[derive(Default, Serialize, Deserialize)]
    pub struct Wallet {
        amount: u64,
    }

    #[derive(Event, Serialize, Deserialize)]
    #[event(entity = Wallet)]
    pub enum WalletEvent {
        Filled { amount: u64 },
        Moved { out: u64, back: u64 },
        Looked,
    }

    impl EventSourced for Wallet {
        const ENTITY_TYPE: &'static str = "wallet";
        type Event = WalletEvent;
        fn apply(&mut self, event: &WalletEvent) {
            match event {
                WalletEvent::Filled { amount } => self.amount += amount,
                WalletEvent::Moved { out, back } => self.amount = self.amount + back - out,
                WalletEvent::Looked => {}
            }
        }
    }

    #[annals::commands]
    impl Wallet {
        pub fn fill(&self, amount: u64) -> Effect<Self> {
            Effect::persist(WalletEvent::Filled { amount })
        }

        pub fn move_some(&self, out: u64, back: u64) -> Effect<Self> {
            Effect::persist(WalletEvent::Moved { out, back })
        }

        pub fn look(&self) -> Effect<Self> {
            Effect::persist(WalletEvent::Looked)
        }
    }
}

/// The wallet as it is: amounts have a currency, what moves is two events, and looks are not events any more.
mod new {
    use annals::{Effect, Event, EventSourced, Upcasters};
    use serde::{Deserialize, Serialize};

    #[derive(Default, Serialize, Deserialize)]
    pub struct Wallet {
        cents: i64,
        changes: u32,
    }

    #[derive(Debug, PartialEq, Event, Serialize, Deserialize)]
    #[event(entity = Wallet, upcasters = upcasters)]
    pub enum WalletEvent {
        #[event(version = 2)]
        Filled {
            cents: i64,
            currency: String,
        },
        Emptied {
            cents: i64,
        },
    }

    /// The variants that were stored, as they were.
    #[derive(Serialize, Deserialize)]
    enum FilledV1 {
        Filled { amount: u64 },
    }

    #[derive(Serialize, Deserialize)]
    enum MovedV1 {
        Moved { out: u64, back: u64 },
    }

    fn filled(amount: u64) -> WalletEvent {
        WalletEvent::Filled { cents: amount as i64 * 100, currency: "EUR".into() }
    }

    fn upcasters() -> Upcasters<WalletEvent> {
        Upcasters::new()
            .event("filled", 1, |FilledV1::Filled { amount }| filled(amount))
            .events("moved", 1, |MovedV1::Moved { out, back }| {
                [WalletEvent::Emptied { cents: out as i64 * 100 }, filled(back)]
            })
            .dropped("looked", 1)
    }

    impl EventSourced for Wallet {
        const ENTITY_TYPE: &'static str = "wallet";
        type Event = WalletEvent;
        fn apply(&mut self, event: &WalletEvent) {
            self.changes += 1;
            self.cents += match event {
                WalletEvent::Filled { cents, .. } => *cents,
                WalletEvent::Emptied { cents } => -cents,
            };
        }
    }

    #[annals::commands]
    impl Wallet {
        pub fn fill(&self, cents: i64) -> Effect<Self, (i64, u32)> {
            Effect::persist(WalletEvent::Filled { cents, currency: "EUR".into() }).reply(Self::holds)
        }

        /// The cents, and how many events made them.
        pub fn holds(&self) -> (i64, u32) {
            (self.cents, self.changes)
        }
    }
}

/// The same without upcasters.
mod forgetful {
    use annals::{Event, EventSourced};
    use serde::{Deserialize, Serialize};

    #[derive(Default, Serialize, Deserialize)]
    pub struct Wallet;

    #[derive(Event, Serialize, Deserialize)]
    #[event(entity = Wallet, name = "filled", version = 2)]
    pub struct Filled;

    impl EventSourced for Wallet {
        const ENTITY_TYPE: &'static str = "wallet";
        type Event = Filled;
        fn apply(&mut self, _: &Filled) {}
    }

    #[annals::commands]
    impl Wallet {
        pub fn nothing(&self) {}
    }
}

/// One event of each kind, stored by the old program.
async fn stored_by_the_old_program() -> MemoryStorage {
    let storage = MemoryStorage::new();
    let node = Node::builder(storage.clone()).register::<old::Wallet>().start().await.unwrap();
    let wallet = node.entity::<old::Wallet>("w");
    wallet.fill(10).await.unwrap();
    wallet.look().await.unwrap();
    wallet.move_some(5, 2).await.unwrap();
    node.shutdown().await;
    storage
}

#[tokio::test]
async fn old_events_become_one_or_many_or_none() {
    let storage = stored_by_the_old_program().await;
    let node = Node::builder(storage.clone()).register::<new::Wallet>().start().await.unwrap();
    let wallet = node.entity::<new::Wallet>("w");
    assert_eq!(wallet.holds().await.unwrap(), (700, 3));
    assert_eq!(wallet.fill(1).await.unwrap(), (701, 4));
    let names = stored_names(&storage, "wallet", "w").await;
    assert_eq!(names, ["filled v1", "looked v1", "moved v1", "filled v2"], "what is stored stays");
    node.shutdown().await;
}

#[tokio::test]
async fn events_that_came_from_one_share_its_number() {
    let storage = stored_by_the_old_program().await;
    let node = Node::builder(storage).register::<new::Wallet>().start().await.unwrap();
    let wallet = node.entity::<new::Wallet>("w");
    let mut events = wallet.as_entity_ref().events(SequenceNr::ZERO);
    let eur = |cents| new::WalletEvent::Filled { cents, currency: "EUR".into() };
    for (nr, expected) in [(1, eur(1_000)), (3, new::WalletEvent::Emptied { cents: 500 }), (3, eur(200))] {
        let recorded = events.next().await.unwrap().unwrap();
        assert_eq!((recorded.sequence_nr.get(), recorded.event), (nr, expected));
    }
    node.shutdown().await;
}

#[tokio::test]
async fn a_missing_upcaster_is_found_at_the_start() {
    let storage = stored_by_the_old_program().await;
    let started = Node::builder(storage).register::<forgetful::Wallet>().start().await;
    let error = started.expect_err("it cannot read what is stored");
    let StartError::UnknownNames { unknown, .. } = &error else { panic!("{error:?}") };
    let names: Vec<String> = unknown.iter().map(ToString::to_string).collect();
    assert_eq!(names, ["filled v1", "looked v1", "moved v1"], "{error}");
}
