//! Entities that are stored as their latest state, and those that are not stored at all.

use crate::gate::{Fault, Gate, Operation, quiesce};
use annals::storage::StorageProvider;
use annals::{
    CallError, Context, DurableState, Effect, EntityId, Ephemeral, Limits, Node, NotHandled, PersistenceId,
    StateUpcasters, Unknown,
};
use futures_util::FutureExt;
use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use std::pin::pin;
use std::time::Duration;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Profile {
    name: String,
    visits: u64,
    #[serde(skip)]
    not_stored: u64,
}

impl DurableState for Profile {
    const ENTITY_TYPE: &'static str = "profile";
}

#[derive(Debug, Serialize, Deserialize)]
struct NoName;

#[annals::commands]
impl Profile {
    fn changed(&self, change: impl FnOnce(&mut Self) + Send + 'static) -> Effect<Self, u64> {
        Effect::update(self, change).reply(|profile| profile.visits)
    }

    pub(crate) fn rename(&self, name: String) -> Effect<Self, (), NoName> {
        if name.is_empty() {
            return Effect::reject(NoName);
        }
        Effect::update(self, |profile| profile.name = name)
    }

    pub(crate) fn visit(&self) -> Effect<Self, u64> {
        self.changed(|profile| profile.visits += 1)
    }

    pub(crate) fn visit_unstored(&self) -> Effect<Self, u64> {
        Effect::update(self, |profile| profile.not_stored += 1).reply(|profile| profile.not_stored)
    }

    pub(crate) fn delete(&self) -> Effect<Self> {
        Effect::delete(self)
    }

    pub(crate) fn grow(&self, bytes: usize) -> Effect<Self> {
        Effect::update(self, move |profile| profile.name = "x".repeat(bytes))
    }

    /// Waits until it has a name.
    #[command(ready = Profile::has_name)]
    pub(crate) fn greet(&self) -> String {
        format!("hello {}", self.name)
    }

    fn has_name(&self) -> bool {
        !self.name.is_empty()
    }

    pub(crate) fn visit_and_leave(&self) -> Effect<Self> {
        Effect::update(self, |profile| profile.visits += 1).passivate()
    }

    pub(crate) fn panic_half_way(&self) -> Effect<Self> {
        Effect::update(self, |profile| {
            profile.visits = 1_000;
            panic!("the update gave up");
        })
    }

    pub(crate) fn show(&self, ctx: &Context<Self>) -> (String, u64, u64) {
        (self.name.clone(), self.visits, ctx.revision().get())
    }
}

fn profile(id: &str) -> PersistenceId {
    PersistenceId::new("profile", EntityId::new(id).unwrap()).unwrap()
}

async fn node(gate: &Gate) -> Node {
    Node::builder(gate.clone()).register::<Profile>().start().await.unwrap()
}

fn shown(name: &str, visits: u64, revision: u64) -> (String, u64, u64) {
    (name.to_owned(), visits, revision)
}

#[tokio::test(start_paused = true)]
async fn a_state_is_there_after_recovery_with_its_revision() {
    let gate = Gate::open();
    let ann = node(&gate).await.entity::<Profile>("ann");
    assert_eq!(ann.show().await.unwrap(), shown("", 0, 0));
    ann.rename("Ann".into()).await.unwrap();
    assert_eq!(ann.visit().await.unwrap(), 1);
    let again = node(&gate).await.entity::<Profile>("ann");
    assert_eq!(again.show().await.unwrap(), shown("Ann", 1, 2));
    assert_eq!(again.visit().await.unwrap(), 2);
    assert_eq!(again.show().await.unwrap(), shown("Ann", 2, 3));
}

#[tokio::test(start_paused = true)]
async fn a_deleted_state_is_the_default_and_its_revision_goes_on() {
    let gate = Gate::open();
    let ann = node(&gate).await.entity::<Profile>("ann");
    ann.rename("Ann".into()).await.unwrap();
    ann.delete().await.unwrap();
    assert_eq!(ann.show().await.unwrap(), shown("", 0, 2));
    let again = node(&gate).await.entity::<Profile>("ann");
    assert_eq!(again.show().await.unwrap(), shown("", 0, 2));
    again.visit().await.unwrap();
    assert_eq!(again.show().await.unwrap(), shown("", 1, 3));
}

