//! Addresses of S3 servers.

/// Domains of Amazon's own endpoints, in all of its partitions.
///
/// Source: AWS General Reference, "AWS service endpoints"; botocore's `partitions.json`.
const AMAZONS: [&str; 9] = [
    "amazonaws.com",
    "amazonaws.com.cn",
    "amazonaws.eu",
    "api.aws",
    "api.amazonwebservices.com.cn",
    "c2s.ic.gov",
    "sc2s.sgov.gov",
    "csp.hci.ic.gov",
    "cloud.adc-e.uk",
];

/// Returns `true` if the server at `url` is Amazon's.
pub(crate) fn is_amazons(url: &str) -> bool {
    let host = host(url).trim_end_matches('.').to_ascii_lowercase();
    AMAZONS
        .iter()
        .any(|domain| host.strip_suffix(domain).is_some_and(|below| below.is_empty() || below.ends_with('.')))
}

/// Returns the host of `url`, without user, port and path.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let place = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
    place.rsplit_once(':').filter(|(_, port)| !port.contains(']')).map_or(place, |(host, _)| host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amazons_endpoints_are_known_by_their_domain() {
        for amazon in [
            "https://s3.amazonaws.com",
            "https://user@s3.eu-central-1.amazonaws.com:443/path?x",
            "https://s3.eusc-de-east-1.amazonaws.eu",
            "https://S3.US-GOV-WEST-1.AMAZONAWS.COM.",
            "amazonaws.com",
        ] {
            assert!(is_amazons(amazon), "{amazon}");
        }
        for other in [
            "http://127.0.0.1:9000",
            "http://[::1]:9000",
            "https://notamazonaws.com",
            "https://amazonaws.com.example.org",
            "https://example.org/s3.amazonaws.com",
            "https://s3.amazonaws.com@example.org",
            "",
        ] {
            assert!(!is_amazons(other), "{other}");
        }
    }
}
