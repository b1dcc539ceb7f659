//! How values become bytes. A journal may mix codecs: each payload says its own.
//!
//! ```text
//! MessagePack, JSON    | encoded value, with the names of its fields |
//! bincode, postcard    | fingerprint, 8 bytes, little endian | encoded value, without names |
//! ```
//!
//! The fingerprint is the shape of the value ([`super::shape`]). It is compared with the shape of what was decoded,
//! so that a changed type is refused and not misread.

use super::CodecId;
use super::bounded::{Bounds, MAX_DEPTH};
use super::{messagepack, shape};
use rmp_serde::decode::Error as MessagePackError;
use serde::de::{DeserializeOwned, DeserializeSeed, IgnoredAny};
use serde::{Deserialize, Serialize};
use std::any::type_name;
use std::fmt;
use std::io::ErrorKind::UnexpectedEof;
use std::sync::Arc;

/// A way to encode values.
///
/// [`MessagePack`](Self::MessagePack) and [`Json`](Self::Json) describe themselves: a field may be added with
/// `#[serde(default)]`, and be removed.
///
/// [`Bincode`](Self::Bincode) and [`Postcard`](Self::Postcard) do not. They are smaller and faster, and store a
/// fingerprint of each value's shape, 8 bytes, so that a type that has changed is refused:
///
/// - Still read: a renamed or moved Rust type, a variant added at the end, any number of entries.
/// - Refused as [`OtherShape`](CodecError::OtherShape) or [`Decode`](CodecError::Decode): a field that was added,
///   removed, renamed, reordered or made another kind, and a value whose variant was renamed or moved. Such a type
///   needs a new version and an upcaster.
/// - Not noticed: a field with another meaning under the same name and kind; swapped elements of one kind in a
///   tuple; a field with `skip_serializing` or `skip_deserializing` alone (`skip` is fine).
/// - Not possible at all: what serde reads by looking ahead (tagged and untagged enums, `flatten`,
///   `serde_json::Value`), and fields that are left out when they are empty (`skip_serializing_if`). The engine finds
///   these before it stores anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Codec {
    /// MessagePack with named fields: compact. The default. Id 1.
    #[default]
    MessagePack,
    /// JSON: readable in the database. It cannot hold maps whose keys are no strings, nor numbers that are
    /// not finite; the engine finds both before it stores anything. Id 2.
    Json,
    /// bincode 2 in its standard configuration. It reads values of up to 256 MiB. Id 3.
    Bincode,
    /// postcard 1. Id 4.
    Postcard,
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
    /// The bytes hold a value of another shape than the one they decode to.
    #[error(
        "{value} has changed since it was stored in {codec} (shape {stored:016x}, now {actual:016x}): \
         give the changed type a new version, and read the old one through an upcaster"
    )]
    OtherShape {
        /// The codec.
        codec: Codec,
        /// The Rust type that was expected.
        value: &'static str,
        /// The fingerprint that came with the bytes.
        stored: u64,
        /// The fingerprint of what they decode to.
        actual: u64,
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
            Self::Bincode => 3,
            Self::Postcard => 4,
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
            3 => Ok(Self::Bincode),
            4 => Ok(Self::Postcard),
            _ => Err(CodecError::UnknownCodec { codec: id }),
        }
    }

    /// Encodes `value`. Allocates once when it takes up to 128 bytes.
    ///
    /// # Errors
    /// [`CodecError::Encode`] when the codec cannot hold the value.
    pub fn encode<T: Serialize>(self, value: &T) -> Result<Vec<u8>, CodecError> {
        let mut bytes = Vec::with_capacity(SMALL);
        let written = match self {
            Self::MessagePack => rmp_serde::encode::write_named(&mut bytes, value).map_err(text),
            Self::Json => serde_json::to_writer(&mut bytes, value).map_err(text),
            Self::Bincode => write_fingerprint(&mut bytes, value).and_then(|()| {
                bincode::serde::encode_into_std_write(value, &mut bytes, BINCODE).map(drop).map_err(text)
            }),
            Self::Postcard => write_fingerprint(&mut bytes, value).and_then(|()| {
                bytes = postcard::to_extend(value, std::mem::take(&mut bytes)).map_err(text)?;
                Ok(())
            }),
        };
        match written {
            Ok(()) => Ok(bytes),
            Err(reason) => {
                Err(CodecError::Encode { codec: self, value: type_name::<T>(), reason: reason.into() })
            }
        }
    }

    /// Decodes a value that takes up all of `bytes`. Safe on hostile bytes: nesting is bounded at 128 levels, and
    /// nothing is allocated on the word of a length field alone.
    ///
    /// # Errors
    /// [`CodecError::Decode`], [`CodecError::OtherShape`] or [`CodecError::Trailing`].
    pub fn decode<T: Serialize + DeserializeOwned>(self, bytes: &[u8]) -> Result<T, CodecError> {
        let read = match self {
            Self::MessagePack => read_messagepack(bytes),
            Self::Json => serde_json::from_slice(bytes).map(|value| (value, 0)).map_err(text),
            Self::Bincode | Self::Postcard => return self.decode_fingerprinted(bytes),
        };
        let (value, left) = read.map_err(|reason| self.undecodable::<T>(bytes, reason))?;
        self.whole(value, left)
    }

    fn decode_fingerprinted<T: Serialize + DeserializeOwned>(self, bytes: &[u8]) -> Result<T, CodecError> {
        let failed = |reason: String| {
            let reason =
                format!("{reason}. If the type has changed since, it needs a new version and an upcaster");
            self.undecodable::<T>(bytes, reason)
        };
        let (fingerprint, encoded) =
            bytes.split_first_chunk().ok_or_else(|| failed("there is no fingerprint".into()))?;
        let stored = u64::from_le_bytes(*fingerprint);
        let bounds = Bounds::of(encoded.len());
        let read = match self {
            Self::Bincode => read_bincode(encoded, &bounds),
            _ => read_postcard(encoded, &bounds),
        };
        let (value, left) = read.map_err(failed)?;
        let actual = shape::of(&value).map_err(|error| failed(error.to_string()))?;
        if stored != actual {
            return Err(CodecError::OtherShape { codec: self, value: type_name::<T>(), stored, actual });
        }
        self.whole(value, left)
    }

    fn undecodable<T>(self, bytes: &[u8], reason: String) -> CodecError {
        let (value, bytes) = (type_name::<T>(), bytes.len());
        CodecError::Decode { codec: self, value, bytes, reason: reason.into() }
    }

    fn whole<T>(self, value: T, left: usize) -> Result<T, CodecError> {
        match left {
            0 => Ok(value),
            left => Err(CodecError::Trailing { codec: self, value: type_name::<T>(), left }),
        }
    }
}

