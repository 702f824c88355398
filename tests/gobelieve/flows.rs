//! The flows of the protocol, frame by frame: kinds, order, flags, and how keys follow each other.

use crate::app::{App, Person};
use crate::client::{Client, Frame, longs};
use serde_json::json;

on_both_storages!(
    a_bad_token_is_refused_and_the_connection_stays_open,
    pipelined_frames_are_answered_in_order,
    a_first_peer_message_is_acknowledged_pushed_and_synced,
    keys_follow_each_other_from_message_to_message,
    what_was_missed_comes_by_the_next_sync,
    a_normal_group_needs_no_knowledge_of_it,
    a_super_group_is_caught_up_with_by_itself,
    who_is_no_member_is_acknowledged_and_nothing_is_stored,
    every_login_of_the_sender_but_the_sending_one_is_shown_its_message,
    only_the_writing_device_has_a_message_marked_as_its_own,
    a_group_is_told_of_every_change_by_a_sync,
    signals_and_rooms_reach_whoever_is_there,
    the_servers_key_serves_a_client_that_has_none,
    customers_of_the_same_app_are_passed_on,
    a_newer_client_is_told_why_a_message_was_not_stored,
);

/// Asserts that a metadata frame carries this key after that one.
fn follows(metadata: &Frame, key: i64, previous: i64) {
    assert_eq!((metadata.long(0), metadata.long(1)), (key, previous));
    assert_eq!(&metadata.body[16..], [0; 16]);
    assert!(key > previous && key < 1 << 53, "{key} after {previous}");
}

async fn a_bad_token_is_refused_and_the_connection_stays_open(app: App) {
    let ann = app.grant(101, "ann").await;
    let mut client = Client::open(app.server.address).await;
    client.auth("rubbish", 3, "dev").await;
    client.send(26, &longs(&[0])).await;
    let status = client.expect(&["AUTH_STATUS 1"]).await;
    assert_eq!(status[0].version, 0, "nobody's version is known");
    client.say(4, &ann, 101, "x").await;
    client.send(13, b"").await;
    client.expect(&["PONG"]).await;
    // Nothing was answered meanwhile; another token may be tried.
    client.auth(&ann.token, 3, "dev").await;
    client.expect(&["AUTH_STATUS 0"]).await;
}

async fn pipelined_frames_are_answered_in_order(app: App) {
    let (ann, bob, _) = app.three().await;
    let group = app.group(&ann, true, &[&ann, &bob]).await;
    let mut client = Client::open(app.server.address).await;
    client.auth(&ann.token, 3, "dev").await;
    client.send(18, &longs(&[55])).await;
    client.send(26, &longs(&[0])).await;
    client.send(30, &longs(&[group, 0])).await;
    client.auth(&ann.token, 3, "dev").await;
    client.send(13, b"").await;
    let mut frames = Vec::new();
    while frames.len() < 7 {
        frames.push(client.next().await);
    }
    // A ping is answered at once, whatever is under way.
    let pong = frames.iter().position(|frame| frame.command == 14).unwrap();
    frames.remove(pong);
    let commands: Vec<u8> = frames.iter().map(|frame| frame.command).collect();
    assert_eq!(commands, [3, 27, 28, 31, 7, 32]);
    client.expect_nothing().await;
}

async fn a_first_peer_message_is_acknowledged_pushed_and_synced(app: App) {
    let (ann, bob, _) = app.three().await;
    let (mut anns, mut bobs) = (app.synced(&ann).await, app.synced(&bob).await);
    let seq = anns.say(4, &ann, 102, "{\"text\":\"m1\"}").await;
    let acked = anns.expect(&["METADATA", &format!("ACK {seq}")]).await;
    let key = acked[0].long(0);
    follows(&acked[0], key, 0);
    let pushed = bobs
        .expect(&["METADATA", "IM 101>102 #7 {\"text\":\"m1\"} +10", "SYNC_NOTIFY"])
        .await;
    follows(&pushed[0], key, 0);
    assert_eq!(pushed[2].long(0), key);
    assert!(pushed[1].int(16) > 1_500_000_000, "the node's time");
    let (stored, end) = bobs.sync(0).await;
    assert_eq!(
        (stored, end),
        (vec!["IM 101>102 #7 {\"text\":\"m1\"}".to_owned()], key)
    );
}

