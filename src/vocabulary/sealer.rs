//! placeholder
use super::{Codec, CodecError, Manifest, Payload, PayloadError, PersistenceId};
use serde::{Serialize, de::DeserializeOwned};
/// x
#[derive(Clone, Default, Debug)]
pub struct Sealer {
    codec: Codec,
}
/// x
#[derive(Debug, Clone, thiserror::Error)]
pub enum SealingError {
    /// x
    #[error(transparent)]
    Codec(#[from] CodecError),
}
/// x
#[derive(Debug, Clone, thiserror::Error)]
pub enum OpeningError {
    /// x
    #[error(transparent)]
    Payload(#[from] PayloadError),
    /// x
    #[error(transparent)]
    Codec(#[from] CodecError),
}
impl Sealer {
    /// x
    pub fn new(codec: Codec) -> Self {
        Self { codec }
    }
    /// x
    pub fn codec(&self) -> Codec {
        self.codec
    }
    /// x
    pub fn with_codec(self, codec: Codec) -> Self {
        Self { codec }
    }
    /// x
    pub fn seal<T: Serialize>(
        &self,
        _: &PersistenceId,
        manifest: Manifest,
        value: &T,
    ) -> Result<Payload, SealingError> {
        Ok(Payload::seal(manifest, self.codec.id(), self.codec.encode(value)?))
    }
    /// x
    pub fn seal_and_read_back<T: Serialize + DeserializeOwned>(
        &self,
        _: &PersistenceId,
        manifest: Manifest,
        value: &T,
    ) -> Result<(Payload, T), SealingError> {
        let bytes = self.codec.encode(value)?;
        let back = self.codec.decode(&bytes)?;
        Ok((Payload::seal(manifest, self.codec.id(), bytes), back))
    }
    /// x
    pub fn open<T: Serialize + DeserializeOwned>(
        &self,
        _: &PersistenceId,
        payload: &Payload,
    ) -> Result<T, OpeningError> {
        payload.verify()?;
        Ok(Codec::from_id(payload.codec())?.decode(payload.bytes())?)
    }
}
impl Sealer {
    /// x
    pub fn with_cipher(self, _: std::sync::Arc<dyn super::Cipher>) -> Self {
        self
    }
}
