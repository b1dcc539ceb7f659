//! The suite can fail: for each fault there is a twin of the memory backend, and the cases that find it, and
//! no others.

mod slip;
mod twin;

use annals_testkit::conformance;
use std::collections::BTreeSet;
use twin::Fault;

/// One test per fault: its name, the fault, and all the cases that fail.
macro_rules! finds {
    ($($test:ident: $fault:ident => [$($case:ident),* $(,)?];)+) => {
        /// Every fault, and the cases that find it.
        const FOUND: &[(Fault, &[&str])] = &[$((Fault::$fault, &[$(stringify!($case)),*])),+];

        $(#[tokio::test(flavor = "multi_thread")]
        async fn $test() {
            let report = conformance::run(&Fault::$fault).await;
            let expected: Vec<&str> = vec![$(stringify!($case)),*];
            assert_eq!(report.failed(), expected, "{report}");
        })+
    };
}

#[test]
fn every_fault_has_its_test() {
    for fault in Fault::ALL {
        assert_eq!(FOUND.iter().filter(|(it, _)| *it == fault).count(), 1, "tests of {fault:?}");
    }
}

/// The twins' faults and the slips together; those of which only some cases are run count as well.
#[test]
fn every_case_fails_for_a_twin() {
    let of_faults = FOUND.iter().flat_map(|(_, cases)| *cases);
    let of_slips = slip::found::FOUND.iter().flat_map(|(_, cases)| *cases);
    let found: BTreeSet<&str> = of_faults.chain(of_slips).copied().collect();
    let cases: BTreeSet<&str> = conformance::cases().into_iter().map(|(_, case)| case).collect();
    let never: Vec<&&str> = cases.difference(&found).collect();
    assert!(never.is_empty(), "{} of {} cases fail for no twin: {never:?}", never.len(), cases.len());
}

