//! The macros of Annals. Use them through the crate `annals`: `#[annals::commands]` and
//! `#[derive(annals::Event)]`.
//!
//! They only remove boilerplate: everything that they generate can be written by hand.

// Programs print, libraries do not.
#![warn(clippy::print_stdout, clippy::print_stderr)]

mod case;
mod commands;
mod errors;
mod event;
#[cfg(test)]
mod expansion;
mod option;

use proc_macro::TokenStream;

/// Implements `Event` for an enum, or for a struct that is the only event of its entity.
///
/// | where | option | meaning |
/// |---|---|---|
/// | type | `entity = Account` | the entity that it happens to; required |
/// | type | `upcasters = path` | a `fn() -> Upcasters<Self>`: how older versions become this one |
/// | variant, struct | `name = ".."` | the stored name; without it the variant in snake case (`CardBlocked` is `card_blocked`), while a struct has to say it |
/// | variant, struct | `version = 2` | the version of its shape; without it 1 |
///
/// Renaming a variant changes its stored name, unless `name` keeps the old one.
///
/// ```
/// # use annals::{Event, EventSourced, Manifest};
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Default, Serialize, Deserialize)] struct Account { cents: u64 }
/// # impl EventSourced for Account {
/// #     const ENTITY_TYPE: &'static str = "account";
/// #     type Event = AccountEvent;
/// #     fn apply(&mut self, _: &AccountEvent) {}
/// # }
/// #[derive(Event, Serialize, Deserialize)]
/// #[event(entity = Account)]
/// enum AccountEvent {
///     Deposited { cents: u64 },
///     #[event(name = "blocked", version = 2)]
///     CardBlocked(String),
/// }
///
/// assert_eq!(AccountEvent::MANIFESTS, [Manifest::new("deposited", 1), Manifest::new("blocked", 2)]);
/// ```
#[proc_macro_derive(Event, attributes(event))]
pub fn event(input: TokenStream) -> TokenStream {
    event::derive(input.into()).into()
}

/// Makes the methods of an `impl` block the commands and queries of an entity, and a typed client with the same
/// methods.
///
/// Every method that takes `&self` and is not private is a command (it returns an `Effect`) or a query (it
/// returns any other serialisable value). Its arguments are stored and sent: they are owned, `Clone` and
/// serialisable, and `#[serde(..)]` on one of them holds for its stored form. One argument may be
/// `ctx: &Context<Self>`; callers do not see it. Private methods and functions without `self` are ordinary
/// code. There is one such block per entity.
///
/// ```
/// # use annals::{CallError, Context, Effect, Event, EventSourced, Node};
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Default, Serialize, Deserialize)] pub struct Account { cents: u64 }
/// # #[derive(Event, Serialize, Deserialize)]
/// # #[event(entity = Account)]
/// # pub enum AccountEvent { Deposited { cents: u64 } }
/// # impl EventSourced for Account {
/// #     const ENTITY_TYPE: &'static str = "account";
/// #     type Event = AccountEvent;
/// #     fn apply(&mut self, AccountEvent::Deposited { cents }: &AccountEvent) { self.cents += cents }
/// # }
/// #[annals::commands]
/// impl Account {
///     /// Puts money in, and tells the new balance.
///     pub fn deposit(&self, cents: u64) -> Effect<Self, u64> {
///         Effect::persist(AccountEvent::Deposited { cents }).reply(|account| account.cents)
///     }
///
///     /// How much there is.
///     pub fn balance(&self) -> u64 {
///         self.cents
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let node = Node::builder(annals_memory::MemoryStorage::new()).register::<Account>().start().await?;
/// let alice: AccountRef = node.entity::<Account>("alice");
/// assert_eq!(alice.deposit(100).key("payday-1").await?, 100);
/// assert_eq!(alice.balance().await?, 100);
/// # node.shutdown().await;
/// # Ok(())
/// # }
/// ```
///
/// # Options of the block
///
/// | option | meaning |
/// |---|---|
/// | `ref = AccountClient` | the name of the client; without it `AccountRef` |
/// | `configure = path` | a `fn(Definition<Self>) -> Definition<Self>`, applied to the finished definition |
/// | `parts(audit: AuditTrail, ..)` | fields with behaviour of their own; the client gets `part::<AuditTrail>()` |
///
/// # Options of a method, in `#[command(..)]`
///
/// | option | meaning |
/// |---|---|
/// | `skip` | it is ordinary code, though it is not private |
/// | `name = ".."` | the stable name; without it the name of the method |
/// | `ready = path` | a guard that takes `&self` and a reference to every argument: while it says `false`, the command waits |
/// | `deadline = expression` | how long an `async` command may take, as a `Duration` |
#[proc_macro_attribute]
pub fn commands(options: TokenStream, block: TokenStream) -> TokenStream {
    commands::expand(options.into(), block.into()).into()
}
