//! Groups from outside and their end: made, joined, left, dismissed.

use crate::harness::{Server, Storage};
use crate::person::{Person, column, number};
use crate::with_logins;
use serde_json::{Value, json};

with_logins!(
    a_group_is_made_and_joined_by_request,
    requests_are_for_those_who_manage_the_group,
    a_full_group_keeps_requests_waiting,
    an_older_request_does_not_answer_a_newer_one,
    a_member_leaves_and_the_creator_dismisses,
);

pub const CREATE: &str = "/group/external/group/create";
pub const JOIN: &str = "/group/external/group/join";
pub const REQUESTS: &str = "/group/external/joinRequest/getAll";
pub const PROCESS: &str = "/group/external/joinRequest/process";
pub const DISMISS: &str = "/group/internal/setting/dismiss";
pub const INFO: &str = "/group/internal/info/text/get";
pub const MEMBERS: &str = "/group/internal/member/get";

/// Makes a group; its number.
pub async fn create(person: &Person<'_>, kind: &str, name: &str, limit: i64) -> i64 {
    let body = json!({ "type": kind, "name": name, "user_limit": limit });
    number(&person.post(CREATE, body).await["group_id"])
}

/// Somebody asks to join, and an admin lets them.
pub async fn let_in(group: i64, admin: &Person<'_>, who: &Person<'_>) {
    who.post(JOIN, json!({ "group_id": group.to_string() })).await;
    let requests = admin.post(REQUESTS, json!({})).await["join_requests"].clone();
    let mine = |request: &&Value| request["user_id"] == who.id.as_str() && request["group_id"] == group;
    let request = requests
        .as_array()
        .expect("a list")
        .iter()
        .find(mine)
        .expect("a request")
        .clone();
    admin
        .post(PROCESS, json!({ "request_id": request["id"], "action": true }))
        .await;
}

/// A group of Ann's with Bob in it.
pub async fn of_two(ann: &Person<'_>, bob: &Person<'_>) -> i64 {
    let group = create(ann, "sport", "chess", 10).await;
    let_in(group, ann, bob).await;
    group
}

pub async fn three(server: &Server) -> (Person<'_>, Person<'_>, Person<'_>) {
    (
        Person::enter(server, "ann").await,
        Person::enter(server, "bob").await,
        Person::enter(server, "eve").await,
    )
}

async fn a_group_is_made_and_joined_by_request(server: Server) {
    let (ann, bob, _) = three(&server).await;
    let made = ann
        .post(
            CREATE,
            json!({ "type": "sport", "name": " chess ", "user_limit": "3" }),
        )
        .await;
    assert_eq!(
        (&made["msg"], &made["id"]),
        (&json!("success"), &made["group_id"])
    );
    let group = number(&made["group_id"]);
    let info = bob.post(INFO, json!({ "group_id": group })).await;
    let fields = ["id", "type", "name", "user_cnt", "user_limit", "info"].map(|field| info[field].clone());
    assert_eq!(json!(fields), json!([group, "sport", "chess", 1, 3, ""]));
    bob.post(JOIN, json!({ "group_id": group.to_string() })).await;
    bob.refused(JOIN, json!({ "group_id": group }), 312).await;
    ann.refused(JOIN, json!({ "group_id": group }), 311).await;
    let requests = ann.post(REQUESTS, json!({})).await["join_requests"].clone();
    let request = &requests[0]["id"];
    assert_eq!(
        requests,
        json!([{ "id": request, "user_id": "dev_bob", "group_id": group }])
    );
    assert_eq!(bob.post(REQUESTS, json!({})).await["join_requests"], json!([]));
    // Refused, and asked again.
    ann.post(PROCESS, json!({ "request_id": request, "action": "0" }))
        .await;
    assert_eq!(ann.post(REQUESTS, json!({})).await["join_requests"], json!([]));
    ann.refused(PROCESS, json!({ "request_id": request, "action": true }), 101)
        .await;
    let_in(group, &ann, &bob).await;
    bob.refused(JOIN, json!({ "group_id": group }), 311).await;
    let members = bob.post(MEMBERS, json!({ "group_id": group })).await["users"].clone();
    assert_eq!(column(&members, "user_id"), ["dev_ann", "dev_bob"]);
    for body in [
        json!({ "type": "", "name": "x", "user_limit": 3 }),
        json!({ "type": "x", "name": " ", "user_limit": 3 }),
        json!({ "type": "x", "name": "x" }),
        json!({ "type": "x", "name": "x", "user_limit": 0 }),
        json!({ "type": "x", "name": "x", "user_limit": 501 }),
        json!({ "type": "x", "name": "x", "user_limit": "many" }),
        json!({ "type": "x", "name": "x".repeat(201), "user_limit": 3 }),
    ] {
        ann.refused(CREATE, body, 101).await;
    }
    for id in [json!(999_999), json!(-1), json!(1_i64 << 40), json!(10_000_000)] {
        bob.refused(JOIN, json!({ "group_id": id }), 301).await;
    }
    for id in [
        json!(null),
        json!("x"),
        json!(1.5),
        json!([1]),
        json!("9223372036854775808"),
    ] {
        bob.refused(JOIN, json!({ "group_id": id }), 101).await;
    }
}

