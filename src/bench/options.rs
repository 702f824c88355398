//! The arguments of `roost bench`.

use super::figures::Bound;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Put load on a node and check everything it says.
#[derive(Args, Debug)]
pub struct Options {
    #[command(subcommand)]
    pub mode: Mode,
    #[command(flatten)]
    pub common: Common,
}

/// Where a node of the tool's own keeps its data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Engine {
    #[default]
    Sqlite,
    Postgres,
}

impl Engine {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Engine::Sqlite => "sqlite",
            Engine::Postgres => "postgres",
        }
    }
}

/// What every mode takes.
#[derive(Args, Debug)]
pub struct Common {
    /// The node to load, as http://HOST:PORT, instead of one of the tool's own. Its limits should be off. Given several
    /// times: nodes of one cluster; the first is posted to and measured, groups are made so that they live there, and
    /// sockets are spread over all.
    #[arg(long, global = true, value_name = "URL")]
    pub url: Vec<String>,
    /// The admin token of that node.
    #[arg(long, global = true, value_name = "TOKEN", requires = "url")]
    pub admin_token: Option<String>,
    /// Load a node that is not on this machine.
    #[arg(long, global = true)]
    pub allow_remote: bool,
    /// The storage of the tool's own node.
    #[arg(long, global = true, value_enum, default_value_t)]
    pub storage: Engine,
    /// A PostgreSQL server on which a database for the run can be made, as postgres://USER@HOST:PORT/NAME.
    #[arg(long, global = true, value_name = "URL")]
    pub postgres_url: Option<String>,
    /// Leave the folder of the run, with the node's data and log, and say where it is.
    #[arg(long, global = true)]
    pub keep: bool,
    /// Threads of the tool's own node that serve connections; its default when left out.
    #[arg(long, global = true, value_name = "N")]
    pub workers: Option<usize>,
    /// Also measure the bare minimum in the same run, turn by turn, and print the ratio to it.
    #[arg(long, global = true)]
    pub baseline: bool,
    /// Rounds of measuring; figures are their medians.
    #[arg(long, global = true, value_name = "N", default_value_t = 3)]
    pub rounds: usize,
    /// How long a round sends.
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 3.0)]
    pub seconds: f64,
    /// The length of a message, in bytes.
    #[arg(long, global = true, value_name = "BYTES", default_value_t = 128)]
    pub body: usize,
    /// Print JSON instead of a table.
    #[arg(long, global = true)]
    pub json: bool,
    /// Fail when a figure's median is beyond a bound, as in `ack_p50_ms<=4`. May be repeated.
    #[arg(long = "require", global = true, value_name = "FIGURE<=NUMBER")]
    pub bounds: Vec<Bound>,
}

#[derive(Subcommand, Debug)]
pub enum Mode {
    /// Many conversations at once: each client posts into one of its own.
    Post {
        /// Clients that post, each on a connection of its own.
        #[arg(long, default_value_t = 64)]
        clients: usize,
        /// Members of each conversation; 2 are a direct one.
        #[arg(long, default_value_t = 2)]
        members: usize,
        /// Posts a second over all clients, whatever the answers take (open loop). Otherwise each client posts as
        /// soon as it has its answer (closed loop).
        #[arg(long, value_name = "PER_SECOND")]
        rate: Option<f64>,
        /// Nobody listens on a socket: what was posted is looked for in history alone.
        #[arg(long)]
        no_sockets: bool,
    },
    /// One room with many members on sockets.
    Fanout {
        #[arg(long, default_value_t = 1_000)]
        members: usize,
        /// Messages that are on their way to somebody at any time.
        #[arg(long, default_value_t = 1)]
        in_flight: usize,
    },
    /// A crowd of accounts and groups in the database: what people look at, and how long that takes.
    People {
        #[arg(long, default_value_t = 1_000_000)]
        accounts: i64,
        #[arg(long, default_value_t = 10_000)]
        groups: i64,
        /// Clients that ask at the same time, each as soon as it has its answer.
        #[arg(long, default_value_t = 4)]
        clients: usize,
    },
    /// Open sessions that do nothing.
    Idle {
        #[arg(long, default_value_t = 10_000)]
        sessions: usize,
    },
    /// A recorded conversation: every nick an account on a socket of its own, all in one group.
    Replay {
        /// Lines `[HH:MM] <nick> text`, `[HH:MM]  * nick does` and `=== nick is now known as other`.
        file: PathBuf,
        /// Kill the node half-way and start it again; senders repeat what was not acknowledged.
        #[arg(long)]
        kill_half: bool,
    },
    /// The journal's store without the node: rows a second by size of batch.
    Journal {
        /// Rooms over which the rows of a batch are spread.
        #[arg(long, default_value_t = 1)]
        rooms: usize,
    },
    /// Kill the node under load, again and again: what it acknowledged must be there.
    Crash {
        #[arg(long, default_value_t = 20)]
        times: usize,
        /// Clients that post, each into a conversation of its own.
        #[arg(long, default_value_t = 16)]
        clients: usize,
    },
    /// The bare server that the others are compared with. Started by them.
    #[command(hide = true)]
    BareServer,
}
