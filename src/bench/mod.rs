//! `roost bench`: puts load on a node over real HTTP and websockets, and checks all it says against what was sent.
//!
//! Where to look: a file for each mode (`post`, `fanout`, `people`, `idle`, `replay`, `journal`, `crash`); `ledger` decides what
//! is right; `receivers` and `client` are the two sides of the traffic; `bare` and `commit` are what a node is
//! compared with; `figures` is the report.

mod bare;
mod bulk;
mod client;
mod commit;
mod crash;
mod database;
mod fanout;
mod faults;
mod figures;
mod frames;
mod freeim;
mod http;
mod idle;
mod journal;
mod ledger;
mod log;
mod options;
mod people;
mod post;
mod progress;
mod receivers;
mod replay;
mod scene;
mod stamp;
mod target;
mod watch;

pub use faults::Faults;
pub use freeim::Item;
pub(crate) use http::Connection;
pub use ledger::{Ack, Ledger, Proof, ScriptLine};
pub use options::Options;
pub use stamp::Stamp;
pub(crate) use target::given_address;

use fanout::Fanning;
use figures::Report;
use indicatif::{ProgressBar, ProgressStyle};
use options::{Common, Mode};
use people::Crowd;
use post::Posting;
use std::process::ExitCode;
use std::time::Duration;
use watch::{Fallible, Trouble, Watch};

/// A run could not be made at all; 1 is a run that found something wrong.
const EXIT_TROUBLE: u8 = 2;
const BAR_TICK: Duration = Duration::from_millis(200);

/// Runs a mode and prints its report. Fails when anything was lost, doubled, reordered or out of bounds.
#[must_use]
#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what commands print is their result"
)]
pub fn run(options: &Options) -> ExitCode {
    let json = options.common.json;
    match measured(options) {
        Ok(None) => ExitCode::SUCCESS,
        Ok(Some(mut report)) => {
            report.check(&options.common.bounds);
            if json {
                println!("{:#}", report.json());
            } else {
                print!("{report}");
            }
            if report.is_good() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(trouble) => {
            eprintln!("roost bench: {trouble}");
            ExitCode::from(EXIT_TROUBLE)
        }
    }
}

/// Nothing to report is the bare server's end.
fn measured(options: &Options) -> Fallible<Option<Report>> {
    if matches!(options.mode, Mode::BareServer) {
        bare::serve()?;
        return Ok(None);
    }
    let bar = progress_bar();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let report = runtime.block_on(async {
        tokio::select! {
            report = measure(&options.mode, &options.common, &bar) => report,
            // What was started ends as the run is dropped.
            _ = tokio::signal::ctrl_c() => Err(Trouble::new("interrupted")),
        }
    });
    bar.finish_and_clear();
    report.map(Some)
}

async fn measure(mode: &Mode, common: &Common, bar: &ProgressBar) -> Fallible<Report> {
    let watch = Watch::start();
    match mode {
        Mode::Post {
            clients,
            members,
            rate,
            no_sockets,
        } => {
            let posting = Posting {
                clients: *clients,
                members: *members,
                rate: *rate,
                sockets: !no_sockets,
            };
            post::run(posting, common, watch, bar).await
        }
        Mode::Fanout { members, in_flight } => {
            let fanning = Fanning {
                members: *members,
                in_flight: *in_flight,
            };
            fanout::run(fanning, common, watch, bar).await
        }
        Mode::People {
            accounts,
            groups,
            clients,
        } => {
            let crowd = Crowd {
                accounts: *accounts,
                groups: *groups,
                clients: *clients,
            };
            people::run(crowd, common, watch, bar).await
        }
        Mode::Idle { sessions } => idle::run(*sessions, common, watch, bar).await,
        Mode::Replay { file, kill_half } => replay::run(file, *kill_half, common, watch, bar).await,
        Mode::Journal { rooms } => journal::run(*rooms, common, watch, bar).await,
        Mode::Crash { times, clients } => crash::run(*times, *clients, common, watch, bar).await,
        Mode::BareServer => Err(Trouble::new("the bare server reports nothing")),
    }
}

/// On standard error, and only when that is a terminal.
fn progress_bar() -> ProgressBar {
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {bar:30} {pos}/{len} {elapsed}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(BAR_TICK);
    bar
}
