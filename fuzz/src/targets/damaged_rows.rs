//! An SQLite file whose rows were changed behind its back: an input says whether it was open meanwhile, and up to four
//! changes. Types and constraints do not stop them, as a program that edits the file need not know of them.

use super::row_damage::Damage;
use super::sqlite_file::{Scratch, open, runtime, sound};
use super::usage::{use_file, use_open};
use crate::bytes::Bytes;
use crate::{Memory, Target};

/// A file with changed and missing rows is read and written.
pub const DAMAGED_ROWS: Target = Target {
    name: "damaged_rows",
    run: damaged_rows,
    memory: Memory { bytes: 8 << 20, per_input_byte: 4_096 },
};

fn damaged_rows(input: &[u8]) {
    let mut input = Bytes(input);
    let scratch = Scratch::with(&sound().bytes);
    let file = scratch.file();
    match input.choice(2) {
        0 => {
            let asked = Damage::read(input).apply(&file);
            runtime().block_on(use_file(&file, asked));
        }
        _ => runtime().block_on(async {
            let storage = open(&file).await.expect("it is sound");
            let asked = Damage::read(input).apply(&file);
            use_open(storage, &file, asked).await;
        }),
    }
}
