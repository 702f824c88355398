//! The command line: arguments in, exit code out.

use clap::{Parser, Subcommand};
use roost::boot::{self, BootError};
use roost::config::{self, Config, Loaded};
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
    Run,
    /// Validate the configuration and print it, secrets masked.
    Check {
        /// Print the reference of all keys with their defaults instead.
        #[arg(long)]
        reference: bool,
    },
    /// Bring the database up to date and name what was applied.
    Migrate,
}

#[expect(clippy::print_stdout, reason = "what commands print is their result")]
fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(Command::Check { reference: true }) = arguments.command {
        print!("{}", config::reference());
        return ExitCode::SUCCESS;
    }
    let Some(loaded) = loaded(&arguments) else {
        return ExitCode::from(2);
    };
    match arguments.command {
        None | Some(Command::Run) => ended(boot::run(&loaded.config)),
        Some(Command::Check { .. }) => {
            print!("{}", config::effective(&loaded));
            ExitCode::SUCCESS
        }
        Some(Command::Migrate) => ended(migrate(&loaded.config)),
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
    match config::load(arguments.config.as_deref(), std::env::vars_os()) {
        Ok(loaded) => Some(loaded),
        Err(errors) => {
            for error in errors {
                eprintln!("roost: {error}");
            }
            None
        }
    }
}
