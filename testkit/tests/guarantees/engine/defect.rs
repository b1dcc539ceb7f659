//! What can be wrong with the twin.

/// One thing that it does as it must not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Defect {
    /// Nothing: the twin itself is sound.
    None,
    /// A command is answered when its write is handed over.
    AcknowledgesBeforeCommit,
    /// A query is answered although it saw writes that are not confirmed.
    AnswersQueriesEarly,
    /// A rejection leaves although it was decided on writes that are not confirmed.
    RejectsEarly,
    /// A command that changed nothing is answered although it saw writes that are not confirmed.
    AnswersUnchangedEarly,
    /// After a recovery the last number is used again.
    ReusesNumberAfterRecovery,
    /// The next number is that of the events that are left.
    RestartsNumbersAfterDeletion,
    /// The epoch of what is written is what the storage says at that moment.
    AsksEpochAtEachWrite,
    /// After a lost answer the journal is read before the late write is fenced.
    ReadsBeforeFencing,
    /// A command whose answer was lost is run again.
    RetriesLostWrites,
    /// After a failed write the state stays in memory.
    KeepsMemoryAfterFailedWrite,
    /// After a panic in `apply` the state stays in memory.
    KeepsMemoryAfterPanic,
    /// What was queued behind a failed write is still written.
    WritesBehindFailedWrite,
    /// A command whose caller went away is written and not applied.
    ForgetsDroppedCallers,
    /// Each event of a command is a write of its own.
    StoresEventsOneByOne,
    /// The outcome for a key is a write of its own, behind the events.
    StoresOutcomeSeparately,
    /// Outcomes are in memory only.
    KeepsNoOutcomes,
    /// Outcomes that are rejections are in memory only.
    KeepsNoRejections,
    /// Outcomes of commands without events are in memory only.
    KeepsNoEventlessOutcomes,
    /// A key that is not in memory is taken for new.
    ForgetsKeysBeyondMemory,
    /// A snapshot is said to have all keys, and has none.
    LeavesKeysOutOfSnapshots,
    /// Keys are told apart by 16 bits of a hash.
    ComparesKeysByHash,
    /// Keys are compared without case.
    ComparesKeysWithoutCase,
    /// Any command with a known key is a repetition.
    ComparesNoCommands,
    /// A key is known once its write is confirmed.
    RunsRepetitionsInFlight,
    /// The key of a command without events is not looked at.
    IgnoresEventlessKeys,
    /// A command without a key that equals an earlier one is a repetition.
    TakesEqualCommandsForOne,
    /// Of several calls that wait the last one is handled first.
    HandlesLastFirst,
    /// The writes of a group are handed over in the opposite order.
    ReversesGroups,
    /// While an account is recovered queries are answered from a fresh state.
    AnswersBeforeRecovery,
    /// A history that breaks off is taken as it is.
    AcceptsPartialRecovery,
    /// An account that cannot be recovered starts at zero.
    StartsAtZero,
    /// An event of an unknown name or version is left out.
    SkipsUnknownEvents,
    /// A damaged or missing event is left out.
    SkipsDamagedEvents,
    /// The last events are applied once more to the state of a snapshot.
    AppliesTwiceBeforeSnapshot,
    /// A snapshot is handed over before its writes are confirmed.
    SnapshotsUnconfirmedState,
    /// The number of a snapshot counts the last command, its state does not hold it.
    SnapshotCoversTooMuch,
    /// A snapshot is used as it is loaded.
    TrustsSnapshots,
    /// A damaged snapshot is an error although there are older ones.
    NeverFallsBack,
    /// A snapshot is counted as kept without reading it back.
    CountsUnreadSnapshots,
    /// Events are deleted up to the newest snapshot.
    DeletesPastOldestSnapshot,
    /// Events are deleted before the snapshots in front of them are.
    DeletesEventsFirst,
}
