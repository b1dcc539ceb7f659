//! What a node finds out at its start, and which storage its types live in.

use crate::gate::{Gate, quiesce};
use crate::ledger::{Ledger, builder};
use annals::storage::{JournalStorage, SnapshotStorage, StateStorage, StorageProvider, WriteStorage};
use annals::{
    DurableState, Effect, Ephemeral, Event, EventSourced, Limits, Manifest, Node, Snapshots, StartError,
};
use serde::{Deserialize, Serialize};
use std::num::NonZeroUsize;
use std::sync::Arc;

/// The steps of a new event version, as three programs. `Deposited` gets a currency.
macro_rules! program {
    ($module:ident, $wallet:ident, { $($variants:tt)* }, $apply:expr, $decide:expr, $upcasters:expr) => {
        mod $module {
            use super::*;

            #[derive(Default, Serialize, Deserialize)]
            pub(super) struct $wallet {
                pub(super) lines: Vec<String>,
            }
            #[derive(Serialize, Deserialize, Event)]
            #[event(entity = $wallet, upcasters = upcasters)]
            pub(super) enum WalletEvent { $($variants)* }

            fn upcasters() -> annals::Upcasters<WalletEvent> {
                $upcasters
            }
            impl EventSourced for $wallet {
                const ENTITY_TYPE: &'static str = "wallet";
                type Event = WalletEvent;
                fn apply(&mut self, event: &WalletEvent) {
                    let apply: fn(&WalletEvent) -> String = $apply;
                    self.lines.push(apply(event));
                }
            }
            #[annals::commands]
            impl $wallet {
                pub(crate) fn deposit(&self, cents: u64) -> Effect<Self, Vec<String>> {
                    let decide: fn(u64) -> WalletEvent = $decide;
                    Effect::persist(decide(cents)).reply(|wallet| wallet.lines.clone())
                }
            }
        }
    };
}

// Version 1 only.
program!(
    before,
    Before,
    { Deposited { cents: u64 } },
    |event| {
        let WalletEvent::Deposited { cents } = event;
        format!("{cents}")
    },
    |cents| WalletEvent::Deposited { cents },
    annals::Upcasters::new()
);
// Step one: reads version 2, still writes version 1.
program!(reads, Reads, {
        Deposited { cents: u64 },
        #[event(name = "deposited", version = 2)]
        DepositedIn { cents: u64, currency: String },
    },
    |event| match event {
        WalletEvent::Deposited { cents } => format!("{cents}"),
        WalletEvent::DepositedIn { cents, currency } => format!("{cents} {currency}"),
    },
    |cents| WalletEvent::Deposited { cents },
    annals::Upcasters::new());
// Step two: writes version 2.
program!(writes, Writes, {
        Deposited { cents: u64 },
        #[event(name = "deposited", version = 2)]
        DepositedIn { cents: u64, currency: String },
    },
    |event| match event {
        WalletEvent::Deposited { cents } => format!("{cents}"),
        WalletEvent::DepositedIn { cents, currency } => format!("{cents} {currency}"),
    },
    |cents| WalletEvent::DepositedIn { cents, currency: "EUR".into() },
    annals::Upcasters::new());
// Afterwards: version 1 lives on in an upcaster only.
program!(after, After, {
    #[event(version = 2)]
    #[serde(rename = "DepositedIn")]
    Deposited { cents: u64, currency: String },
},
|event| { let WalletEvent::Deposited { cents, currency } = event; format!("{cents} {currency}") },
|cents| WalletEvent::Deposited { cents, currency: "USD".into() },
annals::Upcasters::new().event("deposited", 1, |old: super::before::WalletEvent| {
    let super::before::WalletEvent::Deposited { cents } = old;
    WalletEvent::Deposited { cents, currency: "EUR".into() }
}));

async fn deposits<W>(gate: &Gate, deposit: impl AsyncFnOnce(W::Ref) -> Vec<String>) -> Vec<String>
where
    W: annals::Entity,
{
    let node = Node::builder(gate.clone()).register::<W>().start().await.unwrap();
    deposit(node.entity::<W>("w")).await
}

