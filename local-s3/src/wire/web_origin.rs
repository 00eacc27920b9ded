use std::fmt;
use std::str::FromStr;

use hyper::Uri;

/// The origin of a web page: scheme, host and port, without a path.
///
/// Two origins are equal if a browser treats them as the same: letters' case and a scheme's default port don't count.
///
/// Source: RFC 6454, section 4.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WebOrigin(String);

/// Why a text is not the origin of a web page.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not the origin of a web page: write it as a browser does, such as https://blog.example.org or http://localhost:1313"
)]
pub struct InvalidOrigin(String);

impl FromStr for WebOrigin {
    type Err = InvalidOrigin;

    fn from_str(text: &str) -> Result<Self, InvalidOrigin> {
        let invalid = || InvalidOrigin(text.to_owned());
        let uri: Uri = text.trim_end_matches('/').parse().map_err(|_| invalid())?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(invalid());
        };
        let default_port = match scheme {
            "http" => 80,
            "https" => 443,
            _ => return Err(invalid()),
        };
        let only_origin = matches!(uri.path(), "" | "/") && uri.query().is_none();
        let host = authority.host().to_ascii_lowercase();
        if !only_origin || host.is_empty() || host.contains('*') || authority.as_str().contains('@') {
            return Err(invalid());
        }
        let port = match authority.as_str().strip_prefix(authority.host()) {
            Some("") => default_port,
            _ => authority.port_u16().ok_or_else(invalid)?,
        };
        let port = if port == default_port { String::new() } else { format!(":{port}") };
        Ok(Self(format!("{scheme}://{host}{port}")))
    }
}

impl fmt::Display for WebOrigin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn case_and_default_port_do_not_count() {
        let origin = |text: &str| text.parse::<WebOrigin>().unwrap().to_string();
        assert_eq!(origin("https://Blog.Example.org"), "https://blog.example.org");
        assert_eq!(origin("https://blog.example.org:443/"), "https://blog.example.org");
        assert_eq!(origin("http://blog.example.org:443"), "http://blog.example.org:443");
        assert_eq!(origin("HTTP://localhost:1313"), "http://localhost:1313");
        assert_eq!(origin("http://[::1]:80"), "http://[::1]");
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "*",
            "null",
            "blog.example.org",
            "https://",
            "https://*.example.org",
            "https://a.org/path",
            "https://a.org?x",
            "ftp://a.org",
            "https://me@a.org",
            "https://a.org:",
            "https://a.org:99999",
            "file:///",
        ] {
            assert!(text.parse::<WebOrigin>().is_err(), "{text}");
        }
    }
}
