//! E-mails by SMTP: one short connection each, within a time.

use crate::config::{MailSecurity, Notify};
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use roost_actors::Failure;
use std::time::Duration;

/// A server that takes e-mails, and what they say.
pub struct Mail {
    server: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    subject: String,
    text: String,
}

impl Mail {
    /// `None` when no server is set. The error names the key that does not do.
    pub fn new(settings: &Notify) -> Result<Option<Mail>, String> {
        let (Some(host), Some(from)) = (&settings.smtp_host, &settings.mail_from) else {
            return Ok(None);
        };
        // An error says that one is installed already, which serves as well.
        drop(rustls::crypto::ring::default_provider().install_default());
        let tls = || TlsParameters::new(host.clone()).map_err(|error| format!("notify.smtp_host: {error}"));
        let (port, tls) = match settings.smtp_security {
            MailSecurity::Starttls => (587, Tls::Required(tls()?)),
            MailSecurity::Tls => (465, Tls::Wrapper(tls()?)),
            MailSecurity::None => (25, Tls::None),
        };
        let port = match settings.smtp_port {
            0 => port,
            port => u16::try_from(port).map_err(|error| format!("notify.smtp_port: {error}"))?,
        };
        let mut server = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(port)
            .tls(tls)
            .timeout(Some(Duration::from_secs(settings.seconds)));
        if let (Some(name), Some(password)) = (&settings.smtp_username, &settings.smtp_password) {
            server = server.credentials(Credentials::new(name.clone(), password.reveal().to_owned()));
        }
        Ok(Some(Mail {
            server: server.build(),
            from: from
                .parse()
                .map_err(|error| format!("notify.mail_from: {error}"))?,
            subject: settings.mail_subject.clone(),
            text: settings.mail_text.clone(),
        }))
    }

    pub async fn send(&self, to: &str, code: &str) -> Result<(), Failure> {
        let address = to
            .parse()
            .map_err(|error| Failure::invalid("the e-mail address", &format!("{error}")))?;
        let letter = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, address))
            .subject(&self.subject)
            .header(ContentType::TEXT_PLAIN)
            .body(self.text.replace("{code}", code))
            .map_err(|error| Failure::Internal(format!("an e-mail could not be written: {error}")))?;
        match self.server.send(letter).await {
            Ok(_) => Ok(()),
            Err(error) => Err(Failure::Unavailable(format!("the mail server: {error}"))),
        }
    }
}
