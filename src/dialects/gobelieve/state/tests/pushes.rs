//! What a connection is shown, and when.

use super::*;

#[test]
fn a_peer_message_is_shown_when_its_line_comes_with_the_key_right_before_its_own() {
    let mut talk = Talk::ann();
    talk.hears(posted(message(DIRECT, 1, BOB, "m1")));
    talk.hears(posted(message(GROUP, 1, BOB, "g1")));
    assert_eq!(talk.take(), Vec::<String>::new());
    talk.lines(&[(20, GROUP, 1), (30, DIRECT, 1)]);
    assert_eq!(
        talk.take(),
        [
            "2 v1 METADATA 20 5",
            "3 v1 flag=10 GROUP_IM 102>10 #0 g1",
            "4 v1 SYNC_NOTIFY 20",
            "5 v1 METADATA 30 20",
            "6 v1 flag=10 IM 102>101 #7 m1",
            "7 v1 SYNC_NOTIFY 30",
        ]
    );
}

#[test]
fn a_line_whose_message_did_not_come_is_left_to_a_sync() {
    let mut talk = Talk::ann();
    talk.lines(&[(20, GROUP, 1)]);
    talk.hears(posted(message(GROUP, 2, BOB, "g2")));
    talk.lines(&[(21, GROUP, 2)]);
    assert_eq!(
        talk.take(),
        [
            "2 v1 SYNC_NOTIFY 20",
            "3 v1 METADATA 21 20",
            "4 v1 flag=10 GROUP_IM 102>10 #0 g2",
            "5 v1 SYNC_NOTIFY 21",
        ]
    );
    // What the login knew of already is not told again.
    talk.lines(&[(9, GROUP, 9)]);
    assert_eq!(talk.take(), Vec::<String>::new());
}

#[test]
fn a_sent_message_is_acknowledged_right_after_its_metadata_and_not_shown() {
    let mut talk = Talk::ann();
    talk.says(ClientRequest::Im(im(ANN, 102, "mine")));
    talk.says(ClientRequest::Sync(5));
    let sent = message(DIRECT, 1, ANN, "mine");
    // The push and the line may come before the answer.
    talk.hears(posted(sent.clone()));
    talk.lines(&[(20, DIRECT, 1)]);
    assert_eq!(talk.take(), Vec::<String>::new());
    talk.posted(sent);
    assert_eq!(talk.take(), ["2 v1 METADATA 20 5", "3 v1 ACK 2"]);
    assert_eq!(talk.asked.last(), Some(&sync_from(Some(5))));
    talk.hears(posted(message(DIRECT, 2, BOB, "hers")));
    talk.lines(&[(21, DIRECT, 2)]);
    assert_eq!(talk.take()[0], "4 v1 METADATA 21 20");
}

#[test]
fn another_login_of_the_sender_is_shown_the_message() {
    let mut talk = Talk::ann();
    talk.hears(posted(message(DIRECT, 1, ANN, "from another tab")));
    talk.lines(&[(20, DIRECT, 1)]);
    assert_eq!(talk.take()[1], "3 v1 flag=10 IM 101>102 #7 from another tab");
}

#[test]
fn an_acknowledgement_does_not_wait_for_its_key_for_ever() {
    let mut talk = Talk::ann();
    talk.says(ClientRequest::GroupIm(im(ANN, 10, "mine")));
    talk.posted(message(GROUP, 1, ANN, "mine"));
    assert_eq!(talk.take(), Vec::<String>::new());
    assert_eq!(talk.connection.due(), Timestamp(2_500));
    talk.now = Timestamp(2_500);
    talk.with(Connection::tick);
    assert_eq!(talk.take(), ["2 v1 ACK 2"]);
    talk.hears(posted(message(GROUP, 1, ANN, "mine")));
    talk.lines(&[(20, GROUP, 1)]);
    assert_eq!(talk.take(), Vec::<String>::new());
}

