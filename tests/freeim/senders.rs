//! Codes that leave the node: by SMTP to a server, by HTTP to a gateway; and what is said when those fail.

use crate::harness::{Answer, Encoding, Server, Storage};
use crate::person::{refusal, succeeded};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

const NOT_SENT: &str = "验证码发送失败，请稍后再试";

type Log = Arc<Mutex<String>>;

/// How a stub of a server behaves.
#[derive(Clone, Copy, PartialEq)]
enum Mood {
    Takes,
    Refuses,
    Silent,
}

fn said(log: &Log) -> String {
    log.lock().unwrap().clone()
}

/// A mail server that keeps what it is told.
async fn mail_server(mood: Mood) -> (SocketAddr, Log) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, log) = (listener.local_addr().unwrap(), Log::default());
    let kept = log.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(take_mail(stream, mood, kept.clone()));
        }
    });
    (address, log)
}

async fn take_mail(stream: TcpStream, mood: Mood, log: Log) -> Option<()> {
    if mood == Mood::Silent {
        tokio::time::sleep(std::time::Duration::from_secs(60)).await;
    }
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 stub\r\n").await.ok()?;
    let mut line = String::new();
    loop {
        line.clear();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        log.lock().unwrap().push_str(&line);
        let verb: String = line.chars().take(4).collect();
        let answer = match verb.to_uppercase().as_str() {
            "EHLO" => "250-stub\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN\r\n",
            "AUTH" => "235 welcome\r\n",
            "RCPT" if mood == Mood::Refuses => "550 nobody here\r\n",
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await.ok()?;
                loop {
                    line.clear();
                    stream.read_line(&mut line).await.ok()?;
                    if line == ".\r\n" {
                        break;
                    }
                    log.lock().unwrap().push_str(&line);
                }
                "250 taken\r\n"
            }
            "QUIT" => "221 bye\r\n",
            _ => "250 fine\r\n",
        };
        stream.write_all(answer.as_bytes()).await.ok()?;
    }
}

/// A gateway that keeps the requests it gets and answers each the same.
async fn gateway(status: &'static str, body: &'static str) -> (SocketAddr, Log) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, log) = (listener.local_addr().unwrap(), Log::default());
    let kept = log.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut bytes = vec![0; 16 * 1024];
            let mut len = 0;
            loop {
                let more = stream.read(&mut bytes[len..]).await.unwrap_or(0);
                len += more;
                let text = String::from_utf8_lossy(&bytes[..len]).into_owned();
                let whole = text.split_once("\r\n\r\n").is_some_and(|(head, rest)| {
                    let head = head.to_ascii_lowercase();
                    let length = head
                        .lines()
                        .find_map(|line| line.strip_prefix("content-length: "));
                    rest.len() >= length.map_or(0, |length| length.trim().parse().unwrap())
                });
                if whole || more == 0 {
                    kept.lock().unwrap().push_str(&text);
                    break;
                }
            }
            let answer = format!(
                "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
            drop(stream.write_all(answer.as_bytes()).await);
        }
    });
    (address, log)
}

async fn node(more: &[(&str, &str)]) -> Server {
    let settings = [&[("ROOST__NOTIFY__OUTBOX", "")], more].concat();
    Server::start_with(Storage::Sqlite, &settings).await
}

async fn node_with_mail(at: SocketAddr, more: &[(&str, &str)]) -> Server {
    let port = at.port().to_string();
    let settings = [
        &[
            ("ROOST__NOTIFY__SMTP_HOST", "127.0.0.1"),
            ("ROOST__NOTIFY__SMTP_PORT", port.as_str()),
            ("ROOST__NOTIFY__MAIL_FROM", "Roost <codes@example.org>"),
            ("ROOST__NOTIFY__SECONDS", "2"),
        ],
        more,
    ]
    .concat();
    node(&settings).await
}

async fn ask(server: &Server, road: &str, to: &str) -> Answer {
    let request = server.get(&format!("/api/v1/captcha/{road}"));
    request.params(Encoding::Query, &[(road, to)]).send().await
}

async fn log_in(server: &Server, road: &str, to: &str, code: &str) -> Answer {
    let params = [(road, to), ("captcha", code), ("platform", "web")];
    let request = server.post(&format!("/api/v1/login/{road}"));
    request.params(Encoding::Json, &params).send().await
}

/// The first five digits in a row.
fn code_in(text: &str) -> String {
    let mut digits = text.split(|c: char| !c.is_ascii_digit());
    digits.rfind(|run| run.len() == 5).expect("a code").to_owned()
}

