//! Groups: making, finding, joining, leading and leaving them.

use crate::harness::{Encoding, Server};
use crate::on_both_storages;
use crate::person::{Person, column, succeeded};
use serde_json::json;

on_both_storages!(
    a_group_is_made_with_its_flags_and_owned_by_its_maker,
    only_the_owner_edits_and_empty_fields_stay_as_they_were,
    groups_are_found_by_a_part_of_their_name,
    joining_needs_an_application_that_a_manager_answers,
    joining_is_refused_in_the_documented_order,
    info_shows_members_by_rank_and_strangers_may_look,
    hidden_members_show_only_names_and_pictures,
    members_leave_and_the_owner_transfers_first,
    managers_kick_members_and_nobody_kicks_managers,
    the_owner_makes_managers,
    the_muted_are_refused_until_the_time_is_over,
    a_dissolved_group_is_gone_for_everybody,
    common_groups_are_those_of_both,
    managers_bring_members_in_directly,
);

async fn a_group_is_made_with_its_flags_and_owned_by_its_maker(server: Server) {
    let ann = Person::register(&server, "ann").await;
    for (number, encoding) in (1..).zip(Encoding::ALL) {
        let name = format!("group {number}");
        let params = [
            ("name", name.as_str()),
            ("intro", "intro"),
            ("avatar", "http://a/b.png"),
            ("address", "here"),
            ("disbaleAddGroup", "1"),
            ("enbaleBeforeMsg", "1"),
        ];
        let answer = ann
            .request("POST", "chatGroups")
            .params(encoding, &params)
            .send()
            .await;
        let made = succeeded(&answer);
        assert_eq!(made["message"], "创建成功");
        let group = &made["result"];
        assert_eq!(group["id"], number);
        assert_eq!(group["name"], name);
        assert!(group["createdAt"].is_string());
        let mut mine = ann.get("chatGroups", &[]).await["result"].take();
        assert_eq!(mine["total"], number);
        let shown = mine["items"][number as usize - 1].take();
        let expected = json!({
            "id": number, "name": name, "avatar": "http://a/b.png", "intro": "intro", "members": 1,
            "members_limit": 500, "longitude": 0, "latitude": 0, "country": "", "province": "", "city": "",
            "district": "", "address": "here", "disableAddMember": false, "disableViewMember": false,
            "disbaleAddGroup": true, "enbaleBeforeMsg": true
        });
        assert_eq!(shown, expected);
    }
    ann.refused("POST", "chatGroups", &[("intro", "no name")], "参数不合法")
        .await;
    let long = "名".repeat(100);
    ann.refused("POST", "chatGroups", &[("name", &long)], "参数不合法")
        .await;
    ann.refused(
        "POST",
        "chatGroups",
        &[("name", "x"), ("latitude", "99")],
        "参数不合法",
    )
    .await;
}

async fn only_the_owner_edits_and_empty_fields_stay_as_they_were(server: Server) {
    let (ann, bob) = Person::two_friends(&server).await;
    let group = ann.group_with("before", &[&bob]).await;
    let first = [
        ("groupId", group.as_str()),
        ("name", "after"),
        ("intro", "new"),
        ("city", "深圳"),
        ("longitude", "113.5"),
        ("latitude", "22.5"),
        ("enbaleBeforeMsg", "1"),
    ];
    let changed = succeeded(&ann.ask("PUT", "chatGroups", &first).await);
    assert_eq!(changed["message"], "修改成功");
    let second = [
        ("groupId", group.as_str()),
        ("name", "after"),
        ("intro", ""),
        ("address", "there"),
    ];
    succeeded(&ann.ask("PUT", "chatGroups", &second).await);
    let shown = ann.get("chatGroups", &[]).await["result"]["items"][0].take();
    assert_eq!(
        (shown["name"].as_str(), shown["intro"].as_str()),
        (Some("after"), Some("new"))
    );
    assert_eq!(
        (shown["city"].as_str(), shown["address"].as_str()),
        (Some("深圳"), Some("there"))
    );
    assert_eq!(shown["longitude"], 113.5);
    assert_eq!(shown["enbaleBeforeMsg"], false, "an absent flag is off");
    bob.refused("PUT", "chatGroups", &first, "您不是群主").await;
    let nowhere = [("groupId", "77"), ("name", "x")];
    ann.refused("PUT", "chatGroups", &nowhere, "群聊不存在").await;
}

