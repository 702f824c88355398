//! Logging in, by WeChat and for development, and what a token is worth.

use crate::harness::{Encoding, Server, Storage};
use crate::person::{Person, refused, succeeded, text};
use crate::wechat::Wechat;
use crate::with_logins;
use jsonwebtoken::{EncodingKey, Header};
use serde_json::{Value, json};

with_logins!(
    a_code_logs_in_one_person,
    a_token_is_taken_wherever_it_is_shown,
    a_token_that_does_not_count_is_told_why,
    unknown_paths_and_methods_are_told,
    a_login_name_of_another_dialect_is_nobodys_openid,
    many_logins_of_one_person_at_once_make_one_account,
);

async fn login(server: &Server, code: &str) -> Value {
    succeeded(
        &server
            .post("/auth/login")
            .json(&json!({ "code": code }))
            .send()
            .await,
    )
}

async fn a_code_logs_in_one_person(server: Server) {
    let first = login(&server, "ann").await;
    assert_eq!(first["first_login"], true);
    assert_eq!(first["openid"], "dev_ann");
    let again = login(&server, "ann").await;
    assert_eq!(
        (&again["first_login"], &again["openid"]),
        (&json!(false), &first["openid"])
    );
    assert_eq!(login(&server, "bob").await["openid"], "dev_bob");
    // Under the heading where the document has it, and in every encoding.
    for encoding in Encoding::ALL {
        for path in ["/auth/login", "/user/auth/login"] {
            let answer = server
                .post(path)
                .params(encoding, &[("code", "ann")])
                .send()
                .await;
            assert_eq!(succeeded(&answer)["openid"], "dev_ann");
        }
    }
    for body in [
        json!({}),
        json!({ "code": "" }),
        json!({ "code": null }),
        json!({ "code": [] }),
    ] {
        refused(&server.post("/auth/login").json(&body).send().await, 101, "login");
    }
    let long = json!({ "code": "x".repeat(500) });
    refused(&server.post("/auth/login").json(&long).send().await, 101, "login");
}

async fn a_token_is_taken_wherever_it_is_shown(server: Server) {
    let token = text(&login(&server, "ann").await["token"]);
    let status = |answer: crate::harness::Answer| succeeded(&answer)["status"].clone();
    for path in ["/auth/checkLogin", "/user/auth/checkLogin"] {
        assert_eq!(
            status(server.post(path).header("token", &token).send().await),
            true
        );
        for encoding in Encoding::ALL {
            let answer = server
                .post(path)
                .params(encoding, &[("token", &token)])
                .send()
                .await;
            assert_eq!(status(answer), true);
        }
    }
}

/// A token of these claims, signed by the node's own key or another.
pub async fn forged(server: &Server, claims: Value, own: bool) -> String {
    let key = if own {
        own_key(server).await
    } else {
        "x".to_owned()
    };
    jsonwebtoken::encode(
        &Header::default(),
        &claims,
        &EncodingKey::from_secret(key.as_bytes()),
    )
    .expect("a token")
}

/// The key is kept in the database, which the test may read.
async fn own_key(server: &Server) -> String {
    let sql = "SELECT value FROM secrets WHERE name = 'teamup.tokens'";
    server.stored_text(sql).await
}

async fn a_token_that_does_not_count_is_told_why(server: Server) {
    login(&server, "ann").await;
    let expired = forged(&server, json!({ "sub": "10000000", "iat": 1, "exp": 2 }), true).await;
    let foreign = forged(
        &server,
        json!({ "sub": "10000000", "iat": 1, "exp": 9_999_999_999_i64 }),
        false,
    )
    .await;
    let nobody = forged(
        &server,
        json!({ "sub": "19999999", "iat": 1, "exp": 9_999_999_999_i64 }),
        true,
    )
    .await;
    for (token, code) in [
        (expired.as_str(), 111),
        (&foreign, 112),
        (&nobody, 112),
        ("x.y.z", 112),
        ("", 113),
    ] {
        let answer = server
            .post("/user/info/text/getInfo")
            .header("token", token)
            .send()
            .await;
        refused(&answer, code, token);
        let answer = server
            .post("/auth/checkLogin")
            .header("token", token)
            .send()
            .await;
        let json = answer.json();
        assert_eq!(json["status"], false);
        assert_eq!(json["code"], if code == 111 { 0 } else { code });
        // A picture's client sees the status only.
        let answer = server
            .get(&format!("/user/info/avatar/get?token={token}"))
            .send()
            .await;
        assert_eq!((answer.status, answer.json()["code"].as_i64()), (401, Some(code)));
    }
}

