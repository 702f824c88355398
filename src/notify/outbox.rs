//! The outbox: a file to which notices are appended, one JSON line each, instead of being sent.

use async_trait::async_trait;
use roost_actors::Failure;
use roost_actors::ports::{Notice, Notifier};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// An open outbox. Several nodes may append to one file: each line is one `O_APPEND` write.
pub struct Outbox {
    path: PathBuf,
    file: File,
}

impl Outbox {
    /// Opens the file, or makes it readable by its owner only: it holds codes that log people in.
    pub fn open(path: &Path) -> io::Result<Outbox> {
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(path)?;
        Ok(Outbox {
            path: path.to_owned(),
            file,
        })
    }
}

#[async_trait]
impl Notifier for Outbox {
    async fn send(&self, notice: &Notice) -> Result<(), Failure> {
        let mut line = serde_json::to_vec(notice).map_err(|error| Failure::Internal(error.to_string()))?;
        line.push(b'\n');
        // A short write to a local file; not worth a thread.
        (&self.file)
            .write_all(&line)
            .map_err(|error| Failure::Unavailable(format!("outbox {}: {error}", self.path.display())))
    }
}
