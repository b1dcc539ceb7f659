//! L2: what a user writes, and the data that flows between a call and its entity. Pure: no runtime, time,
//! network, storage calls or logging; only plain data of the layers below.

mod address;
mod command;
mod context;
mod definition;
mod effect;
mod envelope;
mod error;
mod event_sourced;
mod outcome;

pub use address::Target;
pub(crate) use address::{Address, Delivery, Inlet, Refusal, Refused};
pub use command::{Command, Handler};
pub use context::Context;
pub use definition::{Definition, Entity, InvalidDefinition};
pub(crate) use effect::{Answer, Change, Changes, SealError};
pub use effect::{Effect, Never};
pub(crate) use envelope::Envelope;
pub(crate) use error::Failure;
pub use error::{CallError, NotHandled, Overloaded, RecoveryError, Unknown};
pub(crate) use event_sourced::ReplayError;
pub use event_sourced::{Event, EventSourced};
pub use outcome::{Changing, Outcome};
