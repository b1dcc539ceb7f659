//! What a handler may return.

use super::{Effect, Never};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// An [`Effect`] (a command), or any serialisable value (a query).
#[diagnostic::on_unimplemented(
    message = "`{Self}` can be neither an effect nor a reply",
    note = "return `Effect<Self, R, E>` from a command, or a serialisable value from a query"
)]
pub trait Outcome<S> {
    /// What the caller gets.
    type Reply: Serialize + DeserializeOwned + Send + 'static;
    /// What the caller gets when the command is refused.
    type Rejection: Serialize + DeserializeOwned + Send + 'static;

    /// The same as an effect.
    fn into_effect(self) -> Effect<S, Self::Reply, Self::Rejection>;
}

/// Marks what may change something: only such calls take a key.
#[diagnostic::on_unimplemented(
    message = "a query changes nothing, so it takes no key",
    label = "`{Self}` is the reply of a query"
)]
pub trait Changing {}

impl<S, R, E> Changing for Effect<S, R, E> {}

impl<S, R, E> Outcome<S> for Effect<S, R, E>
where
    R: Serialize + DeserializeOwned + Send + 'static,
    E: Serialize + DeserializeOwned + Send + 'static,
{
    type Reply = R;
    type Rejection = E;

    fn into_effect(self) -> Self {
        self
    }
}

impl<S, T: Serialize + DeserializeOwned + Send + 'static> Outcome<S> for T {
    type Reply = T;
    type Rejection = Never;

    fn into_effect(self) -> Effect<S, T, Never> {
        Effect::value(self)
    }
}
