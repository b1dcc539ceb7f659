//! Which cases find which slip. Of a slip only the cases named here are run: others may find it too.

use super::Slip;
use annals_testkit::conformance;

macro_rules! finds {
    ($($slip:ident => [$($case:ident),* $(,)?];)+) => {
        /// Every slip, and cases that find it.
        pub(crate) const FOUND: &[(Slip, &[&str])] = &[$((Slip::$slip, &[$(stringify!($case)),*])),+];
    };
}

#[tokio::test(flavor = "multi_thread")]
async fn every_slip_is_found_by_the_cases_named() {
    for (slip, cases) in FOUND {
        let report = conformance::run_only(slip, cases).await;
        assert_eq!(report.failed().len(), cases.len(), "{slip:?}: {report}");
    }
}

#[test]
fn every_slip_is_in_the_table() {
    let in_table: Vec<Slip> = FOUND.iter().map(|(slip, _)| *slip).collect();
    assert_eq!(in_table, Slip::ALL);
}

finds! {
    CrashLosesAll => [
        crash_loses_nothing_that_was_acknowledged,
        crash_brings_nothing_back_that_was_removed,
        crash_forgets_no_owner_and_no_write_number,
    ];
    OutcomesOneByOne => [
        race_of_a_look_up_with_an_erase_finds_all_outcomes_or_none,
    ];
    LimitIgnored => [
        read_of_at_most_nothing_gives_no_outcome,
        journal_read_of_at_most_three_gives_the_first_three,
        journal_read_from_two_of_at_most_two_gives_two_and_three,
        journal_read_of_at_most_nothing_gives_nothing,
        delete_then_the_limit_of_a_read_counts_what_is_left,
    ];
    UpperBoundIgnored => [
        journal_read_up_to_three_gives_the_first_three,
        journal_read_from_two_to_three_gives_these_two,
        journal_read_of_one_number_gives_that_event,
        delete_then_a_read_within_the_deleted_part_gives_nothing,
        delete_then_a_read_across_its_border_gives_what_is_left,
    ];
    LowerBoundIgnored => [
        number_above_the_largest_signed_one_starts_a_read_behind_everything,
        group_is_stored_when_it_is_answered,
        journal_read_from_beyond_the_end_gives_nothing,
    ];
    CrossedBoundsSwapped => [
        read_with_its_bounds_crossed_gives_no_outcome,
        journal_read_with_its_bounds_crossed_gives_nothing,
    ];
    NumbersWrapped => [
        number_above_the_largest_signed_one_is_no_expected_revision,
        number_above_the_largest_signed_one_ends_a_read_behind_everything,
        number_above_the_largest_signed_one_bounds_snapshots_behind_everything,
    ];
    NumberedFromZero => [
        append_gives_the_first_event_number_one,
        append_numbers_the_events_of_a_write_without_gap,
    ];
    StreamHoldsLock => [
        journal_read_dropped_half_way_is_harmless,
        journal_read_can_be_done_twice_at_once,
    ];
    OutcomeBeforeItsEvent => [
        read_gives_an_outcome_after_the_events_of_its_write,
    ];
    UnknownIsAnError => [
        snapshot_of_an_unknown_id_is_none,
        snapshot_list_of_an_unknown_id_is_empty,
        outcome_of_an_unknown_id_is_none,
        state_that_never_was_is_none,
        extent_of_an_unknown_id_is_all_zero,
        journal_read_of_an_unknown_id_gives_nothing,
        journal_highest_of_an_unknown_id_is_zero,
        delete_of_an_unknown_id_is_fine_and_its_first_event_is_one,
    ];
    DamageEverywhere => [
        damage_to_one_history_leaves_the_others_readable,
        damage_snapshot_leaves_the_one_before_readable,
    ];
    ChecksumRecomputed => [
        damage_truncated_event_is_found_at_its_number,
        damage_changed_event_is_found_at_its_number,
        damage_unknown_codec_is_found_at_its_number,
        damage_truncated_snapshot_is_found,
        damage_changed_snapshot_is_found,
    ];
    HighestIsTheNext => [
        extent_of_an_entity_without_events_is_all_zero,
        extent_tells_the_highest_number,
        journal_highest_is_the_number_of_the_last_event,
    ];
    HighestCounted => [
        extent_tells_how_far_was_deleted,
        delete_leaves_the_highest_number,
    ];
    DeletedToAsAsked => [
        extent_of_a_deletion_up_to_less_than_before_stays,
    ];
    BytesPadded => [
        state_of_one_mebibyte_comes_back,
    ];
    NamesLost => [
        state_of_one_mebibyte_comes_back,
    ];
    MetadataLost => [
        names_tags_and_metadata_with_a_nul_come_back,
        metadata_comes_back,
    ];
    TimesLost => [
        state_loaded_has_the_time_of_its_write,
        time_comes_back,
    ];
    DigestLost => [
        read_gives_outcomes_as_they_were_stored,
        outcome_of_a_write_with_events_is_found_by_its_key,
        outcome_belongs_to_its_entity,
    ];
    EventfulOutcomeLost => [
        outcome_of_a_write_with_events_is_found_by_its_key,
    ];
    CutToTheLimit => [
        snapshot_over_the_limit_is_too_large_and_not_stored,
        outcome_over_the_limit_is_too_large_and_nothing_is_stored,
        event_over_the_limit_is_too_large_and_nothing_of_its_write_is_stored,
        state_over_the_limit_is_too_large_and_changes_nothing,
        activation_goes_on_after_a_write_that_was_too_large,
    ];
    IdsCutShort => [
        id_of_512_bytes_works_and_is_compared_whole,
    ];
    TypesCutShort => [
        type_of_512_bytes_works_and_is_compared_whole,
    ];
    IdsRunTogether => [
        id_and_type_do_not_run_together,
    ];
    IdsSimplified => [
        ids_of_many_scripts_work,
        ids_with_characters_that_mean_something_elsewhere_work,
        ids_that_differ_in_spaces_are_different,
    ];
    EntitiesShared => [
        journal_read_of_an_unknown_id_gives_nothing,
    ];
    DeletionForgotten => [
        delete_beyond_the_end_deletes_everything,
    ];
    DeletionTooFar => [
        delete_up_to_three_leaves_four_and_five,
        delete_up_to_four_leaves_the_second_half_of_a_write,
        delete_up_to_zero_changes_nothing,
    ];
    DeletionOnce => [
        journal_deleted_with_another_epoch_is_fenced_and_not_deleted,
        delete_again_is_fine,
        delete_up_to_less_than_before_changes_nothing,
    ];
    DeletionEverywhere => [
        delete_spares_other_histories,
    ];
    EraseForgotten => [
        erase_removes_the_events,
        erase_removes_the_snapshots,
    ];
    EraseLeavesAState => [
        erase_of_an_entity_without_state_leaves_none,
        erase_of_an_unknown_id_is_fine_and_its_first_event_is_one,
    ];
    AnswersTheNumberBefore => [
        append_answers_the_highest_number_after_it,
        activation_that_starts_anew_goes_on_with_the_history,
    ];
    PositionAlways => [
        append_without_events_answers_the_highest_number_and_no_position,
    ];
    NothingIsAnError => [
        outcomes_of_no_keys_are_none,
        append_of_nothing_answers_nothing,
        epochs_of_no_shards_are_nothing,
    ];
    AnsweredBeforeItIsThere => [
        payload_of_no_bytes_comes_back,
        payload_of_one_mebibyte_comes_back,
        payload_of_every_byte_comes_back,
        payload_at_the_limit_comes_back,
        payload_name_version_codec_and_checksum_come_back,
        payload_names_of_many_scripts_come_back,
    ];
    LargeGroupsCut => [
        group_of_two_thousand_entities_is_stored,
    ];
    WriteNumberZeroTaken => [
        write_number_zero_is_refused,
    ];
    SecondActivationRefused => [
        state_of_one_entity_does_not_touch_another,
    ];
    RaiseAlwaysFine => [
        epoch_above_the_largest_signed_number_is_refused_and_not_wrapped,
    ];
    RaiseForgotten => [
        epoch_once_raised_is_answered,
        epoch_equal_to_the_stored_one_is_refused,
        epoch_smaller_than_the_stored_one_is_refused,
    ];
    RaisedByOne => [
        epoch_may_skip_numbers,
        epochs_of_all_shards_are_raised_at_once,
    ];
    RefusalNamesTheFirst => [
        epoch_refused_names_the_shard_and_both_epochs,
    ];
    EpochsInOrder => [
        epochs_are_answered_in_the_order_asked,
    ];
    EpochsFromOne => [
        epoch_is_zero_before_anyone_owned_the_shard,
    ];
    OwnerStartsAfresh => [
        owner_after_goes_on_with_the_history,
    ];
    OutcomesInKeyOrder => [
        outcomes_are_answered_in_the_order_of_the_keys,
    ];
    AnyOutcomeForAKey => [
        outcome_of_a_key_that_was_never_used_is_none,
        history_outcomes_are_found_at_random_places,
    ];
    ManyKeysRefused => [
        outcomes_of_thousands_of_keys_are_found,
    ];
    VersionsForgotten => [
        manifests_of_one_name_differ_by_version,
    ];
    NamesOfAllTypes => [
        manifests_of_an_unknown_type_are_none,
        manifests_of_other_types_are_not_mixed_in,
    ];
    NamesRepeated => [
        manifests_are_those_of_events_and_states_each_once,
    ];
    NamesOfEverything => [
        manifests_of_outcomes_are_not_among_them,
        manifests_of_snapshots_are_not_among_them,
    ];
    NamesOfOutcomesOnly => [
        manifests_that_an_outcome_had_first_are_recorded_with_their_event,
    ];
    OldestSnapshot => [
        snapshot_loaded_without_bounds_is_the_newest,
        snapshot_loaded_from_a_number_is_the_newest,
    ];
    SnapshotNumberIgnored => [
        snapshot_loaded_between_two_is_none,
        snapshot_at_the_highest_number_is_stored,
    ];
    SnapshotsNewestFirst => [
        snapshot_list_gives_number_and_time_lowest_first,
        snapshot_saved_out_of_order_is_found_by_number,
    ];
    OneSnapshotKept => [
        snapshot_loaded_up_to_a_number_is_the_newest_up_to_there,
        snapshot_loaded_at_a_number_is_that_one,
    ];
    SnapshotMovedDown => [
        snapshot_above_the_highest_number_is_a_conflict_and_not_stored,
        snapshot_of_an_unknown_id_cannot_be_saved,
        number_above_the_largest_signed_one_is_no_snapshot,
    ];
    SnapshotAtTheEndRefused => [
        snapshot_of_ten_mebibytes_comes_back,
        snapshot_of_no_bytes_comes_back,
    ];
    SnapshotOutcomesLost => [
        snapshot_outcomes_come_back_in_their_order,
        snapshot_of_a_thousand_outcomes_comes_back,
    ];
    SnapshotOutcomesReversed => [
        snapshot_outcomes_come_back_in_their_order,
    ];
    SnapshotCompletenessLost => [
        snapshot_comes_back_with_whether_its_outcomes_are_complete,
    ];
    SnapshotDeletionForgotten => [
        snapshots_of_two_entities_are_kept_apart,
        snapshots_deleted_without_bounds_are_all_gone,
    ];
    SnapshotDeletionOfAll => [
        snapshot_deleted_at_its_number_is_gone_alone,
        snapshots_deleted_by_number_are_gone,
        damage_snapshot_can_be_deleted,
    ];
    SnapshotDeletionOfNothing => [
        snapshot_delete_that_meets_nothing_is_fine,
        snapshot_delete_of_an_unknown_id_is_fine,
    ];
    SnapshotDeletedForEver => [
        snapshot_saved_again_after_its_deletion_is_there,
    ];
    RevisionIgnored => [
        state_saved_with_a_stale_revision_is_a_conflict_and_changes_nothing,
        state_saved_with_a_skipped_revision_is_a_conflict_and_changes_nothing,
        state_saved_as_new_where_there_is_one_is_a_conflict,
    ];
    RevisionOfOthersIgnored => [
        state_deleted_with_a_stale_revision_is_a_conflict_and_changes_nothing,
        state_kept_with_a_stale_revision_is_a_conflict,
    ];
    KeepCounts => [
        state_kept_changes_nothing_and_answers_its_revision,
        state_kept_where_there_is_none_leaves_none,
    ];
    NoBytesIsDeleted => [
        state_of_no_bytes_is_not_a_deleted_one,
    ];
    FirstStateStays => [
        state_loaded_is_the_last_one_saved,
        damage_truncated_state_is_found,
        damage_changed_state_is_found,
    ];
    RevisionAnsweredBefore => [
        state_saved_counts_one_two_three,
        state_deletion_counts_as_a_revision,
    ];
}
