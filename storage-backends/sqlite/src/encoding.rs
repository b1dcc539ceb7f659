//! The encoding of what shares one column: tags and metadata of an event, the outcomes in a snapshot.
//!
//! ```text
//! number  LEB128, at most 64 bits
//! text    number of bytes, UTF-8
//! bytes   number of bytes, bytes
//! labels  number of tags, text ...; number of metadata, (text name, text value) ...
//! kept    number of outcomes, (text key, 16 bytes digest, 1 byte kind, text name, number version,
//!         1 byte codec, 8 bytes checksum, bytes) ...
//! ```

use annals::storage::{KeyedOutcome, Outcome, OutcomeKind};
use annals::{CodecId, CommandDigest, Key, Manifest, Metadata, Name, Payload, Tag};

/// Tags and metadata, or nothing when there are none.
pub(crate) fn labels(tags: &[Tag], metadata: &Metadata) -> Option<Vec<u8>> {
    if tags.is_empty() && metadata.is_empty() {
        return None;
    }
    let mut out = Vec::new();
    put_number(&mut out, tags.len() as u64);
    tags.iter().for_each(|tag| put_bytes(&mut out, tag.as_bytes()));
    put_number(&mut out, metadata.iter().count() as u64);
    for (name, value) in metadata.iter() {
        put_bytes(&mut out, name.as_bytes());
        put_bytes(&mut out, value.as_bytes());
    }
    Some(out)
}

/// The reverse of [`labels`]; none when the bytes are not of this form.
pub(crate) fn parse_labels(bytes: &[u8]) -> Option<(Vec<Tag>, Metadata)> {
    let mut input = Input(bytes);
    let tags = (0..input.number()?).map(|_| input.name()).collect::<Option<_>>()?;
    let pairs = 0..input.number()?;
    let metadata = pairs.map(|_| Some((input.name()?, input.text()?))).collect::<Option<Metadata>>()?;
    input.0.is_empty().then_some((tags, metadata))
}

/// The outcomes that travel in a snapshot.
pub(crate) fn outcomes(kept: &[KeyedOutcome]) -> Vec<u8> {
    let mut out = Vec::new();
    put_number(&mut out, kept.len() as u64);
    for kept in kept {
        let payload = &kept.outcome.payload;
        put_bytes(&mut out, kept.key.as_str().as_bytes());
        out.extend_from_slice(&kept.command.get().to_be_bytes());
        out.push(kind_number(kept.outcome.kind));
        put_bytes(&mut out, payload.manifest().name.as_bytes());
        put_number(&mut out, u64::from(payload.manifest().version));
        out.push(payload.codec().0);
        out.extend_from_slice(&payload.checksum().to_be_bytes());
        put_bytes(&mut out, payload.bytes());
    }
    out
}

/// The reverse of [`outcomes`]; none when the bytes are not of this form.
pub(crate) fn parse_outcomes(bytes: &[u8]) -> Option<Vec<KeyedOutcome>> {
    let mut input = Input(bytes);
    let kept = (0..input.number()?).map(|_| input.kept()).collect::<Option<_>>()?;
    input.0.is_empty().then_some(kept)
}

/// How a kind is stored.
pub(crate) fn kind_number(kind: OutcomeKind) -> u8 {
    match kind {
        OutcomeKind::Reply => 1,
        OutcomeKind::Rejection => 2,
    }
}

/// The kind that is stored so.
pub(crate) fn kind_of(number: i64) -> Option<OutcomeKind> {
    match number {
        1 => Some(OutcomeKind::Reply),
        2 => Some(OutcomeKind::Rejection),
        _ => None,
    }
}

fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push((number as u8) | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_number(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// What is still to be parsed. A count never reserves memory: each item takes bytes that must be there.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let [byte] = self.array()?;
            let part = u64::from(byte & 0x7f);
            if part << shift >> shift != part {
                return None;
            }
            number |= part << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let count = self.number()?;
        self.take(usize::try_from(count).ok()?)
    }

    fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    fn name(&mut self) -> Option<Name> {
        self.text().map(|text| Name::from(text.to_owned()))
    }

    fn kept(&mut self) -> Option<KeyedOutcome> {
        let key = Key::new(self.text()?).ok()?;
        let command = CommandDigest::from_stored(u128::from_be_bytes(self.array()?));
        let [kind] = self.array()?;
        let kind = kind_of(i64::from(kind))?;
        let manifest = Manifest { name: self.name()?, version: u32::try_from(self.number()?).ok()? };
        let [codec] = self.array()?;
        let checksum = u64::from_be_bytes(self.array()?);
        let payload = Payload::from_stored(manifest, CodecId(codec), checksum, self.bytes()?.to_vec());
        Some(KeyedOutcome { key, command, outcome: Outcome { kind, payload } })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(key: &str) -> KeyedOutcome {
        let payload = Payload::seal(Manifest::new("deposit", 300), CodecId(2), b"\xff\x00".to_vec());
        let outcome = Outcome { kind: OutcomeKind::Rejection, payload };
        KeyedOutcome { key: Key::new(key).unwrap(), command: CommandDigest::of("deposit", b"1"), outcome }
    }

    #[test]
    fn labels_round_trip_and_no_prefix_of_them_parses() {
        let tags = [Tag::from("a"), Tag::from("")];
        let metadata: Metadata = [("n", "v".repeat(300)), ("ü", String::new())].into_iter().collect();
        let bytes = labels(&tags, &metadata).unwrap();
        assert_eq!(parse_labels(&bytes), Some((tags.to_vec(), metadata)));
        assert!((0..bytes.len()).all(|n| parse_labels(&bytes[..n]).is_none()));
        assert_eq!(labels(&[], &Metadata::new()), None);
    }

    #[test]
    fn outcomes_round_trip_and_no_prefix_of_them_parses() {
        let all = vec![kept("a"), kept("b")];
        let bytes = outcomes(&all);
        assert_eq!(parse_outcomes(&bytes), Some(all));
        assert!((0..bytes.len()).all(|n| parse_outcomes(&bytes[..n]).is_none()));
    }

    #[test]
    fn hostile_numbers_are_refused() {
        assert_eq!(parse_outcomes(&[0xff; 16]), None);
        assert_eq!(parse_labels(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]), None);
    }
}
