//! Who may do what with a room's files.

use super::people::id;
use super::play::Play;
use roost_actors::failure::{Failure, Thing};
use roost_actors::model::{Caller, FileId, Spot, Timestamp};
use roost_actors::room::{Effect, RoomRequest};
use roost_actors::tree::TreeRequest;

const TREE: Spot = Spot::Folder(None);

fn list() -> TreeRequest {
    TreeRequest::List { folder: None }
}

fn find() -> TreeRequest {
    TreeRequest::Find { id: FileId(1) }
}

fn left(spot: Spot) -> TreeRequest {
    TreeRequest::Left { spot, quota_bytes: 1 }
}

fn add(spot: Spot) -> TreeRequest {
    TreeRequest::Add {
        spot,
        name: "a".to_owned(),
        content: None,
        quota_bytes: 1,
    }
}

fn remove() -> TreeRequest {
    TreeRequest::Remove { id: FileId(1) }
}

/// Whether somebody may, and as a manager.
#[track_caller]
fn check(play: &mut Play, caller: Caller, request: TreeRequest, expected: Result<bool, Failure>) {
    let mut out = Vec::new();
    let shown = format!("{caller:?} {request:?}");
    let ask = RoomRequest::Files { caller, request };
    play.room.ask(99, ask, Timestamp(0), &mut out);
    let decided = match out.remove(0) {
        Effect::Tree(_, by, _) => Ok(by.manages),
        Effect::Answer(_, Err(failure)) => Err(failure),
        other => panic!("{other:?}"),
    };
    assert_eq!(decided, expected, "{shown}");
}

fn person(name: &str) -> Caller {
    Caller::person(id(name))
}

#[test]
fn members_use_the_files_of_a_group_and_managers_manage_them() {
    let mut group = Play::group();
    for request in [
        list(),
        find(),
        left(TREE),
        left(Spot::Chat),
        add(TREE),
        add(Spot::Chat),
        remove(),
    ] {
        check(&mut group, person("ann"), request.clone(), Ok(true));
        check(&mut group, person("max"), request.clone(), Ok(true));
        check(&mut group, person("bob"), request.clone(), Ok(false));
        check(&mut group, person("eve"), request, Err(Failure::NotMember));
    }
}

#[test]
fn the_files_of_a_dissolved_group_are_only_read() {
    let mut group = Play::group();
    group.run("ann dissolves");
    for request in [list(), find()] {
        check(&mut group, person("bob"), request.clone(), Ok(false));
        check(&mut group, person("eve"), request, Err(Failure::NotMember));
    }
    for request in [left(TREE), left(Spot::Chat), add(TREE), add(Spot::Chat), remove()] {
        check(&mut group, person("ann"), request, Err(Failure::Dissolved));
    }
}

#[test]
fn a_direct_room_has_files_of_its_chat_and_no_tree() {
    let mut direct = Play::direct();
    for request in [find(), left(Spot::Chat), add(Spot::Chat)] {
        check(&mut direct, person("bob"), request.clone(), Ok(false));
        check(&mut direct, person("eve"), request, Err(Failure::NotMember));
    }
    for request in [list(), left(TREE), add(TREE), remove()] {
        check(
            &mut direct,
            person("bob"),
            request,
            Err(Failure::Unknown(Thing::Room)),
        );
    }
    direct.run("ann blocks");
    check(&mut direct, person("bob"), add(Spot::Chat), Err(Failure::Blocked));
    check(&mut direct, person("bob"), find(), Ok(false));
    check(&mut direct, person("ann"), add(Spot::Chat), Ok(false));
}
