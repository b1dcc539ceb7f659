//! What the code that the macros generate refers to. No part of the interface: it changes without notice.

use crate::entity::{Definition, DurableState, Ephemeral, EventSourced};
use std::marker::PhantomData;

pub use serde;

/// Finds out what kind of entity `S` is: `(&&&&Kind::<S>::NEW).definition()`, with [`kinds`] in scope.
///
/// The compiler takes the first of the traits below, in the order of their `&`, whose bound `S` satisfies.
pub struct Kind<S>(PhantomData<fn() -> S>);

impl<S> Kind<S> {
    /// The question.
    pub const NEW: Self = Self(PhantomData);
}

/// The traits, without their names, to be imported as a whole.
pub mod kinds {
    pub use super::{ViaEvents as _, ViaMemory as _, ViaNothing as _, ViaState as _};
}

/// An entity that is a fold over its events.
pub trait ViaEvents<S> {
    /// An empty definition.
    fn definition(&self) -> Definition<S>;
}

impl<S: EventSourced> ViaEvents<S> for &&&Kind<S> {
    fn definition(&self) -> Definition<S> {
        Definition::event_sourced()
    }
}

/// An entity that is stored as its latest state.
pub trait ViaState<S> {
    /// An empty definition.
    fn definition(&self) -> Definition<S>;
}

impl<S: DurableState> ViaState<S> for &&Kind<S> {
    fn definition(&self) -> Definition<S> {
        Definition::durable_state()
    }
}

/// An entity that is not stored.
pub trait ViaMemory<S> {
    /// An empty definition.
    fn definition(&self) -> Definition<S>;
}

impl<S: Ephemeral> ViaMemory<S> for &Kind<S> {
    fn definition(&self) -> Definition<S> {
        Definition::ephemeral()
    }
}

/// No entity: it is here so that the compiler says something helpful.
pub trait ViaNothing<S> {
    /// Does not compile.
    fn definition(&self) -> Definition<S>
    where
        S: OfSomeKind;
}

impl<S> ViaNothing<S> for Kind<S> {
    fn definition(&self) -> Definition<S>
    where
        S: OfSomeKind,
    {
        unreachable!("nothing is `OfSomeKind`")
    }
}

/// Implemented by nothing.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say what kind of entity it is",
    label = "a type with commands is an entity",
    note = "implement `EventSourced`, `DurableState` or `Ephemeral` for it"
)]
pub trait OfSomeKind {}
