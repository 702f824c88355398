//! `configs` and `discovers`, which clients of the newer server ask for: what the operator has set.

use super::auth::Call;
use super::reply::{Answer, list, ok};
use super::{convert, wire};
use crate::config::Config;
use roost_actors::model::Timestamp;
use std::collections::BTreeMap;

/// What the operator's settings say, as clients are told it.
pub struct Facts {
    configs: BTreeMap<&'static str, String>,
    discovers: Vec<wire::Discover>,
}

impl Facts {
    /// `since` is when the node began to say so.
    pub fn new(config: &Config, since: Timestamp) -> Facts {
        Facts {
            configs: settings(config),
            discovers: entries(config, since),
        }
    }
}

/// The keys of the newer server and of its documentation. What Roost does not have is off, empty or 0.
fn settings(config: &Config) -> BTreeMap<&'static str, String> {
    let (freeim, notify) = (&config.freeim, &config.notify);
    let flag = |on: bool| on.to_string();
    let mail = notify.outbox.is_some() || notify.smtp_host.is_some();
    let sms = notify.outbox.is_some() || notify.sms_url.is_some();
    BTreeMap::from([
        ("login_vcode_captcha", flag(freeim.captcha_required)),
        ("login_captcha", flag(freeim.captcha_required)),
        ("near_friend_distance", freeim.near_friend_km.to_string()),
        ("near_chatgroup_distance", freeim.near_group_km.to_string()),
        ("chatgroup_create_limit", freeim.groups_owned_max.to_string()),
        ("chatgroup_members_limit", freeim.group_member_limit.to_string()),
        ("register_account", flag(true)),
        ("register_email", flag(mail)),
        ("register_sms", flag(sms)),
        ("register_invite", flag(false)),
        ("create_chatgroup_enable", flag(true)),
        ("add_freind", flag(true)),
        ("chat_display_read", flag(true)),
        ("display_online_status", flag(true)),
        ("discover_name", String::new()),
        ("default_account_avatar", String::new()),
        ("default_chatgroup_avatar", String::new()),
        ("sms_sign", String::new()),
        ("sms_template", String::new()),
        ("email_title", String::new()),
        ("email_template", String::new()),
        ("email_from", String::new()),
        ("ip_register_max", "0".to_owned()),
        ("ip_register_limit_day", "0".to_owned()),
        ("ip_register_whitelist", String::new()),
        ("ip_register_blacklist", String::new()),
        ("sensitive_words", String::new()),
        ("sensitive_send", flag(false)),
        ("sensitive_replace", String::new()),
    ])
}

fn entries(config: &Config, since: Timestamp) -> Vec<wire::Discover> {
    let told = config.freeim.discovers.iter().enumerate();
    told.map(|(index, text)| {
        let mut parts = text.split('|').map(str::to_owned);
        let mut next = || parts.next().unwrap_or_default();
        let (name, url, logo, password) = (next(), next(), next(), next());
        wire::Discover {
            id: index + 1,
            created_at: convert::go_time(since, config.freeim.utc_offset_hours),
            name,
            logo,
            url,
            password,
        }
    })
    .collect()
}

pub async fn configs(call: Call) -> Answer {
    let now = call.state.node.clock().now();
    let told = wire::Configs {
        qiniu: call.state.depot.params(&call.request, call.me.account, now),
        configs: call.state.system.configs.clone(),
    };
    ok(told, "")
}

pub async fn discovers(call: Call) -> Answer {
    list(call.state.system.discovers.clone())
}