#[tokio::test(start_paused = true)]
async fn a_new_event_version_is_rolled_out_in_two_steps() {
    let gate = Gate::open();
    let one = deposits::<before::Before>(&gate, async |w| w.deposit(1).await.unwrap()).await;
    let two = deposits::<reads::Reads>(&gate, async |w| w.deposit(2).await.unwrap()).await;
    // Between the steps old and new programs read each other's events, and the old one may come back.
    let three = deposits::<before::Before>(&gate, async |w| w.deposit(3).await.unwrap()).await;
    let four = deposits::<writes::Writes>(&gate, async |w| w.deposit(4).await.unwrap()).await;
    let five = deposits::<reads::Reads>(&gate, async |w| w.deposit(5).await.unwrap()).await;
    let six = deposits::<after::After>(&gate, async |w| w.deposit(6).await.unwrap()).await;
    assert_eq!([one.len(), two.len(), three.len(), four.len(), five.len()], [1, 2, 3, 4, 5]);
    assert_eq!(six, ["1 EUR", "2 EUR", "3 EUR", "4 EUR", "5 EUR", "6 USD"]);
    // Only a program from before step one cannot start any more, and says why.
    let refused = Node::builder(gate).register::<before::Before>().start().await.unwrap_err();
    let StartError::UnknownNames { entity_type: "wallet", unknown } = &refused else { panic!("{refused:?}") };
    assert_eq!(*unknown, [Manifest::new("deposited", 2)]);
}

