//! The folders and files of a group: what is where, and who may change it.

use crate::groups::let_in;
use crate::harness::{Answer, Server};
use crate::person::{Person, column, number, refused, succeeded};
use crate::room::{dismiss, group_of};
use crate::with_logins;
use serde_json::{Value, json};

with_logins!(
    folders_and_files_are_made_and_listed,
    names_are_one_in_their_folder,
    files_and_folders_are_renamed_moved_and_deleted,
    only_who_uploaded_a_file_or_an_admin_changes_it,
    strangers_to_a_group_and_to_its_files_are_told,
    the_files_of_a_dismissed_group_are_only_read,
);

pub const FILES: &str = "/group/internal/files";

impl Person<'_> {
    pub async fn dir(&self, group: i64, parent: Value) -> Value {
        let asked = json!({ "group_id": group, "parent_id": parent });
        self.post(&format!("{FILES}/get_dir"), asked).await["files"].take()
    }

    pub async fn names(&self, group: i64, parent: Value) -> Vec<Value> {
        column(&self.dir(group, parent).await, "name")
    }

    /// Makes a folder. Its id.
    pub async fn mk_dir(&self, group: i64, parent: Value, name: &str) -> i64 {
        let folder = json!({ "group_id": group, "parent_id": parent, "name": name });
        self.post(&format!("{FILES}/mk_dir"), folder).await;
        let listed = self.dir(group, parent).await;
        let listed = listed.as_array().expect("files");
        let made = listed.iter().find(|item| item["name"] == name);
        number(&made.expect("the folder")["id"])
    }

    /// Uploads a file. Its id.
    pub async fn put(&self, group: i64, parent: Option<i64>, name: &str, bytes: &[u8]) -> i64 {
        let answer = self.try_put(group, parent, name, bytes).await;
        number(&succeeded(&answer)["file_id"])
    }

    pub async fn try_put(&self, group: i64, parent: Option<i64>, name: &str, bytes: &[u8]) -> Answer {
        let (group, parent) = (group.to_string(), parent.map(|id| id.to_string()));
        let mut fields = vec![("group_id", group.as_str())];
        fields.extend(parent.iter().map(|id| ("parent_id", id.as_str())));
        self.upload(&format!("{FILES}/upload"), &fields, ("file", name, bytes))
            .await
    }

    pub async fn get_file(&self, group: i64, file: i64, more: &str) -> Answer {
        let query = format!("group_id={group}&file_id={file}{more}");
        self.fetch(&format!("{FILES}/download"), &query).await
    }
}

/// A group of Ann's with Bob in it.
pub async fn two(server: &Server) -> (Person<'_>, Person<'_>, i64) {
    let (ann, bob) = (
        Person::enter(server, "ann").await,
        Person::enter(server, "bob").await,
    );
    let group = group_of(&ann, &[&bob]).await;
    (ann, bob, group)
}

async fn folders_and_files_are_made_and_listed(server: Server) {
    let (ann, bob, group) = two(&server).await;
    for root in [json!(null), json!(""), json!(0), json!("0")] {
        assert_eq!(ann.dir(group, root).await, json!([]));
    }
    let folder = bob.mk_dir(group, json!(null), "资料").await;
    let inner = ann.mk_dir(group, json!(folder), "inner").await;
    let file = bob.put(group, None, "报告.final.docx", b"twelve bytes").await;
    let deep = ann.put(group, Some(inner), "noise", b"").await;
    let listed = ann.dir(group, json!(null)).await;
    assert_eq!(column(&listed, "name"), [json!("资料"), json!("报告.final.docx")]);
    let time = listed[0]["time"].as_str().expect("a time").to_owned();
    assert_eq!((time.len(), &time[4..5], &time[13..14]), (19, "/", ":"));
    let shown = |mut item: Value| {
        item["time"] = json!("");
        item
    };
    assert_eq!(
        shown(listed[0].clone()),
        json!({ "id": folder, "parent_id": 0, "name": "资料", "type": "dir", "size": 0, "time": "", "duration": 0, "file_type": "dir" })
    );
    assert_eq!(
        shown(listed[1].clone()),
        json!({ "id": file, "parent_id": 0, "name": "报告.final.docx", "type": ".docx", "size": 12, "time": "", "duration": 0, "file_type": "file" })
    );
    let listed = bob.dir(group, json!(inner.to_string())).await;
    assert_eq!(
        shown(listed[0].clone()),
        json!({ "id": deep, "parent_id": inner, "name": "noise", "type": "", "size": 0, "time": "", "duration": 0, "file_type": "file" })
    );
    for name in [
        json!(null),
        json!(""),
        json!("  "),
        json!("a/b"),
        json!(".."),
        json!("x".repeat(256)),
    ] {
        let folder = json!({ "group_id": group, "name": name });
        ann.refused(&format!("{FILES}/mk_dir"), folder, 101).await;
    }
    for (parent, code) in [
        (json!(file), 342),
        (json!(i64::MAX), 342),
        (json!(-1), 342),
        (json!("x"), 101),
        (json!([]), 101),
    ] {
        let asked = json!({ "group_id": group, "parent_id": parent, "name": "new" });
        ann.refused(&format!("{FILES}/get_dir"), asked.clone(), code)
            .await;
        ann.refused(&format!("{FILES}/mk_dir"), asked, code).await;
    }
    refused(
        &ann.try_put(group, Some(file), "x", b"x").await,
        342,
        "upload into a file",
    );
}

