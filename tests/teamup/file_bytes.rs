//! The bytes of a group's files: on their way in and out, and what is made of them.

use crate::files::{FILES, two};
use crate::harness::{Encoding, Server, Storage};
use crate::person::{form, picture, refused, start, succeeded};
use crate::with_logins;
use serde_json::{Value, json};

with_logins!(
    a_file_comes_back_as_it_was_whole_or_in_part,
    small_pictures_are_made_of_pictures_and_films,
    sound_and_film_say_how_long_they_last,
    nothing_uploaded_runs_in_a_browser,
    an_upload_shows_its_token_and_its_place_wherever_it_likes,
    bad_uploads_are_told,
);

async fn a_file_comes_back_as_it_was_whole_or_in_part(server: Server) {
    let (ann, bob, group) = two(&server).await;
    let bytes: Vec<u8> = (0..300_000_u32).map(|n| (n % 251) as u8).collect();
    let file = ann.put(group, None, "数据 1.bin", &bytes).await;
    let whole = bob.get_file(group, file, "").await;
    assert_eq!((whole.status, &whole.body), (200, &bytes));
    let disposition = whole.header("content-disposition").expect("a name");
    assert!(disposition.starts_with("attachment;"), "{disposition}");
    assert!(
        disposition.contains("filename*=UTF-8''%E6%95%B0%E6%8D%AE%201.bin"),
        "{disposition}"
    );
    let tag = whole.header("etag").expect("a tag").to_owned();
    let path = format!("{FILES}/download?group_id={group}&file_id={file}");
    let part = bob
        .request("GET", &path)
        .header("Range", "bytes=100-199")
        .send()
        .await;
    assert_eq!((part.status, &part.body[..]), (206, &bytes[100..200]));
    assert_eq!(part.header("content-range"), Some("bytes 100-199/300000"));
    let end = bob.request("GET", &path).header("Range", "bytes=-5").send().await;
    assert_eq!((end.status, &end.body[..]), (206, &bytes[299_995..]));
    let beyond = bob
        .request("GET", &path)
        .header("Range", "bytes=300000-")
        .send()
        .await;
    assert_eq!(beyond.status, 416);
    let known = bob
        .request("GET", &path)
        .header("If-None-Match", &tag)
        .send()
        .await;
    assert_eq!((known.status, known.body.len()), (304, 0));
    // In the query as in the header, but not by another method.
    assert_eq!(bob.request("POST", &path).send().await.status, 405);
}

async fn small_pictures_are_made_of_pictures_and_films(server: Server) {
    let (ann, bob, group) = two(&server).await;
    let large = picture(1_000, 500);
    let image = ann.put(group, None, "a.png", &large).await;
    let small = bob.get_file(group, image, "&thumbnail=1").await;
    assert_eq!(
        (small.status, small.header("content-type")),
        (200, Some("image/jpeg"))
    );
    assert!(small.body.starts_with(b"\xff\xd8\xff") && small.body.len() < 20_000);
    assert_eq!(bob.get_file(group, image, "&thumbnail=").await.body, large);
    let film = include_bytes!("../blobs/fixtures/film.mp4");
    let film = ann.put(group, None, "a.mp4", film).await;
    let frame = bob.get_file(group, film, "&thumbnail=yes").await;
    assert_eq!(frame.status, 200);
    assert!(
        frame
            .header("content-type")
            .is_some_and(|kind| kind.starts_with("image/"))
    );
    // What is no picture whatever it is called, and what nobody makes a picture of, is sent as it is.
    for (name, bytes) in [("b.png", b"no picture".as_slice()), ("b.txt", b"a text")] {
        let file = ann.put(group, None, name, bytes).await;
        assert_eq!(bob.get_file(group, file, "&thumbnail=1").await.body, bytes);
    }
    let no_film = ann.put(group, None, "b.mp4", b"no film").await;
    let placeholder = bob.get_file(group, no_film, "&thumbnail=1").await;
    assert_eq!(placeholder.header("content-type"), Some("image/jpeg"));
}

