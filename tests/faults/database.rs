//! PostgreSQL restarted and gone: posts wait or are refused cleanly, nothing acknowledged is lost, and all goes on.

use crate::harness::postgres::{PrivateServer, Stop};
use crate::harness::{Answer, Encoding, Server, Storage};
use crate::load::{Fate, Load, writers};
use crate::person::Person;
use crate::{alone, ledger};
use std::time::Duration;
use tokio::time::Instant;

/// A post that reached no commit is refused within this time.
const REFUSED_WITHIN: Duration = Duration::from_secs(5);
/// `/readyz` answers within this time, whatever storage does.
const READYZ_WITHIN: Duration = Duration::from_millis(500);
/// How long readiness may lag behind the truth: a probe a second, and what it waits for an answer.
const NOTICED_WITHIN: Duration = Duration::from_secs(4);
/// How long a node may take to serve again once its database does.
const BACK_WITHIN: Duration = Duration::from_secs(20);

async fn node_on(database: &PrivateServer) -> Server {
    Server::start_with(Storage::Sqlite, &[("ROOST__STORAGE__URL", database.url())]).await
}

/// What `/readyz` says, in time.
async fn readyz(server: &Server) -> Answer {
    let began = Instant::now();
    let answer = server.get("/readyz").send().await;
    let took = began.elapsed();
    assert!(took <= READYZ_WITHIN, "/readyz took {took:?}");
    answer
}

async fn wait_for_readyz(server: &Server, status: u16, within: Duration) -> Answer {
    let began = Instant::now();
    loop {
        let answer = readyz(server).await;
        if answer.status == status {
            return answer;
        }
        assert!(
            began.elapsed() < within,
            "/readyz is {} after {within:?}: {}",
            answer.status,
            answer.text()
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_restart_of_postgresql_under_load_loses_nothing_acknowledged() {
    let _alone = alone().await;
    let database = PrivateServer::start();
    let mut server = node_on(&database).await;
    let writers = writers(&server).await;
    let load = Load::start(writers.clone());
    for how in [Stop::Fast, Stop::Immediate] {
        tokio::time::sleep(Duration::from_millis(400)).await;
        database.stop(how);
        tokio::time::sleep(Duration::from_millis(300)).await;
        database.start_again();
        wait_for_readyz(&server, 200, BACK_WITHIN).await;
    }
    tokio::time::sleep(Duration::from_millis(400)).await;
    let tries = load.finish().await;
    // The node lived all the time: every post has an answer in FreeIM's words.
    let unanswered: Vec<_> = tries.iter().filter(|tried| tried.fate == Fate::Unknown).collect();
    assert!(unanswered.is_empty(), "{unanswered:?}");
    let mut tries = tries;
    for writer in &writers {
        let last = writer.post(&format!("{} last", writer.name)).await;
        assert!(matches!(last.fate, Fate::Stored(_)), "{last:?}");
        tries.push(last);
    }
    assert!(server.is_alive());
    ledger::settle(&mut server, &writers, &tries).await;
}

#[tokio::test]
async fn without_postgresql_posts_are_refused_in_time_and_readyz_says_why() {
    let _alone = alone().await;
    let database = PrivateServer::start();
    let mut server = node_on(&database).await;
    let writers = writers(&server).await;
    let mut tries = Vec::new();
    for writer in &writers {
        tries.push(writer.post(&format!("{} 1", writer.name)).await);
    }
    database.stop(Stop::Immediate);
    for writer in &writers {
        let tried = writer.post(&format!("{} 2", writer.name)).await;
        assert!(matches!(tried.fate, Fate::Refused(_)), "{tried:?}");
        assert!(tried.took <= REFUSED_WITHIN, "{tried:?}");
        tries.push(tried);
    }
    let why = wait_for_readyz(&server, 503, NOTICED_WITHIN).await.json();
    assert!(
        why["error"]
            .as_str()
            .is_some_and(|why| why.starts_with("storage: ")),
        "{why}"
    );
    assert_eq!(server.get("/healthz").send().await.status, 200);
    database.start_again();
    wait_for_readyz(&server, 200, BACK_WITHIN).await;
    for writer in &writers {
        let tried = writer.post(&format!("{} 3", writer.name)).await;
        assert!(matches!(tried.fate, Fate::Stored(_)), "{tried:?}");
        tries.push(tried);
    }
    ledger::settle(&mut server, &writers, &tries).await;
}

#[tokio::test]
async fn without_postgresql_every_request_is_answered_in_the_dialect() {
    let _alone = alone().await;
    let database = PrivateServer::start();
    let server = node_on(&database).await;
    let (ann, bob) = Person::two_friends(&server).await;
    let group = ann.group_with("group", &[&bob]).await;
    database.stop(Stop::Immediate);
    let to = bob.text_id();
    let asked = [
        ("GET", "captcha/image", vec![("type", "login")]),
        (
            "POST",
            "login/basic",
            vec![
                ("account", "ann"),
                ("password", "x"),
                ("captchaKey", "x"),
                ("captcha", "x"),
            ],
        ),
        ("GET", "me/info", vec![]),
        ("PUT", "me/update/info", vec![("nickname", "Ann")]),
        ("GET", "friends", vec![]),
        ("GET", "friends/search", vec![("account", "bob")]),
        ("POST", "friends/add", vec![("toId", to.as_str())]),
        ("GET", "friends/info", vec![("toId", to.as_str())]),
        ("POST", "chatGroups", vec![("name", "new")]),
        ("GET", "chatGroups", vec![]),
        ("GET", "chatGroups/info", vec![("groupId", group.as_str())]),
        ("GET", "chat/messages", vec![("toId", to.as_str())]),
        ("POST", "chat/read", vec![("toId", to.as_str())]),
    ];
    for (method, path, params) in asked {
        let encoding = if method == "GET" {
            Encoding::Query
        } else {
            Encoding::Urlencoded
        };
        let began = Instant::now();
        let answer = ann.request(method, path).params(encoding, &params).send().await;
        let took = began.elapsed();
        // What needs no database may well succeed; what does not is refused, by FreeIM's own wrapper.
        assert!(
            matches!(answer.status, 200 | 401),
            "{method} {path}: {} {}",
            answer.status,
            answer.text()
        );
        assert!(
            answer.json()["message"].is_string(),
            "{method} {path}: {}",
            answer.text()
        );
        assert!(took <= 2 * REFUSED_WITHIN, "{method} {path} took {took:?}");
    }
    database.start_again();
    wait_for_readyz(&server, 200, BACK_WITHIN).await;
    ann.say("group", &group, "back again").await;
}
