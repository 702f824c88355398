//! `roost listen`: prints what a socket is sent, a line for each frame.

use clap::Args;
use futures_util::StreamExt;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;
use thiserror::Error;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::http::header::AUTHORIZATION;
use tokio_tungstenite::tungstenite::{self, Message};

/// The socket could not be opened; 1 is a socket that ended before it said what was waited for.
const EXIT_NOT_OPENED: u8 = 2;

/// Print what a socket is sent, a line for each frame.
#[derive(Args, Debug)]
pub struct Options {
    /// The socket, as ws://HOST:PORT/PATH.
    url: String,
    /// Sent in the header Authorization of the handshake.
    #[arg(long, value_name = "TOKEN")]
    token: Option<String>,
    /// End after the first frame that contains this text; fail when the socket ends before.
    #[arg(long, value_name = "TEXT")]
    until: Option<String>,
    /// End after so long.
    #[arg(long, value_name = "SECONDS")]
    seconds: Option<u64>,
}

#[derive(Debug, Error)]
enum ListenError {
    #[error("the token cannot be sent in a header")]
    Token,
    #[error("{0}")]
    Socket(#[from] tungstenite::Error),
    #[error("{0}")]
    Runtime(#[from] io::Error),
}

/// Listens until the socket ends or the options say so.
#[must_use]
#[expect(clippy::print_stderr, reason = "why a command failed is for whoever typed it")]
pub fn run(options: &Options) -> ExitCode {
    let ended = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(ListenError::from)
        .and_then(|runtime| runtime.block_on(listen(options)));
    match ended {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("roost listen: {}: {error}", options.url);
            ExitCode::from(EXIT_NOT_OPENED)
        }
    }
}

/// Whether it ended as it was asked to.
async fn listen(options: &Options) -> Result<bool, ListenError> {
    let listening = print_frames(options);
    match options.seconds {
        Some(seconds) => tokio::time::timeout(Duration::from_secs(seconds), listening)
            .await
            .unwrap_or(Ok(options.until.is_none())),
        None => listening.await,
    }
}

async fn print_frames(options: &Options) -> Result<bool, ListenError> {
    let mut request = options.url.as_str().into_client_request()?;
    if let Some(token) = &options.token {
        let value = HeaderValue::try_from(token).map_err(|_| ListenError::Token)?;
        request.headers_mut().insert(AUTHORIZATION, value);
    }
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await?;
    while let Some(message) = socket.next().await {
        let line = match message? {
            Message::Text(text) => text.as_str().to_owned(),
            Message::Binary(bytes) => format!("{} bytes", bytes.len()),
            Message::Close(Some(frame)) => format!("closed: {} {}", u16::from(frame.code), frame.reason),
            Message::Close(None) => "closed".to_owned(),
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => continue,
        };
        let is_read = print_line(&line)?;
        let is_waited_for = options.until.as_ref().is_some_and(|text| line.contains(text));
        if is_waited_for || !is_read {
            return Ok(true);
        }
    }
    Ok(options.until.is_none())
}

/// Prints and flushes. `false`: nobody reads any more.
fn print_line(line: &str) -> io::Result<bool> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{line}").and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error),
    }
}
