//! What is stored, made from what was drawn: the same for the same numbers.

use super::op::{Content, Size};
use annals::storage::OutboxEntry;
use annals::storage::{Event, KeyedOutcome, Outcome, OutcomeKind, OutgoingMessage, SideEffect};
use annals::{
    CodecId, CommandDigest, Key, Manifest, Metadata, Name, Payload, PersistenceId, Random, Timestamp,
};

pub(super) fn payload(content: Content, max_payload_bytes: usize) -> Payload {
    let bytes = match content.size {
        Size::Bytes(count) => count,
        // The checksum of so many bytes takes a while, and nobody is to look at it.
        Size::TooLarge => {
            let bytes = vec![0; max_payload_bytes + 1];
            return Payload::from_stored(manifest(content.name), CodecId(1), 0, bytes);
        }
    };
    let random = Random::new(content.seed);
    let bytes = (0..bytes).map(|_| random.next_u64() as u8).collect();
    Payload::seal(manifest(content.name), CodecId(random.next_u64() as u8), bytes)
}

/// Names that look alike, in several versions.
fn manifest(name: u64) -> Manifest {
    let version = [1, 2, u32::MAX, 0][(name / 10 % 4) as usize];
    Manifest { name: Name::from(format!("happened-{}", name % 10)), version }
}

pub(super) fn event(content: Content, max_payload_bytes: usize) -> Event {
    let random = Random::new(content.seed ^ 1);
    let tags = (0..random.next_u64() % 3).map(|_| Name::from(format!("tag-{}", random.next_u64() % 9)));
    let pairs =
        (0..random.next_u64() % 3).map(|n| (Name::from(format!("m{n}")), random.next_u64().to_string()));
    Event {
        payload: payload(content, max_payload_bytes),
        tags: tags.collect(),
        metadata: pairs.collect::<Metadata>(),
    }
}

pub(super) fn kept(key: Key, kind: OutcomeKind, seed: u64) -> KeyedOutcome {
    let content = Content { name: seed % 40, seed, size: Size::Bytes((seed % 20) as usize) };
    let command = CommandDigest::of("do", &seed.to_le_bytes());
    KeyedOutcome { key, command, outcome: Outcome { kind, payload: payload(content, 0) } }
}

pub(super) fn side_effect(which: u64, to: &PersistenceId, key: Key) -> SideEffect {
    let content = Content { name: 0, seed: which, size: Size::Bytes(3) };
    let (payload, headers) = (payload(content, 0), Metadata::new());
    match which {
        0 => SideEffect::Publish(OutboxEntry { key, payload, headers }),
        1 => SideEffect::Cancel(key),
        _ => {
            let due = Some(Timestamp::from_micros(9));
            SideEffect::Send(OutgoingMessage { to: to.clone(), command: payload, key: None, due, headers })
        }
    }
}
