//! Which address a request comes from, with or without a proxy in front.

use actix_web::HttpRequest;
use std::net::{IpAddr, Ipv4Addr};

const FORWARDED_FOR: &str = "x-forwarded-for";

/// How far forwarded addresses are believed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Peering {
    /// There is a proxy that sets X-Forwarded-For.
    pub trust_forwarded: bool,
}

/// Where this node is reached, as far as the request tells: scheme and host.
#[must_use]
pub fn base_url(request: &HttpRequest) -> String {
    let connection = request.connection_info();
    format!("{}://{}", connection.scheme(), connection.host())
}

impl Peering {
    /// The client's address. Behind a trusted proxy the last address in X-Forwarded-For, which that proxy added.
    #[must_use]
    pub fn client(self, request: &HttpRequest) -> IpAddr {
        let direct = request
            .peer_addr()
            .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |address| {
                address.ip().to_canonical()
            });
        if !self.trust_forwarded {
            return direct;
        }
        request
            .headers()
            .get_all(FORWARDED_FOR)
            .last()
            .and_then(|value| value.to_str().ok())
            .and_then(|text| text.rsplit(',').next())
            .and_then(|text| text.trim().parse::<IpAddr>().ok())
            .map_or(direct, |address| address.to_canonical())
    }

    /// Whether the request was made on this machine. One that any proxy passed on was not, whoever that proxy is.
    #[must_use]
    pub fn is_loopback(self, request: &HttpRequest) -> bool {
        let passed_on =
            request.headers().contains_key(FORWARDED_FOR) || request.headers().contains_key("forwarded");
        if passed_on && !self.trust_forwarded {
            return false;
        }
        self.client(request).is_loopback()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn request(peer: &str, forwarded: Option<&str>) -> HttpRequest {
        let mut request = TestRequest::get().peer_addr(peer.parse().unwrap());
        if let Some(forwarded) = forwarded {
            request = request.insert_header((FORWARDED_FOR, forwarded));
        }
        request.to_http_request()
    }

    #[test]
    fn forwarded_addresses_are_believed_only_behind_a_trusted_proxy() {
        let (direct, proxied) = (
            Peering::default(),
            Peering {
                trust_forwarded: true,
            },
        );
        let forwarded = request("127.0.0.1:9", Some("6.6.6.6, 10.1.2.3"));
        assert_eq!(direct.client(&forwarded).to_string(), "127.0.0.1");
        assert_eq!(proxied.client(&forwarded).to_string(), "10.1.2.3");
        assert_eq!(
            proxied
                .client(&request("127.0.0.1:9", Some("rubbish")))
                .to_string(),
            "127.0.0.1"
        );
        assert!(!direct.is_loopback(&forwarded));
        assert!(!proxied.is_loopback(&forwarded));
        assert!(direct.is_loopback(&request("[::1]:9", None)));
        assert!(direct.is_loopback(&request("[::ffff:127.0.0.1]:9", None)));
        assert!(!direct.is_loopback(&request("10.0.0.1:9", None)));
    }
}
