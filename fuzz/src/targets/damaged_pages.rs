//! An SQLite file of which bytes were changed while it was closed: an input is up to 16 places and what is there now.

use super::answers::Asked;
use super::sqlite_file::{Scratch, runtime, sound};
use super::usage::use_file;
use crate::bytes::Bytes;
use crate::{Memory, Target};

/// A file with changed bytes is opened and used.
pub const DAMAGED_PAGES: Target = Target {
    name: "damaged_pages",
    run: damaged_pages,
    // The file, in memory once, and what is read of it; a claim of SQLite's is bounded by the file.
    memory: Memory { bytes: 8 << 20, per_input_byte: 4_096 },
};

const MAX_CHANGES: usize = 16;

fn damaged_pages(input: &[u8]) {
    let (mut input, mut bytes) = (Bytes(input), sound().bytes.clone());
    for _ in 0..MAX_CHANGES {
        if input.is_empty() {
            break;
        }
        let at = u32::from_le_bytes(std::array::from_fn(|_| input.byte())) as usize % bytes.len();
        bytes[at] ^= input.byte();
    }
    let scratch = Scratch::with(&bytes);
    runtime().block_on(use_file(&scratch.file(), Asked::Plausible));
}
