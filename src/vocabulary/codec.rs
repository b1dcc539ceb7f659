//! How values become bytes. A journal may mix codecs: each payload says its own.

use super::CodecId;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;
use std::sync::Arc;

/// A way to encode values. Both tolerate added fields with defaults and describe themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Codec {
    /// MessagePack with named fields: compact. The default. Id 1.
    #[default]
    MessagePack,
    /// JSON: readable in the database. It cannot hold maps whose keys are no strings, nor numbers that are
    /// not finite; the engine finds both before it stores anything. Id 2.
    Json,
}

/// Why a value could not be encoded or decoded.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// The value does not fit the codec.
    #[error("{value} cannot be encoded as {codec}: {reason}")]
    Encode {
        /// The codec.
        codec: Codec,
        /// The Rust type of the value.
        value: &'static str,
        /// What the codec said.
        reason: Arc<str>,
    },
    /// The bytes do not fit the type.
    #[error("{bytes} bytes of {codec} are not a {value}: {reason}")]
    Decode {
        /// The codec.
        codec: Codec,
        /// The Rust type that was expected.
        value: &'static str,
        /// How many bytes there were.
        bytes: usize,
        /// What the codec said.
        reason: Arc<str>,
    },
    /// Bytes were left over.
    #[error("{left} bytes are left over behind a {value} in {codec}")]
    Trailing {
        /// The codec.
        codec: Codec,
        /// The Rust type that was expected.
        value: &'static str,
        /// How many bytes were left over.
        left: usize,
    },
    /// A payload names a codec that this version does not know.
    #[error("codec {codec} is unknown to this version")]
    UnknownCodec {
        /// The codec's number.
        codec: CodecId,
    },
}

impl Codec {
    /// The number by which payloads name this codec.
    pub const fn id(self) -> CodecId {
        CodecId(match self {
            Self::MessagePack => 1,
            Self::Json => 2,
        })
    }

    /// The codec of that number.
    ///
    /// # Errors
    /// [`CodecError::UnknownCodec`].
    pub const fn from_id(id: CodecId) -> Result<Self, CodecError> {
        match id.0 {
            1 => Ok(Self::MessagePack),
            2 => Ok(Self::Json),
            _ => Err(CodecError::UnknownCodec { codec: id }),
        }
    }

    /// Encodes `value`.
    ///
    /// # Errors
    /// [`CodecError::Encode`] when the codec cannot hold the value.
    pub fn encode<T: Serialize>(self, value: &T) -> Result<Vec<u8>, CodecError> {
        let failed = |reason: String| CodecError::Encode {
            codec: self,
            value: std::any::type_name::<T>(),
            reason: reason.into(),
        };
        match self {
            Self::MessagePack => rmp_serde::to_vec_named(value).map_err(|e| failed(e.to_string())),
            Self::Json => serde_json::to_vec(value).map_err(|e| failed(e.to_string())),
        }
    }

    /// Decodes a value that takes up all of `bytes`. Safe on hostile bytes: nesting is bounded, and nothing
    /// is allocated on the word of a length field alone.
    ///
    /// # Errors
    /// [`CodecError::Decode`] or [`CodecError::Trailing`].
    pub fn decode<T: DeserializeOwned>(self, bytes: &[u8]) -> Result<T, CodecError> {
        let value = std::any::type_name::<T>;
        let failed = |reason: String| CodecError::Decode {
            codec: self,
            value: value(),
            bytes: bytes.len(),
            reason: reason.into(),
        };
        match self {
            Self::MessagePack => {
                let mut rest = bytes;
                let mut decoder = rmp_serde::Deserializer::new(&mut rest);
                decoder.set_max_depth(MAX_DEPTH);
                let decoded = T::deserialize(&mut decoder).map_err(|e| failed(e.to_string()))?;
                match rest.len() {
                    0 => Ok(decoded),
                    left => Err(CodecError::Trailing { codec: self, value: value(), left }),
                }
            }
            Self::Json => serde_json::from_slice(bytes).map_err(|e| failed(e.to_string())),
        }
    }
}

/// How deep values may be nested: serde_json's own bound, so that both codecs take the same values.
const MAX_DEPTH: usize = 128;

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MessagePack => "MessagePack",
            Self::Json => "JSON",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Old {
        cents: u64,
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct New {
        cents: u64,
        #[serde(default)]
        memo: String,
    }

    #[test]
    fn both_codecs_round_trip_and_tolerate_an_added_field() {
        for codec in [Codec::MessagePack, Codec::Json] {
            let bytes = codec.encode(&Old { cents: 7 }).unwrap();
            assert_eq!(codec.decode::<Old>(&bytes).unwrap(), Old { cents: 7 });
            assert_eq!(codec.decode::<New>(&bytes).unwrap(), New { cents: 7, memo: String::new() });
            let bytes = codec.encode(&New { cents: 7, memo: "x".into() }).unwrap();
            assert_eq!(codec.decode::<Old>(&bytes).unwrap(), Old { cents: 7 });
            assert_eq!(Codec::from_id(codec.id()).unwrap(), codec);
        }
    }

    #[test]
    fn bytes_that_do_not_fit_are_refused() {
        for codec in [Codec::MessagePack, Codec::Json] {
            let mut bytes = codec.encode(&Old { cents: 7 }).unwrap();
            assert!(matches!(codec.decode::<Old>(&bytes[..bytes.len() - 1]), Err(CodecError::Decode { .. })));
            assert!(matches!(codec.decode::<String>(&bytes), Err(CodecError::Decode { .. })));
            bytes.push(b'1');
            assert!(codec.decode::<Old>(&bytes).is_err(), "{codec}: left-over bytes");
        }
        assert!(matches!(Codec::from_id(CodecId(9)), Err(CodecError::UnknownCodec { codec: CodecId(9) })));
    }

    #[test]
    fn hostile_lengths_and_nesting_are_refused_without_growth() {
        let four_billion_items = [0xdd, 0xff, 0xff, 0xff, 0xff];
        assert!(Codec::MessagePack.decode::<Vec<u64>>(&four_billion_items).is_err());
        assert!(Codec::MessagePack.decode::<String>(&[0xdb, 0xff, 0xff, 0xff, 0xff]).is_err());
        let deep = vec![b'['; 100_000];
        assert!(Codec::Json.decode::<serde_json::Value>(&deep).is_err());
        let deep = vec![0x91; 100_000];
        assert!(Codec::MessagePack.decode::<serde_json::Value>(&deep).is_err());
    }
}
