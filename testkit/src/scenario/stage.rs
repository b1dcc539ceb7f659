//! Where a scenario plays: the store of one entity, and the life that it is in.

use super::act::{Called, WriteFault, answer};
use super::{Then, ThenOf};
use crate::TestClock;
use crate::faults::{Fault, FaultStorage, Operation};
use crate::life::{Life, Setting, Store, Time, highest, runtime, write};
use crate::survival::survives;
use annals::__testing::{kind, open_state, resent, seal_state, sealer};
use annals::storage::{Change, Event as StoredAs, SnapshotCriteria, StateChange, StorageError};
use annals::{
    Call, CallError, Clock, Codec, Command, Definition, DurableState, Entity, EntityKind, Event,
    EventSourced, Handled, PersistenceId, Random, Recorded, Rejection, Reply, Revision, SequenceNr,
    Timestamp,
};
use annals_memory::MemoryStorage;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

/// The store of one entity, and the life that it is in.
pub(super) struct Stage<S: Entity> {
    setting: Setting<S>,
    store: Store,
    life: Option<Life<S>>,
    next_write: Option<WriteFault>,
    /// Gives each life a seed of its own: no life draws again what another drew.
    seeds: Random,
    /// How many writes were given.
    given: u128,
}

/// How long the stream of events is waited for, on the paused clock: only when nothing else can happen.
const NO_MORE: Duration = Duration::from_secs(1);

impl<S: Entity> Stage<S> {
    pub(super) fn new() -> Self {
        let (setting, store) = (Setting::new(), Arc::new(MemoryStorage::new()));
        let seeds = Random::new(setting.seed);
        Self { setting, store, life: None, next_write: None, seeds, given: 0 }
    }

    pub(super) fn configure(
        &mut self,
        more: impl Fn(Definition<S>) -> Definition<S> + Send + Sync + 'static,
    ) {
        self.fresh();
        self.setting = self.setting.with(more);
    }

    pub(super) fn name(&mut self, id: &str) {
        self.fresh();
        self.setting.id = id.into();
    }

    pub(super) fn seed(&mut self, seed: u64) {
        self.fresh();
        self.seeds = Random::new(seed);
    }

    pub(super) fn host<T: Entity>(&mut self) {
        self.fresh();
        self.setting.others.push(Arc::new(|builder| builder.register::<T>()));
    }

    pub(super) fn clock(&self) -> &TestClock {
        &self.setting.clock
    }

    pub(super) fn next_write(&mut self, fault: WriteFault) {
        self.next_write = Some(fault);
    }

    fn fresh(&self) {
        assert!(self.life.is_none() && self.given == 0, "a scenario is set up before anything happens in it");
    }

    pub(super) fn id(&self) -> PersistenceId {
        self.setting.persistence_id()
    }

    pub(super) fn codec(&self) -> Codec {
        sealer(&self.setting.definition()).codec()
    }

    /// Lets something happen to the entity without its doing.
    fn store(&mut self, change: Change) {
        self.life = None;
        self.given += 1;
        let (given, now) = (self.given, self.setting.clock.now());
        let stored = block_on(write(self.store.clone(), self.id(), given, now, change));
        stored.unwrap_or_else(|error| panic!("what is given cannot be stored: {error}"));
    }

    /// What the store holds, read by `read`.
    pub(super) fn stored<T, F: Future<Output = Result<T, StorageError>>>(
        &self,
        read: impl FnOnce(Store, PersistenceId) -> F,
    ) -> T {
        let read = block_on(read(self.store.clone(), self.id()));
        read.unwrap_or_else(|error| panic!("what is stored cannot be read: {error}"))
    }

    fn life(&mut self) -> &Life<S> {
        let faults = FaultStorage::around(self.store.clone());
        self.life_on(&faults)
    }

    /// The life that goes on, or a new one on this storage.
    fn life_on(&mut self, storage: &FaultStorage) -> &Life<S> {
        let Self { setting, life, seeds, .. } = self;
        life.get_or_insert_with(|| {
            let setting = Setting { seed: seeds.next_u64(), ..setting.clone() };
            let begun = Life::begin(&setting, storage.clone());
            begun.unwrap_or_else(|error| panic!("no node can be started for the scenario: {error}"))
        })
    }
}

impl<S: Entity + Debug + PartialEq> Stage<S> {
    /// Calls the entity and holds it to what every call is held to. `replayed` gives the state that the store
    /// holds.
    pub(super) fn act<P, C, H>(
        &mut self,
        call: impl FnOnce(&S::Ref) -> Call<P, C, H>,
        replayed: impl Fn(&mut Self) -> S,
    ) -> ThenOf<S, P, C, H, ()>
    where
        P: Send + Sync + 'static,
        C: Command,
        H: Handled<P, C>,
        Reply<P, C, H>: Debug + PartialEq + Serialize + DeserializeOwned,
        Rejection<P, C, H>: Debug + PartialEq + Serialize + DeserializeOwned,
    {
        let codec = self.codec();
        let (result, passivated) = self.call(call);
        let survived = match &result {
            Ok(reply) => survives(codec, &format!("the reply of {},", C::NAME), reply),
            Err(CallError::Rejected(why)) => survives(codec, &format!("the rejection of {},", C::NAME), why),
            Err(_) => Ok(()),
        };
        survived.unwrap_or_else(|lost| panic!("{lost}"));
        let state = replayed(self);
        let state = self.hold_against(state, "the state in memory");
        self.life = None;
        let state = self.hold_against(state, "the state of the recovered entity");
        self.survives(&state);
        Then { result, state, passivated, stored: () }
    }

