"""Faults that reports of users have shown, and for each the tests of what is right instead.

`FAULTS[kind][fault]` are tests, as `folder/file::name`. `tests/reported/test_faults.py` verifies that they exist;
`tests/reported/test_inputs.py` tries the inputs of the reports where they are available.
"""

SILENT: dict[str, tuple[str, ...]] = {
    "rebuilding erases another project's experiment in the same MLflow database": (
        "orchestrator/test_recorder_edges.py::test_a_rebuild_leaves_the_runs_of_another_project_in_the_same_database",
        "orchestrator/test_recorder_edges.py::test_whatever_two_stores_do_to_one_database_each_trial_is_there_once",
        "orchestrator/test_recorder_edges.py::test_a_rebuild_keeps_what_others_put_into_the_stores_own_database",
        "cluster/test_mlflow_server.py::test_rebuilding_twice_leaves_one_of_everything_and_others_alone",
    ),
    "a key is set twice, and the label shows the value that was not run": (
        "orchestrator/test_overridden_axes.py::test_what_an_axis_sets_nothing_else_may_set_and_both_places_are_named",
        "orchestrator/test_overridden_axes.py::test_a_search_space_and_an_axis_may_not_set_the_same",
        "orchestrator/test_overridden_axes.py::test_every_label_says_what_is_run_or_the_sweep_is_refused",
    ),
    "searches, stop rules and status read scores beyond the horizon": (
        "orchestrator/test_shared_trials.py::test_scores_beyond_a_sweeps_horizon_are_not_its_own",
        "analysis/test_results.py::test_nothing_beyond_the_horizon_of_the_sweep_counts",
        "orchestrator/test_shared_trials.py::test_whatever_one_sweep_does_the_other_shows_what_it_showed",
    ),
    "a search or a stop rule uses a score that is not measured": (
        "orchestrator/test_preflight.py::test_what_would_fail_later_is_refused_before_anything_is_made",
    ),
    "a condition can never hold": (
        "orchestrator/test_conditions.py::test_a_condition_that_can_match_nothing_is_refused",
        "orchestrator/test_conditions.py::test_values_that_no_cell_has_together_are_refused",
        "orchestrator/test_conditions.py::test_conditions_and_settings_are_read_in_the_same_way",
        "orchestrator/test_conditions.py::test_text_becomes_what_the_setting_is",
        "orchestrator/test_conditions.py::test_a_condition_in_a_search_space_that_can_match_nothing_is_refused",
    ),
    "EXIF orientation is ignored": (
        "data/test_image_kinds.py::test_every_orientation_is_turned_upright_and_reported",
        "data/test_image_kinds.py::test_an_image_is_decoded_alike_by_project_augment_and_prepare",
    ),
    "one folder around everything makes one class, and hides dataset.json": (
        "data/test_folders_and_zips.py::test_a_common_folder_makes_no_class",
        "data/test_folders_and_zips.py::test_the_common_folder_is_the_innermost_that_holds_all",
        "data/test_folders_and_zips.py::test_the_label_file_of_a_set_in_a_folder_is_found",
    ),
    "hidden colours of transparent pixels become visible": (
        "data/test_image_kinds.py::test_what_is_transparent_shows_the_background_and_never_the_hidden_colour",
        "data/test_image_kinds.py::test_transparency_of_every_kind_is_composited_on_the_stated_background",
    ),
    "folders behind links are left out silently": (
        "data/test_folders_and_zips.py::test_folders_behind_links_are_left_out_and_said_by_every_command",
        "data/test_folders_and_zips.py::test_links_are_followed_when_asked_and_each_folder_once",
        "data/test_folders_and_zips.py::test_links_stored_in_a_zip_are_left_out_and_reported",
    ),
    "one image has two classes; a class without images is conditioned on": (
        "data/test_labels.py::test_an_image_with_two_classes_is_refused_by_every_command",
        "data/test_labels.py::test_classes_without_images_are_reported_by_describe_and_verify",
        "data/test_labels.py::test_a_plan_warns_of_classes_without_images",
    ),
    "metrics of too few images are recorded": (
        "orchestrator/test_preflight.py::test_metrics_know_how_many_images_they_need",
        "orchestrator/test_preflight.py::test_what_would_fail_later_is_refused_before_anything_is_made",
        "orchestrator/test_preflight.py::test_a_plan_warns_of_doubtful_metrics_and_of_presets_for_other_images",
    ),
    "?, % or # in the path of a store": (
        "orchestrator/test_recorder_edges.py::test_a_store_may_lie_in_a_folder_of_any_name",
        "orchestrator/test_recorder_edges.py::test_every_path_survives_its_way_into_a_url",
    ),
    "MLflow's tag of the cell depends on the names of sweeps": (
        "orchestrator/test_recorder_edges.py::test_seeds_of_a_cell_have_one_cell_whichever_sweep_asks_for_them",
        "orchestrator/test_recorder_edges.py::test_two_configurations_never_share_a_cell",
        "orchestrator/test_recorder.py::test_a_trial_of_two_sweeps_is_tagged_with_both",
    ),
    "a failed evaluation of one sweep blocks another sweep": (
        "orchestrator/test_shared_trials.py::test_an_evaluation_that_failed_blocks_what_was_asked_of_it_alone",
        "orchestrator/test_shared_trials.py::test_the_failures_of_one_sweep_block_it_alone",
        "orchestrator/test_shared_trials.py::test_whatever_one_sweep_does_to_a_trial_it_is_never_blocked_or_stopped_for_another",
    ),
    "a search samples a configuration twice": (
        "orchestrator/test_search_run.py::test_a_search_runs_no_configuration_twice",
        "orchestrator/test_search_optuna.py::test_every_point_of_a_countable_space_is_counted_once",
        "orchestrator/test_preflight.py::test_a_search_is_priced_for_the_configurations_that_there_are",
    ),
}  # fmt: skip

