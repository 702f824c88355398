//! The suites that every store must pass, on both engines.

use crate::database::Database;
use crate::scene;
use roost_actors::testkit::suite::Opened;

async fn open_sqlite() -> Opened {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let stores = scene::open(&format!("sqlite://{}/roost.db", folder.path().display())).await;
    Opened::new(stores, Box::new(folder))
}

async fn open_postgres() -> Opened {
    let database = Database::create().await;
    let stores = scene::open(database.url()).await;
    Opened::new(stores, Box::new(database))
}

mod sqlite {
    use super::open_sqlite;
    roost_actors::port_suites!(open_sqlite);
}

mod postgres {
    use super::open_postgres;
    roost_actors::port_suites!(open_postgres);
}