#[tokio::test]
async fn a_code_by_mail_logs_in() {
    let (at, log) = mail_server(Mood::Takes).await;
    let more = [
        ("ROOST__NOTIFY__SMTP_SECURITY", "none"),
        ("ROOST__NOTIFY__SMTP_USERNAME", "me"),
        ("ROOST__NOTIFY__SMTP_PASSWORD", "pw"),
        ("ROOST__NOTIFY__MAIL_SUBJECT", "Code"),
        ("ROOST__NOTIFY__MAIL_TEXT", "Your code: {code}."),
    ];
    let server = node_with_mail(at, &more).await;
    let answer = ask(&server, "email", "ann@example.org").await;
    assert_eq!(succeeded(&answer)["message"], "发送成功");
    let letter = said(&log);
    for words in [
        "AUTH PLAIN",
        "MAIL FROM:<codes@example.org>",
        "RCPT TO:<ann@example.org>",
        "Subject: Code",
        "Your code: ",
    ] {
        assert!(letter.contains(words), "{words}: {letter}");
    }
    let code = code_in(letter.split("Your code: ").nth(1).unwrap());
    succeeded(&log_in(&server, "email", "ann@example.org", &code).await);
}

#[tokio::test]
async fn a_mail_server_that_fails_is_said_to_have_failed() {
    for (mood, security) in [
        (Mood::Refuses, "none"),
        (Mood::Silent, "none"),
        // It does not go over to TLS: nothing is sent in the clear.
        (Mood::Takes, "starttls"),
    ] {
        let (at, log) = mail_server(mood).await;
        let server = node_with_mail(at, &[("ROOST__NOTIFY__SMTP_SECURITY", security)]).await;
        let answer = ask(&server, "email", "ann@example.org").await;
        assert_eq!(refusal(&answer), NOT_SENT);
        assert!(!said(&log).contains("DATA"), "{}", said(&log));
    }
    let server = node(&[]).await;
    for road in [("email", "ann@example.org"), ("mobile", "15712345678")] {
        assert_eq!(refusal(&ask(&server, road.0, road.1).await), NOT_SENT);
    }
}

#[tokio::test]
async fn a_code_by_sms_logs_in_over_a_gateway_asked_by_its_address() {
    let (at, log) = gateway("200 OK", "0").await;
    let url = format!("http://{at}/sms?u=me&p=secret&m={{mobile}}&c={{text}}");
    let server = node(&[
        ("ROOST__NOTIFY__SMS_URL", url.as_str()),
        ("ROOST__NOTIFY__SMS_TEXT", "code {code} & more"),
        ("ROOST__NOTIFY__SMS_SUCCESS", "0"),
    ])
    .await;
    succeeded(&ask(&server, "mobile", "+8615712345678").await);
    let request = said(&log);
    let expected = "GET /sms?u=me&p=secret&m=%2B8615712345678&c=code%20";
    assert!(request.starts_with(expected), "{request}");
    assert!(request.contains("%20%26%20more"), "{request}");
    let code = request.split("code%20").nth(1).unwrap()[..5].to_owned();
    succeeded(&log_in(&server, "mobile", "+8615712345678", &code).await);
}

#[tokio::test]
async fn a_gateway_can_be_posted_to() {
    let (at, log) = gateway("202 Accepted", "{\"ok\":true}").await;
    let url = format!("http://{at}/send");
    let server = node(&[
        ("ROOST__NOTIFY__SMS_URL", url.as_str()),
        (
            "ROOST__NOTIFY__SMS_BODY",
            r#"{"to":"{mobile}","params":["{code}"]}"#,
        ),
        ("ROOST__NOTIFY__SMS_AUTHORIZATION", "Bearer key"),
    ])
    .await;
    succeeded(&ask(&server, "mobile", "15712345678").await);
    let request = said(&log);
    assert!(request.starts_with("POST /send"), "{request}");
    let lower = request.to_ascii_lowercase();
    assert!(lower.contains("authorization: bearer key"), "{request}");
    assert!(lower.contains("content-type: application/json"), "{request}");
    let body: serde_json::Value = serde_json::from_str(request.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    assert_eq!(body["to"], "15712345678");
    let code = body["params"][0].as_str().unwrap();
    succeeded(&log_in(&server, "mobile", "15712345678", code).await);
}

#[tokio::test]
async fn a_gateway_that_fails_is_said_to_have_failed() {
    for (status, body) in [("200 OK", "30"), ("500 Oops", "0"), ("302 Found", "0")] {
        let (at, _) = gateway(status, body).await;
        let url = format!("http://{at}/?m={{mobile}}&c={{code}}&p=hunter2");
        let server = node(&[
            ("ROOST__NOTIFY__SMS_URL", url.as_str()),
            ("ROOST__NOTIFY__SMS_SUCCESS", "0"),
        ])
        .await;
        let answer = ask(&server, "mobile", "15712345678").await;
        assert_eq!(refusal(&answer), NOT_SENT, "{status} {body}");
        assert!(!server.log().contains("hunter2"), "{}", server.log());
    }
    // Nobody listens there.
    let server = node(&[(
        "ROOST__NOTIFY__SMS_URL",
        "http://127.0.0.1:1/?m={mobile}&c={code}",
    )])
    .await;
    assert_eq!(refusal(&ask(&server, "mobile", "15712345678").await), NOT_SENT);
}
