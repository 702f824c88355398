//! Whatever is asked in whatever order, and however the store answers: no hole, no ticket twice, none forgotten.

use super::play::Play;
use proptest::prelude::*;

/// A line of a script: what people wish for, and what the store does.
fn line() -> impl Strategy<Value = String> {
    let who = || prop::sample::select(vec!["ann", "bob", "cat", "dan", "eve", "max", "operator"]);
    let whom = || prop::sample::select(vec!["ann", "bob", "cat", "eve", "max"]);
    let wish = prop_oneof![
        8 => Just("posts hi".to_owned()),
        3 => prop::sample::select(vec!["posts one with k1", "posts two2 with k1", "posts one with k2"]).prop_map(str::to_owned),
        3 => Just("reads".to_owned()),
        2 => (1..30).prop_map(|n| format!("reads {n}")),
        2 => (1..30).prop_map(|n| format!("revokes {n}")),
        1 => whom().prop_map(|w| format!("adds {w}")),
        1 => whom().prop_map(|w| format!("invites {w}")),
        1 => whom().prop_map(|w| format!("kicks {w}")),
        1 => whom().prop_map(|w| format!("hands {w}")),
        1 => whom().prop_map(|w| format!("promotes {w}")),
        1 => whom().prop_map(|w| format!("mutes {w} 5")),
        1 => whom().prop_map(|w| format!("accepts {w}")),
        1 => whom().prop_map(|w| format!("denies {w}")),
        2 => prop::sample::select(vec!["applies", "enters", "leaves", "looks", "seats", "pages", "quiets", "renames x"])
            .prop_map(str::to_owned),
    ];
    prop_oneof![
        6 => (who(), wish).prop_map(|(who, wish)| format!("{who} {wish}")),
        1 => Just("wait 3".to_owned()),
    ]
}

/// How the store ends what it was asked, mostly well.
fn end() -> impl Strategy<Value = &'static str> {
    prop_oneof![12 => Just("commit"), 2 => Just("busy"), 2 => Just("refuse")]
}

/// Plays lines with the store held, ending what is asked now and then; then ends everything.
fn play(lines: &[(String, Option<&'static str>)], last: &'static str) -> Play {
    let mut play = Play::group();
    play.run("hold");
    for (line, end) in lines {
        play.run(line);
        if let Some(end) = end.filter(|_| !play.room.is_idle()) {
            play.run(end);
        }
    }
    if !play.room.is_idle() {
        play.run(last);
    }
    while !play.room.is_idle() {
        play.run("commit");
    }
    play
}

/// The seqs shown to everybody, in the order of the log.
fn shown(log: &[String]) -> Vec<i64> {
    let pushes = log.iter().filter_map(|entry| entry.strip_prefix("all< #"));
    let seqs = pushes.flat_map(|rest| rest.split(", #"));
    seqs.map(|push| push.split(' ').next().unwrap_or_default().parse().expect("a seq"))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    // `Play` itself asserts that no ticket is answered twice and that one thing is at the store at a time.
    #[test]
    fn every_request_is_answered_and_no_seq_is_missing(
        lines in prop::collection::vec((line(), prop::option::of(end())), 1..120),
    ) {
        let play = play(&lines, "commit");
        prop_assert_eq!(play.unanswered(), 0);
        let seqs = shown(&play.log);
        prop_assert_eq!(&seqs, &(1..=seqs.len() as i64).collect::<Vec<_>>());
        prop_assert_eq!(play.room.last_seq().0, seqs.len() as i64);
    }

    #[test]
    fn a_room_that_stops_answers_everybody_and_shows_nothing_more(
        lines in prop::collection::vec((line(), prop::option::of(Just("commit"))), 1..60),
        last in prop::sample::select(vec!["fence", "lose"]),
    ) {
        let mut play = play(&lines, last);
        prop_assert_eq!(play.unanswered(), 0);
        if play.log.iter().any(|entry| entry == "stop") {
            let stops = play.log.iter().filter(|entry| *entry == "stop").count();
            prop_assert_eq!(stops, 1);
            play.log.clear();
            play.run("ann posts hi; bob looks");
            prop_assert_eq!(&play.log, &["ann: Moved", "bob: Moved"]);
        }
    }
}
