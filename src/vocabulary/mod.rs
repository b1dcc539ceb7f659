//! L0: the words that every layer shares. Plain data and pure functions; it imports no other layer.

mod backoff;
mod bounded;
#[cfg(test)]
mod changed_types;
mod cipher;
mod clock;
mod codec;
mod entropy;
mod id;
mod key;
mod label;
mod limits;
mod messagepack;
mod name;
mod number;
mod payload;
mod sealer;
mod shape;
mod shard;
mod witness;

pub use backoff::Backoff;
pub use cipher::{Cipher, CipherError, Sealing};
pub use clock::{Clock, SystemClock, Timestamp};
pub use codec::{Codec, CodecError};
pub use entropy::{Entropy, Random};
pub use id::{EntityId, InvalidId, MAX_ID_BYTES, PersistenceId};
pub use key::{CommandDigest, InvalidKey, Key, MAX_KEY_BYTES};
pub use label::{Metadata, Tag};
pub use limits::{InvalidLimit, Limits};
pub use name::Name;
pub use number::{ActivationId, Epoch, Position, Revision, SequenceNr, WriteNr};
pub use payload::{CodecId, Manifest, Payload, PayloadError};
pub use sealer::{OpeningError, Sealer, SealingError};
pub use shard::{SHARDS, ShardId};
#[doc(hidden)]
pub use witness::Witness;
