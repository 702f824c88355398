//! Each FreeIM call on each node: whichever node is asked, everything that lives anywhere can be done.

use crate::harness::{ClusterPlan, Encoding, Server};
use crate::person::{PASSWORD, Params, Person, captcha, enter, succeeded};
use serde_json::Value;
use std::cell::RefCell;
use std::collections::BTreeSet;

/// Where the routes are: a route that is added there and not called here is noticed.
const TABLE: &str = include_str!("../../src/dialects/freeim/mod.rs");

/// Every line of the route table, as `METHOD path`.
fn table() -> BTreeSet<String> {
    let lines = TABLE
        .lines()
        .filter_map(|line| line.trim().strip_prefix(".route(\"/"));
    // What takes forms and bytes is in tests/freeim/uploads.rs.
    let lines = lines.filter(|line| !line.starts_with("api/v1/upload/"));
    let routes = lines.filter_map(|line| {
        let (path, rest) = line.split_once("\", ")?;
        let (method, _) = rest.split_once('(')?;
        Some(format!("{} {path}", method.to_uppercase()))
    });
    routes.collect()
}

/// One node, and what was called there.
struct Desk<'a> {
    server: &'a Server,
    called: RefCell<BTreeSet<String>>,
}

impl Desk<'_> {
    fn note(&self, method: &str, path: &str) {
        self.called.borrow_mut().insert(format!("{method} {path}"));
    }

    async fn call(&self, person: &Person<'_>, method: &str, path: &str, params: Params<'_>) -> Value {
        self.note(method, path);
        succeeded(&person.ask(method, path, params).await)
    }

    /// A code sent to an address, and a call with it.
    async fn by_code(&self, road: &str, address: &str, path: &str, more: Params<'_>) -> Value {
        let captcha = format!("captcha/{road}");
        self.note("GET", &captcha);
        let request = self.server.get(&format!("/api/v1/{captcha}"));
        succeeded(&request.params(Encoding::Query, &[(road, address)]).send().await);
        let code = self.server.code_for(address).expect("a code in the outbox");
        let mut params = vec![(road, address), ("captcha", code.as_str())];
        params.extend_from_slice(more);
        self.note("POST", path);
        let request = self.server.post(&format!("/api/v1/{path}"));
        succeeded(&request.params(Encoding::Multipart, &params).send().await)
    }
}

#[tokio::test]
async fn each_call_works_on_each_node() {
    let cluster = ClusterPlan::of(3).start().await;
    assert!(table().len() > 35, "the route table was not found: {:?}", table());
    // Those who are asked about from everywhere.
    let first = &cluster.nodes[0];
    let (bob, cid) = (
        Person::register(first, "bob").await,
        Person::register(first, "cid").await,
    );
    for (number, server) in cluster.nodes.iter().enumerate() {
        let desk = Desk {
            server,
            called: RefCell::default(),
        };
        let ann = accounts(&desk, number).await;
        friends(&desk, &ann, &bob.at(server)).await;
        groups(&desk, &ann, &bob.at(server), &cid.at(server)).await;
        chat(&desk, &ann, &bob.at(server)).await;
        let missing: Vec<_> = table().difference(&desk.called.borrow()).cloned().collect();
        assert!(missing.is_empty(), "never called on node {number}: {missing:?}");
    }
}

async fn accounts<'a>(desk: &Desk<'a>, number: usize) -> Person<'a> {
    let server = desk.server;
    let name = format!("ann-{number}");
    desk.note("GET", "captcha/image");
    captcha(server, "register").await;
    desk.note("POST", "register/basic");
    let ann = Person::register(server, &name).await;
    desk.note("POST", "login/basic");
    succeeded(&enter(server, "login/basic", &name, PASSWORD).await);
    let mail = format!("mail-{number}@example.org");
    let mobile = format!("1571234567{number}");
    for (road, address) in [("email", &mail), ("mobile", &mobile)] {
        let platform = [("platform", "ios")];
        desk.by_code(road, address, &format!("login/{road}"), &platform)
            .await;
        let password = [("password", PASSWORD)];
        desk.by_code(road, address, &format!("reset/password/{road}"), &password)
            .await;
    }
    let me = desk.call(&ann, "GET", "me/info", &[]).await;
    assert_eq!(me["result"]["account"]["username"], name);
    desk.call(
        &ann,
        "PUT",
        "me/update/info",
        &[("nickname", &format!("Ann {number}"))],
    )
    .await;
    ann
}

