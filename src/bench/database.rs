//! Where a run keeps its data: a temporary folder, and for PostgreSQL a database that lives as long.

use super::options::{Common, Engine};
use super::watch::{Fallible, Trouble};
use tempfile::TempDir;
use tokio_postgres::{Client, Config, NoTls};

/// A storage of the run's own.
#[derive(Debug)]
pub struct Storage {
    /// As the node's configuration names it.
    pub url: String,
    pub folder: TempDir,
    _database: Option<Database>,
}

impl Storage {
    #[expect(
        clippy::print_stderr,
        reason = "the person at the terminal wants to look into it"
    )]
    pub async fn prepare(common: &Common) -> Fallible<Storage> {
        let mut folder = tempfile::Builder::new().prefix("roost-bench-").tempdir()?;
        if common.keep {
            folder.disable_cleanup(true);
            eprintln!(
                "roost bench: what the run leaves is in {}",
                folder.path().display()
            );
        }
        let database = match (common.storage, &common.postgres_url) {
            (Engine::Sqlite, _) => None,
            (Engine::Postgres, Some(url)) => Some(Database::create(url).await?),
            (Engine::Postgres, None) => return Err(Trouble::new("--storage postgres needs --postgres-url")),
        };
        let url = match &database {
            Some(database) => database.url(),
            None => format!("sqlite://{}", folder.path().join("roost.db").display()),
        };
        Ok(Storage {
            url,
            folder,
            _database: database,
        })
    }
}

/// An empty database, dropped with whatever it came to hold.
#[derive(Debug)]
pub struct Database {
    server: String,
    name: String,
}

impl Database {
    /// Makes a database on the server of `url`, which names any database there to connect to.
    pub async fn create(url: &str) -> Fallible<Database> {
        let name = format!("roost_bench_{}", uuid::Uuid::new_v4().simple());
        execute(url, &format!("CREATE DATABASE {name}"))
            .await
            .map_err(|error| Trouble::new(format!("making a database: {error}")))?;
        Ok(Database {
            server: url.to_owned(),
            name,
        })
    }

    /// The URL of this database.
    #[must_use]
    pub fn url(&self) -> String {
        with_database(&self.server, &self.name)
    }
}

impl Drop for Database {
    #[expect(clippy::print_stderr, reason = "the person at the terminal has to remove it")]
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        // A thread of its own: this one may be inside a runtime.
        let dropping = std::thread::spawn(move || {
            let sql = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(execute(&server, &sql))
        });
        match dropping.join() {
            Ok(Ok(())) => {}
            Ok(Err(error)) => eprintln!("roost bench: database {} was left behind: {error}", self.name),
            Err(_) => eprintln!("roost bench: database {} was left behind", self.name),
        }
    }
}

/// A connection of the tool's own.
pub async fn connect(url: &str) -> Fallible<Client> {
    let (client, connection) = url.parse::<Config>()?.connect(NoTls).await?;
    // Ends with its client; what goes wrong on it, the client's calls say.
    tokio::spawn(async move { drop(connection.await) });
    Ok(client)
}

async fn execute(url: &str, sql: &str) -> Fallible<()> {
    Ok(connect(url).await?.batch_execute(sql).await?)
}

/// The same server's URL for another database.
fn with_database(url: &str, name: &str) -> String {
    let (base, query) = url
        .split_once('?')
        .map_or((url, None), |(base, query)| (base, Some(query)));
    let scheme = base.find("://").map_or(0, |at| at + 3);
    let host_end = base[scheme..].find('/').map_or(base.len(), |at| scheme + at);
    let query = query.map_or(String::new(), |query| format!("?{query}"));
    format!("{}/{name}{query}", &base[..host_end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_of_a_url_is_replaced() {
        for (url, expected) in [
            ("postgres://u:p@h:1/postgres", "postgres://u:p@h:1/x"),
            ("postgres://u@h", "postgres://u@h/x"),
            (
                "postgres://u@h/a?sslmode=disable",
                "postgres://u@h/x?sslmode=disable",
            ),
        ] {
            assert_eq!(with_database(url, "x"), expected);
        }
    }
}
