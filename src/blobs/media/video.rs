//! One picture of a film, by the ffmpeg of the machine: in bounded time, from the ends of the file only.

use super::picture::{self, Encoded, Fit};
use super::reader::BlobReader;
use crate::blobs::content::Media;
use roost_actors::Failure;
use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use tempfile::NamedTempFile;
use tokio::io::AsyncReadExt;
use tokio::process::Command;

/// What is read of each end of a film, in bytes: the first frames, and the index that some writers put last.
pub const END_BYTES: u64 = 16 * 1024 * 1024;
/// The longest picture that ffmpeg may write, in bytes.
const FRAME_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// The most pixels a frame may have.
const FRAME_PIXELS_MAX: &str = "40000000";

/// The program and the time it may take.
#[derive(Clone, Debug)]
pub struct Ffmpeg {
    pub program: PathBuf,
    pub wait: Duration,
}

/// Copies the ends of a film to where ffmpeg can seek in them; what is between them is a hole that takes no space.
pub fn ends_of(mut film: BlobReader, len: u64) -> io::Result<NamedTempFile> {
    let mut copy = NamedTempFile::new()?;
    copy.as_file().set_len(len)?;
    let tail = len.saturating_sub(END_BYTES).max(END_BYTES.min(len));
    for (from, to) in [(0, END_BYTES.min(len)), (tail, len)] {
        film.seek(SeekFrom::Start(from))?;
        copy.seek(SeekFrom::Start(from))?;
        io::copy(&mut (&mut film).take(to - from), &mut copy)?;
    }
    copy.flush()?;
    Ok(copy)
}

impl Ffmpeg {
    /// A frame of the film. `None` when there is no ffmpeg, or it fails, or takes too long, and is then killed.
    pub async fn frame(&self, film: &NamedTempFile, media: Media, side: u32) -> Option<Encoded> {
        let demuxer = demuxer(media)?;
        let frame = match tokio::time::timeout(self.wait, self.run(film, demuxer)).await {
            Ok(Ok(frame)) => frame,
            Ok(Err(error)) => {
                tracing::debug!(%error, "no picture of a film");
                return None;
            }
            Err(_) => {
                tracing::warn!(wait = ?self.wait, "ffmpeg took too long and was killed");
                return None;
            }
        };
        let scaled = move || picture::fitted(Cursor::new(frame), Fit::Inside(side));
        let scaled: Result<Encoded, Failure> = tokio::task::spawn_blocking(scaled).await.ok()?;
        scaled.ok()
    }

    /// Runs the program. Dropping the future kills it.
    async fn run(&self, film: &NamedTempFile, demuxer: &str) -> io::Result<Vec<u8>> {
        let mut child = Command::new(&self.program)
            .args(["-nostdin", "-v", "error", "-threads", "1"])
            // The demuxer is named, and may open files only: a playlist in disguise fetches nothing.
            .args([
                "-protocol_whitelist",
                "file",
                "-max_pixels",
                FRAME_PIXELS_MAX,
                "-f",
                demuxer,
            ])
            .arg("-i")
            .arg(film.path())
            .args(["-map", "0:v:0", "-frames:v", "1", "-an", "-sn", "-dn"])
            .args(["-c:v", "png", "-f", "image2pipe", "pipe:1"])
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let mut frame = Vec::new();
        if let Some(out) = child.stdout.take() {
            out.take(FRAME_BYTES_MAX).read_to_end(&mut frame).await?;
        }
        let status = child.wait().await?;
        if !status.success() || frame.is_empty() {
            return Err(io::Error::other(format!("ffmpeg ended with {status}")));
        }
        Ok(frame)
    }
}

/// The demuxer for a type of film; `None` for what is no film.
fn demuxer(media: Media) -> Option<&'static str> {
    match media.mime {
        "video/mp4" | "video/quicktime" | "video/3gpp" => Some("mov"),
        "video/webm" | "video/x-matroska" => Some("matroska"),
        "video/x-msvideo" => Some("avi"),
        _ => None,
    }
}
