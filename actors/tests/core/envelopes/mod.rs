//! What nodes of every released version write must be understood for ever: for each version a folder of envelopes as
//! they crossed, one a kind, kept beside this file.
//!
//! A fixture is written once, by `ROOST_WRITE_ENVELOPES=1`, and never over one that is there.

mod kinds;
mod rooms;
mod specimens;
mod users;
mod values;

use roost_actors::cluster::Envelope;
use roost_actors::cluster::envelope::{VERSION, VERSION_MIN};
use roost_actors::model::{AccountId, RoomKind};
use std::collections::BTreeMap;
use std::path::PathBuf;

const WRITE: &str = "ROOST_WRITE_ENVELOPES";

/// What a version's specimens are. A new version gets its own, and the old ones stay as they are.
fn specimens(version: u8) -> BTreeMap<&'static str, Envelope> {
    match version {
        1 => specimens::all(),
        other => panic!("no specimens of version {other}"),
    }
}

fn folder(version: u8) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/core/envelopes/v{version}"))
}

fn file(version: u8, name: &str) -> PathBuf {
    folder(version).join(format!("{name}.msgpack"))
}

fn encoded(envelope: &Envelope) -> Vec<u8> {
    let mut bytes = Vec::new();
    envelope.encode(&mut bytes).expect("an envelope has bytes");
    bytes
}

#[test]
fn every_kind_has_a_fixture_of_this_version() {
    let missing: Vec<_> = specimens(VERSION)
        .into_iter()
        .filter(|(name, _)| !file(VERSION, name).exists())
        .collect();
    if std::env::var_os(WRITE).is_some() {
        std::fs::create_dir_all(folder(VERSION)).expect("a folder");
        for (name, envelope) in &missing {
            std::fs::write(file(VERSION, name), encoded(envelope)).expect("a fixture is written");
        }
        return;
    }
    let names: Vec<&str> = missing.into_iter().map(|(name, _)| name).collect();
    assert!(names.is_empty(), "no fixture of {names:?}: see CONTRIBUTING.md");
}

#[test]
fn envelopes_of_every_released_version_are_understood() {
    for version in VERSION_MIN..=VERSION {
        let specimens = specimens(version);
        let mut seen = 0;
        for entry in std::fs::read_dir(folder(version)).expect("a folder of fixtures") {
            let path = entry.expect("a fixture").path();
            let name = path.file_stem().and_then(|name| name.to_str()).expect("a name");
            let expected = specimens.get(name);
            let expected = expected.unwrap_or_else(|| panic!("{} is a fixture of nothing", path.display()));
            let bytes = std::fs::read(&path).expect("a fixture can be read");
            let decoded =
                Envelope::decode(&bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            assert_eq!(&decoded, expected, "{}", path.display());
            seen += 1;
        }
        assert!(seen > 200, "{seen} fixtures of version {version}");
    }
}

#[test]
fn what_is_written_now_is_understood() {
    for (name, envelope) in specimens(VERSION) {
        assert_eq!(
            Envelope::decode(&encoded(&envelope)).expect(name),
            envelope,
            "{name}"
        );
    }
}

#[test]
fn a_typical_message_takes_at_most_one_and_a_half_times_its_body_and_a_hundred_bytes() {
    let direct = RoomKind::direct(AccountId(11_000_000), AccountId(12_000_000));
    for kind in [direct, RoomKind::Group] {
        for length in [0, 1, 20, 60, 200, 1_000, 60_000] {
            let body = "x".repeat(length);
            let bytes = encoded(&specimens::typical(kind, &body)).len();
            assert!(
                bytes <= length * 3 / 2 + 100,
                "{bytes} bytes for {length} of {kind:?}"
            );
        }
    }
}
