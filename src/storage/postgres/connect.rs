//! Connections to a PostgreSQL server: their settings, their limits in time, and the pools that keep them.

use crate::storage::sql::SqlError;
use deadpool_postgres::{
    BuildError, Hook, HookError, Manager, ManagerConfig, Pool, PoolError, RecyclingMethod, Runtime,
    TimeoutType,
};
use rustls::{ClientConfig, RootCertStore};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

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

/// A server, and how it is reached.
#[derive(Clone)]
pub struct Target {
    config: Config,
    tls: Option<MakeRustlsConnect>,
}

impl Target {
    /// Reads a `postgres://` URL and sets what every connection shares. TLS is used where the URL asks for it
    /// (`sslmode=require`), and then the server's certificate is always verified.
    pub fn parse(url: &str) -> Result<Target, String> {
        let url = url
            .replace("sslmode=verify-full", "sslmode=require")
            .replace("sslmode=verify-ca", "sslmode=require");
        let mut config: Config = url.parse().map_err(|error| chain(&error))?;
        if config.get_application_name().is_none() {
            config.application_name("roost");
        }
        config
            .connect_timeout(CONNECT)
            .tcp_user_timeout(STATEMENT)
            .keepalives_idle(Duration::from_secs(10))
            .keepalives_interval(Duration::from_secs(2))
            .keepalives_retries(3);
        let tls = (config.get_ssl_mode() == SslMode::Require)
            .then(tls)
            .transpose()?;
        Ok(Target { config, tls })
    }

    /// A connection outside of any pool, without limits in time: for migrations.
    pub async fn alone(&self) -> Result<Client, SqlError> {
        let connecting = async {
            match &self.tls {
                Some(tls) => self
                    .config
                    .connect(tls.clone())
                    .await
                    .map(|(client, connection)| {
                        tokio::spawn(drive(connection));
                        client
                    }),
                None => self.config.connect(NoTls).await.map(|(client, connection)| {
                    tokio::spawn(drive(connection));
                    client
                }),
            }
        };
        let connected = tokio::time::timeout(CONNECT, connecting).await;
        connected
            .map_err(|_| SqlError::Unavailable(format!("no connection within {} ms", CONNECT.as_millis())))?
            .map_err(super::value::error)
    }

    /// A pool of at most `size` connections, made as they are needed.
    pub fn pool(&self, size: usize) -> Result<Pool, BuildError> {
        let recycling = ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        };
        let config = self.config.clone();
        let manager = match &self.tls {
            Some(tls) => Manager::from_config(config, tls.clone(), recycling),
            None => Manager::from_config(config, NoTls, recycling),
        };
        let prepare = Hook::async_fn(|client, _| {
            Box::pin(async move { client.batch_execute(SETTINGS).await.map_err(HookError::Backend) })
        });
        Pool::builder(manager)
            .max_size(size)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(CONNECT))
            .create_timeout(Some(CONNECT))
            .recycle_timeout(Some(CONNECT))
            .post_create(prepare)
            .build()
    }
}

async fn drive(connection: impl Future<Output = Result<(), tokio_postgres::Error>>) {
    if let Err(error) = connection.await {
        tracing::warn!(%error, "a connection to PostgreSQL ended");
    }
}

/// Trusts what the system trusts (or the file that `SSL_CERT_FILE` names).
fn tls() -> Result<MakeRustlsConnect, String> {
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    let (added, _) = roots.add_parsable_certificates(system.certs);
    if added == 0 {
        return Err(
            "sslmode=require, but the system has no certificates to trust: set SSL_CERT_FILE".to_owned(),
        );
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

/// An error with its causes.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
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
