//! Who is in a group, as what; and how members are rated once it has ended.

use crate::groups::{DISMISS, MEMBERS, create, let_in, of_two, three};
use crate::harness::Server;
use crate::person::{Person, column};
use crate::with_logins;
use serde_json::{Value, json};

with_logins!(
    members_are_listed_with_their_roles_and_names,
    admins_are_made_and_unmade_by_the_creator,
    members_are_removed_by_those_above_them,
    members_rate_each_other_once_after_the_end,
    of_many_ratings_at_once_one_counts,
);

const RATE: &str = "/group/internal/member/rate";
const SWITCH: &str = "/group/internal/member/switchAdmin";
const REMOVE: &str = "/group/internal/member/remove";
const NICKNAME: &str = "/group/internal/member/setNickname";

fn of(group: i64, person: &Person<'_>) -> Value {
    json!({ "group_id": group, "user_id": person.id })
}

async fn members_are_listed_with_their_roles_and_names(server: Server) {
    let (ann, bob, eve) = three(&server).await;
    let group = of_two(&ann, &bob).await;
    let here = json!({ "group_id": group });
    eve.refused(MEMBERS, here.clone(), 303).await;
    eve.refused(MEMBERS, json!({ "group_id": 999_999 }), 301).await;
    bob.post(NICKNAME, json!({ "group_id": group, "nickname": " Bobby " }))
        .await;
    let users = bob.post(MEMBERS, here.clone()).await["users"].clone();
    let flags = |user: &Value| (user["is_admin"] == true, user["is_creator"] == true);
    assert_eq!(column(&users, "user_id"), ["dev_ann", "dev_bob"]);
    assert_eq!(column(&users, "nickname"), ["ann", "Bobby"]);
    assert_eq!(
        (flags(&users[0]), flags(&users[1])),
        ((true, true), (false, false))
    );
    assert!(users[0]["time"].as_str().is_some_and(|time| time.len() == 19));
    // The nickname is the group's own.
    assert_eq!(
        bob.post("/user/info/text/getInfo", json!({})).await["nickname"],
        "bob"
    );
    for nickname in ["", "  "] {
        bob.refused(NICKNAME, json!({ "group_id": group, "nickname": nickname }), 201)
            .await;
    }
    bob.refused(NICKNAME, here, 101).await;
    eve.refused(NICKNAME, json!({ "group_id": group, "nickname": "x" }), 303)
        .await;
    eve.refused(NICKNAME, json!({ "group_id": 999_999, "nickname": "x" }), 301)
        .await;
}

async fn admins_are_made_and_unmade_by_the_creator(server: Server) {
    let (ann, bob, eve) = three(&server).await;
    let group = of_two(&ann, &bob).await;
    let is_admin =
        async || bob.post(MEMBERS, json!({ "group_id": group })).await["users"][1]["is_admin"].clone();
    bob.refused(SWITCH, of(group, &ann), 303).await;
    for expected in [true, false] {
        ann.post(SWITCH, of(group, &bob)).await;
        assert_eq!(is_admin().await, expected);
    }
    // By the number of the account, as the document has it here.
    ann.post(SWITCH, json!({ "group_id": group, "user_id": 10_000_001 }))
        .await;
    assert_eq!(is_admin().await, true);
    bob.refused(SWITCH, of(group, &bob), 303).await;
    ann.refused(SWITCH, of(group, &ann), 303).await;
    ann.refused(SWITCH, of(group, &eve), 302).await;
    ann.refused(SWITCH, json!({ "group_id": group, "user_id": "nobody" }), 302)
        .await;
    ann.refused(SWITCH, json!({ "group_id": group }), 101).await;
    ann.refused(SWITCH, json!({ "group_id": 999_999, "user_id": bob.id }), 301)
        .await;
}

