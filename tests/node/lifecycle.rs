//! Starting, stopping and starting again.

use crate::crowd::{self, acknowledged};
use crate::harness::{Server, Storage};
use crate::on_both_storages;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::Instant;

on_both_storages!(a_second_start_keeps_keys_tokens_and_messages);

async fn a_second_start_keeps_keys_tokens_and_messages(mut server: Server) {
    let token_file = server.data_dir().join("admin.token");
    let admin = std::fs::read_to_string(&token_file).expect("a token was made");
    assert_eq!(admin.len(), 64);
    for (path, mode) in [(&token_file, 0o600), (&server.data_dir(), 0o700)] {
        let found = std::fs::metadata(path).expect("it is there").permissions().mode();
        assert_eq!(found & 0o777, mode, "{}", path.display());
    }
    let wanted = serde_json::json!({"accounts": [{"username": "ann"}], "tokens_for": "freeim"});
    let bearer = format!("Bearer {admin}");
    let request = server
        .post("/admin/api/v1/accounts")
        .header("Authorization", &bearer);
    let made = request.json(&wanted).send().await.json();
    let ann = crowd::Member {
        id: made["accounts"][0]["id"].as_i64().expect("an id"),
        token: made["accounts"][0]["token"].as_str().expect("a token").to_owned(),
    };
    let group = crowd::group(&server, std::slice::from_ref(&ann)).await;
    let sent = acknowledged(&ann.saying(&server, group, "before").send().await);
    assert_eq!(server.stop().await, Some(0), "{}", server.log());
    server.run().await;
    assert_eq!(std::fs::read_to_string(&token_file).ok(), Some(admin));
    assert_eq!(
        ann.history(&server, group).await,
        sent.into_iter().collect::<Vec<_>>()
    );
    // A power cut is no different.
    server.kill();
    server.run().await;
    assert_eq!(ann.history(&server, group).await.len(), 1);
    assert!(acknowledged(&ann.saying(&server, group, "after").send().await) > sent);
}

#[tokio::test]
async fn a_node_that_stops_under_load_answers_or_refuses_everything_and_says_goodbye() {
    let mut server = Server::start_with(Storage::Sqlite, &crowd::SETTINGS).await;
    let members = crowd::make(&server, &["ann", "bob", "cid", "dan"]).await;
    let group = crowd::group(&server, &members).await;
    let mut socket = members[0].open(&server).await;
    let stopped = AtomicBool::new(false);
    let (mut kept, took) = {
        let address = server.address;
        let posting = |member: crowd::Member| {
            let (stopped, request) = (&stopped, member.saying(&server, group, "hello"));
            async move {
                let mut kept = Vec::new();
                while !stopped.load(Ordering::Relaxed) {
                    match request.clone().try_send().await {
                        Ok(answer) => kept.extend(acknowledged(&answer)),
                        // Refused by a node that has gone.
                        Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
                    }
                }
                kept
            }
        };
        let posts = futures_util::future::join_all(members.iter().cloned().map(posting));
        let pid = server.process_id();
        let stopping = async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            let started = Instant::now();
            crate::lifecycle::terminate(pid);
            while tokio::net::TcpStream::connect(address).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
            stopped.store(true, Ordering::Relaxed);
            started.elapsed()
        };
        let closing = async {
            assert_eq!(socket.close_code().await, Some(1012));
        };
        let (kept, took, ()) = tokio::join!(posts, stopping, closing);
        (kept.concat(), took)
    };
    assert_eq!(server.wait().await, Some(0), "{}", server.log());
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert!(!kept.is_empty());
    server.run().await;
    kept.sort_unstable();
    let history = members[1].history(&server, group).await;
    for id in kept {
        assert_eq!(
            history.iter().filter(|other| **other == id).count(),
            1,
            "message {id}"
        );
    }
}

/// Sends SIGTERM.
fn terminate(pid: u32) {
    let killed = std::process::Command::new("kill")
        .args(["-TERM", &pid.to_string()])
        .status();
    assert!(killed.expect("kill(1)").success());
}

#[tokio::test]
async fn what_a_second_node_must_not_share_stops_it() {
    let server = Server::start(Storage::Sqlite).await;
    let (code, log) = server
        .run_in_vain(&[("ROOST__HTTP__LISTEN", "127.0.0.1:0")])
        .await;
    assert_eq!(code, Some(4), "{log}");
    assert!(log.contains("another node has this database open"), "{log}");
    let elsewhere = tempfile::tempdir().expect("a folder");
    let elsewhere = elsewhere.path().display().to_string();
    let (code, log) = server.run_in_vain(&[("ROOST__DATA_DIR", &elsewhere)]).await;
    assert_eq!(code, Some(3), "{log}");
    assert!(log.contains("http.listen") && log.contains("in use"), "{log}");
    assert_eq!(server.get("/readyz").send().await.status, 200);
}

#[tokio::test]
async fn a_fault_in_the_configuration_is_named() {
    let server = Server::start(Storage::Sqlite).await;
    for (key, value, named) in [
        ("ROOST__HTTP__LISTENN", "127.0.0.1:0", "http.listenn"),
        ("ROOST__HTTP__LISTEN", "nowhere", "http.listen"),
        ("ROOST__STORAGE__URL", "mysql://x", "storage.url"),
        ("ROOST__LIMITS__FRAME_BYTES", "many", "limits.frame_bytes"),
        ("ROOST__DATA_DIR", "/proc/none", "data_dir"),
    ] {
        let (code, log) = server.run_in_vain(&[(key, value)]).await;
        assert_eq!(code, Some(2), "{key}: {log}");
        assert!(log.contains(named), "{key}: {log}");
    }
}

#[tokio::test]
async fn a_node_whose_database_is_away_keeps_trying_and_can_be_stopped() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = closed.local_addr().expect("its address").port();
    drop(closed);
    let url = format!("postgres://nobody:secret@127.0.0.1:{port}/none");
    let settings = [("ROOST__STORAGE__URL", url.as_str())];
    let mut server = Server::start_waiting(&settings, "trying again").await;
    assert_eq!(server.stop().await, Some(0), "{}", server.log());
    assert!(!server.log().contains("secret"), "{}", server.log());
}
