//! What every operation refuses alike: no token, fields that are missing, numbers that are none.

use crate::harness::{Encoding, Server, Storage};
use crate::on_both_storages;
use crate::person::{PASSWORD, Person, column, enter, refusal, succeeded};

on_both_storages!(
    every_operation_but_the_open_ones_needs_a_token,
    every_operation_names_the_fields_that_are_missing,
    numbers_and_flags_that_are_none_are_named,
    what_is_full_is_said_to_be_full,
    people_are_found_by_every_name_they_have_and_namesakes_together,
    what_is_over_is_refused_as_over,
    a_locked_account_does_not_log_in,
    tokens_that_ended_or_are_nobodys_do_not_count,
);

/// The operations that need no token, with the fields each must be given.
const OPEN: [(&str, &str, &[&str]); 9] = [
    ("GET", "captcha/image", &["Type"]),
    ("GET", "captcha/email", &["Email"]),
    ("GET", "captcha/mobile", &["Mobile"]),
    ("POST", "login/basic", &["Platform", "Account", "Password"]),
    ("POST", "register/basic", &["Platform", "Account", "Password"]),
    ("POST", "login/email", &["Platform", "Email", "Captcha"]),
    ("POST", "login/mobile", &["Platform", "Mobile", "Captcha"]),
    ("POST", "reset/password/email", &["Captcha", "Email", "Password"]),
    (
        "POST",
        "reset/password/mobile",
        &["Captcha", "Mobile", "Password"],
    ),
];

/// The others.
const PROVEN: [(&str, &str, &[&str]); 47] = [
    ("GET", "me/info", &[]),
    ("PUT", "me/update/password", &["Password"]),
    ("PUT", "me/update/info", &[]),
    ("GET", "friends/search", &["Account"]),
    ("POST", "friends/add", &["ToID"]),
    ("POST", "friends/add/reply", &["ToID", "Status"]),
    ("GET", "friends/add/applies", &[]),
    ("GET", "friends", &[]),
    ("DELETE", "friends", &["ToID"]),
    ("POST", "friends/blaklist", &["ToID"]),
    ("DELETE", "friends/blaklist", &["ToID"]),
    ("PUT", "friends/remark", &["ToID", "Remark"]),
    ("PUT", "friends/label", &["ToID", "Label"]),
    ("POST", "friends/groups", &["Name"]),
    ("DELETE", "friends/groups", &["GroupID"]),
    ("GET", "friends/groups", &[]),
    ("POST", "friends/groups/members", &["GroupID"]),
    ("DELETE", "friends/groups/members", &["GroupID"]),
    ("GET", "friends/group", &["GroupID"]),
    ("PUT", "friends/groups/name", &["GroupID", "Name"]),
    ("GET", "friends/info", &["ToID"]),
    ("GET", "friends/verify", &["ToID"]),
    ("GET", "friends/near", &["Longitude", "Latitude"]),
    ("POST", "chatGroups", &["Name"]),
    ("PUT", "chatGroups", &["GroupID", "Name"]),
    ("GET", "chatGroups", &[]),
    ("POST", "chatGroups/join", &["GroupID"]),
    ("GET", "chatGroups/join", &[]),
    (
        "POST",
        "chatGroups/join/reply",
        &["AccountID", "Status", "GroupID"],
    ),
    ("GET", "chatGroups/info", &["GroupID"]),
    ("POST", "chatGroups/dissolve", &["GroupID"]),
    ("POST", "chatGroups/exit", &["GroupID"]),
    ("POST", "chatGroups/transfer", &["GroupID", "ToID"]),
    ("POST", "chatGroups/kick", &["GroupID", "ToID"]),
    ("POST", "chatGroups/manager", &["GroupID", "ToID"]),
    ("POST", "chatGroups/banned", &["ToID", "GroupID", "Minute"]),
    ("POST", "chatGroups/search", &["Name"]),
    ("GET", "chatGroups/common", &["ToID"]),
    ("GET", "chatGroups/near", &["Longitude", "Latitude"]),
    ("POST", "chatGroups/invite", &["GroupID", "ToIdList"]),
    ("POST", "chat/send", &["ToID", "Ope", "Type", "Body"]),
    ("POST", "chat/revocation", &["ToID", "ID", "Ope"]),
    ("POST", "chat/read", &["ToID"]),
    ("GET", "chat/messages", &["ToID"]),
    ("GET", "upload/qiniu/params", &[]),
    ("GET", "configs", &[]),
    ("GET", "discovers", &[]),
];