async fn groups_are_found_by_a_part_of_their_name(server: Server) {
    let ann = Person::register(&server, "ann").await;
    for name in ["红楼梦读书会", "读书", "100% pure_water"] {
        ann.group_with(name, &[]).await;
    }
    let found = |name: &'static str| {
        let ann = &ann;
        async move {
            column(
                &ann.post("chatGroups/search", &[("name", name)]).await["result"],
                "name",
            )
        }
    };
    assert_eq!(found("读书").await, ["红楼梦读书会", "读书"]);
    assert_eq!(found("100%").await, ["100% pure_water"]);
    assert_eq!(found("e_w").await, ["100% pure_water"]);
    assert!(found("0_").await.is_empty(), "an underscore is no wildcard");
    assert!(found("' OR '1'='1").await.is_empty());
    ann.refused("POST", "chatGroups/search", &[], "参数不合法").await;
}

async fn joining_needs_an_application_that_a_manager_answers(server: Server) {
    let (ann, bob) = Person::two_friends(&server).await;
    let cid = Person::register(&server, "cid").await;
    let group = ann.group_with("group", &[]).await;
    let apply = [("groupId", group.as_str()), ("reason", "我想加群")];
    let applied = bob.post("chatGroups/join", &apply).await;
    assert_eq!(applied["message"], "申请成功");
    let waiting = ann.get("chatGroups/join", &[]).await["result"].take();
    let request = &waiting["items"][0];
    assert_eq!(request["account"]["id"], bob.id);
    assert_eq!(request["chatGroup"]["name"], "group");
    assert_eq!(
        (request["applyReason"].as_str(), request["status"].as_str()),
        (Some("我想加群"), Some("wait"))
    );
    assert!(request["replyTime"].is_null());
    assert_eq!(bob.get("chatGroups/join", &[]).await["result"]["total"], 0);

    let bob_id = bob.text_id();
    let reply = |status| {
        [
            ("groupId", group.as_str()),
            ("accountId", bob_id.as_str()),
            ("status", status),
        ]
    };
    cid.refused(
        "POST",
        "chatGroups/join/reply",
        &reply("pass"),
        "您不是群聊管理员",
    )
    .await;
    let handled = ann.post("chatGroups/join/reply", &reply("deny")).await;
    assert_eq!(handled["message"], "处理成功");
    ann.refused("POST", "chatGroups/join/reply", &reply("pass"), "加群申请不存在")
        .await;
    bob.post("chatGroups/join", &apply).await;
    ann.post("chatGroups/join/reply", &reply("pass")).await;
    let shown = bob.get("chatGroups", &[]).await["result"].take();
    assert_eq!(
        (shown["total"].as_i64(), shown["items"][0]["members"].as_i64()),
        (Some(1), Some(2))
    );
    assert_eq!(ann.get("chatGroups/join", &[]).await["result"]["total"], 0);
}

async fn joining_is_refused_in_the_documented_order(server: Server) {
    let (ann, bob) = Person::two_friends(&server).await;
    let group = ann.group_with("open", &[]).await;
    let apply = [("groupId", group.as_str())];
    bob.refused("POST", "chatGroups/join", &[("groupId", "4711")], "群聊不存在")
        .await;
    // The number of an account is no group.
    bob.refused(
        "POST",
        "chatGroups/join",
        &[("groupId", &ann.text_id())],
        "群聊不存在",
    )
    .await;
    ann.refused("POST", "chatGroups/join", &apply, "你已经是此群聊成员")
        .await;
    bob.post("chatGroups/join", &apply).await;
    bob.refused("POST", "chatGroups/join", &apply, "已发送过加群申请")
        .await;
    let closed = [
        ("groupId", group.as_str()),
        ("name", "closed"),
        ("disbaleAddGroup", "1"),
    ];
    succeeded(&ann.ask("PUT", "chatGroups", &closed).await);
    for person in [&ann, &bob] {
        person
            .refused("POST", "chatGroups/join", &apply, "当前群聊禁止新成员加入")
            .await;
    }
    bob.refused("POST", "chatGroups/join", &[], "参数不合法").await;
}

