//! A large file in and out of a group through the node, with a bound on how much the node grows.

use crate::harness::{Server, Storage};
use crate::person::{Person, number, start};
use crate::room::group_of;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The file, in MiB, unless `ROOST_TEST_FILE_MIB` says how large it is, and how much the node may grow, in MiB.
const FILE_MIB: usize = 192;
const GROWTH_MIB_MAX: u64 = 64;
const MIB: usize = 1024 * 1024;

#[tokio::test]
async fn a_large_file_goes_in_and_out_in_little_memory_on_sqlite() {
    a_large_file_goes_in_and_out_in_little_memory(Storage::Sqlite).await;
}

#[tokio::test]
async fn a_large_file_goes_in_and_out_in_little_memory_on_postgres() {
    a_large_file_goes_in_and_out_in_little_memory(Storage::Postgres).await;
}

#[expect(
    clippy::print_stderr,
    reason = "the figures are what one runs this by hand for"
)]
async fn a_large_file_goes_in_and_out_in_little_memory(storage: Storage) {
    let server = start(storage, &[]).await;
    let ann = Person::enter(&server, "ann").await;
    let group = group_of(&ann, &[]).await;
    let wanted = std::env::var("ROOST_TEST_FILE_MIB")
        .ok()
        .and_then(|text| text.parse().ok());
    let size = wanted.unwrap_or(FILE_MIB);
    // Once with a short file, so that what is made once and kept is not counted.
    through(&server, &ann, group, 8).await;
    let pid = server.process_id();
    let before = resident_mib(pid);
    let watch = tokio::spawn(async move {
        let mut peak = 0;
        loop {
            peak = peak.max(resident_mib(pid));
            if peak == 0 {
                return peak;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
            if STOP.load(std::sync::atomic::Ordering::Relaxed) {
                return peak;
            }
        }
    });
    let (up, down) = through(&server, &ann, group, size).await;
    STOP.store(true, std::sync::atomic::Ordering::Relaxed);
    let peak = watch.await.expect("a peak");
    let growth = peak.saturating_sub(before);
    eprintln!("{storage:?}: {size} MiB up in {up:.1?}, down in {down:.1?}; from {before} MiB to {peak} MiB");
    assert!(
        growth < GROWTH_MIB_MAX,
        "{storage:?}: from {before} MiB to {peak} MiB"
    );
}

/// Each test is a process of its own.
static STOP: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);

/// A piece of a file that repeats nowhere within.
fn piece() -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    (0..MIB / 8).flat_map(|_| next()).collect()
}

/// Uploads so many pieces, downloads them, and compares. How long each took.
async fn through(server: &Server, ann: &Person<'_>, group: i64, count: usize) -> (Duration, Duration) {
    let piece = piece();
    let mut hash = Sha256::new();
    (0..count).for_each(|_| hash.update(&piece));
    let began = tokio::time::Instant::now();
    let file = upload(server, ann, group, &piece, count).await;
    let up = began.elapsed();
    let began = tokio::time::Instant::now();
    assert_eq!(
        download(server, ann, group, file).await,
        (hash.finalize().to_vec(), count * MIB)
    );
    let down = began.elapsed();
    let gone = json!({ "group_id": group, "file_id": file });
    ann.post("/group/internal/files/delete", gone).await;
    (up, down)
}

async fn upload(server: &Server, ann: &Person<'_>, group: i64, piece: &[u8], count: usize) -> i64 {
    let head = format!(
        "--B\r\nContent-Disposition: form-data; name=\"group_id\"\r\n\r\n{group}\r\n\
         --B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"large.bin\"\r\n\r\n"
    );
    let tail = "\r\n--B--\r\n";
    let length = head.len() + count * MIB + tail.len();
    let mut stream = TcpStream::connect(server.address).await.expect("a connection");
    let request = format!(
        "POST /group/internal/files/upload HTTP/1.1\r\nHost: x\r\nConnection: close\r\ntoken: {}\r\n\
         Content-Length: {length}\r\nContent-Type: multipart/form-data; boundary=B\r\n\r\n{head}",
        ann.token
    );
    stream
        .write_all(request.as_bytes())
        .await
        .expect("the head goes out");
    for _ in 0..count {
        stream.write_all(piece).await.expect("a piece goes out");
    }
    stream
        .write_all(tail.as_bytes())
        .await
        .expect("the tail goes out");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("an answer");
    let (_, body) = split(&answer).expect("a body");
    let told: Value = serde_json::from_slice(body).expect("json");
    assert_eq!(told["code"], 0, "{told}");
    number(&told["file_id"])
}

/// The hash of what comes, and its length.
async fn download(server: &Server, ann: &Person<'_>, group: i64, file: i64) -> (Vec<u8>, usize) {
    let mut stream = TcpStream::connect(server.address).await.expect("a connection");
    let request = format!(
        "GET /group/internal/files/download?group_id={group}&file_id={file} HTTP/1.1\r\nHost: x\r\n\
         Connection: close\r\ntoken: {}\r\n\r\n",
        ann.token
    );
    stream
        .write_all(request.as_bytes())
        .await
        .expect("the request goes out");
    let (mut hash, mut len) = (Sha256::new(), 0);
    let mut head = Vec::new();
    let mut buffer = vec![0; 256 * 1024];
    let mut in_body = false;
    loop {
        let count = stream.read(&mut buffer).await.expect("bytes");
        if count == 0 {
            return (hash.finalize().to_vec(), len);
        }
        let mut bytes = &buffer[..count];
        if !in_body {
            head.extend_from_slice(bytes);
            let Some((_, body)) = split(&head) else { continue };
            in_body = true;
            bytes = &buffer[count - body.len()..count];
        }
        hash.update(bytes);
        len += bytes.len();
    }
}

fn split(answer: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    Some((&answer[..at], &answer[at + 4..]))
}

/// What the node's process holds of memory; 0 when it is gone.
fn resident_mib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kib.unwrap_or(0) / 1024
}
