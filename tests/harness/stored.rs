//! Looks into a node's database and changes it, past the node.

use super::Server;
use rusqlite::Connection;
use tokio_postgres::{Client, NoTls};

impl Server {
    /// A text that one row of the database holds.
    pub async fn stored_text(&self, sql: &str) -> String {
        match self.database_url() {
            Some(url) => client(url).await.query_one(sql, &[]).await.expect("a row").get(0),
            None => self.file().query_row(sql, [], |row| row.get(0)).expect("a row"),
        }
    }

    /// Changes the database while the node is down: what it has in memory would not be what is stored.
    pub async fn edit_stored(&mut self, sql: &str) {
        self.kill();
        match self.database_url() {
            Some(url) => client(url).await.batch_execute(sql).await.expect("it is edited"),
            None => self.file().execute_batch(sql).expect("it is edited"),
        }
        self.run().await;
    }

    fn file(&self) -> Connection {
        Connection::open(self.data_dir().join("roost.db")).expect("the database")
    }
}

async fn client(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("the database");
    tokio::spawn(connection);
    client
}
