//! Idempotency keys, and how a repeated command is told from another one.

use std::fmt;
use std::sync::Arc;
use xxhash_rust::xxh3::Xxh3;

/// The longest key, in bytes of UTF-8.
pub const MAX_KEY_BYTES: usize = 256;

/// Why a text cannot be a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a key must have 1 to {MAX_KEY_BYTES} bytes and no NUL; this one has {bytes} bytes: {start:?}")]
pub struct InvalidKey {
    bytes: usize,
    start: String,
}

/// An idempotency key: within one entity, a command with this key runs once (G6). Compared whole.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(Arc<str>);

impl Key {
    /// Checks the text and keeps it.
    ///
    /// # Errors
    /// [`InvalidKey`] when it is empty, longer than [`MAX_KEY_BYTES`], or holds a NUL.
    pub fn new(key: impl Into<Arc<str>>) -> Result<Self, InvalidKey> {
        let key = key.into();
        if key.is_empty() || key.len() > MAX_KEY_BYTES || key.contains('\0') {
            return Err(InvalidKey { bytes: key.len(), start: key.chars().take(32).collect() });
        }
        Ok(Self(key))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Tells whether a command that comes with a known key is the command that came first: 128 bits of XXH3
/// over the command's name and its encoding. It only ever decides between two commands with one and the
/// same key, both made by the owner of that key; it never stands for the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CommandDigest(u128);

impl CommandDigest {
    /// The digest of the command `name` encoded as `bytes`.
    pub fn of(name: &str, bytes: &[u8]) -> Self {
        let mut hash = Xxh3::new();
        hash.update(&(name.len() as u64).to_le_bytes());
        hash.update(name.as_bytes());
        hash.update(bytes);
        Self(hash.digest128())
    }

    /// A digest that was stored.
    pub const fn from_stored(digest: u128) -> Self {
        Self(digest)
    }

    /// The plain number, to be stored.
    pub const fn get(self) -> u128 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_depends_on_name_and_bytes_and_their_border() {
        assert_eq!(CommandDigest::of("deposit", b"1"), CommandDigest::of("deposit", b"1"));
        assert_ne!(CommandDigest::of("deposit", b"1"), CommandDigest::of("deposit", b"2"));
        assert_ne!(CommandDigest::of("deposit", b"1"), CommandDigest::of("deposit1", b""));
    }

    #[test]
    fn absurd_keys_are_refused() {
        assert!(Key::new("").is_err());
        assert!(Key::new("k".repeat(257)).is_err());
        assert!(Key::new("k\0").is_err());
        assert!(Key::new("k".repeat(256)).is_ok());
    }
}
