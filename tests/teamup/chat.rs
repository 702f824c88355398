//! `/chat` besides its sockets: files given in a chat, and whom one has talked to.

use crate::harness::{Answer, Encoding, Server};
use crate::person::{Person, column, form, number, picture, refused, succeeded};
use crate::room::{Chat, dismiss, group_of, remove};
use crate::with_logins;
use serde_json::json;

with_logins!(
    a_file_given_in_a_group_is_sent_and_fetched,
    a_file_given_in_private_is_for_the_two,
    rooms_that_are_none_or_not_ones_own_are_told,
    group_files_and_files_of_the_chat_are_fetched_by_either_way,
    a_shared_file_is_shown_at_once,
    those_one_talks_to_in_private_are_listed_with_the_latest_first,
    bad_requests_about_files_of_a_chat_are_told,
);

const UPLOAD: &str = "/chat/files/upload";
const DOWNLOAD: &str = "/chat/files/download";

impl Person<'_> {
    async fn try_give(&self, kind: &str, room: &str, name: &str, bytes: &[u8]) -> Answer {
        let fields = [("type", kind), ("room_id", room)];
        self.upload(UPLOAD, &fields, ("file", name, bytes)).await
    }

    /// Gives a file to a room. Its id.
    async fn give(&self, kind: &str, room: &str, name: &str, bytes: &[u8]) -> i64 {
        number(&succeeded(&self.try_give(kind, room, name, bytes).await)["file_id"])
    }

    async fn fetch_given(&self, kind: &str, room: &str, file: i64, more: &str) -> Answer {
        let query = format!("type={kind}&room_id={room}&file_id={file}{more}");
        self.fetch(DOWNLOAD, &query).await
    }
}

async fn people(server: &Server) -> (Person<'_>, Person<'_>, Person<'_>) {
    (
        Person::enter(server, "ann").await,
        Person::enter(server, "bob").await,
        Person::enter(server, "eve").await,
    )
}

async fn a_file_given_in_a_group_is_sent_and_fetched(server: Server) {
    let (ann, bob, _) = people(&server).await;
    let group = group_of(&ann, &[&bob]).await;
    let room = group.to_string();
    let (mut at_ann, mut at_bob) = (Chat::group(&ann, group).await, Chat::group(&bob, group).await);
    let image = picture(600, 300);
    let sound = include_bytes!("../blobs/fixtures/tone.mp3");
    for (name, bytes, kind, suffix) in [
        ("看.png", image.as_slice(), "image", ".png"),
        ("a.mp3", sound.as_slice(), "voice", ".mp3"),
        (
            "a.mp4",
            include_bytes!("../blobs/fixtures/film-sound.mp4"),
            "video",
            ".mp4",
        ),
        ("a.zip", b"PK", "file", ".zip"),
    ] {
        let file = ann.give("group", &room, name, bytes).await;
        at_ann.send(json!({ "msg_type": kind, "file_id": file })).await;
        let (sent, seen) = (at_ann.next().await, at_bob.next().await);
        assert_eq!(sent, seen);
        assert_eq!(
            (&seen["user_id"], &seen["nickname"]),
            (&json!(ann.id), &json!("ann"))
        );
        let msg = &seen["msg"];
        assert_eq!(
            (&msg["msg_type"], &msg["file_id"], &msg["at"]),
            (&json!(kind), &json!(file), &json!([]))
        );
        assert!(msg.get("content").is_none(), "{msg}");
        let info = &msg["file_info"];
        assert_eq!(
            (
                &info["id"],
                &info["name"],
                &info["type"],
                &info["size"],
                &info["file_type"]
            ),
            (
                &json!(file),
                &json!(name),
                &json!(suffix),
                &json!(bytes.len()),
                &json!(kind)
            )
        );
        assert_eq!(info["time"].as_str().map(str::len), Some(19));
        let lasts = kind == "voice" || kind == "video";
        assert_eq!(info.get("duration").is_some(), lasts, "{info}");
        assert_eq!(bob.fetch_given("group", &room, file, "").await.body, bytes);
    }
    // Names may repeat: a chat is no folder.
    let twice = ann.give("group", &room, "a.zip", b"PK2").await;
    assert_eq!(bob.fetch_given("group", &room, twice, "").await.body, b"PK2");
    let file = ann.give("group", &room, "large.png", &picture(900, 900)).await;
    let small = bob.fetch_given("group", &room, file, "&thumbnail=1").await;
    assert_eq!(
        (small.status, small.header("content-type")),
        (200, Some("image/jpeg"))
    );
    // Nothing of this is among the group's files.
    let listed = ann
        .post("/group/internal/files/get_dir", json!({ "group_id": group }))
        .await;
    assert_eq!(listed["files"], json!([]));
}