TOLD_BADLY: dict[str, tuple[str, ...]] = {
    "why ends in a traceback where an attempt has no record": (
        "backends/test_slurm_store_states.py::test_every_command_ends_well_or_in_one_line_on_every_state_of_a_store",
        "backends/test_slurm_waiting_trials.py::test_every_command_ends_well_or_in_one_line_whatever_becomes_of_the_source",
        "backends/test_slurm_waiting_trials.py::test_why_says_what_a_trial_waits_for",
        "orchestrator/test_corrupt_stores.py::test_corrupt_files_stop_no_command_and_no_other_trial",
    ),
    "nothing is recorded after a run or experiment was deleted in MLflow": (
        "orchestrator/test_recorder_edges.py::test_a_run_deleted_in_mlflows_pages_is_restored_and_others_are_recorded",
        "orchestrator/test_recorder_edges.py::test_an_experiment_deleted_in_mlflows_pages_is_restored",
        "orchestrator/test_recorder_edges.py::test_a_trial_that_cannot_be_recorded_stops_no_other",
        "orchestrator/test_recorder_edges.py::test_a_damaged_database_is_reported_although_all_was_recorded",
        "orchestrator/test_recorder_edges.py::test_what_is_gone_with_its_database_is_recorded_again",
    ),
    "without srun and sbatch trials stay queued": (
        "backends/test_slurm_submission.py::test_without_slurm_nothing_is_created",
        "backends/test_slurm_submission.py::test_a_command_that_cannot_be_run_is_reported_with_a_way_out",
    ),
    "a line of squeue that is no job is a traceback": (
        "backends/test_slurm_replies.py::test_rows_are_read_whatever_stands_between_them",
        "backends/test_slurm_replies.py::test_no_answer_is_a_traceback",
        "backends/test_slurm_store_states.py::test_whatever_slurm_answers_every_command_ends_well_or_in_one_line",
    ),
    "limits on submission count as vanished workers": (
        "backends/test_slurm_submission.py::test_every_word_for_a_limit_on_submission_is_waited_for",
        "backends/test_slurm_submission.py::test_as_many_are_submitted_as_the_cluster_takes_and_the_rest_when_it_takes_more",
        "backends/test_slurm_submission.py::test_the_reason_of_waiting_is_reported_once",
    ),
    "requeue needs scontrol": ("backends/test_slurm_submission.py::test_a_node_without_scontrol_ends_the_job",),
    "figures obey the user's matplotlibrc": ("analysis/test_figures.py::test_a_users_matplotlibrc_changes_no_figure",),
    "mistakes are found after training": (
        "orchestrator/test_preflight.py::test_what_would_fail_later_is_refused_before_anything_is_made",
        "orchestrator/test_preflight.py::test_a_snapshot_that_does_not_fit_is_refused",
        "orchestrator/test_network_files.py::test_a_file_that_is_none_of_a_network_is_refused",
        "orchestrator/test_network_files.py::test_another_file_than_the_official_one_is_refused",
        "orchestrator/test_network_files.py::test_a_file_that_may_not_be_read_is_reported",
        "analysis/test_report.py::test_neither_a_misspelt_figure_nor_one_with_a_bug_stops_the_report",
    ),
    "the order of keys matters": ("orchestrator/test_overridden_axes.py::test_the_order_of_keys_means_nothing",),
    "names with backslashes lead out of the archive": (
        "data/test_folders_and_zips.py::test_names_with_backslashes_are_read_as_paths",
        "data/test_folders_and_zips.py::test_labels_find_their_images_however_the_separators_are_written",
        "data/test_folders_and_zips.py::test_backslashes_lead_out_of_no_archive",
    ),
    "images of 16 bits are refused by the command that others recommend": (
        "data/test_image_kinds.py::test_sixteen_bits_keep_their_high_byte",
        "data/test_image_kinds.py::test_sixteen_bits_are_reported_with_the_brightest_grey",
    ),
    "endings in capitals are not read everywhere": (
        "data/test_folders_and_zips.py::test_endings_in_capitals_are_read_by_every_command",
        "data/test_folders_and_zips.py::test_sources_of_other_kinds_may_have_endings_in_capitals",
    ),
    "contradictory, repeated or hidden messages": (
        "orchestrator/test_preflight.py::test_all_mistakes_are_reported_at_once_each_in_a_line",
        "orchestrator/test_gate.py::test_a_wrong_value_hides_no_conflict_of_its_cell",
        "orchestrator/test_gate.py::test_an_item_that_cannot_be_read_hides_no_other_mistake",
        "orchestrator/test_preflight.py::test_a_mistake_of_many_cells_is_one_line_with_the_cells",
        "orchestrator/test_preflight.py::test_what_would_fail_later_is_refused_before_anything_is_made",
    ),
    "a plan beyond its budget ends with 0": (
        "orchestrator/test_preflight.py::test_a_plan_beyond_its_budget_is_shown_and_refused",
    ),
    "a tracking URI that MLflow refuses, a terminal without Unicode, a store that is read-only": (
        "orchestrator/test_recorder_edges.py::test_a_place_that_mlflow_cannot_record_to_is_reported_at_once",
        "data/test_folders_and_zips.py::test_a_terminal_of_another_encoding_stops_nothing",
        "analysis/test_read_only.py::test_a_read_only_store_is_read",
        "analysis/test_read_only.py::test_figures_of_a_read_only_store_are_written_to_the_working_directory",
    ),
    "prices leave out start-up and evaluations": (
        "orchestrator/test_plan.py::test_a_price_is_startup_training_and_evaluations_within_a_range",
        "orchestrator/test_plan.py::test_past_errors_of_like_attempts_correct_a_price_and_set_its_range",
        "orchestrator/test_calibration.py::test_nine_in_ten_times_lie_in_the_range_however_many_plans_came_before",
        "orchestrator/test_time_left.py::test_status_says_what_was_taken_and_expected_counting_shared_trials_once",
    ),
    "80 columns cut ids, states, bars and cells": (
        "orchestrator/test_progress.py::test_ids_states_bar_and_kimg_are_whole_and_cells_differ_at_any_width",
        "orchestrator/test_progress.py::test_the_sweep_has_one_bar_and_one_time_that_is_left",
        "trainer/test_fitting.py::test_a_table_fits_and_ids_states_and_kimg_are_whole",
        "analysis/test_text_table.py::test_a_wide_table_is_split_into_blocks_that_start_with_the_first_column",
    ),
    "what is told is not as it is": (
        "reported/test_told_as_it_is.py::test_a_successful_trial_that_printed_nothing_has_logs_that_say_so",
        "reported/test_told_as_it_is.py::test_a_run_that_ended_well_has_no_message_of_a_signal",
        "reported/test_told_as_it_is.py::test_kimg_below_one_are_shown_with_their_fraction",
        "reported/test_told_as_it_is.py::test_one_run_on_each_side_has_no_interval",
        "reported/test_told_as_it_is.py::test_the_caption_of_one_seed_tells_of_no_band",
        "reported/test_told_as_it_is.py::test_sheets_of_other_times_than_their_scores_say_so",
        "orchestrator/test_shared_trials.py::test_a_submission_that_was_refused_is_not_an_attempt",
    ),
}  # fmt: skip

