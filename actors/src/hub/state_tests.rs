//! Where sessions stand, as transcripts.

use super::*;
use std::cell::RefCell;

const ROOM: RoomId = RoomId(1);
const NOW: Timestamp = Timestamp(7);

/// Hands `first..=last` to the hub; sessions named in `full` take nothing. Returns who took it.
fn deliver(hub: &mut HubState<&'static str>, first: i64, last: i64, full: &[&str]) -> Vec<&'static str> {
    let taken = RefCell::new(Vec::new());
    if let Arrival::Fresh { skip } = hub.arrived(ROOM, Seq(first), Seq(last)) {
        let hand = |sink: &&'static str, _| {
            let takes = !full.contains(sink);
            if takes {
                taken.borrow_mut().push(*sink);
            }
            takes
        };
        let wave = wave(first + skip as i64, last);
        while !hub.hand_over(&wave, 1, hand, |_| {}).all {}
    }
    taken.into_inner()
}

fn wave(first: i64, last: i64) -> Wave {
    Wave {
        room: ROOM,
        first: Seq(first),
        last: Seq(last),
        now: NOW,
    }
}

fn two() -> (HubState<&'static str>, SlotId, SlotId) {
    let mut hub = HubState::default();
    let (ann, first) = hub.enter(AccountId(1), "ann");
    assert!(first);
    let (bob, _) = hub.enter(AccountId(2), "bob");
    assert_eq!(hub.start(ann, &[(ROOM, Seq(0))], NOW), [ROOM]);
    assert_eq!(hub.start(bob, &[(ROOM, Seq(0))], NOW), []);
    (hub, ann, bob)
}

#[test]
fn followers_get_every_message_once_in_order() {
    let (mut hub, ..) = two();
    assert_eq!(deliver(&mut hub, 1, 1, &[]), ["ann", "bob"]);
    assert_eq!(deliver(&mut hub, 1, 1, &[]), Vec::<&str>::new());
    assert_eq!(deliver(&mut hub, 1, 3, &[]), ["ann", "bob"]);
}

#[test]
fn who_leaves_or_comes_during_a_wave_makes_it_miss_nobody() {
    let (mut hub, ann, _) = two();
    let eve = hub.enter(AccountId(3), "eve").0;
    hub.start(eve, &[(ROOM, Seq(0))], NOW);
    let taken = RefCell::new(Vec::new());
    let hand = |sink: &&'static str, _| {
        taken.borrow_mut().push(*sink);
        true
    };
    hub.arrived(ROOM, Seq(1), Seq(1));
    assert!(!hub.hand_over(&wave(1, 1), 1, hand, |_| {}).all);
    hub.exit(ann);
    let zoe = hub.enter(AccountId(4), "zoe").0;
    hub.start(zoe, &[(ROOM, Seq(0))], NOW);
    let rest = hub.hand_over(&wave(1, 1), 9, hand, |_| {});
    assert_eq!(rest, HandedOver { taken: 2, all: true });
    assert_eq!(*taken.borrow(), ["ann", "bob", "eve"]);
    assert_eq!(hub.behind(zoe).map(|b| (b.from, b.to)), Some((Seq(1), Seq(1))));
}

#[test]
fn what_comes_during_a_wave_goes_along_from_where_it_is_and_once_round() {
    let (mut hub, ann, _) = two();
    let eve = hub.enter(AccountId(3), "eve").0;
    hub.start(eve, &[(ROOM, Seq(0))], NOW);
    let given = RefCell::new(Vec::new());
    let hand = |sink: &&'static str, seen: Seq| {
        given.borrow_mut().push(format!("{sink} has {}", seen.0));
        true
    };
    hub.arrived(ROOM, Seq(1), Seq(1));
    assert_eq!(
        hub.hand_over(&wave(1, 1), 1, hand, |_| {}),
        HandedOver { taken: 1, all: false }
    );
    hub.arrived(ROOM, Seq(2), Seq(3));
    assert_eq!(
        hub.hand_over(&wave(1, 3), 1, hand, |_| {}),
        HandedOver { taken: 3, all: false }
    );
    // Whoever has had its turn leaves, and one comes who has seen all there is.
    hub.exit(ann);
    let zoe = hub.enter(AccountId(4), "zoe").0;
    hub.start(zoe, &[(ROOM, Seq(3))], NOW);
    let ann = hub.enter(AccountId(1), "ann again").0;
    hub.start(ann, &[(ROOM, Seq(1))], NOW);
    assert_eq!(
        hub.hand_over(&wave(1, 3), 9, hand, |_| {}),
        HandedOver { taken: 3, all: true }
    );
    assert_eq!(*given.borrow(), ["ann has 0", "bob has 0", "eve has 0"]);
    assert_eq!(hub.behind(ann).map(|b| (b.from, b.to)), Some((Seq(2), Seq(3))));
    given.take();
    hub.arrived(ROOM, Seq(4), Seq(4));
    assert!(hub.hand_over(&wave(4, 4), 9, hand, |_| {}).all);
    assert_eq!(given.take(), ["zoe has 3", "bob has 3", "eve has 3"]);
}

