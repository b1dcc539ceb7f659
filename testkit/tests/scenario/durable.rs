//! Scenarios of a durable-state entity.

use crate::says::says;
use annals::{DurableState, Effect};
use annals_testkit::StateScenario;
use annals_testkit::scenario::WriteFault;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Profile {
    name: String,
    #[serde(skip)]
    visits: u64,
}

impl DurableState for Profile {
    const ENTITY_TYPE: &'static str = "profile";
}

#[annals::commands]
impl Profile {
    pub(crate) fn rename(&self, name: String) -> Effect<Self, String, String> {
        if name.is_empty() {
            return Effect::reject("a profile has a name".into());
        }
        Effect::update(self, move |profile: &mut Self| profile.name = name)
            .reply(|profile| profile.name.clone())
    }

    pub(crate) fn visit(&self) -> Effect<Self> {
        Effect::update(self, |profile: &mut Self| profile.visits += 1)
    }

    pub(crate) fn forget(&self) -> Effect<Self> {
        Effect::delete(self)
    }

    pub(crate) fn name(&self) -> String {
        self.name.clone()
    }
}

fn named(name: &str) -> Profile {
    Profile { name: name.into(), visits: 0 }
}

#[test]
fn a_state_is_given_changed_and_deleted() {
    let mut profile = StateScenario::given(named("Ada"));
    let _ = profile.when(|profile| profile.name()).replies("Ada".into()).has_revision(1);
    let renamed = profile.when(|profile| profile.rename("Eve".into()));
    let _ = renamed.replies("Eve".into()).has_revision(2).leaves(named("Eve"));
    let refused = profile.when(|profile| profile.rename(String::new()));
    let _ = refused.rejects("a profile has a name".into()).has_revision(2);
    let _ = profile.when(|profile| profile.forget()).has_revision(3).leaves(Profile::default());
    let _ = profile.when(|profile| profile.rename("Ada".into())).has_revision(4);
}

#[test]
fn an_entity_has_no_state_at_first() {
    let mut profile = StateScenario::<Profile>::new();
    let _ = profile.when(|profile| profile.name()).replies(String::new()).has_revision(0);
    says(&["the revision"], || profile.when(|profile| profile.name()).has_revision(1));
}

#[test]
fn a_skipped_field_of_the_state_is_found() {
    says(&["visits: 1", "is stored as", "visits: 0", "serde attribute"], || {
        StateScenario::<Profile>::new().when(|profile| profile.visit())
    });
}

#[test]
fn the_storage_fails_when_it_is_told_to() {
    for (fault, revision) in [
        (WriteFault::Unavailable, 1),
        (WriteFault::Conflict, 1),
        (WriteFault::Lost, 1),
        (WriteFault::StoredAndLost, 2),
    ] {
        let mut profile = StateScenario::given(named("Ada"));
        let renamed = profile.next_write(fault).when(|profile| profile.rename("Eve".into()).key("k"));
        assert!(renamed.result.is_err(), "{renamed:?}");
        let _ = renamed.has_revision(revision);
        let again = profile.when(|profile| profile.rename("Eve".into()).key("k"));
        let _ = again.replies("Eve".into()).has_revision(2).leaves(named("Eve"));
    }
}
