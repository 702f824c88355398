//! Runs seeds: many that must keep every promise, one at will, and worlds with a planted defect that must be found.

use super::checks::Tally;
use super::plan::{Broken, Plan};
use super::town::{self, Report};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, Once, PoisonError};

/// How many seeds run unless `ROOST_SIM_SEEDS` says otherwise: some twenty seconds of two processors, unoptimised.
const SEEDS: u64 = 250;
/// Lines of a failing seed's trace that are printed, at most.
const TRACE_LINES_MAX: usize = 400;

thread_local! {
    /// Panics of actors, which the runtime swallows.
    static PANICS: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

/// Has panics of a simulated node noted instead of printed.
fn note_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let noted = PANICS.with_borrow_mut(|panics| {
                panics
                    .as_mut()
                    .map(|panics| panics.push(panic.to_string()))
                    .is_some()
            });
            if !noted {
                before(panic);
            }
        }));
    });
}

fn run(seed: u64, broken: Option<Broken>, traced: bool) -> Report {
    note_panics();
    PANICS.set(Some(Vec::new()));
    let plan = Plan::of(seed, broken);
    let lived = catch_unwind(AssertUnwindSafe(|| {
        let runtime = || {
            tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .start_paused(true)
                .build()
                .expect("a runtime")
        };
        actix::System::with_tokio_rt(runtime).block_on(town::live(plan, traced))
    }));
    let panics = PANICS.take().unwrap_or_default();
    let mut report = lived.unwrap_or_else(|_| Report {
        wrong: Some("the world ended".to_owned()),
        tally: Tally::default(),
        trace: Vec::new(),
    });
    if let Some(panic) = panics.first() {
        report.wrong = Some(format!("something panicked: {panic}"));
    }
    report
}

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name} is not a number: {text}")),
    )
}

/// The whole story of a seed that failed.
fn story(seed: u64, broken: Option<Broken>, lines_max: usize) -> String {
    let Report { wrong, trace, .. } = run(seed, broken, true);
    let wrong = wrong.unwrap_or_else(|| "nothing, when run again".to_owned());
    let skipped = trace.len().saturating_sub(lines_max);
    format!(
        "seed {seed} ({:?}): {wrong}\n… {skipped} steps before\n{}\nseed {seed}: {wrong}\nagain: ROOST_SIM_SEED={seed}",
        Plan::of(seed, broken),
        trace[skipped..].join("\n"),
    )
}

/// What came of many seeds.
#[derive(Default)]
struct Survey {
    ran: u64,
    tally: Tally,
    /// Failing seeds, and why.
    failed: BTreeMap<u64, String>,
}

