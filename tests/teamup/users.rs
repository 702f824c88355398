//! People: what they say of themselves, their pictures and tags.

use crate::crossing::made_by_operator;
use crate::harness::{Encoding, Server};
use crate::person::{Person, column, form, picture, refused, succeeded, text};
use crate::with_logins;
use serde_json::{Value, json};

with_logins!(
    a_profile_begins_with_defaults_and_changes,
    a_picture_is_set_replaced_and_shown,
    what_is_no_picture_is_refused,
    tags_are_added_edited_and_removed,
);

const INFO: &str = "/user/info/text/getInfo";

#[expect(clippy::too_many_lines, reason = "one sitting, told in order")]
async fn a_profile_begins_with_defaults_and_changes(server: Server) {
    let answer = server
        .post("/auth/login")
        .json(&json!({ "code": "ann" }))
        .send()
        .await;
    let told = succeeded(&answer);
    let ann = Person {
        server: &server,
        id: text(&told["openid"]),
        token: text(&told["token"]),
    };
    let info = ann.post(INFO, json!({})).await;
    assert_eq!(
        (
            &info["id"],
            &info["nickname"],
            &info["info"],
            &info["star_rating"]
        ),
        (&json!("dev_ann"), &json!("微信用户"), &json!(""), &json!(0.0))
    );
    let time = text(&info["time"]);
    let shape: String = time
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    assert_eq!(shape, "0000/00/00 00:00:00", "{time}");
    ann.post("/user/info/text/setNickname", json!({ "nickname": "  安 🦀 " }))
        .await;
    ann.post("/user/info/text/editInfo", json!({ "text": "hello\nworld" }))
        .await;
    let bob = Person::enter(&server, "bob").await;
    // In every encoding, and by the number too.
    for id in ["dev_ann", "10000000"] {
        for encoding in Encoding::ALL {
            let request = bob.request("POST", INFO).params(encoding, &[("user_id", id)]);
            let info = succeeded(&request.send().await);
            assert_eq!(
                (&info["id"], &info["nickname"], &info["info"]),
                (&json!("dev_ann"), &json!("安 🦀"), &json!("hello\nworld"))
            );
        }
    }
    ann.post("/user/info/text/editInfo", json!({ "text": "" })).await;
    assert_eq!(ann.post(INFO, json!({ "user_id": null })).await["info"], "");
    for nickname in ["", "  ", "\n"] {
        ann.refused(
            "/user/info/text/setNickname",
            json!({ "nickname": nickname }),
            201,
        )
        .await;
    }
    ann.refused("/user/info/text/setNickname", json!({}), 101).await;
    ann.refused(
        "/user/info/text/setNickname",
        json!({ "nickname": "x".repeat(201) }),
        101,
    )
    .await;
    ann.refused("/user/info/text/editInfo", json!({}), 101).await;
    ann.refused(
        "/user/info/text/editInfo",
        json!({ "text": "x".repeat(4_001) }),
        101,
    )
    .await;
    for id in ["nobody", "19999999", "0", "-1", "DEV_ANN"] {
        ann.refused(INFO, json!({ "user_id": id }), 202).await;
    }
}

fn size_of(body: &[u8]) -> (u32, u32) {
    let picture = image::load_from_memory(body).expect("a picture");
    (picture.width(), picture.height())
}

async fn a_picture_is_set_replaced_and_shown(server: Server) {
    let (ann, bob) = (
        Person::enter(&server, "ann").await,
        Person::enter(&server, "bob").await,
    );
    let shown = async |of: &str| bob.fetch("/user/info/avatar/get", of).await;
    let icon = shown("user_id=dev_ann").await;
    assert_eq!((icon.status, size_of(&icon.body)), (200, (80, 80)));
    let mut addresses = Vec::new();
    for (width, height) in [(30, 20), (50, 40)] {
        let file = picture(width, height);
        succeeded(
            &ann.upload("/user/info/avatar/add", &[], ("avatar", "me.html", &file))
                .await,
        );
        let answer = shown("user_id=dev_ann").await;
        assert_eq!((answer.status, &answer.body), (200, &file));
        assert_eq!(answer.header("Content-Type"), Some("image/png"));
        assert_eq!(answer.header("Cache-Control"), Some("private, no-cache"));
        assert_eq!(answer.header("X-Content-Type-Options"), Some("nosniff"));
        assert!(
            answer
                .header("Content-Security-Policy")
                .is_some_and(|policy| policy.contains("sandbox"))
        );
        assert_eq!(ann.fetch("/user/info/avatar/get", "").await.body, file);
        // The address that other dialects' clients are shown needs no token.
        addresses.push(avatar_address(&server, "10000000").await);
        let path = addresses
            .last()
            .expect("an address")
            .split_once("127.0.0.1")
            .expect("this host")
            .1;
        let path = format!("/{}", path.split_once('/').expect("a path").1);
        assert_eq!(server.get(&path).send().await.body, file);
    }
    assert_ne!(addresses[0], addresses[1]);
    let old = format!("/{}", addresses[0].splitn(4, '/').nth(3).expect("a path"));
    assert_eq!(server.get(&old).send().await.status, 404);
    assert_eq!(server.get("/user/info/avatar/shown/x").send().await.status, 404);
    for (query, status, code) in [
        ("user_id=nobody", 404, 202),
        ("user_id=dev_bob&token=x", 401, 112),
    ] {
        let path = format!("/user/info/avatar/get?{query}");
        let answer = server
            .get(&path)
            .header("token", if code == 112 { "" } else { &bob.token });
        let answer = answer.send().await;
        assert_eq!(
            (answer.status, answer.json()["code"].as_i64()),
            (status, Some(code)),
            "{query}"
        );
    }
}

