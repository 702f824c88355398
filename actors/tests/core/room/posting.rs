//! Who may post, read and revoke; what is shown to whom.

use super::{check, check_all, check_direct};

#[test]
fn members_post_and_everybody_is_shown() {
    check_all(&[
        ("ann posts hi", "ann: #1; all< #1 ann hi"),
        (
            "bob posts hi; ann posts ho",
            "bob: #1; all< #1 bob hi; ann: #2; all< #2 ann ho",
        ),
        ("ann posts x as pic", "ann: #1; all< #1 ann x"),
        ("ann posts x as anything-else", "ann: #1; all< #1 ann x"),
    ]);
}

#[test]
fn strangers_do_not_post() {
    check_all(&[
        ("eve posts hi", "eve: NotMember"),
        ("bob leaves | bob posts hi", "bob: NotMember"),
        ("max kicks bob | bob posts hi", "bob: NotMember"),
        ("eve applies | eve posts hi", "eve: NotMember"),
        (
            "eve applies; ann accepts eve | eve posts hi",
            "eve: #1; all< #1 eve hi",
        ),
        ("bob leaves; bob enters | bob posts hi", "bob: #1; all< #1 bob hi"),
    ]);
}

#[test]
fn the_operator_posts_anywhere() {
    check("operator posts hi", "operator: #1; all< #1 nobody hi");
    check_direct("operator posts hi", "operator: #1; all< #1 nobody hi");
    check("ann dissolves | operator posts hi", "operator: Dissolved");
}

#[test]
fn the_muted_are_silent_until_their_time_is_up() {
    check_all(&[
        ("max mutes bob 500 | bob posts hi", "bob: Muted until 500"),
        (
            "max mutes bob 500; wait 499 | bob posts hi",
            "bob: Muted until 500",
        ),
        (
            "max mutes bob 500; wait 500 | bob posts hi",
            "bob: #1; all< #1 bob hi",
        ),
        (
            "max mutes bob 500; max mutes bob 0 | bob posts hi",
            "bob: #1; all< #1 bob hi",
        ),
        ("max mutes bob 500 | bob reads", "bob: read 0"),
        (
            "max mutes bob 500; bob leaves; bob enters | bob posts hi",
            "bob: #1; all< #1 bob hi",
        ),
        ("ann mutes max 500 | max posts hi", "max: Muted until 500"),
    ]);
}

#[test]
fn a_dissolved_room_takes_nothing_more() {
    check_all(&[
        ("ann dissolves | ann posts hi", "ann: Dissolved"),
        ("ann dissolves | bob posts hi", "bob: Dissolved"),
        ("ann dissolves | eve posts hi", "eve: Dissolved"),
        ("ann posts hi; ann dissolves | bob reads", "bob: read 1"),
        (
            "ann posts hi; ann dissolves | bob pages",
            "bob: page 1..end limit 3000 read 0/0",
        ),
        (
            "ann dissolves | ann looks",
            "ann: 'the room' of ann with 3: Owner '' from 1 read 0",
        ),
    ]);
}

#[test]
fn texts_have_bounds() {
    check("bob posts 64 kB", "bob: TooLong body");
    check("bob posts x as a-kind-whose-name-is-long", "bob: TooLong type");
    check("eve posts 64 kB", "eve: TooLong body");
    let key = "k".repeat(129);
    check(
        &format!("bob posts hi with {key}"),
        "bob: TooLong Idempotency-Key",
    );
    let key = "k".repeat(128);
    check(&format!("bob posts hi with {key}"), "bob: #1; all< #1 bob hi");
}

#[test]
fn a_repeated_post_is_answered_and_not_shown_again() {
    check_all(&[
        ("bob posts hi with k | bob posts hi with k", "bob: #1"),
        ("bob posts hi with k | bob posts hello with k", "bob: TokenReused"),
        (
            "bob posts hi with k | ann posts hi with k",
            "ann: #2; all< #2 ann hi",
        ),
        (
            "bob posts hi with k; ann posts ho | bob posts hi with k; bob posts on",
            "bob: #1; bob: #3; all< #3 bob on",
        ),
        (
            "bob posts hi with k; bob revokes 1 | bob posts hi with k",
            "bob: #1",
        ),
        (
            "bob posts hi with k; max mutes bob 9 | bob posts hi with k",
            "bob: Muted until 9",
        ),
    ]);
}

#[test]
fn a_reader_is_told_where_the_cursor_stands() {
    check_all(&[
        ("bob reads", "bob: read 0"),
        ("ann posts 1; ann posts 2 | bob reads", "bob: read 2"),
        ("ann posts 1; ann posts 2 | bob reads 1", "bob: read 1"),
        (
            "ann posts 1; ann posts 2; bob reads 2 | bob reads 1",
            "bob: read 2",
        ),
        ("ann posts 1 | bob reads 9", "bob: read 1"),
        ("ann posts 1 | bob reads -4", "bob: read 0"),
        (
            "ann posts 1; bob reads | bob looks",
            "bob: 'the room' of ann with 3: Member '' from 1 read 1",
        ),
        ("ann posts 1 | eve reads", "eve: NotMember"),
        ("ann posts 1 | operator reads", "operator: NotMember"),
        (
            "bob posts 1 | bob looks",
            "bob: 'the room' of ann with 3: Member '' from 1 read 0",
        ),
    ]);
}

