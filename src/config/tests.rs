//! Layers, refusals by name, masking, and the reference file.

use super::*;
use std::ffi::OsString;
use std::path::Path;

fn from_env(pairs: &[(&str, &str)]) -> Result<Loaded, Vec<ConfigError>> {
    load(None, variables(pairs))
}

fn variables(pairs: &[(&str, &str)]) -> impl Iterator<Item = (OsString, OsString)> {
    pairs
        .iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect::<Vec<(OsString, OsString)>>()
        .into_iter()
}

fn from_text(text: &str, pairs: &[(&str, &str)]) -> Result<Loaded, Vec<ConfigError>> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("roost.toml");
    std::fs::write(&path, text).unwrap();
    load(Some(&path), variables(pairs))
}

fn told(result: Result<Loaded, Vec<ConfigError>>) -> String {
    let errors = result.unwrap_err();
    errors
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn the_reference_file_is_equal_to_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/default.toml");
    let written = std::fs::read_to_string(path).unwrap();
    assert!(
        written == reference(),
        "run: cargo run -- check --reference > config/default.toml"
    );
}

#[test]
fn the_reference_file_read_as_configuration_is_the_default() {
    assert_eq!(from_text(&reference(), &[]).unwrap().config, Config::default());
}

#[test]
fn every_key_has_a_sentence() {
    for key in Config::default().keys() {
        assert!(key.doc.ends_with('.'), "{}", key.path);
    }
}

#[test]
fn the_environment_goes_over_the_file_and_the_file_over_the_defaults() {
    let text = "[http]\nlisten = \"127.0.0.1:1\"\nworkers = 3\n[dialects.kahla]\nenabled = false\n";
    let loaded = from_text(
        text,
        &[("ROOST__HTTP__LISTEN", "127.0.0.1:2"), ("ROOST_TEST", "x")],
    )
    .unwrap();
    assert_eq!(loaded.config.http.listen, "127.0.0.1:2");
    assert_eq!(loaded.config.http.workers, 3);
    assert!(!loaded.config.dialects.kahla.enabled);
    assert!(loaded.config.dialects.freeim.enabled);
    assert_eq!(
        loaded.source("http.listen"),
        Source::Environment("ROOST__HTTP__LISTEN".to_owned())
    );
}

#[test]
fn variables_are_read_by_the_type_of_their_key() {
    let loaded = from_env(&[
        ("ROOST__ADMIN__TOKEN", "12345"),
        ("ROOST__LIMITS__ENABLED", "false"),
        ("ROOST__KAHLA__ORIGINS", "http://a, http://b"),
        ("ROOST__NOTIFY__OUTBOX", "7"),
        ("ROOST__GOBELIEVE__APP_ID", "9"),
        ("ROOST__LOG__FORMAT", "json"),
        ("ROOST__STORAGE__URL", ""),
    ])
    .unwrap();
    let config = loaded.config;
    assert_eq!(config.admin.token, Some(Secret::new("12345")));
    assert!(!config.limits.enabled);
    assert_eq!(config.kahla.origins, ["http://a", "http://b"]);
    assert_eq!(config.notify.outbox, Some(PathBuf::from("7")));
    assert_eq!(config.gobelieve.app_id, 9);
    assert_eq!(config.log.format, LogFormat::Json);
    assert_eq!(config.storage_url(), "sqlite://./data/roost.db");
}

#[test]
fn an_unknown_key_is_refused_by_name_and_source() {
    let text = told(from_text("[http]\nlistne = \"x\"\n[nothing]\na = 1\n", &[]));
    assert!(
        text.contains("http.listne is not a configuration key (file "),
        "{text}"
    );
    assert!(text.contains("nothing is not a configuration key"), "{text}");
    let text = told(from_env(&[("ROOST__HTTP__PORT", "1")]));
    assert_eq!(
        text,
        "http.port is not a configuration key (environment variable ROOST__HTTP__PORT)"
    );
    assert!(told(from_env(&[("ROOST__HTTP", "1")])).contains("http is not"));
}

