//! From a value to its payload and back: codec, then cipher, then checksum.
//!
//! ```text
//! seal   value --Codec::encode--> plain --Cipher::encrypt--> bytes --Payload::seal--> payload
//! open   payload --verify--> bytes --Cipher::decrypt--> plain --Codec::decode--> value
//! ```
//!
//! The payload names the codec, and by the highest bit of its codec id whether it was encrypted; what a sealer is
//! set to only decides how new payloads are made.

use super::{
    Cipher, CipherError, Codec, CodecError, Manifest, Payload, PayloadError, PersistenceId, Sealing, Witness,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;
use std::sync::Arc;

/// Makes payloads of values and values of payloads. Cheap to clone.
///
/// It opens payloads of every codec, whatever its own is, and plain ones also when it has a cipher: codec and
/// encryption may be changed over a journal that exists.
#[derive(Clone, Default)]
pub struct Sealer {
    codec: Codec,
    cipher: Option<Arc<dyn Cipher>>,
    witness: Option<Arc<dyn Witness>>,
}

/// Why a value cannot become a payload. Nothing of it may be stored.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum SealingError {
    /// The codec cannot hold it, or could not read it back.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// The cipher refused.
    #[error("{manifest} of {id} cannot be encrypted: {error}")]
    Cipher {
        /// Whose value it is.
        id: PersistenceId,
        /// What it is.
        manifest: Manifest,
        /// What the cipher said.
        error: CipherError,
    },
}

/// Why a payload cannot become a value.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum OpeningError {
    /// The bytes are not those that were stored: the storage is damaged. Every other error is about bytes that are
    /// as they were written, and not understood by this program as it is configured.
    #[error(transparent)]
    Damaged(#[from] PayloadError),
    /// The codec is unknown, or the bytes are not such a value, or the type has changed.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// It is encrypted, and no cipher is configured.
    #[error(
        "{manifest} of {id} is encrypted, and no cipher is configured: configure the one it was written with"
    )]
    NoCipher {
        /// Whose value it is.
        id: PersistenceId,
        /// What it is.
        manifest: Manifest,
    },
    /// The cipher refused.
    #[error("{manifest} of {id} cannot be decrypted: {error}")]
    Cipher {
        /// Whose value it is.
        id: PersistenceId,
        /// What it is.
        manifest: Manifest,
        /// What the cipher said.
        error: CipherError,
    },
}

impl Sealer {
    /// A sealer that encodes with `codec` and does not encrypt.
    pub fn new(codec: Codec) -> Self {
        Self { codec, cipher: None, witness: None }
    }

    /// The codec of new payloads.
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// Encodes new payloads with `codec`.
    #[must_use]
    pub fn with_codec(self, codec: Codec) -> Self {
        Self { codec, ..self }
    }

    /// Encrypts new payloads with `cipher`.
    #[must_use]
    pub fn with_cipher(self, cipher: Arc<dyn Cipher>) -> Self {
        Self { cipher: Some(cipher), ..self }
    }

    /// Lets `witness` see what [`seal_and_read_back`](Self::seal_and_read_back) does to each value.
    pub(crate) fn with_witness(self, witness: Arc<dyn Witness>) -> Self {
        Self { witness: Some(witness), ..self }
    }

    /// The payload of `value`, which belongs to `id`.
    ///
    /// # Errors
    /// [`SealingError`] when the codec cannot hold it or the cipher refuses.
    pub fn seal<T: Serialize>(
        &self,
        id: &PersistenceId,
        manifest: Manifest,
        value: &T,
    ) -> Result<Payload, SealingError> {
        let plain = self.codec.encode(value)?;
        self.seal_plain(id, manifest, plain)
    }

