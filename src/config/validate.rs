//! What types cannot say: addresses, ranges, and keys that need each other. Every fault names its key and source.

use super::{BlobPlace, ClusterFile, ConfigError, Loaded};
use std::ops::RangeInclusive;
use tracing_subscriber::EnvFilter;

/// Every fault of a configuration whose types are right.
pub fn faults(loaded: &Loaded) -> Vec<ConfigError> {
    let mut faults = Faults {
        loaded,
        found: Vec::new(),
    };
    faults.addresses();
    faults.ranges();
    faults.texts();
    faults.cluster();
    faults.blobs();
    faults.teamup();
    faults.found
}

struct Faults<'a> {
    loaded: &'a Loaded,
    found: Vec<ConfigError>,
}

impl Faults<'_> {
    fn refuse(&mut self, key: &str, why: impl Into<String>) {
        let source = self.loaded.source(key);
        self.found.push(source.refuse(key, why));
    }

    fn addresses(&mut self) {
        let config = &self.loaded.config;
        let addresses = [
            ("http.listen", Some(&config.http.listen)),
            ("gobelieve.tcp_listen", config.gobelieve.tcp_listen.as_ref()),
            ("gobelieve.tls_listen", config.gobelieve.tls_listen.as_ref()),
            ("dialects.freeim.listen", config.dialects.freeim.listen.as_ref()),
            ("dialects.kahla.listen", config.dialects.kahla.listen.as_ref()),
            (
                "dialects.gobelieve.listen",
                config.dialects.gobelieve.listen.as_ref(),
            ),
            ("dialects.teamup.listen", config.dialects.teamup.listen.as_ref()),
        ];
        for (key, address) in addresses {
            if let Some(address) = address
                && !is_host_and_port(address)
            {
                self.refuse(key, format!("expected HOST:PORT, not {address:?}"));
            }
        }
    }

    fn ranges(&mut self) {
        let config = &self.loaded.config;
        let (http, limits, freeim) = (&config.http, &config.limits, &config.freeim);
        self.within("shutdown_seconds", config.shutdown_seconds, 1..=600);
        self.within("http.workers", http.workers as u64, 0..=1_024);
        self.within("http.connections", http.connections as u64, 1..=10_000_000);
        self.within("http.keep_alive_seconds", http.keep_alive_seconds, 1..=3_600);
        self.within("http.head_seconds", http.head_seconds, 1..=600);
        self.within(
            "storage.connections",
            config.storage.connections as u64,
            2..=1_000,
        );
        self.within("blobs.connections", config.blobs.connections as u64, 1..=1_000);
        self.within("blobs.uploads", config.blobs.uploads as u64, 1..=10_000);
        self.within(
            "blobs.upload_stall_seconds",
            config.blobs.upload_stall_seconds,
            1..=600,
        );
        self.within("blobs.ffmpeg_seconds", config.blobs.ffmpeg_seconds, 1..=300);
        self.within("limits.body_bytes", limits.body_bytes as u64, 1_024..=1 << 30);
        self.within("limits.frame_bytes", limits.frame_bytes as u64, 1_024..=1 << 30);
        self.within("limits.ws_stall_seconds", limits.ws_stall_seconds, 1..=86_400);
        self.within("limits.rate_keys", limits.rate_keys as u64, 1..=100_000_000);
        for (key, rate) in [
            ("limits.captcha_per_minute", limits.captcha_per_minute),
            ("limits.codes_per_hour", limits.codes_per_hour),
            ("limits.register_per_minute", limits.register_per_minute),
            ("limits.login_per_minute", limits.login_per_minute),
            ("limits.send_per_second", limits.send_per_second),
        ] {
            self.within(key, u64::from(rate), 1..=1_000_000);
        }
        self.within("freeim.token_days", freeim.token_days, 1..=36_500);
        self.within(
            "freeim.group_member_limit",
            freeim.group_member_limit,
            2..=100_000,
        );
        self.within("freeim.history_page_max", freeim.history_page_max, 1..=3_000);
        self.within("freeim.ping_seconds", freeim.ping_seconds, 0..=3_600);
        if !(-12..=14).contains(&freeim.utc_offset_hours) {
            self.refuse(
                "freeim.utc_offset_hours",
                format!("expected -12 to 14, not {}", freeim.utc_offset_hours),
            );
        }
    }

    fn within(&mut self, key: &str, value: u64, range: RangeInclusive<u64>) {
        if !range.contains(&value) {
            let (low, high) = (range.start(), range.end());
            self.refuse(key, format!("expected {low} to {high}, not {value}"));
        }
    }

    fn texts(&mut self) {
        let config = &self.loaded.config;
        if let Some(url) = &config.storage.url {
            let schemes = ["sqlite://", "postgres://", "postgresql://"];
            let known = schemes
                .iter()
                .find_map(|scheme| url.reveal().strip_prefix(scheme));
            if known.is_none_or(str::is_empty) {
                self.refuse("storage.url", "expected sqlite://PATH or postgres://…");
            }
        }
        if let Err(error) = EnvFilter::try_new(&config.log.level) {
            self.refuse("log.level", error.to_string());
        }
        let tls = &config.gobelieve;
        for (key, file) in [
            ("gobelieve.tls_certificate", &tls.tls_certificate),
            ("gobelieve.tls_key", &tls.tls_key),
        ] {
            if tls.tls_listen.is_some() && file.is_none() {
                self.refuse(key, "must be set where gobelieve.tls_listen is");
            }
        }
        if config.data_dir.as_os_str().is_empty() {
            self.refuse("data_dir", "must not be empty");
        }
        let secrets = [
            ("admin.token", config.admin.token.as_ref()),
            ("gobelieve.app_secret", config.gobelieve.app_secret.as_ref()),
            ("cluster.secret", config.cluster.secret.as_ref()),
            ("blobs.s3_secret_key", config.blobs.s3_secret_key.as_ref()),
            ("teamup.wechat_secret", config.teamup.wechat_secret.as_ref()),
        ];
        for (key, secret) in secrets {
            if secret.is_some_and(|secret| secret.reveal().trim().is_empty()) {
                self.refuse(key, "must not be empty");
            }
        }
    }

    fn cluster(&mut self) {
        let cluster = &self.loaded.config.cluster;
        let Some(path) = &cluster.file else {
            return;
        };
        if cluster.node.is_none() {
            self.refuse("cluster.node", "needed because cluster.file is set");
        }
        if cluster.secret.is_none() {
            self.refuse("cluster.secret", "needed because cluster.file is set");
        }
        let tls = [&cluster.tls_certificate, &cluster.tls_key, &cluster.tls_authority];
        let given = tls.iter().filter(|file| file.is_some()).count();
        if given != 0 && given != tls.len() {
            self.refuse(
                "cluster.tls_certificate",
                "needed together with tls_key and tls_authority",
            );
        }
        match (ClusterFile::read(path), &cluster.node) {
            (Err(why), _) => self.refuse("cluster.file", format!("{}: {why}", path.display())),
            (Ok(file), Some(node)) if file.node(node).is_none() => {
                let why = format!("{} has no node {node:?}", path.display());
                self.refuse("cluster.node", why);
            }
            (Ok(_), _) => {}
        }
    }
}

