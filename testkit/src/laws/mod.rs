//! Replay laws: what holds for every entity, whatever is asked of it. A strategy draws sequences of commands, and
//! each sequence is held to all laws; one that breaks a law is shrunk to a short list of commands.
//!
//! ```
//! use annals_testkit::proptest::prelude::*;
//! use annals_testkit::{Step, replay_laws};
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
//! #     pub fn deposit(&self, cents: u64) -> Effect<Self, u64> {
//! #         Effect::persist(AccountEvent::Deposited { cents }).reply(|account| account.cents)
//! #     }
//! #     pub fn balance(&self) -> u64 { self.cents }
//! # }
//!
//! fn commands() -> impl Strategy<Value = Step<Account>> {
//!     prop_oneof![
//!         (1..500u64).prop_map(|cents| Step::<Account>::of(move |account| account.deposit(cents))),
//!         Just(Step::<Account>::query(|account| account.balance())),
//!     ]
//! }
//!
//! # /* In a test:
//! #[test]
//! fn accounts_obey_the_replay_laws() {
//! # */
//!     replay_laws::<Account>(commands()).cases(20).check();
//! # /*
//! }
//! # */
//! ```
//!
//! # The laws
//!
//! With each sequence a cut, a crash, a codec, a mode of sending and the keys of its commands are drawn.
//!
//! - [`Law::Replay`]: the state in memory equals the state that the journal gives.
//! - [`Law::Snapshot`]: a snapshot at the cut, and the events behind it, give the same state.
//! - [`Law::Codec`]: every event, command, reply, rejection and state survives each codec.
//! - [`Law::Crash`]: after a crash at any write, before it, after it or in the middle of a group, the journal is a
//!   prefix of the history without the crash, ends at the end of a command, and holds every acknowledged one.
//! - [`Law::Key`]: a command repeated with its key changes nothing and gives the first outcome: at once, and after
//!   a restart or the crash.
//! - [`Law::Storage`]: any other storage gives the same outcomes, events and state.
//! - [`Law::Upcasting`]: what an older version of the entity stored means the same to this one.
//!
//! An entity that depends on anything else than it should is found by the first law that notices:
//!
//! - `apply` reads the world (a global, the order of a hash map): [`Law::Replay`].
//! - A handler decides by the world: [`Law::Crash`], for it decides differently in another life. What it takes from its
//!   [`Context`](annals::Context) is the same in every life.
//! - A field that serde leaves out, or a value that a codec cannot hold: [`Law::Codec`]; if only a state between two
//!   events of one command has it: [`Law::Snapshot`].
//!
//! Sequences of an entity that leaves memory by itself, or panics, are sent one by one only: what chance gives it hangs
//! on when it left.
//!
//! The policies are those of the laws: the codec is drawn, and snapshots are taken at the cut and when a handler asks for
//! one.
//!
//! # A failure
//!
//! It names the law, prints the commands with what they came to, and a seed: with `ANNALS_SEED` set to it the test
//! draws that case alone. What it prints is as short as it could be made.

mod answer;
mod broken;
mod case;
mod check;
mod course;
mod crash;
mod older;
mod run;
mod step;

pub use answer::Plain;
pub use broken::{Broken, Law};
pub use run::{ReplayLaws, replay_laws};
pub use step::Step;
