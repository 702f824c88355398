//! What waits, what goes to the store together, and in which order it is told.

use super::play::Play;
use super::{check, check_all};
use roost_actors::model::{Caller, Post};
use roost_actors::room::{RoomRequest, RoomState};

#[test]
fn the_first_post_is_committed_at_once_and_the_rest_together() {
    check_all(&[
        ("hold; ann posts 1", "commit 1"),
        ("hold; ann posts 1; bob posts 2; max posts 3", "commit 1"),
        (
            "hold; ann posts 1; bob posts 2; max posts 3 | commit",
            "ann: #1; all< #1 ann 1; commit 2",
        ),
        (
            "hold; ann posts 1; bob posts 2; max posts 3; commit | commit",
            "bob: #2; max: #3; all< #2 bob 2, #3 max 3",
        ),
    ]);
}

#[test]
fn nothing_is_answered_or_shown_before_its_commit() {
    check(
        "hold; ann posts 1 | bob pages; bob looks; census",
        "bob: page 1..end limit 3000 read 0/0; bob: 'the room' of ann with 3: Member '' from 1 read 0; seq 0 members 3 waiting 0",
    );
}

#[test]
fn posts_and_reads_go_together() {
    check_all(&[
        (
            "ann posts 1; hold; ann posts 2; bob reads; max posts 3 | commit",
            "ann: #2; all< #2 ann 2; commit 1+1",
        ),
        ("ann posts 1; hold | bob reads", "commit 0+1"),
        ("ann posts 1; hold; bob reads | commit", "bob: read 1"),
        ("ann posts 1; bob reads; hold | bob reads", "bob: read 1"),
    ]);
}

#[test]
fn a_change_has_its_place_between_the_posts() {
    check_all(&[
        (
            "hold; bob posts 1; max kicks bob; bob posts 2 | commit",
            "bob: #1; all< #1 bob 1; save",
        ),
        (
            "hold; bob posts 1; max kicks bob; bob posts 2; commit | commit",
            "bob< bob left; max: ok; bob: NotMember",
        ),
        (
            "hold; max kicks bob; bob posts 2; ann posts 3 | commit",
            "bob< bob left; max: ok; bob: NotMember; commit 1",
        ),
        (
            "hold; eve enters; eve posts hi; bob posts ho | commit",
            "eve< eve joined at 0; eve: added eve; commit 2",
        ),
        (
            "hold; ann posts 1; eve enters; commit; ann posts 2 | commit; commit",
            "eve< eve joined at 1; eve: added eve; commit 1; ann: #2; all< #2 ann 2",
        ),
    ]);
}

#[test]
fn a_change_is_decided_when_its_turn_comes() {
    check_all(&[
        (
            "hold; max kicks bob; max kicks bob | commit",
            "bob< bob left; max: ok; max: Unknown(Member)",
        ),
        (
            "hold; ann demotes max; max kicks bob | commit",
            "ann: ok; max: NotManager",
        ),
        (
            "hold; ann adds cat,dan; eve enters | commit",
            "cat< cat joined at 0; dan< dan joined at 0; ann: added cat,dan; eve: Full at 5",
        ),
        (
            "hold; eve applies; eve applies | commit",
            "ann< eve asks to join; max< eve asks to join; eve: applied 1; eve: Waiting(JoinRequest)",
        ),
        (
            "hold; ann dissolves; ann posts hi; eve enters | commit",
            "all< dissolved; ann: ok; ann: Dissolved; eve: Dissolved",
        ),
        (
            "hold; max mutes bob 9; bob posts hi | commit",
            "max: ok; bob: Muted until 9",
        ),
    ]);
}

#[test]
fn a_revocation_is_read_then_stored_with_the_room_waiting() {
    check_all(&[
        ("bob posts hi; hold | bob revokes 1", "load"),
        ("bob posts hi; hold; bob revokes 1; ann posts ho | commit", "save"),
        (
            "bob posts hi; hold; bob revokes 1; ann posts ho; commit | commit",
            "all< revoked #1; bob: revoked #1; commit 1",
        ),
        (
            "bob posts hi; hold; bob revokes 1; bob revokes 1; commit; commit | commit",
            "bob: NotAuthor",
        ),
        (
            "bob posts hi; hold; ann revokes 1; ann posts ho | commit",
            "ann: NotAuthor; commit 1",
        ),
    ]);
}

#[test]
fn reading_requests_do_not_wait() {
    check(
        "ann posts 1; hold; ann posts 2; max kicks bob | bob pages; bob looks; eve seats; ann blocks",
        "bob: page 1..end limit 3000 read 0/0; bob: 'the room' of ann with 3: Member '' from 1 read 0; \
         eve: seats ann,max,bob; ann: ok",
    );
}

#[test]
fn a_batch_has_a_bound() {
    let mut play = Play::group();
    play.run("hold; ann posts first");
    for n in 0..=RoomState::BATCH_POSTS_MAX {
        play.run(&format!("bob posts {n}"));
    }
    play.log.clear();
    play.run("commit");
    assert_eq!(
        play.log.last().unwrap(),
        &format!("commit {}", RoomState::BATCH_POSTS_MAX)
    );
    play.run("commit");
    assert_eq!(play.log.last().unwrap(), "commit 1");
    play.run("commit");
    assert_eq!((play.unanswered(), play.room.is_idle()), (0, true));
}

#[test]
fn a_queue_has_a_bound_and_the_next_is_told_that_the_room_is_busy() {
    let mut play = Play::group();
    play.run("hold; ann posts first");
    let post = RoomRequest::Post {
        caller: Caller::person(super::people::id("bob")),
        post: Post::text("x"),
    };
    for _ in 0..RoomState::WAITING_REQUESTS_MAX {
        play.ask("bob", post.clone());
    }
    play.log.clear();
    play.ask("bob", post);
    play.run("bob looks");
    assert_eq!(play.log[0], "bob: Busy");
    assert!(
        play.log[1].starts_with("bob: 'the room'"),
        "reading goes on: {}",
        play.log[1]
    );
    for _ in 0..RoomState::WAITING_REQUESTS_MAX / RoomState::BATCH_POSTS_MAX + 1 {
        play.run("commit");
    }
    assert_eq!((play.unanswered(), play.room.is_idle()), (0, true));
    assert_eq!(
        play.room.last_seq().0 as usize,
        RoomState::WAITING_REQUESTS_MAX + 1
    );
}

#[test]
fn a_room_is_idle_only_when_nothing_is_under_way_or_waits() {
    let mut play = Play::group();
    assert!(play.room.is_idle());
    for (line, idle) in [
        ("hold", true),
        ("ann posts 1", false),
        ("max kicks bob", false),
        ("commit", false),
        ("commit", true),
        ("ann revokes 1", false),
        ("commit", false),
        ("commit", true),
    ] {
        play.run(line);
        assert_eq!(play.room.is_idle(), idle, "after {line}");
    }
}
