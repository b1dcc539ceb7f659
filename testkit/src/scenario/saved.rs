//! Scenarios of a durable-state entity.

use super::{StateScenario, Then, ThenOf};
use crate::scenario::stage::Stage;
use crate::survival::Watch;
use annals::__testing::witnessed;
use annals::{Call, Command, DurableState, Entity, Handled, Rejection, Reply, Revision};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Debug;
use std::sync::Arc;

/// The entity is stored as its latest state.
pub struct Saved<S> {
    states: Arc<Watch<S>>,
}

impl<S: DurableState + Entity + Debug + PartialEq> StateScenario<S> {
    /// An entity that has no state yet.
    pub fn new() -> Self {
        let (mut stage, states) = (Stage::new(), Watch::new([]));
        let watch = states.clone();
        stage.configure(move |definition| witnessed(definition, watch.clone()));
        Self { stage, kept: Saved { states } }
    }

    /// An entity in this state, saved once.
    ///
    /// # Panics
    /// When the state cannot be stored.
    #[track_caller]
    pub fn given(state: S) -> Self {
        let mut scenario = Self::new();
        scenario.stage.store_state(&state);
        scenario
    }

    /// Calls the entity, and gives what came of it: also how often the state was saved or deleted.
    ///
    /// # Panics
    /// As [`Scenario::when`](super::Scenario::when).
    #[track_caller]
    #[must_use = "a call whose outcome nobody looks at proves little"]
    pub fn when<P, C, H>(
        &mut self,
        call: impl FnOnce(&S::Ref) -> Call<P, C, H>,
    ) -> ThenOf<S, P, C, H, Revision>
    where
        P: Send + Sync + 'static,
        C: Command,
        H: Handled<P, C>,
        Reply<P, C, H>: Debug + PartialEq + Serialize + DeserializeOwned,
        Rejection<P, C, H>: Debug + PartialEq + Serialize + DeserializeOwned,
    {
        let acted = self.stage.act(call, |stage| stage.stored_state().1);
        let lost = self.kept.states.lost();
        assert!(lost.is_empty(), "{}", lost.join("\n"));
        let revision = self.stage.stored_state().0;
        acted.map(|()| revision)
    }
}

impl<S: DurableState + Entity + Debug + PartialEq> Default for StateScenario<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S, R, E> Then<S, R, E, Revision> {
    /// The state was saved or deleted so often.
    ///
    /// # Panics
    /// If not.
    #[track_caller]
    pub fn has_revision(self, revision: u64) -> Self {
        assert_eq!(self.stored.get(), revision, "the revision");
        self
    }
}