async fn info_shows_members_by_rank_and_strangers_may_look(server: Server) {
    let (ann, bob) = Person::two_friends(&server).await;
    let cid = Person::register(&server, "cid").await;
    let dan = Person::register(&server, "dan").await;
    let group = ann.group_with("group", &[&bob, &cid]).await;
    let cid_id = cid.text_id();
    let promote = [
        ("groupId", group.as_str()),
        ("toId", cid_id.as_str()),
        ("isManager", "1"),
    ];
    ann.post("chatGroups/manager", &promote).await;
    let info = bob.get("chatGroups/info", &[("groupId", &group)]).await["result"].take();
    assert_eq!(
        (info["members"].as_i64(), info["members_limit"].as_i64()),
        (Some(3), Some(500))
    );
    let members = info["membersList"].as_array().unwrap();
    let shown: Vec<_> = members
        .iter()
        .map(|m| (m["account"]["id"].as_i64().unwrap(), m["role"].as_str().unwrap()))
        .collect();
    assert_eq!(
        shown,
        [(ann.id, "owner"), (cid.id, "manager"), (bob.id, "general")]
    );
    assert_eq!(
        (members[0]["remark"].as_str(), members[0]["isBanned"].as_bool()),
        (Some(""), Some(false))
    );
    assert_eq!(
        info["selfInfo"],
        json!({"chatGroupMemberRole": "general", "isBanned": false})
    );
    let seen = dan.get("chatGroups/info", &[("groupId", &group)]).await["result"].take();
    assert_eq!(
        seen["selfInfo"],
        json!({"chatGroupMemberRole": "", "isBanned": false})
    );
    dan.refused("GET", "chatGroups/info", &[("groupId", "99")], "群聊不存在")
        .await;
    dan.refused("GET", "chatGroups/info", &[], "参数不合法").await;
}

async fn hidden_members_show_only_names_and_pictures(server: Server) {
    let (ann, bob) = Person::two_friends(&server).await;
    succeeded(&ann.ask("PUT", "me/update/info", &[("intro", "secret")]).await);
    let group = ann.group_with("group", &[&bob]).await;
    let hide = [
        ("groupId", group.as_str()),
        ("name", "group"),
        ("disableViewMember", "1"),
    ];
    succeeded(&ann.ask("PUT", "chatGroups", &hide).await);
    let ask = [("groupId", group.as_str())];
    let info = bob.get("chatGroups/info", &ask).await["result"].take();
    let owner = &info["membersList"][0]["account"];
    assert_eq!(
        (owner["nickname"].as_str(), owner["username"].as_str()),
        (Some("ann"), Some(""))
    );
    assert_eq!(owner["intro"], "");
    assert_eq!(
        info["membersList"][1]["account"]["username"], "bob",
        "one sees oneself"
    );
    let info = ann.get("chatGroups/info", &ask).await["result"].take();
    assert_eq!(
        info["membersList"][1]["account"]["username"], "bob",
        "managers see all"
    );
}

