//! What the app's server has delivered: stored messages, system messages, notifications and signals.

use crate::app::App;
use serde_json::json;

on_both_storages!(
    the_apps_server_writes_for_people,
    system_messages_are_stored_and_come_by_a_sync,
    notifications_reach_only_who_is_there,
    a_groups_notification_also_reaches_listed_people,
    a_request_of_another_app_is_refused,
);

async fn the_apps_server_writes_for_people(app: App) {
    let (ann, bob, _) = app.three().await;
    let group = app.group(&ann, false, &[&ann, &bob]).await;
    let mut bobs = app.synced(&bob).await;
    app.post_text(
        "/post_peer_message?appid=7&sender=101&receiver=102",
        r#"{"text":"hi"}"#,
    )
    .await;
    bobs.expect(&["METADATA", "IM 101>102 #0 {\"text\":\"hi\"} +10", "SYNC_NOTIFY"])
        .await;
    app.post_text(
        &format!("/post_group_message?appid=7&sender=101&receiver={group}"),
        "all",
    )
    .await;
    bobs.expect(&[
        "METADATA",
        &format!("GROUP_IM 101>{group} all +10"),
        "SYNC_NOTIFY",
    ])
    .await;
    app.post_text("/post_realtime_message?appid=7&sender=101&receiver=102", "now")
        .await;
    bobs.expect(&["RT 101>102 now"]).await;
}

async fn system_messages_are_stored_and_come_by_a_sync(app: App) {
    let (_, bob, eve) = app.three().await;
    let mut bobs = app.synced(&bob).await;
    app.post(
        "/post_system_message",
        &json!({"appid": 7, "receivers": [102, "103"], "content": "sys"}),
    )
    .await;
    let key = bobs.expect(&["SYNC_NOTIFY"]).await[0].long(0);
    assert_eq!(bobs.sync(0).await, (vec!["SYSTEM sys".to_owned()], key));
    assert_eq!(app.log_in(&eve).await.sync(0).await.0, ["SYSTEM sys"]);
}

async fn notifications_reach_only_who_is_there(app: App) {
    let (_, bob, eve) = app.three().await;
    let (mut first, mut second) = (app.synced(&bob).await, app.synced(&bob).await);
    app.post_text("/post_notification?appid=7&uid=102", "note").await;
    app.post_text("/post_notification?appid=7&uid=103", "note").await;
    for client in [&mut first, &mut second] {
        client.expect(&["NOTIFICATION note"]).await;
    }
    assert_eq!(app.log_in(&eve).await.sync(0).await, (vec![], 0));
}

async fn a_groups_notification_also_reaches_listed_people(app: App) {
    let (ann, bob, eve) = app.three().await;
    let group = app.group(&ann, false, &[&ann, &bob]).await;
    let text = format!(r#"{{"update_notice":{{"group_id":{group},"notice":"n"}}}}"#);
    let body = json!({"appid": 7, "group_id": group, "notification": text, "members": [102, 103]});
    app.post("/post_group_notification", &body).await;
    let shown = format!("GROUP_NOTIFICATION {text}");
    let stored = app.log_in(&bob).await.sync(0).await.0;
    assert_eq!(
        &stored[1..],
        std::slice::from_ref(&shown),
        "once, although listed"
    );
    assert_eq!(app.log_in(&eve).await.sync(0).await.0, [shown]);
}

async fn a_request_of_another_app_is_refused(app: App) {
    app.three().await;
    for path in [
        "/post_peer_message?appid=8&sender=101&receiver=102",
        "/post_peer_message?appid=7&sender=101",
        "/post_peer_message?appid=7&sender=x&receiver=102",
        "/post_group_message?sender=0&receiver=1",
        "/post_notification?appid=7",
        "/post_room_message?appid=7&uid=101",
        "/post_realtime_message",
    ] {
        App::refused(app.ask("POST", path).body("", "x"), "invalid query param").await;
    }
}
