//! Logins, frames and answers.

use super::*;

#[test]
fn a_bad_token_leaves_the_connection_open_and_deaf() {
    let mut talk = Talk::stranger();
    talk.says(auth());
    talk.says(ClientRequest::Sync(0));
    assert!(matches!(talk.asked[..], [Effect::Prove(_)]));
    talk.with(|connection, now, out| connection.proven(Ok(None), now, out));
    talk.says(ClientRequest::Im(im(ANN, 102, "x")));
    talk.says(ClientRequest::Ping);
    assert_eq!(talk.take(), ["1 v0 AUTH_STATUS 1", "2 v0 PONG"]);
    assert_eq!(talk.asked.len(), 1);
}

#[test]
fn storage_that_is_away_closes_instead_of_refusing_the_token() {
    let mut talk = Talk::stranger();
    talk.says(auth());
    let away = Failure::Unavailable(String::new());
    talk.with(|connection, now, out| connection.proven(Err(away), now, out));
    assert_eq!(talk.asked.last(), Some(&Effect::Close));
    assert_eq!(talk.take(), Vec::<String>::new());
}

#[test]
fn pipelined_frames_are_worked_off_in_order_after_the_login() {
    let mut talk = Talk::stranger();
    talk.says(auth());
    talk.says(ClientRequest::EnterRoom(55));
    talk.says(ClientRequest::Sync(0));
    talk.says(ClientRequest::SyncGroup { group: 11, key: 4 });
    talk.says(ClientRequest::Ping);
    assert_eq!(talk.take(), ["1 v0 PONG"]);
    assert_eq!(talk.asked.len(), 1);
    talk.proven();
    assert_eq!(
        talk.asked[1..],
        [Effect::Listen(Some(TopicId(55))), sync_from(None)]
    );
    talk.with(|connection, now, out| connection.synced(Ok(inbox(vec![], 0, false)), now, out));
    let group = Effect::SyncGroup {
        group: SUPER,
        after: Seq(4),
    };
    assert_eq!(talk.asked.last(), Some(&group));
    assert_eq!(
        talk.take(),
        ["2 v1 AUTH_STATUS 0", "3 v1 SYNC_BEGIN 0", "4 v1 SYNC_END 0"]
    );
    // A second login is passed over.
    talk.says(auth());
    assert_eq!(talk.asked.last(), Some(&group));
}

#[test]
fn a_super_group_is_synced_oldest_first_to_its_end() {
    let mut talk = Talk::ann();
    talk.says(ClientRequest::SyncGroup { group: 11, key: 0 });
    let page = HistoryPage {
        messages: vec![message(SUPER, 3, ANN, "s3"), message(SUPER, 2, BOB, "s2")],
        last_seq: Seq(3),
        ..HistoryPage::default()
    };
    talk.with(|connection, now, out| connection.group_synced(Ok(page), now, out));
    assert_eq!(
        talk.take(),
        [
            "2 v1 SYNC_GROUP_BEGIN 11 3",
            "3 v1 GROUP_IM 102>11 #0 s2",
            "4 v1 flag=8 GROUP_IM 101>11 #0 s3",
            "5 v1 SYNC_GROUP_END 11 3",
        ]
    );
    talk.says(ClientRequest::SyncGroup { group: 10, key: 0 });
    talk.says(ClientRequest::SyncGroup { group: 99, key: 0 });
    talk.says(ClientRequest::SyncGroup { group: 11, key: 0 });
    let left = Err(Failure::NotMember);
    talk.with(|connection, now, out| connection.group_synced(left, now, out));
    assert_eq!(talk.take(), Vec::<String>::new());
}

