//! Announcements: written by admins, read by members, each with a picture or without.

use crate::groups::{DISMISS, of_two, three};
use crate::harness::Server;
use crate::person::{column, number, picture, refused, succeeded};
use crate::with_logins;
use serde_json::{Value, json};

with_logins!(
    announcements_are_written_and_read,
    an_announcement_has_one_picture,
);

const BASE: &str = "/group/internal/announcement";

fn path(name: &str) -> String {
    format!("{BASE}/{name}")
}

#[expect(clippy::too_many_lines, reason = "one sitting, told in order")]
async fn announcements_are_written_and_read(server: Server) {
    let (ann, bob, eve) = three(&server).await;
    let group = of_two(&ann, &bob).await;
    let here = json!({ "group_id": group });
    let add = |title: &str| json!({ "group_id": group, "title": title, "text": format!("{title}: 公告") });
    bob.refused(&path("add"), add("x"), 303).await;
    eve.refused(&path("add"), add("x"), 303).await;
    let mut ids = Vec::new();
    for title in ["one", "two"] {
        ids.push(number(&ann.post(&path("add"), add(title)).await["id"]));
    }
    let all = bob.post(&path("getAll"), here.clone()).await["announcements"].clone();
    assert_eq!(
        (column(&all, "title"), column(&all, "id")),
        (
            vec![json!("two"), json!("one")],
            vec![json!(ids[1]), json!(ids[0])]
        )
    );
    assert!(all[0]["time"].is_string() && all[0].get("text").is_none());
    let one = |id: i64| json!({ "group_id": group, "announcement_id": id });
    let shown = bob.post(&path("get"), one(ids[0])).await["announcement"].clone();
    assert_eq!(
        (&shown["id"], &shown["title"], &shown["text"]),
        (&json!(ids[0]), &json!("one"), &json!("one: 公告"))
    );
    let edit = json!({ "group_id": group, "announcement_id": ids[0], "title": "1", "text": "" });
    bob.refused(&path("edit"), edit.clone(), 303).await;
    ann.post(&path("edit"), edit).await;
    assert_eq!(
        bob.post(&path("get"), one(ids[0])).await["announcement"]["title"],
        "1"
    );
    bob.refused(&path("delete"), one(ids[0]), 303).await;
    ann.post(&path("delete"), one(ids[0])).await;
    for (name, body) in [
        ("get", one(ids[0])),
        ("delete", one(ids[0])),
        (
            "edit",
            json!({ "group_id": group, "announcement_id": ids[0], "title": "x", "text": "x" }),
        ),
        (
            "edit",
            json!({ "group_id": group, "announcement_id": ids[1], "title": " ", "text": "x" }),
        ),
        ("add", json!({ "group_id": group, "title": "", "text": "x" })),
        ("add", json!({ "group_id": group, "title": "x" })),
        (
            "add",
            json!({ "group_id": group, "title": "x", "text": "x".repeat(40_001) }),
        ),
        ("get", here.clone()),
    ] {
        ann.refused(&path(name), body, 101).await;
    }
    for name in ["getAll", "get"] {
        eve.refused(&path(name), one(ids[1]), 303).await;
        ann.refused(
            &path(name),
            json!({ "group_id": 999_999, "announcement_id": 1 }),
            301,
        )
        .await;
    }
    ann.post(DISMISS, here.clone()).await;
    assert_eq!(
        column(&bob.post(&path("getAll"), here).await["announcements"], "id"),
        [ids[1]]
    );
    ann.refused(&path("delete"), one(ids[1]), 304).await;
}

async fn an_announcement_has_one_picture(server: Server) {
    let (ann, bob, eve) = three(&server).await;
    let group = of_two(&ann, &bob).await;
    let add = json!({ "group_id": group, "title": "x", "text": "" });
    let id = number(&ann.post(&path("add"), add).await["id"]);
    let (group, id) = (group.to_string(), id.to_string());
    let fields = [("group_id", group.as_str()), ("announcement_id", id.as_str())];
    let query = format!("group_id={group}&announcement_id={id}");
    let this: Value = json!({ "group_id": group, "announcement_id": id });
    let none = bob.fetch(&path("getPic"), &query).await;
    assert_eq!((none.status, none.json()["code"].as_i64()), (404, Some(332)));
    for side in [3, 4] {
        let file = picture(side, side);
        refused(
            &bob.upload(&path("setPic"), &fields, ("pic", "a.png", &file))
                .await,
            303,
            "a member",
        );
        succeeded(
            &ann.upload(&path("setPic"), &fields, ("pic", "a.png", &file))
                .await,
        );
        let shown = bob.fetch(&path("getPic"), &query).await;
        assert_eq!((shown.status, &shown.body), (200, &file));
    }
    let stranger = eve.fetch(&path("getPic"), &query).await;
    assert_eq!(
        (stranger.status, stranger.json()["code"].as_i64()),
        (403, Some(303))
    );
    let other = [("group_id", group.as_str()), ("announcement_id", "999999")];
    refused(
        &ann.upload(&path("setPic"), &other, ("pic", "a.png", &picture(3, 3)))
            .await,
        101,
        "none such",
    );
    refused(
        &ann.upload(&path("setPic"), &fields, ("pic", "a.png", b"x")).await,
        101,
        "no picture",
    );
    refused(
        &ann.upload(&path("setPic"), &fields[..1], ("pic", "a.png", &picture(3, 3)))
            .await,
        101,
        "no id",
    );
    bob.refused(&path("delPic"), this.clone(), 303).await;
    ann.post(&path("delPic"), this.clone()).await;
    ann.refused(&path("delPic"), this, 332).await;
    assert_eq!(bob.fetch(&path("getPic"), &query).await.status, 404);
}
