//! Scenarios of an event-sourced entity.

use super::{Scenario, Then, ThenOf};
use crate::life::highest;
use crate::scenario::stage::Stage;
use crate::survival::Watch;
use annals::__testing::witnessed;
use annals::{Call, Command, Entity, EventSourced, Handled, Recorded, Rejection, Reply};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Debug;
use std::sync::Arc;

/// The entity is stored as its events.
pub struct Journaled<S: EventSourced> {
    events: Arc<Watch<S::Event>>,
}

/// What a call left in the journal.
#[derive(Debug)]
pub struct Stored<Ev> {
    /// The entity's own events, with their tags and metadata; those of parts are not among them.
    pub events: Vec<Recorded<Ev>>,
    /// Whether a snapshot was taken.
    pub took_snapshot: bool,
}

impl<S> Scenario<S>
where
    S: EventSourced + Entity + Debug + PartialEq,
    S::Event: Debug + PartialEq,
{
    /// An entity that nothing happened to.
    pub fn new() -> Self {
        let (mut stage, events) = (Stage::new(), Watch::new([]));
        let watch = events.clone();
        stage.configure(move |definition| witnessed(definition, watch.clone()));
        Self { stage, kept: Journaled { events } }
    }

    /// An entity that these events happened to.
    ///
    /// # Panics
    /// When an event cannot be stored.
    #[track_caller]
    pub fn given(events: impl IntoIterator<Item = S::Event>) -> Self {
        let mut scenario = Self::new();
        scenario.and_given(events);
        scenario
    }

    /// Lets these events happen too. They are not decided by the entity: any history can be given.
    ///
    /// # Panics
    /// When an event cannot be stored.
    #[track_caller]
    pub fn and_given(&mut self, events: impl IntoIterator<Item = S::Event>) -> &mut Self {
        self.stage.store_events(events);
        self
    }

    /// Calls the entity, and gives what came of it.
    ///
    /// The call may have a key or a time-out. Without one a call whose command never becomes ready ends as
    /// [`Unknown::TimedOut`](annals::Unknown::TimedOut) after an hour of the kit's time.
    ///
    /// # Panics
    /// When something does not hold that [every call](super) is held to; and inside a tokio runtime.
    #[track_caller]
    #[must_use = "a call whose outcome nobody looks at proves little"]
    pub fn when<P, C, H>(
        &mut self,
        call: impl FnOnce(&S::Ref) -> Call<P, C, H>,
    ) -> ThenOf<S, P, C, H, Stored<S::Event>>
    where
        P: Send + Sync + 'static,
        C: Command,
        H: Handled<P, C>,
        Reply<P, C, H>: Debug + PartialEq + Serialize + DeserializeOwned,
        Rejection<P, C, H>: Debug + PartialEq + Serialize + DeserializeOwned,
    {
        let before = self.stage.stored(highest);
        let snapshots = self.stage.snapshots();
        let acted = self.stage.act(call, Stage::replayed);
        let lost = self.kept.events.lost();
        assert!(lost.is_empty(), "{}", lost.join("\n"));
        let events = self.stage.recorded(before);
        acted.map(|()| Stored { events, took_snapshot: self.stage.snapshots() != snapshots })
    }
}

impl<S> Default for Scenario<S>
where
    S: EventSourced + Entity + Debug + PartialEq,
    S::Event: Debug + PartialEq,
{
    fn default() -> Self {
        Self::new()
    }
}

impl<S, R, E, Ev: Debug + PartialEq> Then<S, R, E, Stored<Ev>> {
    /// Exactly these events were stored.
    ///
    /// # Panics
    /// If not.
    #[track_caller]
    pub fn persists(self, events: impl IntoIterator<Item = Ev>) -> Self {
        let expected: Vec<Ev> = events.into_iter().collect();
        let stored: Vec<&Ev> = self.stored.events.iter().map(|recorded| &recorded.event).collect();
        assert!(expected.iter().eq(stored.iter().copied()), "expected {expected:?}, stored {stored:?}");
        self
    }

    /// Events were stored, and every one of them has this tag.
    ///
    /// # Panics
    /// If not.
    #[track_caller]
    pub fn tags(self, tag: &str) -> Self {
        let events = &self.stored.events;
        let tagged = events.iter().all(|event| event.tags.iter().any(|it| **it == *tag));
        assert!(tagged && !events.is_empty(), "not tagged {tag:?}: {events:?}");
        self
    }

    /// A snapshot was taken.
    ///
    /// # Panics
    /// If not.
    #[track_caller]
    pub fn takes_a_snapshot(self) -> Self {
        assert!(self.stored.took_snapshot, "no snapshot was taken");
        self
    }
}
