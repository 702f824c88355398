//! Registering, signing in and out, and one's own account.

use crate::harness::{Encoding, Server};
use crate::on_both_storages;
use crate::person::{COOKIE, PASSWORD, Person, invalid, refused, sign_in, succeeded, text};

on_both_storages!(
    registering_makes_an_account_that_signs_in,
    signing_in_gives_a_value_and_a_cookie,
    a_sign_in_is_the_same_as_cookie_and_as_bearer,
    who_is_not_signed_in_is_refused,
    my_information_has_both_sets_of_image_fields,
    my_information_can_be_changed,
    a_new_password_ends_other_sign_ins_and_not_this_one,
    logging_off_ends_the_sign_in,
    sign_ins_outlive_the_node,
    validation_comes_before_authentication,
);

async fn registering_makes_an_account_that_signs_in(server: Server) {
    let post = |form: Vec<(&'static str, &'static str)>| {
        server
            .post("/api/RegisterKahla")
            .params(Encoding::Urlencoded, &form)
            .send()
    };
    let form = vec![
        ("Email", "ann@example.com"),
        ("Password", PASSWORD),
        ("ConfirmPassword", PASSWORD),
    ];
    let made = succeeded(&post(form.clone()).await);
    assert_eq!(made["message"], "Successfully created your account.");
    let again = "A user with email 'ann@example.com' already exists!";
    refused(&post(form).await, -7, again);
    let faults = [
        "The Email field is not a valid e-mail address.",
        "The Password must be at least 6 and at max 100 characters long.",
        "The password and confirmation password do not match.",
    ];
    let bad = vec![
        ("email", "ann"),
        ("password", "12345"),
        ("confirmPassword", "123456"),
    ];
    invalid(&post(bad).await, &faults);
    invalid(
        &post(vec![]).await,
        &["The Email field is required.", "The Password field is required."],
    );
    sign_in(&server, "ANN@example.com", PASSWORD).await;
}

async fn signing_in_gives_a_value_and_a_cookie(server: Server) {
    let ann = Person::register(&server, "ann").await;
    let post = |email: &str, password: &str| {
        let form = [("email", email), ("password", password)];
        server
            .post("/api/AuthByPassword")
            .params(Encoding::Urlencoded, &form)
            .send()
    };
    let answer = post(&ann.email, PASSWORD).await;
    let json = succeeded(&answer);
    assert_eq!(json["message"], "Auth success.");
    let value = text(&json["value"]);
    assert!(
        value.len() == 30
            && value
                .bytes()
                .all(|b| b.is_ascii_digit() || b.is_ascii_uppercase()),
        "{value}"
    );
    let cookie = answer.header("Set-Cookie").expect("a cookie").to_owned();
    assert!(cookie.starts_with(&format!("{COOKIE}={value};")), "{cookie}");
    for part in ["HttpOnly", "Path=/", "SameSite=Lax", "Max-Age=1209600"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let wrong = "Incorrect username or password.";
    refused(&post(&ann.email, "wrong password").await, -8, wrong);
    refused(&post("nobody@example.com", PASSWORD).await, -8, wrong);
    invalid(
        &post("ann", PASSWORD).await,
        &["The Email field is not a valid e-mail address."],
    );
}

async fn a_sign_in_is_the_same_as_cookie_and_as_bearer(server: Server) {
    let ann = Person::register(&server, "ann").await;
    let status =
        |name: &'static str, shown: String| server.get("/api/SigninStatus").header(name, &shown).send();
    let by_cookie = succeeded(&status("Cookie", format!("a=b; {COOKIE}={}", ann.value)).await);
    assert_eq!(by_cookie["value"], true);
    assert_eq!(by_cookie["message"], "Successfully get your signin status.");
    let by_bearer = succeeded(&status("Authorization", format!("Bearer {}", ann.value)).await);
    assert_eq!(by_bearer["value"], true);
    let nobody = succeeded(
        &status(
            "Authorization",
            "Bearer FS1S6CV0BASLHWUVE87851PN8GRZNJ".to_owned(),
        )
        .await,
    );
    assert_eq!(nobody["value"], false);
}

async fn who_is_not_signed_in_is_refused(server: Server) {
    let paths = [
        ("GET", "Me"),
        ("GET", "MyFriends?orderByName=false"),
        ("GET", "MyRequests"),
        ("GET", "InitPusher"),
        ("GET", "GetMessage/1"),
        ("GET", "SearchGroup?GroupName=abc"),
        ("POST", "SendMessage/1"),
        ("POST", "UploadFile?ConversationId=1"),
        ("POST", "FileDownloadAddress"),
    ];
    for (method, path) in paths {
        let answer = server.request(method, &format!("/api/{path}")).send().await;
        assert_eq!(answer.status, 401, "{path}");
        assert_eq!(
            answer.text(),
            r#"{"code":-8,"message":"Unauthorized!"}"#,
            "{path}"
        );
    }
    // A page of a foreign origin may not use the cookie that browsers add.
    let ann = Person::register(&server, "ann").await;
    let foreign = ann.request("GET", "Me").header("Origin", "http://evil.example");
    assert_eq!(foreign.send().await.status, 401);
    let own = ann.request("GET", "Me").header("Origin", "http://localhost:8001");
    succeeded(&own.send().await);
}

async fn my_information_has_both_sets_of_image_fields(server: Server) {
    let ann = Person::register(&server, "ann").await;
    let me = ann.get("Me", &[]).await;
    assert_eq!(me["message"], "Successfully get your information.");
    let me = &me["value"];
    let keys: Vec<&String> = me.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "id",
            "bio",
            "nickName",
            "sex",
            "headImgUrl",
            "headImgFileKey",
            "preferedLanguage",
            "accountCreateTime",
            "emailConfirmed",
            "email"
        ]
    );
    assert_eq!(
        (me["nickName"].as_str(), me["email"].as_str()),
        (Some("ann"), Some("ann@example.com"))
    );
    assert!(me["bio"].is_null() && me["sex"].is_null());
    assert_eq!(me["headImgFileKey"], 739);
    assert!(text(&me["accountCreateTime"]).ends_with('Z'));
    assert!(text(&me["headImgUrl"]).starts_with("https://"));
}

