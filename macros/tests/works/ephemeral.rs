//! Entities that are not stored.

use annals::{CallError, Effect, Ephemeral, Limits, Node, NotHandled};
use annals_memory::MemoryStorage;
use std::time::Duration;

/// It needs no serde: nothing of it is encoded.
#[derive(Default)]
struct Session {
    pages: Vec<String>,
}

impl Ephemeral for Session {
    const ENTITY_TYPE: &'static str = "session";
}

#[annals::commands]
impl Session {
    pub fn visit(&self, page: String) -> Effect<Self, usize> {
        Effect::mutate(self, |session| session.pages.push(page)).reply(|session| session.pages.len())
    }

    pub fn pages(&self) -> Vec<String> {
        self.pages.clone()
    }
}

async fn node(storage: &MemoryStorage) -> Node {
    let mut limits = Limits::default();
    limits.idle = Duration::from_secs(60);
    Node::builder(storage.clone()).limits(limits).register::<Session>().start().await.unwrap()
}

#[tokio::test]
async fn it_changes_in_memory_and_a_second_node_knows_nothing() {
    let storage = MemoryStorage::new();
    let first = node(&storage).await;
    let session: SessionRef = first.entity::<Session>("tab-1");
    assert_eq!(session.visit("/".into()).await.unwrap(), 1);
    assert_eq!(session.visit("/cart".into()).await.unwrap(), 2);
    assert_eq!(session.pages().await.unwrap(), ["/", "/cart"]);
    first.shutdown().await;

    let second = node(&storage).await;
    assert_eq!(second.entity::<Session>("tab-1").pages().await.unwrap(), [""; 0]);
    second.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn it_starts_anew_after_it_was_idle() {
    let node = node(&MemoryStorage::new()).await;
    let session = node.entity::<Session>("tab-1");
    session.visit("/".into()).await.unwrap();
    tokio::time::advance(Duration::from_secs(59)).await;
    assert_eq!(session.pages().await.unwrap(), ["/"]);
    while node.active_entities() > 0 {
        tokio::time::advance(Duration::from_secs(1)).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(session.pages().await.unwrap(), [""; 0]);
    node.shutdown().await;
}

#[tokio::test]
async fn a_key_is_refused() {
    let node = node(&MemoryStorage::new()).await;
    let session = node.entity::<Session>("tab-1");
    let refused = session.visit("/".into()).key("once").await;
    assert!(matches!(refused, Err(CallError::NotHandled(NotHandled::KeyNotKept { .. }))), "{refused:?}");
    assert_eq!(session.pages().await.unwrap(), [""; 0]);
    node.shutdown().await;
}
