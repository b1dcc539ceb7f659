//! Coming back from the journal (G10, G11): completely, or not at all with a reason.

use crate::account::{Account, AccountEvent, Balance, Deposit, DepositEach, Events, Measure, node};
use crate::gate::{Gate, account};
use annals::storage::{Change, Fence, Lane, StorageError, StorageProvider, Subject, Write};
use annals::{
    ActivationId, CallError, Codec, CodecId, Event, Manifest, Node, NotHandled, Payload, RecoveryError,
    SequenceNr, ShardId, Timestamp, WriteNr,
};

#[tokio::test(start_paused = true)]
async fn the_state_after_recovery_is_the_state_before() {
    let gate = Gate::open();
    let first = node(gate.clone()).await;
    let alice = first.entity::<Account>("alice");
    for n in 0..500 {
        alice.ask(DepositEach { cents: vec![n, 1] }).await.unwrap();
    }
    let before = alice.ask(Balance {}).await.unwrap();
    let second = node(gate.clone()).await;
    let alice = second.entity::<Account>("alice");
    assert_eq!(alice.ask(Balance {}).await.unwrap(), before);
    assert_eq!(alice.ask(Events {}).await.unwrap(), 1_000);
    alice.ask(Deposit { cents: 1 }).await.unwrap();
    let numbers: Vec<u64> = gate.events("alice").await.iter().map(|event| event.sequence_nr.get()).collect();
    assert_eq!(numbers, (1..=1_001).collect::<Vec<u64>>(), "numbers go on without gap or repetition (G2)");
}

/// Stores raw payloads in the journal of `alice`.
async fn store(gate: &Gate, payloads: Vec<Payload>) {
    let writes = gate.memory().writes();
    let shard = ShardId::of(&account("alice"));
    let epoch = writes.epochs(&[shard]).await.unwrap()[0];
    let write = Write {
        id: account("alice"),
        fence: Fence { shard, epoch },
        activation: ActivationId::new(1),
        write_nr: WriteNr::new(1),
        written_at: Timestamp::from_micros(0),
        change: Change::Events {
            expected: SequenceNr::ZERO,
            events: payloads.into_iter().map(Into::into).collect(),
        },
        outcome: None,
        side_effects: vec![],
    };
    writes.append(Lane(0), [write].into()).await.remove(0).unwrap();
}

/// Stores one more event behind the first `highest` ones of an entity.
pub(crate) async fn store_in<Ev: Event>(gate: &Gate, id: &annals::PersistenceId, highest: u64, event: &Ev) {
    let writes = gate.memory().writes();
    let shard = ShardId::of(id);
    let epoch = writes.epochs(&[shard]).await.unwrap()[0];
    let bytes = Codec::MessagePack.encode(event).unwrap();
    let payload = Payload::seal(event.manifest(), Codec::MessagePack.id(), bytes);
    let write = Write {
        id: id.clone(),
        fence: Fence { shard, epoch },
        activation: ActivationId::new(u128::from(highest) + 1),
        write_nr: WriteNr::new(1),
        written_at: Timestamp::from_micros(0),
        change: Change::Events { expected: SequenceNr::new(highest), events: vec![payload.into()].into() },
        outcome: None,
        side_effects: vec![],
    };
    writes.append(Lane(0), [write].into()).await.remove(0).unwrap();
}

fn deposited(cents: i64) -> Payload {
    let event = AccountEvent::Deposited { cents };
    Payload::seal(event.manifest(), Codec::MessagePack.id(), Codec::MessagePack.encode(&event).unwrap())
}

async fn recovery_error(payloads: Vec<Payload>) -> CallError {
    let gate = Gate::open();
    store(&gate, payloads).await;
    let node = node(gate.clone()).await;
    let alice = node.entity::<Account>("alice");
    let error = alice.ask(Deposit { cents: 1 }).await.unwrap_err();
    let again = alice.ask(Balance {}).await.unwrap_err();
    assert_eq!(error.to_string(), again.to_string(), "the entity stays closed, with the same reason");
    assert_eq!(
        node.entity::<Account>("bob").ask(Deposit { cents: 1 }).await.unwrap(),
        1,
        "others are not affected"
    );
    error
}

fn names_event_2(error: &StorageError) -> bool {
    error.to_string().contains("event 2 of account/alice")
}

