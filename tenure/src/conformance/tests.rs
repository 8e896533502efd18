//! The suite can fail: each flaw is found, by the cases that are named for it.

mod away;
mod flawed;

use std::{collections::BTreeSet, fmt::Write as _};

use self::flawed::{Flaw, Flawed};
use super::{Report, Verdict, run_rounds};

/// Each flaw, and all the cases that find it.
const FLAWS: &[(Flaw, &[&str])] = &[
    (Flaw::None, &[]),
    (
        Flaw::CreateOverwrites,
        &[
            "create_never_overwrites",
            "a_taken_key_is_drawn_again",
            "of_many_creates_under_one_key_one_wins",
        ],
    ),
    (
        Flaw::CreateLooksFirst,
        &["of_many_creates_under_one_key_one_wins"],
    ),
    (
        Flaw::CreateInTwoSteps,
        &["a_dropped_create_leaves_nothing_or_all"],
    ),
    (Flaw::PrepareWipes, &["prepare_keeps_what_is_there"]),
    (Flaw::EmptyIsAbsent, &["an_empty_session_comes_back"]),
    (Flaw::TextIsTrimmed, &["text_comes_back_to_the_byte"]),
    (Flaw::NumbersAreFloats, &["numbers_come_back_to_the_byte"]),
    (Flaw::NestedIsCut, &["nested_values_come_back_to_the_byte"]),
    (Flaw::LongIsCut, &["large_sessions_come_back_to_the_byte"]),
    (
        Flaw::NanIsNull,
        &["what_json_cannot_say_comes_back_or_is_refused"],
    ),
    (Flaw::KeysIgnoreCase, &["keys_are_compared_to_the_letter"]),
    (
        Flaw::KeysAreCut,
        &[
            "keys_of_every_length_are_kept",
            "keys_are_compared_to_the_letter",
        ],
    ),
    (
        Flaw::LongKeysAreErrors,
        &["hostile_keys_are_absent_and_no_error"],
    ),
    (
        Flaw::SaveRevives,
        &[
            "keys_are_compared_to_the_letter",
            "save_makes_nothing",
            "a_late_save_does_not_revive",
            "a_logout_stands_whatever_a_slow_request_does",
            "what_was_ended_from_outside_stays_dead",
            "a_slow_request_does_not_revive_the_old_key",
        ],
    ),
    (
        Flaw::SaveMakes,
        &["save_makes_nothing", "a_late_save_does_not_revive"],
    ),
    (
        Flaw::SaveIgnoresVersions,
        &[
            "save_on_an_old_version_changes_nothing",
            "of_many_saves_on_one_version_one_wins",
            "changes_of_different_keys_stand_beside_each_other",
            "no_increment_is_lost",
            "increments_of_many_requests_at_once_sum_up",
        ],
    ),
    (
        Flaw::SaveLooksFirst,
        &[
            "of_many_saves_on_one_version_one_wins",
            "changes_of_different_keys_stand_beside_each_other",
            "no_increment_is_lost",
            "increments_of_many_requests_at_once_sum_up",
            "a_logout_stands_whatever_a_slow_request_does",
            "what_was_ended_from_outside_stays_dead",
            "a_slow_request_does_not_revive_the_old_key",
        ],
    ),
    (
        Flaw::SaveInTwoSteps,
        &[
            "a_dropped_save_leaves_old_or_new",
            "changes_of_different_keys_stand_beside_each_other",
            "no_increment_is_lost",
            "increments_of_many_requests_at_once_sum_up",
            "a_logout_stands_whatever_a_slow_request_does",
            "what_was_ended_from_outside_stays_dead",
            "a_slow_request_does_not_revive_the_old_key",
        ],
    ),
    (
        Flaw::SaveKeepsTheEnd,
        &[
            "a_conflict_tells_what_is_there_now",
            "delete_expired_leaves_what_was_prolonged",
            "touch_on_an_old_version_changes_nothing",
            "save_moves_the_end_both_ways",
            "what_has_ended_already_is_never_alive",
        ],
    ),
    (
        Flaw::DeleteSaysYes,
        &[
            "an_unknown_key_is_absent",
            "keys_are_compared_to_the_letter",
            "hostile_keys_are_absent_and_no_error",
            "delete_tells_whether_there_was_one",
            "a_slow_logout_ends_what_was_written_meanwhile",
        ],
    ),
    (
        Flaw::DeleteManyTakesOne,
        &[
            "delete_many_takes_all_of_them_and_no_other",
            "what_was_ended_from_outside_stays_dead",
        ],
    ),
    (
        Flaw::DeleteKeeps,
        &[
            "a_second_handle_finds_what_the_first_wrote",
            "a_late_save_does_not_revive",
            "delete_tells_whether_there_was_one",
            "delete_many_takes_all_of_them_and_no_other",
            "delete_expired_removes_what_has_ended",
            "a_late_rename_does_not_revive",
            "a_late_touch_does_not_revive",
            "many_visitors_at_once_get_their_own",
            "a_logout_stands_whatever_a_slow_request_does",
            "what_was_ended_from_outside_stays_dead",
            "a_slow_logout_ends_what_was_written_meanwhile",
        ],
    ),
    (
        Flaw::DeleteInTwoSteps,
        &["a_dropped_delete_leaves_all_or_nothing"],
    ),
    (
        Flaw::DeleteExpiredKeeps,
        &["delete_expired_removes_what_has_ended"],
    ),
    (
        Flaw::DeleteExpiredTakesTheLiving,
        &["delete_expired_leaves_what_was_prolonged"],
    ),
    (
        Flaw::ClearTakesTheLiving,
        &["clear_expired_removes_what_ended_and_nothing_else"],
    ),
    (
        Flaw::ClearHasNoLimit,
        &["clear_expired_removes_at_most_what_it_was_told"],
    ),
    (
        Flaw::RenameCopies,
        &[
            "rename_moves_the_session",
            "a_dropped_rename_leaves_old_or_new",
            "of_many_renames_one_wins",
            "a_new_key_keeps_what_another_request_wrote",
            "a_logout_stands_whatever_a_slow_request_does",
            "a_slow_logout_ends_what_was_written_meanwhile",
            "a_slow_request_does_not_revive_the_old_key",
            "of_two_new_keys_at_once_one_wins",
            "a_visitor_comes_and_goes",
        ],
    ),
    (
        Flaw::RenameOverwrites,
        &["a_taken_key_is_drawn_again", "rename_never_overwrites"],
    ),
    (
        Flaw::RenameIgnoresVersions,
        &[
            "rename_on_an_old_version_changes_nothing",
            "a_new_key_keeps_what_another_request_wrote",
        ],
    ),
    (
        Flaw::RenameRevives,
        &[
            "keys_are_compared_to_the_letter",
            "a_late_rename_does_not_revive",
            "of_many_renames_one_wins",
            "a_logout_stands_whatever_a_slow_request_does",
            "what_was_ended_from_outside_stays_dead",
            "a_slow_request_does_not_revive_the_old_key",
            "of_two_new_keys_at_once_one_wins",
        ],
    ),
    (
        Flaw::RenameDropsTheOldFirst,
        &["a_dropped_rename_leaves_old_or_new"],
    ),
    (
        Flaw::RenameLooksFirst,
        &[
            "of_many_renames_one_wins",
            "a_new_key_keeps_what_another_request_wrote",
            "a_logout_stands_whatever_a_slow_request_does",
        ],
    ),
    (
        Flaw::RenameLosesTheRecord,
        &[
            "rename_moves_the_session",
            "a_dropped_rename_leaves_old_or_new",
            "of_many_renames_one_wins",
            "a_new_key_keeps_what_another_request_wrote",
        ],
    ),
    (
        Flaw::TouchDoesNothing,
        &["touch_moves_the_end_and_not_the_data"],
    ),
    (
        Flaw::TouchGoesBackwards,
        &["touch_never_moves_the_end_backwards"],
    ),
    (
        Flaw::TouchIgnoresVersions,
        &["touch_on_an_old_version_changes_nothing"],
    ),
    (
        Flaw::TouchRevives,
        &[
            "a_late_touch_does_not_revive",
            "a_logout_stands_whatever_a_slow_request_does",
            "what_was_ended_from_outside_stays_dead",
            "a_slow_request_does_not_revive_the_old_key",
        ],
    ),
    (
        Flaw::TouchInTwoSteps,
        &[
            "a_dropped_touch_leaves_the_data",
            "a_logout_stands_whatever_a_slow_request_does",
            "what_was_ended_from_outside_stays_dead",
            "a_slow_request_does_not_revive_the_old_key",
        ],
    ),
    (
        Flaw::TouchLeavesAnotherVersion,
        &["a_session_can_be_saved_after_a_touch"],
    ),
    (
        Flaw::ForgetsAndRevives,
        &["what_the_store_has_forgotten_stays_dead"],
    ),
    (
        Flaw::ScanHasNoOrder,
        &[
            "scan_lists_every_session_once_and_in_order",
            "scan_tells_end_and_size",
            "scan_does_not_list_the_dead",
        ],
    ),
    (
        Flaw::ScanForgetsSome,
        &["scan_lists_every_session_once_and_in_order"],
    ),
    (Flaw::ScanTellsNoEnd, &["scan_tells_end_and_size"]),
    (Flaw::ScanListsTheDead, &["scan_does_not_list_the_dead"]),
    (Flaw::DeclaresNoScan, &["powers_tell_what_the_store_does"]),
    (
        Flaw::DeclaresNoVersions,
        &[
            "powers_tell_what_the_store_does",
            "without_versions_the_last_writer_wins",
        ],
    ),
    (
        Flaw::GivesVersionsItDoesNotCompare,
        &["without_versions_the_last_writer_wins"],
    ),
    (
        Flaw::AnswersTheCallBefore,
        &[
            "a_dropped_load_leaves_the_store_usable",
            "many_visitors_at_once_get_their_own",
        ],
    ),
    (
        Flaw::FillsFromStaleReads,
        &[
            "a_logout_stands_whatever_a_slow_request_does",
            "what_was_ended_from_outside_stays_dead",
            "a_slow_request_does_not_revive_the_old_key",
        ],
    ),
];