async fn every_operation_but_the_open_ones_needs_a_token(server: Server) {
    for (method, path, _) in PROVEN {
        let request = server.request(method, &format!("/api/v1/{path}"));
        let answer = request.send().await;
        let expected = r#"{"code":1,"result":null,"message":"登录超时"}"#;
        assert_eq!(
            (answer.status, answer.text().as_str()),
            (401, expected),
            "{method} {path}"
        );
    }
    for (method, path, _) in OPEN {
        let request = server.request(method, &format!("/api/v1/{path}"));
        assert_eq!(refusal(&request.send().await), "参数不合法", "{method} {path}");
    }
}

async fn every_operation_names_the_fields_that_are_missing(server: Server) {
    let ann = Person::register(&server, "ann").await;
    for (method, path, fields) in OPEN
        .iter()
        .chain(&PROVEN)
        .filter(|(_, _, fields)| !fields.is_empty())
    {
        for encoding in Encoding::ALL {
            let answer = ann
                .request(method, path)
                .params(encoding, &[("unheard", "of")])
                .send()
                .await;
            assert_eq!(refusal(&answer), "参数不合法", "{method} {path}");
            let expected = fields.iter().map(|field| {
                format!("Key: '{field}' Error:Field validation for '{field}' failed on the 'required' tag")
            });
            let info = answer.json()["result"]["info"].as_str().unwrap().to_owned();
            let mut named: Vec<&str> = info.split('\n').collect();
            let mut expected: Vec<String> = expected.collect();
            named.sort_unstable();
            expected.sort_unstable();
            assert_eq!(named, expected, "{method} {path}");
        }
    }
}

async fn numbers_and_flags_that_are_none_are_named(server: Server) {
    let ann = Person::register(&server, "ann").await;
    for (method, path, fields) in PROVEN {
        for (go, key) in [
            ("ToID", "toId"),
            ("GroupID", "groupId"),
            ("Longitude", "longitude"),
        ] {
            if !fields.contains(&go) {
                continue;
            }
            let parse = if go == "Longitude" {
                "ParseFloat"
            } else {
                "ParseUint"
            };
            let words = format!("strconv.{parse}: parsing \"abc\": invalid syntax");
            ann.refused(method, path, &[(key, "abc")], &words).await;
        }
    }
    let words = "strconv.ParseBool: parsing \"2\": invalid syntax";
    ann.refused("GET", "friends", &[("blacklist", "2")], words).await;
    ann.refused(
        "POST",
        "chatGroups",
        &[("name", "x"), ("disbaleAddGroup", "2")],
        words,
    )
    .await;
    let words = "strconv.ParseUint: parsing \"x\": invalid syntax";
    ann.refused(
        "POST",
        "friends/groups",
        &[("name", "x"), ("members", "x")],
        words,
    )
    .await;
}

async fn what_is_full_is_said_to_be_full(server: Server) {
    let ann = Person::register(&server, "ann").await;
    for number in 0..200 {
        ann.post("friends/groups", &[("name", &number.to_string())]).await;
    }
    ann.refused("POST", "friends/groups", &[("name", "one more")], "数量已达上限")
        .await;
    assert_eq!(ann.get("friends/groups", &[]).await["result"]["total"], 200);
}