async fn names_are_one_in_their_folder(server: Server) {
    let (ann, bob, group) = two(&server).await;
    let folder = ann.mk_dir(group, json!(null), "folder").await;
    let file = ann.put(group, None, "file.txt", b"x").await;
    let inner = ann.put(group, Some(folder), "file.txt", b"x").await;
    for name in ["folder", "file.txt"] {
        let again = json!({ "group_id": group, "name": name });
        bob.refused(&format!("{FILES}/mk_dir"), again, 343).await;
        refused(&bob.try_put(group, None, name, b"x").await, 343, name);
    }
    let rename = json!({ "group_id": group, "file_id": file, "name": "folder" });
    ann.refused(&format!("{FILES}/edit_name"), rename, 343).await;
    let up = json!({ "group_id": group, "file_id": inner, "parent_id": 0 });
    ann.refused(&format!("{FILES}/move"), up, 343).await;
    let down = json!({ "group_id": group, "file_id": file, "parent_id": folder });
    ann.refused(&format!("{FILES}/move"), down, 343).await;
    assert_eq!(ann.names(group, json!(0)).await, ["folder", "file.txt"]);
}

async fn files_and_folders_are_renamed_moved_and_deleted(server: Server) {
    let (ann, _, group) = two(&server).await;
    let a = ann.mk_dir(group, json!(null), "a").await;
    let b = ann.mk_dir(group, json!(a), "b").await;
    let file = ann.put(group, None, "note.txt", b"note").await;
    let rename = json!({ "group_id": group, "file_id": file, "name": "photo.PNG" });
    ann.post(&format!("{FILES}/edit_name"), rename).await;
    let listed = ann.dir(group, json!(null)).await;
    assert_eq!(
        (&listed[1]["name"], &listed[1]["type"], &listed[1]["file_type"]),
        (&json!("photo.PNG"), &json!(".PNG"), &json!("image"))
    );
    let go = |file: i64, parent: Value| json!({ "group_id": group, "file_id": file, "parent_id": parent });
    ann.post(&format!("{FILES}/move"), go(file, json!(b))).await;
    assert_eq!(ann.names(group, json!(b)).await, ["photo.PNG"]);
    for into in [a, b, file] {
        ann.refused(&format!("{FILES}/move"), go(a, json!(into)), 342)
            .await;
    }
    ann.post(&format!("{FILES}/move"), go(b, json!(null))).await;
    assert_eq!(ann.names(group, json!(null)).await, ["a", "b"]);
    for name in [json!(""), json!("a/b"), json!(null)] {
        let rename = json!({ "group_id": group, "file_id": file, "name": name });
        ann.refused(&format!("{FILES}/edit_name"), rename, 101).await;
    }
    // A folder has no bytes to download or to share.
    let one = json!({ "group_id": group, "file_id": b });
    ann.refused(&format!("{FILES}/share"), one.clone(), 341).await;
    let answer = ann.get_file(group, b, "").await;
    assert_eq!((answer.status, answer.json()["code"].as_i64()), (404, Some(341)));
    ann.post(&format!("{FILES}/delete"), one).await;
    assert_eq!(ann.names(group, json!(null)).await, ["a"]);
    assert_eq!(ann.get_file(group, file, "").await.json()["code"], 341);
    // Its name is free again.
    ann.mk_dir(group, json!(null), "b").await;
}