/// Flaws that break nearly everything, and the cases that are named for them.
const BROAD_FLAWS: &[(Flaw, &[&str])] = &[
    // Whether requests that run at once meet a conflict, so that a case that counts them finds this too, is up to the processors.
    (
        Flaw::ConflictTellsNothing,
        &[
            "a_conflict_tells_what_is_there_now",
            "changes_of_different_keys_stand_beside_each_other",
            "no_increment_is_lost",
        ],
    ),
    (Flaw::DeleteTakesAll, &["delete_takes_this_session_alone"]),
    (Flaw::CreateDoesNothing, &["a_created_session_is_found"]),
    (
        Flaw::SecondHandleIsStale,
        &["a_second_handle_finds_what_the_first_wrote"],
    ),
    (
        Flaw::SaveDoesNothing,
        &[
            "create_tells_the_version_that_it_made",
            "save_replaces_what_is_there",
            "a_visitor_comes_and_goes",
        ],
    ),
    (
        Flaw::EndsInTwoWeeks,
        &[
            "the_end_comes_back",
            "a_session_ends_by_itself",
            "a_short_session_is_over_in_time",
        ],
    ),
];

fn examine(flaw: Flaw) -> Report {
    run_rounds(20, async |_| (Flawed::new(flaw), ()))
}