async fn members_leave_and_the_owner_transfers_first(server: Server) {
    let (ann, bob) = Person::two_friends(&server).await;
    let cid = Person::register(&server, "cid").await;
    let group = ann.group_with("group", &[&bob, &cid]).await;
    let it = [("groupId", group.as_str())];
    let left = cid.post("chatGroups/exit", &it).await;
    assert_eq!(left["message"], "退出成功");
    cid.refused("POST", "chatGroups/exit", &it, "你不是是此群聊成员")
        .await;
    assert_eq!(cid.get("chatGroups", &[]).await["result"]["total"], 0);
    ann.refused("POST", "chatGroups/exit", &it, "群主无法退群，请转让群")
        .await;
    let (bob_id, cid_id) = (bob.text_id(), cid.text_id());
    let to_bob = [("groupId", group.as_str()), ("toId", bob_id.as_str())];
    let to_cid = [("groupId", group.as_str()), ("toId", cid_id.as_str())];
    bob.refused("POST", "chatGroups/transfer", &to_bob, "您不是群主")
        .await;
    ann.refused("POST", "chatGroups/transfer", &to_cid, "成员不在本群聊")
        .await;
    let transferred = ann.post("chatGroups/transfer", &to_bob).await;
    assert_eq!(transferred["message"], "转让成功");
    assert_eq!(
        ann.get("chatGroups", &[]).await["result"]["total"],
        0,
        "the old owner leaves"
    );
    let info = bob.get("chatGroups/info", &it).await["result"].take();
    assert_eq!(info["selfInfo"]["chatGroupMemberRole"], "owner");
    assert_eq!(info["members"], 1);
    bob.refused("POST", "chatGroups/exit", &[("groupId", "99")], "群聊不存在")
        .await;
}

async fn managers_kick_members_and_nobody_kicks_managers(server: Server) {
    let (ann, bob) = Person::two_friends(&server).await;
    let cid = Person::register(&server, "cid").await;
    let group = ann.group_with("group", &[&bob, &cid]).await;
    let (ann_id, bob_id, cid_id) = (ann.text_id(), bob.text_id(), cid.text_id());
    let who = |id| [("groupId", group.as_str()), ("toId", id)];
    cid.refused("POST", "chatGroups/kick", &who(&bob_id), "您不是群聊管理员")
        .await;
    let promote = [
        ("groupId", group.as_str()),
        ("toId", bob_id.as_str()),
        ("isManager", "1"),
    ];
    ann.post("chatGroups/manager", &promote).await;
    bob.refused("POST", "chatGroups/kick", &who(&ann_id), "不允许踢出群主或管理员")
        .await;
    ann.refused("POST", "chatGroups/kick", &who(&bob_id), "不允许踢出群主或管理员")
        .await;
    let kicked = bob.post("chatGroups/kick", &who(&cid_id)).await;
    assert_eq!(kicked["message"], "处理成功");
    bob.refused("POST", "chatGroups/kick", &who(&cid_id), "成员不在本群聊")
        .await;
    let text = [
        ("toId", group.as_str()),
        ("ope", "group"),
        ("type", "text"),
        ("body", "hello?"),
    ];
    cid.refused("POST", "chat/send", &text, "你不是是此群聊成员")
        .await;
}

async fn the_owner_makes_managers(server: Server) {
    let (ann, bob) = Person::two_friends(&server).await;
    let group = ann.group_with("group", &[&bob]).await;
    let bob_id = bob.text_id();
    let set = |manager| {
        [
            ("groupId", group.as_str()),
            ("toId", bob_id.as_str()),
            ("isManager", manager),
        ]
    };
    bob.refused("POST", "chatGroups/manager", &set("1"), "您不是群主")
        .await;
    for (manager, role) in [("1", "manager"), ("0", "general")] {
        let done = ann.post("chatGroups/manager", &set(manager)).await;
        assert_eq!(done["message"], "设置成功");
        let info = bob.get("chatGroups/info", &[("groupId", &group)]).await["result"].take();
        assert_eq!(info["selfInfo"]["chatGroupMemberRole"], role);
    }
    let nobody = [
        ("groupId", group.as_str()),
        ("toId", "19999999"),
        ("isManager", "1"),
    ];
    ann.refused("POST", "chatGroups/manager", &nobody, "成员不在本群聊")
        .await;
}