async fn unknown_paths_and_methods_are_told(server: Server) {
    let ann = Person::enter(&server, "ann").await;
    for path in [
        "/auth",
        "/auth/nothing",
        "/user",
        "/user/info",
        "/group/x",
        "/chat/x/y",
        "/user/info/text/getInfo/",
    ] {
        let answer = ann.request("POST", path).send().await;
        assert_eq!(
            (answer.status, answer.json()["code"].as_i64()),
            (404, Some(101)),
            "{path}"
        );
    }
    for (method, path) in [
        ("GET", "/auth/login"),
        ("GET", "/user/info/text/getInfo"),
        ("DELETE", "/user/info/tag/get"),
        ("POST", "/user/info/avatar/get"),
    ] {
        let answer = ann.request(method, path).send().await;
        assert_eq!(
            (answer.status, answer.json()["code"].as_i64()),
            (405, Some(101)),
            "{path}"
        );
    }
}

async fn a_login_name_of_another_dialect_is_nobodys_openid(server: Server) {
    let form = [
        ("Email", "dev_eve@example.com"),
        ("Password", "secret1"),
        ("ConfirmPassword", "secret1"),
    ];
    let answer = server
        .post("/api/RegisterKahla")
        .params(Encoding::Urlencoded, &form)
        .send()
        .await;
    assert_eq!(answer.json()["code"], 0);
    // Whoever registered the text is not the person whom WeChat would call so.
    let answer = server
        .post("/auth/login")
        .json(&json!({ "code": "eve@example.com" }))
        .send()
        .await;
    refused(&answer, 101, "login");
    let ann = Person::enter(&server, "ann").await;
    ann.refused(
        "/user/info/text/getInfo",
        json!({ "user_id": "dev_eve@example.com" }),
        202,
    )
    .await;
}

async fn many_logins_of_one_person_at_once_make_one_account(server: Server) {
    let logins = (0..16).map(|_| login(&server, "ann"));
    let told = futures_util::future::join_all(logins).await;
    let first = told.iter().filter(|told| told["first_login"] == true).count();
    assert_eq!(first, 1);
}

fn settings(wechat: &Wechat) -> Vec<(String, String)> {
    [
        ("WECHAT_APPID", "wx123".to_owned()),
        ("WECHAT_SECRET", "hush".to_owned()),
        ("WECHAT_URL", format!("http://{}/", wechat.address)),
        ("WECHAT_SECONDS", "1".to_owned()),
    ]
    .into_iter()
    .map(|(key, value)| (format!("ROOST__TEAMUP__{key}"), value))
    .collect()
}