#[test]
fn a_full_session_is_behind_until_it_has_read_back_what_it_missed() {
    let (mut hub, ann, _) = two();
    assert_eq!(deliver(&mut hub, 1, 2, &["ann"]), ["bob"]);
    assert_eq!(deliver(&mut hub, 3, 3, &[]), ["bob"]);
    assert_eq!(
        hub.behind(ann),
        Some(Behind {
            room: ROOM,
            from: Seq(1),
            to: Seq(3),
            since: NOW,
            signals: 0
        })
    );
    assert!(!hub.caught_up(ann, ROOM, Seq(2), Some(0)));
    assert_eq!(deliver(&mut hub, 4, 4, &[]), ["bob"]);
    assert!(!hub.caught_up(ann, ROOM, Seq(3), Some(0)));
    assert!(hub.caught_up(ann, ROOM, Seq(4), Some(0)));
    assert_eq!(hub.behind(ann), None);
    assert_eq!(deliver(&mut hub, 5, 5, &[]), ["ann", "bob"]);
}

#[test]
fn a_hole_puts_every_follower_behind() {
    let (mut hub, ann, bob) = two();
    assert_eq!(deliver(&mut hub, 3, 3, &[]), Vec::<&str>::new());
    for slot in [ann, bob] {
        assert_eq!(hub.behind(slot).map(|b| (b.from, b.to)), Some((Seq(1), Seq(3))));
    }
}

#[test]
fn a_session_that_has_seen_less_than_the_room_starts_behind() {
    let (mut hub, ..) = two();
    deliver(&mut hub, 1, 4, &[]);
    let (eve, _) = hub.enter(AccountId(3), "eve");
    hub.follow(eve, ROOM, Seq(2), NOW);
    assert_eq!(hub.behind(eve).map(|b| (b.from, b.to)), Some((Seq(3), Seq(4))));
}

#[test]
fn a_session_that_has_seen_more_than_arrived_here_is_not_shown_it_again() {
    let (mut hub, ..) = two();
    let (eve, _) = hub.enter(AccountId(3), "eve");
    hub.start(eve, &[(ROOM, Seq(2))], NOW);
    assert_eq!(deliver(&mut hub, 1, 2, &[]), ["ann", "bob"]);
    assert_eq!(deliver(&mut hub, 3, 3, &[]), ["ann", "bob", "eve"]);
}

#[test]
fn the_last_session_to_leave_empties_the_room_and_the_account() {
    let (mut hub, ann, bob) = two();
    let left = |account, rooms| Emptied {
        account: Some(AccountId(account)),
        rooms,
        topic: None,
    };
    assert_eq!(hub.exit(ann), left(1, vec![]));
    assert_eq!(hub.exit(bob), left(2, vec![ROOM]));
    assert!(hub.is_empty());
    assert_eq!(hub.arrived(ROOM, Seq(1), Seq(1)), Arrival::Nobody);
}

#[test]
fn a_second_session_of_an_account_keeps_it_here() {
    let (mut hub, ann, _) = two();
    let (again, first) = hub.enter(AccountId(1), "ann2");
    assert!(!first);
    assert_eq!(hub.exit(ann).account, None);
    assert_eq!(hub.slots_of(AccountId(1)), vec![again]);
}

