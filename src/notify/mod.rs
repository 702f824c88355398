//! How codes leave the node besides the chat dialects: by mail, by SMS, or into an outbox file for development.

mod mail;
mod outbox;
mod sms;

pub use outbox::Outbox;

use crate::config::Notify;
use async_trait::async_trait;
use mail::Mail;
use roost_actors::Failure;
use roost_actors::ports::{Notice, Notifier};
use sms::Sms;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// What a sender may take beyond the time of its own connection before it is given up.
const GRACE: Duration = Duration::from_secs(1);

/// The notifier of a node without an outbox. A captcha's answer is in its picture, so that notice is dropped.
pub struct Senders {
    mail: Option<Mail>,
    sms: Option<Sms>,
    sending: Semaphore,
    within: Duration,
}

impl Senders {
    /// The senders that are configured. The error names the key that does not do.
    pub fn new(settings: &Notify) -> Result<Senders, String> {
        Ok(Senders {
            mail: Mail::new(settings)?,
            sms: Sms::new(settings)?,
            sending: Semaphore::new(settings.sending),
            within: Duration::from_secs(settings.seconds) + GRACE,
        })
    }

    async fn bounded(&self, sending: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
        let _place = self
            .sending
            .try_acquire()
            .map_err(|_| Failure::Busy("sending codes".to_owned()))?;
        let late = Failure::Unavailable("a code was not taken in time".to_owned());
        timeout(self.within, sending).await.unwrap_or(Err(late))
    }
}

#[async_trait]
impl Notifier for Senders {
    async fn send(&self, notice: &Notice) -> Result<(), Failure> {
        let (to, code) = (&notice.to, &notice.code);
        match (notice.channel.as_str(), &self.mail, &self.sms) {
            ("captcha", _, _) => Ok(()),
            ("email", Some(mail), _) => self.bounded(mail.send(to, code)).await,
            ("sms", _, Some(sms)) => self.bounded(sms.send(to, code)).await,
            (other, _, _) => Err(Failure::Unavailable(format!(
                "no sender for {other} is configured"
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(channel: &str) -> Notice {
        Notice {
            channel: channel.to_owned(),
            to: "you".to_owned(),
            code: "1234".to_owned(),
        }
    }

    #[tokio::test]
    async fn without_senders_captchas_are_dropped_and_mails_are_refused() {
        let senders = Senders::new(&Notify::default()).unwrap();
        assert_eq!(senders.send(&notice("captcha")).await, Ok(()));
        for channel in ["email", "sms"] {
            let refused = senders.send(&notice(channel)).await;
            assert!(matches!(refused, Err(Failure::Unavailable(_))), "{channel}");
        }
    }

    #[tokio::test]
    async fn the_outbox_takes_one_json_line_a_notice_and_is_private() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("outbox.jsonl");
        let outbox = Outbox::open(&path).unwrap();
        outbox.send(&notice("email")).await.unwrap();
        Outbox::open(&path)
            .unwrap()
            .send(&notice("captcha"))
            .await
            .unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<serde_json::Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(
            lines[0],
            serde_json::json!({"channel":"email","to":"you","code":"1234"})
        );
        assert_eq!(lines[1]["channel"], "captcha");
        assert_eq!(lines.len(), 2);
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
