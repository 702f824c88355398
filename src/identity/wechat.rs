//! WeChat's `code2session`: a mini-program's login code becomes the person's openid.

use crate::config::{Secret, Teamup};
use async_trait::async_trait;
use reqwest::{Client, Response, Url, redirect};
use roost_actors::Failure;
use roost_actors::ports::Identities;
use serde::Deserialize;
use std::time::Duration;

/// The longest answer that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// The longest code that is passed on, in bytes.
const CODE_BYTES_MAX: usize = 256;
/// WeChat asks to be tried again, and says that this user was asked about too often.
const BUSY: [i64; 2] = [-1, 45_011];

/// One mini-program at WeChat.
pub struct Wechat {
    client: Client,
    url: Url,
    appid: String,
    secret: Secret,
}

/// What WeChat answers. The session key is not wanted.
#[derive(Debug, Deserialize)]
struct Session {
    #[serde(default)]
    openid: String,
    #[serde(default)]
    errcode: i64,
    #[serde(default)]
    errmsg: String,
}

impl Wechat {
    /// The error names the key that is at fault.
    pub fn new(appid: &str, secret: &Secret, settings: &Teamup) -> Result<Wechat, String> {
        // An error says that one is installed already, which serves as well.
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = Client::builder()
            .timeout(Duration::from_secs(settings.wechat_seconds))
            .redirect(redirect::Policy::none())
            .build()
            .map_err(|error| format!("teamup.wechat_appid: {error}"))?;
        let base = settings.wechat_url.trim_end_matches('/');
        let url = Url::parse(&format!("{base}/sns/jscode2session"))
            .map_err(|error| format!("teamup.wechat_url: {error}"))?;
        Ok(Wechat {
            client,
            url,
            appid: appid.to_owned(),
            secret: secret.clone(),
        })
    }

    async fn ask(&self, code: &str) -> Result<Session, Failure> {
        let mut url = self.url.clone();
        url.query_pairs_mut()
            .append_pair("appid", &self.appid)
            .append_pair("secret", self.secret.reveal())
            .append_pair("js_code", code)
            .append_pair("grant_type", "authorization_code");
        let answer = self.client.get(url).send().await.map_err(unavailable)?;
        if !answer.status().is_success() {
            return Err(Failure::Unavailable(format!(
                "wechat answered {}",
                answer.status()
            )));
        }
        let body = body(answer).await?;
        serde_json::from_slice(&body)
            .map_err(|_| Failure::Unavailable("wechat's answer could not be read".to_owned()))
    }
}

async fn body(mut answer: Response) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    while let Some(piece) = answer.chunk().await.map_err(unavailable)? {
        if body.len() + piece.len() > ANSWER_BYTES_MAX {
            return Err(Failure::Unavailable("wechat's answer is too long".to_owned()));
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

/// Without the address, which holds the secret.
fn unavailable(error: reqwest::Error) -> Failure {
    Failure::Unavailable(format!("wechat cannot be asked: {}", error.without_url()))
}

#[async_trait]
impl Identities for Wechat {
    async fn identify(&self, code: &str) -> Result<String, Failure> {
        Failure::check_len("code", code, CODE_BYTES_MAX)?;
        let session = self.ask(code).await?;
        match session.errcode {
            0 if session.openid.is_empty() => Err(Failure::Unavailable("wechat named nobody".to_owned())),
            0 => Ok(session.openid),
            code if BUSY.contains(&code) => Err(Failure::Busy("wechat".to_owned())),
            code => {
                let why = format!("wechat says {code}: {}", session.errmsg);
                Err(Failure::invalid("code", &why))
            }
        }
    }
}
