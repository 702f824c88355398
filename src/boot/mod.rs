//! Starting and stopping a node: the one place that sees every adapter.

mod chores;
mod membership;
mod signals;

/// What operators ask a running cluster.
pub use crate::console::operate;
/// What FreeIM's tokens are made with, for the load tool.
pub use crate::dialects::freeim::Tokens as FreeimTokens;

use crate::blobs::{self, Ffmpeg, MediaWorks, NotedBlobs};
use crate::clock::SystemClock;
use crate::cluster::{self, CharterError};
use crate::config::Config;
use crate::console::{self, TokenIssuers};
use crate::dialects::gobelieve::tcp::Streams;
use crate::dialects::{self, freeim, gobelieve, kahla, teamup};
use crate::http::upload::Uploads;
use crate::http::{
    self, AdminToken, Metrics, Owners, ParamsLimits, Peering, Rates, Readiness, Shared, core_metrics,
};
use crate::identity;
use crate::notify::{Outbox, Senders};
use crate::passwords::Argon2Passwords;
use crate::storage::{self, OpenError, Stores};
use crate::telemetry;
use crate::ws::Sockets;
use actix_web::dev::{Server, ServerHandle};
use actix_web::{rt, web};
use futures_util::future::{join_all, select_all};
use roost_actors::Node;
use roost_actors::model::CodecId;
use roost_actors::node::NodeOptions;
use roost_actors::ports::{Clock, Notifier, Ports, StoreError};
use signals::Signals;
use std::cell::OnceCell;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::net::TcpListener;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;
use thiserror::Error;
use tokio::time::Instant;

/// Renderings of pushes, one for each dialect with sockets.
const FREEIM_CODEC: CodecId = CodecId(0);
const KAHLA_CODEC: CodecId = CodecId(1);
const TEAMUP_CODEC: CodecId = CodecId(2);

/// How long a starting node tries to reach its database.
const STORAGE_WAIT: Duration = Duration::from_secs(30);
const STORAGE_RETRY: Duration = Duration::from_secs(1);
/// Rooms and users that nobody asked anything for so long are put to rest, in milliseconds.
const IDLE_MS: i64 = 5 * 60 * 1_000;
/// Connections to PostgreSQL for the bytes of files, where they are kept there.
const FILE_CONNECTIONS: usize = 4;
/// What stopping may take beyond `shutdown_seconds` before the process ends whatever is under way.
const STOP_GRACE: Duration = Duration::from_secs(1);