async fn the_muted_are_refused_until_the_time_is_over(server: Server) {
    let (ann, bob) = Person::two_friends(&server).await;
    let group = ann.group_with("group", &[&bob]).await;
    let (ann_id, bob_id) = (ann.text_id(), bob.text_id());
    let mute = |id, minute| [("groupId", group.as_str()), ("toId", id), ("minute", minute)];
    bob.refused(
        "POST",
        "chatGroups/banned",
        &mute(&ann_id, "1"),
        "您不是群聊管理员",
    )
    .await;
    ann.refused("POST", "chatGroups/banned", &mute(&bob_id, "0"), "参数不合法")
        .await;
    ann.refused(
        "POST",
        "chatGroups/banned",
        &mute(&ann_id, "1"),
        "不允许踢出群主或管理员",
    )
    .await;
    let forever = i64::MAX.to_string();
    for minutes in ["10", &forever] {
        let muted = ann.post("chatGroups/banned", &mute(&bob_id, minutes)).await;
        assert_eq!(muted["message"], "处理成功");
    }
    let text = [
        ("toId", group.as_str()),
        ("ope", "group"),
        ("type", "text"),
        ("body", "hello?"),
    ];
    bob.refused("POST", "chat/send", &text, "您已被禁言").await;
    let info = bob.get("chatGroups/info", &[("groupId", &group)]).await["result"].take();
    assert_eq!(info["selfInfo"]["isBanned"], true);
    assert_eq!(info["membersList"][1]["isBanned"], true);
    ann.say("group", &group, "I may").await;
}

async fn a_dissolved_group_is_gone_for_everybody(server: Server) {
    let (ann, bob) = Person::two_friends(&server).await;
    let group = ann.group_with("group", &[&bob]).await;
    let it = [("groupId", group.as_str())];
    bob.refused("POST", "chatGroups/dissolve", &it, "您不是群主")
        .await;
    let done = ann.post("chatGroups/dissolve", &it).await;
    assert_eq!(done["message"], "处理成功");
    for person in [&ann, &bob] {
        assert_eq!(person.get("chatGroups", &[]).await["result"]["total"], 0);
        person.refused("GET", "chatGroups/info", &it, "群聊不存在").await;
        let text = [
            ("toId", group.as_str()),
            ("ope", "group"),
            ("type", "text"),
            ("body", "x"),
        ];
        person.refused("POST", "chat/send", &text, "群聊不存在").await;
    }
    let found = ann.post("chatGroups/search", &[("name", "group")]).await;
    assert_eq!(found["result"]["total"], 0);
}

async fn common_groups_are_those_of_both(server: Server) {
    let (ann, bob) = Person::two_friends(&server).await;
    ann.group_with("ann's own", &[]).await;
    bob.group_with("bob's own", &[]).await;
    ann.group_with("shared", &[&bob]).await;
    let common = ann.get("chatGroups/common", &[("toId", &bob.text_id())]).await["result"].take();
    assert_eq!(column(&common, "name"), ["shared"]);
    let none = ann.get("chatGroups/common", &[("toId", "19999999")]).await["result"].take();
    assert_eq!(none, json!({"items": [], "total": 0}));
    ann.refused("GET", "chatGroups/common", &[], "参数不合法").await;
}

async fn managers_bring_members_in_directly(server: Server) {
    let (ann, bob) = Person::two_friends(&server).await;
    let cid = Person::register(&server, "cid").await;
    let group = ann.group_with("group", &[]).await;
    let (bob_id, cid_id) = (bob.text_id(), cid.text_id());
    let both = [
        ("groupId", group.as_str()),
        ("toIdList", &bob_id),
        ("toIdList[]", &cid_id),
    ];
    bob.refused("POST", "chatGroups/invite", &both, "您不是群聊管理员")
        .await;
    ann.post("chatGroups/invite", &both).await;
    assert_eq!(
        cid.get("chatGroups", &[]).await["result"]["items"][0]["members"],
        3
    );
    let nobody = [("groupId", group.as_str()), ("toIdList", "19999999")];
    ann.refused("POST", "chatGroups/invite", &nobody, "账号不存在")
        .await;
    ann.refused("POST", "chatGroups/invite", &both[..1], "参数不合法")
        .await;
}