async fn a_file_given_in_private_is_for_the_two(server: Server) {
    let (ann, bob, eve) = people(&server).await;
    let (mut at_ann, mut at_bob) = (Chat::private(&ann, &bob).await, Chat::private(&bob, &ann).await);
    let file = ann.give("private", &bob.id, "a.txt", b"for bob").await;
    at_ann.send(json!({ "msg_type": "file", "file_id": file })).await;
    let seen = at_bob.next().await;
    assert_eq!(
        (at_ann.next().await, &seen["msg"]["file_id"]),
        (seen.clone(), &json!(file))
    );
    assert!(seen["msg"].get("at").is_none(), "{seen}");
    // By whom it is with, or by the room's own number.
    let room = number(&seen["room_id"]).to_string();
    for (person, room) in [
        (&bob, ann.id.as_str()),
        (&bob, &room),
        (&ann, &bob.id),
        (&ann, &room),
    ] {
        assert_eq!(
            person.fetch_given("private", room, file, "").await.body,
            b"for bob"
        );
    }
    let by_number = bob.give("private", &room, "b.txt", b"back").await;
    assert_eq!(
        ann.fetch_given("private", &bob.id, by_number, "").await.body,
        b"back"
    );
    let answer = eve.fetch_given("private", &room, file, "").await;
    assert_eq!((answer.status, answer.json()["code"].as_i64()), (403, Some(407)));
    let answer = eve.fetch_given("private", &ann.id, file, "").await;
    assert_eq!((answer.status, answer.json()["code"].as_i64()), (404, Some(406)));
    // A file of another room is none of this one.
    let elsewhere = eve.give("private", &ann.id, "c.txt", b"x").await;
    at_ann
        .refused(json!({ "msg_type": "file", "file_id": elsewhere }), 406)
        .await;
    at_ann
        .refused(json!({ "msg_type": "image", "file_id": 999_999 }), 406)
        .await;
}

async fn rooms_that_are_none_or_not_ones_own_are_told(server: Server) {
    let (ann, bob, eve) = people(&server).await;
    let group = group_of(&ann, &[&bob]).await;
    let room = group.to_string();
    let file = ann.give("group", &room, "a.txt", b"x").await;
    let cases = [
        ("group", "999999", 408),
        ("group", "10000000", 408),
        ("group", "-1", 408),
        ("group", "x", 101),
        ("private", "nobody", 408),
        ("private", &eve.id, 408),
        ("private", "0", 408),
        ("private", "1099511999999", 408),
        ("room", &room, 410),
        ("GROUP", &room, 410),
        ("group", &room, 407),
    ];
    for (kind, room, code) in cases {
        refused(
            &eve.try_give(kind, room, "a", b"x").await,
            code,
            &format!("{kind} {room}"),
        );
        let answer = eve.fetch_given(kind, room, file, "").await;
        assert_eq!(answer.json()["code"], code, "{kind} {room}");
    }
    remove(&ann, group, &bob).await;
    refused(&bob.try_give("group", &room, "a", b"x").await, 407, "removed");
    dismiss(&ann, group).await;
    refused(&ann.try_give("group", &room, "a", b"x").await, 404, "dismissed");
    // Who was there when it ended may still read.
    assert_eq!(ann.fetch_given("group", &room, file, "").await.body, b"x");
}

async fn group_files_and_files_of_the_chat_are_fetched_by_either_way(server: Server) {
    let (ann, bob, _) = people(&server).await;
    let group = group_of(&ann, &[&bob]).await;
    let room = group.to_string();
    let given = ann.give("group", &room, "given.txt", b"given").await;
    let fields = [("group_id", room.as_str())];
    let kept = ann
        .upload(
            "/group/internal/files/upload",
            &fields,
            ("file", "kept.txt", b"kept"),
        )
        .await;
    let kept = number(&succeeded(&kept)["file_id"]);
    assert_eq!(bob.fetch_given("group", &room, kept, "").await.body, b"kept");
    let query = format!("group_id={group}&file_id={given}");
    let answer = bob.fetch("/group/internal/files/download", &query).await;
    assert_eq!(answer.body, b"given");
    ann.post(
        "/group/internal/files/mk_dir",
        json!({ "group_id": group, "name": "folder" }),
    )
    .await;
    let listed = ann
        .post("/group/internal/files/get_dir", json!({ "group_id": group }))
        .await;
    let folder = number(&listed["files"][0]["id"]);
    let answer = bob.fetch_given("group", &room, folder, "").await;
    assert_eq!((answer.status, answer.json()["code"].as_i64()), (404, Some(406)));
    // Deleted is deleted, by either way.
    ann.post(
        "/group/internal/files/delete",
        json!({ "group_id": group, "file_id": kept }),
    )
    .await;
    let answer = bob.fetch_given("group", &room, kept, "").await;
    assert_eq!((answer.status, answer.json()["code"].as_i64()), (404, Some(406)));
}

