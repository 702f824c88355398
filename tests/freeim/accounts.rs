//! Captcha, registering, logging in, tokens, and one's own account.

use crate::harness::{Encoding, Server};
use crate::on_both_storages;
use crate::person::{PASSWORD, Person, captcha, enter, refusal, succeeded};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

on_both_storages!(
    a_captcha_is_a_picture_that_is_good_once_and_for_its_purpose,
    the_first_account_has_the_documented_number_and_an_empty_profile,
    registering_is_refused_in_the_documented_order,
    logging_in_is_refused_in_the_documented_order,
    credentials_are_taken_in_every_encoding,
    an_answer_carries_a_fresh_token_and_without_one_the_answer_is_401,
    a_new_password_voids_every_older_token_at_once,
    a_profile_changes_where_values_are_given_and_nowhere_else,
    a_token_outlives_the_node_that_made_it,
);

async fn a_captcha_is_a_picture_that_is_good_once_and_for_its_purpose(server: Server) {
    let answer = server.get("/api/v1/captcha/image?type=login").send().await;
    let json = succeeded(&answer);
    assert_eq!(json["message"], "");
    let picture = STANDARD
        .decode(json["result"]["captcha"].as_str().unwrap())
        .unwrap();
    assert_eq!(&picture[..4], b"\x89PNG");
    assert_eq!(&picture[16..24], [0, 0, 0, 82, 0, 0, 0, 32]);
    let key = json["result"]["key"].as_str().unwrap();
    let code = server.code_for(key).unwrap();
    assert!(
        code.len() == 4 && code.bytes().all(|b| b.is_ascii_digit()),
        "{code}"
    );

    let with = |key: &str, code: &str| {
        let params = [
            ("account", "nobody"),
            ("password", PASSWORD),
            ("captchaKey", key),
            ("captcha", code),
            ("platform", "h5"),
        ];
        server
            .post("/api/v1/login/basic")
            .params(Encoding::Multipart, &params)
            .send()
    };
    let wrong = if code == "0000" { "1111" } else { "0000" };
    assert_eq!(refusal(&with(key, wrong).await), "验证码错误");
    // A wrong try leaves it usable, a right one uses it up.
    assert_eq!(refusal(&with(key, &code).await), "账号不存在");
    assert_eq!(refusal(&with(key, &code).await), "验证码过期，请刷新后重试");
    assert_eq!(refusal(&with("", "").await), "验证码过期，请刷新后重试");
    let (other, code) = captcha(&server, "register").await;
    assert_eq!(refusal(&with(&other, &code).await), "验证码过期，请刷新后重试");
    let missing = server.get("/api/v1/captcha/image").send().await;
    assert_eq!(refusal(&missing), "参数不合法");
}

async fn the_first_account_has_the_documented_number_and_an_empty_profile(server: Server) {
    let ann = Person::register(&server, "ann_01").await;
    let me = ann.get("me/info", &[]).await;
    let expected = serde_json::json!({
        "id": 10_000_000, "username": "ann_01", "email": "", "mobile": "", "nickname": "ann_01", "avatar": "",
        "gender": "", "birth": "", "age": 0, "intro": "", "longitude": 0, "latitude": 0, "country": "",
        "province": "", "city": "", "district": "", "onlineStatus": "offline"
    });
    assert_eq!(me["result"]["account"], expected);
    let bob = Person::register(&server, "bob_02").await;
    assert_eq!(bob.id, 10_000_001);
}

async fn registering_is_refused_in_the_documented_order(server: Server) {
    Person::register(&server, "taken").await;
    let register =
        |name: &'static str, password: &'static str| enter(&server, "register/basic", name, password);
    assert_eq!(refusal(&register("taken", PASSWORD).await), "账号已存在");
    assert_eq!(refusal(&register("TAKEN", PASSWORD).await), "账号已存在");
    assert_eq!(
        refusal(&register("熊猫panda", PASSWORD).await),
        "用户名不能包含中文"
    );
    assert_eq!(refusal(&register("short", "12345").await), "参数不合法");
    assert_eq!(refusal(&register("", PASSWORD).await), "参数不合法");
    let json = register("registered", PASSWORD).await.json();
    assert_eq!(json["message"], "注册成功");
    assert_eq!(json["result"]["needUpdatePassword"], false);
}

async fn logging_in_is_refused_in_the_documented_order(server: Server) {
    let ann = Person::register(&server, "ann").await;
    let login = |name: &'static str, password: &'static str| enter(&server, "login/basic", name, password);
    let json = login("ann", PASSWORD).await.json();
    assert_eq!(
        (json["code"].as_i64(), json["message"].as_str()),
        (Some(0), Some("登陆成功"))
    );
    assert_eq!(refusal(&login("nobody", PASSWORD).await), "账号不存在");
    assert_eq!(refusal(&login("ann", "wrong password").await), "账号或密码错误");
    let json = login("ANN", PASSWORD).await.json();
    let again = Person {
        token: json["result"]["token"].as_str().unwrap().to_owned(),
        ..ann
    };
    assert_eq!(again.get("me/info", &[]).await["result"]["account"]["id"], ann.id);
}