#[test]
fn in_a_direct_room_the_other_side_is_shown_what_was_read() {
    check_direct("ann posts hi | bob reads", "bob: read 1; ann< bob read 1");
    check_direct("ann posts hi | ann reads", "ann: read 1; bob< ann read 1");
    check_direct(
        "ann posts hi; bob reads | bob reads",
        "bob: read 1; ann< bob read 1",
    );
    check_direct("ann posts hi | eve reads", "eve: NotMember");
}

#[test]
fn whoever_is_blocked_by_the_other_side_cannot_post() {
    check_direct("bob blocks | ann posts hi", "ann: Blocked");
    check_direct("bob blocks | bob posts hi", "bob: #1; all< #1 bob hi");
    check_direct(
        "bob blocks; bob unblocks | ann posts hi",
        "ann: #1; all< #1 ann hi",
    );
    check_direct(
        "bob blocks; ann blocks | bob posts hi; ann posts hi",
        "bob: Blocked; ann: Blocked",
    );
    check_direct(
        "bob blocks; ann blocks; bob unblocks | ann posts hi",
        "ann: #1; all< #1 ann hi",
    );
    check_direct("bob unblocks | ann posts hi", "ann: #1; all< #1 ann hi");
    check_direct(
        "ann posts hi; bob blocks | ann revokes 1",
        "all< revoked #1; ann: revoked #1",
    );
    check_direct(
        "ann posts hi; bob blocks | ann pages",
        "ann: page 1..end limit 3000 read 0/0",
    );
}

#[test]
fn strangers_have_no_part_in_a_direct_room() {
    check_direct(
        "eve posts hi; eve pages; eve reads",
        "eve: NotMember; eve: NotMember; eve: NotMember",
    );
    check_direct("eve looks", "eve: 'the room' of nobody with 2: outside");
}

#[test]
fn a_direct_room_cannot_be_changed() {
    for wish in [
        "adds cat",
        "invites cat",
        "kicks bob",
        "leaves",
        "leaves anyway",
        "renames x",
        "applies",
        "enters",
        "dissolves",
        "hands bob",
        "promotes bob",
        "mutes bob 9",
        "nicks x",
        "quiets",
    ] {
        check_direct(&format!("ann {wish}"), "ann: Unknown(Room)");
    }
}

#[test]
fn authors_revoke_what_they_wrote_in_time() {
    check_all(&[
        ("bob posts hi | bob revokes 1", "all< revoked #1; bob: revoked #1"),
        ("bob posts hi | ann revokes 1", "ann: NotAuthor"),
        ("bob posts hi | max revokes 1", "max: NotAuthor"),
        ("bob posts hi; bob revokes 1 | bob revokes 1", "bob: NotAuthor"),
        ("bob posts hi | bob revokes 2", "bob: Unknown(Message)"),
        (
            "bob posts hi; wait 500 | bob revokes 1 within 500",
            "all< revoked #1; bob: revoked #1",
        ),
        (
            "bob posts hi; wait 501 | bob revokes 1 within 500",
            "bob: TooLate",
        ),
        ("bob posts hi; bob leaves | bob revokes 1", "bob: NotMember"),
        (
            "bob posts hi; max kicks bob; bob enters | bob revokes 1",
            "all< revoked #1; bob: revoked #1",
        ),
        ("bob posts hi | eve revokes 1", "eve: NotMember"),
    ]);
}

#[test]
fn pages_show_all_that_storage_has_and_have_a_limit() {
    check_all(&[
        ("bob pages", "bob: page 1..end limit 3000 read 0/0"),
        (
            "ann posts 1; ann posts 2 | bob pages",
            "bob: page 1..end limit 3000 read 0/0",
        ),
        (
            "ann posts 1; ann posts 2 | bob pages 2 9",
            "bob: page 2..9 limit 3000 read 0/0",
        ),
        (
            "ann posts 1; ann posts 2 | bob pages 3 2",
            "bob: empty page, end 2",
        ),
        (
            "ann posts 1; ann posts 2; bob reads 1 | bob pages",
            "bob: page 1..end limit 3000 read 1/0",
        ),
        ("ann posts 1 | eve pages", "eve: NotMember"),
        (
            "ann posts 1 | operator pages",
            "operator: page 1..end limit 3000 read 0/0",
        ),
        (
            "ann posts 1 | eve ranges 1 9",
            "eve: page 1..9 limit 3000 read 0/0",
        ),
    ]);
    check_direct(
        "ann posts 1; ann posts 2; bob reads 1; ann reads 2 | bob pages",
        "bob: page 1..end limit 3000 read 1/2",
    );
}

#[test]
fn newcomers_see_only_what_was_written_since_unless_the_group_shows_all() {
    check_all(&[
        (
            "ann posts 1; ann adds cat; ann posts 2 | cat pages",
            "cat: page 2..end limit 3000 read 1/0",
        ),
        (
            "ann posts 1; ann adds cat | cat pages",
            "cat: page 2..end limit 3000 read 1/0",
        ),
        (
            "ann posts 1; ann adds cat | cat pages all",
            "cat: page 1..end limit 3000 read 1/0",
        ),
        (
            "ann posts 1; ann rules old-history; ann adds cat | cat pages",
            "cat: page 1..end limit 3000 read 1/0",
        ),
        (
            "bob leaves; ann posts 1; bob enters; ann posts 2 | bob pages",
            "bob: page 2..end limit 3000 read 1/0",
        ),
    ]);
}