async fn sound_and_film_say_how_long_they_last(server: Server) {
    let (ann, _, group) = two(&server).await;
    for (name, bytes, file_type) in [
        (
            "a.mp3",
            include_bytes!("../blobs/fixtures/tone.mp3").as_slice(),
            "voice",
        ),
        ("a.m4a", include_bytes!("../blobs/fixtures/tone.m4a"), "voice"),
        ("a.wav", include_bytes!("../blobs/fixtures/tone.wav"), "voice"),
        ("a.amr", include_bytes!("../blobs/fixtures/tone.amr"), "voice"),
        (
            "a.mp4",
            include_bytes!("../blobs/fixtures/film-sound.mp4"),
            "video",
        ),
        ("a.webm", include_bytes!("../blobs/fixtures/film.webm"), "video"),
    ] {
        ann.put(group, None, name, bytes).await;
        let listed = ann.dir(group, json!(null)).await;
        let listed = listed.as_array().expect("files");
        let item = listed.iter().find(|item| item["name"] == name).expect("the file");
        assert_eq!(item["file_type"], file_type, "{item}");
        let duration = item["duration"].as_f64().expect("a number");
        assert!((0.5..5.0).contains(&duration), "{item}");
    }
    ann.put(group, None, "silence.mp3", b"no sound").await;
    let listed = ann.dir(group, json!(null)).await;
    let listed = listed.as_array().expect("files");
    let item = listed.iter().find(|item| item["name"] == "silence.mp3");
    assert_eq!(item.expect("the file")["duration"], 0);
}

async fn nothing_uploaded_runs_in_a_browser(server: Server) {
    let (ann, bob, group) = two(&server).await;
    for (name, bytes) in [
        ("a.html", b"<html><script>alert(1)</script>".as_slice()),
        (
            "a.svg",
            b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>",
        ),
        ("a.png", b"<script>alert(1)</script>"),
        ("a.js", b"alert(1)"),
    ] {
        let file = ann.put(group, None, name, bytes).await;
        let answer = bob.get_file(group, file, "").await;
        assert_eq!(
            answer.header("content-type"),
            Some("application/octet-stream"),
            "{name}"
        );
        assert!(
            answer
                .header("content-disposition")
                .is_some_and(|told| told.starts_with("attachment"))
        );
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert!(
            answer
                .header("content-security-policy")
                .is_some_and(|told| told.contains("sandbox"))
        );
    }
    let file = ann
        .put(group, None, "../../etc/a\u{202e}b.png", &picture(2, 2))
        .await;
    assert_eq!(ann.names(group, json!(null)).await.last(), Some(&json!("ab.png")));
    let answer = bob.get_file(group, file, "").await;
    assert_eq!(answer.header("content-type"), Some("image/png"));
}

async fn an_upload_shows_its_token_and_its_place_wherever_it_likes(server: Server) {
    let (ann, _, group) = two(&server).await;
    let folder = ann.mk_dir(group, json!(null), "folder").await;
    let (group_text, folder_text) = (group.to_string(), folder.to_string());
    let path = format!("{FILES}/upload");
    // Fields in the query.
    let query = format!("{path}?token={}&group_id={group}&parent_id={folder}", ann.token);
    let (kind, body) = form(&[], Some(("file", "query.txt", b"x")));
    succeeded(&server.post(&query).body(&kind, body).send().await);
    // The token among the fields before the file.
    let fields = [
        ("token", ann.token.as_str()),
        ("group_id", &group_text),
        ("parent_id", &folder_text),
    ];
    let (kind, body) = form(&fields, Some(("file", "fields.txt", b"x")));
    succeeded(&server.post(&path).body(&kind, body).send().await);
    // The place after the file.
    let mut body = form(&[], Some(("file", "after.txt", b"x"))).1;
    body.truncate(body.len() - "--B--\r\n".len());
    body.extend(form(&[("group_id", &group_text), ("parent_id", &folder_text)], None).1);
    succeeded(&ann.request("POST", &path).body(&kind, body).send().await);
    assert_eq!(
        ann.names(group, json!(folder)).await,
        ["after.txt", "fields.txt", "query.txt"]
    );
}

