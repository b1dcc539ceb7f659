//! Entities that are stored as their latest state.

use annals::{CallError, Context, DurableState, Effect, Node, Revision};
use annals_memory::MemoryStorage;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Profile {
    name: String,
    renamed: u32,
}

impl DurableState for Profile {
    const ENTITY_TYPE: &'static str = "profile";
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("a name has a letter")]
struct NoName;

#[annals::commands]
impl Profile {
    pub fn rename(&self, name: String) -> Effect<Self, u32, NoName> {
        if name.is_empty() {
            return Effect::reject(NoName);
        }
        Effect::update(self, |profile| {
            profile.name = name;
            profile.renamed += 1;
        })
        .reply(|profile| profile.renamed)
    }

    pub fn forget(&self) -> Effect<Self> {
        Effect::delete(self)
    }

    pub fn get(&self, ctx: &Context<Self>) -> (Self, u64) {
        (self.clone(), ctx.revision().get())
    }
}

async fn node(storage: &MemoryStorage) -> Node {
    Node::builder(storage.clone()).register::<Profile>().start().await.unwrap()
}

fn ann(renamed: u32) -> Profile {
    Profile { name: "Ann".into(), renamed }
}

#[tokio::test]
async fn an_update_changes_the_state_and_counts_its_revision() {
    let node = node(&MemoryStorage::new()).await;
    let profile: ProfileRef = node.entity::<Profile>("ann");
    assert_eq!(profile.get().await.unwrap(), (Profile::default(), Revision::ZERO.get()));
    assert_eq!(profile.rename("An".into()).await.unwrap(), 1);
    assert_eq!(profile.rename("Ann".into()).await.unwrap(), 2);
    assert_eq!(profile.get().await.unwrap(), (ann(2), 2));
    node.shutdown().await;
}

#[tokio::test]
async fn a_rejected_update_leaves_state_and_revision() {
    let node = node(&MemoryStorage::new()).await;
    let profile = node.entity::<Profile>("ann");
    profile.rename("Ann".into()).await.unwrap();
    let refused = profile.rename(String::new()).await;
    assert!(matches!(refused, Err(CallError::Rejected(NoName))), "{refused:?}");
    assert_eq!(profile.get().await.unwrap(), (ann(1), 1));
    node.shutdown().await;
}

#[tokio::test]
async fn a_deleted_state_is_the_default_one_and_its_revision_goes_on() {
    let node = node(&MemoryStorage::new()).await;
    let profile = node.entity::<Profile>("ann");
    profile.rename("Ann".into()).await.unwrap();
    profile.forget().await.unwrap();
    assert_eq!(profile.get().await.unwrap(), (Profile::default(), 2));
    profile.rename("Ann".into()).await.unwrap();
    assert_eq!(profile.get().await.unwrap(), (ann(1), 3));
    node.shutdown().await;
}

#[tokio::test]
async fn a_second_node_finds_state_revision_and_keys() {
    let storage = MemoryStorage::new();
    let first = node(&storage).await;
    first.entity::<Profile>("ann").rename("Ann".into()).key("form-7").await.unwrap();
    first.entity::<Profile>("bob").rename("Bob".into()).await.unwrap();
    first.entity::<Profile>("bob").forget().await.unwrap();
    first.shutdown().await;

    let second = node(&storage).await;
    let profile = second.entity::<Profile>("ann");
    assert_eq!(profile.get().await.unwrap(), (ann(1), 1));
    assert_eq!(profile.rename("Ann".into()).key("form-7").await.unwrap(), 1);
    assert_eq!(profile.get().await.unwrap(), (ann(1), 1));
    assert_eq!(second.entity::<Profile>("bob").get().await.unwrap(), (Profile::default(), 2));
    second.shutdown().await;
}
