//! Every code of the document, provoked at least once: one row each.

use crate::groups::{DISMISS, JOIN, create, let_in, of_two, three};
use crate::harness::{Answer, Server};
use crate::login::forged;
use crate::person::{Person, picture};
use crate::with_logins;
use serde_json::{Value, json};

with_logins!(every_code_is_provoked_in_its_words);

/// What the document calls each code that a request can be refused with. The others are names of classes.
pub const CODES: [(i64, &str); 24] = [
    (101, "参数缺少/有误"),
    (111, "token过期"),
    (112, "token不合法"),
    (113, "token缺失"),
    (201, "昵称为空"),
    (202, "用户不存在"),
    (211, "个性标签不存在"),
    (212, "个性标签为空"),
    (301, "群组不存在"),
    (302, "用户不存在"),
    (303, "用户无权限进行此操作"),
    (304, "群组已解散"),
    (311, "已经进入群组"),
    (312, "已经加入过群组"),
    (314, "群组已满"),
    (321, "rating越界"),
    (331, "简介照片已满"),
    (332, "简介照片不存在"),
    (351, "群组类型不存在"),
    (352, "排序顺序不存在"),
    (353, "排序方法不存在"),
    (361, "群组标签不存在"),
    (362, "群组标签为空"),
    (100, "服务错误"),
];

/// What the rows need: Ann's group with Bob in it, a full one, and one that was dismissed; Eve is in none.
struct Stage<'a> {
    ann: Person<'a>,
    bob: Person<'a>,
    eve: Person<'a>,
    group: i64,
    full: i64,
    dismissed: i64,
}

impl<'a> Stage<'a> {
    async fn set(server: &'a Server) -> Stage<'a> {
        let (ann, bob, eve) = three(server).await;
        let group = of_two(&ann, &bob).await;
        let full = create(&ann, "sport", "full", 1).await;
        let dismissed = create(&ann, "sport", "gone", 5).await;
        let_in(dismissed, &ann, &bob).await;
        ann.post(DISMISS, json!({ "group_id": dismissed })).await;
        Stage {
            ann,
            bob,
            eve,
            group,
            full,
            dismissed,
        }
    }

    /// A row whose request is a plain POST.
    fn post(&self, code: i64) -> Option<(&Person<'a>, &'static str, Value)> {
        let (ann, bob, eve) = (&self.ann, &self.bob, &self.eve);
        let (group, full, gone) = (self.group, self.full, self.dismissed);
        Some(match code {
            101 => (ann, "/group/internal/info/text/get", json!({ "group_id": "x" })),
            201 => (ann, "/user/info/text/setNickname", json!({ "nickname": " " })),
            202 => (ann, "/user/info/text/getInfo", json!({ "user_id": "nobody" })),
            211 => (ann, "/user/info/tag/remove", json!({ "tag_id": 999_999 })),
            212 => (ann, "/user/info/tag/add", json!({ "tag_text": "" })),
            301 => (ann, JOIN, json!({ "group_id": "999999" })),
            302 => (
                ann,
                "/group/internal/member/remove",
                json!({ "group_id": group, "user_id": eve.id }),
            ),
            303 => (bob, DISMISS, json!({ "group_id": group })),
            304 => (eve, JOIN, json!({ "group_id": gone })),
            311 => (bob, JOIN, json!({ "group_id": group })),
            314 => (eve, JOIN, json!({ "group_id": full })),
            321 => {
                let rates = json!([{ "user_id": bob.id, "star_rating": 11 }]);
                let body = json!({ "group_id": gone, "rates": rates });
                (ann, "/group/internal/member/rate", body)
            }
            332 => (
                ann,
                "/group/internal/info/picture/del",
                json!({ "group_id": group, "pic_id": 999_999 }),
            ),
            352 => (
                ann,
                "/group/external/search/group",
                json!({ "type": "sport", "sort_order": "UP" }),
            ),
            353 => (
                ann,
                "/group/external/search/group",
                json!({ "type": "sport", "sort_method": "BEST" }),
            ),
            361 => (
                ann,
                "/group/internal/info/tag/remove",
                json!({ "group_id": group, "tag_id": 999_999 }),
            ),
            362 => (
                ann,
                "/group/internal/info/tag/add",
                json!({ "group_id": group, "tag_text": " " }),
            ),
            _ => return None,
        })
    }

    /// The answer to a request that must be refused with this code.
    async fn provoke(&self, code: i64) -> Answer {
        if let Some((person, path, body)) = self.post(code) {
            return person.ask(path, body).await;
        }
        let server = self.ann.server;
        let info = || server.post("/user/info/text/getInfo");
        match code {
            111 => {
                let claims = json!({ "sub": "10000000", "iat": 1, "exp": 2 });
                let token = forged(server, claims, true).await;
                info().header("token", &token).send().await
            }
            112 => info().header("token", "x.y.z").send().await,
            113 => info().send().await,
            312 => {
                self.eve.post(JOIN, json!({ "group_id": self.group })).await;
                self.eve.ask(JOIN, json!({ "group_id": self.group })).await
            }
            331 => {
                let (group, file) = (self.group.to_string(), picture(2, 2));
                let fields = [("group_id", group.as_str())];
                let mut last = None;
                for _ in 0..10 {
                    let path = "/group/internal/info/picture/add";
                    last = Some(self.ann.upload(path, &fields, ("pic", "a.png", &file)).await);
                }
                last.expect("an answer")
            }
            // These need other settings.
            351 => {
                let more = [("ROOST__TEAMUP__GROUP_TYPES", "study")];
                let other = crate::person::start(crate::harness::Storage::Sqlite, &more).await;
                let ann = Person::enter(&other, "ann").await;
                ann.ask("/group/external/search/group", json!({ "type": "sport" }))
                    .await
            }
            100 => {
                let other = Server::start(crate::harness::Storage::Sqlite).await;
                other
                    .post("/auth/login")
                    .json(&json!({ "code": "x" }))
                    .send()
                    .await
            }
            _ => panic!("nobody knows how to provoke {code}"),
        }
    }
}

async fn every_code_is_provoked_in_its_words(server: Server) {
    let stage = Stage::set(&server).await;
    for (code, words) in CODES {
        let answer = stage.provoke(code).await;
        let json = answer.json();
        let status = if code == 100 { 503 } else { 200 };
        assert_eq!(
            (answer.status, json["code"].as_i64()),
            (status, Some(code)),
            "{code}: {json}"
        );
        let said = json["errorMsg"].as_str().unwrap_or_default();
        assert!(said.starts_with(words), "{code}: {json}");
    }
}
