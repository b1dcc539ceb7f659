//! What is stored under one name and version, and the name of its file.

use annals::{Manifest, Name};
use std::fmt::{self, Write};

/// A stored form: an event or a state, of one name and version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Form {
    /// Whether it is an event or a state.
    pub kind: Kind,
    /// Its name and version.
    pub manifest: Manifest,
}

/// What is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// An event in the journal.
    Event,
    /// A state: that of a durable-state entity, or a snapshot of an event-sourced one.
    State,
}

/// How the names of golden files end.
const ENDING: &str = ".golden";

impl Form {
    /// The name of the file of today's form.
    pub fn file(&self) -> String {
        format!("{}{ENDING}", self.stem())
    }

    /// Whether a file of this name is for today's form under the name and version, or for an older form under
    /// them, which has a label; none if it is for something else.
    pub(super) fn age_in(&self, file: &str) -> Option<Age> {
        let label = file.strip_suffix(ENDING)?.strip_prefix(&self.stem())?;
        match label.strip_prefix('.') {
            None if label.is_empty() => Some(Age::Todays),
            Some(label) if !label.is_empty() && !label.contains('.') => Some(Age::Older),
            _ => None,
        }
    }

    fn stem(&self) -> String {
        let (name, version) = (escaped(&self.manifest.name), self.manifest.version);
        match self.kind {
            Kind::Event => format!("{name}.v{version}"),
            Kind::State => format!("{name}.v{version}.state"),
        }
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.manifest)
    }
}

/// Whether today's code stores a form, or only older code did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Age {
    Todays,
    Older,
}

impl Kind {
    pub(super) fn of(text: &str) -> Option<Self> {
        [Self::Event, Self::State].into_iter().find(|kind| kind.to_string() == text)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Event => "event",
            Self::State => "state",
        })
    }
}

/// A name as files have it: whatever is not plain is `%` and its byte in hexadecimal.
pub(super) fn escaped(name: &Name) -> String {
    let mut text = String::new();
    for byte in name.as_str().bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => text.push(byte.into()),
            _ => write!(text, "%{byte:02x}").expect("text can be written to"),
        }
    }
    text
}

/// The name that was escaped.
pub(super) fn unescaped(text: &str) -> Option<Name> {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((first, behind)) = rest.split_first() {
        rest = match first {
            b'%' => {
                let digits = behind.get(..2).and_then(|digits| std::str::from_utf8(digits).ok())?;
                bytes.push(u8::from_str_radix(digits, 16).ok()?);
                &behind[2..]
            }
            _ => {
                bytes.push(*first);
                behind
            }
        };
    }
    String::from_utf8(bytes).ok().map(Name::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back_from_files() {
        for name in ["deposited", "audit-trail.noted", "a/b", "100 %", "ä\n", ""] {
            let name = Name::from(name.to_owned());
            let text = escaped(&name);
            assert!(!text.contains(['/', '\n', ' ']), "{text}");
            assert_eq!(unescaped(&text), Some(name));
        }
        assert_eq!(["%", "%4", "%zz", "%ff"].map(unescaped), [const { None }; 4]);
    }

    #[test]
    fn the_name_of_a_file_tells_today_from_before() {
        let event = Form { kind: Kind::Event, manifest: Manifest::new("paid", 2) };
        let ages =
            ["paid.v2.golden", "paid.v2.plain.golden", "paid.v22.golden", "paid.v2..golden", "paid.v2"];
        let ages = ages.map(|file| event.age_in(file));
        assert_eq!(ages, [Some(Age::Todays), Some(Age::Older), None, None, None]);
        let state = Form { kind: Kind::State, ..event };
        assert_eq!(state.file(), "paid.v2.state.golden");
    }
}
