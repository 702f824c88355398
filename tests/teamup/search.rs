//! Groups found by type, name and tags, in each order; and what a search may be completed with.

use crate::groups::{DISMISS, create, let_in, three};
use crate::harness::{Encoding, Server};
use crate::person::{Person, column, succeeded};
use crate::with_logins;
use serde_json::{Value, json};

with_logins!(
    groups_are_found_in_four_orders_both_ways,
    my_groups_are_those_i_am_in,
    hints_complete_names_and_tags,
    searches_are_checked,
);

const SEARCH: &str = "/group/external/search/group";
const MINE: &str = "/group/external/search/my_group";

async fn tag(person: &Person<'_>, group: i64, tag: &str) {
    let body = json!({ "group_id": group, "tag_text": tag });
    person.post("/group/internal/info/tag/add", body).await;
}

async fn found(person: &Person<'_>, body: Value) -> Vec<Value> {
    column(&person.post(SEARCH, body).await["groups"], "id")
}

async fn groups_are_found_in_four_orders_both_ways(server: Server) {
    let (ann, bob, eve) = three(&server).await;
    let a = create(&ann, "sport", "All about Chess", 9).await;
    let b = create(&ann, "sport", "chess", 9).await;
    let c = create(&ann, "sport", "Chess at night", 9).await;
    let d = create(&ann, "sport", "Go", 9).await;
    let e = create(&ann, "study", "chess", 9).await;
    tag(&ann, d, "like chess").await;
    tag(&ann, a, "open").await;
    tag(&ann, d, "Open").await;
    for (group, people) in [(a, &[&bob, &eve][..]), (d, &[&bob])] {
        for person in people {
            let_in(group, &ann, person).await;
        }
    }
    let shown = eve.post(SEARCH, json!({ "type": "study" })).await["groups"].clone();
    let fields = ["id", "name", "type", "user_cnt", "user_limit"].map(|field| shown[0][field].clone());
    assert_eq!(json!(fields), json!([e, "chess", "study", 1, 9]));
    assert!(shown[0]["time"].is_string() && shown.as_array().expect("a list").len() == 1);
    for (method, order) in [
        ("RELATIVE", [b, c, a, d]),
        ("COMPREHENSIVE", [b, c, a, d]),
        ("TIME", [d, c, b, a]),
        ("MEMBER", [a, d, b, c]),
    ] {
        let body = json!({ "type": "sport", "key": "CHESS", "sort_method": method });
        assert_eq!(found(&eve, body.clone()).await, order, "{method}");
        let mut body = body;
        body["sort_order"] = json!("ASC");
        let mut order = order;
        order.reverse();
        assert_eq!(found(&eve, body).await, order, "{method}");
    }
    // Neither said: all there is of the first, from the top.
    assert_eq!(found(&eve, json!({ "type": "sport" })).await, [a, d, c, b]);
    assert_eq!(
        found(&eve, json!({ "type": "sport", "tags": ["OPEN"] })).await,
        [a, d]
    );
    assert_eq!(
        found(&eve, json!({ "type": "sport", "tags": ["open", "like chess"] })).await,
        [d]
    );
    assert_eq!(
        found(
            &eve,
            json!({ "type": "sport", "tags": "[\"open\"]", "key": "go" })
        )
        .await,
        [d]
    );
    assert_eq!(
        found(&eve, json!({ "type": "sport", "key": "%" })).await,
        Vec::<Value>::new()
    );
    for encoding in Encoding::ALL {
        let params = [("type", "sport"), ("tags", "open"), ("tags", "like chess")];
        let answer = eve.request("POST", SEARCH).params(encoding, &params).send().await;
        assert_eq!(column(&succeeded(&answer)["groups"], "id"), [d], "{encoding:?}");
    }
    // Full ones are found, dismissed ones are not.
    ann.post(DISMISS, json!({ "group_id": a })).await;
    assert_eq!(
        found(&eve, json!({ "type": "sport", "tags": ["open"] })).await,
        [d]
    );
}

