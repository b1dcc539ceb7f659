//! What a backend gives to the suite: how its stores are opened, closed and damaged.

use super::store::StoreUnderTest;
use annals::storage::StorageProvider;
use annals::{CodecId, Payload, PersistenceId, SequenceNr};
use async_trait::async_trait;
use std::future::Future;

/// Opens stores of one backend for the suite. Implement it with `async fn`.
pub trait Harness: Send + Sync {
    /// The backend.
    type Store: StorageProvider;

    /// A fresh, empty store.
    fn open(&self) -> impl Future<Output = Self::Store> + Send;

    /// Closes the store and opens the same data again. The suite holds nothing of the store any more.
    fn reopen(&self, store: Self::Store) -> impl Future<Output = Self::Store> + Send;

    /// Damages a stored row behind the back of the store, and opens the same data again.
    fn damage(&self, store: Self::Store, damage: Damage) -> impl Future<Output = Self::Store> + Send;

    /// What the backend cannot do, each with its reason; the report prints them.
    fn exemptions(&self) -> Vec<Exemption> {
        Vec::new()
    }
}

/// A case that a backend is not held to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exemption {
    /// The name of the case.
    pub case: &'static str,
    /// Why.
    pub reason: &'static str,
}

/// Which stored row is to be damaged, and how. The row is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Damage {
    /// An event.
    Event {
        /// Whose.
        id: PersistenceId,
        /// Its number.
        sequence_nr: SequenceNr,
        /// What happens to it.
        harm: Harm,
    },
    /// A snapshot.
    Snapshot {
        /// Whose.
        id: PersistenceId,
        /// Its number.
        sequence_nr: SequenceNr,
        /// What happens to it.
        harm: Harm,
    },
    /// A durable state.
    State {
        /// Whose.
        id: PersistenceId,
        /// What happens to it.
        harm: Harm,
    },
}

/// What happens to a row. Neither its stored checksum nor anything else in the store is adapted to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Harm {
    /// The payload loses its last byte.
    Truncated,
    /// One bit of the payload's first byte is inverted.
    Flipped,
    /// The row names codec 250, which nobody knows.
    UnknownCodec,
    /// The row is gone.
    Removed,
}

impl Harm {
    /// What is left of a payload: none if the row is gone. The checksum stays as it was.
    pub fn to(self, payload: Payload) -> Option<Payload> {
        let mut bytes = payload.bytes().to_vec();
        let mut codec = payload.codec();
        match self {
            Self::Truncated => drop(bytes.pop()),
            Self::Flipped => bytes[0] ^= 1,
            Self::UnknownCodec => codec = CodecId(250),
            Self::Removed => return None,
        }
        Some(Payload::from_stored(payload.manifest().clone(), codec, payload.checksum(), bytes))
    }
}

/// An open store and the harness that it came from.
pub(crate) struct Opened<'h, H: Harness> {
    harness: &'h H,
    store: Option<H::Store>,
}

impl<'h, H: Harness> Opened<'h, H> {
    /// To be opened by the first [`StoreUnderTest::open`].
    pub(crate) fn open(harness: &'h H) -> Box<dyn StoreUnderTest + 'h> {
        Box::new(Self { harness, store: None })
    }

    fn take(&mut self) -> H::Store {
        self.store.take().expect("the store is open except while it is reopened")
    }
}

#[async_trait]
impl<H: Harness> StoreUnderTest for Opened<'_, H> {
    async fn open(&mut self) {
        self.store = Some(self.harness.open().await);
    }

    fn provider(&self) -> &dyn StorageProvider {
        self.store.as_ref().expect("the store is open except while it is reopened")
    }

    async fn reopen(&mut self) {
        let store = self.take();
        self.store = Some(self.harness.reopen(store).await);
    }

    async fn damage(&mut self, damage: Damage) {
        let store = self.take();
        self.store = Some(self.harness.damage(store, damage).await);
    }
}