async fn keys_follow_each_other_from_message_to_message(app: App) {
    let (ann, bob, _) = app.three().await;
    let group = app.group(&ann, false, &[&ann, &bob]).await;
    let mut anns = app.log_in(&ann).await;
    let mut bobs = app.log_in(&bob).await;
    // Ahead of everything stands the group's creation.
    let (_, mut ann_key) = anns.sync(0).await;
    let (_, mut bob_key) = bobs.sync(0).await;
    for number in 0..6 {
        let (from_ann, in_group) = (number % 2 == 0, number > 2);
        let (sender, receiver) = if from_ann {
            (&mut anns, &mut bobs)
        } else {
            (&mut bobs, &mut anns)
        };
        let (from, to) = if from_ann { (&ann, &bob) } else { (&bob, &ann) };
        let command = if in_group { 8 } else { 4 };
        let target = if in_group { group } else { to.uid };
        let seq = sender.say(command, from, target, &format!("m{number}")).await;
        let acked = sender.expect(&["METADATA", &format!("ACK {seq}")]).await;
        let shown = if in_group {
            format!("GROUP_IM {}>{group} m{number} +10", from.uid)
        } else {
            format!("IM {}>{} #7 m{number} +10", from.uid, to.uid)
        };
        let pushed = receiver.expect(&["METADATA", &shown, "SYNC_NOTIFY"]).await;
        let key = acked[0].long(0);
        let (own, other) = if from_ann {
            (ann_key, bob_key)
        } else {
            (bob_key, ann_key)
        };
        follows(&acked[0], key, own);
        follows(&pushed[0], key, other);
        (ann_key, bob_key) = (key, key);
    }
    let (stored, end) = bobs.sync(0).await;
    assert_eq!((stored.len(), end), (7, bob_key));
}

async fn what_was_missed_comes_by_the_next_sync(app: App) {
    let (ann, bob, _) = app.three().await;
    let mut anns = app.synced(&ann).await;
    let say = async |anns: &mut Client, content: &str| {
        let seq = anns.say(4, &ann, 102, content).await;
        anns.expect(&["METADATA", &format!("ACK {seq}")]).await[0].long(0)
    };
    let first = say(&mut anns, "one").await;
    let second = say(&mut anns, "two").await;
    let mut bobs = app.log_in(&bob).await;
    assert_eq!(
        bobs.sync(first).await,
        (vec!["IM 101>102 #7 two".to_owned()], second)
    );
    // A key that nobody has, beyond the end: the real end is told.
    assert_eq!(bobs.sync(second + 1_000_000_000).await, (vec![], second));
    assert_eq!(bobs.sync(second).await, (vec![], second));
    let third = say(&mut anns, "three").await;
    let pushed = bobs
        .expect(&["METADATA", "IM 101>102 #7 three +10", "SYNC_NOTIFY"])
        .await;
    follows(&pushed[0], third, second);
}