async fn requests_are_for_those_who_manage_the_group(server: Server) {
    let (ann, bob, eve) = three(&server).await;
    let group = of_two(&ann, &bob).await;
    eve.post(JOIN, json!({ "group_id": group })).await;
    assert_eq!(bob.post(REQUESTS, json!({})).await["join_requests"], json!([]));
    let request = ann.post(REQUESTS, json!({})).await["join_requests"][0]["id"].clone();
    for person in [&bob, &eve] {
        person
            .refused(PROCESS, json!({ "request_id": request, "action": true }), 303)
            .await;
    }
    ann.post(
        "/group/internal/member/switchAdmin",
        json!({ "group_id": group, "user_id": bob.id }),
    )
    .await;
    assert_eq!(
        bob.post(REQUESTS, json!({})).await["join_requests"][0]["id"],
        request
    );
    for body in [
        json!({ "request_id": 999_999, "action": true }),
        json!({ "action": true }),
        json!({ "request_id": request }),
        json!({ "request_id": request, "action": "maybe" }),
    ] {
        bob.refused(PROCESS, body, 101).await;
    }
    bob.post(PROCESS, json!({ "request_id": request, "action": "true" }))
        .await;
    assert_eq!(eve.post(INFO, json!({ "group_id": group })).await["user_cnt"], 3);
}

async fn a_full_group_keeps_requests_waiting(server: Server) {
    let (ann, bob, eve) = three(&server).await;
    let group = create(&ann, "sport", "pair", 2).await;
    eve.post(JOIN, json!({ "group_id": group })).await;
    let_in(group, &ann, &bob).await;
    // Who is in, and who has asked, is told that first.
    bob.refused(JOIN, json!({ "group_id": group }), 311).await;
    eve.refused(JOIN, json!({ "group_id": group }), 312).await;
    let cid = Person::enter(&server, "cid").await;
    cid.refused(JOIN, json!({ "group_id": group }), 314).await;
    let request = ann.post(REQUESTS, json!({})).await["join_requests"][0]["id"].clone();
    ann.refused(PROCESS, json!({ "request_id": request, "action": true }), 314)
        .await;
    bob.post("/group/internal/setting/exit", json!({ "group_id": group }))
        .await;
    ann.post(PROCESS, json!({ "request_id": request, "action": true }))
        .await;
    let alone = create(&ann, "sport", "alone", 1).await;
    bob.refused(JOIN, json!({ "group_id": alone }), 314).await;
}

