//! A room's rules, told as transcripts: see [`play`] for the language.

mod batching;
mod board;
mod files;
mod membership;
mod people;
mod play;
mod posting;
mod random;
mod settings;
mod shown;
mod trouble;
mod words;

use play::Play;

/// Plays a script in the group of ann (owner), max (manager) and bob, and compares what came of it.
/// What comes before `|` is played first and not compared.
#[track_caller]
fn check(script: &str, expected: &str) {
    compare(Play::group(), script, expected);
}

/// The same in the direct room of ann and bob.
#[track_caller]
fn check_direct(script: &str, expected: &str) {
    compare(Play::direct(), script, expected);
}

#[track_caller]
fn compare(mut play: Play, script: &str, expected: &str) {
    let (before, script) = script.split_once('|').unwrap_or(("", script));
    play.run(before);
    play.log.clear();
    play.run(script);
    let log = play.log.join("; ");
    assert_eq!(log, expected, "\nscript: {script}\n");
}

/// Every row is a script and what comes of it.
#[track_caller]
fn check_all(rows: &[(&str, &str)]) {
    for (script, expected) in rows {
        check(script, expected);
    }
}