#[test]
fn super_groups_go_by_their_own_seq() {
    let mut talk = Talk::ann();
    talk.hears(posted(message(SUPER, 1, BOB, "s1")));
    talk.says(ClientRequest::GroupIm(im(ANN, 11, "s2")));
    talk.hears(posted(message(SUPER, 2, ANN, "s2")));
    talk.posted(message(SUPER, 2, ANN, "s2"));
    assert_eq!(
        talk.take(),
        [
            "2 v1 METADATA 1 0",
            "3 v1 flag=30 GROUP_IM 102>11 #0 s1",
            "4 v1 SYNC_GROUP_NOTIFY 11 1",
            "5 v1 METADATA 2 1",
            "6 v1 flag=20 ACK 2",
        ]
    );
    talk.with(|connection, _, out| connection.behind(SUPER, Seq(9), out));
    assert_eq!(talk.take(), ["7 v1 SYNC_GROUP_NOTIFY 11 9"]);
    // In a normal group it is the lines that tell.
    talk.with(|connection, _, out| connection.behind(GROUP, Seq(9), out));
    assert_eq!(talk.take(), Vec::<String>::new());
}

#[test]
fn notices_and_system_messages_are_announced_and_come_by_a_sync() {
    let mut talk = Talk::ann();
    let mut notice = message(GROUP, 1, AccountId(0), "");
    (notice.kind, notice.body) = (MessageKind::Notice, r#"{"disband":{}}"#.into());
    talk.hears(posted(notice.clone()));
    talk.lines(&[(20, GROUP, 1)]);
    notice.room = SUPER;
    talk.hears(posted(notice));
    assert_eq!(
        talk.take(),
        ["2 v1 SYNC_NOTIFY 20", "3 v1 SYNC_GROUP_NOTIFY 11 1"]
    );
}

#[test]
fn signals_and_rooms_are_passed_on_and_not_kept() {
    let mut talk = Talk::ann();
    let said = |origin, topic| Push::Said {
        topic: TopicId(topic),
        from: BOB,
        origin,
        body: "hi".into(),
    };
    talk.says(ClientRequest::EnterRoom(55));
    talk.hears(said(2, 55));
    talk.hears(said(2, 56));
    talk.hears(said(1, 55));
    talk.hears(Push::Signal {
        from: BOB,
        to: ANN,
        body: "rt".into(),
    });
    talk.hears(Push::Signal {
        from: AccountId(0),
        to: ANN,
        body: "note".into(),
    });
    let to_room = |room| {
        ClientRequest::RoomIm(Rt {
            sender: ANN.0,
            receiver: room,
            content: "x".into(),
        })
    };
    talk.says(to_room(56));
    talk.says(to_room(55));
    talk.hears(Push::Silenced {
        account: ANN,
        silenced: true,
    });
    talk.says(to_room(55));
    assert_eq!(
        talk.take(),
        [
            "2 v1 ROOM_IM 102>55 hi",
            "3 v1 RT 102>101 rt",
            "4 v1 NOTIFICATION note",
            "5 v1 ACK 4"
        ]
    );
    talk.says(ClientRequest::LeaveRoom(55));
    talk.hears(said(2, 55));
    assert_eq!(talk.take(), Vec::<String>::new());
    assert_eq!(talk.asked.last(), Some(&Effect::Listen(None)));
}

#[test]
fn a_group_it_was_not_told_of_is_looked_at_before_its_messages_are_sorted() {
    let mut talk = Talk::ann();
    let room = RoomId(12);
    talk.hears(posted(message(room, 1, BOB, "one")));
    talk.hears(posted(message(room, 2, BOB, "two")));
    assert_eq!(talk.asked, [Effect::Learn(room)]);
    talk.with(|connection, now, out| connection.learned(room, true, now, out));
    assert_eq!(talk.take().len(), 6);
}

#[test]
fn lost_lines_are_made_good_by_asking_where_the_account_stands() {
    let mut talk = Talk::ann();
    talk.with(|connection, _, out| connection.missed_lines(out));
    assert_eq!(talk.asked, [Effect::Place]);
    talk.hears(posted(message(GROUP, 3, BOB, "x")));
    talk.lines(&[(40, GROUP, 3)]);
    assert_eq!(talk.take(), Vec::<String>::new());
    let place = Place {
        end: CommitKey(30),
        clear: CommitKey(35),
    };
    talk.with(|connection, now, out| connection.placed(place, now, out));
    assert_eq!(talk.take()[..2], ["2 v1 SYNC_NOTIFY 30", "3 v1 METADATA 40 30"]);
}