#[tokio::test(start_paused = true)]
async fn an_unknown_event_name_or_version_is_incompatible_and_never_skipped() {
    for manifest in [Manifest::new("teleported", 1), Manifest::new("deposited", 2)] {
        let gate = Gate::open();
        // Stored while the node runs: what was there before, its start would have refused.
        let node = node(gate.clone()).await;
        let bytes = deposited(7).bytes().to_vec();
        let unknown = Payload::seal(manifest.clone(), Codec::MessagePack.id(), bytes);
        store(&gate, vec![deposited(1), unknown, deposited(2)]).await;
        let error = node.entity::<Account>("alice").ask(Deposit { cents: 1 }).await.unwrap_err();
        let CallError::Incompatible(error) = error else { panic!("{error:?}") };
        assert!(names_event_2(&error) && error.to_string().contains(&manifest.to_string()), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_unknown_codec_or_another_shape_is_incompatible() {
    let bytes = deposited(7).bytes().to_vec();
    let unknown_codec = Payload::seal(Manifest::new("deposited", 1), CodecId(77), bytes);
    let shape = Codec::MessagePack.encode(&"a text").unwrap();
    let other_shape = Payload::seal(Manifest::new("deposited", 1), Codec::MessagePack.id(), shape);
    for bad in [unknown_codec, other_shape] {
        let error = recovery_error(vec![deposited(1), bad]).await;
        assert!(matches!(&error, CallError::Incompatible(error) if names_event_2(error)), "{error:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn damaged_bytes_are_corrupt() {
    let good = deposited(7);
    let mut bytes = good.bytes().to_vec();
    bytes[3] ^= 1;
    let flipped = Payload::from_stored(good.manifest().clone(), good.codec(), good.checksum(), bytes);
    let withdrawn = AccountEvent::Withdrawn { cents: 7 };
    let other = Codec::MessagePack.encode(&withdrawn).unwrap();
    let mislabelled = Payload::seal(Manifest::new("deposited", 1), Codec::MessagePack.id(), other);
    for bad in [flipped, mislabelled] {
        let error = recovery_error(vec![deposited(1), bad, deposited(1)]).await;
        let CallError::NotHandled(NotHandled::Recovery(RecoveryError::Storage(error))) = error else {
            panic!("{error:?}")
        };
        assert!(
            matches!(&error, StorageError::Corrupt { subject: Subject::Event(..), .. })
                && names_event_2(&error),
            "{error}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn apply_that_panics_at_an_event_fails_the_recovery_by_number() {
    let bomb = AccountEvent::Bomb;
    let bomb =
        Payload::seal(bomb.manifest(), Codec::MessagePack.id(), Codec::MessagePack.encode(&bomb).unwrap());
    let error = recovery_error(vec![deposited(1), bomb]).await;
    assert!(
        matches!(&error, CallError::NotHandled(NotHandled::Recovery(RecoveryError::Panicked { sequence_nr, .. })) if sequence_nr.get() == 2),
        "{error:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_missing_number_is_corrupt_by_number() {
    let gate = Gate::open();
    store(&gate, vec![deposited(1), deposited(1), deposited(1)]).await;
    // Deleting without a snapshot leaves a history that does not begin at 1.
    let shard = ShardId::of(&account("alice"));
    let epoch = gate.memory().writes().epochs(&[shard]).await.unwrap()[0];
    let journal = gate.memory().journal().unwrap();
    journal.delete_to(&account("alice"), Fence { shard, epoch }, SequenceNr::new(2)).await.unwrap();
    let node = node(gate).await;
    let error = node.entity::<Account>("alice").ask(Balance {}).await.unwrap_err();
    assert!(error.to_string().contains("event 1 of account/alice"), "{error}");
    assert!(matches!(
        error,
        CallError::NotHandled(NotHandled::Recovery(RecoveryError::Storage(StorageError::Corrupt { .. })))
    ));
}

#[tokio::test(start_paused = true)]
async fn a_history_deleted_to_its_end_is_not_taken_for_an_empty_one() {
    let gate = Gate::open();
    store(&gate, vec![deposited(1), deposited(1)]).await;
    let shard = ShardId::of(&account("alice"));
    let epoch = gate.memory().writes().epochs(&[shard]).await.unwrap()[0];
    let journal = gate.memory().journal().unwrap();
    journal.delete_to(&account("alice"), Fence { shard, epoch }, SequenceNr::new(2)).await.unwrap();
    let node = node(gate).await;
    let error = node.entity::<Account>("alice").ask(Deposit { cents: 1 }).await.unwrap_err();
    assert!(error.to_string().contains("event 1 of account/alice"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_number_that_is_not_finite_survives_in_messagepack() {
    let gate = Gate::open();
    let alice = node(gate.clone()).await.entity::<Account>("alice");
    alice.ask(Measure { bits: f64::NAN.to_bits() }).await.unwrap();
    assert_eq!(node(gate).await.entity::<Account>("alice").ask(Events {}).await.unwrap(), 1);
}

/// The account as another programmer would write it, in another module.
mod elsewhere {
    use annals::{Command, Context, Definition, Entity, EntityRef, Event, EventSourced, Handler, Manifest};
    use serde::{Deserialize, Serialize};

    #[derive(Default, Serialize, Deserialize)]
    pub(super) struct Konto(i64);
    #[derive(Serialize, Deserialize)]
    pub(super) enum Buchung {
        #[serde(rename = "Deposited")]
        Einzahlung {
            #[serde(rename = "cents")]
            betrag: i64,
        },
    }
    impl Event for Buchung {
        type Entity = Konto;
        const MANIFESTS: &'static [Manifest] = &[Manifest::new("deposited", 1)];
        fn manifest(&self) -> Manifest {
            Manifest::new("deposited", 1)
        }
    }
    impl EventSourced for Konto {
        const ENTITY_TYPE: &'static str = "account";
        type Event = Buchung;
        fn apply(&mut self, event: &Buchung) {
            let Buchung::Einzahlung { betrag } = event;
            self.0 += betrag;
        }
    }
    #[derive(Serialize, Deserialize)]
    pub(super) struct Stand;
    impl Command for Stand {
        const NAME: &'static str = "stand";
    }
    impl Handler<Stand> for Konto {
        type Output = i64;
        fn handle(&self, _: Stand, _: &Context<Self>) -> i64 {
            self.0
        }
    }
    impl Entity for Konto {
        type Ref = EntityRef<Self>;
        fn definition() -> Definition<Self> {
            Definition::event_sourced().command::<Stand>()
        }
    }
}

#[tokio::test(start_paused = true)]
async fn renaming_and_moving_the_rust_types_changes_nothing_stored() {
    let gate = Gate::open();
    let alice = node(gate.clone()).await.entity::<Account>("alice");
    alice.ask(DepositEach { cents: vec![5, 6] }).await.unwrap();
    let node = Node::builder(gate).register::<elsewhere::Konto>().start().await.unwrap();
    assert_eq!(node.entity::<elsewhere::Konto>("alice").ask(elsewhere::Stand).await.unwrap(), 11);
}
