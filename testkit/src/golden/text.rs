//! The text of a golden file.
//!
//! ```text
//! # Recorded by annals_testkit::golden. The bytes are never changed.
//! kind: event
//! name: deposited
//! version: 1
//! codec: JSON
//! checksum: 00c0ffee00c0ffee
//! bytes:
//!   7b224465706f7369746564223a7b2263656e7473223a357d7d
//! text:
//!   {"Deposited":{"cents":5}}
//! reads as:
//!   Deposited {
//!       cents: 5,
//!   }
//! ```
//!
//! There is one text for one record: whatever else is in a file was put there by hand.

use super::form::{Form, Kind, escaped, unescaped};
use crate::survival::CODECS;
use annals::{Codec, Manifest, Payload};
use std::fmt::{self, Write};

/// What a golden file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) kind: Kind,
    pub(super) codec: Codec,
    pub(super) payload: Payload,
    /// What the payload is read as.
    pub(super) reads_as: String,
}

const HEADER: &str = "# Recorded by annals_testkit::golden. The bytes are never changed.";

/// How many bytes are on a line.
const WIDTH: usize = 48;

impl Record {
    pub(super) fn form(&self) -> Form {
        Form { kind: self.kind, manifest: self.payload.manifest().clone() }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// Why it is none, or not the one that was written.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let text = text.replace("\r\n", "\n");
        let mut lines = text.lines();
        if lines.next() != Some(HEADER) {
            return Err(format!("its first line is not {HEADER:?}"));
        }
        let mut field = |name: &str| {
            let line = lines.next().unwrap_or_default();
            let value = line.strip_prefix(name).and_then(|rest| rest.strip_prefix(": "));
            value.ok_or_else(|| format!("it has {line:?} where its {name} belongs"))
        };
        let kind = known(field("kind")?, Kind::of)?;
        let name = known(field("name")?, unescaped)?;
        let version = known(field("version")?, |text| text.parse().ok())?;
        let codec = known(field("codec")?, |text| CODECS.into_iter().find(|it| it.to_string() == text))?;
        let checksum = known(field("checksum")?, |text| u64::from_str_radix(text, 16).ok())?;
        let rest: Vec<&str> = lines.collect();
        let bytes = known(&section(&rest, "bytes:").concat(), from_hex)?;
        let payload = Payload::from_stored(Manifest { name, version }, codec.id(), checksum, bytes);
        payload.verify().map_err(|error| error.to_string())?;
        let reads_as = section(&rest, "reads as:").join("\n");
        let record = Self { kind, codec, payload, reads_as };
        match record.to_string() == text {
            true => Ok(record),
            false => Err("it was changed by hand".into()),
        }
    }
}

/// A value, or what it is instead.
fn known<T>(text: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, String> {
    parse(text).ok_or_else(|| format!("it cannot hold {text:?}"))
}

/// The lines below a heading, as they were before they were indented.
fn section<'a>(lines: &[&'a str], heading: &str) -> Vec<&'a str> {
    let below = lines.iter().skip_while(|line| **line != heading).skip(1);
    below.map_while(|line| if line.is_empty() { Some(*line) } else { line.strip_prefix("  ") }).collect()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let byte = |digits: &[u8]| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok();
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|digits| if digits.len() == 2 { byte(digits) } else { None }).collect()
}

/// Bytes in hexadecimal, in lines.
pub(super) fn to_hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for (at, byte) in bytes.iter().enumerate() {
        if at > 0 && at % WIDTH == 0 {
            text.push('\n');
        }
        write!(text, "{byte:02x}").expect("text can be written to");
    }
    text
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Manifest { name, version } = self.payload.manifest();
        writeln!(f, "{HEADER}\nkind: {}\nname: {}\nversion: {version}", self.kind, escaped(name))?;
        writeln!(f, "codec: {}\nchecksum: {:016x}", self.codec, self.payload.checksum())?;
        write_section(f, "bytes:", &to_hex(self.payload.bytes()))?;
        if self.codec == Codec::Json {
            write_section(f, "text:", &String::from_utf8_lossy(self.payload.bytes()))?;
        }
        write_section(f, "reads as:", &self.reads_as)
    }
}

fn write_section(f: &mut fmt::Formatter<'_>, heading: &str, text: &str) -> fmt::Result {
    writeln!(f, "{heading}")?;
    for line in text.split('\n') {
        match line {
            "" => writeln!(f)?,
            line => writeln!(f, "  {line}")?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(codec: Codec, bytes: &[u8], reads_as: &str) -> Record {
        let payload = Payload::seal(Manifest::new("paid out", 3), codec.id(), bytes.into());
        Record { kind: Kind::Event, codec, payload, reads_as: reads_as.into() }
    }

    #[test]
    fn records_come_back_from_their_text() {
        for codec in CODECS {
            let long = [7; 3 * WIDTH];
            for (bytes, reads_as) in
                [(&b"{}"[..], "Paid"), (b"", ""), (&long, "a\n\n  b"), (b"x\ny", "end\n"), (&[0xff], "\n")]
            {
                let record = record(codec, bytes, reads_as);
                assert_eq!(Record::parse(&record.to_string()), Ok(record.clone()), "{record}");
                assert_eq!(Record::parse(&record.to_string().replace('\n', "\r\n")), Ok(record));
            }
        }
    }

    #[test]
    fn every_changed_line_is_found_but_for_what_it_reads_as() {
        let text = record(Codec::Json, b"{\"cents\":5}", "Paid { cents: 5 }").to_string();
        let lines: Vec<&str> = text.lines().collect();
        for at in 0..lines.len() {
            for other in
                ["", "kind: state", "  00", "name: other", "version: 4", "codec: bincode", "checksum: 0"]
            {
                let mut changed = lines.clone();
                changed[at] = other;
                let parsed = Record::parse(&(changed.join("\n") + "\n"));
                let same = parsed
                    .as_ref()
                    .is_ok_and(|it| it.payload == record(Codec::Json, b"{\"cents\":5}", "").payload);
                let is_kind = at == 1 && other == "kind: state";
                assert!(parsed.is_err() || (same && (is_kind || at + 1 == lines.len())), "{at} {other:?}");
            }
        }
    }
}
