//! `roost cluster status`: what an operator wants to know of a cluster that runs, as a table or as JSON.

use crate::bench::{Connection, given_address};
use crate::console::{Home, Row, Status};
use clap::{Args, Subcommand};
use std::fmt::Write;
use std::process::ExitCode;
use thiserror::Error;

/// The node was not reached, or refused.
const EXIT_TROUBLE: u8 = 2;

#[derive(Debug, Subcommand)]
pub enum ClusterCommand {
    /// Print the members, what lives on each, and their links.
    Status(StatusOptions),
}

#[derive(Args, Debug)]
pub struct StatusOptions {
    /// Any node of the cluster.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// Its admin token; ROOST__ADMIN__TOKEN when left out.
    #[arg(long, value_name = "TOKEN")]
    admin_token: Option<String>,
    /// Print where this room lives, and under which epoch, instead.
    #[arg(long, value_name = "ID")]
    room: Option<i64>,
    /// Print JSON instead of a table.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Error)]
enum Trouble {
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("{0}")]
    Url(String),
    #[error("answered with {0}: {1}")]
    Refused(u16, String),
    #[error("the answer cannot be read: {0}")]
    Answer(#[from] serde_json::Error),
}

/// Asks a node and prints what it says. Fails when a member does not answer it.
#[must_use]
#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what commands print is their result"
)]
pub fn run(command: &ClusterCommand) -> ExitCode {
    let ClusterCommand::Status(options) = command;
    let asked = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Trouble::from)
        .and_then(|runtime| runtime.block_on(ask(options)));
    match asked {
        Ok((text, whole)) => {
            print!("{text}");
            if whole {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(trouble) => {
            eprintln!("roost cluster status: {}: {trouble}", options.url);
            ExitCode::from(EXIT_TROUBLE)
        }
    }
}

/// What is to be printed, and whether every member has answered.
async fn ask(options: &StatusOptions) -> Result<(String, bool), Trouble> {
    let address = given_address(&options.url, true).map_err(|error| Trouble::Url(error.to_string()))?;
    let path = match options.room {
        Some(room) => format!("/admin/api/v1/cluster/rooms/{room}"),
        None => "/admin/api/v1/cluster".to_owned(),
    };
    let token = options
        .admin_token
        .clone()
        .or_else(|| std::env::var("ROOST__ADMIN__TOKEN").ok());
    let bearer = format!("Bearer {}", token.unwrap_or_default());
    let answer = Connection::new(address).call("GET", &path, &bearer, "").await?;
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    if answer.status != 200 {
        return Err(Trouble::Refused(answer.status, text));
    }
    if options.room.is_some() {
        let home: Home = serde_json::from_str(&text)?;
        return Ok((if options.json { line(&text) } else { place(&home) }, true));
    }
    let status: Status = serde_json::from_str(&text)?;
    let whole = status.members.iter().all(|member| member.census.is_some());
    Ok((if options.json { line(&text) } else { table(&status) }, whole))
}

fn line(text: &str) -> String {
    format!("{}\n", text.trim_end())
}

fn place(home: &Home) -> String {
    format!(
        "room {} lives on {} under epoch {}: {} messages, {} members\n",
        home.room, home.node, home.epoch, home.last_seq, home.members
    )
}

const HEAD: [&str; 8] = [
    "node", "epoch", "state", "rooms", "users", "sessions", "http", "links",
];

fn cells(row: &Row) -> [String; 8] {
    let census = row.census.as_ref();
    let number = |value: Option<u64>| value.map_or_else(|| "?".to_owned(), |value| value.to_string());
    let state = match (census, row.draining) {
        (None, _) => "no answer",
        (_, true) => "drains",
        (_, false) => "serves",
    };
    [
        row.name.clone(),
        row.incarnation.to_string(),
        state.to_owned(),
        number(census.map(|census| census.rooms as u64)),
        number(census.map(|census| census.users as u64)),
        number(census.map(|census| census.sessions)),
        row.http.clone(),
        census.map_or_else(|| "?".to_owned(), |census| census.links.join(" ")),
    ]
}

fn table(status: &Status) -> String {
    if status.members.is_empty() {
        return "this node is alone: it has no cluster\n".to_owned();
    }
    let mut rows = vec![HEAD.map(str::to_owned)];
    rows.extend(status.members.iter().map(cells));
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let widths: [usize; 8] = std::array::from_fn(width);
    let mut text = String::new();
    for row in &rows {
        let padded = row
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:width$}"));
        let padded: Vec<String> = padded.collect();
        // Writing to a string does not fail.
        let _ = writeln!(text, "{}", padded.join("  ").trim_end());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::Census;

    #[test]
    fn a_member_is_a_line_and_one_that_does_not_answer_says_so() {
        let row = |name: &str, census| Row {
            name: name.to_owned(),
            incarnation: 7,
            http: "h:1".to_owned(),
            peer: "h:2".to_owned(),
            draining: false,
            census,
        };
        let census = Census {
            rooms: 3,
            users: 4,
            sessions: 5,
            followed_rooms: 0,
            followed_accounts: 0,
            links: vec!["b".to_owned()],
        };
        let status = Status {
            members: vec![row("a", Some(census)), row("b", None)],
        };
        let lines: Vec<String> = table(&status).lines().map(str::to_owned).collect();
        assert_eq!(
            lines,
            [
                "node  epoch  state      rooms  users  sessions  http  links",
                "a     7      serves     3      4      5         h:1   b",
                "b     7      no answer  ?      ?      ?         h:1   ?",
            ]
        );
        assert!(table(&Status { members: Vec::new() }).contains("alone"));
    }
}
