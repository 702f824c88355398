//! The stores behind the ports, on SQLite for one node and on PostgreSQL for any number.
//!
//! Each store is written once over the thin driver in [`sql`]; what only one engine knows is in its own folder.

mod board;
mod cluster;
mod contact_groups;
mod directory;
mod files;
mod grants;
mod jobs;
mod journal;
mod layout;
mod ledger;
mod loose;
mod migrations;
mod near;
mod postgres;
mod rooms;
mod rows;
mod secrets;
mod sql;
mod sqlite;
mod tree;
mod uploads;
mod url;
mod users;
mod views;

use migrations::Mismatch;
use postgres::Postgres;
use roost_actors::model::Timestamp;
use roost_actors::ports::Clock;
pub use roost_actors::ports::Stores;
use sql::{Database, SqlError};
use sqlite::{ConnectError, Sqlite};
use std::path::PathBuf;
use std::sync::Arc;
use thiserror::Error;
use url::Place;

/// The migrations that were applied, by name; none when the database was up to date.
pub type Applied = Vec<String>;

/// Why a database was not opened. Shows no password.
#[derive(Debug, Error)]
pub enum OpenError {
    #[error("{url}: expected sqlite://PATH or postgres://USER:PASSWORD@HOST:PORT/NAME{why}")]
    Url { url: String, why: String },
    #[error("{}: another node has this database open", .file.display())]
    InUse { file: PathBuf },
    /// It was not reached, or gave up: another try may succeed.
    #[error("{url}: {why}")]
    Failed { url: String, why: String },
    /// It is no database of ours, or cannot become one.
    #[error("{url}: {why}")]
    Unusable { url: String, why: String },
    #[error("{url}: {mismatch}")]
    Mismatch {
        url: String,
        #[source]
        mismatch: Mismatch,
    },
}

/// Opens a database and brings it up to date. `connections` bounds those to PostgreSQL.
pub async fn open(url: &str, connections: usize, clock: Arc<dyn Clock>) -> Result<Stores, OpenError> {
    let (database, applied) = open_database(url, connections, clock.now()).await?;
    if !applied.is_empty() {
        tracing::info!(
            url = url::masked(url),
            migrations = applied.join(", "),
            "migrated the database"
        );
    }
    Ok(Stores {
        journal: Arc::new(journal::Journal {
            database: database.clone(),
        }),
        rooms: Arc::new(rooms::Rooms {
            database: database.clone(),
        }),
        users: Arc::new(users::Users {
            database: database.clone(),
        }),
        views: Arc::new(views::Views {
            database: database.clone(),
        }),
        grants: Arc::new(grants::Grants {
            database: database.clone(),
        }),
        jobs: Arc::new(jobs::Jobs {
            database: database.clone(),
        }),
        files: Arc::new(files::Files {
            database: database.clone(),
        }),
        board: Arc::new(board::Board {
            database: database.clone(),
        }),
        tree: Arc::new(tree::Tree {
            database: database.clone(),
        }),
        uploads: Arc::new(uploads::Uploads {
            database: database.clone(),
        }),
        directory: Arc::new(directory::Directory {
            database: database.clone(),
        }),
        secrets: Arc::new(secrets::Secrets {
            database: database.clone(),
        }),
        cluster: Arc::new(cluster::Cluster {
            database: database.clone(),
        }),
        ledger: Arc::new(ledger::Ledger {
            database: database.clone(),
        }),
        passes: Arc::new(ledger::Ledger { database }),
    })
}

/// Brings a database up to date, and closes it.
pub async fn migrate(url: &str) -> Result<Applied, OpenError> {
    let now = crate::clock::SystemClock.now();
    let (_, applied) = open_database(url, 1, now).await?;
    Ok(applied)
}

/// Connections to a database that is up to date, for the store of files: `None` when it is not PostgreSQL.
pub fn pool_for_files(url: &str, connections: usize) -> Result<Option<deadpool_postgres::Pool>, OpenError> {
    let Some(Place::Postgres(postgres)) = url::parse(url) else {
        return Ok(None);
    };
    let pool = Postgres::pool(&postgres, connections);
    pool.map(Some)
        .map_err(|fault| postgres_error(url::masked(url), fault))
}

async fn open_database(
    url: &str,
    connections: usize,
    now: Timestamp,
) -> Result<(Database, Applied), OpenError> {
    let shown = url::masked(url);
    match url::parse(url) {
        Some(Place::Sqlite(path)) => {
            let opening = tokio::task::spawn_blocking(move || Sqlite::open(&path, now));
            let opened = opening.await.map_err(|error| OpenError::Failed {
                url: shown.clone(),
                why: error.to_string(),
            })?;
            let (database, applied) = opened.map_err(|fault| sqlite_error(shown, fault))?;
            Ok((Database::Sqlite(Arc::new(database)), applied))
        }
        Some(Place::Postgres(url)) => {
            let opened = Postgres::open(&url, connections, now).await;
            let (database, applied) = opened.map_err(|fault| postgres_error(shown, fault))?;
            Ok((Database::Postgres(Arc::new(database)), applied))
        }
        None => Err(OpenError::Url {
            url: shown,
            why: String::new(),
        }),
    }
}

fn sqlite_error(url: String, fault: sqlite::OpenFault) -> OpenError {
    match fault {
        sqlite::OpenFault::Connect(ConnectError::InUse(file)) => OpenError::InUse { file },
        sqlite::OpenFault::Connect(ConnectError::Failed(why)) => OpenError::Failed { url, why },
        sqlite::OpenFault::Migrate(error) => failed(url, error),
        sqlite::OpenFault::Mismatch(mismatch) => OpenError::Mismatch { url, mismatch },
    }
}

fn postgres_error(url: String, fault: postgres::OpenFault) -> OpenError {
    match fault {
        postgres::OpenFault::Url(why) => OpenError::Url {
            url,
            why: format!(" ({why})"),
        },
        postgres::OpenFault::Failed(error) => failed(url, error),
        postgres::OpenFault::Mismatch(mismatch) => OpenError::Mismatch { url, mismatch },
    }
}

fn failed(url: String, error: SqlError) -> OpenError {
    match error {
        SqlError::Unavailable(why) | SqlError::InDoubt(why) => OpenError::Failed { url, why },
        SqlError::Internal(why) => OpenError::Unusable { url, why },
        other => OpenError::Unusable {
            url,
            why: format!("{other:?}"),
        },
    }
}
