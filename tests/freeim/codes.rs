//! Codes by e-mail and SMS: logging in with them, registering on the way, and setting a new password.

use crate::harness::{Answer, Encoding, Server, Storage};
use crate::on_both_storages;
use crate::person::{PASSWORD, Person, enter, refusal, succeeded};

on_both_storages!(
    a_code_logs_an_unknown_address_in_and_asks_for_a_password,
    a_code_is_good_once_and_the_newest_counts,
    a_password_is_reset_by_a_code_and_older_tokens_are_void,
    an_address_that_is_only_the_name_of_another_account_does_not_lead_there,
    addresses_that_no_message_could_reach_are_refused,
);

const ROADS: [(&str, &str); 2] = [("email", "Ann@Example.org"), ("mobile", "15712345678")];

async fn code(server: &Server, road: &str, address: &str) -> String {
    let request = server.get(&format!("/api/v1/captcha/{road}"));
    let answer = request.params(Encoding::Query, &[(road, address)]).send().await;
    let json = succeeded(&answer);
    assert_eq!(
        (json["message"].as_str(), json["result"].is_null()),
        (Some("发送成功"), true)
    );
    let code = server.code_for(address).expect("a code in the outbox");
    assert!(
        code.len() == 5 && code.bytes().all(|b| b.is_ascii_digit()),
        "{code}"
    );
    code
}

async fn login(server: &Server, road: &str, address: &str, code: &str) -> Answer {
    let params = [(road, address), ("captcha", code), ("platform", "ios")];
    let request = server.post(&format!("/api/v1/login/{road}"));
    request.params(Encoding::Multipart, &params).send().await
}

async fn reset(server: &Server, road: &str, address: &str, code: &str, password: &str) -> Answer {
    let params = [(road, address), ("captcha", code), ("password", password)];
    let request = server.post(&format!("/api/v1/reset/password/{road}"));
    request.params(Encoding::Urlencoded, &params).send().await
}

fn person<'a>(server: &'a Server, answer: &Answer) -> Person<'a> {
    let json = succeeded(answer);
    Person {
        server,
        id: 0,
        token: json["result"]["token"].as_str().unwrap().to_owned(),
    }
}

async fn a_code_logs_an_unknown_address_in_and_asks_for_a_password(server: Server) {
    for (road, address) in ROADS {
        let answer = login(&server, road, address, &code(&server, road, address).await).await;
        let json = succeeded(&answer);
        assert_eq!(json["message"], "登陆成功");
        assert_eq!(json["result"]["needUpdatePassword"], true);
        let me = person(&server, &answer);
        let account = me.get("me/info", &[]).await["result"]["account"].take();
        for field in [road, "username", "nickname"] {
            assert_eq!(account[field], address, "{field}");
        }
        // The same address in other letters is the same account; with a password nothing more is asked.
        succeeded(
            &me.ask("PUT", "me/update/password", &[("password", PASSWORD)])
                .await,
        );
        let lower = address.to_lowercase();
        let again = login(&server, road, &lower, &code(&server, road, &lower).await).await;
        assert_eq!(succeeded(&again)["result"]["needUpdatePassword"], false);
        let found = person(&server, &again).get("me/info", &[]).await;
        assert_eq!(found["result"]["account"]["id"], account["id"]);
        let by_password = enter(&server, "login/basic", address, PASSWORD).await;
        succeeded(&by_password);
    }
}

async fn a_code_is_good_once_and_the_newest_counts(server: Server) {
    for (road, address) in ROADS {
        let expired = "验证码过期，请刷新后重试";
        assert_eq!(refusal(&login(&server, road, address, "12345").await), expired);
        let first = code(&server, road, address).await;
        let second = loop {
            let next = code(&server, road, address).await;
            if next != first {
                break next;
            }
        };
        assert_eq!(
            refusal(&login(&server, road, address, &first).await),
            "验证码错误"
        );
        succeeded(&login(&server, road, address, &second).await);
        assert_eq!(refusal(&login(&server, road, address, &second).await), expired);
    }
}

async fn a_password_is_reset_by_a_code_and_older_tokens_are_void(server: Server) {
    for (road, address) in ROADS {
        let unknown = code(&server, road, address).await;
        let refused = reset(&server, road, address, &unknown, "new").await;
        assert_eq!(refusal(&refused), "账号不存在");
        let entered = login(&server, road, address, &code(&server, road, address).await).await;
        let me = person(&server, &entered);
        let right = code(&server, road, address).await;
        let wrong = if right == "00000" { "11111" } else { "00000" };
        assert_eq!(
            refusal(&reset(&server, road, address, wrong, PASSWORD).await),
            "验证码错误"
        );
        let done = reset(&server, road, address, &right, PASSWORD).await;
        assert_eq!(succeeded(&done)["message"], "设置成功");
        assert_eq!(me.ask("GET", "me/info", &[]).await.status, 401);
        succeeded(&enter(&server, "login/basic", address, PASSWORD).await);
    }
}

async fn an_address_that_is_only_the_name_of_another_account_does_not_lead_there(server: Server) {
    for (road, address) in ROADS {
        Person::register(&server, address).await;
        let entered = login(&server, road, address, &code(&server, road, address).await).await;
        assert_eq!(refusal(&entered), "账号已存在");
        let right = code(&server, road, address).await;
        let refused = reset(&server, road, address, &right, "mine now").await;
        assert_eq!(refusal(&refused), "账号不存在");
    }
}

async fn addresses_that_no_message_could_reach_are_refused(server: Server) {
    for (road, bad) in [
        ("email", "nobody"),
        ("email", "a@b\r\nBcc: c@d"),
        ("mobile", "call me"),
    ] {
        let request = server.get(&format!("/api/v1/captcha/{road}"));
        let answer = request.params(Encoding::Query, &[(road, bad)]).send().await;
        assert_eq!(refusal(&answer), "参数不合法", "{bad}");
    }
}

#[tokio::test]
async fn one_address_is_sent_a_bounded_number_of_codes() {
    let settings = [
        ("ROOST__LIMITS__ENABLED", "true"),
        ("ROOST__LIMITS__CODES_PER_HOUR", "3"),
    ];
    let server = Server::start_with(Storage::Sqlite, &settings).await;
    for _ in 0..3 {
        code(&server, "email", "ann@example.org").await;
    }
    let request = server.get("/api/v1/captcha/email?email=ANN@example.org");
    assert_eq!(refusal(&request.send().await), "请求过于频繁，请稍后再试");
    code(&server, "email", "bob@example.org").await;
}
