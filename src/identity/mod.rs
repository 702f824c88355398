//! Outside identity providers behind the core's port: WeChat, and a stand-in for development.

mod wechat;

pub use wechat::Wechat;

use crate::config::Teamup;
use async_trait::async_trait;
use roost_actors::Failure;
use roost_actors::ports::Identities;
use std::sync::Arc;

/// The provider that the configuration names. The error names the key that is at fault.
pub fn open(settings: &Teamup) -> Result<Arc<dyn Identities>, String> {
    if settings.dev_login {
        tracing::warn!("teamup.dev_login is on: who knows a code can log in as that person");
        return Ok(Arc::new(Development));
    }
    match (&settings.wechat_appid, &settings.wechat_secret) {
        (Some(appid), Some(secret)) => Ok(Arc::new(Wechat::new(appid, secret, settings)?)),
        _ => Ok(Arc::new(Unconfigured)),
    }
}

/// Takes every code for a person of its own.
#[derive(Clone, Copy, Debug)]
pub struct Development;

#[async_trait]
impl Identities for Development {
    async fn identify(&self, code: &str) -> Result<String, Failure> {
        Ok(format!("dev_{code}"))
    }
}

/// Knows nobody.
#[derive(Clone, Copy, Debug)]
struct Unconfigured;

#[async_trait]
impl Identities for Unconfigured {
    async fn identify(&self, _: &str) -> Result<String, Failure> {
        let why = "logging in needs teamup.wechat_appid and teamup.wechat_secret";
        Err(Failure::Unavailable(why.to_owned()))
    }
}
