//! PostgreSQL: wires that break, servers that go silent, and nodes that start at the same time.

use crate::database::Database;
use crate::proxy::{Proxy, Wire};
use crate::scene::{NOW, Owned, group, open, person, take};
use roost::storage::{self, Stores};
use roost_actors::model::{AccountId, ClientToken};
use roost_actors::near::Point;
use roost_actors::ports::{AppendError, BatchOutcome, InDoubt, StoreError, Verdict};
use std::time::{Duration, Instant};
use tokio_postgres::{Client, GenericClient, NoTls};

/// How long a dead server may keep anybody waiting. Generous: tests share the machine.
const NOTICED: Duration = Duration::from_secs(5);

/// Stores, a room in them, and the wire to their server.
struct Scene {
    stores: Stores,
    proxy: Proxy,
    ann: AccountId,
    room: Owned,
    _database: Database,
}

async fn scene() -> Scene {
    let database = Database::create().await;
    let (proxy, url) = Proxy::before_postgres(database.url()).await;
    let stores = open(&url).await;
    let ann = person(&stores).await;
    let mut room = group(&stores, ann).await;
    room.say(&stores, ann, "before").await;
    Scene {
        stores,
        proxy,
        ann,
        room,
        _database: database,
    }
}

impl Scene {
    async fn lose(&self, wire: Wire, body: &str) -> InDoubt {
        self.proxy.set(wire);
        let batch = self.room.batch(self.ann, &[body]);
        match self.stores.journal.append(&[batch]).await {
            Err(AppendError::InDoubt(mut doubts)) if doubts.len() == 1 => doubts.remove(0),
            other => panic!("a commit without an answer is in doubt, not {other:?}"),
        }
    }

    async fn verdict(&self, doubt: &InDoubt) -> Verdict {
        self.proxy.set(Wire::Whole);
        until("the store can be asked", async || {
            self.stores.journal.resolve(doubt).await.ok()
        })
        .await
    }
}

/// Asks until there is an answer; panics when there is none for very long.
async fn until<T>(what: &str, ask: impl AsyncFn() -> Option<T>) -> T {
    let asking = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), asking)
        .await
        .unwrap_or_else(|_| panic!("waited in vain until {what}"))
}