#[tokio::test(start_paused = true)]
async fn memory_holds_what_the_stored_bytes_decode_to() {
    let ann = node(&Gate::open()).await.entity::<Profile>("ann");
    assert_eq!(ann.visit_unstored().await.unwrap(), 0);
    assert_eq!(ann.visit_unstored().await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_outcome_leaves_when_the_state_is_stored_and_later_commands_run_ahead() {
    let gate = Gate::closed();
    let ann = node(&gate).await.entity::<Profile>("ann");
    let mut visits = pin!(join_all((0..3).map(|_| ann.visit().into_future())));
    assert!((&mut visits).now_or_never().is_none());
    quiesce().await;
    assert!((&mut visits).now_or_never().is_none());
    gate.release(100);
    let visits: Vec<u64> = visits.await.into_iter().map(Result::unwrap).collect();
    assert_eq!(visits, [1, 2, 3]);
    assert_eq!(gate.groups().iter().sum::<usize>(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_lost_or_refused_write_leaves_memory_equal_to_the_storage() {
    for (fault, stored) in [(Fault::Lost, 1), (Fault::AppliedAndLost, 2)] {
        let gate = Gate::open();
        let ann = node(&gate).await.entity::<Profile>("ann");
        ann.visit().await.unwrap();
        gate.fail_next(fault);
        let error = ann.visit().await.unwrap_err();
        assert!(matches!(error, CallError::Unknown(Unknown::NotConfirmed(_))), "{error:?}");
        assert_eq!(ann.show().await.unwrap(), shown("", stored, stored));
    }
}

#[tokio::test(start_paused = true)]
async fn a_state_over_the_limit_is_refused_and_the_state_before_stays() {
    let mut limits = Limits::default();
    limits.payload_bytes = 1_000;
    let node = Node::builder(Gate::open()).register::<Profile>().limits(limits).start().await.unwrap();
    let ann = node.entity::<Profile>("ann");
    ann.visit().await.unwrap();
    let error = ann.grow(1_000).await.unwrap_err();
    let expected =
        matches!(&error, CallError::NotHandled(NotHandled::TooLarge { what, .. }) if &**what == "the state");
    assert!(expected, "{error:?}");
    assert_eq!(ann.show().await.unwrap(), shown("", 1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_panic_half_way_through_an_update_changes_nothing() {
    let ann = node(&Gate::open()).await.entity::<Profile>("ann");
    ann.visit().await.unwrap();
    let error = ann.panic_half_way().await.unwrap_err();
    assert!(matches!(error, CallError::NotHandled(NotHandled::Panicked { .. })), "{error:?}");
    assert_eq!(ann.show().await.unwrap(), shown("", 1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_keyed_update_runs_once_across_activations_and_so_does_a_rejection() {
    let gate = Gate::open();
    for _ in 0..3 {
        let ann = node(&gate).await.entity::<Profile>("ann");
        assert_eq!(ann.visit().key("visit").await.unwrap(), 1);
        assert!(matches!(ann.rename(String::new()).key("name").await, Err(CallError::Rejected(NoName))));
    }
    assert_eq!(node(&gate).await.entity::<Profile>("ann").show().await.unwrap(), shown("", 1, 1));
}

#[tokio::test(start_paused = true)]
async fn of_two_nodes_the_one_that_lost_its_shard_changes_nothing_unseen() {
    let gate = Gate::open();
    let (first, second) = (node(&gate).await, node(&gate).await);
    assert_eq!(second.entity::<Profile>("ann").visit().await.unwrap(), 1);
    first.entity::<Profile>("ann").visit().await.unwrap_err();
    assert_eq!(first.entity::<Profile>("ann").visit().await.unwrap(), 2);
    let stored = gate.memory().states().unwrap().load(&profile("ann")).await.unwrap().unwrap();
    assert_eq!(stored.revision.get(), 2);
}

/// The profile of a later program.
#[derive(Default, Serialize, Deserialize)]
struct FullProfile {
    full_name: String,
}

impl DurableState for FullProfile {
    const ENTITY_TYPE: &'static str = "profile";
    const STATE_VERSION: u32 = 2;

    fn state_upcasters() -> StateUpcasters<Self> {
        StateUpcasters::new().from(1, |old: Profile| Self { full_name: format!("{} (old)", old.name) })
    }
}

#[annals::commands]
impl FullProfile {
    pub(crate) fn full_name(&self) -> String {
        self.full_name.clone()
    }

    pub(crate) fn rename(&self, name: String) -> Effect<Self> {
        Effect::update(self, |profile| profile.full_name = name)
    }
}

#[tokio::test(start_paused = true)]
async fn a_state_of_an_older_version_is_upcast_and_a_newer_one_is_incompatible() {
    let gate = Gate::open();
    let old = node(&gate).await;
    old.entity::<Profile>("ann").rename("Ann".into()).await.unwrap();
    let new = Node::builder(gate.clone()).register::<FullProfile>().start().await.unwrap();
    let ann = new.entity::<FullProfile>("ann");
    assert_eq!(ann.full_name().await.unwrap(), "Ann (old)");
    ann.rename("Ann B.".into()).await.unwrap();
    // The old program still runs. It is fenced, and then meets a version that it does not know.
    old.entity::<Profile>("ann").visit().await.unwrap_err();
    let error = old.entity::<Profile>("ann").visit().await.unwrap_err();
    assert!(matches!(error, CallError::Incompatible(_)), "{error:?}");
    let refused = Node::builder(gate).register::<Profile>().start().await.unwrap_err();
    assert!(refused.to_string().contains("profile v2"), "{refused}");
}

/// The profile of a program that is later still: of each version before it knows.
#[derive(Default, Serialize, Deserialize)]
struct LatestProfile {
    names: Vec<String>,
    from_version: u32,
}

impl DurableState for LatestProfile {
    const ENTITY_TYPE: &'static str = "profile";
    const STATE_VERSION: u32 = 3;

    fn state_upcasters() -> StateUpcasters<Self> {
        StateUpcasters::new()
            .from(1, |old: Profile| Self { names: vec![old.name], from_version: 1 })
            .from(2, |old: FullProfile| Self { names: vec![old.full_name], from_version: 2 })
    }
}

#[annals::commands]
impl LatestProfile {
    pub(crate) fn seen(&self) -> (Vec<String>, u32) {
        (self.names.clone(), self.from_version)
    }

    pub(crate) fn add_name(&self, name: String) -> Effect<Self> {
        Effect::update(self, |profile| profile.names.push(name))
    }
}

#[tokio::test(start_paused = true)]
async fn each_older_version_goes_through_the_upcaster_of_its_own() {
    let gate = Gate::open();
    node(&gate).await.entity::<Profile>("ann").rename("Ann".into()).await.unwrap();
    let second = Node::builder(gate.clone()).register::<FullProfile>().start().await.unwrap();
    second.entity::<FullProfile>("bob").rename("Bob".into()).await.unwrap();
    for (id, name, version) in [("ann", "Ann", 1), ("bob", "Bob", 2)] {
        let third = Node::builder(gate.clone()).register::<LatestProfile>().start().await.unwrap();
        let profile = third.entity::<LatestProfile>(id);
        assert_eq!(profile.seen().await.unwrap(), (vec![name.to_owned()], version));
        profile.add_name("Z".into()).await.unwrap();
        let stored = gate.memory().states().unwrap().load(&self::profile(id)).await.unwrap().unwrap();
        assert_eq!(stored.payload.unwrap().manifest().version, 3);
        let again = Node::builder(gate.clone()).register::<LatestProfile>().start().await.unwrap();
        let names = vec![name.to_owned(), "Z".to_owned()];
        assert_eq!(again.entity::<LatestProfile>(id).seen().await.unwrap(), (names, version));
    }
}

#[derive(Default)]
struct Session {
    hits: u64,
}

impl Ephemeral for Session {
    const ENTITY_TYPE: &'static str = "session";
}

#[annals::commands]
impl Session {
    pub(crate) fn hit(&self) -> Effect<Self, u64> {
        Effect::mutate(self, |session| session.hits += 1).reply(|session| session.hits)
    }

    pub(crate) fn panic(&self) -> Effect<Self> {
        Effect::mutate(self, |_| panic!("the session gave up"))
    }
}

#[tokio::test(start_paused = true)]
async fn an_ephemeral_entity_lives_while_it_is_used_and_is_never_stored() {
    let mut limits = Limits::default();
    limits.idle = Duration::from_secs(1);
    let gate = Gate::closed();
    let node = Node::builder(gate.clone()).register::<Session>().limits(limits).start().await.unwrap();
    let session = node.entity::<Session>("s");
    assert_eq!(session.hit().await.unwrap(), 1);
    assert_eq!(session.hit().await.unwrap(), 2);
    let refused = session.hit().key("k").await;
    assert!(matches!(refused, Err(CallError::NotHandled(NotHandled::KeyNotKept { .. }))), "{refused:?}");
    for _ in 0..4 {
        tokio::time::advance(Duration::from_secs(2)).await;
        quiesce().await;
    }
    assert_eq!(session.hit().await.unwrap(), 1, "it starts anew");
    session.panic().await.unwrap_err();
    assert_eq!(session.hit().await.unwrap(), 1);
    assert!(gate.groups().is_empty() && gate.recoveries() == 0);
}

#[tokio::test(start_paused = true)]
async fn an_update_lets_its_entity_leave_memory() {
    let node = node(&Gate::open()).await;
    node.entity::<Profile>("ann").visit_and_leave().await.unwrap();
    quiesce().await;
    assert_eq!(node.active_entities(), 0);
    assert_eq!(node.entity::<Profile>("ann").show().await.unwrap(), shown("", 1, 1));
}

#[tokio::test(start_paused = true)]
async fn an_ephemeral_entity_is_erased_without_the_storage() {
    let gate = Gate::open();
    let node = Node::builder(gate.clone()).register::<Session>().start().await.unwrap();
    node.entity::<Session>("s").hit().await.unwrap();
    gate.faults().next(Operation::Erase, Fault::Unavailable);
    node.erase::<Session>("s").await.unwrap();
    assert_eq!(node.entity::<Session>("s").hit().await.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_command_waits_until_an_update_makes_it_ready() {
    let ann = node(&Gate::open()).await.entity::<Profile>("ann");
    let mut greeting = pin!(ann.greet().into_future());
    assert!((&mut greeting).now_or_never().is_none());
    quiesce().await;
    ann.rename("Ann".into()).await.unwrap();
    quiesce().await;
    let greeting = greeting.now_or_never().expect("it is ready");
    assert_eq!(greeting.unwrap(), "hello Ann");
}