async fn a_normal_group_needs_no_knowledge_of_it(app: App) {
    let (ann, bob, eve) = app.three().await;
    let mut bobs = app.synced(&bob).await;
    let group = app.group(&ann, false, &[&ann, &bob]).await;
    bobs.expect(&["SYNC_NOTIFY"]).await;
    let mut anns = app.synced(&ann).await;
    for content in ["g1", "g2"] {
        let seq = anns.say(8, &ann, group, content).await;
        anns.expect(&["METADATA", &format!("ACK {seq}")]).await;
        let shown = format!("GROUP_IM 101>{group} {content} +10");
        bobs.expect(&["METADATA", &shown, "SYNC_NOTIFY"]).await;
    }
    // Who comes later is shown what is written from then on.
    let added = app
        .post(&format!("/groups/{group}/members"), &json!([eve.uid]))
        .await;
    assert_eq!(added.text(), r#"{"success":true}"#);
    let mut eves = app.log_in(&eve).await;
    let (stored, _) = eves.sync(0).await;
    assert_eq!(stored.len(), 1);
    assert!(
        stored[0].starts_with("GROUP_NOTIFICATION {\"add_member\":"),
        "{stored:?}"
    );
    let seq = anns.next().await;
    assert_eq!(seq.command, 29);
    anns.say(8, &ann, group, "g3").await;
    let shown = format!("GROUP_IM 101>{group} g3 +10");
    eves.expect(&["METADATA", &shown, "SYNC_NOTIFY"]).await;
}

async fn a_super_group_is_caught_up_with_by_itself(app: App) {
    let (ann, bob, _) = app.three().await;
    let group = app.group(&ann, true, &[&ann, &bob]).await;
    let (mut anns, mut bobs) = (app.synced(&ann).await, app.synced(&bob).await);
    for (content, key) in [("s1", 2), ("s2", 3)] {
        let seq = anns.say(8, &ann, group, content).await;
        let acked = anns.expect(&["METADATA", &format!("ACK {seq} +20")]).await;
        follows(&acked[0], key, key - 1);
        let shown = format!("GROUP_IM 101>{group} {content} +30");
        let notify = format!("SYNC_GROUP_NOTIFY {group} {key}");
        let pushed = bobs.expect(&["METADATA", &shown, &notify]).await;
        follows(&pushed[0], key, key - 1);
    }
    // Not in anybody's own queue.
    assert_eq!(bobs.sync(0).await, (vec![], 0));
    bobs.send(30, &longs(&[group, 2])).await;
    let (begin, end) = (
        format!("SYNC_GROUP_BEGIN {group} 3"),
        format!("SYNC_GROUP_END {group} 3"),
    );
    bobs.expect(&[&begin, &format!("GROUP_IM 101>{group} s2"), &end])
        .await;
    anns.send(30, &longs(&[group, 2])).await;
    anns.expect(&[&begin, &format!("GROUP_IM 101>{group} s2 +8"), &end])
        .await;
    // The latest hundred, oldest first.
    for number in 0..120 {
        app.post_text(
            &format!("/post_group_message?appid=7&sender=101&receiver={group}"),
            &format!("n{number}"),
        )
        .await;
    }
    let mut late = app.log_in(&bob).await;
    late.send(30, &longs(&[group, 0])).await;
    late.expect(&[&format!("SYNC_GROUP_BEGIN {group} 123")]).await;
    for number in 20..120 {
        late.expect(&[&format!("GROUP_IM 101>{group} n{number}")]).await;
    }
    late.expect(&[&format!("SYNC_GROUP_END {group} 123")]).await;
}

async fn who_is_no_member_is_acknowledged_and_nothing_is_stored(app: App) {
    let (ann, bob, eve) = app.three().await;
    let group = app.group(&ann, true, &[&ann, &bob]).await;
    let mut eves = app.synced(&eve).await;
    for to in [group, 999, 0, -1, i64::MAX] {
        let seq = eves.say(8, &eve, to, "x").await;
        eves.expect(&[&format!("ACK {seq}")]).await;
    }
    eves.send(30, &longs(&[group, 0])).await;
    eves.expect_nothing().await;
    assert_eq!(eves.sync(0).await, (vec![], 0));
    let mut anns = app.log_in(&ann).await;
    anns.send(30, &longs(&[group, 0])).await;
    let stored = anns.next().await;
    assert_eq!(stored.words(), format!("SYNC_GROUP_BEGIN {group} 1"));
}

async fn every_login_of_the_sender_but_the_sending_one_is_shown_its_message(app: App) {
    let (ann, bob, _) = app.three().await;
    let (mut first, mut second) = (app.synced(&ann).await, app.synced(&ann).await);
    let mut bobs = app.synced(&bob).await;
    let seq = first.say(4, &ann, 102, "m").await;
    let acked = first.expect(&["METADATA", &format!("ACK {seq}")]).await;
    let shown = ["METADATA", "IM 101>102 #7 m +10", "SYNC_NOTIFY"];
    let pushed = second.expect(&shown).await;
    assert_eq!(acked[0].body, pushed[0].body, "one key for every login");
    bobs.expect(&shown).await;
    first.expect_nothing().await;
}

async fn only_the_writing_device_has_a_message_marked_as_its_own(app: App) {
    let (ann, _, _) = app.three().await;
    let mut web = app.synced(&ann).await;
    web.say(4, &ann, 102, "m").await;
    web.expect(&["METADATA", "ACK 3"]).await;
    for (platform, device, words) in [
        (3, "another tab", "IM 101>102 #7 m +8"),
        (1, "phone", "IM 101>102 #7 m"),
        (2, "phone", "IM 101>102 #7 m"),
    ] {
        let mut client = Client::open(app.server.address).await;
        client.log_in(&ann, platform, device).await;
        assert_eq!(client.sync(0).await.0, [words], "{platform} {device}");
    }
}

async fn a_group_is_told_of_every_change_by_a_sync(app: App) {
    let (ann, bob, eve) = app.three().await;
    let mut bobs = app.synced(&bob).await;
    let group = app.group(&ann, false, &[&ann, &bob]).await;
    let path = format!("/groups/{group}");
    let renamed = app
        .ask("PATCH", &path)
        .json(&json!({ "name": "new" }))
        .send()
        .await;
    assert_eq!((renamed.status, renamed.text().as_str()), (200, ""));
    app.post(&format!("{path}/members"), &json!([eve.uid])).await;
    let removed = app
        .ask("DELETE", &format!("{path}/members"))
        .json(&json!([eve.uid]))
        .send()
        .await;
    assert_eq!(removed.text(), r#"{"success":true}"#);
    let disbanded = app.ask("DELETE", &path).send().await;
    assert_eq!(disbanded.text(), r#"{"success":true}"#);
    let keys: Vec<i64> = bobs
        .expect(&["SYNC_NOTIFY"; 5])
        .await
        .iter()
        .map(|frame| frame.long(0))
        .collect();
    assert!(keys.is_sorted(), "{keys:?}");
    let (stored, end) = bobs.sync(0).await;
    assert_eq!(end, keys[4]);
    let events: Vec<serde_json::Value> = stored
        .iter()
        .map(|words| serde_json::from_str(words.strip_prefix("GROUP_NOTIFICATION ").unwrap()).unwrap())
        .collect();
    let created = &events[0]["create"];
    assert_eq!(
        (
            created["group_id"].as_i64(),
            created["master"].as_i64(),
            created["name"].as_str()
        ),
        (Some(group), Some(101), Some("g"))
    );
    assert_eq!(created["members"], json!([101, 102]));
    assert!(created["timestamp"].as_i64() > Some(1_500_000_000));
    assert_eq!(events[1]["update_name"]["name"], "new");
    assert_eq!(
        (
            &events[2]["add_member"]["member_id"],
            &events[2]["add_member"]["name"]
        ),
        (&json!(103), &json!("eve"))
    );
    assert_eq!(events[3]["quit_group"]["member_id"], 103);
    assert_eq!(events[4]["disband"]["group_id"], group);
    // Who was removed is told too, and of nothing after that.
    let mut eves = app.log_in(&eve).await;
    let stored = eves.sync(0).await.0;
    assert_eq!(stored.len(), 2, "{stored:?}");
    assert!(
        stored[0].contains("add_member") && stored[1].contains("quit_group"),
        "{stored:?}"
    );
}

async fn signals_and_rooms_reach_whoever_is_there(app: App) {
    let (ann, bob, eve) = app.three().await;
    let (mut anns, mut bobs) = (app.synced(&ann).await, app.synced(&bob).await);
    anns.signal(17, &ann, 102, "rt!").await;
    bobs.expect(&["RT 101>102 rt!"]).await;
    for client in [&mut anns, &mut bobs] {
        client.send(18, &longs(&[55])).await;
        // An answer shows that the room was entered.
        client.send(26, &longs(&[0])).await;
        client.synced().await;
    }
    let seq = anns.signal(20, &ann, 55, "room!").await;
    anns.expect(&[&format!("ACK {seq}")]).await;
    bobs.expect(&["ROOM_IM 101>55 room!"]).await;
    // In another room than the current one: passed over.
    anns.signal(20, &ann, 56, "elsewhere").await;
    app.post_text("/post_room_message?appid=7&uid=103&room=55", "from the app")
        .await;
    for client in [&mut anns, &mut bobs] {
        client.expect(&["ROOM_IM 103>55 from the app"]).await;
    }
    app.post("/users/101", &json!({ "forbidden": true })).await;
    // Its connections are told by the way.
    anns.expect_nothing().await;
    anns.signal(20, &ann, 55, "forbidden").await;
    bobs.expect_nothing().await;
    app.post("/users/101", &json!({ "forbidden": 0 })).await;
    anns.expect_nothing().await;
    bobs.send(19, &longs(&[55])).await;
    bobs.sync(0).await;
    let seq = anns.signal(20, &ann, 55, "gone").await;
    anns.expect(&[&format!("ACK {seq}")]).await;
    bobs.expect_nothing().await;
    // Nothing of this was kept.
    drop(eve);
    assert_eq!(bobs.sync(0).await, (vec![], 0));
}

async fn the_servers_key_serves_a_client_that_has_none(app: App) {
    let (ann, bob, _) = app.three().await;
    let mut anns = app.synced(&ann).await;
    let mut keys = Vec::new();
    for content in ["one", "two"] {
        let seq = anns.say(4, &ann, 102, content).await;
        keys.push(anns.expect(&["METADATA", &format!("ACK {seq}")]).await[0].long(0));
    }
    let mut bobs = app.log_in(&bob).await;
    bobs.send(34, &longs(&[keys[0]])).await;
    let expected = (vec!["IM 101>102 #7 two".to_owned()], keys[1]);
    assert_eq!(bobs.sync(0).await, expected);
    let mut again = app.log_in(&bob).await;
    assert_eq!(again.sync(0).await, expected);
    // A lower key changes nothing.
    again.send(34, &longs(&[1])).await;
    assert_eq!(again.sync(0).await, expected);
}

async fn customers_of_the_same_app_are_passed_on(app: App) {
    let (ann, bob, _) = app.three().await;
    let (mut anns, mut bobs) = (app.synced(&ann).await, app.synced(&bob).await);
    let say = |sender_app: i64| {
        let mut body = longs(&[sender_app, 101, 7, 102]);
        body.extend_from_slice(&[0, 0, 0, 0]);
        body.extend_from_slice(b"help");
        body
    };
    anns.send(64, &say(8)).await;
    let seq = anns.send(64, &say(7)).await;
    anns.expect(&["METADATA", &format!("ACK {seq}")]).await;
    bobs.expect(&["METADATA", "CUSTOMER 101>102 help +10", "SYNC_NOTIFY"])
        .await;
    assert_eq!(bobs.sync(0).await.0, ["CUSTOMER 101>102 help"]);
}

async fn a_newer_client_is_told_why_a_message_was_not_stored(app: App) {
    let (ann, bob, eve) = app.three().await;
    let group = app.group(&ann, false, &[&ann, &bob]).await;
    let mut eves = Client::open(app.server.address).await;
    eves.version = 2;
    eves.log_in(&eve, 1, "phone").await;
    for (command, to, status) in [(8, group, 64), (8, 999, 65), (4, 9_999_999, 2), (4, 102, 0)] {
        eves.say(command, &eve, to, "x").await;
        let mut ack = eves.next().await;
        if ack.command == 37 {
            ack = eves.next().await;
        }
        assert_eq!((ack.command, ack.body.len(), ack.body[4]), (5, 5, status), "{to}");
    }
}

/// A version 0 client has no time in its messages.
#[tokio::test]
async fn the_oldest_clients_have_no_time_in_messages() {
    let app = App::start(crate::harness::Storage::Sqlite).await;
    let (ann, bob, _): (Person, Person, Person) = app.three().await;
    let mut bobs = Client::open(app.server.address).await;
    bobs.version = 0;
    bobs.log_in(&bob, 2, "old phone").await;
    bobs.sync(0).await;
    let mut anns = app.synced(&ann).await;
    anns.say(4, &ann, 102, "hi").await;
    assert_eq!(bobs.next().await.command, 37);
    let shown = bobs.next().await;
    assert_eq!((shown.command, shown.int(16), shown.text(20)), (4, 7, "hi"));
    assert_eq!(bobs.next().await.command, 29);
    let mut body = longs(&[102, 101]);
    body.extend_from_slice(&[0, 0, 0, 9]);
    body.extend_from_slice(b"back");
    bobs.send(4, &body).await;
    anns.expect(&[
        "METADATA",
        "ACK 3",
        "METADATA",
        "IM 102>101 #9 back +10",
        "SYNC_NOTIFY",
    ])
    .await;
}