async fn members_are_removed_by_those_above_them(server: Server) {
    let (ann, bob, eve) = three(&server).await;
    let cid = Person::enter(&server, "cid").await;
    let group = of_two(&ann, &bob).await;
    for person in [&eve, &cid] {
        let_in(group, &ann, person).await;
    }
    for admin in [&bob, &cid] {
        ann.post(SWITCH, of(group, admin)).await;
    }
    eve.refused(REMOVE, of(group, &bob), 303).await;
    for above in [&ann, &cid, &bob] {
        bob.refused(REMOVE, of(group, above), 303).await;
    }
    bob.post(REMOVE, of(group, &eve)).await;
    eve.refused(MEMBERS, json!({ "group_id": group }), 303).await;
    ann.refused(REMOVE, of(group, &ann), 303).await;
    ann.post(REMOVE, of(group, &bob)).await;
    ann.refused(REMOVE, of(group, &bob), 302).await;
    ann.refused(REMOVE, json!({ "group_id": group, "user_id": "nobody" }), 302)
        .await;
    ann.refused(REMOVE, json!({ "group_id": group }), 101).await;
    assert_eq!(
        column(
            &ann.post(MEMBERS, json!({ "group_id": group })).await["users"],
            "user_id"
        ),
        ["dev_ann", "dev_cid"]
    );
    // Whoever was removed may ask again.
    let_in(group, &ann, &bob).await;
}

fn rates(group: i64, rates: &[(&str, Value)]) -> Value {
    let rates: Vec<Value> = rates
        .iter()
        .map(|(id, stars)| json!({ "user_id": id, "star_rating": stars }))
        .collect();
    json!({ "group_id": group, "rates": rates })
}

async fn stars(person: &Person<'_>) -> Value {
    person.post("/user/info/text/getInfo", json!({})).await["star_rating"].clone()
}

async fn members_rate_each_other_once_after_the_end(server: Server) {
    let (ann, bob, eve) = three(&server).await;
    let cid = Person::enter(&server, "cid").await;
    let group = of_two(&ann, &bob).await;
    let_in(group, &ann, &eve).await;
    let good = rates(group, &[("dev_bob", json!(9.5)), ("dev_eve", json!(0))]);
    ann.refused(RATE, good.clone(), 303).await;
    ann.post(DISMISS, json!({ "group_id": group })).await;
    cid.refused(RATE, good.clone(), 303).await;
    for (bad, code) in [
        (rates(group, &[("dev_bob", json!(10.01))]), 321),
        (rates(group, &[("dev_bob", json!(-1))]), 321),
        (rates(group, &[("dev_bob", json!("x"))]), 101),
        (rates(group, &[("dev_bob", json!(null))]), 101),
        (rates(group, &[("dev_ann", json!(5))]), 101),
        (
            rates(group, &[("dev_bob", json!(5)), ("10000001", json!(5))]),
            101,
        ),
        (rates(group, &[("dev_cid", json!(5))]), 302),
        (rates(group, &[("nobody", json!(5))]), 302),
        (json!({ "group_id": group, "rates": ["x"] }), 101),
        (json!({ "group_id": group, "rates": "[x" }), 101),
        (rates(999_999, &[("dev_bob", json!(5))]), 301),
    ] {
        ann.refused(RATE, bad, code).await;
    }
    // What was refused has not spent the one chance.
    ann.post(RATE, good.clone()).await;
    ann.refused(RATE, good, 303).await;
    bob.post(RATE, rates(group, &[("dev_eve", json!("7.5"))])).await;
    let text = "[{\"user_id\":\"dev_bob\",\"star_rating\":8}]";
    eve.post(RATE, json!({ "group_id": group, "rates": text })).await;
    assert_eq!(
        (stars(&ann).await, stars(&bob).await, stars(&eve).await),
        (json!(0.0), json!(8.75), json!(3.75))
    );
}

async fn of_many_ratings_at_once_one_counts(server: Server) {
    let (ann, bob, _) = three(&server).await;
    let group = create(&ann, "sport", "x", 9).await;
    let_in(group, &ann, &bob).await;
    ann.post(DISMISS, json!({ "group_id": group })).await;
    let body = rates(group, &[("dev_bob", json!(5))]);
    let answers = futures_util::future::join_all((0..8).map(|_| ann.ask(RATE, body.clone()))).await;
    let mut codes: Vec<i64> = answers
        .iter()
        .map(|answer| answer.json()["code"].as_i64().expect("a code"))
        .collect();
    codes.sort_unstable();
    assert_eq!(codes, [0, 303, 303, 303, 303, 303, 303, 303]);
    assert_eq!(stars(&bob).await, 5.0);
}
