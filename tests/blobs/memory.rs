//! Large files through every store over HTTP, with a bound on how much the process grows. One test: it measures.

#[path = "../harness/mod.rs"]
mod harness;
mod site;
#[allow(dead_code, reason = "the other binary opens more of them")]
mod stores;

use bytes::Bytes;
use roost_actors::ports::BlobStore;
use roost_actors::testkit::suite::blobs::pattern;
use sha2::{Digest, Sha256};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How much goes through each store, in MiB, and how much the process may grow meanwhile.
const FILE_MIB: usize = 256;
const GROWTH_MIB_MAX: u64 = 64;
const MIB: usize = 1024 * 1024;
const BOUNDARY: &str = "the-boundary-of-this-test";

#[tokio::test]
async fn a_large_file_goes_in_and_out_of_every_store_in_little_memory() {
    let piece = pattern(MIB);
    // Once with a short file, so that what is made once and kept is not counted.
    for (name, store) in [
        ("folder", stores::folder().await),
        ("postgres", stores::postgres().await),
        ("s3", stores::s3().await),
    ] {
        let (store, _keep) = store;
        let address = site::serve(Arc::clone(&store));
        through(address, &piece, 12).await;
        let before = resident_mib();
        let peak = watch();
        through(address, &piece, FILE_MIB).await;
        let peak = peak.stop();
        let growth = peak.saturating_sub(before);
        assert!(
            growth < GROWTH_MIB_MAX,
            "{name}: from {before} MiB to {peak} MiB with a file of {FILE_MIB} MiB"
        );
        sweeps_clean(store.as_ref()).await;
    }
}

/// Uploads a file of so many pieces, and downloads it at once whole and checks it.
async fn through(address: SocketAddr, piece: &Bytes, count: usize) {
    let told = upload(address, piece, count).await;
    let mut hash = Sha256::new();
    (0..count).for_each(|_| hash.update(piece));
    let sha256: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(told["files"][0]["sha256"], sha256);
    assert_eq!(told["files"][0]["len"], count * MIB);
    let id = told["files"][0]["id"].as_str().unwrap();
    assert_eq!(download(address, id).await, (sha256, count * MIB));
}

async fn upload(address: SocketAddr, piece: &Bytes, count: usize) -> serde_json::Value {
    let head = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"large.bin\"\r\n\r\n"
    );
    let tail = format!("\r\n--{BOUNDARY}--\r\n");
    let length = head.len() + count * MIB + tail.len();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "POST /upload HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n\
         Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n\r\n{head}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    for _ in 0..count {
        stream.write_all(piece).await.unwrap();
    }
    stream.write_all(tail.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let body = split(&answer).expect("an answer").1;
    serde_json::from_slice(body).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&answer)))
}

async fn download(address: SocketAddr, id: &str) -> (String, usize) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET /files/{id} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let (mut hash, mut len) = (Sha256::new(), 0);
    let mut buffer = vec![0; 256 * 1024];
    let mut head = Vec::new();
    loop {
        let count = stream.read(&mut buffer).await.unwrap();
        if count == 0 {
            break;
        }
        let mut bytes = &buffer[..count];
        if len == 0 && split(&head).is_none() {
            head.extend_from_slice(bytes);
            match split(&head) {
                Some((_, body)) => bytes = &buffer[count - body.len()..count],
                None => continue,
            }
        }
        hash.update(bytes);
        len += bytes.len();
    }
    let sha256 = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    (sha256, len)
}

fn split(answer: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    Some((&answer[..at], &answer[at + 4..]))
}

async fn sweeps_clean(store: &dyn BlobStore) {
    let after_all = roost_actors::model::Timestamp(i64::MAX / 2);
    assert_eq!(store.sweep(after_all).await.unwrap(), 0);
    for listed in store.list(None, 10).await.unwrap() {
        store.delete(&listed.id).await.unwrap();
    }
    assert!(store.list(None, 10).await.unwrap().is_empty());
}

/// Looks at the memory of the process all the time, on a thread of its own.
struct Watch {
    stop: std::sync::mpsc::Sender<()>,
    thread: std::thread::JoinHandle<u64>,
}

fn watch() -> Watch {
    let (stop, stopped) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        let mut peak = 0;
        while stopped.recv_timeout(Duration::from_millis(10))
            == Err(std::sync::mpsc::RecvTimeoutError::Timeout)
        {
            peak = peak.max(resident_mib());
        }
        peak
    });
    Watch { stop, thread }
}

impl Watch {
    fn stop(self) -> u64 {
        drop(self.stop);
        self.thread.join().unwrap()
    }
}

fn resident_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kib / 1024
}
