//! The columns of SQLite that hold several things, decoded alone.

use crate::{Memory, Target};

/// The backend's own, which shows it to nobody else.
#[path = "../../../storage-backends/sqlite/src/encoding.rs"]
#[allow(dead_code, reason = "it is not all needed here")]
mod encoding;

const MEMORY: Memory = Memory { bytes: 4_096, per_input_byte: 512 };

/// Tags and metadata. What is parsed is written and parsed again.
pub const PARSE_LABELS: Target = Target { name: "parse_labels", run: parse_labels, memory: MEMORY };

/// The outcomes in a snapshot. What is parsed is written and parsed again.
pub const PARSE_OUTCOMES: Target = Target { name: "parse_outcomes", run: parse_outcomes, memory: MEMORY };

fn parse_labels(input: &[u8]) {
    let Some((tags, metadata)) = encoding::parse_labels(input) else { return };
    match encoding::labels(&tags, &metadata) {
        Some(bytes) => assert_eq!(encoding::parse_labels(&bytes), Some((tags, metadata))),
        None => assert!(tags.is_empty() && metadata.is_empty()),
    }
}

fn parse_outcomes(input: &[u8]) {
    let Some(kept) = encoding::parse_outcomes(input) else { return };
    assert_eq!(encoding::parse_outcomes(&encoding::outcomes(&kept)), Some(kept));
}