/// A connection of the test's own.
async fn client(database: &Database) -> Client {
    let (client, connection) = tokio_postgres::connect(database.url(), NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// What other connections to the same database this number is.
async fn count(client: &impl GenericClient, condition: &str, what: &str) -> i64 {
    let sql = format!(
        "SELECT count({what}) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND {condition}"
    );
    client.query_one(&sql, &[]).await.unwrap().get(0)
}

const WAITS: &str = "wait_event_type = 'Lock'";
const KILL: &str = "CASE WHEN pg_terminate_backend(pid) THEN 1 END";

#[tokio::test]
async fn a_commit_whose_answer_was_lost_is_found() {
    let scene = scene().await;
    let doubt = scene.lose(Wire::BreaksAfterCommit, "lost answer").await;
    let asked = scene.stores.journal.resolve(&doubt).await;
    assert!(asked.is_err(), "there is no way to the server: {asked:?}");
    assert_eq!(scene.verdict(&doubt).await, Verdict::Committed);
    assert_eq!(
        scene.room.transcript(&scene.stores).await,
        ["before", "lost answer"]
    );
}

#[tokio::test]
async fn a_commit_that_never_arrived_is_absent_and_goes_through_again() {
    let mut scene = scene().await;
    let doubt = scene.lose(Wire::BreaksBeforeCommit, "lost").await;
    assert_eq!(scene.verdict(&doubt).await, Verdict::Absent);
    let outcomes = scene.stores.journal.append(&[doubt.batch]).await.unwrap();
    scene.room.learn(&outcomes[0]);
    assert_eq!(scene.room.transcript(&scene.stores).await, ["before", "lost"]);
    let owner = take(&scene.stores, scene.room.room).await;
    assert_eq!(owner.last_seq, scene.room.last_seq);
}

#[tokio::test]
async fn a_commit_that_never_arrived_is_fenced_when_the_room_has_moved() {
    let scene = scene().await;
    let doubt = scene.lose(Wire::BreaksBeforeCommit, "lost").await;
    scene.proxy.set(Wire::Whole);
    take(&scene.stores, scene.room.room).await;
    assert_eq!(scene.verdict(&doubt).await, Verdict::Fenced);
}

#[tokio::test]
async fn a_change_whose_answer_was_lost_has_an_unknown_outcome() {
    let scene = scene().await;
    scene.proxy.set(Wire::BreaksAfterCommit);
    let result = scene.stores.secrets.put_code("name", "code", NOW).await;
    assert!(matches!(result, Err(StoreError::Unknown(_))), "{result:?}");
}

#[tokio::test]
async fn a_silent_server_is_unavailable_and_keeps_nobody_waiting() {
    let mut scene = scene().await;
    scene.proxy.set(Wire::Silent);
    #[expect(
        clippy::disallowed_methods,
        reason = "a test that measures how long something takes"
    )]
    let began = Instant::now();
    let batch = scene.room.batch(scene.ann, &["nobody hears"]);
    let (append, read, ping) = tokio::join!(
        scene.stores.journal.append(std::slice::from_ref(&batch)),
        scene.stores.users.load(scene.ann),
        scene.stores.secrets.ping(),
    );
    assert!(matches!(append, Err(AppendError::Unavailable(_))), "{append:?}");
    assert!(matches!(read, Err(StoreError::Unavailable(_))), "{read:?}");
    assert!(matches!(ping, Err(StoreError::Unavailable(_))), "{ping:?}");
    assert!(began.elapsed() < NOTICED, "{:?}", began.elapsed());
    scene.proxy.set(Wire::Whole);
    scene.room.say(&scene.stores, scene.ann, "after").await;
    assert_eq!(scene.room.transcript(&scene.stores).await, ["before", "after"]);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_at_once_and_without_the_password() {
    let Err(error) = storage::migrate("postgres://ann:s3cret@127.0.0.1:1/x").await else {
        panic!("there is no server");
    };
    let text = format!("{error} {error:?}");
    assert!(text.contains("127.0.0.1:1") && !text.contains("s3cret"), "{text}");
}

#[tokio::test]
async fn after_the_server_has_ended_every_connection_the_node_works_again() {
    let mut scene = scene().await;
    let client = client(&scene._database).await;
    for round in 1..=3 {
        assert!(count(&client, "TRUE", KILL).await > 0);
        let batch = scene.room.batch(scene.ann, &["again"]);
        let append = async || match scene.stores.journal.append(std::slice::from_ref(&batch)).await {
            Ok(mut outcomes) => Some(outcomes.remove(0)),
            Err(AppendError::Unavailable(_)) => None,
            Err(other) => panic!("nothing was sent: {other:?}"),
        };
        let outcome = until("the node works again", append).await;
        scene.room.learn(&outcome);
        assert_eq!(scene.room.transcript(&scene.stores).await.len(), 1 + round);
    }
}

#[tokio::test]
async fn a_backend_killed_while_it_waits_for_a_lock_has_committed_nothing() {
    let scene = scene().await;
    let client = client(&scene._database).await;
    client.batch_execute("BEGIN").await.unwrap();
    let lock = "SELECT 1 FROM rooms WHERE id = $1 FOR UPDATE";
    client.query(lock, &[&scene.room.room.0]).await.unwrap();
    let killed = async || {
        let (journal, batch) = (
            scene.stores.journal.clone(),
            scene.room.batch(scene.ann, &["never"]),
        );
        let waiting = tokio::spawn(async move { journal.append(&[batch]).await });
        let caught = until("it waits, or has waited too long", async || {
            let killed = count(&client, WAITS, KILL).await > 0;
            (killed || waiting.is_finished()).then_some(killed)
        });
        let caught = caught.await;
        let outcome = waiting.await.unwrap();
        assert!(matches!(outcome, Err(AppendError::Unavailable(_))), "{outcome:?}");
        caught.then_some(())
    };
    until("a backend was killed while it waited", killed).await;
    client.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(scene.room.transcript(&scene.stores).await, ["before"]);
}

#[tokio::test]
async fn a_room_taken_over_while_its_batch_waits_is_fenced() {
    let scene = scene().await;
    let mut client = client(&scene._database).await;
    let other = group(&scene.stores, scene.ann).await;
    let taking = client.transaction().await.unwrap();
    let sql = "UPDATE rooms SET epoch = epoch + 1 WHERE id = $1";
    taking.execute(sql, &[&scene.room.room.0]).await.unwrap();
    let batches = [
        scene.room.batch(scene.ann, &["late"]),
        other.batch(scene.ann, &["in time"]),
    ];
    let journal = scene.stores.journal.clone();
    let waiting = tokio::spawn(async move {
        loop {
            match journal.append(&batches).await {
                // It has waited too long.
                Err(AppendError::Unavailable(_)) => {}
                outcome => return outcome,
            }
        }
    });
    until("it waits", async || {
        (count(&taking, WAITS, "*").await > 0).then_some(())
    })
    .await;
    taking.commit().await.unwrap();
    let outcomes = waiting.await.unwrap().unwrap();
    assert_eq!(outcomes[0], BatchOutcome::Fenced);
    assert!(matches!(outcomes[1], BatchOutcome::Committed { .. }));
    assert_eq!(scene.room.transcript(&scene.stores).await, ["before"]);
    assert_eq!(other.transcript(&scene.stores).await, ["in time"]);
}

#[tokio::test]
async fn a_room_locked_too_long_is_unavailable_in_time() {
    let scene = scene().await;
    let client = client(&scene._database).await;
    client
        .batch_execute("BEGIN; UPDATE rooms SET epoch = epoch")
        .await
        .unwrap();
    #[expect(
        clippy::disallowed_methods,
        reason = "a test that measures how long something takes"
    )]
    let began = Instant::now();
    let outcome = scene
        .stores
        .journal
        .append(&[scene.room.batch(scene.ann, &["x"])])
        .await;
    assert!(matches!(outcome, Err(AppendError::Unavailable(_))), "{outcome:?}");
    assert!(began.elapsed() < NOTICED, "{:?}", began.elapsed());
}

