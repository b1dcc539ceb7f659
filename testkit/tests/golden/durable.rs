//! Golden files of a durable-state entity.

use crate::folder::{Folder, flaws};
use annals::{Codec, Definition, DurableState, Effect, StateUpcasters};
use annals_testkit::golden_state;
use serde::{Deserialize, Serialize};

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Profile {
    name: String,
}

impl DurableState for Profile {
    const ENTITY_TYPE: &'static str = "profile";
}

#[annals::commands]
impl Profile {
    pub(crate) fn rename(&self, name: String) -> Effect<Self> {
        Effect::update(self, move |profile: &mut Self| profile.name = name)
    }
}

/// The name is in two parts, and the state is stored as JSON.
mod next {
    use super::*;

    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    pub(super) struct Profile {
        pub(super) first: String,
        pub(super) last: String,
    }

    impl DurableState for Profile {
        const ENTITY_TYPE: &'static str = "profile";
        const STATE_VERSION: u32 = 2;

        fn state_upcasters() -> StateUpcasters<Self> {
            StateUpcasters::new().from(1, |old: super::Profile| {
                let (first, last) = old.name.split_once(' ').unwrap_or(("", &old.name));
                Self { first: first.into(), last: last.into() }
            })
        }
    }

    impl annals::Entity for Profile {
        type Ref = annals::EntityRef<Self>;

        fn definition() -> Definition<Self> {
            Definition::durable_state()
        }
    }
}

fn ada() -> Profile {
    Profile { name: "Ada Lovelace".into() }
}

#[test]
fn states_have_golden_files_and_nothing_else() {
    let folder = Folder::new("durable");
    golden_state::<Profile>(folder.path()).state(ada()).record().unwrap();
    assert_eq!(folder.files(), ["profile.v1.state.golden"]);
    let (_, text) = flaws::<1>(golden_state::<Profile>(folder.path()).state(Profile::default()).try_check());
    assert!(text.contains("state profile v1 in profile.v1.state.golden would be stored as"), "{text}");
}

#[test]
fn another_codec_is_no_other_form_and_json_is_shown_as_text() {
    let folder = Folder::new("durable-next");
    golden_state::<Profile>(folder.path()).state(ada()).record().unwrap();
    let next = || {
        let today = next::Profile { first: "Ada".into(), last: "Lovelace".into() };
        golden_state::<next::Profile>(folder.path()).codec(Codec::Json).older_state(1, ada()).state(today)
    };
    let (_, text) = flaws::<2>(next().try_check());
    assert!(text.contains("state profile v2 has no file"), "{text}");
    next().record().unwrap();
    let text = folder.read("profile.v2.state.golden");
    assert!(text.contains("text:\n  {\"first\":\"Ada\",\"last\":\"Lovelace\"}\n"), "{text}");
}