async fn only_who_uploaded_a_file_or_an_admin_changes_it(server: Server) {
    let (ann, bob, group) = two(&server).await;
    let eve = Person::enter(&server, "eve").await;
    let_in(group, &ann, &eve).await;
    let file = bob.put(group, None, "bobs.txt", b"x").await;
    let folder = ann.mk_dir(group, json!(null), "anns").await;
    let change = |who: &'static str, name: &str| {
        (
            json!({ "group_id": group, "file_id": file, "name": name }),
            json!({ "group_id": group, "file_id": file, "parent_id": folder, "who": who }),
        )
    };
    let (rename, go) = change("eve", "x");
    eve.refused(&format!("{FILES}/edit_name"), rename, 303).await;
    eve.refused(&format!("{FILES}/move"), go.clone(), 303).await;
    eve.refused(&format!("{FILES}/delete"), go, 303).await;
    let (rename, go) = change("bob", "renamed.txt");
    bob.post(&format!("{FILES}/edit_name"), rename).await;
    bob.post(&format!("{FILES}/move"), go).await;
    let rename = json!({ "group_id": group, "file_id": folder, "name": "bobs" });
    bob.refused(&format!("{FILES}/edit_name"), rename, 303).await;
    let switch = json!({ "group_id": group, "user_id": eve.id });
    ann.post("/group/internal/member/switchAdmin", switch).await;
    eve.post(
        &format!("{FILES}/delete"),
        json!({ "group_id": group, "file_id": file }),
    )
    .await;
    assert_eq!(ann.names(group, json!(folder)).await, Vec::<Value>::new());
}

/// Every operation with these ids.
fn operations(group: i64, file: i64) -> Vec<(&'static str, Value)> {
    vec![
        ("get_dir", json!({ "group_id": group })),
        ("mk_dir", json!({ "group_id": group, "name": "new" })),
        ("delete", json!({ "group_id": group, "file_id": file })),
        (
            "edit_name",
            json!({ "group_id": group, "file_id": file, "name": "new" }),
        ),
        (
            "move",
            json!({ "group_id": group, "file_id": file, "parent_id": 0 }),
        ),
        ("share", json!({ "group_id": group, "file_id": file })),
    ]
}

async fn strangers_to_a_group_and_to_its_files_are_told(server: Server) {
    let (ann, _, group) = two(&server).await;
    let eve = Person::enter(&server, "eve").await;
    let file = ann.put(group, None, "a.txt", b"x").await;
    for (name, body) in operations(group, file) {
        eve.refused(&format!("{FILES}/{name}"), body, 303).await;
    }
    refused(&eve.try_put(group, None, "x", b"x").await, 303, "upload");
    let answer = eve.get_file(group, file, "").await;
    assert_eq!((answer.status, answer.json()["code"].as_i64()), (403, Some(303)));
    for nowhere in [999_999, 0, -1, 10_000_000, 1 << 40] {
        for (name, body) in operations(nowhere, file) {
            ann.refused(&format!("{FILES}/{name}"), body, 301).await;
        }
        refused(&ann.try_put(nowhere, None, "x", b"x").await, 301, "upload");
        let answer = ann.get_file(nowhere, file, "").await;
        assert_eq!((answer.status, answer.json()["code"].as_i64()), (404, Some(301)));
    }
    let other = group_of(&eve, &[]).await;
    for (name, body) in operations(other, file).into_iter().skip(2) {
        eve.refused(&format!("{FILES}/{name}"), body, 341).await;
    }
    let answer = eve.get_file(other, file, "").await;
    assert_eq!((answer.status, answer.json()["code"].as_i64()), (404, Some(341)));
    for path in ["get_dir", "mk_dir", "delete", "edit_name", "move", "share"] {
        let path = format!("{FILES}/{path}");
        for body in [
            json!({}),
            json!({ "group_id": "x" }),
            json!({ "group_id": {} }),
            json!({ "group_id": 1.5 }),
        ] {
            ann.refused(&path, body, 101).await;
        }
        refused(
            &server
                .post(&path)
                .json(&json!({ "group_id": group }))
                .send()
                .await,
            113,
            &path,
        );
        let stale = server.post(&path).header("token", "x").json(&json!({}));
        refused(&stale.send().await, 112, &path);
        assert_eq!(
            server.get(&path).header("token", &ann.token).send().await.status,
            405
        );
    }
    for query in ["", "group_id=x", "group_id=1", "group_id=1&file_id=y"] {
        let answer = ann.fetch(&format!("{FILES}/download"), query).await;
        assert_eq!(
            (answer.status, answer.json()["code"].as_i64()),
            (400, Some(101)),
            "{query}"
        );
    }
    assert_eq!(server.get(&format!("{FILES}/download")).send().await.status, 401);
}

async fn the_files_of_a_dismissed_group_are_only_read(server: Server) {
    let (ann, bob, group) = two(&server).await;
    let file = ann.put(group, None, "a.txt", b"kept").await;
    dismiss(&ann, group).await;
    for (name, body) in operations(group, file).into_iter().skip(1) {
        ann.refused(&format!("{FILES}/{name}"), body, 304).await;
    }
    refused(&bob.try_put(group, None, "x", b"x").await, 304, "upload");
    assert_eq!(bob.names(group, json!(null)).await, ["a.txt"]);
    assert_eq!(bob.get_file(group, file, "").await.body, b"kept");
}
