//! The node's configuration: every key with its default and a sentence. `config/default.toml` is written from this.

mod cluster;
mod keys;
mod load;
mod show;
mod validate;

pub use cluster::{ClusterFile, NodeEntry};
pub use keys::{BlobPlace, Key, Kind, LogFormat, MailSecurity, Secret, SecretUrl, Source};
pub use load::{Loaded, load};
pub use show::{effective, reference};

use keys::section;
use serde::Deserialize;
use std::path::PathBuf;
use thiserror::Error;

/// Why a configuration is refused. Each names the key and where it was written.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ConfigError {
    #[error("{key} is not a configuration key ({origin})")]
    UnknownKey { key: String, origin: Source },
    #[error("{key}: {why} ({origin})")]
    BadValue {
        key: String,
        origin: Source,
        why: String,
    },
    #[error("configuration file {path}: {why}")]
    File { path: String, why: String },
}

/// The whole configuration.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default)]
pub struct Config {
    pub data_dir: PathBuf,
    pub shutdown_seconds: u64,
    pub http: Http,
    pub storage: Storage,
    pub blobs: Blobs,
    pub notify: Notify,
    pub admin: Admin,
    pub limits: Limits,
    pub cluster: Cluster,
    pub log: Log,
    pub dialects: Dialects,
    pub freeim: Freeim,
    pub kahla: Kahla,
    pub gobelieve: Gobelieve,
    pub teamup: Teamup,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            data_dir: PathBuf::from("./data"),
            shutdown_seconds: 8,
            http: Http::default(),
            storage: Storage::default(),
            blobs: Blobs::default(),
            notify: Notify::default(),
            admin: Admin::default(),
            limits: Limits::default(),
            cluster: Cluster::default(),
            log: Log::default(),
            dialects: Dialects::default(),
            freeim: Freeim::default(),
            kahla: Kahla::default(),
            gobelieve: Gobelieve::default(),
            teamup: Teamup::default(),
        }
    }
}

impl Config {
    /// Every key there is, with the value it has here.
    #[must_use]
    pub fn keys(&self) -> Vec<Key> {
        let mut keys = vec![
            Key::new(
                "",
                "data_dir",
                "The folder for what the node itself keeps: the SQLite database, blobs, the admin token. \
                 Made when missing.",
                &self.data_dir,
            ),
            Key::new(
                "",
                "shutdown_seconds",
                "How long a stopping node may take to hand over, flush and close, in seconds; 1 to 600.",
                &self.shutdown_seconds,
            ),
        ];
        keys.extend(self.http.keys("http"));
        keys.extend(self.storage.keys("storage"));
        keys.extend(self.blobs.keys("blobs"));
        keys.extend(self.notify.keys("notify"));
        keys.extend(self.admin.keys("admin"));
        keys.extend(self.limits.keys("limits"));
        keys.extend(self.cluster.keys("cluster"));
        keys.extend(self.log.keys("log"));
        keys.extend(self.dialects.freeim.keys("dialects.freeim"));
        keys.extend(self.dialects.kahla.keys("dialects.kahla"));
        keys.extend(self.dialects.gobelieve.keys("dialects.gobelieve"));
        keys.extend(self.dialects.teamup.keys("dialects.teamup"));
        keys.extend(self.freeim.keys("freeim"));
        keys.extend(self.kahla.keys("kahla"));
        keys.extend(self.gobelieve.keys("gobelieve"));
        keys.extend(self.teamup.keys("teamup"));
        keys
    }

    /// The storage URL in force: `storage.url`, or SQLite in the data directory.
    #[must_use]
    pub fn storage_url(&self) -> String {
        match &self.storage.url {
            Some(url) => url.reveal().to_owned(),
            None => format!("sqlite://{}", self.data_dir.join("roost.db").display()),
        }
    }

    /// The folder in which files are kept where they are kept in one: `blobs.folder`, or one in the data directory.
    #[must_use]
    pub fn blobs_folder(&self) -> PathBuf {
        match &self.blobs.folder {
            Some(folder) => folder.clone(),
            None => self.data_dir.join("blobs"),
        }
    }
}

section! {
    /// How HTTP is served.
    Http {
        /// The address on which all dialects are served, as HOST:PORT. Port 0 takes a free one, which is logged.
        listen: String = "127.0.0.1:8080".to_owned(),
        /// Threads that serve connections; 0 takes one per processor.
        workers: usize = 0,
        /// The most connections held at the same time, over all workers.
        connections: usize = 20_000,
        /// How long an idle connection is kept for the next request, in seconds.
        keep_alive_seconds: u64 = 75,
        /// How long the head of a request may take to arrive, in seconds.
        head_seconds: u64 = 10,
        /// Whether the address in X-Forwarded-For is believed. Only behind a proxy that sets it.
        trust_forwarded: bool = false,
    }
}