/// Why a node did not start, or did not go on.
#[derive(Debug, Error)]
pub enum BootError {
    #[error("{0}")]
    Log(String),
    #[error("data_dir {path}: {error}")]
    DataDir { path: String, error: io::Error },
    #[error("notify.outbox {path}: {error}")]
    Outbox { path: String, error: io::Error },
    #[error("{0}")]
    Notify(String),
    #[error("{0}")]
    Address(io::Error),
    #[error("storage: {0}")]
    Storage(#[from] OpenError),
    #[error("storage: {0}")]
    Keys(#[from] StoreError),
    #[error("{0}")]
    Charter(#[from] CharterError),
    #[error("cluster: {0}")]
    Cluster(String),
    #[error("{0}")]
    Streams(gobelieve::tcp::OpenError),
    #[error("{0}")]
    Failed(String),
}

impl BootError {
    /// The exit code: what is wrong with the configuration 2, with an address 3, with storage 4, else 1.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            BootError::Log(_)
            | BootError::DataDir { .. }
            | BootError::Outbox { .. }
            | BootError::Notify(_)
            | BootError::Charter(_)
            | BootError::Cluster(_)
            | BootError::Streams(gobelieve::tcp::OpenError::Tls(_)) => 2,
            BootError::Address(_) | BootError::Streams(_) => 3,
            BootError::Storage(_) | BootError::Keys(_) => 4,
            BootError::Failed(_) => 1,
        }
    }
}

/// Runs a node until it is told to stop.
pub fn run(config: &Config) -> Result<(), BootError> {
    telemetry::start(&config.log).map_err(BootError::Log)?;
    rt::System::new().block_on(async {
        let mut signals = Signals::new()?;
        let running = tokio::select! {
            started = start(config) => started?,
            () = signals.stop() => return Ok(()),
        };
        running.until(&mut signals).await
    })
}

/// Brings the database up to date. The names of the migrations that were applied.
pub fn migrate(config: &Config) -> Result<Vec<String>, BootError> {
    make_data_dir(&config.data_dir)?;
    let url = config.storage_url();
    rt::System::new().block_on(async { Ok(storage::migrate(&url).await?) })
}

/// A node that serves.
struct Running {
    node: Node,
    readiness: Arc<Readiness>,
    servers: Vec<Server>,
    shutdown: Duration,
}

#[expect(
    clippy::too_many_lines,
    reason = "what a node is made of, in the order in which it is made"
)]
async fn start(config: &Config) -> Result<Running, BootError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    make_data_dir(&config.data_dir)?;
    let admin_token = admin_token(config, clock.as_ref())?;
    let notifier = notifier(config)?;
    let stores = open_storage(config, &clock).await?;
    let place = membership::ClusterPlace::of(config)?;
    cluster::agree(
        stores.cluster.as_ref(),
        place.as_ref().map(membership::ClusterPlace::charter),
    )
    .await?;
    let freeim_key = stores
        .secrets
        .key("freeim.tokens", &fresh_key(clock.as_ref()))
        .await?;
    let kahla_key = stores
        .secrets
        .key("kahla.conversations", &fresh_key(clock.as_ref()))
        .await?;
    let teamup_key = stores
        .secrets
        .key("teamup.tokens", &fresh_key(clock.as_ref()))
        .await?;
    let pool = storage::pool_for_files(&config.storage_url(), FILE_CONNECTIONS)?;
    let blobs = blobs::open(config, pool, clock.clone()).map_err(BootError::Failed)?;
    let groups = listener_groups(config)?;
    let workers = workers_each(config, groups.len());
    let passwords = Argon2Passwords::new().map_err(|failure| BootError::Failed(failure.to_string()))?;
    let node = Node::start(
        NodeOptions {
            name: config.cluster.node.clone().unwrap_or_else(|| "alone".to_owned()),
            workers: workers * groups.len(),
            idle_ms: IDLE_MS,
        },
        Ports::new(stores.clone(), clock.clone(), Arc::new(passwords), notifier),
    );
    membership::join(&node, config, place).await?;
    let freeim = web::Data::new(freeim::State::new(
        node.clone(),
        config,
        freeim_key.as_bytes(),
        FREEIM_CODEC,
        blobs.clone(),
    ));
    let ffmpeg = Ffmpeg {
        program: config.blobs.ffmpeg.clone(),
        wait: Duration::from_secs(config.blobs.ffmpeg_seconds),
    };
    let media = MediaWorks::new(blobs.clone(), ffmpeg);
    let kahla = kahla::State::new(
        node.clone(),
        config,
        KAHLA_CODEC,
        kahla_key.as_bytes(),
        blobs.clone(),
        media.clone(),
    );
    let kahla = web::Data::new(kahla.map_err(|failure| BootError::Failed(failure.to_string()))?);
    let noted = NotedBlobs::new(blobs.clone(), stores.tree.clone(), clock.clone());
    let uploads = Uploads::new(
        Arc::new(noted),
        clock,
        config.blobs.uploads,
        Duration::from_secs(config.blobs.upload_stall_seconds),
    );
    let teamup = teamup::State::new(
        node.clone(),
        config,
        TEAMUP_CODEC,
        teamup_key.as_bytes(),
        identity::open(&config.teamup).map_err(BootError::Failed)?,
        (blobs.clone(), media, uploads.clone()),
    );
    let teamup = web::Data::new(teamup.map_err(|failure| BootError::Failed(failure.to_string()))?);
    let mut tokens = TokenIssuers::default();
    let issuer = freeim.clone();
    tokens.add("freeim", move |account| issuer.token_for(account));
    let issuer = teamup.clone();
    tokens.add("teamup", move |account| issuer.token_for(account));
    let rates = Arc::new(Rates::new(&config.limits));
    let app = App {
        node: node.clone(),
        config: Arc::new(config.clone()),
        freeim,
        kahla,
        teamup,
        uploads: web::Data::new(uploads),
        console: web::Data::new(console::State::new(node.clone(), tokens)),
        readiness: Arc::default(),
        metrics: http::metrics::shared(vec![core_metrics::source(node.clone())]),
        gobelieve: web::Data::new(gobelieve::State::new(node.clone(), config, rates.clone())),
        streams: Streams::open(config).map_err(BootError::Streams)?,
        rates,
        admin_token: AdminToken::new(&admin_token),
    };
    let readiness = app.readiness.clone();
    let servers = groups
        .into_iter()
        .map(|group| app.serve(group, workers))
        .collect::<Result<_, _>>()?;
    chores::spawn(&node, &readiness);
    chores::spawn_for_files(&node, blobs, chat_files_kept_ms(config));
    Ok(Running {
        node,
        readiness,
        servers,
        shutdown: Duration::from_secs(config.shutdown_seconds),
    })
}

