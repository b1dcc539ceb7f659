//! What a test can see of the calls that were made.

use super::{Fault, Operation};
use annals::PersistenceId;
use annals::storage::StorageError;
use std::fmt;

/// A call that reached the storage's doorstep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// What was called.
    pub operation: Operation,
    /// About whom: for `Append` the id of each write of the group, in order; none where the call is not
    /// about entities.
    pub ids: Vec<PersistenceId>,
    /// What happened to it: at most one fault of time and one other. Empty also while it is held.
    pub faults: Vec<Fault>,
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.operation)?;
        self.ids.iter().try_for_each(|id| write!(f, " {id}"))?;
        self.faults.iter().try_for_each(|fault| write!(f, " <- {fault:?}"))
    }
}

/// A [late](Fault::Late) call that was delivered.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// What was called.
    pub operation: Operation,
    /// About whom.
    pub ids: Vec<PersistenceId>,
    /// What the storage said: for `Append` to each write, in order; one answer otherwise.
    pub answers: Vec<Result<(), StorageError>>,
}
