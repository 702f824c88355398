//! Crates: every one that a manifest names is used, and the prescribed ones are.

use super::{File, Findings, mentions, repository};

/// What Roost is to be built from.
pub const PRESCRIBED: [&str; 8] = [
    "actix",
    "actix-web",
    "actix-web-actors",
    "tokio-postgres",
    "deadpool-postgres",
    "serde",
    "rmp-serde",
    "dashmap",
];

/// Crates whose module has another name.
const MODULES: [(&str, &str); 1] = [("md-5", "md5")];
/// Crates that are named only to choose features of what others depend on.
const FEATURES_ONLY: [&str; 0] = [];

/// The crates of a manifest that no source file of its package mentions.
pub fn unused(files: &[File]) -> Findings {
    let mut found = Vec::new();
    let sources = repository();
    for manifest in files.iter().filter(|file| file.path.ends_with("Cargo.toml")) {
        let package = manifest.path.trim_end_matches("Cargo.toml");
        let table: toml::Table = toml::from_str(&manifest.text).expect("a manifest");
        let own_name = table.get("package").and_then(|package| package["name"].as_str());
        for (section, folders) in [
            ("dependencies", &["src/"][..]),
            ("dev-dependencies", &["src/", "tests/"][..]),
        ] {
            let names = table.get(section).and_then(|section| section.as_table());
            let names = names.into_iter().flat_map(toml::Table::keys);
            // A package may name itself to switch on features for its tests.
            for name in names.filter(|name| Some(name.as_str()) != own_name) {
                let folders: Vec<String> = folders
                    .iter()
                    .map(|folder| format!("{package}{folder}"))
                    .collect();
                let own = sources
                    .iter()
                    .filter(|file| folders.iter().any(|folder| file.path.starts_with(folder)));
                if !is_used(name, own) {
                    found.push(format!(
                        "{}: {name} is used nowhere in {}",
                        manifest.path,
                        folders.join(", ")
                    ));
                }
            }
        }
    }
    found
}

pub fn missing_prescribed(files: &[File]) -> Findings {
    let source = |file: &&File| file.path.starts_with("src/") || file.path.starts_with("actors/src/");
    let missing = PRESCRIBED
        .iter()
        .filter(|name| !is_used(name, files.iter().filter(source)));
    missing
        .map(|name| format!("{name} is prescribed and used nowhere"))
        .collect()
}

fn is_used<'a>(name: &str, files: impl Iterator<Item = &'a File>) -> bool {
    if FEATURES_ONLY.contains(&name) {
        return true;
    }
    let other = MODULES.iter().find(|(known, _)| *known == name);
    let module = other.map_or_else(|| name.replace('-', "_"), |(_, module)| (*module).to_owned());
    let ways = [format!("{module}::"), format!("use {module};")];
    // Named in serde's attributes only.
    let attribute = format!("with = \"{module}\"");
    files.filter(|file| file.is_rust()).any(|file| {
        file.code()
            .any(|(_, code)| code.contains(&attribute) || ways.iter().any(|way| mentions(code, way)))
    })
}
