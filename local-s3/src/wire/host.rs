//! The names under which browsers may reach the server, as a defense against DNS rebinding.

use std::net::{IpAddr, SocketAddr};

use hyper::header::HOST;
use hyper::http::uri::Authority;
use hyper::{Request, Uri};

/// Checks the `Host` of requests.
///
/// A page of another site can make its own name resolve to this computer and would then share the server's origin, as a
/// browser sees it. Its name stays in `Host`, so that only known names are accepted. An address cannot be rebound.
#[derive(Debug, Clone)]
pub(super) struct Hosts {
    listen: SocketAddr,
    allowed: Vec<String>,
}

impl Hosts {
    /// Accepts the loopback names and addresses and `listen`'s own address, all with its port, and the names `allowed`
    /// with any port. If `listen` is an unspecified address, every address is accepted.
    pub(super) fn new(listen: SocketAddr, allowed: &[String]) -> Self {
        Self { listen, allowed: allowed.iter().map(|name| name.to_ascii_lowercase()).collect() }
    }

    /// Returns the host that `request` names if it is an accepted one, as `host` or `host:port`.
    ///
    /// # Errors
    ///
    /// The refused name, for the answer.
    pub(super) fn check<B>(&self, request: &Request<B>) -> Result<Authority, String> {
        let mut named = request.headers().get_all(HOST).iter();
        let host = match (named.next(), named.next()) {
            (Some(host), None) => String::from_utf8_lossy(host.as_bytes()).into_owned(),
            (None, _) => request.uri().authority().map(ToString::to_string).unwrap_or_default(),
            (Some(_), Some(_)) => return Err("two names".to_owned()),
        };
        let authority: Authority = host.parse().map_err(|_| host.clone())?;
        // An absolute target takes precedence over `Host` (RFC 9112, section 3.2.2), so both must agree.
        let agrees = request.uri().authority().is_none_or(|target| *target == authority);
        if agrees && self.accepts(&authority) { Ok(authority) } else { Err(host) }
    }

    fn accepts(&self, authority: &Authority) -> bool {
        if authority.as_str().contains('@') {
            return false;
        }
        let host = authority.host().to_ascii_lowercase();
        if self.allowed.contains(&host) {
            return true;
        }
        let port = match authority.as_str().len() == authority.host().len() {
            true => Some(80),
            false => authority.port_u16(),
        };
        let known = match host.trim_matches(['[', ']']).parse::<IpAddr>() {
            Ok(address) => {
                let address = address.to_canonical();
                let listen = self.listen.ip();
                address.is_loopback() || address == listen.to_canonical() || listen.is_unspecified()
            }
            Err(_) => host == "localhost",
        };
        known && port == Some(self.listen.port())
    }
}

/// Returns the origin of a page that the server itself serves under `host`.
pub(super) fn own_origin(host: &Authority) -> Option<super::WebOrigin> {
    Uri::builder()
        .scheme("http")
        .authority(host.as_str())
        .path_and_query("/")
        .build()
        .ok()?
        .to_string()
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn accepts(listen: &str, host: &str) -> bool {
        let hosts = Hosts::new(listen.parse().unwrap(), &["photos.lan".to_owned()]);
        let request = Request::builder().uri("/originals/a.jpg").header(HOST, host).body(()).unwrap();
        hosts.check(&request).is_ok()
    }

    #[test]
    fn loopback_names_are_accepted_with_the_port() {
        for host in ["127.0.0.1:9000", "localhost:9000", "LOCALHOST:9000", "[::1]:9000", "127.9.9.9:9000"] {
            assert!(accepts("127.0.0.1:9000", host), "{host}");
        }
        assert!(accepts("127.0.0.1:80", "localhost"));
        assert!(accepts("127.0.0.1:9000", "photos.lan:1234"));
    }

    #[test]
    fn other_names_are_refused() {
        for host in [
            "evil.test:9000",
            "evil.test",
            "127.0.0.1",
            "localhost:9001",
            "localhost:",
            "localhost.evil.test:9000",
            "127.0.0.1.evil.test:9000",
            "evil.test@127.0.0.1:9000",
            "127.0.0.1:9000@evil.test",
            "192.168.0.7:9000",
            "",
            "0.0.0.0:9000",
            "x.localhost:9000",
            "photos.lan.evil.test:9000",
            "127.0.0.1:9000, evil.test:9000",
        ] {
            assert!(!accepts("127.0.0.1:9000", host), "{host}");
        }
    }

    #[test]
    fn the_address_that_is_listened_on_is_accepted() {
        assert!(accepts("192.168.0.7:9000", "192.168.0.7:9000"));
        assert!(!accepts("192.168.0.7:9000", "192.168.0.8:9000"));
        assert!(accepts("0.0.0.0:9000", "192.168.0.8:9000"));
        assert!(accepts("[::]:9000", "[2001:db8::1]:9000"));
        assert!(!accepts("0.0.0.0:9000", "evil.test:9000"));
    }

    #[test]
    fn host_must_be_named_once_and_agree_with_the_target() {
        let hosts = Hosts::new("127.0.0.1:9000".parse().unwrap(), &[]);
        let twice = Request::builder().uri("/").header(HOST, "localhost:9000").header(HOST, "evil.test:9000");
        assert!(hosts.check(&twice.body(()).unwrap()).is_err());
        let absolute = Request::builder().uri("http://evil.test:9000/").header(HOST, "localhost:9000");
        assert!(hosts.check(&absolute.body(()).unwrap()).is_err());
        let alone = Request::builder().uri("http://localhost:9000/").body(()).unwrap();
        assert!(hosts.check(&alone).is_ok());
        assert!(hosts.check(&Request::builder().uri("/").body(()).unwrap()).is_err());
    }
}
