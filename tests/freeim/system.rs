//! What clients of the newer server ask for: settings and the page of discoveries.

use crate::harness::{Server, Storage};
use crate::on_both_storages;
use crate::person::Person;
use serde_json::json;

on_both_storages!(settings_are_told_as_texts_and_nothing_is_there_to_discover);

async fn settings_are_told_as_texts_and_nothing_is_there_to_discover(server: Server) {
    let ann = Person::register(&server, "ann").await;
    let told = ann.get("configs", &[]).await["result"].take();
    let configs = told["configs"].as_object().unwrap();
    assert!(configs.values().all(serde_json::Value::is_string), "{told}");
    assert_eq!(configs["login_vcode_captcha"], "true");
    assert_eq!(configs["near_friend_distance"], "1000");
    assert_eq!(configs["chatgroup_members_limit"], "500");
    assert_eq!(configs["register_sms"], "true", "there is an outbox");
    for key in ["uploadToken", "accessDomain"] {
        assert!(told["qiniu"][key].is_string(), "{told}");
    }
    let discovers = ann.get("discovers", &[]).await["result"].take();
    assert_eq!(discovers, json!({"items": [], "total": 0}));
    for path in ["configs", "discovers"] {
        let answer = server.get(&format!("/api/v1/{path}")).send().await;
        assert_eq!(
            (answer.status, answer.json()["message"].as_str()),
            (401, Some("登录超时"))
        );
    }
}

#[tokio::test]
async fn discoveries_are_what_the_operator_wrote() {
    let more = [(
        "ROOST__FREEIM__DISCOVERS",
        "Games|https://games.example.org,News|http://news.example.org/a|http://l/logo.png|secret",
    )];
    let server = Server::start_with(Storage::Sqlite, &more).await;
    let ann = Person::register(&server, "ann").await;
    let told = ann.get("discovers", &[]).await["result"].take();
    assert_eq!(told["total"], 2);
    let news = &told["items"][1];
    assert!(news["createdAt"].as_str().unwrap().ends_with("+08:00"));
    assert_eq!(
        (
            &news["id"],
            &news["name"],
            &news["url"],
            &news["logo"],
            &news["password"]
        ),
        (
            &json!(2),
            &json!("News"),
            &json!("http://news.example.org/a"),
            &json!("http://l/logo.png"),
            &json!("secret")
        )
    );
    assert_eq!(told["items"][0]["logo"], "");
}

#[tokio::test]
async fn an_account_owns_a_bounded_number_of_groups() {
    let more = [("ROOST__FREEIM__GROUPS_OWNED_MAX", "2")];
    let server = Server::start_with(Storage::Sqlite, &more).await;
    let (ann, bob) = Person::two_friends(&server).await;
    let first = ann.group_with("one", &[&bob]).await;
    ann.group_with("two", &[]).await;
    ann.refused(
        "POST",
        "chatGroups",
        &[("name", "three")],
        "您的创建群聊数量超过限制",
    )
    .await;
    ann.post(
        "chatGroups/transfer",
        &[("groupId", &first), ("toId", &bob.text_id())],
    )
    .await;
    ann.group_with("three", &[]).await;
}