    /// The payload of `value`, and what the payload will be read as. A value that could not be read back is found
    /// here, before it is stored; a field that serde skips has its default in the second.
    ///
    /// # Errors
    /// [`SealingError`] when the codec cannot hold it or read it back, or the cipher refuses.
    pub fn seal_and_read_back<T: Serialize + DeserializeOwned + 'static>(
        &self,
        id: &PersistenceId,
        manifest: Manifest,
        value: &T,
    ) -> Result<(Payload, T), SealingError> {
        let plain = self.codec.encode(value)?;
        let decoded = self.codec.decode(&plain)?;
        if let Some(witness) = &self.witness {
            witness.sealed(&manifest, value, &decoded);
        }
        Ok((self.seal_plain(id, manifest, plain)?, decoded))
    }

    /// The value of a payload that belongs to `id`.
    ///
    /// # Errors
    /// [`OpeningError::Damaged`] when its checksum does not fit; otherwise [`OpeningError`] says why it is not
    /// understood.
    pub fn open<T: Serialize + DeserializeOwned>(
        &self,
        id: &PersistenceId,
        payload: &Payload,
    ) -> Result<T, OpeningError> {
        payload.verify()?;
        let codec = Codec::from_id(payload.codec().plain())?;
        if !payload.codec().is_encrypted() {
            return Ok(codec.decode(payload.bytes())?);
        }
        Ok(codec.decode(&self.decrypt(id, payload)?)?)
    }

    fn seal_plain(
        &self,
        id: &PersistenceId,
        manifest: Manifest,
        plain: Vec<u8>,
    ) -> Result<Payload, SealingError> {
        let codec = self.codec.id();
        let Some(cipher) = &self.cipher else {
            return Ok(Payload::seal(manifest, codec, plain));
        };
        match cipher.encrypt(&Sealing::new(id, &manifest), &plain) {
            Ok(sealed) => Ok(Payload::seal(manifest, codec.encrypted(), sealed)),
            Err(error) => Err(SealingError::Cipher { id: id.clone(), manifest, error }),
        }
    }

    fn decrypt(&self, id: &PersistenceId, payload: &Payload) -> Result<Vec<u8>, OpeningError> {
        let manifest = payload.manifest();
        let Some(cipher) = &self.cipher else {
            return Err(OpeningError::NoCipher { id: id.clone(), manifest: manifest.clone() });
        };
        cipher.decrypt(&Sealing::new(id, manifest), payload.bytes()).map_err(|error| OpeningError::Cipher {
            id: id.clone(),
            manifest: manifest.clone(),
            error,
        })
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let encrypted = if self.cipher.is_some() { ", encrypted" } else { "" };
        write!(f, "Sealer({}{encrypted})", self.codec)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::{CodecId, EntityId};
    use serde::Deserialize;
    use xxhash_rust::xxh3::xxh3_64_with_seed;

    /// Flips bits, and puts a tag over whose, what and the bytes in front. It hides nothing from anybody.
    struct Toy(u8);

    impl Toy {
        fn tag(&self, about: &Sealing<'_>, plain: &[u8]) -> [u8; 8] {
            let belongs = format!("{} {}", about.id, about.manifest);
            let seed = xxh3_64_with_seed(belongs.as_bytes(), self.0.into());
            xxh3_64_with_seed(plain, seed).to_le_bytes()
        }

        fn flip(&self, bytes: &[u8]) -> Vec<u8> {
            bytes.iter().map(|byte| byte ^ self.0).collect()
        }
    }

    impl Cipher for Toy {
        fn encrypt(&self, about: &Sealing<'_>, plain: &[u8]) -> Result<Vec<u8>, CipherError> {
            if plain.len() > 1_000 {
                return Err(CipherError::new("too much to flip"));
            }
            Ok([&self.tag(about, plain)[..], &self.flip(plain)].concat())
        }

        fn decrypt(&self, about: &Sealing<'_>, sealed: &[u8]) -> Result<Vec<u8>, CipherError> {
            let (tag, sealed) = sealed.split_first_chunk().ok_or_else(|| CipherError::new("no tag"))?;
            let plain = self.flip(sealed);
            if self.tag(about, &plain) == *tag { Ok(plain) } else { Err(CipherError::new("another tag")) }
        }
    }

    #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
    struct Deposited {
        cents: u64,
        #[serde(skip)]
        seen: bool,
    }

    const DEPOSITED: Manifest = Manifest::new("deposited", 1);
    const CODECS: [Codec; 4] = [Codec::MessagePack, Codec::Json, Codec::Bincode, Codec::Postcard];

    fn id(entity: &str) -> PersistenceId {
        PersistenceId::new("account", EntityId::new(entity).unwrap()).unwrap()
    }

    fn encrypting(codec: Codec) -> Sealer {
        Sealer::new(codec).with_cipher(Arc::new(Toy(0x5a)))
    }

    fn deposited() -> Deposited {
        Deposited { cents: 7, seen: false }
    }

    #[test]
    fn values_round_trip_in_every_codec_plain_and_encrypted() {
        for codec in CODECS {
            for (sealer, encrypted) in [(Sealer::new(codec), false), (encrypting(codec), true)] {
                let payload = sealer.seal(&id("a"), DEPOSITED, &deposited()).unwrap();
                assert_eq!(payload.codec().is_encrypted(), encrypted);
                assert_eq!(payload.codec().plain(), codec.id());
                assert_eq!(sealer.open::<Deposited>(&id("a"), &payload).unwrap(), deposited());
            }
        }
    }

    #[test]
    fn a_skipped_field_is_read_back_as_its_default() {
        for codec in CODECS {
            let value = Deposited { cents: 7, seen: true };
            let (payload, read) = encrypting(codec).seal_and_read_back(&id("a"), DEPOSITED, &value).unwrap();
            assert_eq!(read, deposited());
            assert_eq!(encrypting(codec).open::<Deposited>(&id("a"), &payload).unwrap(), read);
        }
    }

    #[test]
    fn what_cannot_be_read_back_is_found_before_it_is_stored() {
        let read = Sealer::new(Codec::Json).seal_and_read_back(&id("a"), DEPOSITED, &f64::NAN);
        assert!(matches!(read, Err(SealingError::Codec(CodecError::Decode { .. }))));
    }

    #[test]
    fn codec_and_cipher_may_be_changed_over_stored_payloads() {
        let plain = Sealer::default().seal(&id("a"), DEPOSITED, &deposited()).unwrap();
        let sealer = Sealer::default().with_codec(Codec::Postcard).with_cipher(Arc::new(Toy(1)));
        assert_eq!(sealer.codec(), Codec::Postcard);
        assert_eq!(sealer.open::<Deposited>(&id("a"), &plain).unwrap(), deposited());
    }

    #[test]
    fn bytes_of_another_entity_or_manifest_or_key_are_refused() {
        let sealer = encrypting(Codec::Postcard);
        let payload = sealer.seal(&id("a"), DEPOSITED, &deposited()).unwrap();
        let relabelled =
            Payload::seal(Manifest::new("withdrawn", 1), payload.codec(), payload.bytes().to_vec());
        let other_key = Sealer::default().with_cipher(Arc::new(Toy(1)));
        for read in [
            sealer.open::<Deposited>(&id("b"), &payload),
            sealer.open(&id("a"), &relabelled),
            other_key.open(&id("a"), &payload),
        ] {
            assert!(matches!(read, Err(OpeningError::Cipher { .. })), "{read:?}");
        }
    }

    #[test]
    fn an_encrypted_payload_without_a_cipher_is_refused_by_name() {
        let payload = encrypting(Codec::Json).seal(&id("a"), DEPOSITED, &deposited()).unwrap();
        let error = Sealer::default().open::<Deposited>(&id("a"), &payload).unwrap_err();
        assert!(matches!(error, OpeningError::NoCipher { .. }));
        assert!(error.to_string().starts_with("deposited v1 of account/a is encrypted"), "{error}");
        assert_eq!(payload.codec().to_string(), "2 (encrypted)");
    }

    #[test]
    fn a_cipher_that_refuses_stops_the_sealing() {
        let error = encrypting(Codec::Json).seal(&id("a"), DEPOSITED, &"x".repeat(2_000)).unwrap_err();
        assert_eq!(error.to_string(), "deposited v1 of account/a cannot be encrypted: too much to flip");
    }

    #[test]
    fn damage_is_told_from_what_is_not_understood() {
        let good = Sealer::default().seal(&id("a"), DEPOSITED, &deposited()).unwrap();
        let flipped =
            Payload::from_stored(DEPOSITED, good.codec(), good.checksum() ^ 1, good.bytes().to_vec());
        let unknown = Payload::seal(DEPOSITED, CodecId(9).encrypted(), good.bytes().to_vec());
        let open = |payload| Sealer::default().open::<Deposited>(&id("a"), payload);
        assert!(matches!(open(&flipped), Err(OpeningError::Damaged(_))));
        assert!(matches!(open(&unknown), Err(OpeningError::Codec(CodecError::UnknownCodec { .. }))));
        let other = Sealer::default().open::<String>(&id("a"), &good);
        assert!(matches!(other, Err(OpeningError::Codec(CodecError::Decode { .. }))));
    }
}
