//! Whatever a client sends, the answer is team-up's own, and never a 5xx.

use crate::groups::{of_two, three};
use crate::harness::{Answer, Encoding, Server};
use crate::person::{Person, form};
use crate::with_logins;

with_logins!(
    no_route_breaks_on_bad_parameters,
    no_route_breaks_on_bad_bodies,
    every_route_wants_a_token,
);

/// Every route that takes parameters, with the fields it knows besides the token.
pub const ROUTES: [(&str, &str, &[&str]); 61] = [
    ("POST", "/auth/login", &["code"]),
    ("POST", "/auth/checkLogin", &[]),
    ("POST", "/user/auth/login", &["code"]),
    ("POST", "/user/auth/checkLogin", &[]),
    ("POST", "/user/info/text/editInfo", &["text"]),
    ("POST", "/user/info/text/getInfo", &["user_id"]),
    ("POST", "/user/info/text/setNickname", &["nickname"]),
    ("POST", "/user/info/avatar/add", &["avatar"]),
    ("GET", "/user/info/avatar/get", &["user_id"]),
    ("GET", "/user/info/avatar/shown/x", &["user_id"]),
    ("POST", "/user/info/tag/add", &["tag_text", "tag_id"]),
    ("POST", "/user/info/tag/get", &["user_id"]),
    ("POST", "/user/info/tag/remove", &["tag_id"]),
    ("POST", "/user/info/tag/delete", &["tag_id"]),
    ("POST", "/user/info/tag/del", &["tag_id"]),
    ("POST", "/user/info/tag/edit", &["tag_id", "tag_text"]),
    ("POST", "/user/info/tag/update", &["tag_id", "tag_text"]),
    (
        "POST",
        "/group/external/group/create",
        &["type", "name", "user_limit"],
    ),
    ("POST", "/group/external/group/join", &["group_id"]),
    ("POST", "/group/external/joinRequest/getAll", &["x"]),
    (
        "POST",
        "/group/external/joinRequest/process",
        &["request_id", "action"],
    ),
    ("POST", "/group/external/search/name_hint", &["type", "key"]),
    ("POST", "/group/external/search/tag_hint", &["type", "key"]),
    (
        "POST",
        "/group/external/search/group",
        &["type", "key", "tags", "sort_method", "sort_order"],
    ),
    (
        "POST",
        "/group/external/search/my_group",
        &["type", "key", "tags", "sort_method", "sort_order"],
    ),
    ("POST", "/group/internal/info/text/edit", &["group_id", "text"]),
    ("POST", "/group/internal/info/text/get", &["group_id"]),
    (
        "POST",
        "/group/internal/info/text/set_name",
        &["group_id", "name"],
    ),
    ("POST", "/group/internal/info/avatar/add", &["group_id", "avatar"]),
    ("GET", "/group/internal/info/avatar/get", &["group_id"]),
    ("POST", "/group/internal/info/picture/getAll", &["group_id"]),
    ("GET", "/group/internal/info/picture/get", &["group_id", "pic_id"]),
    ("POST", "/group/internal/info/picture/add", &["group_id", "pic"]),
    (
        "POST",
        "/group/internal/info/picture/del",
        &["group_id", "pic_id"],
    ),
    ("POST", "/group/internal/info/tag/get", &["group_id"]),
    (
        "POST",
        "/group/internal/info/tag/add",
        &["group_id", "tag_text", "tag_id"],
    ),
    ("POST", "/group/internal/info/tag/remove", &["group_id", "tag_id"]),
    (
        "POST",
        "/group/internal/info/tag/edit",
        &["group_id", "tag_id", "tag_text"],
    ),
    ("POST", "/group/internal/member/get", &["group_id"]),
    ("POST", "/group/internal/member/remove", &["group_id", "user_id"]),
    (
        "POST",
        "/group/internal/member/setNickname",
        &["group_id", "nickname"],
    ),
    ("POST", "/group/internal/member/rate", &["group_id", "rates"]),
    (
        "POST",
        "/group/internal/member/switchAdmin",
        &["group_id", "user_id"],
    ),
    ("POST", "/group/internal/announcement/getAll", &["group_id"]),
    (
        "POST",
        "/group/internal/announcement/get",
        &["group_id", "announcement_id"],
    ),
    (
        "POST",
        "/group/internal/announcement/add",
        &["group_id", "title", "text"],
    ),
    (
        "POST",
        "/group/internal/announcement/edit",
        &["group_id", "announcement_id", "title", "text"],
    ),
    (
        "POST",
        "/group/internal/announcement/setPic",
        &["group_id", "announcement_id"],
    ),
    (
        "POST",
        "/group/internal/announcement/delPic",
        &["group_id", "announcement_id"],
    ),
    (
        "GET",
        "/group/internal/announcement/getPic",
        &["group_id", "announcement_id"],
    ),
    (
        "POST",
        "/group/internal/files/get_dir",
        &["group_id", "parent_id"],
    ),
    (
        "POST",
        "/group/internal/files/mk_dir",
        &["group_id", "parent_id", "name"],
    ),
    (
        "GET",
        "/group/internal/files/download",
        &["group_id", "file_id", "thumbnail"],
    ),
    ("POST", "/group/internal/files/upload", &["group_id", "parent_id"]),
    ("POST", "/group/internal/files/delete", &["group_id", "file_id"]),
    (
        "POST",
        "/group/internal/files/edit_name",
        &["group_id", "file_id", "name"],
    ),
    (
        "POST",
        "/group/internal/files/move",
        &["group_id", "file_id", "parent_id"],
    ),
    ("POST", "/group/internal/files/share", &["group_id", "file_id"]),
    ("POST", "/chat/files/upload", &["type", "room_id"]),
    (
        "GET",
        "/chat/files/download",
        &["type", "room_id", "file_id", "thumbnail"],
    ),
    ("POST", "/chat/getChat", &["x"]),
];

