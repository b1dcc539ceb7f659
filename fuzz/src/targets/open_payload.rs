//! Payloads: one byte for the type, one for the codec's id, one for the cipher, and the encoded value.

use super::values::{Change, State, Tree, Units, Value};
use crate::bytes::Bytes;
use crate::toy::Toy;
use crate::{Memory, Target};
use allocation_counter::opt_out;
use annals::{
    Cipher as _, Codec, CodecError, CodecId, EntityId, Manifest, OpeningError, Payload, PersistenceId,
    Sealer, Sealing, SealingError,
};
use std::sync::Arc;

/// A payload is opened as a value of one of four types. What is opened survives every codec.
pub const OPEN_PAYLOAD: Target = Target {
    name: "open_payload",
    run: open_payload,
    // A value takes some 100 bytes for one of its encoding, and twice as much while a list grows.
    memory: Memory { bytes: 64 << 10, per_input_byte: 1_024 },
};

const MANIFEST: Manifest = Manifest::new("changed", 1);
const CODECS: [Codec; 4] = [Codec::MessagePack, Codec::Json, Codec::Bincode, Codec::Postcard];

fn open_payload(input: &[u8]) {
    let mut input = Bytes(input);
    let kind = input.choice(4);
    match kind {
        0 => open::<Change>(input),
        1 => open::<State>(input),
        2 => open::<Tree>(input),
        _ => open::<Units>(input),
    }
}

fn open<T: Value>(mut input: Bytes<'_>) {
    let codec = CodecId(input.byte());
    let sealer = match input.choice(3) {
        0 => Sealer::default(),
        _ => Sealer::default().with_cipher(Arc::new(Toy)),
    };
    let bytes = input.rest();
    refuses_damage::<T>(&sealer, codec, bytes);
    match sealer.open::<T>(&id(), &Payload::seal(MANIFEST, codec, bytes.to_vec())) {
        Ok(value) => survives(&value),
        Err(error) => is_right(&error, codec),
    }
    if let Ok(codec) = Codec::from_id(codec.plain()) {
        open_well_sealed::<T>(&sealer, codec, bytes);
    }
}

/// Whatever it is, with another checksum it is damaged.
fn refuses_damage<T: Value>(sealer: &Sealer, codec: CodecId, bytes: &[u8]) {
    let checksum = Payload::seal(MANIFEST, codec, bytes.to_vec()).checksum() ^ 1;
    let damaged = Payload::from_stored(MANIFEST, codec, checksum, bytes.to_vec());
    let opened = sealer.open::<T>(&id(), &damaged);
    assert!(matches!(opened, Err(OpeningError::Damaged(_))), "{opened:?}");
}

/// The bytes as they would be if they had been encrypted, and had the fingerprint of what they hold.
fn open_well_sealed<T: Value>(sealer: &Sealer, codec: Codec, plain: &[u8]) {
    let plain = match codec.decode::<T>(plain) {
        Err(CodecError::OtherShape { actual, .. }) => {
            let mut plain = plain.to_vec();
            plain[..8].copy_from_slice(&actual.to_le_bytes());
            let read = codec.decode::<T>(&plain);
            let refused = matches!(read, Err(CodecError::Trailing { .. }));
            assert!(read.is_ok() || refused, "the fingerprint is right now: {read:?}");
            plain
        }
        _ => plain.to_vec(),
    };
    let sealed = Toy.encrypt(&Sealing::new(&id(), &MANIFEST), &plain).expect("it never refuses");
    let payload = Payload::seal(MANIFEST, codec.id().encrypted(), sealed);
    match (sealer.open::<T>(&id(), &payload), codec.decode::<T>(&plain)) {
        (Ok(value), Ok(same)) => {
            is_same(&value, &same);
            survives(&value);
        }
        (Err(OpeningError::NoCipher { .. }), _) => is_right_without_cipher(sealer),
        (Err(OpeningError::Codec(_)), Err(_)) => {}
        (opened, decoded) => panic!("encrypted it is {opened:?}, plain it is {decoded:?}"),
    }
}

fn is_right_without_cipher(sealer: &Sealer) {
    assert!(!format!("{sealer:?}").contains("encrypted"), "there was a cipher");
}

fn is_right(error: &OpeningError, codec: CodecId) {
    assert!(!error.to_string().is_empty());
    match error {
        OpeningError::Codec(CodecError::UnknownCodec { codec: unknown }) => {
            assert!(Codec::from_id(*unknown).is_err() && *unknown == codec.plain());
        }
        OpeningError::Codec(_) => {}
        OpeningError::NoCipher { .. } | OpeningError::Cipher { .. } => assert!(codec.is_encrypted()),
        other => panic!("it was whole, and is called {other}"),
    }
}

/// What was read is written and read again, in every codec.
fn survives<T: Value>(value: &T) {
    for codec in CODECS {
        let sealer = Sealer::new(codec).with_cipher(Arc::new(Toy));
        match sealer.seal_and_read_back(&id(), MANIFEST, value) {
            Ok((payload, read)) => {
                is_same(value, &read);
                is_same(value, &sealer.open::<T>(&id(), &payload).expect("it was read back before"));
            }
            Err(SealingError::Codec(error)) => {
                assert!(value.is_at_a_limit(), "{codec} refuses {value:?}: {error}");
            }
            Err(error) => panic!("{error}"),
        }
    }
}

/// Compared as text, so that what is no number is itself.
fn is_same<T: Value>(value: &T, other: &T) {
    opt_out(|| assert_eq!(format!("{value:?}"), format!("{other:?}")));
}

fn id() -> PersistenceId {
    PersistenceId::new("account", EntityId::new("a").expect("it is short")).expect("it is short")
}
