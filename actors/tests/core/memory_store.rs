//! The store in memory passes the suites that every store must pass, and the suites list every case they have.

use roost_actors::port_suites;
use roost_actors::testkit::World;
use roost_actors::testkit::suite::Opened;

async fn open() -> Opened {
    Opened {
        ports: World::frozen().ports(),
        keep: Box::new(()),
    }
}

port_suites!(open);

#[test]
fn every_case_of_a_suite_is_listed_and_so_becomes_a_test() {
    let list = include_str!("../../src/testkit/suite/list.rs");
    let suites = [
        ("journal:", include_str!("../../src/testkit/suite/journal.rs")),
        (
            "journal_tokens:",
            include_str!("../../src/testkit/suite/journal_tokens.rs"),
        ),
        (
            "journal_counts:",
            include_str!("../../src/testkit/suite/journal_counts.rs"),
        ),
        (
            "journal_faults:",
            include_str!("../../src/testkit/suite/journal_faults.rs"),
        ),
        ("rooms:", include_str!("../../src/testkit/suite/rooms.rs")),
        (
            "rooms_changes:",
            include_str!("../../src/testkit/suite/rooms_changes.rs"),
        ),
        (
            "rooms_requests:",
            include_str!("../../src/testkit/suite/rooms_requests.rs"),
        ),
        (
            "rooms_history:",
            include_str!("../../src/testkit/suite/rooms_history.rs"),
        ),
        ("users:", include_str!("../../src/testkit/suite/users.rs")),
        (
            "users_rooms:",
            include_str!("../../src/testkit/suite/users_rooms.rs"),
        ),
        ("directory:", include_str!("../../src/testkit/suite/directory.rs")),
        ("secrets:", include_str!("../../src/testkit/suite/secrets.rs")),
        ("cluster:", include_str!("../../src/testkit/suite/cluster.rs")),
        ("views:", include_str!("../../src/testkit/suite/views.rs")),
        ("grants:", include_str!("../../src/testkit/suite/grants.rs")),
        ("files:", include_str!("../../src/testkit/suite/files.rs")),
        ("jobs:", include_str!("../../src/testkit/suite/jobs.rs")),
    ];
    for (suite, source) in suites {
        let listed = list
            .split_once(&format!("=> {suite}"))
            .and_then(|(_, rest)| rest.split_once('}'));
        let listed: Vec<&str> = listed.map_or("", |(names, _)| names).split_whitespace().collect();
        let cases = source
            .lines()
            .filter_map(|line| line.strip_prefix("pub async fn "));
        let cases: Vec<&str> = cases.filter_map(|rest| rest.split('(').next()).collect();
        assert_eq!(cases, listed, "the cases of {suite} and the list agree");
        assert!(!cases.is_empty(), "{suite} has cases");
    }
}
