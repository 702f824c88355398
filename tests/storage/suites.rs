//! The suites that every store must pass, on both engines.

use crate::database::Database;
use crate::scene;
use roost::storage::Stores;
use roost_actors::testkit::suite::{Opened, OpenedStores};
use std::any::Any;

fn opened(stores: Stores, keep: Box<dyn Any + Send>) -> Opened {
    let stores = OpenedStores {
        journal: stores.journal,
        rooms: stores.rooms,
        users: stores.users,
        views: stores.views,
        grants: stores.grants,
        files: stores.files,
        jobs: stores.jobs,
        directory: stores.directory,
        secrets: stores.secrets,
        ledger: stores.ledger,
        passes: stores.passes,
        cluster: stores.cluster,
    };
    Opened::new(stores, keep)
}

async fn open_sqlite() -> Opened {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let stores = scene::open(&format!("sqlite://{}/roost.db", folder.path().display())).await;
    opened(stores, Box::new(folder))
}

async fn open_postgres() -> Opened {
    let database = Database::create().await;
    let stores = scene::open(database.url()).await;
    opened(stores, Box::new(database))
}

mod sqlite {
    use super::open_sqlite;
    roost_actors::port_suites!(open_sqlite);
}

mod postgres {
    use super::open_postgres;
    roost_actors::port_suites!(open_postgres);
}
