//! How codes leave the node besides the chat dialects: an outbox file for development, or not at all yet.

mod outbox;

pub use outbox::Outbox;

use async_trait::async_trait;
use roost_actors::Failure;
use roost_actors::ports::{Notice, Notifier};

/// The notifier of a node without an outbox. A captcha's answer is in its picture, so that notice may be dropped.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unconfigured;

#[async_trait]
impl Notifier for Unconfigured {
    async fn send(&self, notice: &Notice) -> Result<(), Failure> {
        match notice.channel.as_str() {
            "captcha" => Ok(()),
            "email" => Err(Failure::Unavailable("no e-mail sender is configured".to_owned())),
            "sms" => Err(Failure::Unavailable("no sms sender is configured".to_owned())),
            other => Err(Failure::Unavailable(format!(
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
    async fn without_an_outbox_captchas_are_dropped_and_mails_are_refused() {
        assert_eq!(Unconfigured.send(&notice("captcha")).await, Ok(()));
        for channel in ["email", "sms"] {
            let refused = Unconfigured.send(&notice(channel)).await;
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
