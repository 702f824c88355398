//! Opening the file: one node at a time, and every connection set up the same.

use rusqlite::{Connection, OpenFlags};
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a connection waits for another one's lock. Only a checkpoint or a migration can hold one.
const BUSY: Duration = Duration::from_secs(2);
/// Prepared statements that a connection keeps.
const STATEMENTS_MAX: usize = 256;
/// Pages of the log at which the writer itself takes a checkpoint: only when the checkpointer cannot keep up. 64 MiB.
const LOG_PAGES_MAX: i64 = 16_384;
/// How much of a connection's memory pages may take, in KiB.
const CACHE_KIB: i64 = 16 * 1024;

/// Why a file was not opened.
#[derive(Debug)]
pub enum ConnectError {
    /// Another process has it.
    InUse(PathBuf),
    Failed(String),
}

/// Held while a node has the file open.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock beside the database file, or says who has it.
    pub fn take(database: &Path) -> Result<Lock, ConnectError> {
        if let Some(folder) = database.parent() {
            std::fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
        }
        let path = beside(database, ".lock");
        let file = private().open(&path).map_err(|error| failed(&path, &error))?;
        match file.try_lock() {
            Ok(()) => Ok(Lock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(ConnectError::InUse(database.to_owned())),
            Err(TryLockError::Error(error)) => Err(failed(&path, &error)),
        }
    }
}

/// The path of a file that belongs to the database file.
#[must_use]
pub fn beside(database: &Path, suffix: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// The connection that writes. Makes the file, readable by its owner only, when there is none.
pub fn writer(path: &Path) -> Result<Connection, ConnectError> {
    // SQLite gives its log the same permissions.
    private().open(path).map_err(|error| failed(path, &error))?;
    let conn = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(|error| failed(path, &error))?;
    let prepare = || {
        conn.pragma_update(None, "journal_mode", "WAL")?;
        conn.pragma_update(None, "synchronous", "FULL")?;
        conn.pragma_update(None, "wal_autocheckpoint", LOG_PAGES_MAX)?;
        conn.pragma_update(None, "foreign_keys", true)
    };
    prepare().map_err(|error| failed(path, &error))?;
    Ok(conn)
}

/// A connection that reads.
pub fn reader(path: &Path) -> Result<Connection, ConnectError> {
    let conn = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(|error| failed(path, &error))?;
    conn.pragma_update(None, "query_only", true)
        .map_err(|error| failed(path, &error))?;
    Ok(conn)
}

/// The connection of the checkpointer.
pub fn checkpointer(path: &Path) -> Result<Connection, ConnectError> {
    let conn = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(|error| failed(path, &error))?;
    conn.pragma_update(None, "synchronous", "FULL")
        .map_err(|error| failed(path, &error))?;
    Ok(conn)
}

fn connect(path: &Path, access: OpenFlags) -> rusqlite::Result<Connection> {
    let conn = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    conn.busy_timeout(BUSY)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    conn.pragma_update(None, "cache_size", -CACHE_KIB)?;
    rusqlite::vtab::array::load_module(&conn)?;
    Ok(conn)
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn failed(path: &Path, error: &dyn std::fmt::Display) -> ConnectError {
    ConnectError::Failed(format!("{}: {error}", path.display()))
}
