//! Values as stored bytes, and stored bytes as values.

use annals::storage::{KeyedOutcome, Outcome, OutcomeKind, StorageError, Subject};
use annals::{CallError, Codec, CommandDigest, Event, Key, Manifest, Payload};
use annals_testkit::guarantees::{AccountEvent, Answer, Command, Overdrawn};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(super) fn seal<T: Serialize>(manifest: Manifest, value: &T) -> Payload {
    Payload::seal(manifest, Codec::MessagePack.id(), Codec::MessagePack.encode(value).unwrap())
}

/// Verified and decoded.
pub(super) fn open<T: Serialize + DeserializeOwned>(
    payload: &Payload,
    subject: &Subject,
) -> Result<T, StorageError> {
    payload.verify().map_err(|error| StorageError::corrupt(subject.clone(), error))?;
    decode(payload).map_err(|error| StorageError::incompatible(subject.clone(), error))
}

/// Decoded without a look at the checksum.
pub(super) fn decode<T: Serialize + DeserializeOwned>(payload: &Payload) -> Result<T, annals::CodecError> {
    Codec::from_id(payload.codec())?.decode(payload.bytes())
}

pub(super) fn open_event(payload: &Payload, subject: &Subject) -> Result<AccountEvent, StorageError> {
    payload.verify().map_err(|error| StorageError::corrupt(subject.clone(), error))?;
    if !AccountEvent::MANIFESTS.contains(payload.manifest()) {
        return Err(StorageError::incompatible(
            subject.clone(),
            format_args!("{} is unknown", payload.manifest()),
        ));
    }
    open(payload, subject)
}

pub(super) fn digest(command: &Command) -> CommandDigest {
    CommandDigest::of("command", &Codec::MessagePack.encode(command).unwrap())
}

pub(super) fn keep(key: Key, command: &Command, said: &Result<i64, Overdrawn>) -> KeyedOutcome {
    let manifest = Manifest::new("outcome", 1);
    let outcome = match said {
        Ok(reply) => Outcome { kind: OutcomeKind::Reply, payload: seal(manifest, reply) },
        Err(overdrawn) => Outcome { kind: OutcomeKind::Rejection, payload: seal(manifest, overdrawn) },
    };
    KeyedOutcome { key, command: digest(command), outcome }
}

pub(super) fn kept_answer(outcome: &Outcome) -> Answer {
    match outcome.kind {
        OutcomeKind::Reply => Ok(decode(&outcome.payload).unwrap()),
        OutcomeKind::Rejection => Err(CallError::Rejected(decode(&outcome.payload).unwrap())),
    }
}