section! {
    /// Where everything is kept.
    Storage {
        /// The database: sqlite://PATH for one node, postgres://USER:PASSWORD@HOST:PORT/NAME for any number.
        /// When not set: sqlite://DATA_DIR/roost.db.
        url: Option<SecretUrl> = None,
        /// The most PostgreSQL connections of this node.
        connections: usize = 8,
    }
}

section! {
    /// Where uploaded files are kept, and how they are taken in.
    Blobs {
        /// auto, folder, database or s3. auto is a folder with SQLite and the database with PostgreSQL, so that every
        /// node of a cluster sees every file.
        place: BlobPlace = BlobPlace::Auto,
        /// The folder for files when they are kept in one. When not set: DATA_DIR/blobs.
        folder: Option<PathBuf> = None,
        /// Says that every node of the cluster sees the same folder. A cluster keeps files in a folder only then.
        folder_shared: bool = false,
        /// The most PostgreSQL connections for files, beside those of storage.connections.
        connections: usize = 4,
        /// The bucket of an S3-compatible store, for s3.
        s3_bucket: Option<String> = None,
        /// The region of the bucket.
        s3_region: String = "us-east-1".to_owned(),
        /// The address of the store, as in https://HOST:PORT. When not set: Amazon's own for the region.
        s3_endpoint: Option<String> = None,
        /// What is put before the name of every object, as a path. A bucket may so be shared with others.
        s3_prefix: String = String::new(),
        /// The access key. When not set: what the environment of a machine at Amazon offers.
        s3_access_key: Option<String> = None,
        /// The secret of the access key.
        s3_secret_key: Option<Secret> = None,
        /// Uploads that this node takes in at the same time; others are refused as busy.
        uploads: usize = 64,
        /// Seconds after which an upload is refused whose client sends nothing.
        upload_stall_seconds: u64 = 30,
        /// The ffmpeg program, for pictures of films. Where there is none a film is shown as a placeholder.
        ffmpeg: PathBuf = PathBuf::from("ffmpeg"),
        /// How long ffmpeg may take for a picture before it is killed, in seconds.
        ffmpeg_seconds: u64 = 10,
    }
}

section! {
    /// How codes reach people outside of chat.
    Notify {
        /// A file to which captcha answers, e-mails and SMS are appended as JSON lines instead of being sent.
        /// For development and tests: who reads it can log in as anybody.
        outbox: Option<PathBuf> = None,
        /// The server that takes e-mails, as a name or address. When not set no e-mail is sent.
        smtp_host: Option<String> = None,
        /// Its port; 0 takes the usual one: 587 for starttls, 465 for tls, 25 for none.
        smtp_port: u64 = 0,
        /// starttls, tls or none. none sends codes and the password in the clear.
        smtp_security: MailSecurity = MailSecurity::Starttls,
        /// The name to log in to that server with. When not set nobody logs in.
        smtp_username: Option<String> = None,
        /// The password to that name.
        smtp_password: Option<Secret> = None,
        /// From whom e-mails come, as in name@example.org or Name <name@example.org>.
        mail_from: Option<String> = None,
        /// The subject of an e-mail.
        mail_subject: String = "验证码".to_owned(),
        /// The text of an e-mail; {code} stands for the code.
        mail_text: String = "您的验证码是 {code}，5分钟内有效。".to_owned(),
        /// The gateway that takes SMS, as an http:// or https:// address in which {mobile}, {code} and {text} are
        /// replaced. When not set no SMS is sent.
        sms_url: Option<Secret> = None,
        /// The body that is posted to the gateway, with the same words replaced. When not set the address is fetched
        /// with GET. In a JSON body the words are replaced within texts.
        sms_body: Option<String> = None,
        /// The media type of that body: application/json or application/x-www-form-urlencoded.
        sms_body_type: String = "application/json".to_owned(),
        /// The Authorization header shown to the gateway. When not set none is.
        sms_authorization: Option<Secret> = None,
        /// The text of an SMS; {code} stands for the code.
        sms_text: String = "您的验证码是{code}，5分钟内有效。".to_owned(),
        /// How the answer of the gateway begins when it has taken an SMS, as in 0. When not set any answer of the
        /// 200s means that.
        sms_success: Option<String> = None,
        /// How long a server or gateway may take for one code, in seconds.
        seconds: u64 = 10,
        /// Codes that are on their way to servers and gateways at the same time, at most; others are refused as busy.
        sending: usize = 32,
    }
}

