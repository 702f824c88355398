//! The list of every behaviour in the suites, and the macro that makes a test of each.

/// One `#[tokio::test]` for each behaviour of each suite. `$open` names an `async fn() -> Opened` in scope.
#[macro_export]
macro_rules! port_suites {
    ($open:ident) => {
        $crate::port_suite! { $open => journal:
            the_first_message_has_seq_one
            a_message_comes_back_as_it_was_posted
            every_kind_keeps_its_name
            seqs_have_no_holes_within_and_between_batches
            a_batch_of_hundreds_is_stored_in_order
            ids_and_seqs_agree_within_a_room
            ids_are_unique_over_rooms_of_one_transaction
            outcomes_come_in_the_order_of_the_batches_whatever_the_rooms_ids
            a_stale_epoch_is_fenced_while_other_rooms_of_the_batch_commit
            a_batch_for_a_room_that_does_not_exist_is_fenced
            an_epoch_from_the_future_is_fenced_too
            a_batch_without_posts_only_moves_cursors
            read_cursors_only_go_up
            two_cursor_moves_of_one_account_in_a_batch_keep_the_higher
            the_cursor_of_somebody_who_is_not_a_member_is_no_matter
            posting_moves_no_read_cursor
            strange_texts_are_stored_intact
            a_nul_in_a_body_is_stored_intact_or_refused
            an_empty_and_a_very_long_body_are_stored
            rooms_are_appended_to_at_the_same_time_without_loss
            transactions_over_the_same_rooms_in_opposite_order_do_not_block_each_other
            somebody_who_is_no_member_may_write_by_the_operators_leave
        }
        $crate::port_suite! { $open => journal_tokens:
            a_fenced_batch_moves_no_cursor_and_keeps_no_token
            a_token_repeated_later_answers_with_the_first_message
            a_token_of_another_request_is_refused
            a_token_repeated_within_a_batch_is_stored_once
            a_token_is_its_accounts_own
            a_token_is_one_over_all_rooms
            a_token_used_in_two_rooms_of_one_transaction_is_stored_once
            a_repeated_message_is_shown_as_it_stands_now
            a_token_outlives_a_change_of_owner
            a_forgotten_token_makes_a_new_message
            a_token_used_by_two_transactions_at_once_is_stored_once
        }
        $crate::port_suite! { $open => journal_counts:
            unread_in_a_group_counts_what_everybody_wrote
            unread_in_a_direct_room_counts_what_the_other_side_wrote
            notes_to_oneself_are_never_unread
            uncounted_kinds_make_nothing_unread
            a_revoked_message_is_not_unread
            a_revoked_message_in_a_direct_room_lowers_only_the_readers_count
            counts_go_on_after_a_change_of_owner
        }
        $crate::port_suite! { $open => journal_faults:
            a_commit_that_happened_is_found
            a_commit_that_did_not_happen_is_absent_and_may_be_sent_again
            a_commit_that_did_not_happen_before_the_room_moved_is_fenced
            a_commit_that_happened_before_the_room_moved_is_still_found
            other_messages_at_the_same_places_are_not_taken_for_the_lost_ones
            a_batch_that_stored_no_message_may_be_sent_again
            a_message_revoked_meanwhile_is_still_found
            a_batch_of_stored_and_repeated_posts_is_found_by_the_stored_ones
        }
        $crate::port_suite! { $open => rooms:
            activation_raises_the_epoch_by_one
            activation_of_a_room_that_does_not_exist_is_refused
            activations_at_the_same_time_each_get_an_epoch_of_their_own
            a_new_group_starts_empty_with_its_settings
            the_maker_of_a_group_is_its_owner_and_the_rest_are_members
            an_owner_named_among_the_members_sits_once
            an_owner_need_not_be_a_member
            group_ids_count_up
            a_group_with_members_that_do_not_exist_is_refused_and_not_made
            a_group_of_an_owner_that_does_not_exist_is_refused
            strange_names_of_groups_are_kept
            a_direct_room_is_the_same_from_both_sides
            direct_rooms_of_other_pairs_are_other_rooms
            a_direct_room_with_oneself_has_one_member
            a_direct_room_asked_for_many_times_at_once_is_made_once
            a_direct_room_with_nobody_is_refused
            a_direct_room_knows_who_blocks_the_other
        }
        $crate::port_suite! { $open => rooms_changes:
            a_change_by_a_stale_owner_is_refused_and_changes_nothing
            an_edit_changes_what_it_names_and_nothing_else
            an_edit_may_empty_a_text
            an_added_member_sits_as_the_room_said
            adding_nobody_that_exists_adds_nobody_at_all
            whoever_leaves_is_gone_and_the_rest_stay
            several_are_removed_at_once
            whoever_comes_back_sits_anew
            coming_and_going_many_times_leaves_one_seat
            a_cursor_moves_the_present_seat_of_somebody_who_came_back
            a_role_a_mute_a_nickname_and_quiet_are_kept
            a_transfer_makes_a_new_owner_and_the_old_one_a_member
            a_transfer_may_let_the_old_owner_leave
            a_dissolved_group_keeps_its_history_and_is_listed_nowhere
        }
        $crate::port_suite! { $open => rooms_requests:
            a_request_to_join_waits_for_the_managers
            an_accepted_request_waits_no_more_and_seats_who_asked
            a_denied_request_waits_no_more_and_may_be_made_again
            somebody_brought_in_otherwise_waits_no_more
            requests_to_join_are_seen_oldest_first_over_all_managed_groups
            seats_come_with_profiles_in_the_order_given
            seats_of_accounts_that_do_not_exist_are_left_out
            a_revoked_message_says_when
        }
        $crate::port_suite! { $open => rooms_history:
            everything_comes_oldest_first
            newest_first_when_asked
            a_page_begins_at_the_offset_and_ends_at_the_limit
            bounds_are_inclusive
            one_kind_can_be_picked
            revoked_messages_are_shown_only_when_asked
            what_was_revoked_since_a_moment_can_be_asked_for
            what_was_revoked_in_several_rooms_is_told_together
            the_total_counts_all_that_match_whatever_the_page
            the_total_leaves_out_revoked_messages_unless_asked
            the_total_is_not_counted_unless_asked
            a_page_holds_messages_of_its_room_only
            an_empty_room_has_an_empty_page
            a_message_is_found_by_its_id_in_its_room_only
            messages_before_any_id_can_be_asked_for
            messages_of_a_room_that_does_not_exist_are_unknown
        }
        $crate::port_suite! { $open => users:
            an_account_is_loaded_as_it_was_made
            an_account_that_does_not_exist_cannot_be_loaded
            an_edit_of_a_profile_changes_what_it_names_and_nothing_else
            every_field_of_a_profile_is_kept
            strange_profiles_are_kept
            a_new_password_replaces_the_old_and_voids_tokens
            changes_of_an_account_that_does_not_exist_are_refused
            a_friend_request_waits_for_its_answer
            a_second_request_while_one_waits_is_refused
            requests_made_at_the_same_time_are_made_once
            nobody_can_be_asked
            accepting_makes_both_friends
            denying_makes_nobody_friends_and_lets_ask_again
            an_answer_without_a_waiting_request_is_refused
            two_who_ask_each_other_can_both_accept
            an_accepted_friend_keeps_a_block_and_a_remark
            friends_come_oldest_first
            friend_requests_come_newest_first
            a_removed_contact_is_gone_on_this_side_only
            former_friends_can_become_friends_again
            a_remark_and_a_label_are_kept_on_this_side_only
            a_remark_or_label_without_a_contact_is_refused
            a_stranger_can_be_blocked
            a_blocked_friend_is_among_the_blocked_instead_of_the_friends
            blocking_twice_blocks_once
            nobody_can_be_blocked
            lifting_a_block_removes_the_contact
            a_friend_who_is_not_blocked_cannot_be_unblocked
        }
        $crate::port_suite! { $open => contact_groups:
            a_contact_group_is_loaded_as_it_was_made
            a_name_is_one_contact_groups_alone_and_its_owners_own
            contacts_come_into_a_group_and_go_out_of_it
            only_contacts_are_in_a_group_of_contacts
            a_contact_group_is_touched_by_its_owner_alone
            a_removed_contact_group_leaves_its_contacts
            a_contact_group_of_nobody_is_refused
        }
        $crate::port_suite! { $open => uploads:
            an_upload_comes_back_as_it_was_kept
            the_first_upload_of_a_key_stays
            the_bytes_of_an_account_are_those_of_its_uploads
            nobody_puts_up_nothing
            the_blob_of_an_upload_is_referred_to_or_noted_and_never_both
        }
        $crate::port_suite! { $open => near:
            people_are_found_nearest_first_within_the_radius
            whoever_moves_is_found_where_they_are
            a_crowd_at_one_place_hides_nobody_nearer
            the_date_line_is_no_edge
            a_pole_is_a_place_like_others
            groups_are_found_where_they_are_until_they_are_dissolved
            the_groups_that_somebody_owns_are_counted
        }
        $crate::port_suite! { $open => users_rooms:
            groups_come_by_name_with_their_number_of_members
            positions_name_every_room_and_its_end
            positions_follow_coming_and_going
            a_position_says_since_when_one_is_there
            how_far_peers_have_read_is_known_for_direct_rooms
            an_account_without_anything_has_empty_lists
            those_one_has_talked_to_come_with_the_latest_talk_first
        }
        $crate::port_suite! { $open => directory:
            an_account_comes_back_as_it_was_made
            account_ids_count_up
            an_account_may_have_no_login_name_at_all
            an_id_can_be_given
            an_id_given_ahead_is_not_given_again
            a_login_name_is_found_without_regard_to_case
            every_kind_of_login_name_logs_in
            a_login_name_is_unique_over_all_kinds_without_regard_to_case
            a_refused_account_leaves_nothing_behind
            a_login_name_wanted_by_many_at_once_goes_to_one
            a_login_name_nobody_has_is_not_found
            strange_login_names_log_in_as_they_are
            a_nul_in_a_name_is_taken_as_it_is_or_refused
            a_login_name_can_be_added
            a_login_name_of_somebody_else_cannot_be_added
            a_login_name_replaces_the_one_of_its_kind
            many_accounts_are_made_at_once_in_order
            many_accounts_are_made_all_or_none
            many_accounts_with_one_name_twice_are_refused
            an_account_is_found_by_each_of_its_names_and_by_its_id
            an_account_is_not_found_by_a_part_of_its_name
            accounts_with_one_nickname_come_by_id_up_to_the_limit
            strange_texts_find_accounts_literally
            a_text_that_is_no_number_finds_nobody_by_id
            groups_are_found_by_a_part_of_their_name
            strange_texts_find_groups_literally
        }
        $crate::port_suite! { $open => secrets:
            the_first_key_of_a_name_stays
            all_who_ask_for_a_key_at_once_get_the_same
            a_code_is_taken_once
            a_code_wanted_by_many_at_once_goes_to_one
            a_wrong_try_leaves_the_code
            after_too_many_wrong_tries_the_right_code_is_void
            wrong_tries_at_the_same_time_are_all_counted
            a_code_expires
            a_code_that_never_was_is_unknown
            a_new_code_replaces_the_old_and_its_wrong_tries
            a_replaced_code_lives_as_long_as_the_new_one
            codes_of_other_names_are_other_codes
            expired_codes_are_forgotten_and_the_rest_stay
            strange_names_and_codes_are_taken_as_they_are
            a_store_that_works_answers_the_probe
        }
        $crate::port_suite! { $open => ledger:
            lines_come_in_the_order_of_commits_over_all_rooms
            lines_are_told_in_pages_and_only_after_the_key
            a_first_line_names_whose_membership_begins_with_it
            super_groups_are_in_no_ledger_and_no_inbox
            an_inbox_holds_the_messages_of_all_rooms_in_one_order
            an_inbox_reaches_as_far_as_memberships_do
            a_long_inbox_is_read_page_by_page_from_any_key
            a_kept_key_only_rises
            the_first_token_of_an_account_stays_and_names_it
            who_was_silenced_may_speak_again
            accounts_are_admitted_once_under_the_ids_they_are_given
        }
        $crate::port_suite! { $open => cluster:
            the_first_charter_stands
            charters_written_at_once_leave_one
            whoever_joins_is_listed_with_its_addresses
            a_name_that_lives_is_taken
            a_name_wanted_by_many_at_once_goes_to_one
            whoever_leaves_is_listed_no_more_and_its_name_is_free
            a_node_says_that_it_drains
            a_node_that_is_silent_too_long_dies_and_stays_dead
            a_room_of_a_node_that_lives_is_not_taken
            a_refused_taking_does_not_fence_the_owner
            a_released_room_can_be_taken_at_once
            it_can_be_asked_who_holds_a_room
            a_release_by_a_stale_owner_changes_nothing
            rooms_of_a_node_that_left_can_be_taken_and_its_batches_are_fenced
            a_room_without_an_owner_that_others_wait_for_is_anybodys
            the_ends_of_rooms_can_be_asked_for
        }
        $crate::port_suite! { $open => views:
            accepting_opens_a_view_and_declining_does_not
            a_view_begins_at_the_end_of_what_was_said_before
            ending_a_friendship_closes_its_view_and_the_next_one_is_another
            ending_a_friendship_lifts_no_block_of_the_other
            removing_a_contact_closes_the_view
            friends_cannot_ask_each_other
            requests_are_found_by_id_and_listed_with_the_answered_ones
            a_list_shows_the_latest_message_and_the_unread_ones
            a_list_shows_groups_with_all_that_is_unread
            a_claimed_name_is_one_groups_alone_whatever_its_case
            accounts_are_found_by_uuid_and_by_a_part_of_their_nickname
        }
        $crate::port_suite! { $open => grants:
            a_sign_in_is_found_dated_anew_and_forgotten
            a_channel_is_the_same_until_it_is_too_old
            a_channel_asked_for_by_many_at_once_is_one
            old_channels_are_forgotten
        }
        $crate::port_suite! { $open => files:
            a_file_comes_back_as_it_was_kept
            a_ticket_is_good_once_and_for_a_time
            a_ticket_shown_by_many_at_once_is_good_for_one
            old_files_are_listed_oldest_first_and_forgotten_with_their_tickets
            old_tickets_are_forgotten
            the_blob_of_a_file_is_referred_to_or_noted_and_never_both
        }
        $crate::port_suite! { $open => tree:
            a_folder_lists_folders_first_and_then_files_by_name
            strange_file_names_are_kept
            a_name_is_one_in_its_folder_among_files_and_folders
            a_name_wanted_by_many_at_once_goes_to_one
            files_of_other_rooms_and_folders_that_are_none_are_unknown
            a_folder_moves_with_what_is_in_it_and_never_into_itself
            two_folders_do_not_move_into_each_other_at_once
            folders_are_only_so_deep
            only_who_made_it_or_a_manager_changes_a_file
            a_quota_is_kept_by_many_at_once
            a_removed_folder_goes_with_everything_in_it
            files_given_in_a_chat_are_in_no_tree_and_their_names_are_nobodys
            old_files_of_chats_are_listed_oldest_first
            a_blob_is_referred_to_or_noted_and_never_both
            a_file_of_which_nothing_was_kept_leaves_its_blob_noted
            a_room_without_files_takes_nothing
        }
        $crate::port_suite! { $open => board:
            tags_are_kept_in_order_each_once
            tags_of_others_are_not_changed
            there_are_so_many_tags_and_no_more
            pictures_come_in_the_order_they_were_added_up_to_the_limit
            a_picture_of_another_group_is_not_found
            announcements_come_newest_first_and_change
            an_announcement_has_one_picture
            a_blob_that_was_not_noted_is_refused
            whatever_is_taken_away_leaves_its_blob_due
            a_dissolved_group_shows_what_it_had_and_changes_nothing
            everybody_rates_once_and_the_mean_counts
            ratings_given_at_the_same_time_count_once
            an_avatar_takes_the_place_of_the_one_before
        }
        $crate::port_suite! { $open => board_found:
            groups_are_found_by_category_key_and_tags
            ones_own_groups_are_found_with_the_dissolved_ones
            hints_begin_with_the_key_and_then_the_most_used
            strange_keys_find_groups_literally
            a_request_to_join_is_found_whatever_became_of_it
        }
        $crate::port_suite! { $open => jobs:
            a_job_is_one_nodes_until_its_time_is_over
            a_job_given_back_is_free_and_only_its_holder_gives_it
            a_job_wanted_by_many_at_once_goes_to_one
        }
    };
}

/// The tests of one suite, in a module of its name.
#[macro_export]
macro_rules! port_suite {
    ($open:ident => $suite:ident: $($behaviour:ident)*) => {
        mod $suite {
            $(#[tokio::test]
            async fn $behaviour() {
                let opened: $crate::testkit::suite::Opened = super::$open().await;
                $crate::testkit::suite::$suite::$behaviour(&opened.ports).await;
                drop(opened);
            })*
        }
    };
}