async fn friends(desk: &Desk<'_>, ann: &Person<'_>, bob: &Person<'_>) {
    let (to_ann, to_bob) = (ann.text_id(), bob.text_id());
    let found = desk
        .call(ann, "GET", "friends/search", &[("account", "bob")])
        .await;
    assert_eq!(found["result"]["total"], 1, "{found}");
    desk.call(ann, "POST", "friends/add", &[("toId", &to_bob)]).await;
    let applies = desk.call(bob, "GET", "friends/add/applies", &[]).await;
    assert_eq!(applies["result"]["total"], 1, "{applies}");
    let pass = [("toId", to_ann.as_str()), ("status", "pass")];
    desk.call(bob, "POST", "friends/add/reply", &pass).await;
    desk.call(
        ann,
        "PUT",
        "friends/remark",
        &[("toId", &to_bob), ("remark", "old friend")],
    )
    .await;
    desk.call(
        ann,
        "PUT",
        "friends/label",
        &[("toId", &to_bob), ("label", "work")],
    )
    .await;
    let listed = desk.call(ann, "GET", "friends", &[]).await;
    assert_eq!(listed["result"]["items"][0]["remark"], "old friend");
    desk.call(ann, "GET", "friends/info", &[("toId", &to_bob)]).await;
    desk.call(ann, "DELETE", "friends", &[("toId", &to_bob)]).await;
    ann.befriend(bob).await;
    desk.call(ann, "POST", "friends/blaklist", &[("toId", &to_bob)])
        .await;
    let blocked = desk.call(ann, "GET", "friends", &[("blacklist", "1")]).await;
    assert_eq!(blocked["result"]["total"], 1, "{blocked}");
    desk.call(ann, "DELETE", "friends/blaklist", &[("toId", &to_bob)])
        .await;
    // Lifting the block does not bring the friendship back.
    ann.befriend(bob).await;
    let group = [("name", "circle"), ("members", to_bob.as_str())];
    desk.call(ann, "POST", "friends/groups", &group).await;
    let shown = desk.call(ann, "GET", "friends/groups", &[]).await;
    let id = shown["result"]["items"][0]["id"].to_string();
    let it = ("groupId", id.as_str());
    desk.call(ann, "GET", "friends/group", &[it]).await;
    desk.call(ann, "PUT", "friends/groups/name", &[it, ("name", "round")])
        .await;
    let with_bob = [it, ("members", to_bob.as_str())];
    desk.call(ann, "DELETE", "friends/groups/members", &with_bob)
        .await;
    desk.call(ann, "POST", "friends/groups/members", &with_bob).await;
    desk.call(ann, "DELETE", "friends/groups", &[it]).await;
    let here = [("longitude", "115.5"), ("latitude", "24.0")];
    desk.call(ann, "GET", "friends/near", &here).await;
    desk.call(ann, "GET", "chatGroups/near", &here).await;
    for path in ["configs", "discovers", "upload/qiniu/params"] {
        desk.call(ann, "GET", path, &[]).await;
    }
    let verified = desk
        .call(ann, "GET", "friends/verify", &[("toId", &to_bob)])
        .await;
    assert_eq!(verified["result"]["isFriend"], true, "{verified}");
}

