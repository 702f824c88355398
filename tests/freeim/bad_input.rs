//! Whatever a client sends, the answer is FreeIM's own, and never a 5xx.

use crate::harness::{Answer, Encoding, Server};
use crate::on_both_storages;
use crate::person::Person;

on_both_storages!(
    no_route_breaks_on_bad_parameters,
    no_route_breaks_on_bad_bodies,
    unknown_paths_and_wrong_methods_are_a_plain_404,
);

/// Every route that takes parameters, with the fields it knows.
const ROUTES: [(&str, &str, &[&str]); 47] = [
    ("GET", "captcha/image", &["type"]),
    ("GET", "captcha/email", &["email"]),
    ("GET", "captcha/mobile", &["mobile"]),
    ("POST", "login/email", &["email", "captcha", "platform"]),
    ("POST", "login/mobile", &["mobile", "captcha", "platform"]),
    ("POST", "reset/password/email", &["email", "captcha", "password"]),
    (
        "POST",
        "reset/password/mobile",
        &["mobile", "captcha", "password"],
    ),
    (
        "POST",
        "register/basic",
        &["account", "password", "platform", "captchaKey", "captcha"],
    ),
    (
        "POST",
        "login/basic",
        &["account", "password", "platform", "captchaKey", "captcha"],
    ),
    (
        "PUT",
        "me/update/info",
        &[
            "nickname",
            "avatar",
            "gender",
            "intro",
            "longitude",
            "latitude",
            "city",
        ],
    ),
    ("GET", "friends/search", &["account"]),
    ("POST", "friends/add", &["toId", "reason"]),
    ("POST", "friends/add/reply", &["toId", "status", "reason"]),
    ("GET", "friends", &["blacklist"]),
    ("DELETE", "friends", &["toId"]),
    ("POST", "friends/blaklist", &["toId"]),
    ("DELETE", "friends/blaklist", &["toId"]),
    ("PUT", "friends/remark", &["toId", "remark"]),
    ("PUT", "friends/label", &["toId", "label"]),
    ("POST", "friends/groups", &["name", "members"]),
    ("DELETE", "friends/groups", &["groupId"]),
    ("GET", "friends/group", &["groupId"]),
    ("POST", "friends/groups/members", &["groupId", "members"]),
    ("DELETE", "friends/groups/members", &["groupId", "members"]),
    ("PUT", "friends/groups/name", &["groupId", "name"]),
    ("GET", "friends/near", &["longitude", "latitude"]),
    ("GET", "friends/info", &["toId"]),
    ("GET", "friends/verify", &["toId"]),
    (
        "POST",
        "chatGroups",
        &[
            "name",
            "intro",
            "avatar",
            "longitude",
            "latitude",
            "address",
            "disbaleAddGroup",
        ],
    ),
    (
        "PUT",
        "chatGroups",
        &[
            "groupId",
            "name",
            "intro",
            "longitude",
            "latitude",
            "address",
            "enbaleBeforeMsg",
        ],
    ),
    ("POST", "chatGroups/search", &["name"]),
    ("GET", "chatGroups/near", &["longitude", "latitude"]),
    ("POST", "chatGroups/join", &["groupId", "reason"]),
    (
        "POST",
        "chatGroups/join/reply",
        &["groupId", "accountId", "status", "reason"],
    ),
    ("GET", "chatGroups/info", &["groupId"]),
    ("POST", "chatGroups/dissolve", &["groupId"]),
    ("POST", "chatGroups/exit", &["groupId"]),
    ("POST", "chatGroups/transfer", &["groupId", "toId"]),
    ("POST", "chatGroups/kick", &["groupId", "toId"]),
    ("POST", "chatGroups/manager", &["groupId", "toId", "isManager"]),
    ("POST", "chatGroups/banned", &["groupId", "toId", "minute"]),
    ("POST", "chatGroups/invite", &["groupId", "toIdList"]),
    ("GET", "chatGroups/common", &["toId"]),
    ("POST", "chat/send", &["toId", "ope", "type", "body", "isPrivate"]),
    ("POST", "chat/revocation", &["toId", "id", "ope"]),
    ("POST", "chat/read", &["toId"]),
    (
        "GET",
        "chat/messages",
        &["toId", "messageType", "limit", "page", "sort", "ope"],
    ),
];

/// Asserts that an answer is in FreeIM's wrapper, whatever it says.
fn is_wrapped(answer: &Answer, what: &str) {
    assert_eq!(answer.status, 200, "{what}: {}", answer.text());
    let json = answer.json();
    let code = json["code"].as_i64();
    assert!(matches!(code, Some(0 | 1)), "{what}: {json}");
    assert!(
        json["message"].is_string() && json.get("result").is_some(),
        "{what}: {json}"
    );
    assert_ne!(json["message"], "服务器错误", "{what}: {json}");
}

