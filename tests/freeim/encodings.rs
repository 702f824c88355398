//! Every operation in every encoding, with the words of its success.

use crate::harness::{Answer, Encoding, Server};
use crate::on_both_storages;
use crate::person::{PASSWORD, Params, Person, succeeded};
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use serde_json::Value;
use std::io::{Read, Write};

on_both_storages!(
    accounts_take_every_encoding,
    friends_take_every_encoding,
    groups_of_friends_and_places_take_every_encoding,
    groups_take_every_encoding,
    ranks_in_groups_take_every_encoding,
    chats_take_every_encoding,
    bodies_and_answers_may_be_compressed,
);

/// Somebody whose client speaks one encoding, whatever the method.
struct Client<'a> {
    person: Person<'a>,
    encoding: Encoding,
}

impl<'a> Client<'a> {
    async fn register(server: &'a Server, name: &str, encoding: Encoding) -> Client<'a> {
        Client {
            person: Person::register(server, &format!("{name}-{encoding:?}").to_lowercase()).await,
            encoding,
        }
    }

    /// Asserts that an operation succeeds with these words. Its result.
    async fn does(&self, method: &str, path: &str, params: Params<'_>, words: &str) -> Value {
        let request = self.person.request(method, path).params(self.encoding, params);
        said(
            &request.send().await,
            words,
            &format!("{method} {path} by {:?}", self.encoding),
        )
    }

    fn id(&self) -> String {
        self.person.text_id()
    }
}

fn said(answer: &Answer, words: &str, what: &str) -> Value {
    let mut json = succeeded(answer);
    assert_eq!(json["message"], words, "{what}");
    json["result"].take()
}

/// An operation without a token.
async fn open(
    server: &Server,
    encoding: Encoding,
    of: (&str, &str),
    params: Params<'_>,
    words: &str,
) -> Value {
    let request = server.request(of.0, &format!("/api/v1/{}", of.1));
    let answer = request.params(encoding, params).send().await;
    said(&answer, words, &format!("{of:?} by {encoding:?}"))
}

async fn two(server: &Server, encoding: Encoding) -> (Client<'_>, Client<'_>) {
    (
        Client::register(server, "ann", encoding).await,
        Client::register(server, "bob", encoding).await,
    )
}

async fn accounts_take_every_encoding(server: Server) {
    for (number, encoding) in Encoding::ALL.into_iter().enumerate() {
        let name = format!("person{number}");
        for (kind, path, words) in [
            ("register", "register/basic", "注册成功"),
            ("login", "login/basic", "登陆成功"),
        ] {
            let picture = open(&server, encoding, ("GET", "captcha/image"), &[("type", kind)], "").await;
            let key = picture["key"].as_str().unwrap();
            let code = server.code_for(key).unwrap();
            let params = [
                ("account", name.as_str()),
                ("password", PASSWORD),
                ("captchaKey", key),
                ("captcha", &code),
                ("platform", "h5"),
            ];
            let entered = open(&server, encoding, ("POST", path), &params, words).await;
            assert_eq!(entered["needUpdatePassword"], false);
        }
        for (road, address) in [
            ("email", format!("{name}@example.org")),
            ("mobile", format!("1571234567{number}")),
        ] {
            let code = async || {
                let of = format!("captcha/{road}");
                open(&server, encoding, ("GET", &of), &[(road, &address)], "发送成功").await;
                server.code_for(&address).unwrap()
            };
            let right = code().await;
            let enter = [(road, address.as_str()), ("captcha", &right), ("platform", "ios")];
            let of = format!("login/{road}");
            let entered = open(&server, encoding, ("POST", &of), &enter, "登陆成功").await;
            assert_eq!(entered["needUpdatePassword"], true);
            let token = entered["token"].as_str().unwrap().to_owned();
            let person = Person {
                server: &server,
                id: 0,
                token,
            };
            let client = Client { person, encoding };
            let place = [
                ("nickname", "安"),
                ("longitude", "7"),
                ("latitude", "-7.5"),
                ("gender", "女"),
            ];
            client.does("PUT", "me/update/info", &place, "设置成功").await;
            let me = client.does("GET", "me/info", &[], "").await;
            assert_eq!(
                (&me["account"]["nickname"], &me["account"]["latitude"]),
                (&"安".into(), &(-7.5).into())
            );
            let new = [("password", "a new password")];
            client.does("PUT", "me/update/password", &new, "设置成功").await;
            let right = code().await;
            let reset = [
                (road, address.as_str()),
                ("captcha", &right),
                ("password", PASSWORD),
            ];
            let of = format!("reset/password/{road}");
            open(&server, encoding, ("POST", &of), &reset, "设置成功").await;
        }
    }
}

async fn friends_take_every_encoding(server: Server) {
    for encoding in Encoding::ALL {
        let (ann, bob) = two(&server, encoding).await;
        let (to_ann, to_bob) = (ann.id(), bob.id());
        let (of_ann, of_bob) = ([("toId", to_ann.as_str())], [("toId", to_bob.as_str())]);
        let found = ann
            .does("GET", "friends/search", &[("account", &to_bob)], "")
            .await;
        assert_eq!(found["items"][0]["id"], bob.person.id);
        let ask = [of_bob[0], ("reason", "it is me")];
        ann.does("POST", "friends/add", &ask, "成功").await;
        let applies = bob.does("GET", "friends/add/applies", &[], "").await;
        assert_eq!(applies["items"][0]["applyReason"], "it is me");
        bob.does(
            "POST",
            "friends/add/reply",
            &[of_ann[0], ("status", "deny"), ("reason", "no")],
            "成功",
        )
        .await;
        ann.does("POST", "friends/add", &of_bob, "成功").await;
        bob.does(
            "POST",
            "friends/add/reply",
            &[of_ann[0], ("status", "pass")],
            "成功",
        )
        .await;
        ann.does(
            "PUT",
            "friends/remark",
            &[of_bob[0], ("remark", "小美")],
            "设置成功",
        )
        .await;
        ann.does(
            "PUT",
            "friends/label",
            &[of_bob[0], ("label", "客户,经理")],
            "设置成功",
        )
        .await;
        let listed = ann.does("GET", "friends", &[("blacklist", "0")], "").await;
        let friend = &listed["items"][0];
        assert_eq!(
            (friend["remark"].as_str(), friend["label"].as_str()),
            (Some("小美"), Some("客户,经理"))
        );
        let info = ann.does("GET", "friends/info", &of_bob, "").await;
        assert_eq!(
            (&info["items"][0], &info["account"]),
            (friend, &friend["account"])
        );
        let verified = ann.does("GET", "friends/verify", &of_bob, "").await;
        assert_eq!(verified["isFriend"], true);
        bob.does("POST", "friends/blaklist", &of_ann, "添加成功").await;
        let blocked = bob.does("GET", "friends", &[("blacklist", "1")], "").await;
        assert_eq!(blocked["total"], 1);
        let verified = ann.does("GET", "friends/verify", &of_bob, "").await;
        assert_eq!(
            (&verified["isFriend"], &verified["isBlacklist"]),
            (&false.into(), &true.into())
        );
        bob.does("DELETE", "friends/blaklist", &of_ann, "移除成功").await;
        ann.does("DELETE", "friends", &of_bob, "删除成功").await;
    }
}

async fn groups_of_friends_and_places_take_every_encoding(server: Server) {
    for encoding in Encoding::ALL {
        let (ann, bob) = two(&server, encoding).await;
        ann.person.befriend(&bob.person).await;
        let member = bob.id();
        ann.does(
            "POST",
            "friends/groups",
            &[("name", "朋友"), ("members", &member)],
            "添加成功",
        )
        .await;
        let all = ann.does("GET", "friends/groups", &[], "").await;
        let group = all["items"][0]["id"].to_string();
        let of_group = [("groupId", group.as_str())];
        let with_member = [of_group[0], ("members", member.as_str())];
        ann.does("DELETE", "friends/groups/members", &with_member, "删除成功")
            .await;
        ann.does("POST", "friends/groups/members", &with_member, "添加成功")
            .await;
        let renamed = ann
            .does(
                "PUT",
                "friends/groups/name",
                &[of_group[0], ("name", "家人")],
                "设置成功",
            )
            .await;
        let one = ann.does("GET", "friends/group", &of_group, "").await;
        assert_eq!(
            (&one, one["friends"][0]["account"]["id"].as_i64()),
            (&renamed, Some(bob.person.id))
        );
        ann.does("DELETE", "friends/groups", &of_group, "删除成功").await;
        let here = [("longitude", "12.5"), ("latitude", "41.9")];
        bob.does("GET", "friends/near", &here, "").await;
        let near = ann.does("GET", "friends/near", &here, "").await;
        assert!(near["total"].as_u64() >= Some(1), "{near}");
        for path in ["configs", "discovers", "upload/qiniu/params"] {
            ann.does("GET", path, &[], "").await;
        }
    }
}

async fn groups_take_every_encoding(server: Server) {
    for encoding in Encoding::ALL {
        let (ann, bob) = two(&server, encoding).await;
        let name = format!("group by {encoding:?}");
        let describe = [
            ("name", name.as_str()),
            ("intro", "intro"),
            ("longitude", "-70"),
            ("latitude", "-33.4"),
            ("disableAddMember", "1"),
            ("disableViewMember", "0"),
        ];
        let made = ann.does("POST", "chatGroups", &describe, "创建成功").await;
        let group = made["id"].to_string();
        let of_group = [("groupId", group.as_str())];
        ann.does(
            "PUT",
            "chatGroups",
            &[of_group[0], ("name", &name), ("enbaleBeforeMsg", "1")],
            "修改成功",
        )
        .await;
        let mine = ann.does("GET", "chatGroups", &[], "").await;
        let flags = [
            "disableAddMember",
            "disableViewMember",
            "disbaleAddGroup",
            "enbaleBeforeMsg",
        ];
        assert_eq!(
            flags.map(|flag| mine["items"][0][flag].as_bool()),
            [false, false, false, true].map(Some)
        );
        let found = ann
            .does("POST", "chatGroups/search", &[("name", &name)], "")
            .await;
        assert_eq!(found["items"][0]["id"], made["id"]);
        let there = [
            ("longitude", "-70.01"),
            ("latitude", "-33.4"),
            ("name", "ignored"),
        ];
        let near = ann.does("GET", "chatGroups/near", &there, "").await;
        assert!(near["total"].as_u64() >= Some(1), "{near}");
        let (account, reply) = (bob.id(), "chatGroups/join/reply");
        for (status, reason) in [("deny", "no"), ("pass", "")] {
            bob.does(
                "POST",
                "chatGroups/join",
                &[of_group[0], ("reason", "me")],
                "申请成功",
            )
            .await;
            let waiting = ann.does("GET", "chatGroups/join", &[], "").await;
            assert_eq!(waiting["items"][0]["applyReason"], "me");
            let answer = [
                of_group[0],
                ("accountId", &account),
                ("status", status),
                ("reason", reason),
            ];
            ann.does("POST", reply, &answer, "处理成功").await;
        }
        let info = bob.does("GET", "chatGroups/info", &of_group, "").await;
        assert_eq!(info["selfInfo"]["chatGroupMemberRole"], "general");
        bob.does("POST", "chatGroups/exit", &of_group, "退出成功").await;
        ann.does("POST", "chatGroups/dissolve", &of_group, "处理成功")
            .await;
    }
}

async fn ranks_in_groups_take_every_encoding(server: Server) {
    for encoding in Encoding::ALL {
        let (ann, bob) = two(&server, encoding).await;
        let group = ann.person.group_with("ranks", &[]).await;
        let who = bob.id();
        let (of_group, to_bob) = (("groupId", group.as_str()), ("toId", who.as_str()));
        let role = async || {
            let info = bob.does("GET", "chatGroups/info", &[of_group], "").await;
            let me = &info["selfInfo"];
            (
                me["chatGroupMemberRole"].as_str().unwrap().to_owned(),
                me["isBanned"].as_bool().unwrap(),
            )
        };
        ann.does(
            "POST",
            "chatGroups/invite",
            &[of_group, ("toIdList", &who)],
            "处理成功",
        )
        .await;
        ann.does(
            "POST",
            "chatGroups/banned",
            &[of_group, to_bob, ("minute", "5")],
            "处理成功",
        )
        .await;
        assert_eq!(role().await, ("general".to_owned(), true));
        let common = bob
            .does("GET", "chatGroups/common", &[("toId", &ann.id())], "")
            .await;
        assert_eq!(common["items"][0]["id"].to_string(), group);
        for (flag, rank) in [("1", "manager"), ("0", "general")] {
            ann.does(
                "POST",
                "chatGroups/manager",
                &[of_group, to_bob, ("isManager", flag)],
                "设置成功",
            )
            .await;
            assert_eq!(role().await.0, rank);
        }
        ann.does("POST", "chatGroups/kick", &[of_group, to_bob], "处理成功")
            .await;
        assert_eq!(role().await.0, "");
        ann.does(
            "POST",
            "chatGroups/invite",
            &[of_group, ("toIdList[]", &who)],
            "处理成功",
        )
        .await;
        ann.does("POST", "chatGroups/transfer", &[of_group, to_bob], "转让成功")
            .await;
        assert_eq!(role().await.0, "owner");
    }
}

async fn chats_take_every_encoding(server: Server) {
    for encoding in Encoding::ALL {
        let (ann, bob) = two(&server, encoding).await;
        let group = ann.person.group_with("chat", &[&bob.person]).await;
        let to_bob = bob.id();
        for (ope, to) in [("friend", to_bob.as_str()), ("group", group.as_str())] {
            let there = [("toId", to), ("ope", ope)];
            let text = [
                there[0],
                there[1],
                ("type", "text"),
                ("body", "7"),
                ("isPrivate", "1"),
            ];
            let sent = ann.does("POST", "chat/send", &text, "发送成功").await;
            assert_eq!((&sent["body"], &sent["isPrivate"]), (&"7".into(), &true.into()));
            let asked = [
                there[0],
                ("messageType", "text"),
                ("limit", "10"),
                ("page", "1"),
                ("sort", "id:desc"),
            ];
            let page = ann.does("GET", "chat/messages", &asked, "").await;
            assert_eq!(
                (&page["items"][0]["id"], &page["total"]),
                (&sent["id"], &1.into())
            );
            ann.does("POST", "chat/read", &there, "成功").await;
            let id = sent["id"].to_string();
            let back = [there[0], there[1], ("id", id.as_str())];
            let gone = ann.does("POST", "chat/revocation", &back, "成功").await;
            let expected =
                serde_json::json!({"ToID": to.parse::<i64>().unwrap(), "Id": sent["id"], "Ope": ope});
            assert_eq!(gone, expected);
        }
    }
}

async fn bodies_and_answers_may_be_compressed(server: Server) {
    let ann = Person::register(&server, "ann").await;
    let body = r#"{"nickname":"compressed"}"#;
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(body.as_bytes()).unwrap();
    let mut deflate = ZlibEncoder::new(Vec::new(), Compression::default());
    deflate.write_all(body.as_bytes()).unwrap();
    for (coding, body) in [
        ("gzip", gzip.finish().unwrap()),
        ("deflate", deflate.finish().unwrap()),
    ] {
        succeeded(&ann.ask("PUT", "me/update/info", &[("nickname", "plain")]).await);
        let request = ann
            .request("PUT", "me/update/info")
            .header("Content-Encoding", coding);
        succeeded(&request.body("application/json", body).send().await);
        let request = ann.request("GET", "me/info").header("Accept-Encoding", "gzip");
        let answer = request.send().await;
        assert_eq!(answer.header("Content-Encoding"), Some("gzip"));
        let mut text = String::new();
        flate2::read::GzDecoder::new(answer.body.as_slice())
            .read_to_string(&mut text)
            .unwrap();
        let json: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(json["result"]["account"]["nickname"], "compressed", "{coding}");
    }
}