#[tokio::test(start_paused = true)]
async fn a_missing_upcaster_is_found_at_the_start_even_if_the_events_are_deleted() {
    let gate = Gate::open();
    let node =
        builder(gate.clone(), |it| it.snapshots(Snapshots::every(1).delete_events())).start().await.unwrap();
    for _ in 0..3 {
        node.entity::<Ledger>("l").open().await.unwrap();
    }
    node.erase::<Ledger>("l").await.unwrap();
    #[derive(Default, Serialize, Deserialize)]
    struct Other;
    #[derive(Serialize, Deserialize, Event)]
    #[event(entity = Other)]
    enum OtherEvent {
        Added,
    }
    impl EventSourced for Other {
        const ENTITY_TYPE: &'static str = "ledger";
        type Event = OtherEvent;
        fn apply(&mut self, _: &OtherEvent) {}
    }
    #[annals::commands]
    impl Other {
        pub(crate) fn add(&self) -> Effect<Self> {
            Effect::persist(OtherEvent::Added)
        }
    }
    let refused = Node::builder(gate).register::<Other>().start().await.unwrap_err();
    assert!(refused.to_string().contains("opened v1") && !refused.to_string().contains("added"), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn a_type_is_registered_with_other_policies() {
    let gate = Gate::open();
    let plain = Node::builder(gate.clone()).register::<Ledger>().start().await.unwrap();
    assert!(plain.entity::<Ledger>("l").add_and_keep(1).await.is_err(), "its definition has no snapshots");
    let other = Node::builder(gate)
        .register_with::<Ledger>(|definition| definition.snapshots(Snapshots::on_demand()))
        .start()
        .await
        .unwrap();
    other.entity::<Ledger>("l").add_and_keep(1).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn types_live_in_the_storage_that_they_were_registered_for() {
    let (first, second) = (Gate::open(), Gate::open());
    let node = Node::builder(first.clone())
        .register::<Ledger>()
        .storage(second.clone())
        .register::<before::Before>()
        .start()
        .await
        .unwrap();
    node.entity::<Ledger>("l").add(1).await.unwrap();
    node.entity::<before::Before>("w").deposit(1).await.unwrap();
    assert_eq!((first.groups().len(), second.groups().len()), (1, 1));
    assert_eq!(crate::ledger::numbers(&first, "l").await, [1]);
    assert_eq!(node.shutdown().await, annals::Shutdown::Complete);
}

#[tokio::test(start_paused = true)]
async fn snapshots_that_could_lose_data_are_refused_at_the_start() {
    for bad in [Snapshots::every(0), Snapshots::every(1).keep(0), Snapshots::every(1).keep(1).delete_events()]
    {
        let refused = builder(Gate::open(), |it| it.snapshots(bad)).start().await.unwrap_err();
        assert!(matches!(&refused, StartError::Definition(_)), "{refused:?}");
        assert!(refused.to_string().contains("ledger"), "{refused}");
    }
}

#[derive(Default, Serialize, Deserialize)]
struct Setting;
impl DurableState for Setting {
    const ENTITY_TYPE: &'static str = "setting";
}
#[annals::commands]
impl Setting {
    pub(crate) fn ask(&self) {}
}

/// What was a ledger once, and is not stored any more.
#[derive(Default)]
struct Forgetful;
impl Ephemeral for Forgetful {
    const ENTITY_TYPE: &'static str = "ledger";
}
#[annals::commands]
impl Forgetful {
    pub(crate) fn ask(&self) -> u8 {
        7
    }
}

/// A storage that only takes writes, and small ones.
struct Poor(Gate);
impl StorageProvider for Poor {
    fn name(&self) -> &'static str {
        "poor"
    }
    fn lanes(&self) -> NonZeroUsize {
        self.0.lanes()
    }
    fn max_payload_bytes(&self) -> usize {
        1_000
    }
    fn writes(&self) -> Arc<dyn WriteStorage> {
        self.0.writes()
    }
    fn journal(&self) -> Option<Arc<dyn JournalStorage>> {
        None
    }
    fn snapshots(&self) -> Option<Arc<dyn SnapshotStorage>> {
        None
    }
    fn states(&self) -> Option<Arc<dyn StateStorage>> {
        None
    }
}

fn small() -> Limits {
    let mut limits = Limits::default();
    limits.payload_bytes = 1_000;
    limits
}

#[tokio::test(start_paused = true)]
async fn a_storage_that_lacks_what_a_type_needs_is_refused_at_the_start() {
    let poor = || Node::builder(Poor(Gate::open())).limits(small());
    for start in [poor().register::<Ledger>().start(), poor().register::<Setting>().start()] {
        let refused = start.await.unwrap_err();
        assert!(matches!(&refused, StartError::MissingPart { backend: "poor", .. }), "{refused:?}");
    }
    poor().register::<Forgetful>().start().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn each_storage_must_take_the_largest_payload() {
    let two = || builder(Gate::open(), |it| it).storage(Poor(Gate::open())).register::<Setting>();
    let refused = two().start().await.unwrap_err();
    assert!(matches!(&refused, StartError::PayloadLimit { backend: "poor", .. }), "{refused:?}");
}

#[tokio::test(start_paused = true)]
async fn a_type_that_is_not_stored_any_more_starts_whatever_was() {
    let gate = Gate::open();
    let ledger = builder(gate.clone(), |it| it).start().await.unwrap();
    ledger.entity::<Ledger>("l").add(1).await.unwrap();
    let node = Node::builder(gate).register::<Forgetful>().start().await.unwrap();
    assert_eq!(node.entity::<Forgetful>("l").ask().await.unwrap(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_ends_the_lanes_of_every_storage() {
    let node =
        builder(Gate::open(), |it| it).storage(Gate::open()).register::<Setting>().start().await.unwrap();
    node.shutdown().await;
    quiesce().await;
    assert_eq!(tokio::runtime::Handle::current().metrics().num_alive_tasks(), 0);
}

/// Types with two ways to read one thing.
mod ambiguous {
    use super::*;
    use annals::{StateUpcasters, Upcasters};

    #[derive(Default, Serialize, Deserialize)]
    pub(super) struct Events;
    #[derive(Serialize, Deserialize, Event)]
    #[event(entity = Events, name = "happened", upcasters = upcasters)]
    pub(super) struct Happened;
    fn upcasters() -> Upcasters<Happened> {
        Upcasters::new().dropped("happened", 1)
    }
    impl EventSourced for Events {
        const ENTITY_TYPE: &'static str = "events";
        type Event = Happened;
        fn apply(&mut self, _: &Happened) {}
    }
    #[annals::commands]
    impl Events {
        pub(crate) fn ask(&self) {}
    }

    #[derive(Default, Serialize, Deserialize)]
    pub(super) struct State;
    impl DurableState for State {
        const ENTITY_TYPE: &'static str = "state";
        fn state_upcasters() -> StateUpcasters<Self> {
            StateUpcasters::new().from(1, |()| Self)
        }
    }
    #[annals::commands]
    impl State {
        pub(crate) fn ask(&self) {}
    }
}

#[tokio::test(start_paused = true)]
async fn two_ways_to_read_what_is_stored_are_refused_at_the_start() {
    let node = || Node::builder(Gate::open());
    for (start, name) in [
        (node().register::<ambiguous::Events>().start(), "happened v1"),
        (node().register::<ambiguous::State>().start(), "state v1"),
    ] {
        let refused = start.await.unwrap_err();
        assert!(matches!(&refused, StartError::Definition(_)), "{refused:?}");
        assert!(refused.to_string().contains(name), "{refused}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_name_that_another_node_stored_until_it_was_fenced_is_found() {
    let gate = Gate::open();
    gate.store_name_before_take_over(Manifest::new("last-minute", 1));
    let refused = builder(gate, |it| it).start().await.unwrap_err();
    assert!(refused.to_string().contains("last-minute v1"), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn each_storage_is_checked_for_the_types_that_live_in_it() {
    let lacking =
        builder(Gate::open(), |it| it).storage(Poor(Gate::open())).register::<Setting>().limits(small());
    let refused = lacking.start().await.unwrap_err();
    assert!(matches!(&refused, StartError::MissingPart { entity_type: "setting", .. }), "{refused:?}");
    let second = Gate::open();
    second.store_name_before_take_over(Manifest::new("unknown", 1));
    let newer = builder(Gate::open(), |it| it).storage(second).register::<Setting>();
    let refused = newer.start().await.unwrap_err();
    assert!(matches!(&refused, StartError::UnknownNames { entity_type: "setting", .. }), "{refused:?}");
}
