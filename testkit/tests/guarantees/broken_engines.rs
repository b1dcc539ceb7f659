//! The suite finds broken engines: for each defect of the twin all the cases that fail, and no others.

use crate::engine::{Defect, Twin};
use crate::memory::Memory;
use annals_testkit::guarantees;

/// One test per defect: its name, the defect, and all the cases that fail.
macro_rules! finds {
    ($($test:ident: $defect:ident => [$($case:ident),* $(,)?];)+) => {
        $(#[tokio::test(start_paused = true)]
        async fn $test() {
            let report = guarantees::run(&Twin(Defect::$defect), &Memory).await;
            let expected: Vec<&str> = vec![$(stringify!($case)),*];
            assert_eq!(report.failed(), expected, "{report}");
        })+
    };
}

finds! {
    a_sound_twin: None => [];
    acknowledges_before_commit: AcknowledgesBeforeCommit => [
        reply_waits_for_its_write,
        reply_to_several_events_waits_for_their_write,
        rejection_waits_until_it_is_kept,
        outcomes_leave_one_by_one_as_their_writes_are_confirmed,
        query_never_tells_of_a_write_that_failed,
        rejection_decided_on_a_write_that_failed_does_not_leave,
        number_of_a_write_that_failed_is_the_next_one,
        number_taken_by_another_writer_is_not_taken_again,
        number_taken_by_another_writer_is_not_taken_by_a_first_write,
        owner_before_stores_nothing_more,
        owner_before_keeps_no_outcome,
        owner_before_takes_the_account_over_again,
        write_held_back_over_a_take_over_is_not_stored,
        write_under_way_at_a_take_over_is_stored_before_it_or_never,
        write_that_arrives_late_finds_the_account_fenced,
        write_that_finds_the_storage_unavailable_is_not_in_memory_after,
        write_that_finds_the_storage_full_is_not_in_memory_after,
        write_that_is_refused_is_not_in_memory_after,
        write_that_meets_a_conflict_is_not_in_memory_after,
        lost_write_that_was_not_stored_is_not_in_memory_after,
        lost_write_that_was_stored_is_in_memory_once_after,
        lost_write_that_comes_late_is_not_in_memory_after,
        write_at_which_the_storage_panics_leaves_memory_equal_to_the_journal,
        failed_write_of_a_group_fails_alone,
        failed_write_takes_nothing_with_it_that_was_acknowledged,
        commands_behind_a_failed_write_are_told_what_became_of_them,
        nothing_is_written_behind_a_write_that_failed,
        command_that_is_refused_leaves_no_event,
        repetition_of_a_write_that_failed_runs,
        repetition_of_a_lost_write_runs_once,
        snapshot_is_handed_over_only_when_its_writes_are_confirmed,
        snapshot_of_a_write_that_failed_is_not_stored,
        snapshot_holds_no_write_that_is_in_flight,
    ];
    answers_queries_early: AnswersQueriesEarly => [
        query_waits_for_the_writes_it_saw,
        outcomes_leave_one_by_one_as_their_writes_are_confirmed,
        query_never_tells_of_a_write_that_failed,
    ];
    rejects_early: RejectsEarly => [
        rejection_waits_for_the_writes_it_was_decided_on,
        rejection_decided_on_a_write_that_failed_does_not_leave,
    ];
    answers_unchanged_early: AnswersUnchangedEarly => [
        outcome_without_changes_waits_for_the_writes_before_it,
    ];
    reuses_number_after_recovery: ReusesNumberAfterRecovery => [
        numbers_go_on_after_a_stop,
        numbers_go_on_after_a_crash,
        numbers_go_on_after_the_account_left_memory,
        numbers_go_on_behind_deleted_events,
        number_of_a_write_that_failed_is_the_next_one,
        owner_before_stores_nothing_more,
        owner_before_keeps_no_outcome,
        owner_before_takes_the_account_over_again,
        write_held_back_over_a_take_over_is_not_stored,
        write_that_arrives_late_finds_the_account_fenced,
        write_that_finds_the_storage_unavailable_is_not_in_memory_after,
        write_that_finds_the_storage_full_is_not_in_memory_after,
        write_that_is_refused_is_not_in_memory_after,
        write_that_meets_a_conflict_is_not_in_memory_after,
        lost_write_that_was_not_stored_is_not_in_memory_after,
        lost_write_that_was_stored_is_in_memory_once_after,
        lost_write_that_comes_late_is_not_in_memory_after,
        write_at_which_the_storage_panics_leaves_memory_equal_to_the_journal,
        panic_in_a_handler_changes_nothing,
        panic_in_apply_changes_nothing,
        panic_in_a_reply_changes_nothing,
        panic_at_a_command_with_a_key_changes_nothing,
        repetition_of_a_lost_write_runs_once,
        order_is_kept_while_the_account_recovers,
        order_is_kept_behind_a_panic,
        command_waits_for_the_whole_recovery,
        recovery_that_breaks_off_answers_nothing_from_a_part,
        recovery_that_cannot_begin_answers_nothing,
        snapshot_and_the_rest_are_the_whole_history,
        damaged_snapshot_falls_back_to_the_one_before,
        damaged_snapshots_fall_back_to_the_events,
        events_are_deleted_no_further_than_the_oldest_kept_snapshot,
        events_are_not_deleted_for_a_snapshot_that_cannot_be_read,
        account_without_its_events_recovers_from_an_older_snapshot,
    ];
    restarts_numbers_after_deletion: RestartsNumbersAfterDeletion => [
        numbers_go_on_behind_deleted_events,
        events_are_deleted_no_further_than_the_oldest_kept_snapshot,
        events_are_not_deleted_for_a_snapshot_that_cannot_be_read,
        account_without_its_events_recovers_from_an_older_snapshot,
    ];
    asks_epoch_at_each_write: AsksEpochAtEachWrite => [
        owner_before_stores_nothing_more,
        owner_before_keeps_no_outcome,
    ];
    reads_before_fencing: ReadsBeforeFencing => [
        write_that_arrives_late_finds_the_account_fenced,
    ];
    retries_lost_writes: RetriesLostWrites => [
        write_that_arrives_late_finds_the_account_fenced,
        lost_write_that_was_not_stored_is_not_in_memory_after,
        lost_write_that_was_stored_is_in_memory_once_after,
        lost_write_that_comes_late_is_not_in_memory_after,
        write_at_which_the_storage_panics_leaves_memory_equal_to_the_journal,
        nothing_is_written_behind_a_write_that_failed,
        crash_after_a_write_is_stored_leaves_all_of_it,
        repetition_of_a_lost_write_runs_once,
    ];
    keeps_memory_after_failed_write: KeepsMemoryAfterFailedWrite => [
        number_of_a_write_that_failed_is_the_next_one,
        number_taken_by_another_writer_is_not_taken_again,
        number_taken_by_another_writer_is_not_taken_by_a_first_write,
        owner_before_stores_nothing_more,
        owner_before_keeps_no_outcome,
        owner_before_takes_the_account_over_again,
        write_held_back_over_a_take_over_is_not_stored,
        write_that_arrives_late_finds_the_account_fenced,
        write_that_finds_the_storage_unavailable_is_not_in_memory_after,
        write_that_finds_the_storage_full_is_not_in_memory_after,
        write_that_is_refused_is_not_in_memory_after,
        write_that_meets_a_conflict_is_not_in_memory_after,
        lost_write_that_was_not_stored_is_not_in_memory_after,
        lost_write_that_comes_late_is_not_in_memory_after,
        write_at_which_the_storage_panics_leaves_memory_equal_to_the_journal,
        failed_write_takes_nothing_with_it_that_was_acknowledged,
        commands_behind_a_failed_write_are_told_what_became_of_them,
        command_that_is_refused_leaves_no_event,
        repetition_of_a_write_that_failed_runs,
        repetition_of_a_lost_write_runs_once,
        snapshot_of_a_write_that_failed_is_not_stored,
    ];
    keeps_memory_after_panic: KeepsMemoryAfterPanic => [
        panic_in_apply_changes_nothing,
        panic_in_a_reply_changes_nothing,
        panic_at_a_command_with_a_key_changes_nothing,
        replies_of_writes_in_flight_leave_after_a_panic,
        command_whose_last_event_cannot_be_applied_leaves_no_event,
    ];
    writes_behind_failed_write: WritesBehindFailedWrite => [
        commands_behind_a_failed_write_are_told_what_became_of_them,
        nothing_is_written_behind_a_write_that_failed,
    ];
    forgets_dropped_callers: ForgetsDroppedCallers => [
        caller_that_goes_away_leaves_memory_equal_to_the_journal,
    ];
    stores_events_one_by_one: StoresEventsOneByOne => [
        events_of_a_command_are_all_stored_or_none,
        events_of_a_command_need_no_second_write,
    ];
    stores_outcome_separately: StoresOutcomeSeparately => [
        event_and_kept_outcome_are_stored_together,
        event_and_rejection_beside_it_are_stored_together,
    ];
    keeps_no_outcomes: KeepsNoOutcomes => [
        event_and_kept_outcome_are_stored_together,
        event_and_rejection_beside_it_are_stored_together,
        repetition_of_a_lost_write_runs_once,
        key_of_another_command_is_refused_and_changes_nothing,
        keys_that_look_alike_are_kept_apart_in_the_storage,
        keys_beyond_memory_are_known,
        key_that_cannot_be_looked_up_runs_nothing,
        outcome_is_known_after_a_stop,
        outcome_is_known_after_a_crash,
        outcome_is_known_after_the_account_left_memory,
        outcome_is_known_after_a_panic,
        outcome_beyond_memory_is_known_behind_deleted_events,
        rejection_is_known_after_a_crash,
        rejection_beside_an_event_is_known_after_a_crash,
        reply_without_events_is_known_after_a_crash,
    ];
    keeps_no_rejections: KeepsNoRejections => [
        event_and_rejection_beside_it_are_stored_together,
        rejection_is_known_after_a_crash,
        rejection_beside_an_event_is_known_after_a_crash,
    ];
    keeps_no_eventless_outcomes: KeepsNoEventlessOutcomes => [
        rejection_is_known_after_a_crash,
        reply_without_events_is_known_after_a_crash,
    ];
    forgets_keys_beyond_memory: ForgetsKeysBeyondMemory => [
        keys_that_look_alike_are_kept_apart_in_the_storage,
        keys_beyond_memory_are_known,
        key_that_cannot_be_looked_up_runs_nothing,
        outcome_beyond_memory_is_known_behind_deleted_events,
    ];
    leaves_keys_out_of_snapshots: LeavesKeysOutOfSnapshots => [
        outcome_is_known_behind_a_snapshot,
        outcome_is_known_behind_deleted_events,
        outcome_beyond_memory_is_known_behind_deleted_events,
    ];
    compares_keys_by_hash: ComparesKeysByHash => [
        thousand_keys_are_kept_apart,
    ];
    compares_keys_without_case: ComparesKeysWithoutCase => [
        keys_that_look_alike_are_kept_apart,
        keys_that_look_alike_are_kept_apart_in_the_storage,
    ];
    compares_no_commands: ComparesNoCommands => [
        key_of_another_command_is_refused_and_changes_nothing,
    ];
    runs_repetitions_in_flight: RunsRepetitionsInFlight => [
        repetition_of_a_command_in_flight_joins_it,
    ];
    ignores_eventless_keys: IgnoresEventlessKeys => [
        rejection_waits_until_it_is_kept,
        owner_before_keeps_no_outcome,
        nothing_is_written_behind_a_write_that_failed,
        repetition_gets_the_first_rejection,
        repetition_of_a_command_without_events_gets_the_first_reply,
        outcome_is_known_behind_a_snapshot,
        outcome_is_known_behind_deleted_events,
        outcome_beyond_memory_is_known_behind_deleted_events,
        rejection_is_known_after_a_crash,
        reply_without_events_is_known_after_a_crash,
    ];
    takes_equal_commands_for_one: TakesEqualCommandsForOne => [
        reply_is_in_the_journal_when_it_comes,
        replies_outlive_a_crash,
        numbers_of_two_accounts_are_their_own,
        numbers_go_on_after_a_stop,
        numbers_go_on_after_a_crash,
        numbers_go_on_after_the_account_left_memory,
        numbers_go_on_behind_deleted_events,
        write_under_way_at_a_take_over_is_stored_before_it_or_never,
        snapshot_held_back_over_a_take_over_is_not_stored,
        deletion_held_back_over_a_take_over_deletes_nothing,
        caller_that_goes_away_leaves_memory_equal_to_the_journal,
        equal_commands_without_keys_run_each,
        outcome_is_known_behind_a_snapshot,
        outcome_is_known_behind_deleted_events,
        outcome_beyond_memory_is_known_behind_deleted_events,
        commands_of_one_caller_are_handled_in_their_order,
        order_is_kept_while_the_account_recovers,
        order_is_kept_behind_a_panic,
        writes_with_and_without_events_are_handed_over_in_their_order,
        writes_of_two_accounts_are_each_in_their_order,
        closed_account_leaves_the_others_alone,
        event_cut_short_closes_the_account,
        event_with_a_flipped_bit_closes_the_account,
        event_of_an_unknown_codec_closes_the_account,
        first_event_missing_closes_the_account,
        event_missing_in_the_middle_closes_the_account,
        last_event_missing_closes_the_account,
        snapshot_and_the_rest_are_the_whole_history,
        snapshot_that_cannot_be_saved_costs_nothing,
        damaged_snapshot_falls_back_to_the_one_before,
        damaged_snapshots_fall_back_to_the_events,
        events_are_deleted_no_further_than_the_oldest_kept_snapshot,
        events_are_not_deleted_unless_the_policy_says_so,
        events_are_not_deleted_for_a_snapshot_that_cannot_be_read,
        events_are_not_deleted_when_the_snapshot_was_not_saved,
        account_without_its_events_recovers_from_an_older_snapshot,
        account_without_events_and_snapshots_is_closed,
    ];
    handles_last_first: HandlesLastFirst => [
        outcomes_leave_one_by_one_as_their_writes_are_confirmed,
        equal_commands_without_keys_run_each,
        thousand_keys_are_kept_apart,
        commands_of_one_caller_are_handled_in_their_order,
        query_has_its_place_among_the_commands,
        order_is_kept_while_the_account_recovers,
        order_is_kept_behind_a_panic,
        writes_with_and_without_events_are_handed_over_in_their_order,
        writes_of_two_accounts_are_each_in_their_order,
    ];
    reverses_groups: ReversesGroups => [
        failed_write_takes_nothing_with_it_that_was_acknowledged,
        equal_commands_without_keys_run_each,
        thousand_keys_are_kept_apart,
        commands_of_one_caller_are_handled_in_their_order,
        query_has_its_place_among_the_commands,
        order_is_kept_while_the_account_recovers,
        order_is_kept_behind_a_panic,
        writes_with_and_without_events_are_handed_over_in_their_order,
        writes_of_two_accounts_are_each_in_their_order,
    ];
    answers_before_recovery: AnswersBeforeRecovery => [
        query_waits_for_the_whole_recovery,
    ];
    accepts_partial_recovery: AcceptsPartialRecovery => [
        recovery_that_breaks_off_answers_nothing_from_a_part,
        recovery_that_cannot_begin_answers_nothing,
    ];
    starts_at_zero: StartsAtZero => [
        recovery_that_breaks_off_answers_nothing_from_a_part,
        recovery_that_cannot_begin_answers_nothing,
        event_of_an_unknown_name_is_incompatible,
        event_of_an_unknown_version_is_incompatible,
        event_at_which_apply_panics_closes_the_account,
        closed_account_leaves_the_others_alone,
        event_cut_short_closes_the_account,
        event_with_a_flipped_bit_closes_the_account,
        event_of_an_unknown_codec_closes_the_account,
        first_event_missing_closes_the_account,
        event_missing_in_the_middle_closes_the_account,
        last_event_missing_closes_the_account,
        account_without_events_and_snapshots_is_closed,
    ];
    skips_unknown_events: SkipsUnknownEvents => [
        event_of_an_unknown_name_is_incompatible,
        event_of_an_unknown_version_is_incompatible,
    ];
    skips_damaged_events: SkipsDamagedEvents => [
        event_cut_short_closes_the_account,
        event_with_a_flipped_bit_closes_the_account,
        event_of_an_unknown_codec_closes_the_account,
        first_event_missing_closes_the_account,
        event_missing_in_the_middle_closes_the_account,
        last_event_missing_closes_the_account,
        account_without_events_and_snapshots_is_closed,
    ];
    applies_twice_before_snapshot: AppliesTwiceBeforeSnapshot => [
        numbers_go_on_behind_deleted_events,
        deletion_held_back_over_a_take_over_deletes_nothing,
        outcome_is_known_behind_a_snapshot,
        outcome_is_known_behind_deleted_events,
        outcome_beyond_memory_is_known_behind_deleted_events,
        snapshot_holds_what_its_events_come_to,
        snapshot_of_a_command_of_several_events_holds_all_of_them,
        snapshot_and_the_rest_are_the_whole_history,
        snapshot_is_handed_over_only_when_its_writes_are_confirmed,
        snapshot_of_a_write_that_failed_is_not_stored,
        snapshot_holds_no_write_that_is_in_flight,
        snapshot_that_cannot_be_saved_costs_nothing,
        damaged_snapshot_falls_back_to_the_one_before,
        events_are_deleted_no_further_than_the_oldest_kept_snapshot,
        events_are_not_deleted_for_a_snapshot_that_cannot_be_read,
        account_without_its_events_recovers_from_an_older_snapshot,
    ];
    snapshots_unconfirmed_state: SnapshotsUnconfirmedState => [
        snapshot_is_handed_over_only_when_its_writes_are_confirmed,
        snapshot_of_a_write_that_failed_is_not_stored,
    ];
    snapshot_covers_too_much: SnapshotCoversTooMuch => [
        numbers_go_on_behind_deleted_events,
        deletion_held_back_over_a_take_over_deletes_nothing,
        outcome_is_known_behind_a_snapshot,
        outcome_is_known_behind_deleted_events,
        outcome_beyond_memory_is_known_behind_deleted_events,
        snapshot_holds_what_its_events_come_to,
        snapshot_of_a_command_of_several_events_holds_all_of_them,
        snapshot_and_the_rest_are_the_whole_history,
        snapshot_is_handed_over_only_when_its_writes_are_confirmed,
        snapshot_of_a_write_that_failed_is_not_stored,
        snapshot_holds_no_write_that_is_in_flight,
        snapshot_that_cannot_be_saved_costs_nothing,
        damaged_snapshot_falls_back_to_the_one_before,
        events_are_deleted_no_further_than_the_oldest_kept_snapshot,
        events_are_not_deleted_for_a_snapshot_that_cannot_be_read,
        account_without_its_events_recovers_from_an_older_snapshot,
    ];
    trusts_snapshots: TrustsSnapshots => [
        damaged_snapshot_falls_back_to_the_one_before,
        damaged_snapshots_fall_back_to_the_events,
        events_are_not_deleted_for_a_snapshot_that_cannot_be_read,
        account_without_its_events_recovers_from_an_older_snapshot,
        account_without_events_and_snapshots_is_closed,
    ];
    never_falls_back: NeverFallsBack => [
        damaged_snapshot_falls_back_to_the_one_before,
        damaged_snapshots_fall_back_to_the_events,
        events_are_not_deleted_for_a_snapshot_that_cannot_be_read,
        account_without_its_events_recovers_from_an_older_snapshot,
    ];
    counts_unread_snapshots: CountsUnreadSnapshots => [
        events_are_not_deleted_for_a_snapshot_that_cannot_be_read,
    ];
    deletes_past_oldest_snapshot: DeletesPastOldestSnapshot => [
        events_are_deleted_no_further_than_the_oldest_kept_snapshot,
        events_are_not_deleted_for_a_snapshot_that_cannot_be_read,
        account_without_its_events_recovers_from_an_older_snapshot,
    ];
    deletes_events_first: DeletesEventsFirst => [
        events_are_not_deleted_when_older_snapshots_could_not_be,
    ];
}
