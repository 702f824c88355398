//! Who may do what with a group's board, and what a dialect may ask of members besides.

use super::check_all;
use super::people::id;
use super::play::Play;
use roost_actors::board::{BoardRequest, TagRequest};
use roost_actors::failure::{Failure, Thing};
use roost_actors::model::{AnnouncementId, Caller, PictureId, Rating, Timestamp};
use roost_actors::room::{Effect, RoomAnswer, RoomRequest};

fn person(name: &str) -> Caller {
    Caller::person(id(name))
}

/// Whether somebody may.
#[track_caller]
fn check(play: &mut Play, who: &str, request: BoardRequest, expected: Result<(), Failure>) {
    let mut out = Vec::new();
    let shown = format!("{who} {request:?}");
    let ask = RoomRequest::Board {
        caller: person(who),
        request,
    };
    play.room.ask(99, ask, Timestamp(0), &mut out);
    let decided = match out.remove(0) {
        Effect::Board(_, by, _) => {
            assert_eq!(by, id(who));
            Ok(())
        }
        Effect::Answer(_, Err(failure)) => Err(failure),
        other => panic!("{other:?}"),
    };
    assert_eq!(decided, expected, "{shown}");
}

fn for_all() -> [BoardRequest; 3] {
    [
        BoardRequest::Tags(TagRequest::List),
        BoardRequest::Pictures,
        BoardRequest::Picture { id: PictureId(1) },
    ]
}

fn for_members() -> [BoardRequest; 2] {
    [
        BoardRequest::Announcements,
        BoardRequest::Announcement {
            id: AnnouncementId(1),
        },
    ]
}

fn for_managers() -> [BoardRequest; 4] {
    [
        BoardRequest::Tags(TagRequest::Add { text: "x".to_owned() }),
        BoardRequest::RemovePicture { id: PictureId(1) },
        BoardRequest::Announce {
            title: "x".to_owned(),
            text: String::new(),
        },
        BoardRequest::Illustrate {
            id: AnnouncementId(1),
            image: None,
        },
    ]
}

fn rate(ratings: &[(&str, f64)]) -> BoardRequest {
    let ratings = ratings.iter().map(|(name, stars)| Rating {
        account: id(name),
        stars: *stars,
    });
    BoardRequest::Rate {
        ratings: ratings.collect(),
    }
}

#[test]
fn anybody_looks_members_read_and_managers_write() {
    let mut group = Play::group();
    for request in for_all() {
        check(&mut group, "eve", request, Ok(()));
    }
    for request in for_members() {
        check(&mut group, "bob", request.clone(), Ok(()));
        check(&mut group, "eve", request, Err(Failure::NotMember));
    }
    for request in for_managers() {
        check(&mut group, "ann", request.clone(), Ok(()));
        check(&mut group, "max", request.clone(), Ok(()));
        check(&mut group, "bob", request.clone(), Err(Failure::NotManager));
        check(&mut group, "eve", request, Err(Failure::NotManager));
    }
}

#[test]
fn the_board_of_a_dissolved_group_is_only_read() {
    let mut group = Play::group();
    group.run("ann dissolves");
    for request in for_all().into_iter().chain(for_members()) {
        check(&mut group, "bob", request, Ok(()));
    }
    for request in for_managers() {
        for who in ["ann", "bob", "eve"] {
            check(&mut group, who, request.clone(), Err(Failure::Dissolved));
        }
    }
}

#[test]
fn members_rate_each_other_when_the_group_has_ended() {
    let mut group = Play::group();
    let good = rate(&[("bob", 10.0), ("max", 0.0)]);
    let early = Failure::Forbidden("the group was not dissolved".to_owned());
    check(&mut group, "ann", good.clone(), Err(early));
    group.run("ann dissolves");
    check(&mut group, "ann", good.clone(), Ok(()));
    check(&mut group, "eve", good, Err(Failure::NotMember));
    let stars = Failure::invalid("star_rating", "must be from 0 to 10");
    check(&mut group, "ann", rate(&[("bob", 10.5)]), Err(stars));
    let own = Failure::invalid("rates", "nobody rates oneself");
    check(&mut group, "ann", rate(&[("ann", 5.0)]), Err(own));
    let nobody = Failure::Unknown(Thing::Member);
    check(&mut group, "ann", rate(&[("eve", 5.0)]), Err(nobody));
}

#[test]
fn a_direct_room_has_no_board() {
    let mut direct = Play::direct();
    for request in for_all().into_iter().chain(for_members()).chain(for_managers()) {
        check(&mut direct, "bob", request, Err(Failure::Unknown(Thing::Room)));
    }
}

#[test]
fn an_owner_removes_managers_where_that_is_wanted_and_nobody_else_does() {
    check_all(&[
        ("ann outranks max", "max< max left; ann: ok"),
        ("ann outranks bob", "bob< bob left; ann: ok"),
        ("ann outranks ann", "ann: Protected"),
        ("max outranks bob", "bob< bob left; max: ok"),
        ("max outranks ann", "max: Protected"),
        ("max outranks max", "max: Protected"),
        ("bob outranks max", "bob: NotManager"),
        ("ann outranks eve", "ann: Unknown(Member)"),
    ]);
}

#[test]
fn an_owner_switches_who_manages() {
    check_all(&[
        ("ann switches bob | bob kicks max", "bob: Protected"),
        ("ann switches max | max kicks bob", "max: NotManager"),
        (
            "ann switches bob; ann switches bob | bob kicks max",
            "bob: NotManager",
        ),
        ("ann switches ann", "ann: Protected"),
        ("ann switches eve", "ann: Unknown(Member)"),
        ("max switches bob", "max: NotOwner"),
    ]);
}

#[test]
fn who_asks_to_join_hears_last_that_the_group_is_full_where_that_is_wanted() {
    let mut group = Play::group();
    group.run("ann adds cat,dan");
    let mut ask = |who: &str, full_last| {
        let mut out = Vec::new();
        let request = RoomRequest::Apply {
            caller: person(who),
            reason: String::new(),
            full_last,
        };
        group.room.ask(99, request, Timestamp(0), &mut out);
        match out.remove(0) {
            Effect::Answer(_, Err(failure)) => failure,
            other => panic!("{other:?}"),
        }
    };
    let full = Failure::Full {
        what: "the group".to_owned(),
        max: 5,
    };
    assert_eq!(ask("bob", true), Failure::Exists(Thing::Member));
    assert_eq!(ask("bob", false), full);
    assert_eq!(ask("eve", true), full);
}

#[test]
fn a_request_is_answered_by_its_own_number() {
    let mut group = Play::group();
    group.run("eve applies; ann denies eve; eve applies");
    let mut answer = |number: i64| {
        let mut out = Vec::new();
        let request = RoomRequest::AnswerJoin {
            caller: person("ann"),
            id: Some(roost_actors::model::RequestId(number)),
            account: id("eve"),
            accept: true,
            reason: String::new(),
        };
        group.room.ask(99, request, Timestamp(0), &mut out);
        out.remove(0)
    };
    let unknown = Failure::Unknown(Thing::JoinRequest);
    assert_eq!(answer(1), Effect::Answer(99, Err::<RoomAnswer, _>(unknown)));
    assert!(matches!(answer(2), Effect::Save(..)));
}