#[test]
fn a_sync_shows_what_is_stored_and_ends_with_the_last_key() {
    let mut talk = Talk::ann();
    talk.says(ClientRequest::Sync(5));
    let mut notice = message(GROUP, 2, AccountId(0), "");
    (notice.kind, notice.body) = (MessageKind::Notice, r#"{"disband":{}}"#.into());
    let mut system = message(DIRECT, 3, AccountId(0), "sys");
    system.kind = MessageKind::Custom("system".into());
    let items = vec![
        (20, message(DIRECT, 1, ANN, "mine")),
        (21, notice),
        (22, system),
        (23, message(DIRECT, 4, BOB, "hers")),
    ];
    talk.with(|connection, now, out| connection.synced(Ok(inbox(items, 99, true)), now, out));
    assert_eq!(
        talk.take(),
        [
            "2 v1 SYNC_BEGIN 23",
            "3 v1 flag=8 IM 101>102 #7 mine",
            "4 v1 GROUP_NOTIFICATION {\"disband\":{}}",
            "5 v1 SYSTEM sys",
            "6 v1 IM 102>101 #7 hers",
            "7 v1 SYNC_END 23",
            "8 v1 SYNC_NOTIFY 24",
        ]
    );
}

#[test]
fn a_client_that_claims_to_be_further_is_told_where_the_end_is() {
    for (asked, end, told) in [(99, 23, 23), (20, 23, 20), (0, 23, 23)] {
        let mut talk = Talk::ann();
        talk.says(ClientRequest::Sync(asked));
        talk.with(|connection, now, out| connection.synced(Ok(inbox(vec![], end, false)), now, out));
        assert_eq!(talk.take()[1], format!("3 v1 SYNC_END {told}"));
    }
}

#[test]
fn who_is_no_member_is_acknowledged_as_ever_and_what_failed_is_not() {
    let refused = |to: ClientRequest, failure| {
        let mut talk = Talk::ann();
        talk.says(to);
        talk.with(|connection, now, out| connection.posted(Err(failure), now, out));
        (talk.take(), talk.asked.pop())
    };
    let to_group = || ClientRequest::GroupIm(im(ANN, 10, "x"));
    let to_peer = || ClientRequest::Im(im(ANN, 102, "x"));
    for failure in [
        Failure::NotMember,
        Failure::Unknown(Thing::Room),
        Failure::Dissolved,
    ] {
        assert_eq!(refused(to_group(), failure).0, ["2 v1 ACK 2"]);
    }
    for failure in [
        Failure::Blocked,
        Failure::Unknown(Thing::Account),
        Failure::Muted { until: NOW },
    ] {
        let (shown, asked) = refused(to_peer(), failure);
        assert_eq!(shown, Vec::<String>::new());
        assert!(matches!(asked, Some(Effect::Post { .. })));
    }
    for failure in [Failure::OutcomeUnknown, Failure::Unavailable(String::new())] {
        let (shown, asked) = refused(to_group(), failure);
        assert_eq!((shown, asked), (Vec::new(), Some(Effect::Close)));
    }
}

#[test]
fn a_sender_that_is_somebody_else_is_passed_over() {
    let mut talk = Talk::ann();
    talk.says(ClientRequest::Im(im(BOB, 102, "x")));
    talk.says(ClientRequest::GroupIm(im(BOB, 10, "x")));
    let rt = Rt {
        sender: BOB.0,
        receiver: 102,
        content: "x".into(),
    };
    talk.says(ClientRequest::Rt(rt));
    let customer = Customer {
        sender_app: 8,
        sender: ANN.0,
        receiver_app: 7,
        receiver: 102,
        time: 0,
        content: "x".into(),
    };
    talk.says(ClientRequest::Customer(customer));
    assert_eq!((talk.take(), talk.asked), (Vec::new(), Vec::new()));
}

#[test]
fn the_clients_key_is_stored_now_and_then_and_at_the_end() {
    let mut talk = Talk::ann();
    talk.says(ClientRequest::SyncKey(20));
    talk.says(ClientRequest::SyncKey(30));
    talk.says(ClientRequest::SyncKey(25));
    assert_eq!(talk.asked, []);
    talk.now = Timestamp(6_000);
    talk.with(Connection::tick);
    assert_eq!(talk.asked, [Effect::KeepKey(CommitKey(30))]);
    talk.says(ClientRequest::SyncKey(40));
    talk.with(|connection, _, out| connection.end(out));
    assert_eq!(talk.asked.last(), Some(&Effect::KeepKey(CommitKey(40))));
}

#[test]
fn a_client_that_says_nothing_for_six_minutes_is_dropped() {
    let mut talk = Talk::ann();
    talk.now = Timestamp(1_000 + 359_999);
    talk.with(Connection::tick);
    assert_eq!(talk.asked, []);
    talk.now = Timestamp(1_000 + 360_000);
    talk.with(Connection::tick);
    assert_eq!(talk.asked, [Effect::Close]);
}

#[test]
fn beyond_a_bound_no_more_frames_are_taken_until_some_are_worked_off() {
    let mut talk = Talk::ann();
    for _ in 0..=Connection::WAITING_FRAMES_MAX {
        assert!(talk.connection.takes_frames());
        talk.says(ClientRequest::Im(im(ANN, 102, "x")));
    }
    assert!(!talk.connection.takes_frames());
    let failure = Err(Failure::Unknown(Thing::Account));
    talk.with(|connection, now, out| connection.posted(failure, now, out));
    assert!(talk.connection.takes_frames());
}
