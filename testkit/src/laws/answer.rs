//! What a call came to, with its types erased, so that it can be compared over lives and storages.

use crate::survival::survives;
use annals::{CallError, Codec, NotHandled, Unknown};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::any::Any;
use std::fmt::{self, Debug};
use std::sync::Arc;

/// What a call came to.
#[derive(Clone)]
pub(crate) enum Answer {
    Reply(Value),
    Rejection(Value),
    /// Nothing came of it, as the codec cannot hold what was decided: the error, as it reads.
    Unstorable(String),
    /// The storage did not confirm its write: the error, as it reads.
    NotConfirmed(String),
    /// Any other error, as it reads.
    Failed(String),
    /// It waits: its entity is not ready for it, or gone.
    None,
}

/// A reply or a rejection.
#[derive(Clone)]
pub(crate) struct Value(Arc<dyn AnyValue>);

trait AnyValue: Debug + Send + Sync {
    fn as_any(&self) -> &dyn Any;
    fn equals(&self, other: &dyn Any) -> bool;
    fn survives(&self, codec: Codec, what: &str) -> Result<(), String>;
}

/// What a reply or a rejection must be, for laws to be checked with it.
pub trait Plain: Serialize + DeserializeOwned + PartialEq + Debug + Send + Sync + 'static {}

impl<T: Serialize + DeserializeOwned + PartialEq + Debug + Send + Sync + 'static> Plain for T {}

impl<T: Plain> AnyValue for T {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn equals(&self, other: &dyn Any) -> bool {
        other.downcast_ref::<T>().is_some_and(|other| other == self)
    }

    fn survives(&self, codec: Codec, what: &str) -> Result<(), String> {
        survives(codec, what, self)
    }
}

impl Answer {
    pub(crate) fn of<R: Plain, E: Plain>(result: Result<R, CallError<E>>) -> Self {
        match result {
            Ok(reply) => Self::Reply(Value(Arc::new(reply))),
            Err(CallError::Rejected(why)) => Self::Rejection(Value(Arc::new(why))),
            Err(CallError::NotHandled(why) | CallError::Unknown(Unknown::NotStored(why))) => match why {
                NotHandled::Unencodable { .. } | NotHandled::Unsealable { .. } => {
                    Self::Unstorable(why.to_string())
                }
                why => Self::Failed(why.to_string()),
            },
            Err(CallError::Unknown(why @ Unknown::NotConfirmed(_))) => Self::NotConfirmed(why.to_string()),
            Err(CallError::Unknown(why)) => Self::Failed(why.to_string()),
            Err(error) => Self::Failed(format!("{error:?}")),
        }
    }

    /// Whether it is an outcome, which a key keeps.
    pub(crate) fn is_outcome(&self) -> bool {
        matches!(self, Self::Reply(_) | Self::Rejection(_))
    }

    /// Whether its value comes back from the codec as it was.
    pub(crate) fn survives(&self, codec: Codec, command: &str) -> Result<(), String> {
        match self {
            Self::Reply(value) => value.0.survives(codec, &format!("the reply of {command},")),
            Self::Rejection(value) => value.0.survives(codec, &format!("the rejection of {command},")),
            Self::Unstorable(error) => Err(error.clone()),
            Self::NotConfirmed(_) | Self::Failed(_) | Self::None => Ok(()),
        }
    }
}

impl PartialEq for Answer {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Reply(one), Self::Reply(other)) | (Self::Rejection(one), Self::Rejection(other)) => {
                one.0.equals(other.0.as_any())
            }
            (Self::Failed(one), Self::Failed(other))
            | (Self::NotConfirmed(one), Self::NotConfirmed(other))
            | (Self::Unstorable(one), Self::Unstorable(other)) => one == other,
            (Self::None, Self::None) => true,
            _ => false,
        }
    }
}

impl Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reply(value) => write!(f, "{:?}", value.0),
            Self::Rejection(value) => write!(f, "rejected: {:?}", value.0),
            Self::Failed(error) | Self::NotConfirmed(error) | Self::Unstorable(error) => {
                write!(f, "failed: {error}")
            }
            Self::None => write!(f, "no answer"),
        }
    }
}