section! {
    /// The management API and operators' pages.
    Admin {
        /// The token operators show as `Authorization: Bearer`. When not set one is made on first start and kept in
        /// DATA_DIR/admin.token, readable by its owner only.
        token: Option<Secret> = None,
    }
}

section! {
    /// Bounds. Full means a clear refusal. Rates are counted on each node by itself.
    Limits {
        /// Whether the rates below are enforced. Sizes are, always.
        enabled: bool = true,
        /// The longest body of a request that carries parameters, in bytes, also after decompression.
        body_bytes: usize = 1 << 20,
        /// The longest frame or message a client may send over a socket, in bytes.
        frame_bytes: usize = 256 * 1024,
        /// Seconds after which a socket is closed whose client takes nothing of what is sent to it.
        ws_stall_seconds: u64 = 60,
        /// Captchas that one address may ask for in a minute.
        captcha_per_minute: u32 = 60,
        /// Codes that may be sent to one e-mail address or mobile in an hour.
        codes_per_hour: u32 = 10,
        /// Accounts that one address may try to register in a minute.
        register_per_minute: u32 = 20,
        /// Logins that one address may try in a minute, and that may be tried for one account.
        login_per_minute: u32 = 30,
        /// Groups that one account may make through Kahla in a day.
        groups_per_day: u32 = 5,
        /// Files that one account may upload in a minute, and that one address may whose account is not known yet.
        uploads_per_minute: u32 = 120,
        /// Messages that one account may send in a second; twice as many at once.
        send_per_second: u32 = 50,
        /// Places in which each rate counts addresses or accounts; two that fall on the same place share it.
        rate_keys: usize = 100_000,
    }
}

section! {
    /// The cluster this node belongs to, if any.
    Cluster {
        /// The cluster file (see cluster.toml). When not set the node is alone.
        file: Option<PathBuf> = None,
        /// Which node of the cluster file this one is.
        node: Option<String> = None,
        /// The secret that all nodes of the cluster share.
        secret: Option<Secret> = None,
        /// Where this node takes links, when that is not where the cluster file says that the others reach it: behind a
        /// port that is passed on, for example.
        listen: Option<String> = None,
        /// This node's certificate chain for its links, in PEM. With the next two: links use TLS, and both sides show a
        /// certificate.
        tls_certificate: Option<PathBuf> = None,
        /// The private key of that certificate, in PEM.
        tls_key: Option<PathBuf> = None,
        /// The certificates that those of peers must come from, in PEM.
        tls_authority: Option<PathBuf> = None,
    }
}

section! {
    /// The log, on standard error.
    Log {
        /// text for people, json for collectors.
        format: LogFormat = LogFormat::Text,
        /// The least level that is written (error, warn, info, debug, trace), or a filter such as
        /// info,roost_actors=debug.
        level: String = "info".to_owned(),
    }
}

/// Which dialects are served.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Dialects {
    pub freeim: Dialect,
    pub kahla: Dialect,
    pub gobelieve: Dialect,
    pub teamup: Dialect,
}

section! {
    /// Whether and where one dialect is served.
    Dialect {
        /// Whether this dialect is served.
        enabled: bool = true,
        /// An address of its own for this dialect, as HOST:PORT, instead of http.listen.
        listen: Option<String> = None,
    }
}

section! {
    /// FreeIM.
    Freeim {
        /// Whether registering and logging in need the answer of a captcha.
        captcha_required: bool = true,
        /// How long a token is good for, in days.
        token_days: u64 = 7,
        /// The zone in which times are shown, in hours from UTC; -12 to 14.
        utc_offset_hours: i64 = 8,
        /// The most members a new group may have.
        group_member_limit: u64 = 500,
        /// The most groups that one account may own when it makes another through FreeIM.
        groups_owned_max: u64 = 1_000,
        /// The most messages in one page of history.
        history_page_max: u64 = 500,
        /// How often a socket is sent a ping frame that clients can see, in seconds; 0 sends none.
        ping_seconds: u64 = 10,
        /// How far away people may be that are near, in kilometres.
        near_friend_km: u64 = 1_000,
        /// The same of groups.
        near_group_km: u64 = 1_000,
        /// The access key of a Qiniu account: with the next three, clients upload there. Without, they upload here.
        qiniu_access_key: Option<String> = None,
        /// The secret of the access key.
        qiniu_secret_key: Option<Secret> = None,
        /// The bucket that clients upload to.
        qiniu_bucket: Option<String> = None,
        /// Where files of the bucket are fetched, as in https://HOST.
        qiniu_domain: Option<String> = None,
        /// How long a client may upload with one token, there and here, in seconds.
        upload_token_seconds: u64 = 3_600,
        /// The longest file that is taken here, in bytes.
        upload_bytes: u64 = 100 << 20,
        /// The bytes of all files together that one account may put up here.
        upload_total_bytes: u64 = 10 << 30,
        /// What the page of discoveries shows, one text each: NAME|URL|LOGO|PASSWORD, of which the last two may be
        /// left out.
        discovers: Vec<String> = Vec::new(),
    }
}