#[test]
fn a_bad_value_is_refused_by_key_and_source() {
    let cases = [
        (
            "ROOST__HTTP__WORKERS",
            "many",
            "http.workers: expected a whole number from 0, not \"many\"",
        ),
        (
            "ROOST__HTTP__WORKERS",
            "-1",
            "http.workers: expected a whole number from 0",
        ),
        ("ROOST__HTTP__LISTEN", "8080", "http.listen: expected HOST:PORT"),
        (
            "ROOST__LIMITS__ENABLED",
            "maybe",
            "limits.enabled: expected true or false",
        ),
        (
            "ROOST__LOG__FORMAT",
            "xml",
            "log.format: expected one of text, json",
        ),
        ("ROOST__LOG__LEVEL", "a=b=c", "log.level: "),
        (
            "ROOST__STORAGE__URL",
            "mysql://x",
            "storage.url: expected sqlite://PATH",
        ),
        (
            "ROOST__LIMITS__SEND_PER_SECOND",
            "99999999999",
            "limits.send_per_second",
        ),
        (
            "ROOST__FREEIM__UTC_OFFSET_HOURS",
            "99",
            "freeim.utc_offset_hours: expected -12 to 14",
        ),
        ("ROOST__CLUSTER__FILE", "c.toml", "cluster.node: needed"),
        (
            "ROOST__ADMIN__TOKEN_FILE",
            "/nowhere/at/all",
            "admin.token_file: /nowhere/at/all",
        ),
    ];
    for (name, value, expected) in cases {
        let text = told(from_env(&[(name, value)]));
        assert!(text.contains(expected), "{name}={value}: {text}");
    }
    let text = told(from_text("[http]\nlisten = 8080\n", &[]));
    assert!(
        text.contains("http.listen: expected text, not 8080 (file "),
        "{text}"
    );
    assert!(told(from_text("[http\n", &[])).contains("roost.toml"));
    assert!(told(load(Some(Path::new("/no/such.toml")), variables(&[]))).contains("/no/such.toml"));
}

#[test]
fn all_faults_are_told_at_once() {
    let faults = from_env(&[("ROOST__HTTP__PORT", "1"), ("ROOST__HTTP__LISTEN", "x")]).unwrap_err();
    assert_eq!(faults.len(), 2);
}

#[test]
fn a_secret_may_come_from_a_file_and_is_never_shown() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("token");
    std::fs::write(&path, "hush-hush\n").unwrap();
    let loaded = from_env(&[
        ("ROOST__ADMIN__TOKEN_FILE", path.to_str().unwrap()),
        (
            "ROOST__STORAGE__URL",
            "postgres://roost:hush:h@ush@db:5432/x?password=hush",
        ),
        ("ROOST__GOBELIEVE__APP_SECRET", "hush"),
    ])
    .unwrap();
    assert_eq!(loaded.config.admin.token.as_ref().unwrap().reveal(), "hush-hush");
    let shown = effective(&loaded);
    assert!(!shown.contains("hush"), "{shown}");
    assert!(
        shown.contains("url = \"postgres://roost:***@db:5432/x?password=***\""),
        "{shown}"
    );
    assert!(!format!("{loaded:?}").contains("hush"));
}

#[test]
fn a_place_for_files_that_cannot_be_is_refused_by_its_key() {
    let postgres = ("ROOST__STORAGE__URL", "postgres://x@localhost/x");
    let s3 = ("ROOST__BLOBS__PLACE", "s3");
    let bucket = ("ROOST__BLOBS__S3_BUCKET", "files");
    let cluster = [
        ("ROOST__CLUSTER__FILE", "cluster.toml"),
        ("ROOST__CLUSTER__NODE", "a"),
        ("ROOST__CLUSTER__SECRET", "s"),
        ("ROOST__BLOBS__PLACE", "folder"),
    ];
    let shared = [&cluster[..], &[("ROOST__BLOBS__FOLDER_SHARED", "true"), postgres]].concat();
    let cases: [(&[(&str, &str)], &str); 9] = [
        (
            &[("ROOST__BLOBS__PLACE", "database")],
            "blobs.place: database needs",
        ),
        (&[("ROOST__BLOBS__PLACE", "database"), postgres], ""),
        (&[s3], "blobs.s3_bucket: needed"),
        (&[s3, bucket], ""),
        (
            &[s3, bucket, ("ROOST__BLOBS__S3_ACCESS_KEY", "k")],
            "blobs.s3_secret_key: ",
        ),
        (
            &[s3, bucket, ("ROOST__BLOBS__S3_ENDPOINT", "host:9000")],
            "blobs.s3_endpoint: ",
        ),
        (&cluster, "blobs.place: nodes of a cluster"),
        (&shared, ""),
        (&[("ROOST__BLOBS__UPLOADS", "0")], "blobs.uploads: expected 1"),
    ];
    for (pairs, refusal) in cases {
        match from_env(pairs) {
            Ok(_) => assert_eq!(refusal, "", "{pairs:?}"),
            Err(errors) => {
                let text = told(Err(errors));
                assert!(!refusal.is_empty() && text.contains(refusal), "{pairs:?}: {text}");
            }
        }
    }
}