#[test]
fn each_flaw_is_found_by_the_cases_that_are_named_for_it() {
    // Most of a run is waiting for sessions to end.
    let reports = std::thread::scope(|scope| {
        let start = |(flaw, _): &(Flaw, _)| {
            let flaw = *flaw;
            scope.spawn(move || examine(flaw))
        };
        let threads: Vec<_> = FLAWS.iter().chain(BROAD_FLAWS).map(start).collect();
        let reports = threads.into_iter().map(|thread| thread.join().unwrap());
        reports.collect::<Vec<_>>()
    });
    let (exact, broad) = reports.split_at(FLAWS.len());
    let mut wrong = String::new();
    let mut found = BTreeSet::new();
    for ((flaw, expected), report) in FLAWS.iter().zip(exact) {
        let failures = report.failures();
        if failures != *expected {
            let _ = writeln!(wrong, "{flaw:?}: {failures:#?}");
        }
        found.extend(*expected);
    }
    for ((flaw, expected), report) in BROAD_FLAWS.iter().zip(broad) {
        let failures = report.failures();
        if !expected.iter().all(|name| failures.contains(name)) {
            let _ = writeln!(wrong, "{flaw:?}: {failures:#?}");
        }
        found.extend(*expected);
    }
    let cases: BTreeSet<_> = reports[0].verdicts().map(|(name, _)| name).collect();
    let never: Vec<_> = cases.difference(&found).collect();
    assert!(
        wrong.is_empty() && never.is_empty(),
        "{wrong}\nfound by no flaw: {never:#?}"
    );
}

#[test]
fn a_store_that_panics_fails_and_the_suite_goes_on() {
    let report = examine(Flaw::Panics);
    let first = Verdict::Failed("it panicked: out of luck".to_owned());
    assert!(
        report
            .verdicts()
            .any(|case| case == ("an_unknown_key_is_absent", &first))
    );
    let passed = Verdict::Passed;
    assert!(
        report
            .verdicts()
            .any(|case| case == ("clear_expired_removes_at_most_what_it_was_told", &passed))
    );
}