async fn people_are_found_by_every_name_they_have_and_namesakes_together(server: Server) {
    let ann = Person::register(&server, "ann").await;
    let mut found = Vec::new();
    for (road, address) in [("email", "Bob@Example.org"), ("mobile", "15712345678")] {
        let request = server.get(&format!("/api/v1/captcha/{road}"));
        succeeded(&request.params(Encoding::Query, &[(road, address)]).send().await);
        let code = server.code_for(address).unwrap();
        let enter = [(road, address), ("captcha", &code), ("platform", "web")];
        let request = server.post(&format!("/api/v1/login/{road}"));
        let entered = succeeded(&request.params(Encoding::Json, &enter).send().await);
        let token = entered["result"]["token"].as_str().unwrap().to_owned();
        let bob = Person {
            server: &server,
            id: 0,
            token,
        };
        succeeded(&bob.ask("PUT", "me/update/info", &[("nickname", "bob")]).await);
        let shown = ann.get("friends/search", &[("account", address)]).await["result"].take();
        assert_eq!(column(&shown, road), [address]);
        found.extend(column(&shown, "id"));
    }
    let namesakes = ann.get("friends/search", &[("account", "bob")]).await["result"].take();
    assert_eq!(
        (column(&namesakes, "id"), namesakes["total"].as_i64()),
        (found, Some(2))
    );
}

/// Whoever was logged in before the node went down.
fn again<'a>(server: &'a Server, of: &(i64, String)) -> Person<'a> {
    Person {
        server,
        id: of.0,
        token: of.1.clone(),
    }
}

async fn what_is_over_is_refused_as_over(mut server: Server) {
    let (ann, bob) = Person::two_friends(&server).await;
    let group = ann.group_with("group", &[&bob]).await;
    let (to_ann, to_bob) = (ann.text_id(), bob.text_id());
    let mut sent = Vec::new();
    for (ope, to) in [("friend", &to_ann), ("group", &group)] {
        let message = bob.say(ope, to, "too late to take back").await;
        sent.push((ope, to.clone(), message["id"].to_string()));
    }
    let mute = [("groupId", group.as_str()), ("toId", &to_bob), ("minute", "5")];
    ann.post("chatGroups/banned", &mute).await;
    let (key, code) = crate::person::captcha(&server, "login").await;
    succeeded(&server.get("/api/v1/captcha/email?email=a@b.c").send().await);
    let mailed = server.code_for("a@b.c").unwrap();
    let bob = (bob.id, bob.token);
    let sql = "UPDATE messages SET created_at = created_at - 120001;
        UPDATE members SET muted_until = 1 WHERE muted_until > 0;
        UPDATE codes SET expires_at = 1;";
    server.edit_stored(sql).await;
    let bob = again(&server, &bob);
    for (ope, to, id) in &sent {
        let back = [("toId", to.as_str()), ("id", id), ("ope", ope)];
        bob.refused("POST", "chat/revocation", &back, "超过2分钟消息无法撤回")
            .await;
        assert_eq!(bob.history(&[("toId", to), ("ope", ope)]).await["total"], 1);
    }
    bob.say("group", &group, "I may again").await;
    let info = bob.get("chatGroups/info", &[("groupId", &group)]).await["result"].take();
    assert_eq!(info["selfInfo"]["isBanned"], false);
    let login = [
        ("account", "ann"),
        ("password", PASSWORD),
        ("captchaKey", &key),
        ("captcha", &code),
        ("platform", "h5"),
        ("email", "a@b.c"),
    ];
    let expired = "验证码过期，请刷新后重试";
    let request = server.post("/api/v1/login/basic").params(Encoding::Json, &login);
    assert_eq!(refusal(&request.send().await), expired);
    let login = [
        ("email", "a@b.c"),
        ("captcha", &mailed),
        ("platform", "h5"),
        ("password", "new"),
    ];
    for path in ["login/email", "reset/password/email"] {
        let request = server
            .post(&format!("/api/v1/{path}"))
            .params(Encoding::Multipart, &login);
        assert_eq!(refusal(&request.send().await), expired, "{path}");
    }
}

