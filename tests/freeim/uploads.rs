//! Uploading: with Qiniu's token where an account is configured, else here, by the same form.

use crate::harness::{Answer, Request, Server, Storage};
use crate::on_both_storages;
use crate::person::Person;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use serde_json::{Value, json};

on_both_storages!(
    a_file_is_uploaded_and_fetched_by_its_address,
    the_order_of_the_fields_does_not_matter,
    a_key_keeps_its_first_file_and_is_its_owners_own,
    nothing_that_was_uploaded_runs_in_a_browser,
    uploads_are_refused_as_qiniu_refuses_them,
);

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89";

struct Depot {
    url: String,
    domain: String,
    token: String,
}

async fn depot(person: &Person<'_>) -> Depot {
    let told = person.get("upload/qiniu/params", &[]).await["result"].take();
    let text = |key: &str| told[key].as_str().unwrap().to_owned();
    Depot {
        url: text("uploadUrl"),
        domain: text("accessDomain"),
        token: text("uploadToken"),
    }
}

/// The path of an absolute address.
fn path_of(url: &str) -> String {
    let rest = url.split_once("://").expect("an absolute address").1;
    format!("/{}", rest.split_once('/').expect("a path").1)
}

/// A form; a field with a file name is the file.
fn form(fields: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in fields {
        let file = if *name == "file" {
            "; filename=\"a b.png\""
        } else {
            ""
        };
        let head = format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n");
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(value);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--B--\r\n");
    body
}

async fn post(server: &Server, depot: &Depot, fields: &[(&str, &[u8])]) -> Answer {
    let request = Request::new(server.address, "POST", &path_of(&depot.url));
    request
        .body("multipart/form-data; boundary=B", form(fields))
        .send()
        .await
}

async fn put(server: &Server, depot: &Depot, key: &str, content: &[u8]) -> Answer {
    let token = depot.token.as_bytes();
    post(
        server,
        depot,
        &[("token", token), ("key", key.as_bytes()), ("file", content)],
    )
    .await
}

async fn fetch(server: &Server, depot: &Depot, key: &str) -> Answer {
    let path = format!("{}/{key}", path_of(&depot.domain));
    Request::new(server.address, "GET", &path).send().await
}

async fn a_file_is_uploaded_and_fetched_by_its_address(server: Server) {
    let ann = Person::register(&server, "ann").await;
    let depot = depot(&ann).await;
    let big: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
    for (key, content) in [
        ("pic/2022/a.png", PNG),
        ("图片 1%.bin", &big),
        ("empty", b"".as_slice()),
    ] {
        let answer = put(&server, &depot, key, content).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let told = answer.json();
        assert_eq!(told["key"], key);
        assert!(!told["hash"].as_str().unwrap().is_empty());
        let spelled: String = key
            .bytes()
            .map(|byte| match byte {
                b'a'..=b'z' | b'0'..=b'9' | b'/' | b'.' => char::from(byte).to_string(),
                byte => format!("%{byte:02X}"),
            })
            .collect();
        let fetched = fetch(&server, &depot, &spelled).await;
        assert_eq!((fetched.status, fetched.body == content), (200, true), "{key}");
    }
    let picture = fetch(&server, &depot, "pic/2022/a.png").await;
    assert_eq!(picture.header("Content-Type"), Some("image/png"));
    let part = Request::new(
        server.address,
        "GET",
        &format!("{}/pic/2022/a.png", path_of(&depot.domain)),
    );
    let part = part
        .header("Range", "bytes=1-3")
        .header("Accept-Encoding", "gzip");
    let part = part.send().await;
    assert_eq!((part.status, part.body.as_slice()), (206, &PNG[1..4]));
    // Without a key the hash is one.
    let token = depot.token.as_bytes();
    let told = post(&server, &depot, &[("token", token), ("file", PNG)])
        .await
        .json();
    assert_eq!(told["key"], told["hash"]);
    assert_eq!(
        fetch(&server, &depot, told["key"].as_str().unwrap()).await.body,
        PNG
    );
}

async fn the_order_of_the_fields_does_not_matter(server: Server) {
    let ann = Person::register(&server, "ann").await;
    let depot = depot(&ann).await;
    let token = depot.token.as_bytes();
    let fields: [(&str, &[u8]); 4] = [("file", PNG), ("token", token), ("x:a", b"1"), ("key", b"late")];
    let answer = post(&server, &depot, &fields).await;
    assert_eq!(
        (answer.status, answer.json()["key"].as_str()),
        (200, Some("late"))
    );
    assert_eq!(fetch(&server, &depot, "late").await.body, PNG);
    // What came before a bad token is not kept.
    let fields: [(&str, &[u8]); 3] = [("file", PNG), ("token", b"x:y:z"), ("key", b"never")];
    assert_eq!(post(&server, &depot, &fields).await.status, 401);
    assert_eq!(fetch(&server, &depot, "never").await.status, 404);
    // Nor is a large file taken before its token.
    let large = vec![7; (16 << 20) + 1];
    let fields: [(&str, &[u8]); 2] = [("file", &large), ("token", token)];
    assert_eq!(post(&server, &depot, &fields).await.status, 413);
}

async fn a_key_keeps_its_first_file_and_is_its_owners_own(server: Server) {
    let (ann, bob) = (
        Person::register(&server, "ann").await,
        Person::register(&server, "bob").await,
    );
    let (of_ann, of_bob) = (depot(&ann).await, depot(&bob).await);
    assert_eq!(put(&server, &of_ann, "k", b"one").await.status, 200);
    let again = put(&server, &of_ann, "k", b"one").await;
    assert_eq!((again.status, again.json()["key"].as_str()), (200, Some("k")));
    let other = put(&server, &of_ann, "k", b"two").await;
    assert_eq!(
        (other.status, other.json()),
        (614, json!({"error": "file exists"}))
    );
    assert_eq!(put(&server, &of_bob, "k", b"two").await.status, 200);
    assert_eq!(fetch(&server, &of_ann, "k").await.body, b"one");
    assert_eq!(fetch(&server, &of_bob, "k").await.body, b"two");
    // The address of one opens nothing of another.
    let (head, seal) = of_ann.domain.rsplit_once('-').unwrap();
    let head = head.replace(&ann.text_id(), &bob.text_id());
    let forged = Depot {
        domain: format!("{head}-{seal}"),
        ..of_bob
    };
    assert_eq!(fetch(&server, &forged, "k").await.status, 404);
    assert_eq!(fetch(&server, &of_ann, "unknown").await.status, 404);
}

async fn nothing_that_was_uploaded_runs_in_a_browser(server: Server) {
    let ann = Person::register(&server, "ann").await;
    let depot = depot(&ann).await;
    for (key, content) in [
        ("a.html", "<html><script>alert(1)</script>"),
        (
            "a.svg",
            "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        ),
        ("a.png", "<!doctype html><script>1</script>"),
        ("a.js", "alert(1)"),
    ] {
        assert_eq!(put(&server, &depot, key, content.as_bytes()).await.status, 200);
        let fetched = fetch(&server, &depot, key).await;
        let header = |name: &str| fetched.header(name).unwrap_or_default();
        assert_eq!(header("Content-Type"), "application/octet-stream", "{key}");
        assert!(header("Content-Disposition").starts_with("attachment"), "{key}");
        assert_eq!(header("X-Content-Type-Options"), "nosniff");
        assert!(header("Content-Security-Policy").contains("sandbox"));
    }
}

async fn uploads_are_refused_as_qiniu_refuses_them(server: Server) {
    let ann = Person::register(&server, "ann").await;
    let depot = depot(&ann).await;
    let token = depot.token.as_bytes();
    let refused = async |fields: &[(&str, &[u8])]| {
        let answer = post(&server, &depot, fields).await;
        let why = answer.json()["error"].as_str().unwrap_or_default().to_owned();
        assert!(!why.is_empty(), "{}", answer.text());
        answer.status
    };
    assert_eq!(refused(&[("file", PNG)]).await, 401);
    assert_eq!(refused(&[("token", b""), ("file", PNG)]).await, 401);
    assert_eq!(refused(&[("token", b"\xff"), ("file", PNG)]).await, 400);
    assert_eq!(refused(&[("token", token)]).await, 400);
    assert_eq!(
        refused(&[("token", token), ("file", PNG), ("file", PNG)]).await,
        400
    );
    let long = "k".repeat(751);
    for key in [long.as_bytes(), b"a\0b", b"a\nb"] {
        let status = refused(&[("token", token), ("key", key), ("file", PNG)]).await;
        assert_eq!(status, 400, "{key:?}");
    }
    // A token with the account of somebody else in it.
    let mut parts: Vec<String> = depot.token.split(':').map(str::to_owned).collect();
    parts[2] = URL_SAFE.encode(r#"{"scope":"10000007","deadline":99999999999}"#);
    let forged = parts.join(":");
    assert_eq!(refused(&[("token", forged.as_bytes()), ("file", PNG)]).await, 401);
    let bare = Request::new(server.address, "POST", &path_of(&depot.url));
    assert_eq!(bare.body("text/plain", "x").send().await.status, 400);
    let lost = Request::new(server.address, "GET", "/api/v1/upload/files/1-x/a");
    assert_eq!(lost.send().await.status, 404);
    let lost = Request::new(server.address, "GET", "/api/v1/upload/files/nobody/%ff%zz");
    assert_eq!(lost.send().await.status, 404);
    let unproven = Request::new(server.address, "GET", "/api/v1/upload/qiniu/params");
    assert_eq!(unproven.send().await.status, 401);
}

#[tokio::test]
async fn sizes_and_totals_are_bounded_and_tokens_end() {
    let more = [
        ("ROOST__FREEIM__UPLOAD_BYTES", "1000"),
        ("ROOST__FREEIM__UPLOAD_TOTAL_BYTES", "1500"),
        ("ROOST__LIMITS__ENABLED", "true"),
        ("ROOST__LIMITS__UPLOADS_PER_MINUTE", "6"),
    ];
    let server = Server::start_with(Storage::Sqlite, &more).await;
    let ann = Person::register(&server, "ann").await;
    let depot = depot(&ann).await;
    assert_eq!(put(&server, &depot, "a", &[1; 1_001]).await.status, 413);
    assert_eq!(put(&server, &depot, "a", &[1; 1_000]).await.status, 200);
    assert_eq!(put(&server, &depot, "b", &[1; 501]).await.status, 403);
    assert_eq!(fetch(&server, &depot, "b").await.status, 404);
    assert_eq!(put(&server, &depot, "b", &[1; 500]).await.status, 200);
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(put(&server, &depot, "b", &[1; 500]).await.status);
    }
    assert!(statuses.contains(&429), "{statuses:?}");
}

#[tokio::test]
async fn with_an_account_at_qiniu_clients_upload_there() {
    let more = [
        ("ROOST__FREEIM__QINIU_ACCESS_KEY", "my-ak"),
        ("ROOST__FREEIM__QINIU_SECRET_KEY", "my-sk"),
        ("ROOST__FREEIM__QINIU_BUCKET", "imfile"),
        ("ROOST__FREEIM__QINIU_DOMAIN", "http://files.example.org/"),
    ];
    let server = Server::start_with(Storage::Sqlite, &more).await;
    let ann = Person::register(&server, "ann").await;
    for told in [
        ann.get("upload/qiniu/params", &[]).await["result"].take(),
        ann.get("configs", &[]).await["result"]["qiniu"].take(),
    ] {
        assert_eq!(told["accessDomain"], "http://files.example.org");
        assert_eq!(told.as_object().unwrap().len(), 2, "as documented: {told}");
        let token = told["uploadToken"].as_str().unwrap();
        let parts: Vec<&str> = token.split(':').collect();
        assert_eq!((parts.len(), parts[0]), (3, "my-ak"));
        let policy: Value = serde_json::from_slice(&URL_SAFE.decode(parts[2]).unwrap()).unwrap();
        assert_eq!(policy["scope"], "imfile");
        assert_eq!(URL_SAFE.decode(parts[1]).unwrap().len(), 20, "an HMAC-SHA1");
    }
}
