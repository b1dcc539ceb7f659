//! What can happen to a call.

use super::Operation;
use std::time::Duration;

/// What happens to a call. Each answer is one that the port allows a sound backend to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Nothing is done, and the answer is `Unavailable`.
    Unavailable,
    /// Nothing is done, and the answer is `Unavailable` because the store is out of space. For what changes
    /// the store.
    Full,
    /// Nothing is done, and the answer is `Indeterminate`. For what changes the store.
    Lost,
    /// It is done, and the answer is `Indeterminate`. For what changes the store.
    AppliedAndLost,
    /// The answer is `Indeterminate` now. It is done when the test calls
    /// [`Faults::deliver_late`](super::Faults::deliver_late), if the storage still takes it. For what changes
    /// the store.
    Late,
    /// A group is cut: the first so many writes are done, the others are not, and are `Unavailable`. What
    /// follows an `Unavailable` write is so too, as the port wants it. For `Append`.
    Cut(usize),
    /// A group goes to the storage in two calls, the first with so many writes; both are done. For `Append`.
    Split(usize),
    /// One write, by its index in the group (of a shorter group the last one), or the snapshot, is `TooLarge`.
    /// The rest of the group is done; the storage refuses what follows it in its activation. For `Append` and
    /// `SaveSnapshot`.
    Refuse(usize),
    /// Nothing is done, and every write, or the snapshot, is answered with `Conflict`, as if another writer
    /// had been first. No other writer was: the store is as it was. For `Append` and `SaveSnapshot`.
    Conflict,
    /// Another owner takes the shards over first: their epochs are really raised, and the storage itself
    /// answers `Fenced`. For what changes the store.
    TakenOver,
    /// The call is done so much later, on tokio's clock.
    Delay(Duration),
    /// The call is done after so many turns of the other tasks.
    Yield(u32),
    /// The call is done twice, as drivers and proxies do, and the second answer is given. A history is read
    /// twice: the first time it is given up after an entry.
    Repeat,
    /// The answer is an earlier one: epochs as when they were last asked for, or 0; snapshots as when
    /// they were last listed, or none; the newest snapshot but one of those that are there.
    ///
    /// For `Epochs`, `ListSnapshots` and `LoadSnapshot`. Epochs can be overtaken by another owner at any
    /// time, which is why a raise checks them; and snapshots only save time (G12). The other reads are what an
    /// owner recovers from: after its raise of the epoch they must be final.
    Stale,
    /// The backend panics before it does anything.
    Panic,
    /// Nothing is done, and no answer ever comes.
    Hang,
    /// The process dies within the call, as after [`Faults::crash`](super::Faults::crash): the first so many
    /// writes of the group are done, and nobody is ever told. For `Append`.
    Crash(usize),
    /// A history ends with `Unavailable` after so many entries. For `Read`.
    Break(usize),
}

impl Fault {
    /// Whether it can happen to such a call.
    pub fn fits(self, operation: Operation) -> bool {
        match self {
            Self::Unavailable | Self::Delay(_) | Self::Yield(_) | Self::Repeat | Self::Panic | Self::Hang => {
                true
            }
            Self::Full | Self::Lost | Self::AppliedAndLost | Self::Late | Self::TakenOver => {
                operation.is_mutation()
            }
            Self::Cut(_) | Self::Split(_) | Self::Crash(_) => operation == Operation::Append,
            Self::Refuse(_) | Self::Conflict => {
                matches!(operation, Operation::Append | Operation::SaveSnapshot)
            }
            Self::Stale => {
                matches!(operation, Operation::Epochs | Operation::ListSnapshots | Operation::LoadSnapshot)
            }
            Self::Break(_) => operation == Operation::Read,
        }
    }

    /// Whether it changes only when the call is done.
    pub(super) fn is_timing(self) -> bool {
        matches!(self, Self::Delay(_) | Self::Yield(_))
    }
}