#[test]
fn a_missed_signal_is_re_read_too() {
    let (mut hub, ann, _) = two();
    assert_eq!(hub.hand_signal(ROOM, NOW, |sink| *sink != "ann", |_| {}), 1);
    assert_eq!(
        hub.behind(ann),
        Some(Behind {
            room: ROOM,
            from: Seq(1),
            to: Seq(0),
            since: NOW,
            signals: 1
        })
    );
    // Another one while the first is being re-read.
    assert_eq!(hub.hand_signal(ROOM, NOW, |_| true, |_| {}), 1);
    assert!(!hub.caught_up(ann, ROOM, Seq(0), Some(1)));
    assert_eq!(hub.behind(ann).map(|b| b.signals), Some(2));
    assert!(hub.caught_up(ann, ROOM, Seq(0), Some(2)));
    assert_eq!(hub.hand_signal(ROOM, NOW, |_| true, |_| {}), 2);
}

#[test]
fn what_an_account_leaves_while_its_session_opens_stays_left() {
    let mut hub = HubState::default();
    let (ann, _) = hub.enter(AccountId(1), "ann");
    let other = RoomId(2);
    hub.unfollow(ann, ROOM);
    hub.unfollow(ann, other);
    hub.follow(ann, other, Seq(4), NOW);
    let fresh = hub.start(ann, &[(ROOM, Seq(7)), (other, Seq(4)), (RoomId(3), Seq(0))], NOW);
    assert_eq!(fresh, [RoomId(3)]);
    assert_eq!(hub.arrived(ROOM, Seq(8), Seq(8)), Arrival::Nobody);
    assert_eq!(hub.arrived(other, Seq(5), Seq(5)), Arrival::Fresh { skip: 0 });
}

#[test]
fn a_room_followed_from_the_beginning_while_opening_starts_where_the_session_does() {
    let mut hub = HubState::default();
    let (ann, _) = hub.enter(AccountId(1), "ann");
    hub.follow(ann, ROOM, Seq(0), NOW);
    hub.start(ann, &[(ROOM, Seq(500))], NOW);
    assert_eq!(hub.behind(ann), None);
    assert_eq!(deliver(&mut hub, 501, 501, &[]), ["ann"]);
}

#[test]
fn a_revocation_that_is_told_again_is_known_and_not_for_ever() {
    let (mut hub, ..) = two();
    assert!(
        !hub.revocation(RoomId(2), MessageId(1)),
        "nobody follows the room"
    );
    assert!(hub.revocation(ROOM, MessageId(1)));
    assert!(!hub.revocation(ROOM, MessageId(1)));
    for id in 2..=HubState::<&str>::REVOCATIONS_KEPT_MAX as i64 + 1 {
        assert!(hub.revocation(ROOM, MessageId(id)));
    }
    assert!(hub.revocation(ROOM, MessageId(1)));
}

#[test]
fn whoever_is_behind_looks_as_far_back_as_a_signal_that_came_late() {
    let (mut hub, ann, _) = two();
    deliver(&mut hub, 1, 1, &["ann"]);
    assert_eq!(hub.hand_signal(ROOM, Timestamp(3), |_| true, |_| {}), 1);
    let behind = hub.behind(ann).expect("ann is behind");
    assert_eq!((behind.since, behind.signals), (Timestamp(3), 1));
}

#[test]
fn a_session_that_opens_is_shown_nothing_from_before_its_start() {
    let mut hub = HubState::default();
    let (ann, _) = hub.enter(AccountId(1), "ann");
    // It is known from elsewhere that ann is in the room, before it is known where she starts.
    hub.follow(ann, ROOM, Seq(0), NOW);
    assert_eq!(deliver(&mut hub, 1, 1, &[]), Vec::<&str>::new());
    assert_eq!(deliver(&mut hub, 2, 2, &[]), Vec::<&str>::new());
    hub.start(ann, &[(ROOM, Seq(2))], NOW);
    assert_eq!(hub.behind(ann), None);
    assert_eq!(deliver(&mut hub, 3, 3, &[]), ["ann"]);
}

#[test]
fn what_is_said_and_taken_back_between_the_look_and_the_start_is_read_back() {
    let mut hub = HubState::default();
    let (ann, _) = hub.enter(AccountId(1), "ann");
    hub.follow(ann, ROOM, Seq(0), NOW);
    deliver(&mut hub, 1, 2, &[]);
    assert_eq!(hub.hand_signal(ROOM, NOW, |_| true, |_| {}), 0);
    hub.start(ann, &[(ROOM, Seq(1))], NOW);
    let behind = hub.behind(ann).expect("ann reads back");
    assert_eq!((behind.from, behind.to, behind.signals), (Seq(2), Seq(2), 1));
    assert!(hub.caught_up(ann, ROOM, Seq(2), Some(1)));
}
