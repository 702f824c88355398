//! The users' store: the rooms one is in.

use super::stage::{Owner, append, direct, group, new_group, person, text, three};
use crate::model::{RoomPosition, Seq, Timestamp};
use crate::ports::{Ports, RoomChange};

pub async fn groups_come_by_name_with_their_number_of_members(ports: &Ports) {
    let (ann, bob, eve) = three(ports).await;
    for (name, members) in [("beta", vec![bob]), ("alpha", vec![]), ("gamma", vec![bob, eve])] {
        ports
            .rooms
            .create_group(&new_group(name, ann, &members))
            .await
            .unwrap();
    }
    ports
        .rooms
        .create_group(&new_group("not hers", bob, &[]))
        .await
        .unwrap();
    direct(ports, ann, bob).await;
    let groups = ports.users.groups(ann).await.unwrap();
    let seen: Vec<_> = groups.iter().map(|g| (g.name.as_str(), g.member_count)).collect();
    assert_eq!(seen, [("alpha", 1), ("beta", 2), ("gamma", 3)]);
    let of_eve = ports.users.groups(eve).await.unwrap();
    assert_eq!(of_eve, [groups[2].clone()]);
}

pub async fn positions_name_every_room_and_its_end(ports: &Ports) {
    let (ann, bob, eve) = three(ports).await;
    let (mut one, other) = (group(ports, ann, &[bob]).await, group(ports, ann, &[]).await);
    let mut with_bob = direct(ports, ann, bob).await;
    direct(ports, bob, eve).await;
    one.post(ports, vec![text(ann, "1"), text(bob, "2")]).await;
    with_bob.say(ports, bob, "1").await;
    let mut positions = ports.users.positions(ann).await.unwrap();
    positions.sort_by_key(|p| p.room);
    let at = |owner: &Owner, seq| RoomPosition {
        room: owner.room,
        last_seq: Seq(seq),
        from_seq: Seq(1),
    };
    assert_eq!(positions, [at(&one, 2), at(&other, 0), at(&with_bob, 1)]);
}

pub async fn positions_follow_coming_and_going(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    let room = group(ports, ann, &[bob]).await;
    let rooms = async || ports.users.positions(bob).await.unwrap().len();
    assert_eq!(rooms().await, 1);
    room.change(
        ports,
        RoomChange::Remove {
            accounts: vec![bob],
            at: Timestamp(1),
        },
    )
    .await;
    assert_eq!(rooms().await, 0);
    room.add(ports, bob).await;
    assert_eq!(rooms().await, 1);
}

pub async fn a_position_says_since_when_one_is_there(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    let mut room = group(ports, ann, &[bob]).await;
    room.post(ports, vec![text(ann, "1"), text(ann, "2")]).await;
    room.remove(ports, bob).await;
    room.say(ports, ann, "3").await;
    room.add(ports, bob).await;
    room.say(ports, ann, "4").await;
    let positions = ports.users.positions(bob).await.unwrap();
    let seen: Vec<_> = positions.iter().map(|p| (p.last_seq, p.from_seq)).collect();
    assert_eq!(seen, [(Seq(4), Seq(4))]);
}

pub async fn how_far_peers_have_read_is_known_for_direct_rooms(ports: &Ports) {
    let (ann, bob, eve) = three(ports).await;
    let mut all = group(ports, ann, &[bob, eve]).await;
    let (mut with_bob, mut with_eve) = (direct(ports, ann, bob).await, direct(ports, eve, ann).await);
    let mut notes = direct(ports, ann, ann).await;
    for room in [&mut all, &mut with_bob, &mut with_eve, &mut notes] {
        room.post(ports, vec![text(ann, "1"), text(ann, "2")]).await;
    }
    let read = async |room: &Owner, by, up_to| {
        let mut batch = room.batch(vec![]);
        batch.reads = vec![(by, Seq(up_to))];
        append(ports, batch).await;
    };
    read(&all, bob, 2).await;
    read(&notes, ann, 2).await;
    assert_eq!(ports.users.read_by_peers(ann).await.unwrap(), []);
    read(&with_eve, eve, 1).await;
    read(&with_bob, ann, 1).await;
    assert_eq!(ports.users.read_by_peers(ann).await.unwrap(), [(eve, Seq(1))]);
    read(&with_bob, bob, 2).await;
    assert_eq!(
        ports.users.read_by_peers(ann).await.unwrap(),
        [(bob, Seq(2)), (eve, Seq(1))]
    );
    assert_eq!(ports.users.read_by_peers(bob).await.unwrap(), [(ann, Seq(1))]);
}

pub async fn an_account_without_anything_has_empty_lists(ports: &Ports) {
    let ann = person(ports, "ann").await;
    assert_eq!(ports.users.friends(ann, false).await.unwrap(), []);
    assert_eq!(ports.users.friends(ann, true).await.unwrap(), []);
    assert_eq!(ports.users.friend_requests(ann).await.unwrap(), []);
    assert_eq!(ports.users.groups(ann).await.unwrap(), []);
    assert_eq!(ports.users.join_requests(ann).await.unwrap(), []);
    assert_eq!(ports.users.positions(ann).await.unwrap(), []);
    assert_eq!(ports.users.read_by_peers(ann).await.unwrap(), []);
}

pub async fn those_one_has_talked_to_come_with_the_latest_talk_first(ports: &Ports) {
    let (ann, bob, eve) = three(ports).await;
    let max = person(ports, "max").await;
    let mut with_bob = direct(ports, ann, bob).await;
    let mut with_eve = direct(ports, eve, ann).await;
    let mut notes = direct(ports, ann, ann).await;
    // Nothing was said there.
    direct(ports, ann, max).await;
    group(ports, ann, &[max])
        .await
        .say(ports, max, "in a group")
        .await;
    with_bob.say(ports, bob, "1").await;
    with_eve.say(ports, ann, "1").await;
    notes.say(ports, ann, "a note").await;
    let peers = async |of| -> Vec<_> {
        let peers = ports.users.peers(of, 10).await.unwrap();
        peers.into_iter().map(|account| account.id).collect()
    };
    assert_eq!(peers(ann).await, [eve, bob]);
    with_bob.say(ports, ann, "2").await;
    assert_eq!(peers(ann).await, [bob, eve]);
    assert_eq!((peers(bob).await, peers(max).await), (vec![ann], vec![]));
    assert_eq!(ports.users.peers(ann, 1).await.unwrap().len(), 1);
}