async fn my_information_can_be_changed(server: Server) {
    let ann = Person::register(&server, "ann").await;
    let form = [
        ("NickName", "Ann 你好"),
        ("Bio", "about me"),
        ("HeadImgUrl", "https://example.com/a.png"),
    ];
    let set = ann.post("UpdateInfo", &form).await;
    assert_eq!(set["message"], "Successfully set your personal info.");
    let me = ann.get("Me", &[]).await["value"].take();
    assert_eq!(
        (me["nickName"].as_str(), me["bio"].as_str()),
        (Some("Ann 你好"), Some("about me"))
    );
    assert_eq!(me["headImgUrl"], "https://example.com/a.png");
    // As the second generation of clients sends it: the picture stays, a blank bio is none.
    let form = [("nickName", "Ann"), ("bio", ""), ("headImgKey", "739")];
    ann.post("UpdateInfo", &form).await;
    let me = ann.get("Me", &[]).await["value"].take();
    assert!(me["bio"].is_null());
    assert_eq!(me["headImgUrl"], "https://example.com/a.png");
    let (long_name, long_bio) = ("x".repeat(21), "x".repeat(81));
    let form = [
        ("NickName", long_name.as_str()),
        ("Bio", long_bio.as_str()),
        ("HeadImgUrl", "a.png"),
    ];
    let faults = [
        "The field NickName must be a string or array type with a maximum length of '20'.",
        "The field Bio must be a string or array type with a maximum length of '80'.",
        "The HeadImgUrl field is not a valid fully-qualified http, https, or ftp URL.",
    ];
    ann.invalid("POST", "UpdateInfo", &form, &faults).await;
    ann.refused(
        "POST",
        "UpdateInfo",
        &[("NickName", "Ann"), ("HeadImgKey", "5")],
        -4,
        "Could not find your file!",
    )
    .await;
}

async fn a_new_password_ends_other_sign_ins_and_not_this_one(server: Server) {
    let ann = Person::register(&server, "ann").await;
    let other = sign_in(&server, &ann.email, PASSWORD).await;
    let change = |old: &'static str, new: &'static str, repeat: &'static str| {
        [
            ("OldPassword", old),
            ("NewPassword", new),
            ("RepeatPassword", repeat),
        ]
    };
    ann.refused(
        "POST",
        "ChangePassword",
        &change("secret9", "secret2", "secret2"),
        -1,
        "Incorrect password.",
    )
    .await;
    let short = [
        "The field NewPassword must be a string or array type with a minimum length of '6'.",
        "The field RepeatPassword must be a string or array type with a minimum length of '6'.",
    ];
    ann.invalid(
        "POST",
        "ChangePassword",
        &change(PASSWORD, "12345", "12345"),
        &short,
    )
    .await;
    let differ = ["The new password and confirmation password do not match."];
    ann.invalid(
        "POST",
        "ChangePassword",
        &change(PASSWORD, "secret2", "secret3"),
        &differ,
    )
    .await;
    let changed = ann
        .post("ChangePassword", &change(PASSWORD, "secret2", "secret2"))
        .await;
    assert_eq!(changed["message"], "Successfully changed your password!");
    ann.get("Me", &[]).await;
    let answer = server
        .get("/api/Me")
        .header("Authorization", &format!("Bearer {other}"))
        .send()
        .await;
    assert_eq!(answer.status, 401);
    sign_in(&server, &ann.email, "secret2").await;
}

async fn logging_off_ends_the_sign_in(server: Server) {
    let ann = Person::register(&server, "ann").await;
    let answer = ann.ask("GET", "LogOff", &[]).await;
    assert_eq!(succeeded(&answer)["message"], "Success.");
    assert!(
        answer
            .header("Set-Cookie")
            .expect("a cookie")
            .contains("Max-Age=0")
    );
    assert_eq!(ann.ask("GET", "Me", &[]).await.status, 401);
    // Anybody may.
    succeeded(&server.get("/api/LogOff").send().await);
}

async fn sign_ins_outlive_the_node(mut server: Server) {
    let value = {
        let ann = Person::register(&server, "ann").await;
        ann.value
    };
    server.kill();
    server.run().await;
    let answer = server
        .get("/api/Me")
        .header("Authorization", &format!("Bearer {value}"))
        .send()
        .await;
    succeeded(&answer);
}

async fn validation_comes_before_authentication(server: Server) {
    let answer = server.get("/api/MyFriends?orderByName=unknown").send().await;
    invalid(&answer, &["The value 'unknown' is not valid."]);
    let answer = server.post("/api/CompleteRequest/x").send().await;
    invalid(&answer, &["The value 'x' is not valid for Id."]);
}