async fn bad_uploads_are_told(server: Server) {
    let (ann, _, group) = two(&server).await;
    let path = format!("{FILES}/upload");
    let group_text = group.to_string();
    let fields = [("group_id", group_text.as_str())];
    let send = async |kind: &str, body: Vec<u8>| ann.request("POST", &path).body(kind, body).send().await;
    for (fields, file, what) in [
        (
            &fields[..],
            Some(("avatar", "a", b"x".as_slice())),
            "another field",
        ),
        (&fields[..], None, "no file"),
        (&[], Some(("file", "a", b"x".as_slice())), "no group"),
        (
            &[("group_id", "x")],
            Some(("file", "a", b"x".as_slice())),
            "no number",
        ),
    ] {
        let (kind, body) = form(fields, file);
        refused(&send(&kind, body).await, 101, what);
    }
    let (kind, mut body) = form(&fields, Some(("file", "a", b"x")));
    body.truncate(body.len() - 12);
    refused(&send(&kind, body).await, 101, "cut off");
    refused(&send("application/json", b"{}".to_vec()).await, 101, "no form");
    refused(
        &send("multipart/form-data", b"--B".to_vec()).await,
        101,
        "no boundary",
    );
    let two = [
        form(&fields, Some(("file", "a", b"x"))).1,
        form(&[], Some(("file", "b", b"x"))).1,
    ]
    .concat();
    let two = String::from_utf8(two)
        .expect("a text")
        .replacen("--B--\r\n", "", 1);
    refused(&send(&kind, two.into_bytes()).await, 101, "two files");
    let (kind, body) = form(&fields, Some(("file", "a", b"x")));
    refused(
        &server.post(&path).body(&kind, body.clone()).send().await,
        113,
        "no token",
    );
    let stale = server.post(&path).header("token", "x").body(&kind, body);
    refused(&stale.send().await, 112, "a token of nobody's");
    let none = server.post(&path).params(Encoding::Json, &[]).send().await;
    refused(&none, 113, "no token and no form");
    assert_eq!(ann.names(group, json!(null)).await, Vec::<Value>::new());
}

/// The quota of a group, small enough to be filled.
const QUOTA: [(&str, &str); 1] = [("ROOST__TEAMUP__GROUP_FILES_BYTES", "3000000")];

async fn a_group_is_full_at_its_quota(storage: Storage) {
    let server = start(storage, &QUOTA).await;
    let (ann, bob, group) = two(&server).await;
    // Larger than all there is: refused before it has come.
    let large = vec![7; 4_500_000];
    refused(&ann.try_put(group, None, "large", &large).await, 344, "announced");
    refused(
        &ann.try_put(group, None, "large", &large[..3_000_001]).await,
        344,
        "one byte",
    );
    // Many at once fill it, and none comes through beyond it.
    let bytes = &large[..700_000];
    let names: Vec<String> = (0..8).map(|n| format!("{n}.bin")).collect();
    let tries = names.iter().map(|name| bob.try_put(group, None, name, bytes));
    let answers = futures_util::future::join_all(tries).await;
    let kept = answers.iter().filter(|answer| answer.json()["code"] == 0).count();
    let full = answers
        .iter()
        .filter(|answer| answer.json()["code"] == 344)
        .count();
    assert_eq!((kept, full), (4, 4));
    let listed = ann.dir(group, json!(null)).await;
    assert_eq!(listed.as_array().map(Vec::len), Some(4));
    ann.put(group, None, "rest", &large[..200_000]).await;
    refused(&ann.try_put(group, None, "more", b"x").await, 344, "full");
    ann.mk_dir(group, json!(null), "a folder takes nothing").await;
    // What is deleted makes room at once, and its bytes go soon.
    let gone = json!({ "group_id": group, "file_id": listed[0]["id"] });
    ann.post(&format!("{FILES}/delete"), gone).await;
    ann.put(group, None, "more", bytes).await;
}

#[tokio::test]
async fn a_group_is_full_at_its_quota_on_sqlite() {
    a_group_is_full_at_its_quota(Storage::Sqlite).await;
}

#[tokio::test]
async fn a_group_is_full_at_its_quota_on_postgres() {
    a_group_is_full_at_its_quota(Storage::Postgres).await;
}
