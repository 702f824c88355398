//! `roost bench` end to end: every mode, short, with a node of its own on both storages, finds nothing wrong.

use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, Output};

/// Names a PostgreSQL server where databases may be made, as `scripts/test` sets it.
const SERVER: &str = "ROOST_TEST_POSTGRES";

/// Runs the tool with these arguments on a storage.
fn bench(storage: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_roost"));
    command
        .arg("bench")
        .args(arguments)
        .args(["--json", "--storage", storage]);
    if storage == "postgres" {
        let url = std::env::var(SERVER)
            .unwrap_or_else(|_| panic!("{SERVER} is not set: run scripts/test, or name a server"));
        command.args(["--postgres-url", &url]);
    }
    command.output().expect("the tool starts")
}

/// The report of a run that must find nothing wrong.
fn good(storage: &str, arguments: &[&str]) -> Value {
    let output = bench(storage, arguments);
    let (said, told) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{}\n{said}\n{told}", output.status);
    let report: Value = serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"));
    assert_eq!(report["good"], true, "{report:#}");
    report
}

fn median(report: &Value, figure: &str) -> f64 {
    let value = report["figures"][figure]["median"].as_f64();
    value.unwrap_or_else(|| panic!("no {figure} in {report:#}"))
}

/// Runs each scenario, a `fn(&str)`, on both storages as tests of its name.
macro_rules! on_both_storages {
    ($($scenario:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[test]
            fn $scenario() {
                super::$scenario("sqlite");
            })+
        }
        mod on_postgres {
            $(#[test]
            fn $scenario() {
                super::$scenario("postgres");
            })+
        }
    };
}

on_both_storages!(
    direct_conversations_as_answers_come,
    small_groups_at_a_rate,
    a_room_with_many_members,
    idle_sessions,
    the_journal_alone,
    death_under_load,
);

const SHORT: [&str; 4] = ["--seconds", "0.5", "--rounds", "1"];

fn direct_conversations_as_answers_come(storage: &str) {
    let report = good(storage, &[&["post", "--clients", "4"], SHORT.as_slice()].concat());
    assert!(median(&report, "acknowledged_per_s") > 0.0);
    assert!(median(&report, "deliveries_per_s") > 0.0);
    assert!(median(&report, "delivery_p50_ms") > 0.0);
}

fn small_groups_at_a_rate(storage: &str) {
    let groups = [
        "post",
        "--clients",
        "3",
        "--members",
        "4",
        "--rate",
        "60",
        "--baseline",
    ];
    let report = good(storage, &[groups.as_slice(), SHORT.as_slice()].concat());
    let (acks, deliveries) = (
        median(&report, "acknowledged_per_s"),
        median(&report, "deliveries_per_s"),
    );
    assert!((20.0..=80.0).contains(&acks), "{acks} a second were due 60");
    assert!(
        deliveries > acks,
        "{deliveries} deliveries of {acks} messages to 4 members"
    );
    assert!(median(&report, "ack_p50_to_bare_commit_at_rate") > 0.0);
}

fn a_room_with_many_members(storage: &str) {
    for in_flight in ["1", "4"] {
        let room = [
            "fanout",
            "--members",
            "40",
            "--in-flight",
            in_flight,
            "--baseline",
        ];
        let report = good(storage, &[room.as_slice(), SHORT.as_slice()].concat());
        let each = median(&report, "deliveries_per_s") / median(&report, "acknowledged_per_s");
        assert!((each - 40.0).abs() < 0.01, "{each} deliveries of each message");
        assert!(median(&report, "bare_deliveries_per_s") > 0.0);
    }
}

fn idle_sessions(storage: &str) {
    let report = good(
        storage,
        &[&["idle", "--sessions", "50"], SHORT.as_slice()].concat(),
    );
    assert!(median(&report, "rss_bytes") > 0.0);
}

fn the_journal_alone(storage: &str) {
    let short = ["journal", "--rooms", "3", "--seconds", "0.1", "--rounds", "1"];
    let report = good(storage, &short);
    assert!(median(&report, "rows_at_100_to_1") > 1.0);
}

fn death_under_load(storage: &str) {
    let report = good(storage, &["crash", "--times", "2", "--clients", "3"]);
    assert!(median(&report, "acknowledged") > 0.0);
    assert_eq!(report["facts"]["kills"], "2");
}

/// A real conversation; scripts/bench replays all of it.
const CONVERSATION: &str = include_str!("data/ubuntu-irc-2008-07-14.txt");
/// The lines of it that are replayed here, with a rename among them.
const LINES: usize = 60;

#[test]
fn a_recorded_conversation_is_the_same_on_both_storages_and_after_a_death() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file: PathBuf = folder.path().join("log.txt");
    let text: String = CONVERSATION.split_inclusive('\n').take(LINES).collect();
    assert!(text.contains("is now known as"));
    std::fs::write(&file, text).expect("the log is written");
    let file = file.to_str().expect("a path in UTF-8");
    let mut digests = Vec::new();
    for storage in ["sqlite", "postgres"] {
        for more in [&[][..], &["--kill-half"]] {
            let report = good(storage, &[&["replay", file], more].concat());
            let nicks = report["facts"]["nicks, each on a socket"]
                .as_str()
                .unwrap_or_default();
            let nicks: usize = nicks.parse().expect("a number of nicks");
            assert_eq!(median(&report, "deliveries"), (LINES * nicks) as f64);
            digests.push(report["facts"]["history sha256"].clone());
        }
    }
    assert!(digests[0].as_str().is_some_and(|digest| digest.len() == 64));
    assert!(digests.iter().all(|digest| *digest == digests[0]), "{digests:?}");
}

#[test]
fn a_bound_that_does_not_hold_fails_the_run() {
    let bounded = [
        "idle",
        "--sessions",
        "2",
        "--seconds",
        "0.1",
        "--rounds",
        "1",
        "--require",
        "rss_bytes<=1",
    ];
    let output = bench("sqlite", &bounded);
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
    assert_eq!(report["good"], false);
    let failure = report["failures"][0].as_str().unwrap_or_default();
    assert!(failure.starts_with("rss_bytes<=1 does not hold"), "{failure}");
}

#[test]
fn a_run_that_cannot_be_made_says_why() {
    for (arguments, why) in [
        (["replay", "/nowhere/log.txt"].as_slice(), "/nowhere/log.txt"),
        (&["post", "--url", "http://192.0.2.1:80"], "--allow-remote"),
        (&["fanout", "--members", "1"], "three members"),
    ] {
        let output = bench("sqlite", arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(told.contains(why), "{arguments:?}: {told}");
    }
}