async fn my_groups_are_those_i_am_in(server: Server) {
    let (ann, bob, _) = three(&server).await;
    let a = create(&ann, "sport", "chess", 9).await;
    let b = create(&ann, "study", "latin", 9).await;
    let c = create(&ann, "sport", "go", 9).await;
    create(&ann, "sport", "tennis", 9).await;
    for group in [a, b, c] {
        let_in(group, &ann, &bob).await;
    }
    tag(&ann, b, "dead").await;
    ann.post(DISMISS, json!({ "group_id": a })).await;
    bob.post("/group/internal/setting/exit", json!({ "group_id": c }))
        .await;
    ann.post(DISMISS, json!({ "group_id": c })).await;
    for (body, live, dismissed) in [
        (json!({ "type": "" }), json!([b]), json!([a])),
        (json!({}), json!([b]), json!([a])),
        (json!({ "type": "sport" }), json!([]), json!([a])),
        (json!({ "type": "", "key": "LAT" }), json!([b]), json!([])),
        (json!({ "tags": ["dead"] }), json!([b]), json!([])),
    ] {
        let mine = bob.post(MINE, body.clone()).await;
        let ids = |list: &str| json!(column(&mine[list], "id"));
        assert_eq!(
            (ids("groups"), ids("dismissed_groups")),
            (live, dismissed),
            "{body}"
        );
    }
    let mine = ann
        .post(
            MINE,
            json!({ "type": "sport", "sort_method": "TIME", "sort_order": "ASC" }),
        )
        .await;
    assert_eq!(column(&mine["dismissed_groups"], "id"), [a, c]);
    assert_eq!(mine["groups"][0]["user_cnt"], 1);
}

async fn hints_complete_names_and_tags(server: Server) {
    let (ann, bob, eve) = three(&server).await;
    for (name, tags) in [
        ("Chess", ["open", "night"]),
        ("chess club", ["open", "hop"]),
        ("my chess", ["Open", "x"]),
    ] {
        let group = create(&ann, "sport", name, 9).await;
        for text in tags {
            tag(&ann, group, text).await;
        }
        if name == "chess club" {
            let_in(group, &ann, &bob).await;
        }
    }
    let gone = create(&ann, "sport", "chess gone", 9).await;
    ann.post(DISMISS, json!({ "group_id": gone })).await;
    let hints = async |of: &str, body: Value| {
        eve.post(&format!("/group/external/search/{of}"), body).await["hints"].clone()
    };
    let names = json!(["chess club", "Chess", "my chess"]);
    assert_eq!(
        hints("name_hint", json!({ "type": "sport", "key": "CHESS" })).await,
        names
    );
    assert_eq!(hints("name_hint", json!({ "type": "sport" })).await, names);
    assert_eq!(
        hints("tag_hint", json!({ "type": "sport", "key": "op" })).await,
        json!(["open", "Open", "hop"])
    );
    assert_eq!(
        hints("tag_hint", json!({ "type": "study", "key": "op" })).await,
        json!([])
    );
    for number in 0..12 {
        create(&ann, "many", &format!("group {number}"), 9).await;
    }
    let many = hints("name_hint", json!({ "type": "many", "key": "group" })).await;
    assert_eq!(many.as_array().map(Vec::len), Some(10));
}

async fn searches_are_checked(server: Server) {
    let ann = Person::enter(&server, "ann").await;
    for (body, code) in [
        (json!({}), 101),
        (json!({ "type": "" }), 101),
        (json!({ "type": "x", "sort_method": "BEST" }), 353),
        (json!({ "type": "x", "sort_method": "time" }), 353),
        (json!({ "type": "x", "sort_order": "UP" }), 352),
        (json!({ "type": "x", "tags": [{}] }), 101),
        (
            json!({ "type": "x", "tags": (0..51).map(|n| n.to_string()).collect::<Vec<_>>() }),
            101,
        ),
        (json!({ "type": "x", "key": "x".repeat(201) }), 101),
    ] {
        ann.refused(SEARCH, body.clone(), code).await;
        if code != 101 {
            ann.refused(MINE, body, code).await;
        }
    }
    for hint in ["name_hint", "tag_hint"] {
        ann.refused(
            &format!("/group/external/search/{hint}"),
            json!({ "key": "x" }),
            101,
        )
        .await;
    }
}