async fn an_older_request_does_not_answer_a_newer_one(server: Server) {
    let (ann, bob, _) = three(&server).await;
    let group = create(&ann, "sport", "chess", 10).await;
    bob.post(JOIN, json!({ "group_id": group })).await;
    let old = ann.post(REQUESTS, json!({})).await["join_requests"][0]["id"].clone();
    ann.post(PROCESS, json!({ "request_id": old, "action": false }))
        .await;
    bob.post(JOIN, json!({ "group_id": group })).await;
    ann.refused(PROCESS, json!({ "request_id": old, "action": true }), 101)
        .await;
    assert_eq!(ann.post(INFO, json!({ "group_id": group })).await["user_cnt"], 1);
}

async fn a_member_leaves_and_the_creator_dismisses(server: Server) {
    let (ann, bob, eve) = three(&server).await;
    let group = of_two(&ann, &bob).await;
    let here = json!({ "group_id": group });
    eve.post(JOIN, here.clone()).await;
    let request = ann.post(REQUESTS, json!({})).await["join_requests"][0]["id"].clone();
    for path in [DISMISS, "/group/internal/setting/exit"] {
        eve.refused(path, here.clone(), 303).await;
        eve.refused(path, json!({ "group_id": 999_999 }), 301).await;
        eve.refused(path, json!({}), 101).await;
    }
    bob.refused(DISMISS, here.clone(), 303).await;
    ann.refused("/group/internal/setting/exit", here.clone(), 303)
        .await;
    bob.post("/group/internal/setting/exit", here.clone()).await;
    bob.refused("/group/internal/setting/exit", here.clone(), 303)
        .await;
    ann.post(DISMISS, here.clone()).await;
    // What waited is gone with it, what there was can be read.
    ann.refused(PROCESS, json!({ "request_id": request, "action": true }), 304)
        .await;
    assert_eq!(ann.post(REQUESTS, json!({})).await["join_requests"], json!([]));
    assert_eq!(eve.post(INFO, here.clone()).await["name"], "chess");
    assert_eq!(
        ann.post(MEMBERS, here.clone()).await["users"][0]["user_id"],
        "dev_ann"
    );
    bob.refused(MEMBERS, here.clone(), 303).await;
    for (person, path, body) in [
        (&ann, DISMISS, json!({})),
        (&ann, "/group/internal/setting/exit", json!({})),
        (&bob, JOIN, json!({})),
        (&ann, "/group/internal/info/text/edit", json!({ "text": "x" })),
        (&ann, "/group/internal/info/text/set_name", json!({ "name": "x" })),
        (&ann, "/group/internal/info/tag/add", json!({ "tag_text": "x" })),
        (
            &ann,
            "/group/internal/member/setNickname",
            json!({ "nickname": "x" }),
        ),
        (
            &ann,
            "/group/internal/member/switchAdmin",
            json!({ "user_id": "dev_ann" }),
        ),
        (
            &ann,
            "/group/internal/member/remove",
            json!({ "user_id": "dev_ann" }),
        ),
        (
            &ann,
            "/group/internal/announcement/add",
            json!({ "title": "x", "text": "x" }),
        ),
    ] {
        let mut body = body;
        body["group_id"] = json!(group);
        person.refused(path, body, 304).await;
    }
}

#[tokio::test]
async fn types_are_those_of_the_settings() {
    let more = [
        ("ROOST__TEAMUP__GROUP_TYPES", "sport,study"),
        ("ROOST__TEAMUP__MEMBERS_OPEN", "true"),
    ];
    let server = crate::person::start(Storage::Sqlite, &more).await;
    let (ann, bob, _) = three(&server).await;
    let group = create(&ann, "study", "latin", 5).await;
    let other = json!({ "type": "other", "name": "x", "user_limit": 3 });
    for path in [
        CREATE,
        "/group/external/search/group",
        "/group/external/search/my_group",
        "/group/external/search/name_hint",
        "/group/external/search/tag_hint",
    ] {
        ann.refused(path, other.clone(), 351).await;
    }
    ann.post("/group/external/search/my_group", json!({ "type": "" }))
        .await;
    assert_eq!(
        bob.post(MEMBERS, json!({ "group_id": group })).await["users"][0]["is_creator"],
        true
    );
}
