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
    faults.notify();
    faults.freeim();
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
            ("cluster.listen", config.cluster.listen.as_ref()),
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
            ("limits.groups_per_day", limits.groups_per_day),
            ("limits.register_per_minute", limits.register_per_minute),
            ("limits.login_per_minute", limits.login_per_minute),
            ("limits.uploads_per_minute", limits.uploads_per_minute),
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
        self.within("freeim.groups_owned_max", freeim.groups_owned_max, 1..=1_000_000);
        self.within("freeim.history_page_max", freeim.history_page_max, 1..=3_000);
        self.within("freeim.ping_seconds", freeim.ping_seconds, 0..=3_600);
        self.within("freeim.near_friend_km", freeim.near_friend_km, 1..=20_100);
        self.within("freeim.near_group_km", freeim.near_group_km, 1..=20_100);
        let token_seconds = freeim.upload_token_seconds;
        self.within("freeim.upload_token_seconds", token_seconds, 60..=604_800);
        self.within("freeim.upload_bytes", freeim.upload_bytes, 1..=1 << 40);
        self.within(
            "freeim.upload_total_bytes",
            freeim.upload_total_bytes,
            1..=1 << 50,
        );
        self.within("notify.smtp_port", config.notify.smtp_port, 0..=65_535);
        self.within("notify.seconds", config.notify.seconds, 1..=60);
        self.within("notify.sending", config.notify.sending as u64, 1..=10_000);
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
            ("notify.smtp_password", config.notify.smtp_password.as_ref()),
            (
                "notify.sms_authorization",
                config.notify.sms_authorization.as_ref(),
            ),
            ("freeim.qiniu_secret_key", config.freeim.qiniu_secret_key.as_ref()),
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

    fn notify(&mut self) {
        let notify = &self.loaded.config.notify;
        if notify.smtp_host.is_some() && notify.mail_from.is_none() {
            self.refuse("notify.mail_from", "needed because notify.smtp_host is set");
        }
        if notify.smtp_username.is_some() != notify.smtp_password.is_some() {
            self.refuse(
                "notify.smtp_password",
                "notify.smtp_username and notify.smtp_password need each other",
            );
        }
        let from = notify.mail_from.as_deref();
        if let Some(Err(why)) = from.map(str::parse::<lettre::message::Mailbox>) {
            self.refuse("notify.mail_from", why.to_string());
        }
        for (key, text) in [
            ("notify.mail_text", &notify.mail_text),
            ("notify.sms_text", &notify.sms_text),
        ] {
            if !text.contains("{code}") {
                self.refuse(key, "must hold {code}");
            }
        }
        let Some(url) = &notify.sms_url else { return };
        let told = format!(
            "{}{}",
            url.reveal(),
            notify.sms_body.as_deref().unwrap_or_default()
        );
        if !told.contains("{mobile}") || !(told.contains("{code}") || told.contains("{text}")) {
            self.refuse(
                "notify.sms_url",
                "it or notify.sms_body must hold {mobile}, and {code} or {text}",
            );
        }
        let plain = url.reveal().replace(['{', '}'], "");
        if !is_web_address(&plain) {
            self.refuse("notify.sms_url", "expected http://… or https://…");
        }
        let types = ["application/json", "application/x-www-form-urlencoded"];
        if !types.contains(&notify.sms_body_type.as_str()) {
            self.refuse("notify.sms_body_type", format!("expected {}", types.join(" or ")));
        }
        if notify.sms_body_type == types[0]
            && let Some(body) = &notify.sms_body
            && let Err(why) = serde_json::from_str::<serde_json::Value>(body)
        {
            self.refuse("notify.sms_body", format!("is no JSON: {why}"));
        }
    }

    fn freeim(&mut self) {
        let freeim = &self.loaded.config.freeim;
        let qiniu = [
            ("freeim.qiniu_access_key", freeim.qiniu_access_key.is_some()),
            ("freeim.qiniu_secret_key", freeim.qiniu_secret_key.is_some()),
            ("freeim.qiniu_bucket", freeim.qiniu_bucket.is_some()),
            ("freeim.qiniu_domain", freeim.qiniu_domain.is_some()),
        ];
        if qiniu.iter().any(|(_, given)| *given) {
            for (key, _) in qiniu.iter().filter(|(_, given)| !given) {
                self.refuse(key, "the four freeim.qiniu_ keys need each other");
            }
        }
        let domain = freeim.qiniu_domain.as_deref();
        if domain.is_some_and(|domain| !is_web_address(domain)) {
            self.refuse("freeim.qiniu_domain", "expected http://HOST or https://HOST");
        }
        for discover in &freeim.discovers {
            let parts: Vec<&str> = discover.split('|').collect();
            if !(2..=4).contains(&parts.len()) || parts[0].is_empty() || !is_web_address(parts[1]) {
                let why = format!("expected NAME|URL|LOGO|PASSWORD, not {discover:?}");
                self.refuse("freeim.discovers", why);
            }
        }
    }
}

fn is_web_address(text: &str) -> bool {
    let parsed = text.parse::<actix_web::http::Uri>();
    parsed.is_ok_and(|uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some())
}

pub(super) fn is_host_and_port(address: &str) -> bool {
    address
        .rsplit_once(':')
        .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
}
