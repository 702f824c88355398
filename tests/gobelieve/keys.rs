//! Sync keys: one row for a message whatever the size of its group, and no message behind a key that was shown.

use crate::app::{App, Person};
use crate::client::longs;
use crate::harness::Storage;
use serde_json::json;
use std::time::{Duration, Instant};
use tokio_postgres::{Client as Database, NoTls};

on_both_storages!(a_large_group_costs_a_post_no_more_than_a_small_one);

/// Members of a group as large as the original says it carries, and of a super group.
const SIZES: [(bool, i64); 3] = [(false, 3), (false, 3_000), (true, 100_000)];
const POSTS: usize = 40;

/// How long posts to a group took in the middle, each acknowledged before the next.
async fn median(app: &App, sender: &Person, group: i64) -> Duration {
    let mut client = app.synced(sender).await;
    let mut times = Vec::new();
    for number in 0..POSTS {
        #[expect(clippy::disallowed_methods, reason = "what is measured is real time")]
        let began = Instant::now();
        let seq = client.say(8, sender, group, &format!("m{number}")).await;
        let metadata = client.next().await;
        assert_eq!(metadata.command, 37);
        assert_eq!(client.next().await.int(0), seq);
        times.push(began.elapsed());
    }
    times.sort_unstable();
    times[POSTS / 2]
}

async fn a_large_group_costs_a_post_no_more_than_a_small_one(app: App) {
    let ann = app.grant(101, "ann").await;
    let mut medians = Vec::new();
    for (is_super, size) in SIZES {
        let members: Vec<i64> = (101..101 + size).collect();
        let body = json!({ "master": 101, "name": "g", "super": is_super, "members": members });
        let made = app.post("/groups", &body).await;
        let group = made.json()["data"]["group_id"].as_i64().unwrap();
        let before = rows(&app).await;
        medians.push(median(&app, &ann, group).await);
        let written = rows(&app).await - before;
        assert_eq!(written, POSTS as i64, "one row a message in a group of {size}");
    }
    #[expect(clippy::print_stderr, reason = "figures belong into the output of the tests")]
    {
        eprintln!("median of a post in groups of {SIZES:?}: {medians:?}");
    }
    for (median, (_, size)) in medians.iter().zip(SIZES) {
        // Generous: tests share the machine. A copy for each member would take seconds.
        assert!(
            *median < medians[0] * 5 + Duration::from_millis(50),
            "{size}: {medians:?}"
        );
    }
    // Whoever was away is told all the same.
    let last = app.grant(3_100, "").await;
    let (stored, _) = app.log_in(&last).await.sync(0).await;
    assert_eq!(stored.len(), 1 + POSTS);
}

/// Rows of all tables that a post may write to.
async fn rows(app: &App) -> i64 {
    const SQL: &str = "SELECT (SELECT COUNT(*) FROM messages) + (SELECT COUNT(*) FROM members)
        + (SELECT COUNT(*) FROM passes)";
    match app.server.database_url() {
        Some(url) => database(url)
            .await
            .query_one(SQL, &[])
            .await
            .expect("a count")
            .get(0),
        None => {
            let file = app.server.data_dir().join("roost.db");
            let open =
                rusqlite::Connection::open_with_flags(file, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY);
            open.and_then(|conn| conn.query_row(SQL, [], |row| row.get(0)))
                .expect("a count")
        }
    }
}

async fn database(url: &str) -> Database {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("a connection");
    tokio::spawn(connection);
    client
}

/// Another node holds a transaction open while this one commits: its message has the lower key and becomes visible later.
/// Nobody may be told the higher key before.
#[tokio::test]
async fn a_message_committed_late_by_another_node_does_not_slip_behind_a_key() {
    let app = App::start(Storage::Postgres).await;
    let (ann, bob, eve) = app.three().await;
    let group = app.group(&eve, false, &[&eve, &bob]).await;
    let mut bobs = app.log_in(&bob).await;
    let (_, begin) = bobs.sync(0).await;
    let other = database(app.server.database_url().expect("PostgreSQL")).await;
    let enter = "BEGIN; SELECT ledger_enter(); SELECT pg_current_xact_id()";
    other.batch_execute(enter).await.expect("a transaction");
    // Stored, as the answer says, but nobody can say yet which key comes right before its own.
    app.post_text("/post_peer_message?sender=101&receiver=102", "soon")
        .await;
    bobs.expect_nothing().await;
    assert_eq!(bobs.sync(begin).await, (vec![], begin));
    other
        .batch_execute(&late_message(group))
        .await
        .expect("a late message");
    other.batch_execute("COMMIT").await.expect("a commit");
    // The late one was not pushed, as by a node whose links are down: it is announced, and before the other.
    let frames = bobs
        .expect(&["SYNC_NOTIFY", "METADATA", "IM 101>102 #0 soon +10", "SYNC_NOTIFY"])
        .await;
    let (late, soon) = (frames[0].long(0), frames[1].long(0));
    assert!(begin < late && late < soon, "{begin} {late} {soon}");
    assert_eq!(frames[1].long(1), late);
    let (stored, end) = bobs.sync(begin).await;
    let expected = [
        format!("GROUP_IM 103>{group} {{\"text\":\"late\"}}"),
        "IM 101>102 #0 soon".to_owned(),
    ];
    assert_eq!((stored, end), (expected.to_vec(), soon));
    bobs.send(34, &longs(&[end])).await;
    assert_eq!(bobs.sync(end).await, (vec![], end));
    drop(ann);
}

/// What a node writes for a message of Eve's, with the key of its transaction.
fn late_message(group: i64) -> String {
    format!(
        "WITH room AS (
            UPDATE rooms SET last_seq = last_seq + 1 WHERE id = {group} RETURNING last_seq
        )
        INSERT INTO messages (id, room, seq, sender, kind, body, private, created_at, counted, count_low, count_high,
            commit_key)
        SELECT nextval('message_ids'), {group}, last_seq, 103, 'text', 'late', FALSE, 0, TRUE, 0, 0,
            (pg_current_xact_id()::text::bigint + base) * 8192
        FROM room, ledger"
    )
}

/// Restored into a cluster whose transaction ids are lower, keys go on above those that were given out.
#[tokio::test]
async fn keys_go_on_rising_after_a_restore() {
    let mut app = App::start(Storage::Postgres).await;
    let (ann, bob, _) = app.three().await;
    let mut anns = app.synced(&ann).await;
    anns.say(4, &ann, 102, "before").await;
    anns.expect(&["METADATA", "ACK 3"]).await;
    app.server.kill();
    // As after a restore: keys far beyond what this cluster's transactions would give.
    let database = database(app.server.database_url().expect("PostgreSQL")).await;
    let raised = "UPDATE messages SET commit_key = commit_key + 1000000 * 8192::bigint";
    database.batch_execute(raised).await.expect("raised");
    app.server.run().await;
    let mut bobs = app.log_in(&bob).await;
    let (stored, key) = bobs.sync(0).await;
    assert_eq!(stored, ["IM 101>102 #7 before"]);
    let mut anns = app.synced(&ann).await;
    anns.say(4, &ann, 102, "after").await;
    let acked = anns.expect(&["METADATA", "ACK 3"]).await;
    assert_eq!(acked[0].long(1), key);
    assert!(acked[0].long(0) > key);
    assert_eq!(bobs.sync(key).await.0, ["IM 101>102 #7 after"]);
}
