//! The command line: arguments in, exit code out.

use clap::{Parser, Subcommand};
use roost::config::{self, Loaded};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Parser)]
#[command(
    version,
    about = "A realtime chat node that serves four chat APIs over one core"
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
    /// Validate the configuration and print it, secrets masked.
    Check {
        /// Print the reference of all keys with their defaults instead.
        #[arg(long)]
        reference: bool,
    },
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
    print!("{}", config::effective(&loaded));
    ExitCode::SUCCESS
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