/// How long files given in chats are kept, in milliseconds; `None` is for ever.
fn chat_files_kept_ms(config: &Config) -> Option<i64> {
    const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
    let days = i64::try_from(config.teamup.chat_file_days).unwrap_or(i64::MAX / DAY_MS);
    (days > 0).then(|| days.saturating_mul(DAY_MS))
}

fn make_data_dir(path: &Path) -> Result<(), BootError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|error| BootError::DataDir {
        path: path.display().to_string(),
        error,
    })
}

/// The operators' token: from the configuration, else from the data directory, where it is made on first start.
fn admin_token(config: &Config, clock: &dyn Clock) -> Result<String, BootError> {
    if let Some(token) = &config.admin.token {
        return Ok(token.reveal().to_owned());
    }
    let path = config.data_dir.join("admin.token");
    let failed = |error| BootError::DataDir {
        path: path.display().to_string(),
        error,
    };
    match fs::read_to_string(&path) {
        Ok(token) if !token.trim().is_empty() => return Ok(token.trim().to_owned()),
        Ok(_) => fs::remove_file(&path).map_err(failed)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
    }
    let token = fresh_key(clock);
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .map_err(failed)?;
    file.write_all(token.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(failed)?;
    tracing::info!(path = %path.display(), "made the admin token");
    Ok(token)
}

/// 256 random bits as hexadecimal digits.
fn fresh_key(clock: &dyn Clock) -> String {
    let mut bytes = [0; 32];
    clock.random(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn notifier(config: &Config) -> Result<Arc<dyn Notifier>, BootError> {
    let Some(path) = &config.notify.outbox else {
        let senders = Senders::new(&config.notify).map_err(BootError::Notify)?;
        return Ok(Arc::new(senders));
    };
    let outbox = Outbox::open(path).map_err(|error| BootError::Outbox {
        path: path.display().to_string(),
        error,
    })?;
    tracing::warn!(path = %path.display(), "codes are written to a file: who reads it can log in as anybody");
    Ok(Arc::new(outbox))
}

/// Opens storage. A database that cannot be reached is tried again for [`STORAGE_WAIT`]; one that another node holds,
/// or that does not fit this program, is not.
async fn open_storage(config: &Config, clock: &Arc<dyn Clock>) -> Result<Stores, BootError> {
    let (url, connections) = (config.storage_url(), config.storage.connections);
    let deadline = Instant::now() + STORAGE_WAIT;
    loop {
        match storage::open(&url, connections, clock.clone()).await {
            Err(OpenError::Failed { url, why }) if Instant::now() < deadline => {
                tracing::warn!(%url, %why, "storage cannot be opened yet; trying again");
                tokio::time::sleep(STORAGE_RETRY).await;
            }
            opened => return Ok(opened?),
        }
    }
}

/// One server's listener and which dialects it serves.
struct Group {
    listener: TcpListener,
    config: Config,
}

/// `http.listen` for every dialect that has no address of its own, and one listener for each that has.
fn listener_groups(config: &Config) -> Result<Vec<Group>, BootError> {
    let bind = |key: &str, address: &str| http::bind(key, address).map_err(BootError::Address);
    let mut shared = config.clone();
    let mut own = Vec::new();
    for (key, pick) in dialects::LISTENERS {
        let dialect = pick(&mut shared);
        let Some(address) = dialect.listen.clone().filter(|_| dialect.enabled) else {
            continue;
        };
        dialect.enabled = false;
        let mut only = config.clone();
        for (_, other) in dialects::LISTENERS {
            other(&mut only).enabled = false;
        }
        pick(&mut only).enabled = true;
        own.push((key, address, only));
    }
    let mut groups = vec![Group {
        listener: bind("http.listen", &config.http.listen)?,
        config: shared,
    }];
    for (key, address, config) in own {
        let listener = bind(key, &address)?;
        groups.push(Group { listener, config });
    }
    Ok(groups)
}

/// Worker threads of each server, so that all together stay within what hubs can be told apart.
fn workers_each(config: &Config, servers: usize) -> usize {
    let wanted = match config.http.workers {
        0 => available_parallelism().map_or(1, Into::into),
        workers => workers,
    };
    wanted.min(roost_actors::hub::HubId::MAX / servers).max(1)
}

/// What every server's routes are made from.
struct App {
    node: Node,
    config: Arc<Config>,
    freeim: web::Data<freeim::State>,
    gobelieve: web::Data<gobelieve::State>,
    streams: Streams,
    kahla: web::Data<kahla::State>,
    teamup: web::Data<teamup::State>,
    uploads: web::Data<Uploads>,
    console: web::Data<console::State>,
    readiness: Arc<Readiness>,
    metrics: Arc<Metrics>,
    rates: Arc<Rates>,
    admin_token: AdminToken,
}

impl App {
    fn serve(&self, group: Group, workers: usize) -> Result<Server, BootError> {
        let address = group.listener.local_addr().map_err(BootError::Address)?;
        let served = dialects::names(&group.config).join(", ");
        let shared = Shared {
            readiness: self.readiness.clone(),
            metrics: self.metrics.clone(),
            owners: Owners::new(dialects::owners(&group.config)),
            admin_token: self.admin_token.clone(),
            rates: self.rates.clone(),
            peering: Peering {
                trust_forwarded: self.config.http.trust_forwarded,
            },
            params: ParamsLimits {
                body_bytes_max: self.config.limits.body_bytes,
            },
        };
        let (node, freeim, console) = (self.node.clone(), self.freeim.clone(), self.console.clone());
        let (kahla, teamup, uploads) = (self.kahla.clone(), self.teamup.clone(), self.uploads.clone());
        let (limits, mounted) = (self.config.limits.clone(), group.config.clone());
        let (gobelieve, streams) = (self.gobelieve.clone(), self.streams.clone());
        let connections_max = self.config.http.connections.div_ceil(workers);
        let mount = move |services: &mut web::ServiceConfig| {
            let sockets = sockets_of_this_thread(&node, &limits);
            if mounted.dialects.gobelieve.enabled {
                streams.serve_on_this_thread(&gobelieve, &sockets, connections_max);
            }
            services
                .app_data(sockets)
                .app_data(gobelieve.clone())
                .app_data(freeim.clone())
                .app_data(kahla.clone())
                .app_data(teamup.clone())
                .app_data(uploads.clone())
                .app_data(console.clone())
                .configure(console::configure)
                .configure(|services| dialects::configure(services, &mounted));
        };
        let server = http::serve(vec![group.listener], &group.config, workers, shared, mount)
            .map_err(BootError::Address)?;
        tracing::info!(%address, dialects = served, workers, "serving");
        Ok(server)
    }
}

thread_local! {
    static SOCKETS: OnceCell<web::Data<Sockets>> = const { OnceCell::new() };
}

/// Joins this worker thread to the node, the first time it is asked for.
fn sockets_of_this_thread(node: &Node, limits: &crate::config::Limits) -> web::Data<Sockets> {
    SOCKETS.with(|sockets| {
        let join = || web::Data::new(Sockets::new(node.clone(), node.join_worker(), limits));
        sockets.get_or_init(join).clone()
    })
}

impl Running {
    /// Serves until a signal comes, then stops in order.
    async fn until(self, signals: &mut Signals) -> Result<(), BootError> {
        let handles: Vec<ServerHandle> = self.servers.iter().map(Server::handle).collect();
        let serving = select_all(self.servers.into_iter().map(rt::spawn));
        tokio::pin!(serving);
        tokio::select! {
            (ended, _, _) = &mut serving => {
                let why = match ended {
                    Ok(Ok(())) => "a server ended by itself".to_owned(),
                    Ok(Err(error)) => error.to_string(),
                    Err(error) => error.to_string(),
                };
                return Err(BootError::Failed(why));
            }
            () = signals.stop() => {}
        }
        tracing::info!("stopping");
        self.readiness.set_draining();
        end_after(self.shutdown + STOP_GRACE);
        let orderly = async {
            self.node.drain(self.shutdown / 2).await;
            join_all(handles.iter().map(|handle| handle.stop(true))).await;
        };
        tokio::select! {
            () = orderly => tracing::info!("stopped"),
            () = tokio::time::sleep(self.shutdown) => {
                tracing::warn!("stopping took too long: what was under way ends here");
            }
            () = signals.stop() => tracing::warn!("told again to stop: what was under way ends here"),
        }
        self.node.leave_cluster().await;
        Ok(())
    }
}

/// Ends the process after a time, even if a thread hangs: nothing that was acknowledged is in memory only.
fn end_after(time: Duration) {
    std::thread::spawn(move || {
        std::thread::sleep(time);
        tracing::warn!("stopping took too long: the process ends here");
        std::process::exit(0);
    });
}