finds! {
    a_sound_twin: None => [];
    epoch_ignored: EpochIgnored => [
        group_with_a_fenced_write_stores_the_neighbours,
        events_with_another_epoch_are_fenced_and_not_stored,
        outcome_without_events_with_another_epoch_is_fenced_and_not_stored,
        state_saved_with_another_epoch_is_fenced_and_not_stored,
        state_deleted_with_another_epoch_is_fenced_and_not_deleted,
        state_kept_with_another_epoch_is_fenced,
        owner_before_is_fenced_once_the_epoch_is_raised,
        owner_before_is_fenced_after_reopening_too,
        fencing_one_shard_leaves_the_others_alone,
        fencing_is_judged_before_the_expected_number,
        fencing_is_judged_before_the_write_number,
        fencing_is_judged_before_a_repetition_is_answered,
        fenced_write_leaves_no_gap_for_the_next_owner,
        outcome_of_a_refused_write_is_not_kept,
        positions_are_not_reused_after_refused_writes,
        manifests_of_refused_writes_are_not_recorded,
        crash_forgets_no_owner_and_no_write_number,
        race_after_a_take_over_nothing_of_the_owner_before_is_stored,
        race_after_a_take_over_all_that_was_acknowledged_is_read,
    ];
    epoch_checked_too_early: EpochCheckedTooEarly => [
        race_after_a_take_over_nothing_of_the_owner_before_is_stored,
        race_after_a_take_over_all_that_was_acknowledged_is_read,
    ];
    snapshot_epoch_ignored: SnapshotEpochIgnored => [
        snapshot_saved_with_another_epoch_is_fenced_and_not_stored,
        snapshot_deleted_with_another_epoch_is_fenced_and_not_deleted,
        race_after_a_take_over_no_snapshot_of_the_owner_before_is_stored,
    ];
    epochs_raised_one_by_one: EpochsRaisedOneByOne => [
        epochs_are_raised_all_or_none,
    ];
    expected_number_ignored: ExpectedNumberIgnored => [
        numbers_are_not_reused_after_deletion_and_reopening,
        append_with_a_stale_expected_number_is_a_conflict_and_stores_nothing,
        append_with_a_gap_before_it_is_a_conflict_and_stores_nothing,
        append_without_events_checks_the_expected_number_too,
        append_to_a_history_that_must_not_be_there_yet_is_a_conflict,
        append_to_an_unknown_history_that_must_be_there_is_a_conflict,
        append_by_two_writers_at_one_number_has_one_winner,
        append_by_two_writers_in_one_group_has_one_winner,
        append_by_many_stale_writers_leaves_one_history,
        append_conflict_names_the_entity_and_both_numbers,
        append_after_a_conflict_goes_on_with_the_next_number,
        group_with_a_conflict_stores_the_neighbours,
        group_with_nothing_but_bad_writes_stores_nothing,
        group_refuses_what_its_activation_wrote_after_a_refused_write,
        activation_whose_write_failed_stores_nothing_more,
        activation_whose_first_write_failed_stores_nothing_more,
        outcome_of_a_refused_write_is_not_kept,
        positions_are_not_reused_after_refused_writes,
        damage_missing_event_does_not_bring_its_number_back,
        erase_makes_the_number_one_a_conflict,
        manifests_of_refused_writes_are_not_recorded,
        number_above_the_largest_signed_one_is_no_expected_sequence_number,
    ];
    write_number_ignored: WriteNumberIgnored => [
        group_with_a_gap_in_write_numbers_stores_the_neighbours,
        group_refuses_what_its_activation_wrote_after_a_refused_write,
        group_stores_a_takeover_by_a_second_activation,
        repeated_earlier_write_is_answered_with_its_own_success,
        repeated_write_without_events_is_answered_with_the_stored_success,
        repeated_state_write_is_answered_with_the_stored_success,
        repeated_group_is_answered_as_it_was,
        repeated_write_after_reopening_is_answered_with_the_stored_success,
        write_number_with_a_gap_is_refused,
        write_number_is_judged_before_the_expected_number,
        write_numbers_go_on_after_reopening,
        activation_must_start_at_one,
        activation_that_starts_shuts_out_the_one_before,
        activation_that_starts_without_events_shuts_out_the_one_before,
        activation_whose_write_failed_stores_nothing_more,
        activation_whose_first_write_failed_stores_nothing_more,
        number_above_the_largest_signed_one_is_no_write_number,
    ];
    repetition_stored_again: RepetitionStoredAgain => [
        repeated_write_is_answered_with_the_stored_success,
        repeated_write_is_stored_once,
        repeated_write_keeps_its_outcome_once,
        repeated_earlier_write_is_answered_with_its_own_success,
        repeated_write_in_one_group_is_stored_once,
        repeated_write_without_events_is_answered_with_the_stored_success,
        repeated_state_write_is_answered_with_the_stored_success,
        repeated_group_is_answered_as_it_was,
        repeated_write_after_reopening_is_answered_with_the_stored_success,
        repeated_write_after_the_deletion_of_its_events_is_answered_with_the_stored_success,
        repeated_write_of_an_earlier_activation_stores_nothing,
        crash_forgets_no_owner_and_no_write_number,
    ];
    repetition_refused: RepetitionRefused => [
        repeated_write_is_answered_with_the_stored_success,
        repeated_earlier_write_is_answered_with_its_own_success,
        repeated_write_in_one_group_is_stored_once,
        repeated_write_without_events_is_answered_with_the_stored_success,
        repeated_state_write_is_answered_with_the_stored_success,
        repeated_group_is_answered_as_it_was,
        repeated_write_after_reopening_is_answered_with_the_stored_success,
        repeated_write_after_the_deletion_of_its_events_is_answered_with_the_stored_success,
        fencing_is_judged_before_a_repetition_is_answered,
        crash_forgets_no_owner_and_no_write_number,
    ];
    group_fails_after_bad_write: GroupFailsAfterBadWrite => [
        group_with_a_conflict_stores_the_neighbours,
        group_with_a_fenced_write_stores_the_neighbours,
        group_with_a_write_that_is_too_large_stores_the_neighbours,
        group_with_an_unsupported_write_stores_the_neighbours,
        group_with_a_gap_in_write_numbers_stores_the_neighbours,
        group_with_nothing_but_bad_writes_stores_nothing,
        group_refuses_what_its_activation_wrote_after_a_refused_write,
        group_stores_a_takeover_by_a_second_activation,
        state_follows_its_model_in_all_sequences_of_four_changes,
    ];
    results_out_of_order: ResultsOutOfOrder => [
        append_by_two_writers_in_one_group_has_one_winner,
        group_stores_several_writes_of_one_entity_in_order,
        group_answers_in_the_order_of_its_writes,
        group_refuses_what_its_activation_wrote_after_a_refused_write,
        group_stores_a_takeover_by_a_second_activation,
        repeated_earlier_write_is_answered_with_its_own_success,
        repeated_write_in_one_group_is_stored_once,
        positions_grow_over_all_entities_of_a_shard,
        position_answered_is_that_of_the_last_event,
        state_saved_by_two_writers_at_one_revision_has_one_winner,
        state_writes_of_one_group_are_stored_in_order,
        state_follows_its_model_in_all_sequences_of_four_changes,
    ];
    events_of_a_write_reversed: EventsOfAWriteReversed => [
        journal_read_from_one_gives_everything,
        journal_read_from_three_gives_the_rest,
        journal_read_from_zero_is_a_read_from_one,
        journal_read_may_end_within_a_write,
        journal_read_may_begin_within_a_write,
        journal_read_beside_another_history_gives_its_own,
        group_with_a_write_that_is_too_large_stores_the_neighbours,
        group_stores_several_writes_of_one_entity_in_order,
        payloads_of_many_names_keep_their_own,
        damage_missing_last_event_is_corrupt_at_its_number,
        race_of_a_stream_that_stands_still_with_appends_gives_no_hole,
        race_of_a_stream_that_stands_still_with_a_deletion_gives_no_hole,
    ];
    eventless_outcome_lost: EventlessOutcomeLost => [
        group_keeps_the_order_of_writes_with_and_without_events,
        repeated_write_keeps_its_outcome_once,
        repeated_group_is_answered_as_it_was,
        outcome_of_a_write_without_events_is_found_by_its_key,
        outcome_of_a_state_write_is_found_by_its_key,
        outcome_of_a_write_that_keeps_the_state_is_found_by_its_key,
        outcome_that_is_a_rejection_comes_back_as_one,
        outcome_comes_back_with_its_command_and_all_of_its_payload,
        outcome_of_no_bytes_comes_back,
        outcomes_survive_reopening,
        outcomes_of_keys_that_look_alike_are_kept_apart,
        outcomes_of_long_keys_with_one_beginning_are_kept_apart,
        read_gives_an_outcome_without_events_after_the_events_before_it,
        read_gives_an_outcome_from_before_the_first_event,
        read_gives_outcomes_of_one_number_in_the_order_of_their_writes,
        read_from_a_number_gives_the_outcomes_at_the_number_before,
        read_from_beyond_the_end_gives_the_outcomes_at_the_end,
        read_up_to_a_number_gives_the_outcomes_up_to_there,
        read_at_its_limit_gives_the_outcomes_at_its_last_number,
        read_with_its_limit_within_a_write_gives_no_outcome_of_it,
        read_of_many_outcomes_without_events_gives_all,
        read_after_deletion_of_everything_gives_every_outcome,
        read_gives_the_outcomes_of_state_writes_too,
        erase_then_what_is_written_is_read_alone,
        erase_then_an_outcome_without_events_is_read_alone,
        erase_with_another_epoch_is_fenced_and_erases_nothing,
        erase_by_the_owner_before_is_fenced,
        erase_spares_other_entities,
        crash_loses_nothing_that_was_acknowledged,
        crash_brings_nothing_back_that_was_removed,
        race_of_a_look_up_with_an_erase_finds_all_outcomes_or_none,
        race_of_a_stream_of_outcomes_that_stands_still_with_an_erase_finds_no_damage,
    ];
    rejection_as_reply: RejectionAsReply => [
        outcome_that_is_a_rejection_comes_back_as_one,
        outcomes_survive_reopening,
    ];
    keys_cut_short: KeysCutShort => [
        outcomes_of_long_keys_with_one_beginning_are_kept_apart,
    ];
    ids_without_case: IdsWithoutCase => [
        ids_that_differ_in_case_are_different,
        ids_that_only_look_the_same_are_different,
        ids_survive_reopening,
        ids_of_states_are_kept_apart_too,
    ];
    side_effects_dropped: SideEffectsDropped => [
        group_with_an_unsupported_write_stores_the_neighbours,
        state_with_an_unsupported_side_effect_is_not_saved,
    ];
    deletion_drops_outcomes: DeletionDropsOutcomes => [
        delete_spares_kept_outcomes,
        delete_spares_the_outcomes_that_come_with_a_read,
        read_after_deletion_of_everything_gives_every_outcome,
        erase_then_a_deletion_removes_what_was_written_since,
    ];
    numbers_reused_after_deletion: NumbersReusedAfterDeletion => [
        delete_of_everything_leaves_the_highest_number,
        delete_of_everything_is_followed_by_the_next_number,
        delete_beyond_the_end_spares_later_events,
        numbers_are_not_reused_after_deletion_and_reopening,
        repeated_write_after_the_deletion_of_its_events_is_answered_with_the_stored_success,
        read_after_deletion_of_everything_gives_every_outcome,
        snapshot_above_the_deleted_events_is_stored,
        snapshots_survive_the_deletion_of_events,
        extent_of_a_deletion_beyond_the_end_stops_at_the_highest_number,
        erase_then_a_deletion_removes_what_was_written_since,
        number_above_the_largest_signed_one_deletes_everything,
    ];
    read_ordered_as_text: ReadOrderedAsText => [
        journal_read_of_a_large_page_crosses_page_borders,
        append_of_a_thousand_events_in_one_write,
        append_by_many_stale_writers_leaves_one_history,
        group_of_two_interleaved_entities_keeps_both_orders,
        payloads_of_many_names_keep_their_own,
        positions_grow_within_a_write,
        snapshot_delete_leaves_the_events,
        race_after_a_take_over_all_that_was_acknowledged_is_read,
        race_of_a_read_with_appends_gives_a_prefix,
        race_of_a_read_with_appends_never_gives_half_a_write,
        race_of_a_read_with_deletions_gives_no_hole,
        race_of_a_stream_that_stands_still_with_appends_gives_no_hole,
        race_of_a_stream_that_stands_still_with_a_deletion_gives_no_hole,
        history_of_twenty_thousand_events_reads_back_in_order,
        history_of_twenty_thousand_events_survives_reopening,
        history_reads_the_same_through_windows_at_random_places,
        history_deleted_in_steps_leaves_the_rest,
        history_stream_dropped_at_random_places_is_harmless,
        erase_of_one_of_two_interleaved_histories_leaves_the_other,
        erase_of_thousands_again_and_again_leaves_the_last_life,
        race_of_a_read_with_an_erase_gives_no_hole,
        race_of_a_stream_that_stands_still_with_an_erase_gives_no_hole,
    ];
    missing_event_skipped: MissingEventSkipped => [
        damage_missing_event_in_the_middle_is_corrupt_at_its_number,
        damage_missing_first_event_is_corrupt_at_its_number,
        damage_missing_last_event_is_corrupt_at_its_number,
        damage_missing_event_within_a_write_is_corrupt_at_its_number,
        damage_missing_event_behind_deleted_ones_is_corrupt_at_its_number,
    ];
    position_per_entity: PositionPerEntity => [
        positions_grow_over_all_entities_of_a_shard,
        positions_are_not_reused_after_reopening,
        positions_are_not_reused_after_deletion,
        positions_are_not_reused_after_refused_writes,
        positions_go_on_under_the_next_owner,
    ];
    tags_lost: TagsLost => [
        names_tags_and_metadata_with_a_nul_come_back,
        tags_come_back_in_their_order,
    ];
    snapshot_time_ignored: SnapshotTimeIgnored => [
        snapshot_loaded_up_to_a_time_is_the_newest_taken_by_then,
        snapshot_loaded_from_a_time_is_the_newest_taken_since,
        snapshot_loaded_with_all_bounds_meets_all_of_them,
        snapshot_list_keeps_to_its_bounds,
        snapshot_saved_again_at_its_number_replaces_the_first,
        snapshot_delete_at_another_time_keeps_it,
        snapshots_deleted_by_time_are_gone,
    ];
    deleted_state_forgotten: DeletedStateForgotten => [
        state_deleted_is_not_one_that_never_was,
        state_saved_after_its_deletion_goes_on_counting,
        state_saved_with_the_revision_from_before_its_deletion_is_a_conflict,
        state_deleted_twice_counts_both,
        state_that_never_was_can_be_deleted,
        state_kept_after_its_deletion_stays_deleted,
        state_writes_of_one_group_are_stored_in_order,
        state_deleted_stays_so_after_reopening,
        state_follows_its_model_in_all_sequences_of_four_changes,
        erase_of_a_deleted_state_counts_all_the_same,
    ];
    erase_keeps_outcomes: EraseKeepsOutcomes => [
        erase_removes_the_outcomes,
        erase_removes_the_outcomes_of_state_writes,
        erase_then_an_erased_key_was_never_used,
        erase_of_what_is_erased_is_fine,
        erase_of_what_was_written_since_leaves_nothing_of_either,
        erase_by_the_owner_before_is_fenced,
        erase_after_a_deletion_removes_the_rest,
        erase_spares_other_entities,
        erase_survives_reopening,
        race_of_a_look_up_with_an_erase_finds_all_outcomes_or_none,
        erase_of_thousands_of_events_and_keys_leaves_none,
        erase_of_thousands_again_and_again_leaves_the_last_life,
    ];
    erase_restarts_numbers: EraseRestartsNumbers => [
        erase_removes_the_state,
        erase_of_a_deleted_state_counts_all_the_same,
        erase_leaves_the_highest_number,
        erase_is_followed_by_the_next_number,
        erase_makes_the_number_one_a_conflict,
        erase_is_followed_by_the_next_revision,
        erase_makes_a_revision_from_before_a_conflict,
        erase_then_what_is_written_is_read_alone,
        erase_then_an_erased_key_was_never_used,
        erase_then_an_outcome_without_events_is_read_alone,
        erase_then_a_snapshot_is_the_only_one,
        erase_then_a_snapshot_from_before_is_a_conflict,
        erase_of_what_is_erased_is_fine,
        erase_of_what_was_written_since_leaves_nothing_of_either,
        erase_after_a_deletion_removes_the_rest,
        erase_then_a_deletion_removes_what_was_written_since,
        erase_survives_reopening,
        crash_brings_nothing_back_that_was_removed,
        erase_of_thousands_of_events_and_keys_leaves_none,
        erase_of_one_of_two_interleaved_histories_leaves_the_other,
        erase_of_thousands_again_and_again_leaves_the_last_life,
        race_of_a_stream_that_stands_still_with_an_erase_gives_no_hole,
    ];
    erase_forgotten_by_snapshots: EraseForgottenBySnapshots => [
        erase_then_a_snapshot_from_before_is_a_conflict,
    ];
    erase_epoch_ignored: EraseEpochIgnored => [
        erase_with_another_epoch_is_fenced_and_erases_nothing,
        erase_by_the_owner_before_is_fenced,
    ];
    manifests_forget_deleted: ManifestsForgetDeleted => [
        manifests_of_deleted_events_stay,
        manifests_of_deleted_states_stay,
        manifests_of_erased_entities_stay,
    ];
    manifests_of_refused_writes: ManifestsOfRefusedWrites => [
        manifests_of_refused_writes_are_not_recorded,
    ];
    nothing_survives: NothingSurvives => [
        journal_survives_reopening,
        delete_survives_reopening,
        numbers_are_not_reused_after_deletion_and_reopening,
        append_continues_after_reopening_with_the_next_number,
        group_survives_reopening,
        repeated_write_after_reopening_is_answered_with_the_stored_success,
        write_numbers_go_on_after_reopening,
        epoch_survives_reopening,
        epoch_refused_is_refused_after_reopening_too,
        owner_before_is_fenced_after_reopening_too,
        outcomes_survive_reopening,
        ids_survive_reopening,
        payloads_metadata_and_tags_survive_reopening,
        positions_are_not_reused_after_reopening,
        positions_are_not_reused_after_deletion,
        position_of_a_stored_event_never_changes,
        snapshots_survive_reopening,
        snapshots_deleted_stay_so_after_reopening,
        state_survives_reopening,
        state_deleted_stays_so_after_reopening,
        extent_survives_reopening,
        erase_survives_reopening,
        manifests_survive_reopening,
        crash_loses_nothing_that_was_acknowledged,
        crash_brings_nothing_back_that_was_removed,
        crash_forgets_no_owner_and_no_write_number,
        history_of_twenty_thousand_events_survives_reopening,
        erase_of_thousands_of_events_and_keys_leaves_none,
        erase_of_thousands_again_and_again_leaves_the_last_life,
    ];
}

/// It fails nearly every case; this one is about nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn acknowledged_before_stored() {
    let case = "group_is_stored_when_it_is_answered";
    let report = conformance::run_only(&Fault::AcknowledgedBeforeStored, &[case]).await;
    assert_eq!(report.failed(), [case], "{report}");
}
