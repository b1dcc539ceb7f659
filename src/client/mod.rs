//! L3: the caller's side of an entity: refs, calls as builders, and the box that carries a call. It hands
//! calls to a port of the entity layer and never sees engine or runtime.

mod asked;
mod asking;
mod call;
mod handled;
mod history;

pub use asking::Asking;
pub use call::{Call, EntityRef, IntoKey, Rejection, Reply, Tell, Telling};
pub use handled::{Awaited, Directly, Handled};
pub use history::{Events, Recorded};