/// What is allocated for an encoded value at first.
const SMALL: usize = 128;

/// bincode counts what lengths claim against a limit, here 256 MiB.
const BINCODE: BincodeConfig = bincode::config::standard().with_limit();

type BincodeConfig = bincode::config::Configuration<
    bincode::config::LittleEndian,
    bincode::config::Varint,
    bincode::config::Limit<{ 256 << 20 }>,
>;

fn text(error: impl fmt::Display) -> String {
    error.to_string()
}

fn write_fingerprint<T: Serialize>(bytes: &mut Vec<u8>, value: &T) -> Result<(), String> {
    bytes.extend_from_slice(&shape::of(value).map_err(text)?.to_le_bytes());
    Ok(())
}

/// A value, and how many bytes are left over.
type Read<T> = Result<(T, usize), String>;

fn read_messagepack<T: DeserializeOwned>(bytes: &[u8]) -> Read<T> {
    const CLAIMS_TOO_MUCH: &str = "it claims more than its bytes can hold";
    if messagepack::may_have_long_lists(bytes) && messagepack::length(bytes).is_none() {
        return Err(CLAIMS_TOO_MUCH.into());
    }
    let mut decoder = rmp_serde::Deserializer::from_read_ref(bytes);
    decoder.set_max_depth(MAX_DEPTH);
    let value = T::deserialize(&mut decoder).map_err(text)?;
    // This decoder does not tell where it stands: only that nothing more can be read.
    match IgnoredAny::deserialize(&mut decoder) {
        Err(MessagePackError::InvalidMarkerRead(end)) if end.kind() == UnexpectedEof => Ok((value, 0)),
        _ => Ok((value, bytes.len() - messagepack::length(bytes).ok_or(CLAIMS_TOO_MUCH)?)),
    }
}

fn read_bincode<T: DeserializeOwned>(bytes: &[u8], bounds: &Bounds) -> Read<T> {
    let read = bincode::serde::seed_decode_from_slice(bounds.seed(), bytes, BINCODE);
    let (value, taken) = read.map_err(|error| bounds.reason(&error))?;
    Ok((value, bytes.len() - taken))
}

