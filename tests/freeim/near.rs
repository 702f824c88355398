//! Who and what is near: distances, the radius, and one's own place.

use crate::harness::{Encoding, Server, Storage};
use crate::on_both_storages;
use crate::person::{Person, column, succeeded};
use serde_json::Value;

on_both_storages!(
    people_nearby_come_nearest_first_with_their_distance,
    looking_around_stores_ones_own_place,
    people_across_the_date_line_are_near,
    groups_nearby_are_found_where_they_are,
    a_place_is_needed_and_must_be_on_the_globe,
);

async fn near(person: &Person<'_>, path: &str, longitude: &str, latitude: &str) -> Value {
    let params = [("longitude", longitude), ("latitude", latitude)];
    person.get(path, &params).await["result"].take()
}

async fn settle(person: &Person<'_>, longitude: &str, latitude: &str) {
    let place = [("longitude", longitude), ("latitude", latitude)];
    succeeded(&person.ask("PUT", "me/update/info", &place).await);
}

async fn people_nearby_come_nearest_first_with_their_distance(server: Server) {
    let ann = Person::register(&server, "ann").await;
    let (bob, eve) = (
        Person::register(&server, "bob").await,
        Person::register(&server, "eve").await,
    );
    let far = Person::register(&server, "far").await;
    assert_eq!(near(&ann, "friends/near", "115.5", "24.0").await["total"], 0);
    settle(&bob, "113.91609638929367", "22.578574959221548").await;
    settle(&eve, "113.88761132955551", "22.802167782129153").await;
    settle(&far, "139.69", "35.68").await;
    let found = near(&ann, "friends/near", "115.5", "24.0").await;
    assert_eq!(column(&found, "id"), [eve.id, bob.id]);
    assert_eq!(found["total"], 2);
    for item in found["items"].as_array().unwrap() {
        let distance = item["distance"].as_str().unwrap();
        let metres: i64 = distance.strip_suffix('m').unwrap().parse().unwrap();
        assert!((200_000..260_000).contains(&metres), "{distance}");
    }
    let longitude = found["items"][0]["longitude"].as_f64().unwrap();
    assert!((longitude - 113.887_611_329_555_51).abs() < 1e-9, "{longitude}");
    assert_eq!(found["items"][0]["nickname"], "eve");
    let here = near(&eve, "friends/near", "113.88761132955551", "22.802167782129153").await;
    assert_eq!(here["items"][0]["id"], bob.id, "never oneself");
    assert_eq!(here["items"][0]["distance"], "25041m");
}

async fn looking_around_stores_ones_own_place(server: Server) {
    let ann = Person::register(&server, "ann").await;
    let bob = Person::register(&server, "bob").await;
    for encoding in Encoding::ALL {
        let params = [("longitude", "113.5"), ("latitude", "22.25")];
        let request = ann.request("GET", "friends/near").params(encoding, &params);
        succeeded(&request.send().await);
    }
    let me = ann.get("me/info", &[]).await["result"]["account"].take();
    assert_eq!(
        (&me["longitude"], &me["latitude"]),
        (&113.5.into(), &22.25.into())
    );
    let found = near(&bob, "friends/near", "113.5", "22.25").await;
    assert_eq!(column(&found, "id"), [ann.id]);
    assert_eq!(found["items"][0]["distance"], "0m");
    near(&ann, "friends/near", "-70", "-30").await;
    assert_eq!(near(&bob, "friends/near", "113.5", "22.25").await["total"], 0);
}

async fn people_across_the_date_line_are_near(server: Server) {
    let ann = Person::register(&server, "ann").await;
    let bob = Person::register(&server, "bob").await;
    settle(&bob, "-179.9", "10").await;
    let found = near(&ann, "friends/near", "179.9", "10").await;
    assert_eq!(column(&found, "id"), [bob.id]);
    assert_eq!(found["items"][0]["distance"], "21907m");
}

async fn groups_nearby_are_found_where_they_are(server: Server) {
    let ann = Person::register(&server, "ann").await;
    let made = |name: &'static str, longitude: &'static str, latitude: &'static str| {
        let place = [("name", name), ("longitude", longitude), ("latitude", latitude)];
        let ann = &ann;
        async move { ann.post("chatGroups", &place).await["result"]["id"].to_string() }
    };
    let here = made("here", "113.5", "22.5").await;
    let there = made("there", "113.6", "22.5").await;
    made("nowhere", "0", "0").await;
    made("elsewhere", "2.35", "48.85").await;
    let found = near(&ann, "chatGroups/near", "113.5", "22.5").await;
    assert_eq!(column(&found, "name"), ["here", "there"]);
    assert_eq!(column(&found, "distance")[0], "0m");
    assert_eq!(found["items"][0]["members_limit"], 500);
    let moved = [
        ("groupId", here.as_str()),
        ("name", "here"),
        ("longitude", "2.36"),
    ];
    succeeded(&ann.ask("PUT", "chatGroups", &moved).await);
    ann.post("chatGroups/dissolve", &[("groupId", &there)]).await;
    assert_eq!(near(&ann, "chatGroups/near", "113.5", "22.5").await["total"], 0);
    let found = near(&ann, "chatGroups/near", "2.36", "22.5").await;
    assert_eq!(column(&found, "name"), ["here"]);
    let me = ann.get("me/info", &[]).await["result"]["account"].take();
    assert_eq!(me["longitude"], 0, "looking for groups stores nothing");
}

async fn a_place_is_needed_and_must_be_on_the_globe(server: Server) {
    let ann = Person::register(&server, "ann").await;
    for path in ["friends/near", "chatGroups/near"] {
        for bad in [
            &[][..],
            &[("longitude", "113.5")],
            &[("longitude", "0"), ("latitude", "22.5")],
            &[("longitude", "181"), ("latitude", "22.5")],
            &[("longitude", "113.5"), ("latitude", "-90.5")],
        ] {
            ann.refused("GET", path, bad, "参数不合法").await;
        }
        let answer = ann
            .ask("GET", path, &[("longitude", "NaN"), ("latitude", "22.5")])
            .await;
        assert_eq!(answer.json()["code"], 1);
    }
}

#[tokio::test]
async fn the_radius_is_a_setting() {
    let more = [
        ("ROOST__FREEIM__NEAR_FRIEND_KM", "10"),
        ("ROOST__FREEIM__NEAR_GROUP_KM", "30"),
    ];
    let server = Server::start_with(Storage::Sqlite, &more).await;
    let (ann, bob) = (
        Person::register(&server, "ann").await,
        Person::register(&server, "bob").await,
    );
    settle(&bob, "113.5", "22.5").await;
    bob.post(
        "chatGroups",
        &[("name", "g"), ("longitude", "113.5"), ("latitude", "22.5")],
    )
    .await;
    assert_eq!(near(&ann, "friends/near", "113.5", "22.7").await["total"], 0);
    assert_eq!(near(&ann, "chatGroups/near", "113.5", "22.7").await["total"], 1);
    assert_eq!(near(&ann, "friends/near", "113.5", "22.55").await["total"], 1);
}