/// Routes that end something: asked last.
const ENDS: [(&str, &str, &[&str]); 3] = [
    (
        "POST",
        "/group/internal/announcement/delete",
        &["group_id", "announcement_id"],
    ),
    ("POST", "/group/internal/setting/exit", &["group_id"]),
    ("POST", "/group/internal/setting/dismiss", &["group_id"]),
];

/// Asserts that an answer is team-up's own: its wrapper, or a picture.
fn is_own(answer: &Answer, what: &str) {
    if answer
        .header("Content-Type")
        .is_some_and(|kind| kind.starts_with("image/"))
    {
        return;
    }
    assert!(answer.status < 500, "{what}: {} {}", answer.status, answer.text());
    let json = answer.json();
    let code = json["code"].as_i64();
    assert!(code.is_some_and(|code| code == 0 || code > 100), "{what}: {json}");
    assert!(json["errorMsg"].is_string(), "{what}: {json}");
    let succeeded = json["errorMsg"] == "";
    assert_eq!(code == Some(0), succeeded, "{what}: {json}");
}

async fn no_route_breaks_on_bad_parameters(server: Server) {
    let (ann, bob, _) = three(&server).await;
    of_two(&ann, &bob).await;
    let long = "界".repeat(20_000);
    let values = [
        "",
        "0",
        "1",
        "-1",
        "10000000",
        "19999999",
        "1099511627776",
        "9223372036854775807",
        "18446744073709551616",
        "1e400",
        "NaN",
        "'; DROP TABLE messages; --",
        "%' OR 1=1 --",
        "[]",
        "[{\"user_id\":{}}]",
        "[\"\\u0000\"]",
        "\u{202e}\u{0}nul",
        "🦀\u{7f}\r\n",
        long.as_str(),
    ];
    for (method, path, fields) in ROUTES.into_iter().chain(ENDS) {
        for value in values {
            if method == "GET" && value.len() > 1_000 {
                continue;
            }
            let params: Vec<(&str, &str)> = fields.iter().map(|field| (*field, value)).collect();
            let encodings = if method == "GET" {
                &[Encoding::Query][..]
            } else {
                &[Encoding::Json, Encoding::Multipart]
            };
            for encoding in encodings {
                let request = ann.request(method, path).params(*encoding, &params);
                let shown: String = value.chars().take(40).collect();
                is_own(
                    &request.send().await,
                    &format!("{method} {path} {shown:?} {encoding:?}"),
                );
            }
        }
    }
}

async fn no_route_breaks_on_bad_bodies(server: Server) {
    let ann = Person::enter(&server, "ann").await;
    let deep = "[".repeat(100_000);
    let bodies: [(&str, &[u8]); 12] = [
        ("application/json", b"{"),
        ("application/json", b"[]"),
        ("application/json", b"7"),
        ("application/json", b"\"x\""),
        (
            "application/json",
            b"{\"group_id\":{\"a\":[1,2,{}]},\"rates\":{\"x\":1}}",
        ),
        ("application/json", b"\xff\xfe{}"),
        ("application/json", deep.as_bytes()),
        ("application/x-www-form-urlencoded", b"group_id=%ff%fe&code=%00"),
        ("multipart/form-data", b"no boundary"),
        ("multipart/form-data; boundary=B", b"--B\r\n\r\n"),
        (
            "multipart/form-data; boundary=B",
            b"--B\r\nContent-Disposition: form-data\r\n\r\nx\r\n--B--\r\n",
        ),
        ("text/plain", b"\0\0\0\0"),
    ];
    for (method, path, _) in ROUTES
        .into_iter()
        .chain(ENDS)
        .filter(|(method, ..)| *method == "POST")
    {
        for (kind, body) in bodies {
            let request = ann.request(method, path).body(kind, body);
            is_own(
                &request.send().await,
                &format!(
                    "{path} {kind} {:?}",
                    String::from_utf8_lossy(&body[..body.len().min(40)])
                ),
            );
        }
    }
    // A file where none belongs, and a form that ends in the middle of one.
    for path in [
        "/user/info/text/editInfo",
        "/user/info/avatar/add",
        "/group/internal/info/picture/add",
    ] {
        let (kind, body) = form(&[("group_id", "1")], Some(("pic", "../../\u{0}x", b"x")));
        for body in [body.clone(), body[..body.len() - 9].to_vec()] {
            is_own(&ann.request("POST", path).body(&kind, body).send().await, path);
        }
    }
}

async fn every_route_wants_a_token(server: Server) {
    for (method, path, fields) in ROUTES.into_iter().chain(ENDS) {
        if path.ends_with("/login") || path.ends_with("/shown/x") || path.ends_with("/checkLogin") {
            continue;
        }
        let params: Vec<(&str, &str)> = fields.iter().map(|field| (*field, "1")).collect();
        let encoding = if method == "GET" {
            Encoding::Query
        } else {
            Encoding::Json
        };
        for (token, code) in [("", 113), ("x", 112)] {
            let request = server
                .request(method, path)
                .params(encoding, &params)
                .header("token", token);
            let answer = request.send().await;
            let status = if method == "GET" { 401 } else { 200 };
            let shown = (answer.status, answer.json()["code"].as_i64());
            assert_eq!(shown, (status, Some(code)), "{path}");
        }
    }
}