fn read_postcard<T: DeserializeOwned>(bytes: &[u8], bounds: &Bounds) -> Read<T> {
    let mut decoder = postcard::Deserializer::from_bytes(bytes);
    let value = bounds.seed().deserialize(&mut decoder).map_err(|error| bounds.reason(&error))?;
    let left = decoder.finalize().map_err(text)?;
    Ok((value, left.len()))
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MessagePack => "MessagePack",
            Self::Json => "JSON",
            Self::Bincode => "bincode",
            Self::Postcard => "postcard",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    const ALL: [Codec; 4] = [Codec::MessagePack, Codec::Json, Codec::Bincode, Codec::Postcard];
    const FINGERPRINTED: [Codec; 2] = [Codec::Bincode, Codec::Postcard];

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
    /// The smallest type that nests without end, in one byte for each level.
    #[derive(Debug, Serialize, Deserialize)]
    struct Nested(Option<Box<Nested>>);

    fn nested(levels: usize) -> Nested {
        (0..levels).fold(Nested(None), |inside, _| Nested(Some(Box::new(inside))))
    }

    /// Bytes with a fingerprint in front, whose value is not looked at before something else fails.
    fn behind_a_fingerprint(encoded: &[u8]) -> Vec<u8> {
        [&[0; 8], encoded].concat()
    }

    fn decode_error<T: Serialize + DeserializeOwned>(codec: Codec, bytes: &[u8]) -> String {
        match codec.decode::<T>(bytes) {
            Err(error @ CodecError::Decode { .. }) => error.to_string(),
            Err(error) => panic!("{codec}: {error}"),
            Ok(_) => panic!("{codec} read it"),
        }
    }

    #[test]
    fn codecs_that_describe_themselves_tolerate_an_added_field() {
        for codec in [Codec::MessagePack, Codec::Json] {
            let bytes = codec.encode(&Old { cents: 7 }).unwrap();
            assert_eq!(codec.decode::<New>(&bytes).unwrap(), New { cents: 7, memo: String::new() });
            let bytes = codec.encode(&New { cents: 7, memo: "x".into() }).unwrap();
            assert_eq!(codec.decode::<Old>(&bytes).unwrap(), Old { cents: 7 });
        }
    }

    #[test]
    fn every_codec_round_trips_and_is_found_by_its_id() {
        for codec in ALL {
            let value = New { cents: u64::MAX, memo: "x".into() };
            let bytes = codec.encode(&value).unwrap();
            assert_eq!(codec.decode::<New>(&bytes).unwrap(), value);
            assert_eq!(Codec::from_id(codec.id()).unwrap(), codec);
        }
        assert!(matches!(Codec::from_id(CodecId(9)), Err(CodecError::UnknownCodec { codec: CodecId(9) })));
    }

    #[test]
    fn stored_bytes_stay_readable() {
        let value = New { cents: 300, memo: "x".into() };
        let fingerprint = [122, 192, 200, 25, 131, 95, 214, 223];
        let bincode = [&fingerprint[..], &[251, 44, 1, 1, b'x']].concat();
        let postcard = [&fingerprint[..], &[0xac, 0x02, 1, b'x']].concat();
        for (codec, stored) in [(Codec::Bincode, bincode), (Codec::Postcard, postcard)] {
            assert_eq!(codec.encode(&value).unwrap(), stored);
            assert_eq!(codec.decode::<New>(&stored).unwrap(), value);
        }
    }

    #[test]
    fn a_small_value_takes_one_allocation() {
        for codec in ALL {
            let bytes = codec.encode(&New { cents: 7, memo: "x".repeat(64) }).unwrap();
            assert_eq!(bytes.capacity(), SMALL, "{codec} allocated again");
        }
    }

    #[test]
    fn every_bit_of_a_fraction_round_trips() {
        let random = crate::vocabulary::Random::new(7);
        let drawn = std::iter::repeat_with(|| f64::from_bits(random.next_u64()));
        for value in drawn.filter(|value| value.is_finite()).take(2_000) {
            for codec in ALL {
                let read: f64 = codec.decode(&codec.encode(&value).unwrap()).unwrap();
                assert_eq!(read.to_bits(), value.to_bits(), "{codec}: {value:e}");
            }
        }
    }

    #[test]
    fn values_that_say_whether_they_are_for_people_round_trip() {
        use std::net::IpAddr;
        for codec in ALL {
            let value: (IpAddr, IpAddr) = ([127, 0, 0, 1].into(), [0_u16; 8].into());
            assert_eq!(codec.decode::<(IpAddr, IpAddr)>(&codec.encode(&value).unwrap()).unwrap(), value);
        }
    }

    #[test]
    fn truncated_bytes_are_refused_at_every_length() {
        for codec in ALL {
            let value = (New { cents: 70_000, memo: "memo".into() }, HashMap::from([(1_u8, vec![1_u32, 2])]));
            let bytes = codec.encode(&value).unwrap();
            for length in 0..bytes.len() {
                let read = codec.decode::<(New, HashMap<u8, Vec<u32>>)>(&bytes[..length]);
                assert!(matches!(read, Err(CodecError::Decode { .. })), "{codec} at {length}");
            }
        }
    }

    #[test]
    fn trailing_bytes_are_refused() {
        for codec in [Codec::MessagePack, Codec::Bincode, Codec::Postcard] {
            let mut bytes = codec.encode(&Old { cents: 7 }).unwrap();
            bytes.push(1);
            assert!(
                matches!(codec.decode::<Old>(&bytes), Err(CodecError::Trailing { left: 1, .. })),
                "{codec}"
            );
        }
        assert!(Codec::Json.decode::<Old>(b"{\"cents\":7}1").is_err());
    }

    #[test]
    fn another_type_is_refused() {
        for codec in ALL {
            let bytes = codec.encode(&Old { cents: 7 }).unwrap();
            assert!(codec.decode::<String>(&bytes).is_err(), "{codec}");
            assert!(codec.decode::<(u64,)>(&bytes).is_err() || codec == Codec::MessagePack, "{codec}");
        }
    }

    #[test]
    fn claimed_lengths_are_refused_without_growth() {
        let four_billion_items = [0xdd, 0xff, 0xff, 0xff, 0xff];
        assert!(Codec::MessagePack.decode::<Vec<u64>>(&four_billion_items).is_err());
        assert!(Codec::MessagePack.decode::<String>(&[0xdb, 0xff, 0xff, 0xff, 0xff]).is_err());
        // 2^62 and 2^27 items: beyond and below bincode's limit.
        let huge = |codec, items: u64| behind_a_fingerprint(&Codec::encode(codec, &items).unwrap()[8..]);
        for (codec, items) in FINGERPRINTED.into_iter().flat_map(|c| [(c, 1 << 62), (c, 1_u64 << 27)]) {
            let bytes = huge(codec, items);
            decode_error::<String>(codec, &bytes);
            decode_error::<Vec<u8>>(codec, &bytes);
            decode_error::<Vec<[u64; 32]>>(codec, &bytes);
            decode_error::<HashMap<u64, String>>(codec, &bytes);
            assert!(decode_error::<Vec<()>>(codec, &bytes).contains("more elements"));
            assert!(decode_error::<HashMap<(), ()>>(codec, &bytes).contains("more elements"));
        }
    }

    #[test]
    fn elements_without_bytes_round_trip() {
        for codec in FINGERPRINTED {
            let value = vec![vec![(); 1_000]; 3];
            assert_eq!(codec.decode::<Vec<Vec<()>>>(&codec.encode(&value).unwrap()).unwrap(), value);
        }
    }

    #[test]
    fn deep_nesting_is_refused() {
        let deep = vec![b'['; 100_000];
        assert!(Codec::Json.decode::<serde_json::Value>(&deep).is_err());
        let deep = vec![0x91; 100_000];
        assert!(Codec::MessagePack.decode::<serde_json::Value>(&deep).is_err());
        #[derive(Debug, Serialize, Deserialize)]
        enum Tree {
            Leaf,
            Only(Box<Tree>),
            Both { left: Box<Tree>, right: Box<Tree> },
            Pair(Box<Tree>, Box<Tree>),
            Some(Vec<Tree>),
        }
        for codec in FINGERPRINTED {
            let ones = behind_a_fingerprint(&vec![1; 1_000_000]);
            assert!(decode_error::<Nested>(codec, &ones).contains("128 levels"));
            for variant in 1..=4 {
                let deep = behind_a_fingerprint(&vec![variant; 1_000_000]);
                assert!(decode_error::<Tree>(codec, &deep).contains("128 levels"));
            }
        }
    }

    #[test]
    fn what_can_be_encoded_can_be_decoded_at_every_depth() {
        for codec in FINGERPRINTED {
            codec.decode::<Nested>(&codec.encode(&nested(MAX_DEPTH)).unwrap()).unwrap();
            let error = codec.encode(&nested(MAX_DEPTH + 1)).unwrap_err();
            assert!(error.to_string().contains("128 levels"), "{error}");
        }
    }

    #[test]
    fn what_serde_reads_by_looking_ahead_is_refused() {
        #[derive(Serialize, Deserialize)]
        #[serde(tag = "kind")]
        enum Tagged {
            Paid { cents: u64 },
        }
        #[derive(Serialize, Deserialize)]
        struct Flat {
            #[serde(flatten)]
            old: Old,
        }
        for codec in FINGERPRINTED {
            let bytes = codec.encode(&serde_json::json!([1])).unwrap();
            decode_error::<serde_json::Value>(codec, &bytes);
            let bytes = codec.encode(&Tagged::Paid { cents: 1 }).unwrap();
            decode_error::<Tagged>(codec, &bytes);
            let flat = codec.encode(&Flat { old: Old { cents: 1 } });
            assert!(matches!(flat, Err(CodecError::Encode { .. })));
        }
    }
}
