//! The journal's store: running counts, from which unread messages follow.

use super::stage::{NOW, Owner, direct, group, notice, person, text, three};
use crate::model::{Counts, Seq};
use crate::ports::Ports;

pub async fn unread_in_a_group_counts_what_everybody_wrote(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    let mut room = group(ports, ann, &[bob]).await;
    assert_eq!(room.unread(ports, bob, 0).await, 0);
    room.post(ports, vec![text(ann, "1"), text(bob, "2"), text(ann, "3")])
        .await;
    assert_eq!(room.counts, Counts { low: 3, high: 0 });
    for (after, unread) in [(0, 3), (1, 2), (2, 1), (3, 0)] {
        assert_eq!(room.unread(ports, bob, after).await, unread, "after {after}");
    }
}

pub async fn unread_in_a_direct_room_counts_what_the_other_side_wrote(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    let mut room = direct(ports, ann, bob).await;
    let posts = vec![text(ann, "1"), text(bob, "2"), text(ann, "3"), text(ann, "4")];
    room.post(ports, posts).await;
    for (after, of_ann, of_bob) in [(0, 3, 1), (1, 2, 1), (2, 2, 0), (3, 1, 0), (4, 0, 0)] {
        assert_eq!(room.unread(ports, bob, after).await, of_ann, "bob after {after}");
        assert_eq!(room.unread(ports, ann, after).await, of_bob, "ann after {after}");
    }
}

pub async fn notes_to_oneself_are_never_unread(ports: &Ports) {
    let ann = person(ports, "ann").await;
    let mut room = direct(ports, ann, ann).await;
    room.post(ports, vec![text(ann, "milk"), text(ann, "bread")])
        .await;
    assert_eq!(room.unread(ports, ann, 0).await, 0);
    assert_eq!(room.last_seq, Seq(2));
}

pub async fn uncounted_kinds_make_nothing_unread(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    let mut room = group(ports, ann, &[bob]).await;
    room.post(
        ports,
        vec![notice(ann, "n"), text(ann, "1"), notice(ann, "n"), text(ann, "2")],
    )
    .await;
    assert_eq!(room.last_seq, Seq(4));
    assert_eq!(room.counts, Counts { low: 2, high: 0 });
    for (after, unread) in [(0, 2), (1, 2), (2, 1), (3, 1), (4, 0)] {
        assert_eq!(room.unread(ports, bob, after).await, unread, "after {after}");
    }
}

pub async fn a_revoked_message_is_not_unread(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    let mut room = group(ports, ann, &[bob]).await;
    let posts = vec![text(ann, "1"), text(ann, "2"), notice(ann, "n"), text(ann, "3")];
    let messages = room.post(ports, posts).await;
    room.revoke(ports, &messages[1], NOW).await;
    room.revoke(ports, &messages[2], NOW).await;
    for (after, unread) in [(0, 2), (1, 1), (2, 1), (4, 0)] {
        assert_eq!(room.unread(ports, bob, after).await, unread, "after {after}");
    }
}

pub async fn a_revoked_message_in_a_direct_room_lowers_only_the_readers_count(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    let mut room = direct(ports, ann, bob).await;
    let messages = room
        .post(ports, vec![text(ann, "1"), text(bob, "2"), text(ann, "3")])
        .await;
    room.revoke(ports, &messages[0], NOW).await;
    assert_eq!(room.unread(ports, bob, 0).await, 1);
    assert_eq!(room.unread(ports, bob, 1).await, 1);
    assert_eq!(room.unread(ports, ann, 0).await, 1);
}

pub async fn counts_go_on_after_a_change_of_owner(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    let mut room = direct(ports, ann, bob).await;
    room.post(ports, vec![text(ann, "1"), text(bob, "2")]).await;
    let mut new_owner = Owner::of(ports, room.room).await;
    assert_eq!(
        (new_owner.last_seq, new_owner.counts),
        (room.last_seq, room.counts)
    );
    new_owner.say(ports, ann, "3").await;
    assert_eq!(new_owner.unread(ports, bob, 0).await, 2);
    assert_eq!(new_owner.unread(ports, ann, 0).await, 1);
}
