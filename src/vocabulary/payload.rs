//! Bytes that say what they are: a manifest, a codec, and a checksum over all of it.

use super::Name;
use std::fmt;
use xxhash_rust::xxh3::Xxh3;

/// What a payload holds: a stable name and a version, never the name of a Rust type.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Manifest {
    /// The stable name.
    pub name: Name,
    /// The version of its shape; grows when the shape changes.
    pub version: u32,
}

impl Manifest {
    /// The manifest `name`, `version`.
    pub const fn new(name: &'static str, version: u32) -> Self {
        Self { name: Name::from_static(name), version }
    }
}

impl fmt::Display for Manifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} v{}", self.name, self.version)
    }
}

/// The number by which a stored payload names its codec; see [`Codec`](super::Codec) for those known here.
///
/// The highest bit says that the encoded value is encrypted: `0x81` is codec 1, encrypted. See
/// [`Sealer`](super::Sealer).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CodecId(pub u8);

impl CodecId {
    const ENCRYPTED: u8 = 0x80;

    /// Whether the bytes are encrypted.
    pub const fn is_encrypted(self) -> bool {
        self.0 & Self::ENCRYPTED != 0
    }

    /// The same codec, with its bytes encrypted.
    pub const fn encrypted(self) -> Self {
        Self(self.0 | Self::ENCRYPTED)
    }

    /// The same codec, with its bytes as they are.
    pub const fn plain(self) -> Self {
        Self(self.0 & !Self::ENCRYPTED)
    }
}

impl fmt::Display for CodecId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.plain().0.fmt(f)?;
        if self.is_encrypted() { f.write_str(" (encrypted)") } else { Ok(()) }
    }
}

/// What is wrong with a stored payload.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PayloadError {
    /// The bytes are not those that were written.
    #[error("the checksum of {manifest} ({bytes} bytes) is {actual:016x}, stored was {stored:016x}")]
    Checksum {
        /// What it claims to be.
        manifest: Manifest,
        /// How long it is.
        bytes: usize,
        /// The checksum that came with it.
        stored: u64,
        /// The checksum that it has.
        actual: u64,
    },
}

/// Encoded bytes with their manifest, codec and checksum. Storage keeps all four as they are.
#[derive(Clone, PartialEq, Eq)]
pub struct Payload {
    manifest: Manifest,
    codec: CodecId,
    checksum: u64,
    bytes: Vec<u8>,
}

impl Payload {
    /// A new payload, with its checksum computed.
    pub fn seal(manifest: Manifest, codec: CodecId, bytes: Vec<u8>) -> Self {
        let checksum = checksum(&manifest, codec, &bytes);
        Self { manifest, codec, checksum, bytes }
    }

    /// A payload as it was stored. Nothing is checked until [`verify`](Self::verify).
    pub fn from_stored(manifest: Manifest, codec: CodecId, checksum: u64, bytes: Vec<u8>) -> Self {
        Self { manifest, codec, checksum, bytes }
    }

    /// What it holds.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// How it is encoded.
    pub fn codec(&self) -> CodecId {
        self.codec
    }

    /// XXH3-64 over name length, name, version, codec and bytes.
    pub fn checksum(&self) -> u64 {
        self.checksum
    }

    /// The encoded value.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Compares the checksum that came with it with the one that it has.
    ///
    /// # Errors
    /// [`PayloadError::Checksum`] when any of its parts is not what was sealed.
    pub fn verify(&self) -> Result<(), PayloadError> {
        let actual = checksum(&self.manifest, self.codec, &self.bytes);
        if actual == self.checksum {
            return Ok(());
        }
        let (manifest, bytes, stored) = (self.manifest.clone(), self.bytes.len(), self.checksum);
        Err(PayloadError::Checksum { manifest, bytes, stored, actual })
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Payload({}, codec {}, {} bytes)", self.manifest, self.codec, self.bytes.len())
    }
}

fn checksum(manifest: &Manifest, codec: CodecId, bytes: &[u8]) -> u64 {
    let mut hash = Xxh3::new();
    hash.update(&(manifest.name.len() as u64).to_le_bytes());
    hash.update(manifest.name.as_bytes());
    hash.update(&manifest.version.to_le_bytes());
    hash.update(&[codec.0]);
    hash.update(bytes);
    hash.digest()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_changed_part_fails_the_checksum() {
        let good = Payload::seal(Manifest::new("deposited", 1), CodecId(1), b"abc".to_vec());
        assert_eq!(good.verify(), Ok(()));
        let stored =
            |m: Manifest, c, b: &[u8]| Payload::from_stored(m, CodecId(c), good.checksum(), b.to_vec());
        assert_eq!(stored(Manifest::new("deposited", 1), 1, b"abc").verify(), Ok(()));
        for bad in [
            stored(Manifest::new("withdrawn", 1), 1, b"abc"),
            stored(Manifest::new("deposited", 2), 1, b"abc"),
            stored(Manifest::new("deposited", 1), 2, b"abc"),
            stored(Manifest::new("deposited", 1), 1, b"ab"),
            stored(Manifest::new("deposited", 1), 1, b"abd"),
        ] {
            assert!(bad.verify().is_err(), "{bad:?}");
        }
    }
}
