//! Connections to a PostgreSQL server: their settings, their limits in time, and the pools that keep them.

use crate::storage::sql::SqlError;
use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Pool, PoolError, RecyclingMethod, Runtime, TimeoutType,
};
use std::time::Duration;
use tokio_postgres::{Client, Config, NoTls};

/// How long connecting, and each wait for a free connection, may take.
pub const CONNECT: Duration = Duration::from_millis(2_000);
/// How long a statement may take as the node counts.
pub const STATEMENT: Duration = Duration::from_millis(2_000);

/// What each connection of a pool is set to. The server gives up before the node does, so that the node mostly hears
/// what became of a statement; and it ends the transactions of a node that was frozen or is gone, with their locks.
const SETTINGS: &str = "
    SET statement_timeout = 1800;
    SET lock_timeout = 1500;
    SET idle_in_transaction_session_timeout = 5000;
    SET default_transaction_isolation = 'read committed';
    SELECT set_config('synchronous_commit', 'on', false)
        WHERE current_setting('synchronous_commit') IN ('off', 'local')";

/// Reads a `postgres://` URL and sets what every connection shares.
pub fn config(url: &str) -> Result<Config, tokio_postgres::Error> {
    let mut config: Config = url.parse()?;
    if config.get_application_name().is_none() {
        config.application_name("roost");
    }
    config
        .connect_timeout(CONNECT)
        .tcp_user_timeout(STATEMENT)
        .keepalives_idle(Duration::from_secs(10))
        .keepalives_interval(Duration::from_secs(2))
        .keepalives_retries(3);
    Ok(config)
}

/// A connection outside of any pool, without limits in time: for migrations.
pub async fn alone(config: &Config) -> Result<Client, SqlError> {
    let connecting = tokio::time::timeout(CONNECT, config.connect(NoTls));
    let connected = connecting
        .await
        .map_err(|_| SqlError::Unavailable(format!("no connection within {} ms", CONNECT.as_millis())))?;
    let (client, connection) = connected.map_err(super::value::error)?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::warn!(%error, "a connection to PostgreSQL ended");
        }
    });
    Ok(client)
}

/// A pool of at most `size` connections, made as they are needed.
pub fn pool(config: &Config, size: usize) -> Result<Pool, deadpool_postgres::BuildError> {
    let recycling = ManagerConfig {
        recycling_method: RecyclingMethod::Fast,
    };
    let prepare = Hook::async_fn(|client, _| {
        Box::pin(async move { client.batch_execute(SETTINGS).await.map_err(HookError::Backend) })
    });
    Pool::builder(Manager::from_config(config.clone(), NoTls, recycling))
        .max_size(size)
        .runtime(Runtime::Tokio1)
        .wait_timeout(Some(CONNECT))
        .create_timeout(Some(CONNECT))
        .recycle_timeout(Some(CONNECT))
        .post_create(prepare)
        .build()
}

/// Why a pool gave no connection.
pub fn pool_error(error: PoolError) -> SqlError {
    let why = match error {
        PoolError::Timeout(TimeoutType::Wait) => "no free connection in time".to_owned(),
        PoolError::Timeout(_) => format!("no connection within {} ms", CONNECT.as_millis()),
        PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => {
            return match super::value::error(error) {
                SqlError::Internal(why) => SqlError::Unavailable(why),
                other => other,
            };
        }
        other => other.to_string(),
    };
    SqlError::Unavailable(format!("PostgreSQL: {why}"))
}