async fn a_locked_account_does_not_log_in(mut server: Server) {
    let ann = Person::register(&server, "ann").await;
    let ann = (ann.id, ann.token);
    let sql = "UPDATE accounts SET locked = TRUE, email = 'a@b.c' WHERE username = 'ann';
        INSERT INTO logins (name, kind, account) SELECT 'a@b.c', 'email', id FROM accounts WHERE username = 'ann';";
    server.edit_stored(sql).await;
    for password in [PASSWORD, "a wrong one"] {
        let entered = enter(&server, "login/basic", "ann", password).await;
        assert_eq!(refusal(&entered), "账号被封禁");
    }
    succeeded(&server.get("/api/v1/captcha/email?email=a@b.c").send().await);
    let code = server.code_for("a@b.c").unwrap();
    let login = [("email", "a@b.c"), ("captcha", &code), ("platform", "h5")];
    let request = server
        .post("/api/v1/login/email")
        .params(Encoding::Urlencoded, &login);
    assert_eq!(refusal(&request.send().await), "账号被封禁");
    // As in the original, whoever is in stays in.
    again(&server, &ann).get("me/info", &[]).await;
}

async fn tokens_that_ended_or_are_nobodys_do_not_count(server: Server) {
    let ann = Person::register(&server, "ann").await;
    let sql = "SELECT value FROM secrets WHERE name = 'freeim.tokens'";
    let key = server.stored_text(sql).await;
    let status = async |id: i64, exp: i64, iat: i64| {
        let claims = serde_json::json!({"id": id, "exp": exp, "iat": iat, "iss": "SZKJ"});
        let signing = jsonwebtoken::EncodingKey::from_secret(key.as_bytes());
        let token = jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &signing).unwrap();
        let forged = Person {
            server: &server,
            id,
            token,
        };
        forged.ask("GET", "me/info", &[]).await.status
    };
    let later = 9_999_999_999;
    assert_eq!(status(ann.id, later, 9_999_999_000).await, 200);
    assert_eq!(status(ann.id, 1_700_000_000, 1_699_999_000).await, 401);
    assert_eq!(status(19_999_999, later, 9_999_999_000).await, 401);
}

#[tokio::test]
async fn a_full_group_takes_no_more_members_whoever_brings_them() {
    for storage in [Storage::Sqlite, Storage::Postgres] {
        let settings = [("ROOST__FREEIM__GROUP_MEMBER_LIMIT", "2")];
        let server = Server::start_with(storage, &settings).await;
        let (ann, bob) = Person::two_friends(&server).await;
        let cid = Person::register(&server, "cid").await;
        let group = ann.group_with("small", &[]).await;
        let full = "当前群聊人数已满";
        for person in [&bob, &cid] {
            person.post("chatGroups/join", &[("groupId", &group)]).await;
        }
        let (bob_id, cid_id) = (bob.text_id(), cid.text_id());
        let both = [
            ("groupId", group.as_str()),
            ("toIdList", &bob_id),
            ("toIdList", &cid_id),
        ];
        ann.refused("POST", "chatGroups/invite", &both, full).await;
        let pass = |account| {
            [
                ("groupId", group.as_str()),
                ("accountId", account),
                ("status", "pass"),
            ]
        };
        ann.post("chatGroups/join/reply", &pass(bob_id.as_str())).await;
        ann.refused("POST", "chatGroups/join/reply", &pass(&cid_id), full)
            .await;
        // Full before anything else is looked at: a member hears of it, too.
        for person in [&bob, &cid] {
            person
                .refused("POST", "chatGroups/join", &[("groupId", &group)], full)
                .await;
        }
    }
}
