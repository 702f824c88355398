//! The README's tour, word for word, against a fresh node: what it shows is what one gets.

#[path = "harness/mod.rs"]
mod harness;

use harness::{Server, Storage};
use std::os::unix::fs::symlink;
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;

const README: &str = include_str!("../README.md");
const HEADING: &str = "## A tour in five minutes";
/// What the tour writes where a part is different each time.
const VARIES: char = '…';
/// Where the tour's node listens.
const ADDRESS: &str = "127.0.0.1:8080";
/// The tour takes no longer, or it hangs.
const TOUR: Duration = Duration::from_secs(120);

/// Commands, and what they print, if the README says.
#[derive(Debug, PartialEq, Eq)]
struct Step {
    commands: String,
    output: Option<String>,
}

/// The steps of a section: each `sh` block, with the `text` block after it.
fn steps(readme: &str, heading: &str) -> Vec<Step> {
    let (_, rest) = readme.split_once(heading).expect("the heading");
    let section = rest.split("\n## ").next().unwrap_or_default();
    let mut steps: Vec<Step> = Vec::new();
    for block in section.split("```").skip(1).step_by(2) {
        let (language, text) = block.split_once('\n').unwrap_or_default();
        match language {
            "sh" => steps.push(Step {
                commands: text.to_owned(),
                output: None,
            }),
            "text" => {
                let step = steps.last_mut().expect("commands before what they print");
                assert_eq!(step.output, None, "two outputs of {}", step.commands);
                step.output = Some(text.to_owned());
            }
            other => panic!("a block of {other:?} in the tour"),
        }
    }
    steps
}

/// Whether a line is as shown, with anything where the README says that it varies.
fn is_as_shown(line: &str, shown: &str) -> bool {
    let mut pieces = shown.split(VARIES);
    let Some(mut rest) = line.strip_prefix(pieces.next().unwrap_or_default()) else {
        return false;
    };
    let mut last = None;
    for piece in pieces {
        last = Some(piece);
        match rest.find(piece) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    rest.is_empty() || last.is_some_and(|piece| piece.is_empty() || line.ends_with(piece))
}

#[test]
fn what_varies_is_passed_over_and_nothing_else() {
    for (line, shown) in [
        ("abc", "abc"),
        ("a-1-b", "a-…-b"),
        ("a1", "a…"),
        ("xxb", "…b"),
        ("a12b34b", "a…b"),
    ] {
        assert!(is_as_shown(line, shown), "{line} {shown}");
    }
    for (line, shown) in [
        ("abc", "ab"),
        ("ab", "abc"),
        ("a-1-c", "a-…-b"),
        ("b", "a…"),
        ("a1bx", "a…b"),
    ] {
        assert!(!is_as_shown(line, shown), "{line} {shown}");
    }
}

#[test]
fn the_readme_has_its_two_commands() {
    let blocks: Vec<&str> = README
        .split("```sh\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect();
    assert!(
        blocks.contains(&"cargo run --release\n") && blocks.contains(&"scripts/test\n"),
        "{blocks:?}"
    );
}

#[tokio::test]
async fn the_tour_works_word_for_word() {
    let mut steps = steps(README, HEADING);
    let start = steps.remove(0);
    let (settings, _) = start
        .commands
        .split_once(" cargo run --release")
        .expect("the node's start");
    assert_eq!(
        settings, "ROOST__NOTIFY__OUTBOX=data/outbox.jsonl",
        "the harness gives the node what the tour does"
    );
    let server = Server::start_with(Storage::Sqlite, &[("ROOST__LIMITS__ENABLED", "true")]).await;

    // The folder as the tour finds it after the build, with the node's data in it.
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir_all(folder.path().join("target/release")).expect("a folder");
    std::fs::create_dir(folder.path().join("data")).expect("a folder");
    symlink(server.outbox(), folder.path().join("data/outbox.jsonl")).expect("the outbox");
    symlink(
        env!("CARGO_BIN_EXE_roost"),
        folder.path().join("target/release/roost"),
    )
    .expect("the program");

    let end = "-- the end of a step --";
    let script: String = steps
        .iter()
        .map(|step| format!("{}\necho '{end}'\n", step.commands))
        .collect();
    let script = script.replace(ADDRESS, &server.address.to_string());
    let tour = Command::new("bash")
        .args(["-c", &script])
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(TOUR, tour)
        .await
        .expect("the tour ends")
        .expect("bash");
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaints = String::from_utf8_lossy(&output.stderr).into_owned();
    let printed: Vec<&str> = printed.split(&format!("{end}\n")).collect();
    assert_eq!(printed.len(), steps.len() + 1, "{printed:?}\n{complaints}");
    let mut shown_steps = 0;
    for (step, printed) in steps.iter().zip(printed) {
        let Some(shown) = &step.output else { continue };
        shown_steps += 1;
        let (lines, shown): (Vec<&str>, Vec<&str>) = (printed.lines().collect(), shown.lines().collect());
        let same = lines.len() == shown.len()
            && lines
                .iter()
                .zip(&shown)
                .all(|(line, shown)| is_as_shown(line, shown));
        assert!(
            same,
            "{}\nprints\n{printed}\nand not\n{}\n{complaints}",
            step.commands,
            shown.join("\n")
        );
    }
    assert!(
        shown_steps >= 5,
        "the tour shows what happens in {shown_steps} steps only"
    );
}
