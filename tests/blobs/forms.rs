//! Forms with files over real sockets: bounds, cut and slow bodies, disguised content, ranges.

use crate::harness::{Answer, Request};
use crate::{site, stores};
use bytes::Bytes;
use roost_actors::model::Timestamp;
use roost_actors::ports::BlobStore;
use roost_actors::testkit::suite::blobs::pattern;
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

const BOUNDARY: &str = "the-boundary-of-this-test";

struct Place {
    address: SocketAddr,
    store: Arc<dyn BlobStore>,
    _keep: Box<dyn std::any::Any>,
}

impl Place {
    async fn open() -> Place {
        let (store, keep) = stores::folder().await;
        let address = site::serve(Arc::clone(&store));
        Place {
            address,
            store,
            _keep: keep,
        }
    }

    fn request(&self, method: &str, path: &str) -> Request {
        Request::new(self.address, method, path)
    }

    async fn upload(&self, query: &str, body: Vec<u8>) -> Answer {
        let kind = format!("multipart/form-data; boundary={BOUNDARY}");
        let request = self.request("POST", &format!("/upload{query}")).body(&kind, body);
        request.send().await
    }

    async fn stored(&self) -> usize {
        self.store.list(None, 100).await.unwrap().len()
    }

    /// Asserts that nothing is there and nothing is left of what was.
    async fn is_empty(&self) {
        for _ in 0..50 {
            if self.stored().await == 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(self.stored().await, 0);
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(self.store.sweep(Timestamp(i64::MAX / 2)).await.unwrap(), 0);
    }
}

fn file(field: &str, disposition: &str, content: &[u8]) -> Vec<u8> {
    let head = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{field}\"; {disposition}\r\n\
         Content-Type: image/png\r\n\r\n"
    );
    [head.as_bytes(), content, b"\r\n"].concat()
}

fn text(field: &str, value: &str) -> Vec<u8> {
    format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n")
        .into_bytes()
}

fn form(parts: &[Vec<u8>]) -> Vec<u8> {
    let mut body = parts.concat();
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    body
}

fn json(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or_else(|_| panic!("{}: {:?}", answer.status, answer.body))
}

#[tokio::test]
async fn a_file_goes_in_with_its_fields_and_comes_out_in_ranges() {
    let place = Place::open().await;
    let content = pattern(3_000_000);
    let body = form(&[
        text("before", "1"),
        file("file", "filename=\"a b.bin\"", &content),
        text("after", "2"),
    ]);
    let answer = place.upload("?asked=3", body).await;
    assert_eq!(answer.status, 200);
    let told = json(&answer);
    assert_eq!(told["fields"], serde_json::json!(["asked", "before", "after"]));
    assert_eq!(told["files"][0]["len"], 3_000_000);
    assert_eq!(told["files"][0]["name"], "a b.bin");
    assert_eq!(told["files"][0]["mime"], "application/octet-stream");
    let path = format!("/files/{}", told["files"][0]["id"].as_str().unwrap());
    let whole = place.request("GET", &path).send().await;
    assert_eq!(
        (whole.status, whole.header("content-length")),
        (200, Some("3000000"))
    );
    assert!(whole.body == content);
    let tag = whole.header("etag").unwrap().to_owned();
    assert_eq!(
        tag,
        format!("\"{}\"", told["files"][0]["sha256"].as_str().unwrap())
    );
    for (range, status, from, to) in [
        ("bytes=0-9", 206, 0, 10),
        ("bytes=1000000-2000000", 206, 1_000_000, 2_000_001),
        ("bytes=-7", 206, 2_999_993, 3_000_000),
        ("bytes=2999999-", 206, 2_999_999, 3_000_000),
        ("bytes=0-1,5-6", 200, 0, 3_000_000),
    ] {
        let part = place.request("GET", &path).header("Range", range).send().await;
        assert_eq!(part.status, status, "{range}");
        assert!(part.body == content.slice(from..to), "{range}");
        if status == 206 {
            let told = format!("bytes {from}-{}/3000000", to - 1);
            assert_eq!(part.header("content-range"), Some(told.as_str()));
        }
    }
    let outside = place
        .request("GET", &path)
        .header("Range", "bytes=3000000-")
        .send()
        .await;
    assert_eq!(
        (outside.status, outside.header("content-range")),
        (416, Some("bytes */3000000"))
    );
    let known = place
        .request("GET", &path)
        .header("If-None-Match", &tag)
        .send()
        .await;
    assert_eq!((known.status, known.body.len()), (304, 0));
    let head = place.request("HEAD", &path).send().await;
    assert_eq!(
        (head.status, head.header("content-length")),
        (200, Some("3000000"))
    );
    assert!(head.body.is_empty());
}