DRILLS: dict[str, tuple[str, ...]] = {
    "a fenced-out worker deletes or replaces a newer attempt's files": (
        "trainer/test_fenced_out.py::test_a_holder_stopped_anywhere_and_superseded_changes_nothing_more",
        "trainer/test_fenced_out.py::test_after_a_kill_anywhere_the_next_holder_finishes_and_cleans_up",
    ),
    "the owner of the recorder leaves while another sweep runs": (
        "orchestrator/test_recorder_handover.py::test_a_remaining_recorder_takes_over",
        "orchestrator/test_recorder_handover.py::test_a_killed_recorder_is_followed_by_the_one_that_waits",
    ),
    "a run ends before all is recorded": (
        "orchestrator/test_killed_launcher.py::test_the_same_command_again_returns_with_all_trials_done_and_recorded",
        "orchestrator/test_recorder_handover.py::test_after_a_killed_launcher_the_same_command_returns_when_all_is_recorded",
        "orchestrator/test_recorder_handover.py::test_what_is_not_recorded_and_who_does_it_is_reported",
    ),
    "one malformed row or record stops every command": (
        "orchestrator/test_corrupt_stores.py::test_a_corrupt_row_is_skipped_and_reported_with_its_line",
        "orchestrator/test_corrupt_stores.py::test_all_commands_skip_all_corrupt_rows",
        "orchestrator/test_corrupt_stores.py::test_corrupt_files_stop_no_command_and_no_other_trial",
        "orchestrator/test_corrupt_stores.py::test_no_store_is_too_corrupt_for_a_command",
        "orchestrator/test_corrupt_stores.py::test_a_folder_that_links_nowhere_stops_no_command_and_no_other_trial",
        "orchestrator/test_foreign_trials.py::test_what_is_no_trial_of_its_folder_is_skipped_and_reported",
        "orchestrator/test_foreign_trials.py::test_strange_folders_beside_trials_change_no_answer",
        "orchestrator/test_foreign_trials.py::test_a_trial_copied_under_another_id_is_in_no_table_and_no_sweep",
        "orchestrator/test_foreign_trials.py::test_neither_tables_nor_tags_take_the_configuration_of_another_trial",
        "orchestrator/test_foreign_trials.py::test_a_worker_trains_no_configuration_of_another_trial",
        "analysis/test_energy.py::test_a_plan_that_cannot_be_read_stops_the_energy_of_no_other_sweep",
        "dashboard/test_odd_stores.py::test_what_is_no_folder_in_the_place_of_a_trial_stops_no_export",
        "orchestrator/test_recorder_edges.py::test_rows_that_have_no_place_in_mlflow_are_skipped",
        "orchestrator/test_recorder_edges.py::test_what_mlflow_refuses_is_left_out_and_reported",
    ),
    "escape sequences of records reach the terminal": (
        "orchestrator/test_corrupt_stores.py::test_text_of_others_is_shown_with_its_control_characters_written_out",
        "trainer/test_command_line.py::test_no_text_of_others_is_obeyed_by_a_terminal",
        "analysis/test_figures.py::test_labels_are_drawn_as_they_are_and_reach_no_terminal",
        "data/test_folders_and_zips.py::test_names_cannot_steer_a_terminal",
    ),
    "pipes, devices, names that are no UTF-8 and huge images": (
        "data/test_folders_and_zips.py::test_pipes_sockets_and_devices_are_left_out_and_reported",
        "data/test_folders_and_zips.py::test_file_names_that_are_not_utf8_are_used_and_shown_with_replacement_characters",
        "data/test_hostile.py::test_an_image_of_13000_by_13000_pixels_is_refused_before_it_is_decoded",
    ),
    "temporary files of killed processes stay for ever": (
        "trainer/test_files.py::test_what_a_killed_writer_leaves_is_removed_once_it_is_dead",
        "trainer/test_files.py::test_files_of_other_hosts_and_other_names_are_left",
        "orchestrator/test_killed_launcher.py::test_the_next_run_removes_what_killed_processes_left_anywhere",
    ),
}  # fmt: skip

FAULTS = {"silent": SILENT, "told badly": TOLD_BADLY, "drills": DRILLS}
