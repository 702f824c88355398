//! `idle`: open sessions that do nothing, and what each of them costs the node in memory.

use super::bare::BareServer;
use super::figures::Report;
use super::options::Common;
use super::target::Target;
use super::watch::{Fallible, Watch};
use indicatif::ProgressBar;
use std::net::TcpStream;
use std::time::Duration;

/// Between two shows of progress.
const SHOWN_EVERY: usize = 100;

pub async fn run(sessions: usize, common: &Common, watch: Watch, bar: &ProgressBar) -> Fallible<Report> {
    let mut report = Report::new("idle");
    let mut target = Target::prepare(common, watch, &mut report).await?;
    report.fact("sessions", sessions);
    bar.set_message("making accounts");
    let users = target.accounts(sessions).await?;
    let settle = Duration::from_secs_f64(common.seconds);
    // One session first: what the node needs to serve any at all is not their cost.
    let warm = target.open_socket(&users[0])?;
    tokio::time::sleep(settle).await;
    let before = target.resident_bytes().await?;
    bar.set_length(sessions as u64);
    let began = watch.elapsed();
    let mut sockets = vec![warm.0];
    for (index, user) in users.iter().enumerate().skip(1) {
        sockets.push(target.open_socket(user)?.0);
        if index % SHOWN_EVERY == 0 {
            bar.set_position(index as u64);
        }
    }
    let seconds = (watch.elapsed() - began).as_secs_f64();
    report.add("sessions_opened_per_s", "1/s", (sessions - 1) as f64 / seconds);
    for _ in 0..common.rounds {
        tokio::time::sleep(settle).await;
        let cpu = target.cpu_seconds().await?;
        tokio::time::sleep(settle).await;
        let resident = target.resident_bytes().await?;
        report.add(
            "rss_bytes_per_session",
            "B",
            (resident - before) / (sessions - 1) as f64,
        );
        report.add("rss_bytes", "B", resident);
        let busy = (target.cpu_seconds().await? - cpu) / common.seconds;
        report.add("idle_cpu_share", "", busy);
    }
    let ended = sockets.iter().filter(|socket| has_ended(socket)).count();
    if ended > 0 {
        report.failures.push(format!("{ended} idle sessions were ended"));
    }
    if common.baseline {
        drop(sockets);
        compare(sessions, settle, &mut report).await?;
    }
    Ok(report)
}

/// Whether the other side closed an idle socket, or it broke.
fn has_ended(socket: &TcpStream) -> bool {
    let mut byte = [0];
    match socket.peek(&mut byte) {
        Ok(length) => length == 0,
        Err(error) => error.kind() != std::io::ErrorKind::WouldBlock,
    }
}

/// The same sockets on the bare server.
async fn compare(sessions: usize, settle: Duration, report: &mut Report) -> Fallible<()> {
    let server = BareServer::start().await?;
    let before = server.resident_bytes()?;
    let opened: Result<Vec<_>, _> = (0..sessions).map(|_| server.open_socket()).collect();
    tokio::time::sleep(settle).await;
    let bytes = (server.resident_bytes()? - before) / sessions as f64;
    drop(opened?);
    report.add("bare_rss_bytes_per_session", "B", bytes);
    Ok(())
}