/// Runs seeds on every processor, up to the first that fails or, if `all`, to the end.
fn survey(seeds: u64, broken: Option<Broken>, all: bool) -> Survey {
    let (next, failed) = (AtomicU64::new(0), AtomicU64::new(u64::MAX));
    let survey = Mutex::new(Survey::default());
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds || (!all && failed.load(Ordering::Relaxed) < seed) {
                        return;
                    }
                    let report = run(seed, broken, false);
                    let mut survey = survey.lock().unwrap_or_else(PoisonError::into_inner);
                    survey.ran += 1;
                    survey.tally.add(&report.tally);
                    if let Some(why) = report.wrong {
                        survey.failed.insert(seed, why);
                        failed.fetch_min(seed, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    survey.into_inner().unwrap_or_else(PoisonError::into_inner)
}

impl Tally {
    fn add(&mut self, other: &Tally) {
        let Tally {
            stored,
            acknowledged,
            refused,
            unknown,
            shown,
            asked,
            read_back,
            fenced,
            activations,
            faults,
        } = other;
        self.stored += stored;
        self.acknowledged += acknowledged;
        self.refused += refused;
        self.unknown += unknown;
        self.shown += shown;
        self.asked += asked;
        self.read_back += read_back;
        self.fenced += fenced;
        self.activations += activations;
        self.faults += faults;
    }
}

#[test]
#[expect(clippy::print_stderr, reason = "the figures of the run")]
fn every_seed_keeps_every_promise() {
    let seeds = number("ROOST_SIM_SEEDS").unwrap_or(SEEDS);
    let all = number("ROOST_SIM_ALL").is_some();
    let Survey { ran, tally, failed } = survey(seeds, None, all);
    eprintln!("{ran} seeds: {tally:?}");
    if all {
        for (seed, why) in &failed {
            eprintln!("seed {seed}: {why}");
        }
    }
    if let Some((seed, _)) = failed.first_key_value() {
        panic!("{}", story(*seed, None, TRACE_LINES_MAX));
    }
    // A world in which nothing happens proves nothing.
    let Tally {
        stored,
        refused,
        asked,
        read_back,
        fenced,
        activations,
        faults,
        ..
    } = tally;
    for (what, count) in [
        ("stored", stored),
        ("refused", refused),
        ("asked", asked),
        ("read back", read_back),
        ("fenced", fenced),
        ("activations", activations),
        ("faults", faults),
    ] {
        assert!(count >= seeds / 20, "only {count} {what} in {seeds} seeds");
    }
}

/// The seed of `ROOST_SIM_SEED` if there is one, with its whole trace; the first ones otherwise. Each runs twice, and
/// does the same both times.
#[test]
fn one_seed_replays_exactly() {
    if let Some(seed) = number("ROOST_SIM_SEED") {
        let story = story(seed, None, usize::MAX);
        assert!(run(seed, None, false).wrong.is_none(), "{story}");
    }
    let chosen = number("ROOST_SIM_SEED").map_or(0..20, |seed| seed..seed + 1);
    let mut steps = 0;
    for seed in chosen {
        let (first, second) = (run(seed, None, true), run(seed, None, true));
        for (index, (one, other)) in first.trace.iter().zip(&second.trace).enumerate() {
            assert_eq!(one, other, "step {index} of seed {seed}");
        }
        assert_eq!(first.trace.len(), second.trace.len(), "the steps of seed {seed}");
        steps += first.trace.len();
    }
    assert!(steps > 100, "{steps} steps");
}

/// A planted defect must be found, and soon.
#[expect(clippy::print_stderr, reason = "the figures of the run")]
fn finds(broken: Broken) {
    const SEEDS_MAX: u64 = 1_000;
    let Survey { ran, failed, .. } = survey(SEEDS_MAX, Some(broken), false);
    let Some((seed, why)) = failed.first_key_value() else {
        panic!("{broken:?} was not found in {ran} seeds");
    };
    eprintln!("{broken:?} was found by seed {seed} of {ran}: {why}");
}

#[test]
fn a_store_that_takes_posts_of_stale_owners_is_found() {
    finds(Broken::NoFence);
}

#[test]
fn a_store_that_says_committed_before_it_is_is_found() {
    finds(Broken::AnswersEarly);
}

#[test]
fn rooms_taken_from_nodes_that_live_are_found() {
    finds(Broken::TakesFromTheLiving);
}

#[test]
fn a_store_that_forgets_client_tokens_is_found() {
    finds(Broken::ForgetsTokens);
}

#[test]
fn doubt_that_is_taken_for_absence_is_found() {
    finds(Broken::DoubtIsAbsence);
}

#[test]
fn nodes_that_die_within_their_leases_are_found() {
    finds(Broken::HastyDeaths);
}

#[test]
fn a_network_that_loses_the_ends_of_rooms_is_found() {
    finds(Broken::LosesTails);
}

#[test]
fn nodes_that_forget_who_follows_a_room_are_found() {
    finds(Broken::ForgetsInterest);
}

#[test]
fn rooms_that_give_a_seq_twice_are_found() {
    finds(Broken::GivesSeqsTwice);
}

#[test]
fn losses_of_what_accounts_were_told_are_found() {
    finds(Broken::HidesLosses);
}