#[tokio::test]
async fn an_unknown_or_odd_id_is_not_found_or_refused() {
    let place = Place::open().await;
    for (id, status) in [
        ("00000000-0000-4000-8000-000000000000", 404),
        ("x", 400),
        ("..%2f..%2fetc%2fpasswd", 400),
    ] {
        let answer = place.request("GET", &format!("/files/{id}")).send().await;
        assert_eq!(answer.status, status, "{id}");
    }
}

#[tokio::test]
async fn what_is_disguised_as_a_picture_is_never_served_as_one_nor_as_a_page() {
    let place = Place::open().await;
    let cases: [&[u8]; 5] = [
        b"<html><script>alert(1)</script></html>",
        b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>",
        b"<?xml version=\"1.0\"?><svg/>",
        b"alert(document.domain)",
        b"%PDF-1.4 /JavaScript",
    ];
    for content in cases {
        let told = json(
            &place
                .upload("", form(&[file("file", "filename=\"x.png\"", content)]))
                .await,
        );
        let stored = &told["files"][0];
        assert_eq!(stored["mime"], "application/octet-stream");
        let id = stored["id"].as_str().unwrap();
        // Whatever type the dialect kept, even the client's own.
        for kept in ["application/octet-stream", "text/html", "image/svg%2Bxml"] {
            let answer = place
                .request("GET", &format!("/files/{id}?name=x.png&mime={kept}"))
                .send()
                .await;
            assert_eq!(answer.header("content-type"), Some("application/octet-stream"));
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
            assert_eq!(
                answer.header("content-disposition"),
                Some("attachment; filename=\"x.png\"")
            );
            let policy = answer.header("content-security-policy").unwrap();
            assert!(
                policy.contains("sandbox") && policy.contains("default-src 'none'"),
                "{policy}"
            );
        }
    }
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    let told = json(
        &place
            .upload("", form(&[file("file", "filename=\"x.html\"", png)]))
            .await,
    );
    assert_eq!(told["files"][0]["mime"], "image/png");
}

#[tokio::test]
async fn names_of_files_are_cleaned_whatever_form_they_come_in() {
    let place = Place::open().await;
    for (disposition, name) in [
        ("filename=\"../../etc/passwd\"", "passwd"),
        ("filename=\"C:\\\\temp\\\\a.txt\"", "a.txt"),
        ("filename=\"\"", "file"),
        ("filename=\"名.png\"", "名.png"),
        ("filename=\"x.png\"; filename*=UTF-8''%E5%90%8D.png", "名.png"),
        (
            "filename=\"x.png\"; filename*=UTF-8''..%2f%E2%80%AEgnp.exe",
            "gnp.exe",
        ),
    ] {
        let told = json(&place.upload("", form(&[file("file", disposition, b"x")])).await);
        assert_eq!(told["files"][0]["name"], name, "{disposition}");
    }
}

#[tokio::test]
async fn forms_over_their_bounds_are_refused_and_leave_nothing() {
    let place = Place::open().await;
    let small = || file("file", "filename=\"a\"", b"x");
    let many: Vec<_> = (0..65).map(|n| text(&format!("f{n}"), "x")).collect();
    let large = file("file", "filename=\"a\"", &pattern(2_000_000));
    for (query, body, status) in [
        ("?max=1999999", form(std::slice::from_ref(&large)), 413),
        ("", form(&[text("max", "10"), large.clone()]), 413),
        ("", form(&[small(), small()]), 400),
        ("", form(&many), 400),
        ("", form(&[text("long", &"x".repeat(70_000))]), 413),
        ("", form(&[text("bad\0", "x")]), 400),
        ("?deny=1", form(&[small()]), 403),
        ("", form(&[text("deny", "1"), large]), 403),
    ] {
        let answer = place.upload(query, body).await;
        assert_eq!(answer.status, status, "{query}: {}", answer.text());
    }
    place.is_empty().await;
}

