//! When the room has moved, storage is gone, or the outcome of a commit is not known.

use super::{check, check_all};

#[test]
fn a_fenced_room_stops_and_sends_everybody_to_the_next_owner() {
    check_all(&[
        ("hold; ann posts 1 | fence", "stop; ann: Moved"),
        (
            "hold; ann posts 1; bob posts 2; bob reads | fence",
            "stop; ann: Moved; bob: Moved; bob: Moved",
        ),
        (
            "hold; max kicks bob; bob posts 2 | fence",
            "stop; max: Moved; bob: Moved",
        ),
        (
            "bob posts hi; hold; bob revokes 1; commit; ann posts x | fence",
            "stop; bob: Moved; ann: Moved",
        ),
        ("ann posts 1; hold; bob reads | fence", "stop; bob: Moved"),
    ]);
}

#[test]
fn a_stopped_room_answers_nothing_from_memory() {
    check(
        "ann posts 1; hold; ann posts 2; fence | ann posts 3; bob pages; bob looks; bob seats; bob reads; max kicks bob",
        "ann: Moved; bob: Moved; bob: Moved; bob: Moved; bob: Moved; max: Moved",
    );
}

#[test]
fn an_unknown_outcome_is_never_told_as_a_refusal() {
    check_all(&[
        ("hold; ann posts 1 | lose", "stop; ann: OutcomeUnknown"),
        (
            "hold; ann posts 1; bob posts 2 | lose",
            "stop; ann: OutcomeUnknown; bob: Moved",
        ),
        (
            "hold; max kicks bob; bob posts 2 | lose",
            "stop; max: OutcomeUnknown; bob: Moved",
        ),
        ("ann posts 1; hold; bob reads | lose", "stop; bob: OutcomeUnknown"),
        ("hold; ann posts 1; lose | ann posts 1", "ann: Moved"),
    ]);
}

#[test]
fn without_storage_everything_that_waits_is_refused_with_what_was_tried() {
    check_all(&[
        ("hold; ann posts 1 | refuse", "ann: Unavailable"),
        (
            "hold; ann posts 1; bob posts 2; max kicks bob | refuse",
            "ann: Unavailable; bob: Unavailable; max: Unavailable",
        ),
        (
            "hold; max kicks bob; bob posts 2 | refuse",
            "max: Unavailable; bob: Unavailable",
        ),
        (
            "bob posts hi; hold; bob revokes 1; ann posts 2 | refuse",
            "bob: Unavailable; ann: Unavailable",
        ),
    ]);
}

#[test]
fn a_room_works_again_once_storage_does() {
    check_all(&[
        (
            "hold; ann posts 1; refuse | ann posts 1; commit",
            "commit 1; ann: #1; all< #1 ann 1",
        ),
        (
            "hold; max kicks bob; refuse | bob posts 1; commit",
            "commit 1; bob: #1; all< #1 bob 1",
        ),
        (
            "bob posts hi; hold; bob revokes 1; commit; refuse | bob revokes 1; commit; commit",
            "load; save; all< revoked #1; bob: revoked #1",
        ),
    ]);
}

#[test]
fn a_journal_that_is_full_refuses_the_batch_and_the_rest_is_tried() {
    check_all(&[
        ("hold; ann posts 1; bob posts 2 | busy", "ann: Busy; commit 1"),
        (
            "hold; ann posts 1; bob posts 2; busy | commit",
            "bob: #1; all< #1 bob 2",
        ),
        ("hold; ann posts 1; max kicks bob | busy", "ann: Busy; save"),
    ]);
}

#[test]
fn an_outcome_nobody_waits_for_is_no_matter() {
    use super::play::Play;
    use roost_actors::model::{Counts, Seq, Timestamp};
    use roost_actors::ports::{BatchOutcome, RoomSaved};
    let mut play = Play::group();
    let mut out = Vec::new();
    let outcome = BatchOutcome::Committed {
        posts: vec![],
        last_seq: Seq(9),
        counts: Counts::default(),
    };
    play.room.committed(Ok(outcome), Timestamp(0), &mut out);
    play.room.saved(Ok(RoomSaved::Done), Timestamp(0), &mut out);
    assert_eq!((out, play.room.last_seq()), (vec![], Seq(0)));
    play.run("ann posts 1");
    assert_eq!(play.log, ["ann: #1", "all< #1 ann 1"]);
}
