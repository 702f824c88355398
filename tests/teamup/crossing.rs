//! People of other dialects beside those of team-up: the same accounts and rooms, each in its own words.

use crate::groups::{INFO, MEMBERS, create};
use crate::harness::{Encoding, Server};
use crate::person::{Person, column, form, picture, succeeded, text};
use crate::with_logins;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};

with_logins!(
    people_of_another_dialect_share_groups,
    pictures_of_other_dialects_are_where_they_are,
    a_token_of_another_dialect_is_not_taken,
);

/// An account made by the operator, and its token for a dialect: its number and token.
pub async fn made_by_operator(server: &Server, dialect: &str) -> (i64, String) {
    static MADE: AtomicU64 = AtomicU64::new(0);
    let name = format!("carl{}", MADE.fetch_add(1, Ordering::Relaxed));
    let operator = std::fs::read_to_string(server.data_dir().join("admin.token")).expect("a token was made");
    let request = server
        .post("/admin/api/v1/accounts")
        .header("Authorization", &format!("Bearer {}", operator.trim()));
    let wanted = json!({ "accounts": [{ "username": name, "nickname": "" }], "tokens_for": dialect });
    let made = request.json(&wanted).send().await.json()["accounts"][0].clone();
    (made["id"].as_i64().expect("a number"), text(&made["token"]))
}

async fn freeim(server: &Server, token: &str, method: &str, path: &str, params: &[(&str, &str)]) -> Value {
    let encoding = if method == "GET" {
        Encoding::Query
    } else {
        Encoding::Multipart
    };
    let request = server
        .request(method, &format!("/api/v1/{path}"))
        .header("Authorization", token);
    let answer = request.params(encoding, params).send().await.json();
    assert_eq!(answer["code"], 0, "{path}: {answer}");
    answer
}

#[expect(clippy::too_many_lines, reason = "one sitting, told in order")]
async fn people_of_another_dialect_share_groups(server: Server) {
    let ann = Person::enter(&server, "ann").await;
    let (carl, token) = made_by_operator(&server, "freeim").await;
    let group = create(&ann, "sport", "chess", 5).await;
    let id = group.to_string();
    // Carl comes in from FreeIM, is made an admin here, and sees the group there.
    freeim(
        &server,
        &token,
        "POST",
        "chatGroups/join",
        &[("groupId", &id), ("reason", "hi")],
    )
    .await;
    let requests = ann.post("/group/external/joinRequest/getAll", json!({})).await["join_requests"].clone();
    assert_eq!(requests[0]["user_id"], carl.to_string());
    let accept = json!({ "request_id": requests[0]["id"], "action": true });
    ann.post("/group/external/joinRequest/process", accept).await;
    let switch = json!({ "group_id": group, "user_id": carl });
    ann.post("/group/internal/member/switchAdmin", switch).await;
    let users = ann.post(MEMBERS, json!({ "group_id": group })).await["users"].clone();
    assert_eq!(users[1]["user_id"], carl.to_string());
    assert_eq!(
        (&users[1]["is_admin"], &users[1]["is_creator"]),
        (&json!(true), &json!(false))
    );
    // Without a nickname by the name one logs in with.
    assert!(text(&users[1]["nickname"]).starts_with("carl"), "{users}");
    let groups = freeim(&server, &token, "GET", "chatGroups", &[]).await;
    assert_eq!(column(&groups["result"]["items"], "name"), ["chess"]);
    // A group that FreeIM made has no type: it is among one's own.
    let made = freeim(
        &server,
        &token,
        "POST",
        "chatGroups",
        &[("name", "from freeim"), ("intro", "about")],
    )
    .await;
    let there = made["result"]["id"].as_i64().expect("a number");
    ann.post("/group/external/group/join", json!({ "group_id": there }))
        .await;
    let reply = [
        ("groupId", there.to_string()),
        ("accountId", "10000000".to_owned()),
        ("status", "pass".to_owned()),
    ];
    let reply: Vec<(&str, &str)> = reply.iter().map(|(key, value)| (*key, value.as_str())).collect();
    freeim(&server, &token, "POST", "chatGroups/join/reply", &reply).await;
    let mine = ann
        .post(
            "/group/external/search/my_group",
            json!({ "type": "", "key": "freeim" }),
        )
        .await;
    assert_eq!(column(&mine["groups"], "id"), [there]);
    let info = ann.post(INFO, json!({ "group_id": there })).await;
    assert_eq!((&info["type"], &info["info"]), (&json!(""), &json!("about")));
    // A direct room is no group.
    freeim(
        &server,
        &token,
        "POST",
        "chat/send",
        &[
            ("toId", "10000000"),
            ("ope", "friend"),
            ("type", "text"),
            ("body", "x"),
            ("isPrivate", "0"),
        ],
    )
    .await;
    for path in [
        INFO,
        MEMBERS,
        "/group/internal/info/tag/get",
        "/group/internal/info/picture/getAll",
    ] {
        ann.refused(path, json!({ "group_id": 1_099_511_627_776_i64 }), 301)
            .await;
    }
}

async fn pictures_of_other_dialects_are_where_they_are(server: Server) {
    let ann = Person::enter(&server, "ann").await;
    let (carl, token) = made_by_operator(&server, "freeim").await;
    let get = |header: &'static str| {
        let path = format!("/user/info/avatar/get?token={}&user_id={carl}", ann.token);
        server.get(&path).header("Sec-Fetch-Dest", header)
    };
    let address = "https://cdn.example.com/carl.png";
    freeim(
        &server,
        &token,
        "PUT",
        "me/update/info",
        &[("nickname", "Carl"), ("avatar", address)],
    )
    .await;
    let shown = get("image").send().await;
    assert_eq!((shown.status, shown.header("Location")), (302, Some(address)));
    assert_eq!(shown.header("Referrer-Policy"), Some("no-referrer"));
    // Nobody is led there: only a picture is.
    let shown = get("document").send().await;
    assert_eq!(
        (shown.status, shown.header("Content-Type")),
        (200, Some("image/png"))
    );
    freeim(
        &server,
        &token,
        "PUT",
        "me/update/info",
        &[("avatar", "javascript:alert(1)")],
    )
    .await;
    assert_eq!(get("image").send().await.status, 200);
    // What is set here goes before, until another is set there.
    let (_, here) = (carl, made_by_operator(&server, "teamup").await.1);
    let file = picture(9, 9);
    let (kind, body) = form(&[("token", &here)], Some(("avatar", "a.png", &file)));
    succeeded(
        &server
            .post("/user/info/avatar/add")
            .body(&kind, body)
            .send()
            .await,
    );
    let shown = server
        .get(&format!("/user/info/avatar/get?token={here}"))
        .send()
        .await;
    assert_eq!(shown.body, file);
}

async fn a_token_of_another_dialect_is_not_taken(server: Server) {
    let (carl, token) = made_by_operator(&server, "teamup").await;
    let person = Person {
        server: &server,
        id: carl.to_string(),
        token,
    };
    let info = person.post("/user/info/text/getInfo", json!({})).await;
    assert_eq!(info["id"], carl.to_string());
    let (_, other) = made_by_operator(&server, "freeim").await;
    let person = Person {
        token: other,
        ..person
    };
    person.refused("/user/info/text/getInfo", json!({}), 112).await;
}
