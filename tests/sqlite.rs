//! A node on an SQLite file: what a caller sees when the file or the disk below gives way. The backend's own
//! tests are beside it; here the whole way up to the call is tested.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use annals::storage::{StorageError, StorageProvider};
use annals::{
    CallError, Command, Context, Definition, Effect, Entity, EntityRef, Event, EventSourced, Handler, Limits,
    Manifest, Node, NotHandled, RecoveryError, Unknown,
};
use annals_sqlite::SqliteStorage;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::time::Duration;

#[derive(Default, Serialize, Deserialize)]
struct Log {
    bytes: usize,
}
#[derive(Serialize, Deserialize)]
struct Appended {
    text: String,
}
impl Event for Appended {
    type Entity = Log;
    const MANIFESTS: &'static [Manifest] = &[Manifest::new("appended", 1)];
    fn manifest(&self) -> Manifest {
        Manifest::new("appended", 1)
    }
}
impl EventSourced for Log {
    const ENTITY_TYPE: &'static str = "log";
    type Event = Appended;
    fn apply(&mut self, event: &Appended) {
        self.bytes += event.text.len();
    }
}
#[derive(Serialize, Deserialize)]
struct Append {
    bytes: usize,
}
impl Command for Append {
    const NAME: &'static str = "append";
}
impl Handler<Append> for Log {
    type Output = Effect<Self, usize>;
    fn handle(&self, command: Append, _: &Context<Self>) -> Self::Output {
        Effect::persist(Appended { text: "x".repeat(command.bytes) }).reply(|log| log.bytes)
    }
}
#[derive(Serialize, Deserialize)]
struct Length;
impl Command for Length {
    const NAME: &'static str = "length";
}
impl Handler<Length> for Log {
    type Output = usize;
    fn handle(&self, _: Length, _: &Context<Self>) -> usize {
        self.bytes
    }
}
impl Entity for Log {
    type Ref = EntityRef<Self>;
    fn definition() -> Definition<Self> {
        Definition::event_sourced().command::<Append>().command::<Length>()
    }
}

/// A directory that goes with the test.
struct Dir(PathBuf);

impl Dir {
    fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("annals-node-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        Self(dir)
    }
    fn file(&self) -> PathBuf {
        self.0.join("log.db")
    }
}
impl Drop for Dir {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

async fn node(storage: impl StorageProvider) -> Node {
    let mut limits = Limits::default();
    limits.persist_retry = Duration::from_millis(20);
    Node::builder(storage).register::<Log>().limits(limits).start().await.unwrap()
}

async fn restarted(file: &Path) -> usize {
    let storage = SqliteStorage::open(file).await.unwrap();
    let node = node(storage.clone()).await;
    let length = node.entity::<Log>("l").ask(Length).await.unwrap();
    node.shutdown().await;
    storage.close().await;
    length
}

#[tokio::test]
async fn everything_acknowledged_survives_the_process() {
    let dir = Dir::new("survives");
    let storage = SqliteStorage::open(dir.file()).await.unwrap();
    let node = node(storage.clone()).await;
    let log = node.entity::<Log>("l");
    for n in 1..=100 {
        assert_eq!(log.ask(Append { bytes: 1 }).key(format!("{n}")).await.unwrap(), n);
    }
    node.shutdown().await;
    storage.close().await;
    assert_eq!(restarted(&dir.file()).await, 100);
}

#[tokio::test]
async fn a_full_disk_is_told_and_what_was_acknowledged_stays() {
    let dir = Dir::new("full");
    let storage = SqliteStorage::options().max_file_bytes(1 << 20).open(dir.file()).await.unwrap();
    let node = node(storage.clone()).await;
    let log = node.entity::<Log>("l");
    let mut acknowledged = 0;
    let error = loop {
        match log.ask(Append { bytes: 50_000 }).await {
            Ok(length) => acknowledged = length,
            Err(error) => break error,
        }
        assert!(acknowledged < 10 << 20, "the file grew over its bound");
    };
    assert!(acknowledged > 0);
    assert!(
        matches!(&error, CallError::Unknown(Unknown::NotConfirmed(StorageError::Unavailable { .. }))),
        "{error:?}"
    );
    assert!(error.to_string().contains("log.db"), "it names the file: {error}");
    assert_eq!(log.ask(Length).await.unwrap(), acknowledged, "memory equals the journal (G4)");
    node.shutdown().await;
    storage.close().await;
    assert_eq!(restarted(&dir.file()).await, acknowledged);
}

#[tokio::test]
async fn a_file_that_vanishes_takes_no_acknowledgement_with_it() {
    let dir = Dir::new("vanishes");
    let storage = SqliteStorage::open(dir.file()).await.unwrap();
    let node = node(storage.clone()).await;
    let log = node.entity::<Log>("l");
    log.ask(Append { bytes: 1 }).await.unwrap();
    std::fs::rename(dir.file(), dir.0.join("moved.db")).unwrap();
    let error = log.ask(Append { bytes: 1 }).await.unwrap_err();
    assert!(matches!(&error, CallError::Unknown(Unknown::NotConfirmed(_))), "{error:?}");
    assert!(error.to_string().contains("log.db"), "it names the file: {error}");
    let error = log.ask(Append { bytes: 1 }).await.unwrap_err();
    assert!(
        matches!(
            &error,
            CallError::NotHandled(NotHandled::Recovery(RecoveryError::Storage(
                StorageError::Unavailable { .. }
            )))
        ),
        "the entity stays closed: {error:?}"
    );
    node.shutdown().await;
    storage.close().await;
}

#[tokio::test]
async fn a_second_node_needs_the_same_handle_and_fences_the_first() {
    let dir = Dir::new("second");
    let storage = SqliteStorage::open(dir.file()).await.unwrap();
    let error = SqliteStorage::open(dir.file()).await.unwrap_err();
    assert!(error.to_string().contains("log.db"), "{error}");
    let (first, second) = (node(storage.clone()).await, node(storage.clone()).await);
    assert_eq!(second.entity::<Log>("l").ask(Append { bytes: 1 }).await.unwrap(), 1);
    let fenced = first.entity::<Log>("l").ask(Append { bytes: 1 }).await.unwrap_err();
    assert!(
        matches!(fenced, CallError::Unknown(Unknown::NotConfirmed(StorageError::Fenced { .. }))),
        "{fenced:?}"
    );
    first.shutdown().await;
    second.shutdown().await;
    storage.close().await;
}