async fn a_shared_file_is_shown_at_once(server: Server) {
    let (ann, bob, _) = people(&server).await;
    let group = group_of(&ann, &[&bob]).await;
    let room = group.to_string();
    let mut at_bob = Chat::group(&bob, group).await;
    let fields = [("group_id", room.as_str())];
    let kept = ann
        .upload(
            "/group/internal/files/upload",
            &fields,
            ("file", "a.png", &picture(5, 5)),
        )
        .await;
    let kept = number(&succeeded(&kept)["file_id"]);
    ann.post(
        "/group/internal/files/share",
        json!({ "group_id": group, "file_id": kept }),
    )
    .await;
    let seen = at_bob.next().await;
    assert_eq!(
        (
            &seen["msg"]["msg_type"],
            &seen["msg"]["file_id"],
            &seen["history"],
            &seen["user_id"]
        ),
        (&json!("image"), &json!(kept), &json!(false), &json!(ann.id))
    );
    assert_eq!(seen["msg"]["file_info"]["name"], "a.png");
    // And in the history of whoever comes later.
    let mut again = Chat::group(&bob, group).await;
    let then = again.next().await;
    assert_eq!(
        (&then["id"], &then["msg"], &then["history"]),
        (&seen["id"], &seen["msg"], &json!(true))
    );
}

async fn those_one_talks_to_in_private_are_listed_with_the_latest_first(server: Server) {
    let (ann, bob, eve) = people(&server).await;
    let listed = async || ann.post("/chat/getChat", json!({})).await["private"].take();
    assert_eq!(listed().await, json!([]));
    // An open chat in which nothing was said is no talk.
    let mut with_bob = Chat::private(&ann, &bob).await;
    let mut with_eve = Chat::private(&eve, &ann).await;
    assert_eq!(listed().await, json!([]));
    with_bob.say("hi bob").await;
    with_eve.say("hi ann").await;
    assert_eq!(column(&listed().await, "id"), [json!(eve.id), json!(bob.id)]);
    with_bob.say("still there?").await;
    let private = listed().await;
    assert_eq!(column(&private, "id"), [json!(bob.id), json!(eve.id)]);
    let info = bob.post("/user/info/text/getInfo", json!({})).await;
    for field in ["id", "nickname", "info", "star_rating", "time"] {
        assert_eq!(private[0][field], info[field], "{field}");
    }
    assert_eq!(
        column(&bob.post("/chat/getChat", json!({})).await["private"], "id"),
        [json!(ann.id)]
    );
    refused(&server.post("/chat/getChat").send().await, 113, "getChat");
    assert_eq!(server.get("/chat/getChat").send().await.status, 405);
}

async fn bad_requests_about_files_of_a_chat_are_told(server: Server) {
    let (ann, bob, _) = people(&server).await;
    let send = async |fields: &[(&str, &str)], file| {
        let (kind, body) = form(fields, file);
        ann.request("POST", UPLOAD).body(&kind, body).send().await
    };
    let file = Some(("file", "a", b"x".as_slice()));
    let both = [("type", "private"), ("room_id", bob.id.as_str())];
    for (fields, file, code) in [
        (&both[..1], file, 101),
        (&both[1..], file, 101),
        (&both[..], None, 101),
        (&both[..], Some(("pic", "a", b"x".as_slice())), 101),
        (&[("type", ""), ("room_id", "1")], file, 101),
        (&[("type", "x"), ("room_id", "1")], file, 410),
    ] {
        refused(&send(fields, file).await, code, &format!("{fields:?}"));
    }
    let (kind, body) = form(&both, file);
    refused(
        &server.post(UPLOAD).body(&kind, body).send().await,
        113,
        "no token",
    );
    let none = server
        .post(UPLOAD)
        .params(Encoding::Urlencoded, &[("type", "group")])
        .send()
        .await;
    refused(&none, 113, "no form");
    for query in [
        "",
        "type=private",
        "type=private&room_id=dev_bob",
        "type=private&room_id=dev_bob&file_id=x",
        "room_id=1&file_id=1",
    ] {
        let answer = ann.fetch(DOWNLOAD, query).await;
        assert_eq!(
            (answer.status, answer.json()["code"].as_i64()),
            (400, Some(101)),
            "{query}"
        );
    }
    let answer = server.get(DOWNLOAD).send().await;
    assert_eq!((answer.status, answer.json()["code"].as_i64()), (401, Some(113)));
    for query in [
        "",
        "?room_id=1",
        "?room_id=1&file_id=1",
        "?room_id=1&file_id=1&sign=x",
        "?room_id=x",
    ] {
        let status = server
            .get(&format!("/chat/files/link{query}"))
            .send()
            .await
            .status;
        assert!(status == 400 || status == 404, "{query}: {status}");
    }
}
