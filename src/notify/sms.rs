//! SMS by way of a gateway that speaks HTTP: one request each, as the settings say it is made.

use crate::config::Notify;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use roost_actors::Failure;
use std::time::Duration;

/// How much of a gateway's answer is looked at, in bytes.
const ANSWER_BYTES_MAX: usize = 4_096;
/// How much of it a log shows, in characters.
const SHOWN_CHARS_MAX: usize = 200;

/// A gateway, and how it wants to be asked.
pub struct Sms {
    client: Client,
    url: String,
    body: Option<String>,
    is_json: bool,
    body_type: String,
    authorization: Option<HeaderValue>,
    text: String,
    success: Option<String>,
}

/// What a word of a template is written as, so that it cannot leave its place.
type Quote = fn(&str) -> String;

impl Sms {
    /// `None` when no gateway is set. The error names the key that does not do.
    pub fn new(settings: &Notify) -> Result<Option<Sms>, String> {
        let Some(url) = &settings.sms_url else {
            return Ok(None);
        };
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = Client::builder()
            .timeout(Duration::from_secs(settings.seconds))
            // A gateway that sends codes elsewhere is none.
            .redirect(Policy::none())
            .build()
            .map_err(|error| format!("notify.sms_url: {error}"))?;
        let authorization = settings.sms_authorization.as_ref().map(|secret| {
            let mut value = HeaderValue::from_str(secret.reveal())?;
            value.set_sensitive(true);
            Ok(value)
        });
        let authorization =
            authorization
                .transpose()
                .map_err(|error: reqwest::header::InvalidHeaderValue| {
                    format!("notify.sms_authorization: {error}")
                })?;
        Ok(Some(Sms {
            client,
            url: url.reveal().to_owned(),
            body: settings.sms_body.clone(),
            is_json: settings.sms_body_type == "application/json",
            body_type: settings.sms_body_type.clone(),
            authorization,
            text: settings.sms_text.clone(),
            success: settings.sms_success.clone(),
        }))
    }

    pub async fn send(&self, mobile: &str, code: &str) -> Result<(), Failure> {
        let url = Url::parse(&self.filled(&self.url, mobile, code, percent))
            .map_err(|error| Failure::Internal(format!("the address of the sms gateway: {error}")))?;
        let mut request = match &self.body {
            None => self.client.get(url),
            Some(body) => {
                let quote = if self.is_json { in_json } else { percent };
                self.client
                    .post(url)
                    .header(CONTENT_TYPE, &self.body_type)
                    .body(self.filled(body, mobile, code, quote))
            }
        };
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        // Without its address: that holds the operator's password and the code.
        let failed =
            |error: reqwest::Error| Failure::Unavailable(format!("the sms gateway: {}", error.without_url()));
        let mut answer = request.send().await.map_err(failed)?;
        let status = answer.status();
        let mut said = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(failed)? {
            said.extend_from_slice(&piece);
            if said.len() >= ANSWER_BYTES_MAX {
                break;
            }
        }
        let said = String::from_utf8_lossy(&said);
        let taken = match &self.success {
            Some(success) => said.trim_start().starts_with(success.as_str()),
            None => true,
        };
        if status.is_success() && taken {
            return Ok(());
        }
        let shown: String = said.chars().take(SHOWN_CHARS_MAX).collect();
        Err(Failure::Unavailable(format!(
            "the sms gateway answered {status} {shown:?}"
        )))
    }

    fn filled(&self, template: &str, mobile: &str, code: &str, quote: Quote) -> String {
        let text = self.text.replace("{code}", code);
        fill(
            template,
            &[("{mobile}", mobile), ("{code}", code), ("{text}", &text)],
            quote,
        )
    }
}

/// Replaces each word once, and nothing within what it was replaced by.
fn fill(template: &str, words: &[(&str, &str)], quote: Quote) -> String {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(at) = rest.find('{') {
        filled.push_str(&rest[..at]);
        rest = &rest[at..];
        match words.iter().find(|(word, _)| rest.starts_with(word)) {
            Some((word, value)) => {
                filled.push_str(&quote(value));
                rest = &rest[word.len()..];
            }
            None => {
                filled.push('{');
                rest = &rest[1..];
            }
        }
    }
    filled.push_str(rest);
    filled
}

/// As a part of a query or of an urlencoded body.
fn percent(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            quoted.push(char::from(byte));
        } else {
            quoted.push_str(&format!("%{byte:02X}"));
        }
    }
    quoted
}

/// As a part of a JSON text, without the quotation marks around it.
fn in_json(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_replaced_once_and_cannot_leave_their_place() {
        let words = [("{mobile}", "+86&c=x"), ("{text}", "{mobile} \"5\"")];
        assert_eq!(
            fill("http://g/?m={mobile}&c={text}&{other}", &words, percent),
            "http://g/?m=%2B86%26c%3Dx&c=%7Bmobile%7D%20%225%22&{other}"
        );
        assert_eq!(
            fill(r#"{"to":"{mobile}","text":"{text}"}"#, &words, in_json),
            r#"{"to":"+86&c=x","text":"{mobile} \"5\""}"#
        );
    }
}
