//! Fuzzing of everything that decodes stored bytes. Bytes in a store may be anything: a disk errs, a person edits a
//! file, an older program wrote them. A decoder answers with the right value or a typed error, whatever they are: it
//! never panics or hangs, and never allocates far beyond what it was given.
//!
//! | target | what it decodes |
//! |---|---|
//! | [`OPEN_PAYLOAD`] | payloads in the four codecs, plain and encrypted, as values of several types |
//! | [`PARSE_LABELS`], [`PARSE_OUTCOMES`] | the columns of SQLite that hold several things |
//! | [`RECOVER_ENTITY`] | events, upcast ones too, snapshots with outcomes, kept outcomes: through a node |
//! | [`RECOVER_STATE`] | durable states, of older versions too: through a node |
//! | [`DAMAGED_ROWS`] | an SQLite file of which columns and rows were changed behind its back |
//! | [`DAMAGED_PAGES`] | an SQLite file of which bytes were changed |
//!
//! A target is a plain function over bytes that panics when a property does not hold. `cargo test -p annals-fuzz` feeds
//! each one the kept inputs (`fuzz/corpus`) and a bounded number of seeded mutations of them. To search further, on
//! stable Rust, with `cargo install --locked cargo-fuzz`:
//!
//! ```text
//! scripts/fuzz open_payload 300        a target, and for how many seconds
//! ```
//!
//! What it learns lies in `fuzz/learned/<target>`; what leads somewhere new is worth a place in the corpus, which stays
//! small. A finding is an input in `fuzz/artifacts/<target>`: mend what it found, and move it into the corpus under a
//! telling name.

mod bytes;
mod corpus;
mod mutation;
mod short_run;
mod target;
mod targets;
mod toy;

pub use corpus::kept_inputs;
pub use mutation::Mutator;
pub use short_run::{Counts, Finding, ShortRun};
pub use target::{Memory, Target};
pub use targets::*;

/// Every target.
pub const TARGETS: [Target; 7] =
    [OPEN_PAYLOAD, PARSE_LABELS, PARSE_OUTCOMES, RECOVER_ENTITY, RECOVER_STATE, DAMAGED_ROWS, DAMAGED_PAGES];