    /// Makes the call in the life that goes on, or in a new one if the storage is to fail.
    fn call<P, C, H>(&mut self, call: impl FnOnce(&S::Ref) -> Call<P, C, H>) -> (Called<P, C, H>, bool)
    where
        P: Send + Sync + 'static,
        C: Command,
        H: Handled<P, C>,
    {
        let codec = self.codec();
        let faults = FaultStorage::around(self.store.clone());
        let fault = self.next_write.take();
        if fault.is_some() {
            self.life = None;
        }
        let life = self.life_on(&faults);
        match fault {
            Some(WriteFault::Unavailable) => faults.faults().every(Operation::Append, Fault::Unavailable),
            Some(WriteFault::Conflict) => faults.faults().next(Operation::Append, Fault::Conflict),
            Some(WriteFault::Lost) => faults.faults().next(Operation::Append, Fault::Lost),
            Some(WriteFault::StoredAndLost) => faults.faults().next(Operation::Append, Fault::AppliedAndLost),
            None => {}
        }
        let call = resent(call(&life.client()), codec);
        let call =
            call.unwrap_or_else(|error| panic!("the command {} does not survive {codec}: {error}", C::NAME));
        let result = life.run(answer(call));
        life.settle();
        let passivated = life.node().active_entities() == 0;
        if !matches!(result, Ok(_) | Err(CallError::Rejected(_))) {
            // The caller may have given up on a handler that still runs.
            let _ = life.look(|_| ());
        }
        if faults.faults().count(Operation::Append) == 0 {
            self.next_write = fault;
        }
        faults.faults().clear();
        (result, passivated)
    }

    /// Compares the state in memory with the one that the store gives.
    fn hold_against(&mut self, stored: S, what: &str) -> S {
        self.life().compare(stored).unwrap_or_else(|found| {
            panic!("{what} {found}: does `apply`, or how the state is encoded, depend on anything else?")
        })
    }

    fn survives(&self, state: &S) {
        let (definition, id) = (self.setting.definition(), self.id());
        let (_, how) = kind(&definition);
        if how == EntityKind::Ephemeral {
            return;
        }
        let sealed = seal_state(&definition, &id, state);
        let sealed = sealed.unwrap_or_else(|error| panic!("the state {state:?} cannot be encoded: {error}"));
        match open_state(&definition, &id, &sealed) {
            Ok(decoded) if decoded == *state => {}
            Ok(decoded) => panic!(
                "the state {state:?} comes back from its encoding as {decoded:?}: is a field left out by a serde \
                 attribute?"
            ),
            Err(error) => panic!("the state {state:?} cannot be decoded again: {error}"),
        }
    }

    /// The numbers and times of the snapshots.
    pub(super) fn snapshots(&self) -> Vec<(SequenceNr, Timestamp)> {
        self.stored(|store, id| async move {
            let snapshots = store.snapshots().expect("the storage has snapshots");
            snapshots.list(&id, SnapshotCriteria::ALL).await
        })
    }
}

impl<S: EventSourced + Entity> Stage<S> {
    /// Stores events as the entity would.
    pub(super) fn store_events(&mut self, events: impl IntoIterator<Item = S::Event>) {
        let (definition, id) = (self.setting.definition(), self.id());
        let seal = |event: S::Event| {
            let sealed = sealer(&definition).seal_and_read_back(&id, event.manifest(), &event);
            let (payload, _) =
                sealed.unwrap_or_else(|error| panic!("a given event cannot be encoded: {error}"));
            StoredAs::from(payload)
        };
        let events: Vec<StoredAs> = events.into_iter().map(seal).collect();
        let expected = self.stored(highest);
        if !events.is_empty() {
            self.store(Change::Events { expected, events: events.into() });
        }
    }

    /// The state that the journal gives.
    pub(super) fn replayed(&mut self) -> S {
        let highest = self.stored(highest);
        let state = self.life().state_at(highest);
        state.unwrap_or_else(|error| panic!("the entity cannot be recovered: {error}"))
    }

    /// The entity's own events behind a number.
    pub(super) fn recorded(&mut self, after: SequenceNr) -> Vec<Recorded<S::Event>> {
        let life = self.life();
        let mut events = life.entity().events(after.next());
        life.run(async move {
            let mut all = Vec::new();
            while let Ok(Some(event)) = tokio::time::timeout(NO_MORE, events.next()).await {
                all.push(event.unwrap_or_else(|error| panic!("an event cannot be read: {error}")));
            }
            all
        })
    }
}

impl<S: DurableState + Entity> Stage<S> {
    /// Stores a state as the entity would.
    pub(super) fn store_state(&mut self, state: &S) {
        let payload = seal_state(&self.setting.definition(), &self.id(), state);
        let payload = payload.unwrap_or_else(|error| panic!("the given state cannot be encoded: {error}"));
        let expected = self.stored_state().0;
        self.store(Change::State { expected, change: StateChange::Save(payload) });
    }

    /// The stored revision and state; the default one if there is none.
    pub(super) fn stored_state(&self) -> (Revision, S) {
        let loaded = self.stored(|store, id| async move {
            store.states().expect("the storage has states").load(&id).await
        });
        let Some(loaded) = loaded else {
            return (Revision::ZERO, S::default());
        };
        let open = |payload| {
            let opened = open_state(&self.setting.definition(), &self.id(), &payload);
            opened.unwrap_or_else(|error| panic!("the stored state cannot be read: {error}"))
        };
        (loaded.revision, loaded.payload.map_or_else(S::default, open))
    }
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    runtime(Time::Paused).block_on(work)
}
