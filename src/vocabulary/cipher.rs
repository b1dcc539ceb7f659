//! The port for encryption: what a cipher is given, and what it may say. No cipher is in here.

use super::{Manifest, PersistenceId};
use std::fmt;
use std::sync::Arc;

/// Encrypts what is stored. A user implements it with an authenticating cipher of their choice and hands it to
/// [`Definition::cipher`](crate::Definition::cipher).
///
/// It sees encoded values: events, states, snapshots, outcomes. Ids, manifests, idempotency keys, tags and metadata
/// stay readable. One key per entity, chosen by [`Sealing::id`], lets an entity be forgotten by throwing its key
/// away.
///
/// What it encrypts is not decrypted before it is stored: try it on something before it is trusted with data.
///
/// It is called in the task of an entity, so it must not wait: fetch keys ahead, and refuse when one is missing.
pub trait Cipher: Send + Sync + 'static {
    /// Encrypts `plain`. Whatever [`decrypt`](Self::decrypt) needs, such as a nonce or the number of a key, is part
    /// of the result.
    ///
    /// # Errors
    /// [`CipherError`] when it cannot; nothing is stored then.
    fn encrypt(&self, about: &Sealing<'_>, plain: &[u8]) -> Result<Vec<u8>, CipherError>;

    /// Decrypts what [`encrypt`](Self::encrypt) made for the same `about`.
    ///
    /// # Errors
    /// [`CipherError`] when there is no key, or `sealed` was made for something else.
    fn decrypt(&self, about: &Sealing<'_>, sealed: &[u8]) -> Result<Vec<u8>, CipherError>;
}

/// What encrypted bytes belong to. A cipher authenticates it as associated data, so that bytes moved to another
/// entity or another manifest are refused. Bytes swapped within one entity and manifest are not: it holds no
/// sequence number.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Sealing<'a> {
    /// Whose bytes they are.
    pub id: &'a PersistenceId,
    /// What they hold.
    pub manifest: &'a Manifest,
}

impl<'a> Sealing<'a> {
    /// Bytes of `id` that hold `manifest`: for the tests of a [`Cipher`].
    pub fn new(id: &'a PersistenceId, manifest: &'a Manifest) -> Self {
        Self { id, manifest }
    }
}

/// Why a cipher refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CipherError(Arc<str>);

impl CipherError {
    /// It refused for that reason. The text goes into errors and logs: no keys, no contents.
    pub fn new(reason: impl fmt::Display) -> Self {
        Self(reason.to_string().into())
    }
}