async fn groups(desk: &Desk<'_>, ann: &Person<'_>, bob: &Person<'_>, cid: &Person<'_>) {
    let (to_bob, to_cid) = (bob.text_id(), cid.text_id());
    let made = desk
        .call(
            ann,
            "POST",
            "chatGroups",
            &[("name", "the group"), ("intro", "about")],
        )
        .await;
    let group = made["result"]["id"].to_string();
    let it = [("groupId", group.as_str())];
    let who = |account: &'static str, id: &str| [("groupId", group.clone()), (account, id.to_owned())];
    desk.call(ann, "PUT", "chatGroups", &[it[0], ("name", "another name")])
        .await;
    desk.call(bob, "POST", "chatGroups/join", &[it[0], ("reason", "hello")])
        .await;
    let waiting = desk.call(ann, "GET", "chatGroups/join", &[]).await;
    assert_eq!(waiting["result"]["total"], 1, "{waiting}");
    let pass = [it[0], ("accountId", to_bob.as_str()), ("status", "pass")];
    desk.call(ann, "POST", "chatGroups/join/reply", &pass).await;
    desk.call(ann, "POST", "chatGroups/invite", &[it[0], ("toIdList", &to_cid)])
        .await;
    let info = desk.call(cid, "GET", "chatGroups/info", &it).await;
    assert_eq!(info["result"]["members"], 3, "{info}");
    desk.call(ann, "GET", "chatGroups", &[]).await;
    desk.call(ann, "POST", "chatGroups/search", &[("name", "another")])
        .await;
    desk.call(ann, "GET", "chatGroups/common", &[("toId", &to_bob)])
        .await;
    let with =
        |pairs: &[(&'static str, String)], more: &[(&'static str, &str)]| -> Vec<(&'static str, String)> {
            let more = more.iter().map(|(key, value)| (*key, (*value).to_owned()));
            pairs.iter().cloned().chain(more).collect()
        };
    let manager = with(&who("toId", &to_bob), &[("isManager", "1")]);
    let mute = with(&who("toId", &to_cid), &[("minute", "5")]);
    for (path, params) in [
        ("manager", manager),
        ("banned", mute),
        ("kick", who("toId", &to_cid).to_vec()),
        ("transfer", who("toId", &to_bob).to_vec()),
    ] {
        let params: Vec<(&str, &str)> = params.iter().map(|(key, value)| (*key, value.as_str())).collect();
        desk.call(ann, "POST", &format!("chatGroups/{path}"), &params)
            .await;
    }
    // The owner was ann, who has given it away and left, or stays as a member.
    let mine = ann.get("chatGroups", &[]).await["result"]["total"]
        .as_i64()
        .expect("a total");
    if mine == 0 {
        bob.post("chatGroups/invite", &[it[0], ("toIdList", &ann.text_id())])
            .await;
    }
    desk.call(ann, "POST", "chatGroups/exit", &it).await;
    desk.call(bob, "POST", "chatGroups/dissolve", &it).await;
}

async fn chat(desk: &Desk<'_>, ann: &Person<'_>, bob: &Person<'_>) {
    let (to_ann, to_bob) = (ann.text_id(), bob.text_id());
    let say = [
        ("toId", to_bob.as_str()),
        ("ope", "friend"),
        ("type", "text"),
        ("body", "hello from here"),
    ];
    let sent = desk.call(ann, "POST", "chat/send", &say).await;
    let id = sent["result"]["id"].to_string();
    let shown = desk
        .call(bob, "GET", "chat/messages", &[("toId", &to_ann), ("limit", "10")])
        .await;
    assert_eq!(shown["result"]["items"][0]["body"], "hello from here", "{shown}");
    desk.call(bob, "POST", "chat/read", &[("toId", &to_ann)]).await;
    let it = [("toId", to_bob.as_str()), ("id", id.as_str()), ("ope", "friend")];
    desk.call(ann, "POST", "chat/revocation", &it).await;
    desk.call(
        ann,
        "PUT",
        "me/update/password",
        &[("oldPassword", PASSWORD), ("password", PASSWORD)],
    )
    .await;
}
