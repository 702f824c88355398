//! GoBelieve over real sockets: REST for people and for the app's server, and the IM protocol frame by frame, on both storages.

#[path = "../harness/mod.rs"]
mod harness;

/// Runs each scenario, an `async fn(App)`, on both storages as tests of its name.
macro_rules! on_both_storages {
    ($($scenario:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test]
            async fn $scenario() {
                super::$scenario($crate::app::App::start($crate::harness::Storage::Sqlite).await).await;
            })+
        }
        mod on_postgres {
            $(#[tokio::test]
            async fn $scenario() {
                super::$scenario($crate::app::App::start($crate::harness::Storage::Postgres).await).await;
            })+
        }
    };
}

mod app;
mod bad_input;
mod client;
mod flows;
mod groups;
mod keys;
mod posts;
mod streams;
mod tokens;