async fn credentials_are_taken_in_every_encoding(server: Server) {
    for (number, encoding) in Encoding::ALL.into_iter().enumerate() {
        let (key, code) = captcha(&server, "register").await;
        let name = format!("user-{number}");
        let params = [
            ("account", name.as_str()),
            ("password", PASSWORD),
            ("captchaKey", &key),
            ("captcha", &code),
            ("platform", "web"),
        ];
        let request = server.post("/api/v1/register/basic").params(encoding, &params);
        let json = request.send().await.json();
        assert_eq!(json["message"], "注册成功", "{encoding:?}");
    }
}

async fn an_answer_carries_a_fresh_token_and_without_one_the_answer_is_401(server: Server) {
    let ann = Person::register(&server, "ann").await;
    let answer = ann.ask("GET", "me/info", &[]).await;
    let fresh = answer.header("Authorization").expect("a fresh token").to_owned();
    let exposed = answer.header("Access-Control-Expose-Headers").unwrap();
    assert!(exposed.contains("Authorization"), "{exposed}");
    // A refusal carries one, too.
    let refused = ann.ask("DELETE", "friends", &[("toId", "1")]).await;
    assert!(refused.header("Authorization").is_some());

    let info = |path: &str, header: Option<String>| {
        let request = server.get(path);
        match header {
            Some(header) => request.header("Authorization", &header).send(),
            None => request.send(),
        }
    };
    let path = "/api/v1/me/info";
    for good in [fresh.clone(), format!("Bearer {fresh}")] {
        succeeded(&info(path, Some(good)).await);
    }
    succeeded(&info(&format!("{path}?t={fresh}"), None).await);
    let broken = format!("{}x", &fresh[..fresh.len() - 4]);
    let unsigned =
        "eyJhbGciOiJub25lIn0.eyJpZCI6MTAwMDAwMDAsImV4cCI6OTk5OTk5OTk5OSwiaWF0IjoxLCJpc3MiOiJTWktKIn0.";
    for bad in ["", "rubbish", broken.as_str(), unsigned, "a.b.c"] {
        let answer = info(path, Some(bad.to_owned())).await;
        assert_eq!(answer.status, 401, "{bad}");
        assert_eq!(answer.text(), r#"{"code":1,"result":null,"message":"登录超时"}"#);
        assert!(answer.header("Authorization").is_none());
    }
}

async fn a_new_password_voids_every_older_token_at_once(server: Server) {
    let mut ann = Person::register(&server, "ann").await;
    let answer = ann
        .ask("PUT", "me/update/password", &[("password", "another one")])
        .await;
    assert_eq!(succeeded(&answer)["message"], "设置成功");
    let old = ann.ask("GET", "me/info", &[]).await;
    assert_eq!(old.status, 401);
    // The answer to the change itself carries a token that counts.
    ann.token = answer.header("Authorization").unwrap().to_owned();
    ann.get("me/info", &[]).await;
    let json = enter(&server, "login/basic", "ann", "another one").await.json();
    ann.token = json["result"]["token"].as_str().unwrap().to_owned();
    ann.get("me/info", &[]).await;
    let refused = enter(&server, "login/basic", "ann", PASSWORD).await;
    assert_eq!(refusal(&refused), "账号或密码错误");
    ann.refused("PUT", "me/update/password", &[], "参数不合法").await;
}

async fn a_profile_changes_where_values_are_given_and_nowhere_else(server: Server) {
    let ann = Person::register(&server, "ann").await;
    let edit = [
        ("nickname", "Änn 安"),
        ("gender", "女"),
        ("intro", "'; DROP TABLE accounts; --"),
        ("longitude", "113.9"),
        ("latitude", "22.5"),
        ("city", "深圳"),
    ];
    succeeded(&ann.ask("PUT", "me/update/info", &edit).await);
    let more = [("nickname", ""), ("longitude", "0"), ("country", "中国")];
    succeeded(&ann.ask("PUT", "me/update/info", &more).await);
    let me = ann.get("me/info", &[]).await["result"]["account"].take();
    for (field, value) in edit
        .iter()
        .chain(&more[2..])
        .filter(|(field, _)| !field.ends_with("tude"))
    {
        assert_eq!(me[*field], *value, "{field}");
    }
    assert_eq!(
        (me["longitude"].as_f64(), me["latitude"].as_f64()),
        (Some(113.9), Some(22.5))
    );
    ann.refused("PUT", "me/update/info", &[("latitude", "91")], "参数不合法")
        .await;
    let long = "x".repeat(5_000);
    ann.refused("PUT", "me/update/info", &[("intro", &long)], "参数不合法")
        .await;
    let words = "strconv.ParseFloat: parsing \"far\": invalid syntax";
    ann.refused("PUT", "me/update/info", &[("longitude", "far")], words)
        .await;
}

async fn a_token_outlives_the_node_that_made_it(mut server: Server) {
    let token = Person::register(&server, "ann").await.token;
    server.kill();
    server.run().await;
    let ann = Person {
        server: &server,
        id: 0,
        token,
    };
    assert_eq!(
        ann.get("me/info", &[]).await["result"]["account"]["username"],
        "ann"
    );
}
