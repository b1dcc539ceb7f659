//! Payloads as a program may find them in a store: sealed well, made of other bytes, encrypted, damaged.

use crate::bytes::Bytes;
use crate::toy::Toy;
use annals::storage::{KeyedOutcome, Outcome, OutcomeKind};
use annals::{
    Cipher as _, Codec, CodecId, CommandDigest, EntityId, Key, Manifest, Payload, PersistenceId, Sealer,
    Sealing,
};
use serde::Serialize;
use std::sync::Arc;

/// Whose they are.
pub(crate) fn id(entity_type: &'static str) -> PersistenceId {
    PersistenceId::new(entity_type, EntityId::new("x").expect("it is short")).expect("it is short")
}

/// What opens them, if they can be opened.
pub(crate) fn sealer() -> Sealer {
    Sealer::default().with_cipher(Arc::new(Toy))
}

/// A payload of `value`, or of something else.
pub(crate) fn payload<T: Serialize>(
    input: &mut Bytes<'_>,
    id: &PersistenceId,
    manifest: Manifest,
    value: &T,
) -> Payload {
    const CODECS: [Codec; 4] = [Codec::MessagePack, Codec::Json, Codec::Bincode, Codec::Postcard];
    let codec = CODECS[usize::from(input.choice(4))];
    let plain = match input.choice(4) {
        1 => input.some().to_vec(),
        _ => codec.encode(value).expect("every codec holds it"),
    };
    let payload = match input.choice(3) {
        1 => {
            let sealed = Toy.encrypt(&Sealing::new(id, &manifest), &plain).expect("it never refuses");
            Payload::seal(manifest, codec.id().encrypted(), sealed)
        }
        _ => Payload::seal(manifest, codec.id(), plain),
    };
    harm(input, payload)
}

fn harm(input: &mut Bytes<'_>, payload: Payload) -> Payload {
    let (manifest, codec, bytes) = (payload.manifest().clone(), payload.codec(), payload.bytes().to_vec());
    match input.choice(8) {
        1 => Payload::from_stored(manifest, codec, payload.checksum() ^ 1, bytes),
        2 => Payload::seal(manifest, CodecId(input.byte()), bytes),
        3 => {
            let bytes = bytes[..bytes.len() / 2].to_vec();
            Payload::from_stored(manifest, codec, payload.checksum(), bytes)
        }
        _ => payload,
    }
}

/// The outcome that is kept for a command under a key, with a reply that may be anything.
pub(crate) fn outcome<T: Serialize>(
    input: &mut Bytes<'_>,
    id: &PersistenceId,
    key: &str,
    (name, command): (&'static str, &T),
) -> KeyedOutcome {
    let encoded = Codec::MessagePack.encode(command).expect("it holds every command");
    let digest = CommandDigest::of(name, &encoded);
    let command = match input.choice(4) {
        1 => CommandDigest::from_stored(digest.get() ^ 1),
        _ => digest,
    };
    let kind = if input.choice(4) == 1 { OutcomeKind::Rejection } else { OutcomeKind::Reply };
    let payload = payload(input, id, Manifest::new(name, 1), &input.clone().number());
    KeyedOutcome { key: Key::new(key).expect("it is short"), command, outcome: Outcome { kind, payload } }
}
