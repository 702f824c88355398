//! The command line: arguments in, exit code out.

use clap::{Parser, Subcommand};
use roost::boot::{self, BootError};
use roost::config::{self, Config, Loaded};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Parser)]
#[command(
    version,
    about = "A realtime chat node that serves four chat APIs over one core",
    after_help = "Exit codes: 0 after SIGTERM or SIGINT, 2 for a fault in the configuration or data directory, \
                  3 when an address cannot be bound, 4 when the database cannot be opened, 1 for anything else."
)]
struct Arguments {
    /// A TOML file that goes over the defaults; environment variables ROOST__SECTION__KEY go over it.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Run the node (the default).
    Run {
        /// Which node of the cluster file this is; the file is cluster.toml here unless cluster.file says otherwise.
        #[arg(long, value_name = "ID")]
        node: Option<String>,
    },
    /// Validate the configuration and print it, secrets masked.
    Check {
        /// Print the reference of all keys with their defaults instead.
        #[arg(long)]
        reference: bool,
    },
    /// Bring the database up to date and name what was applied.
    Migrate,
    /// Print what a socket is sent, a line for each frame.
    Listen(roost::listen::Options),
    /// Look at a cluster that runs.
    Cluster {
        #[command(subcommand)]
        command: roost::boot::operate::ClusterCommand,
    },
    /// Put load on a node and check everything it says.
    Bench(roost::bench::Options),
}

#[expect(clippy::print_stdout, reason = "what commands print is their result")]
fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match &arguments.command {
        None | Some(Command::Run { .. }) => configured(&arguments, |loaded| boot::run(&loaded.config)),
        Some(Command::Check { reference: true }) => {
            print!("{}", config::reference());
            ExitCode::SUCCESS
        }
        Some(Command::Check { .. }) => configured(&arguments, |loaded| {
            print!("{}", config::effective(loaded));
            Ok(())
        }),
        Some(Command::Migrate) => configured(&arguments, |loaded| migrate(&loaded.config)),
        Some(Command::Listen(options)) => roost::listen::run(options),
        Some(Command::Cluster { command }) => roost::boot::operate::run(command),
        Some(Command::Bench(options)) => roost::bench::run(options),
    }
}

/// Acts with a valid configuration.
fn configured(arguments: &Arguments, act: impl FnOnce(&Loaded) -> Result<(), BootError>) -> ExitCode {
    match loaded(arguments) {
        Some(loaded) => ended(act(&loaded)),
        None => ExitCode::from(2),
    }
}

#[expect(clippy::print_stdout, reason = "what commands print is their result")]
fn migrate(config: &Config) -> Result<(), BootError> {
    let applied = boot::migrate(config)?;
    if applied.is_empty() {
        println!("the database is up to date");
    }
    for name in applied {
        println!("applied {name}");
    }
    Ok(())
}

#[expect(clippy::print_stderr, reason = "why a command failed is for whoever typed it")]
fn ended(result: Result<(), BootError>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("roost: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}

#[expect(
    clippy::print_stderr,
    reason = "logging starts only with a valid configuration"
)]
fn loaded(arguments: &Arguments) -> Option<Loaded> {
    let mut environment: BTreeMap<OsString, OsString> = std::env::vars_os().collect();
    if let Some(Command::Run { node: Some(node) }) = &arguments.command {
        environment.insert("ROOST__CLUSTER__NODE".into(), node.into());
        environment
            .entry("ROOST__CLUSTER__FILE".into())
            .or_insert_with(|| "cluster.toml".into());
    }
    match config::load(arguments.config.as_deref(), environment.into_iter()) {
        Ok(loaded) => Some(loaded),
        Err(errors) => {
            for error in errors {
                eprintln!("roost: {error}");
            }
            None
        }
    }
}
