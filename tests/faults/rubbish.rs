//! What no client should send: bodies and heads of requests, each with a name.

/// What a body is, its content type, its bytes.
pub type Body = (&'static str, &'static str, Vec<u8>);

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
const SQL: &str = "'; DROP TABLE messages; --";

/// Every field that some route of FreeIM reads.
#[rustfmt::skip]
const FIELDS: [&str; 31] = [
    "toId", "groupId", "accountId", "id", "ope", "type", "body", "account", "password", "captcha", "captchaKey", "email",
    "mobile", "name", "nickname", "status", "reason", "remark", "label", "minute", "isManager", "toIdList", "limit", "page",
    "sort", "messageType", "longitude", "latitude", "isPrivate", "blacklist", "isFriend",
];

/// An object in which every field has this value.
fn all(value: &str) -> Vec<u8> {
    let pairs = FIELDS.map(|field| format!("\"{field}\":{value}"));
    format!("{{{}}}", pairs.join(",")).into_bytes()
}

pub fn bodies() -> Vec<Body> {
    [json_bodies(), other_bodies()].concat()
}

#[rustfmt::skip]
fn json_bodies() -> Vec<Body> {
    vec![
        ("an empty body", JSON, Vec::new()),
        ("half an object", JSON, b"{\"toId\":".to_vec()),
        ("no json", JSON, b"toId=1".to_vec()),
        ("wrong types", JSON, all("{\"a\":[1,{}]}")),
        ("nulls", JSON, all("null")),
        ("flags", JSON, all("true")),
        ("fractions", JSON, all("1.5e300")),
        ("numbers beyond any", JSON, all("123456789012345678901234567890")),
        ("unknown ids", JSON, all("9007199254740991")),
        ("negative ids", JSON, all("-9223372036854775808")),
        ("sql", JSON, all(&format!("\"{SQL}\""))),
        ("long texts", JSON, all(&format!("\"{}\"", "界".repeat(1_000)))),
        ("control characters", JSON, all("\"\\u0000\\u202e\\ud83e\\udd80\"")),
        ("half a surrogate", JSON, all("\"\\ud800\"")),
        ("bad utf-8", JSON, b"{\"toId\":\"\xff\xfe\xc3\x28\"}".to_vec()),
        ("deep nesting", JSON, [b"{\"body\":".as_slice(), &b"[".repeat(20_000)].concat()),
    ]
}

#[rustfmt::skip]
fn other_bodies() -> Vec<Body> {
    vec![
        ("sql in a form", FORM, FIELDS.map(|field| format!("{field}={SQL}")).join("&").into_bytes()),
        ("bad utf-8 in a form", FORM, b"toId=\xff\xfe&body=%ff%fe%c3%28".to_vec()),
        ("many fields", FORM, "toId=1&".repeat(20_000).into_bytes()),
        ("a bad boundary", "multipart/form-data; boundary=\"\"", b"--\r\n\r\n".to_vec()),
        ("an open multipart", "multipart/form-data; boundary=b", b"--b\r\nContent-Disposition: form-data; na".to_vec()),
        ("an unheard-of type", "\\;;;=/", b"\x00\x01".to_vec()),
    ]
}

/// Heads of requests to one route, each with its name. Every one asks for the connection to be closed, or gives the node
/// every reason to.
#[rustfmt::skip]
pub fn heads(method: &str, path: &str, token: &str) -> Vec<(&'static str, String)> {
    let start = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n");
    let known = format!("{start}Authorization: {token}\r\n");
    let with_query = |query: &str| format!("{method} {path}?{query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let flood: String = (0..500).map(|n| format!("X-{n}: {n}\r\n")).collect();
    vec![
        ("a flood of headers", format!("{start}{flood}\r\n")),
        ("a long header", format!("{start}X-Long: {}\r\n\r\n", "x".repeat(300_000))),
        ("a long query", with_query(&"a=1&".repeat(60_000))),
        ("a bad escape", with_query("toId=%zz&%=%&t=%ff")),
        ("a long token", format!("{start}Authorization: {}\r\n\r\n", "a.".repeat(4_000))),
        ("a token that is no text", format!("{start}Authorization: \u{80}\u{ff}\r\n\r\n")),
        ("a length that is none", format!("{known}Content-Length: -1\r\n\r\n")),
        ("two lengths", format!("{start}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab")),
        ("bad chunks", format!("{known}Transfer-Encoding: chunked\r\n\r\nzz\r\n")),
        ("a huge chunk", format!("{known}Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n")),
        ("an unheard-of coding", format!("{start}Transfer-Encoding: gzip, br\r\n\r\n")),
        ("an unheard-of version", format!("{method} {path} HTTP/9.9\r\nHost: x\r\n\r\n")),
        ("no http", format!("{path}\r\n\r\n")),
        ("a key that is no text", format!("{known}Idempotency-Key: \u{ff}\r\nContent-Length: 0\r\n\r\n")),
    ]
}
