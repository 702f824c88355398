//! What was acknowledged, held against history as people see it and against the rows of the database.

use crate::harness::Server;
use crate::load::{Fate, Try, Writer};
use std::collections::{BTreeMap, HashMap};
use tokio_postgres::NoTls;

/// One stored message.
struct Row {
    room: i64,
    seq: i64,
    id: i64,
    body: String,
}

/// Holds every promise about what is stored. Ends the node on the way, so that the database can be read.
pub async fn settle(server: &mut Server, writers: &[Writer], tries: &[Try]) {
    let acknowledged = acknowledged(tries);
    assert!(
        !acknowledged.is_empty(),
        "nothing was acknowledged, so nothing was tested"
    );
    let mut seen: HashMap<String, i64> = HashMap::new();
    for (index, writer) in writers.iter().enumerate() {
        let history = writer.history().await;
        let ids: Vec<i64> = history.iter().map(|(id, _)| *id).collect();
        assert!(
            ids.is_sorted_by(|a, b| a < b),
            "{}: history is not in the order of ids",
            writer.name
        );
        let own = history
            .into_iter()
            .filter(|(_, body)| writer_of(body) == writers[index].name);
        for (id, body) in own {
            assert_eq!(
                seen.insert(body.clone(), id),
                None,
                "{body:?} is in history twice"
            );
        }
    }
    for (body, id) in &acknowledged {
        assert_eq!(
            seen.get(*body),
            Some(id),
            "{body:?} was acknowledged and is not in history as such"
        );
    }
    server.stop().await;
    let rows = rows(server).await;
    dense(&rows);
    let stored: HashMap<&str, i64> = rows.iter().map(|row| (row.body.as_str(), row.id)).collect();
    assert_eq!(stored.len(), rows.len(), "a body is stored twice");
    assert_eq!(
        stored.len(),
        seen.len(),
        "history shows other messages than are stored"
    );
    assert!(
        stored
            .keys()
            .all(|body| tries.iter().any(|tried| tried.body == *body)),
        "something nobody sent is stored"
    );
}

/// Bodies that were acknowledged, with their ids; a repetition was told the same id.
fn acknowledged(tries: &[Try]) -> HashMap<&str, i64> {
    let mut found = HashMap::new();
    for tried in tries {
        if let Fate::Stored(id) = tried.fate {
            let first = *found.entry(tried.body.as_str()).or_insert(id);
            assert_eq!(first, id, "{:?} was acknowledged as two messages", tried.body);
        }
    }
    found
}

fn writer_of(body: &str) -> &str {
    body.rsplit_once(' ').map_or(body, |(name, _)| name)
}

/// In each room the seqs are 1, 2, 3 … and ids rise with them.
fn dense(rows: &[Row]) {
    let mut rooms: BTreeMap<i64, Vec<(i64, i64)>> = BTreeMap::new();
    for row in rows {
        rooms.entry(row.room).or_default().push((row.seq, row.id));
    }
    for (room, mut places) in rooms {
        places.sort_unstable();
        let expected: Vec<i64> = (1..=places.len() as i64).collect();
        let seqs: Vec<i64> = places.iter().map(|(seq, _)| *seq).collect();
        assert_eq!(seqs, expected, "room {room} has a hole");
        assert!(
            places.is_sorted_by(|a, b| a.1 < b.1),
            "room {room}: ids do not rise with seq"
        );
    }
}

const SQL: &str = "SELECT room, seq, id, body FROM messages";

async fn rows(server: &Server) -> Vec<Row> {
    match server.storage_url() {
        Some(url) => postgres_rows(url).await,
        None => sqlite_rows(server),
    }
}

async fn postgres_rows(url: &str) -> Vec<Row> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("the database");
    let driving = tokio::spawn(connection);
    let rows = client.query(SQL, &[]).await.expect("the messages");
    drop(client);
    driving
        .await
        .expect("the connection's task")
        .expect("the connection ends well");
    let row = |row: &tokio_postgres::Row| Row {
        room: row.get(0),
        seq: row.get(1),
        id: row.get(2),
        body: row.get(3),
    };
    rows.iter().map(row).collect()
}

fn sqlite_rows(server: &Server) -> Vec<Row> {
    let file = server.data_dir().join("roost.db");
    let database = rusqlite::Connection::open(file).expect("the database");
    let mut statement = database.prepare(SQL).expect("a statement");
    let rows = statement.query_map([], |row| {
        Ok(Row {
            room: row.get(0)?,
            seq: row.get(1)?,
            id: row.get(2)?,
            body: row.get(3)?,
        })
    });
    rows.expect("the messages")
        .map(|row| row.expect("a row"))
        .collect()
}