/// The avatar of an account as FreeIM's clients are told it.
async fn avatar_address(server: &Server, id: &str) -> String {
    let (_, token) = made_by_operator(server, "freeim").await;
    let found = server
        .get("/api/v1/friends/search")
        .header("Authorization", &token);
    let found = found
        .params(Encoding::Query, &[("account", id)])
        .send()
        .await
        .json();
    text(&found["result"]["items"][0]["avatar"])
}

async fn what_is_no_picture_is_refused(server: Server) {
    let ann = Person::enter(&server, "ann").await;
    let whole = picture(50, 50);
    let files: [(&str, &str, &[u8]); 6] = [
        ("avatar", "a.png", b"plain text"),
        ("avatar", "a.png", b""),
        ("avatar", "a.png", &whole[..60]),
        (
            "avatar",
            "a.svg",
            b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>",
        ),
        ("avatar", "a.png", b"<html><script>alert(1)</script></html>"),
        ("file", "a.png", &whole),
    ];
    for file in files {
        let answer = ann.upload("/user/info/avatar/add", &[], file).await;
        refused(&answer, 101, file.1);
    }
    let (kind, body) = form(&[("avatar", "text")], None);
    let answer = ann
        .request("POST", "/user/info/avatar/add")
        .body(&kind, body)
        .send()
        .await;
    refused(&answer, 101, "no file");
    ann.refused("/user/info/avatar/add", json!({ "avatar": "x" }), 101)
        .await;
    // The token may stand in the form, before the file; a stranger's file is not taken in.
    let (kind, body) = form(&[("token", &ann.token)], Some(("avatar", "a.png", &whole)));
    succeeded(
        &server
            .post("/user/info/avatar/add")
            .body(&kind, body)
            .send()
            .await,
    );
    for (token, code) in [(None, 113), (Some("x"), 112)] {
        let fields: Vec<(&str, &str)> = token.map(|token| ("token", token)).into_iter().collect();
        let (kind, body) = form(&fields, Some(("avatar", "a.png", &whole)));
        refused(
            &server
                .post("/user/info/avatar/add")
                .body(&kind, body)
                .send()
                .await,
            code,
            "a stranger",
        );
    }
    refused(
        &server.post("/user/info/avatar/add").send().await,
        113,
        "nothing at all",
    );
    let shown = ann.fetch("/user/info/avatar/get", "").await;
    assert_eq!(shown.body, whole);
}

async fn tags_are_added_edited_and_removed(server: Server) {
    let (ann, bob) = (
        Person::enter(&server, "ann").await,
        Person::enter(&server, "bob").await,
    );
    let tags = async |person: &Person<'_>, body: Value| {
        person.post("/user/info/tag/get", body).await["tags"].clone()
    };
    for text in ["chess", " go ", "chess"] {
        ann.post("/user/info/tag/add", json!({ "tag_text": text })).await;
    }
    let shown = tags(&bob, json!({ "user_id": "dev_ann" })).await;
    assert_eq!(column(&shown, "tag_text"), ["chess", "go"]);
    assert_eq!(column(&shown, "user_id"), ["dev_ann", "dev_ann"]);
    let ids = column(&shown, "id");
    assert!(ids.iter().all(Value::is_i64), "{ids:?}");
    // The document has no path for two of the four: each guess of a client is taken.
    for (path, text) in [("edit", "Go"), ("update", "wei qi"), ("add", "baduk")] {
        let body = json!({ "tag_id": ids[1], "tag_text": text });
        ann.post(&format!("/user/info/tag/{path}"), body).await;
        assert_eq!(tags(&ann, json!({})).await[1]["tag_text"], text);
    }
    for path in ["remove", "delete", "del"] {
        ann.post("/user/info/tag/add", json!({ "tag_text": path })).await;
        let id = tags(&ann, json!({})).await[2]["id"].to_string();
        ann.post(&format!("/user/info/tag/{path}"), json!({ "tag_id": id }))
            .await;
        assert_eq!(
            column(&tags(&ann, json!({})).await, "tag_text"),
            ["chess", "baduk"]
        );
        ann.refused(&format!("/user/info/tag/{path}"), json!({ "tag_id": id }), 211)
            .await;
    }
    // Nobody else's.
    bob.refused("/user/info/tag/remove", json!({ "tag_id": ids[0] }), 211)
        .await;
    bob.refused(
        "/user/info/tag/edit",
        json!({ "tag_id": ids[0], "tag_text": "x" }),
        211,
    )
    .await;
    for (path, body, code) in [
        ("add", json!({ "tag_text": " " }), 212),
        ("add", json!({ "tag_text": "" }), 212),
        ("add", json!({}), 101),
        ("add", json!({ "tag_text": "x".repeat(201) }), 101),
        ("edit", json!({ "tag_id": ids[0], "tag_text": "" }), 212),
        ("edit", json!({ "tag_text": "x" }), 101),
        ("edit", json!({ "tag_id": "x", "tag_text": "x" }), 101),
        ("remove", json!({}), 101),
        ("get", json!({ "user_id": "nobody" }), 202),
    ] {
        ann.refused(&format!("/user/info/tag/{path}"), body, code).await;
    }
}
