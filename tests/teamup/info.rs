//! What a group shows of itself: texts, avatar, pictures, tags.

use crate::groups::{DISMISS, INFO, of_two, three};
use crate::harness::{Server, Storage};
use crate::person::{column, number, picture, refused, succeeded};
use crate::with_logins;
use serde_json::{Value, json};

with_logins!(
    texts_are_edited_by_admins_and_the_name_by_the_creator,
    an_avatar_is_set_by_admins_and_shown_to_all,
    pictures_are_added_shown_and_removed,
    tags_of_a_group_are_its_admins_to_change,
);

const TEXT: &str = "/group/internal/info/text";
const AVATAR: &str = "/group/internal/info/avatar";
const PICTURE: &str = "/group/internal/info/picture";
const TAG: &str = "/group/internal/info/tag";

async fn texts_are_edited_by_admins_and_the_name_by_the_creator(server: Server) {
    let (ann, bob, eve) = three(&server).await;
    let group = of_two(&ann, &bob).await;
    let edit = json!({ "group_id": group, "text": "we play\n每周" });
    let rename = json!({ "group_id": group, "name": " chess! " });
    for person in [&bob, &eve] {
        person.refused(&format!("{TEXT}/edit"), edit.clone(), 303).await;
        person
            .refused(&format!("{TEXT}/set_name"), rename.clone(), 303)
            .await;
    }
    ann.post(
        "/group/internal/member/switchAdmin",
        json!({ "group_id": group, "user_id": bob.id }),
    )
    .await;
    bob.post(&format!("{TEXT}/edit"), edit).await;
    bob.refused(&format!("{TEXT}/set_name"), rename.clone(), 303)
        .await;
    ann.post(&format!("{TEXT}/set_name"), rename).await;
    let info = eve.post(INFO, json!({ "group_id": group })).await;
    assert_eq!(
        (&info["info"], &info["name"]),
        (&json!("we play\n每周"), &json!("chess!"))
    );
    ann.post(&format!("{TEXT}/edit"), json!({ "group_id": group, "text": "" }))
        .await;
    for (path, body, code) in [
        ("edit", json!({ "group_id": group }), 101),
        (
            "edit",
            json!({ "group_id": group, "text": "x".repeat(4_001) }),
            101,
        ),
        ("edit", json!({ "text": "x" }), 101),
        ("edit", json!({ "group_id": 999_999, "text": "x" }), 301),
        ("set_name", json!({ "group_id": group, "name": " " }), 101),
        (
            "set_name",
            json!({ "group_id": group, "name": "x".repeat(201) }),
            101,
        ),
        ("set_name", json!({ "group_id": 999_999, "name": "x" }), 301),
        ("get", json!({ "group_id": 999_999 }), 301),
        ("get", json!({}), 101),
    ] {
        ann.refused(&format!("{TEXT}/{path}"), body, code).await;
    }
}

async fn an_avatar_is_set_by_admins_and_shown_to_all(server: Server) {
    let (ann, bob, eve) = three(&server).await;
    let group = of_two(&ann, &bob).await.to_string();
    let file = picture(40, 40);
    let upload = ("avatar", "a.png", file.as_slice());
    let add = format!("{AVATAR}/add");
    let get = format!("{AVATAR}/get");
    let query = format!("group_id={group}");
    let icon = eve.fetch(&get, &query).await;
    assert_eq!(
        (icon.status, icon.header("Content-Type")),
        (200, Some("image/png"))
    );
    for person in [&bob, &eve] {
        refused(
            &person.upload(&add, &[("group_id", &group)], upload).await,
            303,
            "avatar",
        );
    }
    refused(&ann.upload(&add, &[], upload).await, 101, "no group");
    refused(
        &ann.upload(&add, &[("group_id", "999999")], upload).await,
        301,
        "no such group",
    );
    succeeded(&ann.upload(&add, &[("group_id", &group)], upload).await);
    assert_eq!(eve.fetch(&get, &query).await.body, file);
    for (query, status, code) in [
        ("group_id=999999", 404, 301),
        ("", 400, 101),
        ("group_id=x", 400, 101),
    ] {
        let answer = eve.fetch(&get, query).await;
        assert_eq!(
            (answer.status, answer.json()["code"].as_i64()),
            (status, Some(code)),
            "{query}"
        );
    }
    ann.post(DISMISS, json!({ "group_id": group })).await;
    refused(
        &ann.upload(&add, &[("group_id", &group)], upload).await,
        304,
        "dismissed",
    );
    assert_eq!(eve.fetch(&get, &query).await.body, file);
}