async fn no_route_breaks_on_bad_parameters(server: Server) {
    let ann = Person::register(&server, "ann").await;
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
        "\u{202e}\u{0}nul",
        "🦀\u{7f}\r\n",
        long.as_str(),
    ];
    for (method, path, fields) in ROUTES {
        for value in values {
            let params: Vec<(&str, &str)> = fields.iter().map(|field| (*field, value)).collect();
            let encoding = match (method, value.len() > 1_000) {
                ("GET", true) => continue,
                ("GET", false) => Encoding::Query,
                _ if value.contains('\r') => Encoding::Json,
                _ => Encoding::Multipart,
            };
            let answer = ann.request(method, path).params(encoding, &params).send().await;
            let shown: String = value.chars().take(30).collect();
            is_wrapped(&answer, &format!("{method} {path} with {shown:?}"));
        }
    }
    ann.get("me/info", &[]).await;
}

async fn no_route_breaks_on_bad_bodies(server: Server) {
    let ann = Person::register(&server, "ann").await;
    let deep = format!("{{\"toId\":{}1{}}}", "[".repeat(5_000), "]".repeat(5_000));
    let huge = format!("{{\"toId\":1,\"body\":\"{}\"}}", "x".repeat(2 << 20));
    let multipart = "multipart/form-data; boundary=b";
    let bodies: [(&str, &[u8]); 17] = [
        ("application/json", b"{"),
        ("application/json", b"[]"),
        ("application/json", b"null"),
        ("application/json", b"\"text\""),
        (
            "application/json",
            b"{\"toId\":{\"a\":1},\"groupId\":[],\"name\":{},\"account\":[1]}",
        ),
        (
            "application/json",
            b"{\"toId\":1.5,\"groupId\":true,\"body\":null,\"name\":7}",
        ),
        ("application/json", b"{\"toId\":\"\xff\xfe\"}"),
        ("application/json", b"{\"toId\":1,\"body\":\"\\ud800\"}"),
        (
            "application/json",
            b"{\"body\":\"a\\u0000b\",\"name\":\"a\\u0000b\",\"account\":\"a\\u0000b\"}",
        ),
        ("application/json", deep.as_bytes()),
        ("application/json", huge.as_bytes()),
        (
            "application/x-www-form-urlencoded",
            b"toId=%FF%FE&name=%FF&account=%FF",
        ),
        ("application/x-www-form-urlencoded", b"&&&===%%%"),
        (
            multipart,
            b"--b\r\nContent-Disposition: form-data; name=\"toId\"\r\n\r\n",
        ),
        (multipart, b"--b\r\n\r\n\r\n--b--"),
        ("multipart/form-data", b"no boundary"),
        ("text/plain; charset=unheard-of", b"\x00\x01\x02"),
    ];
    for (method, path, _) in ROUTES {
        for (content_type, body) in bodies {
            // The node lingers over a body that it has not read: once is enough.
            if body.len() > 1 << 20 && path != "chat/send" {
                continue;
            }
            let request = ann.request(method, path).body(content_type, body);
            let answer = request.send().await;
            let shown = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
            is_wrapped(&answer, &format!("{method} {path} with {content_type} {shown:?}"));
        }
        let bomb = ann.request(method, path).header("Content-Encoding", "gzip");
        let answer = bomb.body("application/json", "no gzip").send().await;
        is_wrapped(&answer, &format!("{method} {path} with broken gzip"));
    }
    ann.get("me/info", &[]).await;
}

async fn unknown_paths_and_wrong_methods_are_a_plain_404(server: Server) {
    let ann = Person::register(&server, "ann").await;
    let lost = [
        ("GET", "/api/v1"),
        ("GET", "/api/v1/"),
        ("GET", "/api/v1/nothing"),
        ("GET", "/api/v1/friends/"),
        ("POST", "/api/v1/me/info"),
        ("GET", "/api/v1/chat/send"),
        ("PATCH", "/api/v1/chatGroups"),
        ("GET", "/api/v1/upload/qiniu"),
        ("PUT", "/api/v1/upload/files/1-x/a.png"),
        ("GET", "/api/v1/upload/files/1-x/a.png"),
        ("GET", "/api/v1/me/..%2f..%2fetc"),
        ("BREW", "/api/v1/me/info"),
    ];
    for (method, path) in lost {
        let request = server.request(method, path).header("Authorization", &ann.token);
        let answer = request.send().await;
        assert_eq!(
            (answer.status, answer.text().as_str()),
            (404, "404 page not found"),
            "{method} {path}"
        );
        let kind = answer.header("Content-Type").unwrap_or_default();
        assert!(kind.starts_with("text/plain"), "{kind}");
    }
}
