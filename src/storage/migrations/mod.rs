//! The numbered migrations, and which of them a database still needs. To add one: the .sql files here, a line below.

use sha2::{Digest, Sha256};
use thiserror::Error;

/// One step of the schema. `both` is the same text for both engines; what only one of them knows comes after it.
///
/// SQLite reads `both` with two words replaced: see `sqlite::migrate`.
#[derive(Debug)]
pub struct Migration {
    pub number: i64,
    pub name: &'static str,
    both: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

/// In order. A migration that was released is never changed: databases keep its checksum.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        number: 1,
        name: "core",
        both: include_str!("0001_core.sql"),
        sqlite: include_str!("0001_core.sqlite.sql"),
        postgres: include_str!("0001_core.postgres.sql"),
    },
    Migration {
        number: 2,
        name: "cluster",
        both: include_str!("0002_cluster.sql"),
        sqlite: "",
        postgres: include_str!("0002_cluster.postgres.sql"),
    },
    Migration {
        number: 3,
        name: "blobs",
        both: "",
        // SQLite goes with a folder.
        sqlite: "",
        postgres: include_str!("0003_blobs.postgres.sql"),
    },
    Migration {
        number: 4,
        name: "conversations",
        both: include_str!("0004_conversations.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        number: 5,
        name: "ledger",
        both: include_str!("0005_ledger.sql"),
        sqlite: include_str!("0005_ledger.sqlite.sql"),
        postgres: include_str!("0005_ledger.postgres.sql"),
    },
    Migration {
        number: 6,
        name: "board",
        both: include_str!("0006_board.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        number: 7,
        name: "tree",
        both: include_str!("0007_tree.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        number: 8,
        name: "friends",
        both: include_str!("0008_friends.sql"),
        sqlite: include_str!("0008_friends.sqlite.sql"),
        postgres: include_str!("0008_friends.postgres.sql"),
    },
    Migration {
        number: 9,
        name: "operating",
        both: include_str!("0009_operating.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        number: 10,
        name: "cells",
        both: "",
        sqlite: include_str!("0010_cells.sqlite.sql"),
        postgres: include_str!("0010_cells.postgres.sql"),
    },
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// The table that says what was applied.
pub const RECORDS: &str = "CREATE TABLE IF NOT EXISTS roost_migrations (
    number bigint PRIMARY KEY,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at bigint NOT NULL
)";

/// A row of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub number: i64,
    pub name: String,
    pub checksum: String,
}

/// Why a database cannot be brought up to date.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Mismatch {
    #[error("it is at migration {found}, but this roost knows only {known}: use a newer roost")]
    Newer { found: i64, known: i64 },
    #[error("its migration {number} ({name}) is not the one this roost has: it was applied by another build")]
    Changed { number: i64, name: String },
    #[error("migration {number} is missing although later ones were applied")]
    Missing { number: i64 },
}

impl Migration {
    #[must_use]
    pub fn text(&self, engine: Engine) -> String {
        let own = match engine {
            Engine::Sqlite => self.sqlite,
            Engine::Postgres => self.postgres,
        };
        format!("{}\n{own}", self.both)
    }

    #[must_use]
    pub fn checksum(&self, engine: Engine) -> String {
        let sum = Sha256::digest(self.text(engine).as_bytes());
        sum.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// The migrations to apply to a database with these records (by number).
pub fn pending<'m>(
    known: &'m [Migration],
    records: &[Record],
    engine: Engine,
) -> Result<&'m [Migration], Mismatch> {
    let newest = known.last().map_or(0, |migration| migration.number);
    if let Some(newer) = records.last().filter(|record| record.number > newest) {
        return Err(Mismatch::Newer {
            found: newer.number,
            known: newest,
        });
    }
    for (migration, record) in known.iter().zip(records) {
        if migration.number != record.number {
            let number = migration.number.min(record.number);
            return Err(Mismatch::Missing { number });
        }
        if migration.checksum(engine) != record.checksum {
            return Err(Mismatch::Changed {
                number: record.number,
                name: record.name.clone(),
            });
        }
    }
    Ok(&known[records.len()..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(migrations: &[Migration]) -> Vec<Record> {
        let record = |migration: &Migration| Record {
            number: migration.number,
            name: migration.name.to_owned(),
            checksum: migration.checksum(Engine::Sqlite),
        };
        migrations.iter().map(record).collect()
    }

    fn step(number: i64, both: &'static str) -> Migration {
        Migration {
            number,
            name: "step",
            both,
            sqlite: "",
            postgres: "",
        }
    }

    #[test]
    fn the_numbers_rise_by_one_from_one() {
        let numbers: Vec<i64> = MIGRATIONS.iter().map(|migration| migration.number).collect();
        assert_eq!(numbers, (1..=MIGRATIONS.len() as i64).collect::<Vec<_>>());
    }

    #[test]
    fn only_what_is_missing_at_the_end_is_applied() {
        let known = [step(1, "a"), step(2, "b"), step(3, "c")];
        let numbers = |records: &[Record]| {
            let pending = pending(&known, records, Engine::Sqlite).unwrap();
            pending.iter().map(|m| m.number).collect::<Vec<_>>()
        };
        assert_eq!(numbers(&[]), [1, 2, 3]);
        assert_eq!(numbers(&applied(&known[..2])), [3]);
        assert_eq!(numbers(&applied(&known)), Vec::<i64>::new());
    }

    #[test]
    fn a_database_of_another_build_is_refused() {
        let known = [step(1, "a"), step(2, "b")];
        let refused = |records: &[Record]| pending(&known, records, Engine::Sqlite).unwrap_err();
        let newer = applied(&[step(1, "a"), step(2, "b"), step(3, "c")]);
        assert_eq!(refused(&newer), Mismatch::Newer { found: 3, known: 2 });
        let changed = applied(&[step(1, "x")]);
        assert!(matches!(refused(&changed), Mismatch::Changed { number: 1, .. }));
        let missing = applied(&[step(2, "b")]);
        assert_eq!(refused(&missing), Mismatch::Missing { number: 1 });
    }
}