impl Faults<'_> {
    fn blobs(&mut self) {
        let config = &self.loaded.config;
        let blobs = &config.blobs;
        let postgres = config.storage_url().starts_with("postgres");
        let clustered = config.cluster.file.is_some();
        let in_folder = match blobs.place {
            BlobPlace::Folder => true,
            BlobPlace::Auto => !postgres,
            BlobPlace::Database | BlobPlace::S3 => false,
        };
        if blobs.place == BlobPlace::Database && !postgres {
            self.refuse("blobs.place", "database needs a postgres:// storage.url");
        }
        if in_folder && clustered && !blobs.folder_shared {
            self.refuse(
                "blobs.place",
                "nodes of a cluster keep files in a folder only when blobs.folder_shared says that all see it",
            );
        }
        if blobs.place == BlobPlace::S3 && blobs.s3_bucket.as_ref().is_none_or(String::is_empty) {
            self.refuse("blobs.s3_bucket", "needed because blobs.place is s3");
        }
        if blobs.s3_access_key.is_some() != blobs.s3_secret_key.is_some() {
            self.refuse(
                "blobs.s3_secret_key",
                "blobs.s3_access_key and blobs.s3_secret_key need each other",
            );
        }
        let endpoint = blobs.s3_endpoint.as_deref().unwrap_or("https://");
        if !endpoint.starts_with("https://") && !endpoint.starts_with("http://") {
            self.refuse(
                "blobs.s3_endpoint",
                "expected https://HOST:PORT or http://HOST:PORT",
            );
        }
    }
}

impl Faults<'_> {
    fn teamup(&mut self) {
        let teamup = &self.loaded.config.teamup;
        self.within("teamup.wechat_seconds", teamup.wechat_seconds, 1..=60);
        self.within("teamup.token_days", teamup.token_days, 1..=36_500);
        self.within("teamup.group_user_limit", teamup.group_user_limit, 1..=100_000);
        self.within("teamup.group_pictures", teamup.group_pictures, 1..=1_000);
        self.within("teamup.picture_bytes", teamup.picture_bytes, 1_024..=1 << 30);
        self.within("teamup.group_files_bytes", teamup.group_files_bytes, 1..=1 << 50);
        self.within("teamup.chat_files_bytes", teamup.chat_files_bytes, 1..=1 << 50);
        self.within("teamup.chat_file_bytes", teamup.chat_file_bytes, 1..=1 << 50);
        self.within("teamup.chat_file_days", teamup.chat_file_days, 0..=36_500);
        self.within("teamup.ping_seconds", teamup.ping_seconds, 0..=3_600);
        self.within("teamup.search_results", teamup.search_results, 1..=10_000);
        if !(-12..=14).contains(&teamup.utc_offset_hours) {
            self.refuse(
                "teamup.utc_offset_hours",
                format!("expected -12 to 14, not {}", teamup.utc_offset_hours),
            );
        }
        if teamup.wechat_appid.is_some() != teamup.wechat_secret.is_some() {
            self.refuse(
                "teamup.wechat_secret",
                "teamup.wechat_appid and teamup.wechat_secret need each other",
            );
        }
        if teamup.dev_login && teamup.wechat_appid.is_some() {
            let why = "development logins and teamup.wechat_appid exclude each other";
            self.refuse("teamup.dev_login", why);
        }
        if !teamup.wechat_url.starts_with("https://") && !teamup.wechat_url.starts_with("http://") {
            self.refuse("teamup.wechat_url", "expected https://HOST or http://HOST");
        }
    }
}

pub(super) fn is_host_and_port(address: &str) -> bool {
    address
        .rsplit_once(':')
        .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
}
