//! What is told to people reaches their sessions on whichever nodes these are.

use crate::alone;
use crate::app::{APP_ID, App, SECRET, free_address};
use crate::client::Client;
use crate::harness::{Cluster, ClusterPlan, Server, Socket};
use crate::person::Person;
use serde_json::{Value, json};

/// Opens a socket at a node and takes the ping that greets.
async fn greeted(person: &Person<'_>, server: &Server) -> Socket {
    let mut socket = person.at(server).open_socket().await;
    assert_eq!(socket.next_json().await["type"], "ping");
    socket
}

/// The next frame that is no ping.
async fn next(socket: &mut Socket) -> Value {
    loop {
        let frame = socket.next_json().await;
        if frame["type"] != "ping" {
            return frame;
        }
    }
}

async fn on_all(person: &Person<'_>, cluster: &Cluster) -> Vec<Socket> {
    let mut sockets = Vec::new();
    for node in &cluster.nodes {
        sockets.push(greeted(person, node).await);
    }
    sockets
}

#[tokio::test]
async fn what_a_user_is_told_reaches_all_sessions_on_all_nodes() {
    let _alone = alone().await;
    let cluster = ClusterPlan::of(3).start().await;
    let nodes = &cluster.nodes;
    let (ann, bob) = Person::two_friends(&nodes[0]).await;
    let cid = Person::register(&nodes[1], "cid").await;
    let (to_ann, to_bob) = (ann.text_id(), bob.text_id());
    let (mut anns, mut bobs) = (on_all(&ann, &cluster).await, on_all(&bob, &cluster).await);
    for node in nodes {
        let sent = ann.at(node).say("friend", &to_bob, "hello").await;
        for socket in &mut bobs {
            assert_eq!(next(socket).await, sent);
        }
        let id = sent["id"].to_string();
        let it = [("toId", to_bob.as_str()), ("id", id.as_str()), ("ope", "friend")];
        ann.at(node).post("chat/revocation", &it).await;
        for socket in &mut bobs {
            let revoked = next(socket).await;
            assert_eq!(
                (&revoked["id"], &revoked["status"]),
                (&sent["id"], &"revocation".into())
            );
        }
        bob.at(node).post("chat/read", &[("toId", &to_ann)]).await;
        for socket in &mut anns {
            assert_eq!(next(socket).await["type"], "read");
        }
    }
    cid.post("friends/add", &[("toId", &to_bob)]).await;
    for socket in &mut bobs {
        assert_eq!(next(socket).await["type"], "addFriend");
    }
    // Sessions hear of a group they are brought into while they are open, and no more once they have left.
    let group = cid.at(&nodes[2]).group_with("group", &[]).await;
    cid.post("chatGroups/invite", &[("groupId", &group), ("toIdList", &to_bob)])
        .await;
    let sent = cid.at(&nodes[0]).say("group", &group, "welcome").await;
    for socket in &mut bobs {
        assert_eq!(next(socket).await, sent);
    }
    bob.at(&nodes[1])
        .post("chatGroups/exit", &[("groupId", &group)])
        .await;
    cid.say("group", &group, "without bob").await;
    let last = ann.say("friend", &to_bob, "bob is back").await;
    for socket in &mut bobs {
        assert_eq!(next(socket).await, last);
    }
    cluster.unbroken();
}

#[tokio::test]
async fn a_session_hears_what_comes_the_moment_it_is_open() {
    let _alone = alone().await;
    let cluster = ClusterPlan::of(3).start().await;
    let nodes = &cluster.nodes;
    let ann = Person::register(&nodes[0], "ann").await;
    for round in 0..9 {
        let bob = Person::register(&nodes[round % 3], &format!("bob-{round}")).await;
        let mut bobs = greeted(&bob, &nodes[(round + 1) % 3]).await;
        ann.at(&nodes[(round + 2) % 3])
            .post("friends/add", &[("toId", &bob.text_id())])
            .await;
        assert_eq!(next(&mut bobs).await["type"], "addFriend", "round {round}");
        bob.post(
            "friends/add/reply",
            &[("toId", &ann.text_id()), ("status", "pass")],
        )
        .await;
        let sent = ann.say("friend", &bob.text_id(), "and a message").await;
        // What an account was told may be told again, when its session opened before its home told of it.
        let mut frame = next(&mut bobs).await;
        while frame["type"] == "addFriend" {
            frame = next(&mut bobs).await;
        }
        assert_eq!(frame, sent, "round {round}");
    }
    cluster.unbroken();
}

#[tokio::test]
async fn typing_crosses_nodes() {
    let _alone = alone().await;
    let cluster = ClusterPlan::of(3).start().await;
    let nodes = &cluster.nodes;
    let (ann, bob) = Person::two_friends(&nodes[0]).await;
    let (mut anns, mut bobs) = (greeted(&ann, &nodes[0]).await, on_all(&bob, &cluster).await);
    // Told once the way is known.
    let sent = ann.say("friend", &bob.text_id(), "hello").await;
    for socket in &mut bobs {
        assert_eq!(next(socket).await, sent);
    }
    anns.send_json(&json!({"toId": bob.id, "ope": "friend", "type": "input", "status": "normal"}))
        .await;
    for socket in &mut bobs {
        let typing = next(socket).await;
        assert_eq!(
            (&typing["type"], &typing["fromId"]),
            (&"input".into(), &ann.id.into())
        );
    }
}

#[tokio::test]
async fn gobelieves_signals_rooms_and_messages_cross_nodes() {
    let _alone = alone().await;
    let mut cluster = ClusterPlan::of(3)
        .set("ROOST__GOBELIEVE__APP_ID", APP_ID)
        .set("ROOST__GOBELIEVE__APP_SECRET", SECRET)
        .start()
        .await;
    let addresses: Vec<_> = cluster.nodes.iter().map(|node| node.address).collect();
    let app = App {
        server: cluster.nodes.remove(0),
        tcp: free_address(),
    };
    let (ann, bob, eve) = app.three().await;
    let mut clients = Vec::new();
    for (person, address) in [(&ann, addresses[0]), (&bob, addresses[1]), (&eve, addresses[2])] {
        let mut client = Client::open(address).await;
        client.log_in(person, 3, "dev").await;
        client.sync(0).await;
        client.send(18, &crate::client::longs(&[55])).await;
        // An answer shows that the room was entered.
        client.sync(0).await;
        clients.push(client);
    }
    let [anns, bobs, eves] = &mut clients[..] else {
        panic!("three clients")
    };
    let seq = anns.say(4, &ann, 102, "a message").await;
    anns.expect(&["METADATA", &format!("ACK {seq}")]).await;
    bobs.expect(&["METADATA", "IM 101>102 #7 a message +10", "SYNC_NOTIFY"])
        .await;
    anns.signal(17, &ann, 102, "rt!").await;
    bobs.expect(&["RT 101>102 rt!"]).await;
    let seq = bobs.signal(20, &bob, 55, "room!").await;
    bobs.expect(&[&format!("ACK {seq}")]).await;
    anns.expect(&["ROOM_IM 102>55 room!"]).await;
    eves.expect(&["ROOM_IM 102>55 room!"]).await;
    app.post_text("/post_room_message?appid=7&uid=103&room=55", "from the app")
        .await;
    for client in [anns, bobs] {
        client.expect(&["ROOM_IM 103>55 from the app"]).await;
    }
}
