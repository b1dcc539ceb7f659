//! Golden files: the stored form of every event and state, recorded once, and read for ever.
//!
//! What an entity stored years ago is still in its journal, under the name and version that it had. A golden file
//! holds one such stored form, as text that people review; a test fails when today's code no longer reads it.
//!
//! ```
//! # use annals::{Effect, Event, EventSourced};
//! # use serde::{Deserialize, Serialize};
//! # #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
//! # pub struct Account { cents: u64 }
//! # #[derive(Debug, PartialEq, Event, Serialize, Deserialize)]
//! # #[event(entity = Account)]
//! # pub enum AccountEvent { Deposited { cents: u64 } }
//! # impl EventSourced for Account {
//! #     const ENTITY_TYPE: &'static str = "account";
//! #     type Event = AccountEvent;
//! #     fn apply(&mut self, event: &AccountEvent) {
//! #         let AccountEvent::Deposited { cents } = event;
//! #         self.cents += cents;
//! #     }
//! # }
//! # #[annals::commands]
//! # impl Account {
//! #     pub fn balance(&self) -> u64 { self.cents }
//! # }
//! use annals_testkit::golden;
//!
//! # let folder = std::env::temp_dir().join(format!("annals-golden-{}", std::process::id()));
//! # /*
//! #[test]
//! fn everything_that_was_ever_stored_is_read() {
//!     let folder = "tests/golden/account";
//! # */
//!     let account = || {
//!         golden::<Account>(&folder)
//!             .event(AccountEvent::Deposited { cents: 5 })
//!             .state(Account { cents: 7 })
//!     };
//! #   account().record().unwrap();
//!     account().check();
//! # std::fs::remove_dir_all(&folder).unwrap();
//! # /*
//! }
//! # */
//! ```
//!
//! # Recording
//!
//! With `ANNALS_RECORD=1` in its environment the test writes the files that are missing, one for each name and
//! version: `deposited.v1.golden` for the event, `account.v1.state.golden` for the state. Put them under version
//! control and review them. Without the variable a missing file is a failure.
//!
//! # What is checked
//!
//! - Every name and version that today's code reads has a file: today's events and state, and those with an
//!   upcaster. Samples of older versions, whose types are only known to upcasters, are given with
//!   [`Golden::older_event`] and [`Golden::older_state`] if there is no file from their time.
//! - Every file is read, through today's upcasters, as what was recorded. What it reads as is its `Debug` text; it is
//!   recorded again with the variable, when the upcasters or the types of today have changed with intent.
//! - Today's encoding of a sample has the recorded bytes. They are never recorded again: another stored form needs
//!   another version.
//! - No file is damaged, edited by hand, or of a name and version that nothing reads.
//!
//! Golden files are stricter than codecs. MessagePack and JSON tolerate a field that is added with a serde default
//! under the same version. To do so, keep the file as an older form of the version by a label in its name, as
//! `deposited.v1.without-currency.golden`, and record today's beside it: both are read for ever.
//!
//! # Samples
//!
//! A sample must encode the same each time: at most one entry in a `HashMap`. Fill every field, every `Option` and
//! every list: what a sample leaves empty is not looked after. Bytes are recorded before encryption. Events of
//! [parts](annals::Definition::part) are recorded with the part, as an entity of its own.

mod check;
mod flaw;
mod form;
mod samples;
mod text;

pub use flaw::{Flaw, Flaws};
pub use form::{Form, Kind};
pub use samples::{Golden, golden, golden_state};