#[expect(clippy::too_many_lines, reason = "one sitting, told in order")]
async fn pictures_are_added_shown_and_removed(server: Server) {
    let (ann, bob, eve) = three(&server).await;
    let group = of_two(&ann, &bob).await;
    let id = group.to_string();
    let fields = [("group_id", id.as_str())];
    let add = format!("{PICTURE}/add");
    let files: Vec<Vec<u8>> = (1..=9).map(|side| picture(side, side)).collect();
    for person in [&bob, &eve] {
        refused(
            &person.upload(&add, &fields, ("pic", "a.png", &files[0])).await,
            303,
            "picture",
        );
    }
    for file in &files {
        succeeded(&ann.upload(&add, &fields, ("pic", "a.png", file)).await);
    }
    refused(
        &ann.upload(&add, &fields, ("pic", "a.png", &files[0])).await,
        331,
        "too many",
    );
    refused(
        &ann.upload(&add, &fields, ("pic", "a.png", b"text")).await,
        101,
        "no picture",
    );
    refused(
        &ann.upload(&add, &fields, ("avatar", "a.png", &files[0])).await,
        101,
        "another field",
    );
    let all = eve
        .post(&format!("{PICTURE}/getAll"), json!({ "group_id": group }))
        .await["pictures"]
        .clone();
    let ids: Vec<i64> = column(&all, "id").iter().map(number).collect();
    assert!(ids.len() == 9 && ids.is_sorted(), "{ids:?}");
    for (id, file) in ids.iter().zip(&files) {
        let answer = eve
            .fetch(
                &format!("{PICTURE}/get"),
                &format!("group_id={group}&pic_id={id}"),
            )
            .await;
        assert_eq!((answer.status, &answer.body), (200, file));
        assert!(
            answer
                .header("Content-Disposition")
                .is_some_and(|told| told.starts_with("inline"))
        );
    }
    let remove = |id: i64| json!({ "group_id": group, "pic_id": id });
    bob.refused(&format!("{PICTURE}/del"), remove(ids[0]), 303).await;
    ann.post(&format!("{PICTURE}/del"), remove(ids[0])).await;
    ann.refused(&format!("{PICTURE}/del"), remove(ids[0]), 332).await;
    let answer = eve
        .fetch(
            &format!("{PICTURE}/get"),
            &format!("group_id={group}&pic_id={}", ids[0]),
        )
        .await;
    assert_eq!((answer.status, answer.json()["code"].as_i64()), (404, Some(332)));
    succeeded(&ann.upload(&add, &fields, ("pic", "a.png", &files[0])).await);
    ann.refused(&format!("{PICTURE}/getAll"), json!({ "group_id": 999_999 }), 301)
        .await;
    ann.refused(&format!("{PICTURE}/del"), json!({ "group_id": group }), 101)
        .await;
    ann.post(DISMISS, json!({ "group_id": group })).await;
    refused(
        &ann.upload(&add, &fields, ("pic", "a.png", &files[0])).await,
        304,
        "dismissed",
    );
    ann.refused(&format!("{PICTURE}/del"), remove(ids[1]), 304).await;
}

async fn tags_of_a_group_are_its_admins_to_change(server: Server) {
    let (ann, bob, eve) = three(&server).await;
    let group = of_two(&ann, &bob).await;
    let body = |more: Value| {
        let mut body = json!({ "group_id": group });
        body.as_object_mut()
            .expect("an object")
            .extend(more.as_object().expect("an object").clone());
        body
    };
    for person in [&bob, &eve] {
        person
            .refused(&format!("{TAG}/add"), body(json!({ "tag_text": "x" })), 303)
            .await;
    }
    for text in ["open", "night"] {
        ann.post(&format!("{TAG}/add"), body(json!({ "tag_text": text })))
            .await;
    }
    let tags = async || eve.post(&format!("{TAG}/get"), body(json!({}))).await["tags"].clone();
    let shown = tags().await;
    assert_eq!(column(&shown, "tag_text"), ["open", "night"]);
    let (first, second) = (shown[0]["id"].clone(), shown[1]["id"].clone());
    assert_eq!(shown[0], json!({ "id": first, "tag_text": "open" }));
    // The document prints the path of adding for editing.
    ann.post(
        &format!("{TAG}/add"),
        body(json!({ "tag_id": first, "tag_text": "Open" })),
    )
    .await;
    ann.post(
        &format!("{TAG}/edit"),
        body(json!({ "tag_id": second, "tag_text": "day" })),
    )
    .await;
    assert_eq!(column(&tags().await, "tag_text"), ["Open", "day"]);
    bob.refused(&format!("{TAG}/remove"), body(json!({ "tag_id": first })), 303)
        .await;
    ann.post(&format!("{TAG}/remove"), body(json!({ "tag_id": first })))
        .await;
    for (path, more, code) in [
        ("remove", json!({ "tag_id": first }), 361),
        ("edit", json!({ "tag_id": first, "tag_text": "x" }), 361),
        ("edit", json!({ "tag_id": second, "tag_text": "" }), 362),
        ("add", json!({ "tag_text": " " }), 362),
        ("add", json!({}), 101),
        ("remove", json!({}), 101),
        ("get", json!({ "group_id": 999_999 }), 301),
        ("add", json!({ "group_id": 999_999, "tag_text": "x" }), 301),
    ] {
        ann.refused(&format!("{TAG}/{path}"), body(more), code).await;
    }
}

#[tokio::test]
async fn a_picture_over_the_bound_is_refused() {
    let more = [
        ("ROOST__TEAMUP__PICTURE_BYTES", "2048"),
        ("ROOST__TEAMUP__GROUP_PICTURES", "1"),
    ];
    let server = crate::person::start(Storage::Sqlite, &more).await;
    let (ann, bob, _) = three(&server).await;
    let group = of_two(&ann, &bob).await.to_string();
    let fields = [("group_id", group.as_str())];
    let (small, mut large) = (picture(3, 3), picture(3, 3));
    large.resize(4_096, 0);
    refused(
        &ann.upload("/user/info/avatar/add", &[], ("avatar", "a.png", &large))
            .await,
        101,
        "too large",
    );
    let add = format!("{PICTURE}/add");
    refused(
        &ann.upload(&add, &fields, ("pic", "a.png", &large)).await,
        101,
        "too large",
    );
    succeeded(&ann.upload(&add, &fields, ("pic", "a.png", &small)).await);
    refused(
        &ann.upload(&add, &fields, ("pic", "a.png", &small)).await,
        331,
        "too many",
    );
}