#[tokio::test]
async fn a_file_that_the_handler_drops_is_removed() {
    let place = Place::open().await;
    let body = form(&[
        file("file", "filename=\"a\"", &pattern(1_000_000)),
        text("lose", "1"),
    ]);
    assert_eq!(place.upload("", body).await.status, 200);
    place.is_empty().await;
}

#[tokio::test]
async fn odd_bodies_are_refused_and_leave_nothing() {
    let place = Place::open().await;
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    let file = file("file", "filename=\"a\"", b"content");
    for (kind, body) in [
        (kind.as_str(), Vec::new()),
        (kind.as_str(), b"no multipart at all".to_vec()),
        (kind.as_str(), file.clone()),
        (kind.as_str(), file[..60].to_vec()),
        ("multipart/form-data", form(std::slice::from_ref(&file))),
        (
            "multipart/form-data; boundary=other",
            form(std::slice::from_ref(&file)),
        ),
        ("application/json", b"{}".to_vec()),
        ("", Vec::new()),
    ] {
        let answer = place.request("POST", "/upload").body(kind, body).send().await;
        assert_eq!(answer.status, 400, "{kind}: {}", answer.text());
    }
    let zipped = place
        .request("POST", "/upload")
        .header("Content-Encoding", "gzip");
    assert_eq!(zipped.body(&kind, form(&[file])).send().await.status, 400);
    place.is_empty().await;
}

/// Sends the head of an upload of `announced` bytes, and so much of its body.
async fn begin(place: &Place, announced: usize, content: &Bytes) -> TcpStream {
    let mut stream = TcpStream::connect(place.address).await.unwrap();
    let part = file("file", "filename=\"a\"", content);
    let head = format!(
        "POST /upload HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary={BOUNDARY}\r\n\
         Content-Length: {announced}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&part[..part.len() - 2]).await.unwrap();
    stream
}

#[tokio::test]
async fn a_client_that_goes_away_leaves_nothing() {
    let place = Place::open().await;
    for _ in 0..2 {
        let stream = begin(&place, 10_000_000, &pattern(3_000_000)).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        drop(stream);
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    place.is_empty().await;
    // Its place is free again, long before a stall would have ended it.
    let body = form(&[file("file", "filename=\"a\"", b"x")]);
    assert_eq!(place.upload("", body).await.status, 200);
}

#[tokio::test]
async fn a_client_that_sends_nothing_more_is_refused_and_leaves_nothing() {
    let place = Place::open().await;
    let mut stream = begin(&place, 10_000_000, &pattern(3_000_000)).await;
    let began = Instant::now();
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer));
    read.await.expect("an answer in time").ok();
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(began.elapsed() >= site::STALL - Duration::from_millis(100));
    place.is_empty().await;
}

#[tokio::test]
async fn more_uploads_than_places_are_told_it_is_busy() {
    let place = Place::open().await;
    let mut waiting = Vec::new();
    for _ in 0..site::RUNNING_MAX {
        waiting.push(begin(&place, 10_000_000, &pattern(1_000)).await);
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let body = form(&[file("file", "filename=\"a\"", b"x")]);
    assert_eq!(place.upload("", body.clone()).await.status, 503);
    drop(waiting);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(place.upload("", body).await.status, 200);
}

#[tokio::test]
async fn without_a_store_a_file_is_refused_while_it_comes() {
    let (bucket, _folder) = stores::s3_server().await;
    let nowhere = roost::blobs::Bucket {
        endpoint: Some("http://127.0.0.1:9".to_owned()),
        ..bucket
    };
    let clock = Arc::new(roost::clock::SystemClock);
    let store = Arc::new(roost::blobs::S3Blobs::new(&nowhere, clock).unwrap());
    let address = site::serve(store);
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    let body = form(&[file("file", "filename=\"a\"", &pattern(100_000))]);
    let began = Instant::now();
    let answer = Request::new(address, "POST", "/upload")
        .body(&kind, body)
        .send()
        .await;
    assert_eq!(answer.status, 503, "{}", answer.text());
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    let path = "/files/00000000-0000-4000-8000-000000000000";
    assert_eq!(Request::new(address, "GET", path).send().await.status, 503);
}