#[tokio::test]
async fn wechat_says_who_a_code_is() {
    let wechat = Wechat::start(|path| {
        let code = path.split("js_code=").nth(1)?.split('&').next()?;
        match code {
            "good" => Some(("200 OK", r#"{"openid":"oAbC-1_x","session_key":"k"}"#.to_owned())),
            "zero" => Some((
                "200 OK",
                r#"{"openid":"oAbC-1_x","errcode":0,"errmsg":"ok"}"#.to_owned(),
            )),
            "bad" => Some((
                "200 OK",
                r#"{"errcode":40029,"errmsg":"invalid code"}"#.to_owned(),
            )),
            "busy" => Some(("200 OK", r#"{"errcode":-1,"errmsg":"system error"}"#.to_owned())),
            "often" => Some((
                "200 OK",
                r#"{"errcode":45011,"errmsg":"api minute-quota"}"#.to_owned(),
            )),
            "html" => Some(("200 OK", "<html>".to_owned())),
            "nobody" => Some(("200 OK", "{}".to_owned())),
            "long" => Some(("200 OK", "x".repeat(1 << 20))),
            "down" => Some(("502 Bad Gateway", String::new())),
            "moved" => Some(("302 Found\r\nLocation: http://127.0.0.1:1/", String::new())),
            _ => None,
        }
    })
    .await;
    let settings = settings(&wechat);
    let settings: Vec<(&str, &str)> = settings
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect();
    let server = Server::start_with(Storage::Sqlite, &settings).await;
    let told = login(&server, "good").await;
    assert_eq!(
        (text(&told["openid"]), &told["first_login"]),
        ("oAbC-1_x".to_owned(), &json!(true))
    );
    assert_eq!(login(&server, "zero").await["first_login"], false);
    let asked = wechat.asked();
    assert_eq!(
        asked[0],
        "/sns/jscode2session?appid=wx123&secret=hush&js_code=good&grant_type=authorization_code"
    );
    let answer = server
        .post("/auth/login")
        .json(&json!({ "code": "bad" }))
        .send()
        .await;
    refused(&answer, 101, "bad");
    assert!(text(&answer.json()["errorMsg"]).contains("invalid code"));
    for code in [
        "busy", "often", "html", "nobody", "long", "down", "moved", "never",
    ] {
        let answer = server
            .post("/auth/login")
            .json(&json!({ "code": code }))
            .send()
            .await;
        assert_eq!(
            (answer.status, answer.json()["code"].as_i64()),
            (503, Some(100)),
            "{code}"
        );
    }
    assert!(!server.log().contains("hush"), "the secret is in the log");
}

#[tokio::test]
async fn without_wechat_and_development_logins_nobody_gets_in() {
    let server = Server::start(Storage::Sqlite).await;
    let answer = server
        .post("/auth/login")
        .json(&json!({ "code": "ann" }))
        .send()
        .await;
    assert_eq!((answer.status, answer.json()["code"].as_i64()), (503, Some(100)));
}

#[tokio::test]
async fn both_ways_to_log_in_at_once_are_refused() {
    let server = Server::prepare(Storage::Sqlite, &[]).await;
    let settings = [
        ("ROOST__TEAMUP__DEV_LOGIN", "true"),
        ("ROOST__TEAMUP__WECHAT_APPID", "x"),
        ("ROOST__TEAMUP__WECHAT_SECRET", "x"),
    ];
    let (code, log) = server.run_in_vain(&settings).await;
    assert!(
        code == Some(2) && log.contains("teamup.dev_login"),
        "{code:?} {log}"
    );
}

#[tokio::test]
async fn answers_have_the_codes_and_statuses_that_the_settings_say() {
    let more = [
        ("ROOST__TEAMUP__SUCCESS_CODE", "200"),
        ("ROOST__TEAMUP__HTTP_ERRORS", "true"),
        ("ROOST__TEAMUP__OPENID_SHOWN", "false"),
    ];
    let server = crate::person::start(Storage::Sqlite, &more).await;
    let answer = server
        .post("/auth/login")
        .json(&json!({ "code": "ann" }))
        .send()
        .await;
    let told = answer.json();
    assert_eq!(
        (answer.status, &told["code"], &told["openid"]),
        (200, &json!(200), &json!("10000000"))
    );
    let answer = server.post("/auth/login").json(&json!({})).send().await;
    assert_eq!((answer.status, answer.json()["code"].as_i64()), (400, Some(101)));
    let answer = server.post("/user/info/text/getInfo").send().await;
    assert_eq!((answer.status, answer.json()["code"].as_i64()), (401, Some(113)));
    // Both ids are taken, whichever is shown.
    for id in ["10000000", "dev_ann"] {
        let body = json!({ "token": told["token"], "user_id": id });
        let info = server
            .post("/user/info/text/getInfo")
            .json(&body)
            .send()
            .await
            .json();
        assert_eq!((&info["code"], &info["id"]), (&json!(200), &json!("10000000")));
    }
}