#[tokio::test]
async fn many_rooms_are_appended_to_at_once_by_two_nodes() {
    const ROOMS: usize = 12;
    const ROUNDS: usize = 10;
    let database = Database::create().await;
    let nodes = [open(database.url()).await, open(database.url()).await];
    let ann = person(&nodes[0]).await;
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..ROOMS {
        let stores = nodes[n % 2].clone();
        tasks.spawn(async move {
            let mut room = group(&stores, ann).await;
            for round in 0..ROUNDS {
                room.say(&stores, ann, &round.to_string()).await;
            }
            let expected: Vec<String> = (0..ROUNDS).map(|round| round.to_string()).collect();
            assert_eq!(room.transcript(&stores).await, expected);
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
}

#[tokio::test]
async fn one_client_token_in_two_transactions_makes_one_message() {
    let database = Database::create().await;
    let stores = open(database.url()).await;
    let ann = person(&stores).await;
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..8_u8 {
        let room = group(&stores, ann).await;
        let journal = stores.journal.clone();
        let mut batch = room.batch(ann, &["once", "another"]);
        batch.posts[0].token = Some(ClientToken {
            key: "key".into(),
            digest: [n; 32],
        });
        tasks.spawn(async move { journal.append(&[batch]).await.unwrap().remove(0) });
    }
    let mut stored = Vec::new();
    while let Some(outcome) = tasks.join_next().await {
        let BatchOutcome::Committed { last_seq, .. } = outcome.unwrap() else {
            panic!("fenced");
        };
        stored.push(last_seq.0);
    }
    stored.sort_unstable();
    assert_eq!(
        stored,
        [1, 1, 1, 1, 1, 1, 1, 2],
        "the post beside it is stored everywhere"
    );
}

#[tokio::test]
async fn nodes_that_start_together_migrate_once() {
    let database = Database::empty().await;
    let url = database.url();
    let (a, b, c) = tokio::join!(
        storage::migrate(url),
        storage::migrate(url),
        storage::migrate(url)
    );
    let applied = [a.unwrap(), b.unwrap(), c.unwrap()];
    let busy = applied.iter().filter(|names| !names.is_empty()).count();
    assert_eq!(busy, 1, "{applied:?}");
    open(url).await;
}

#[tokio::test]
async fn a_database_of_a_newer_roost_is_refused() {
    let database = Database::create().await;
    let client = client(&database).await;
    let later = "INSERT INTO roost_migrations VALUES (9999, 'later', 'x', 0)";
    client.batch_execute(later).await.unwrap();
    let Err(error) = storage::migrate(database.url()).await else {
        panic!("a newer database was opened");
    };
    assert!(error.to_string().contains("9999"), "{error}");
}

#[tokio::test]
async fn commits_wait_for_the_disk_also_where_the_server_is_set_not_to() {
    let database = Database::create().await;
    let client = client(&database).await;
    let sql = "DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || current_database() || ' SET synchronous_commit = off'; END $$";
    client.batch_execute(sql).await.unwrap();
    let stores = open(database.url()).await;
    let ann = person(&stores).await;
    // A function of the database tells what the node's own connection is set to.
    let spy = "CREATE TABLE seen (setting text);
        CREATE FUNCTION spy() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN INSERT INTO seen VALUES (current_setting('synchronous_commit')); RETURN NEW; END $$;
        CREATE TRIGGER spy AFTER INSERT ON messages FOR EACH ROW EXECUTE FUNCTION spy()";
    client.batch_execute(spy).await.unwrap();
    group(&stores, ann).await.say(&stores, ann, "hi").await;
    let row = client.query_one("SELECT setting FROM seen", &[]).await.unwrap();
    assert_eq!(row.get::<_, String>(0), "on");
}

#[tokio::test]
async fn a_password_goes_over_no_plain_wire_where_tls_is_asked_for() {
    let database = Database::create().await;
    let glue = if database.url().contains('?') { '&' } else { '?' };
    for mode in ["require", "verify-full"] {
        let url = format!("{}{glue}sslmode={mode}", database.url());
        let Err(error) = storage::migrate(&url).await else {
            panic!("the test server speaks no TLS");
        };
        assert!(error.to_string().to_lowercase().contains("tls"), "{error}");
    }
}

#[tokio::test]
async fn places_that_were_known_before_are_filed_as_new_ones_are() {
    let database = Database::create().await;
    drop(open(database.url()).await);
    let client = client(&database).await;
    let mut places = vec![
        (113.887_611_329_555_51, 22.802_167_782_129_153),
        (0.0, -0.000_001),
    ];
    for step in -12..=12 {
        let longitude = f64::from(step) * 15.0;
        places.extend((-6..=6).map(|latitude| (longitude, f64::from(latitude) * 15.0)));
        places.push((longitude * 0.998_765_43, longitude * 0.487_654_321));
    }
    places.retain(|place| *place != (0.0, 0.0));
    let add = "INSERT INTO accounts (id, uuid, nickname, avatar, longitude, latitude, created_at, cell)
        VALUES ($1, $2, '', '', $3, $4, 1, 7)";
    for (id, (longitude, latitude)) in (1_i64..).zip(&places) {
        let values: &[&(dyn tokio_postgres::types::ToSql + Sync)] =
            &[&id, &id.to_string(), longitude, latitude];
        client.execute(add, values).await.unwrap();
    }
    let backfill = include_str!("../../src/storage/migrations/0010_cells.postgres.sql");
    client.batch_execute(backfill).await.unwrap();
    let sql = "SELECT cell FROM accounts WHERE id BETWEEN 1 AND 10000 ORDER BY id";
    let filed = client.query(sql, &[]).await.unwrap();
    assert_eq!(filed.len(), places.len());
    for (row, (longitude, latitude)) in filed.iter().zip(places) {
        let at = Point { longitude, latitude };
        assert_eq!(Some(row.get(0)), at.cell(), "{at:?}");
    }
}
