//! The replay laws: sound entities obey them, and each way to break one is found, by its law and with a short case.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod caught;
mod encoded;
mod impure;
mod older;
mod seeds;
mod sound;
mod stored;
mod tally;
mod twin;
