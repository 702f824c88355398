//! Rows straight into a database that no node has open: COPY into PostgreSQL, prepared inserts into SQLite.

use super::database::connect;
use super::watch::{Fallible, Trouble};
use bytes::Bytes;
use futures_util::SinkExt;
use rusqlite::types::Value;
use std::fmt::Write;

/// Bytes of rows that go to PostgreSQL in one piece.
const PIECE_BYTES: usize = 64 * 1024;

/// A database open for bulk loading.
pub enum Bulk {
    Sqlite(rusqlite::Connection),
    Postgres(tokio_postgres::Client),
}

/// One value of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    Null,
    Int(i64),
    Double(f64),
    Flag(bool),
    /// Without tabs, line ends and backslashes.
    Text(String),
}

impl From<i64> for Cell {
    fn from(value: i64) -> Cell {
        Cell::Int(value)
    }
}

impl From<f64> for Cell {
    fn from(value: f64) -> Cell {
        Cell::Double(value)
    }
}

impl From<bool> for Cell {
    fn from(value: bool) -> Cell {
        Cell::Flag(value)
    }
}

impl From<&str> for Cell {
    fn from(value: &str) -> Cell {
        Cell::Text(value.to_owned())
    }
}

impl From<String> for Cell {
    fn from(value: String) -> Cell {
        Cell::Text(value)
    }
}

impl From<Option<i64>> for Cell {
    fn from(value: Option<i64>) -> Cell {
        value.map_or(Cell::Null, Cell::Int)
    }
}

impl Bulk {
    /// Opens a database as the node's configuration names it.
    pub async fn open(url: &str) -> Fallible<Bulk> {
        match url.strip_prefix("sqlite://") {
            Some(path) => {
                let connection = rusqlite::Connection::open(path)?;
                connection.pragma_update(None, "foreign_keys", false)?;
                Ok(Bulk::Sqlite(connection))
            }
            None => Ok(Bulk::Postgres(connect(url).await?)),
        }
    }

    /// Fills a table in one transaction. `columns` are their names, with commas between them.
    pub async fn fill<const N: usize>(
        &mut self,
        table: &str,
        columns: &str,
        rows: impl Iterator<Item = [Cell; N]>,
    ) -> Fallible<()> {
        match self {
            Bulk::Sqlite(connection) => {
                let transaction = connection.transaction()?;
                let places: Vec<String> = (1..=N).map(|place| format!("?{place}")).collect();
                let sql = format!("INSERT INTO {table} ({columns}) VALUES ({})", places.join(", "));
                let mut insert = transaction.prepare(&sql)?;
                for row in rows {
                    insert.execute(rusqlite::params_from_iter(row.into_iter().map(in_sqlite)))?;
                }
                drop(insert);
                transaction.commit()?;
            }
            Bulk::Postgres(client) => {
                let copy = format!("COPY {table} ({columns}) FROM STDIN");
                let sink = client.copy_in::<_, Bytes>(&copy).await?;
                let mut sink = std::pin::pin!(sink);
                let mut piece = String::with_capacity(2 * PIECE_BYTES);
                for row in rows {
                    line(&row, &mut piece);
                    if piece.len() >= PIECE_BYTES {
                        sink.send(Bytes::from(std::mem::take(&mut piece))).await?;
                    }
                }
                sink.send(Bytes::from(piece)).await?;
                sink.as_mut().finish().await?;
            }
        }
        Ok(())
    }

    /// A text that one row holds.
    pub async fn text(&mut self, sql: &str) -> Fallible<String> {
        match self {
            Bulk::Sqlite(connection) => Ok(connection.query_row(sql, [], |row| row.get(0))?),
            Bulk::Postgres(client) => Ok(client.query_one(sql, &[]).await?.try_get(0)?),
        }
    }

    /// Has the engine look at what came: as it would by itself some minutes later.
    pub async fn settle(&mut self) -> Fallible<()> {
        match self {
            Bulk::Sqlite(connection) => Ok(connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")?),
            Bulk::Postgres(client) => {
                client.batch_execute("VACUUM ANALYZE").await?;
                Ok(client.batch_execute("CHECKPOINT").await?)
            }
        }
    }

    /// Closes it, so that a node can open it.
    pub fn close(self) -> Fallible<()> {
        match self {
            Bulk::Sqlite(connection) => connection
                .close()
                .map_err(|(_, error)| Trouble::new(error.to_string())),
            Bulk::Postgres(client) => {
                drop(client);
                Ok(())
            }
        }
    }
}

fn in_sqlite(cell: Cell) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Int(value) => Value::Integer(value),
        Cell::Double(value) => Value::Real(value),
        Cell::Flag(value) => Value::Integer(i64::from(value)),
        Cell::Text(value) => Value::Text(value),
    }
}

/// A row as COPY reads it.
fn line(row: &[Cell], out: &mut String) {
    for (index, cell) in row.iter().enumerate() {
        if index > 0 {
            out.push('\t');
        }
        // Writing to a String cannot fail.
        _ = match cell {
            Cell::Null => out.write_str("\\N"),
            Cell::Int(value) => write!(out, "{value}"),
            Cell::Double(value) => write!(out, "{value:?}"),
            Cell::Flag(value) => out.write_str(if *value { "t" } else { "f" }),
            Cell::Text(value) => out.write_str(value),
        };
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_written_as_copy_reads_it() {
        let mut out = String::new();
        let row = [Cell::Null, 7.into(), 0.5.into(), true.into(), "a b".into()];
        line(&row, &mut out);
        assert_eq!(out, "\\N\t7\t0.5\tt\ta b\n");
    }

    #[tokio::test]
    async fn rows_fill_a_table() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        let table = rusqlite::Connection::open(&path).unwrap();
        table.execute_batch("CREATE TABLE t (a bigint, b text)").unwrap();
        let mut bulk = Bulk::open(&format!("sqlite://{}", path.display())).await.unwrap();
        let rows = (0..1_000).map(|n| [Cell::from(n), format!("n{n}").into()]);
        bulk.fill("t", "a, b", rows).await.unwrap();
        let last = bulk.text("SELECT b FROM t WHERE a = 999").await.unwrap();
        assert_eq!(last, "n999");
        bulk.settle().await.unwrap();
        bulk.close().unwrap();
    }
}