section! {
    /// Kahla.
    Kahla {
        /// The origins from which browsers may call with cookies.
        origins: Vec<String> = vec!["http://localhost:8001".to_owned()],
        /// The version that clients are told and compare with their own.
        version: String = "2.1.0".to_owned(),
        /// The oldest version that clients are told they may still be.
        oldest_version: String = "0.7.0".to_owned(),
        /// Whether the cookie is only sent by pages of the node's own site (SameSite=Lax). Without, pages of
        /// kahla.origins on other sites can sign in over HTTPS.
        lax_cookie: bool = true,
        /// Whether messages are decrypted for other dialects and encrypted for Kahla's clients. Without, each side
        /// sees what the other posted as it came.
        decrypt: bool = true,
    }
}

section! {
    /// GoBelieve.
    Gobelieve {
        /// The id of the app that clients are built with.
        app_id: i64 = 7,
        /// The secret with which the app's own server proves itself. When not set no such server is let in.
        app_secret: Option<Secret> = None,
        /// The address of the plain TCP protocol, as HOST:PORT. When not set it is not served.
        tcp_listen: Option<String> = None,
        /// The address of the TLS protocol, as HOST:PORT. When not set it is not served.
        tls_listen: Option<String> = None,
        /// The file with the certificate chain of the TLS protocol, in PEM.
        tls_certificate: Option<PathBuf> = None,
        /// The file with the private key of the TLS protocol, in PEM.
        tls_key: Option<PathBuf> = None,
    }
}

section! {
    /// team-up.
    Teamup {
        /// Whether any code logs in, as a person of its own, without WeChat. For development only: who knows a code
        /// is that person.
        dev_login: bool = false,
        /// The id of the WeChat mini-program whose codes log in.
        wechat_appid: Option<String> = None,
        /// The secret of the mini-program.
        wechat_secret: Option<Secret> = None,
        /// Where WeChat is asked what a code stands for.
        wechat_url: String = "https://api.weixin.qq.com".to_owned(),
        /// How long WeChat may take for an answer, in seconds.
        wechat_seconds: u64 = 5,
        /// How long a token is good for, in days.
        token_days: u64 = 7,
        /// Whether people are shown by their id at WeChat where they have one. Without, everybody is shown by the
        /// account's number; both are taken.
        openid_shown: bool = true,
        /// The zone in which times are shown, in hours from UTC; -12 to 14.
        utc_offset_hours: i64 = 8,
        /// The code of answers that succeed.
        success_code: i64 = 0,
        /// Whether refusals have an HTTP status of their own everywhere. Without, only those of downloads have: all
        /// other answers are 200, and the code tells.
        http_errors: bool = false,
        /// The types a group may have. When empty any text is one.
        group_types: Vec<String> = Vec::new(),
        /// The most members that a new group may be made for.
        group_user_limit: u64 = 500,
        /// The most pictures that introduce one group.
        group_pictures: u64 = 9,
        /// The largest picture that is taken (avatars, pictures of groups and announcements), in bytes.
        picture_bytes: u64 = 10 * 1024 * 1024,
        /// The most groups in the answer to a search.
        search_results: u64 = 500,
        /// What the files of one group may take in all, in bytes.
        group_files_bytes: u64 = 5 << 30,
        /// What the files given in one chat may take in all, in bytes.
        chat_files_bytes: u64 = 5 << 30,
        /// The largest file that is given in a chat, in bytes.
        chat_file_bytes: u64 = 1 << 30,
        /// How long a file that was given in a chat is kept, in days; 0 keeps it.
        chat_file_days: u64 = 0,
        /// How often a chat socket is sent a ping, in seconds; 0 sends none.
        ping_seconds: u64 = 5,
        /// A text frame that goes with each ping, for pages that wait for one they can see. When empty there is none.
        ping_text: String = String::new(),
        /// Whether anybody may list the members of a group. Without, only its members may.
        members_open: bool = false,
    }
}

#[cfg(test)]
mod tests;
