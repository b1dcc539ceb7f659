//! L2: what a user writes, and the data that flows between a call and its entity. Pure: no runtime, time,
//! network, storage calls or logging; only plain data of the layers below.

mod address;
mod change;
mod command;
mod context;
mod definition;
mod directory;
mod durable_state;
mod effect;
mod envelope;
mod erasure;
mod error;
mod event_sourced;
mod inspection;
mod outcome;
mod part;
mod policy;
mod replay;
mod upcast;

pub use address::Target;
pub(crate) use address::{Address, Delivery, EventSource, Inlet, Nowhere, Refusal, Refused};
pub(crate) use change::{Change, Changes, Decided, Extras, Seal, SealError, Update};
pub use command::{AsyncHandler, Command, Handler};
pub use context::{Completeness, Context};
pub use definition::{Definition, Entity, EntityKind, InvalidDefinition};
pub(crate) use directory::{Directory, Way};
pub use durable_state::{DurableState, Ephemeral};
pub(crate) use effect::Answer;
pub use effect::{Effect, Never};
pub(crate) use envelope::{Envelope, Keeping, Mode};
pub(crate) use erasure::Erasure;
pub(crate) use error::Failure;
pub use error::{CallError, HistoryError, NotHandled, Overloaded, RecoveryError, Unknown};
pub use event_sourced::{Event, EventSourced};
pub(crate) use inspection::Inspection;
pub use outcome::{Changing, Outcome};
pub use part::Has;
pub(crate) use part::target_of_part;
pub(crate) use policy::LastSnapshot;
pub use policy::{FailurePolicy, RecoveryPolicy, Snapshots};
pub(crate) use replay::{OwnEvents, Stored};
pub use upcast::{StateUpcasters, Upcasters};
