//! The suite finds broken backends below the real engine: for each fault that an engine can meet all the cases that
//! fail, and no others.

use crate::twin::Fault;
use annals_testkit::guarantees::{self, NodeEngine};

/// One test per fault: its name, the fault, and all the cases that fail.
macro_rules! finds {
    ($($test:ident: $fault:ident => [$($case:ident),* $(,)?];)+) => {
        $(#[tokio::test(start_paused = true)]
        async fn $test() {
            let report = guarantees::run(&NodeEngine, &Fault::$fault).await;
            let expected: Vec<&str> = vec![$(stringify!($case)),*];
            assert_eq!(report.failed(), expected, "{report}");
        })+
    };
}

finds! {
    a_sound_backend: None => [];
    epoch_ignored: EpochIgnored => [
        owner_before_stores_nothing_more,
        owner_before_keeps_no_outcome,
        write_held_back_over_a_take_over_is_not_stored,
        write_under_way_at_a_take_over_is_stored_before_it_or_never,
        write_that_arrives_late_finds_the_account_fenced,
    ];
    epoch_checked_too_early: EpochCheckedTooEarly => [
        write_under_way_at_a_take_over_is_stored_before_it_or_never,
    ];
    snapshot_epoch_ignored: SnapshotEpochIgnored => [
        snapshot_held_back_over_a_take_over_is_not_stored,
    ];
    expected_number_ignored: ExpectedNumberIgnored => [
        number_taken_by_another_writer_is_not_taken_by_a_first_write,
    ];
    write_number_ignored: WriteNumberIgnored => [];
    repetition_stored_again: RepetitionStoredAgain => [
        write_that_a_driver_sends_twice_is_stored_once,
    ];
    repetition_refused: RepetitionRefused => [
        write_that_a_driver_sends_twice_is_stored_once,
    ];
    group_fails_after_bad_write: GroupFailsAfterBadWrite => [
        failed_write_of_a_group_fails_alone,
    ];
    results_out_of_order: ResultsOutOfOrder => [
        failed_write_of_a_group_fails_alone,
    ];
    events_of_a_write_reversed: EventsOfAWriteReversed => [
        numbers_begin_at_one_and_have_no_gap,
        events_of_a_command_are_all_stored_or_none,
        events_of_a_command_need_no_second_write,
        snapshot_of_a_command_of_several_events_holds_all_of_them,
        snapshot_is_handed_over_only_when_its_writes_are_confirmed,
        snapshot_of_a_write_that_failed_is_not_stored,
        snapshot_holds_no_write_that_is_in_flight,
    ];
    eventless_outcome_lost: EventlessOutcomeLost => [
        rejection_is_known_after_a_crash,
        reply_without_events_is_known_after_a_crash,
    ];
    rejection_as_reply: RejectionAsReply => [
        event_and_rejection_beside_it_are_stored_together,
        rejection_is_known_after_a_crash,
        rejection_beside_an_event_is_known_after_a_crash,
    ];
    keys_cut_short: KeysCutShort => [
        keys_that_look_alike_are_kept_apart_in_the_storage,
    ];
    ids_without_case: IdsWithoutCase => [
        accounts_that_look_alike_have_their_own_history,
    ];
    deletion_drops_outcomes: DeletionDropsOutcomes => [
        outcome_beyond_memory_is_known_behind_deleted_events,
    ];
    numbers_reused_after_deletion: NumbersReusedAfterDeletion => [
        numbers_go_on_behind_deleted_events,
    ];
    read_ordered_as_text: ReadOrderedAsText => [
        replies_outlive_a_crash,
        memory_equals_the_journal_when_nothing_fails,
        commands_of_one_caller_are_handled_in_their_order,
        order_is_kept_behind_a_panic,
        writes_of_two_accounts_are_each_in_their_order,
        recovery_brings_the_whole_history_back,
        query_waits_for_the_whole_recovery,
        command_waits_for_the_whole_recovery,
        recovery_that_breaks_off_answers_nothing_from_a_part,
        recovery_that_cannot_begin_answers_nothing,
        snapshot_that_cannot_be_saved_costs_nothing,
    ];
    missing_event_skipped: MissingEventSkipped => [];
    acknowledged_before_stored: AcknowledgedBeforeStored => [
        reply_is_in_the_journal_when_it_comes,
        replies_outlive_a_crash,
        numbers_begin_at_one_and_have_no_gap,
        numbers_of_two_accounts_are_their_own,
        numbers_go_on_after_a_stop,
        numbers_go_on_after_a_crash,
        numbers_go_on_after_the_account_left_memory,
        numbers_go_on_behind_deleted_events,
        number_of_a_write_that_failed_is_the_next_one,
        number_taken_by_another_writer_is_not_taken_again,
        number_taken_by_another_writer_is_not_taken_by_a_first_write,
        accounts_that_look_alike_have_their_own_history,
        owner_before_stores_nothing_more,
        owner_before_keeps_no_outcome,
        owner_before_takes_the_account_over_again,
        write_held_back_over_a_take_over_is_not_stored,
        write_under_way_at_a_take_over_is_stored_before_it_or_never,
        write_that_arrives_late_finds_the_account_fenced,
        snapshot_held_back_over_a_take_over_is_not_stored,
        deletion_held_back_over_a_take_over_deletes_nothing,
        memory_equals_the_journal_when_nothing_fails,
        write_that_finds_the_storage_unavailable_is_not_in_memory_after,
        write_that_finds_the_storage_full_is_not_in_memory_after,
        write_that_is_refused_is_not_in_memory_after,
        write_that_meets_a_conflict_is_not_in_memory_after,
        lost_write_that_was_not_stored_is_not_in_memory_after,
        lost_write_that_was_stored_is_in_memory_once_after,
        lost_write_that_comes_late_is_not_in_memory_after,
        write_at_which_the_storage_panics_leaves_memory_equal_to_the_journal,
        failed_write_of_a_group_fails_alone,
        caller_that_goes_away_leaves_memory_equal_to_the_journal,
        crash_before_a_write_is_stored_leaves_nothing_of_it,
        crash_after_a_write_is_stored_leaves_all_of_it,
        panic_in_a_handler_changes_nothing,
        panic_in_apply_changes_nothing,
        panic_in_a_reply_changes_nothing,
        panic_at_a_command_with_a_key_changes_nothing,
        replies_of_writes_in_flight_leave_after_a_panic,
        commands_behind_a_panic_are_handled,
        events_of_a_command_need_no_second_write,
        event_and_kept_outcome_are_stored_together,
        event_and_rejection_beside_it_are_stored_together,
        repetition_gets_the_first_reply_and_runs_nothing,
        repetition_gets_the_first_rejection,
        repetition_of_a_command_in_flight_joins_it,
        repetition_of_a_write_that_failed_runs,
        repetition_of_a_lost_write_runs_once,
        equal_commands_without_keys_run_each,
        key_of_another_command_is_refused_and_changes_nothing,
        key_of_another_account_is_its_own,
        keys_beyond_memory_are_known,
        key_that_cannot_be_looked_up_runs_nothing,
        outcome_is_known_after_a_stop,
        outcome_is_known_after_a_crash,
        outcome_is_known_after_the_account_left_memory,
        outcome_is_known_after_a_panic,
        outcome_is_known_behind_a_snapshot,
        outcome_is_known_behind_deleted_events,
        outcome_beyond_memory_is_known_behind_deleted_events,
        rejection_is_known_after_a_crash,
        rejection_beside_an_event_is_known_after_a_crash,
        commands_of_one_caller_are_handled_in_their_order,
        order_is_kept_while_the_account_recovers,
        order_is_kept_behind_a_panic,
        writes_of_two_accounts_are_each_in_their_order,
        recovery_brings_the_whole_history_back,
        query_waits_for_the_whole_recovery,
        command_waits_for_the_whole_recovery,
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
        snapshot_holds_what_its_events_come_to,
        snapshot_of_a_command_of_several_events_holds_all_of_them,
        snapshot_and_the_rest_are_the_whole_history,
        snapshot_is_handed_over_only_when_its_writes_are_confirmed,
        snapshot_of_a_write_that_failed_is_not_stored,
        snapshot_holds_no_write_that_is_in_flight,
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
    nothing_survives: NothingSurvives => [
        replies_outlive_a_crash,
        numbers_go_on_after_a_stop,
        outcome_is_known_after_a_stop,
    ];
}
