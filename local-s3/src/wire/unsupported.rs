//! Headers that ask for something the server cannot do. Ignoring them would be a lie, so they are refused by name.

use hyper::header::HeaderMap;
use hyper::{Method, Request, Uri};
use s3s::{Body, S3Result, s3_error};

use super::bucket::OWNER;

/// The values of a header that ask for nothing special.
enum Harmless {
    Nothing,
    Only(&'static [&'static str]),
}
use Harmless::{Nothing, Only};

/// Headers by name, or by the beginning of their name if it ends in `*`; harmless values; the reason to refuse others.
const TABLE: [(&str, Harmless, &str); 19] = [
    ("x-amz-acl", Only(&["private", "bucket-owner-read", "bucket-owner-full-control"]), "there are no ACLs"),
    ("x-amz-grant-*", Nothing, "there are no ACLs"),
    ("x-amz-object-ownership", Only(&["BucketOwnerEnforced"]), "there are no ACLs"),
    ("x-amz-server-side-encryption", Nothing, "objects are stored unencrypted"),
    ("x-amz-server-side-encryption-bucket-key-enabled", Only(&["false"]), "objects are stored unencrypted"),
    ("x-amz-server-side-encryption-*", Nothing, "objects are stored unencrypted"),
    ("x-amz-copy-source-server-side-encryption-*", Nothing, "objects are stored unencrypted"),
    ("x-amz-object-lock-legal-hold", Only(&["OFF"]), "there is no Object Lock"),
    ("x-amz-object-lock-*", Nothing, "there is no Object Lock"),
    ("x-amz-bucket-object-lock-enabled", Only(&["false", "False"]), "there is no Object Lock"),
    ("x-amz-bucket-namespace", Only(&["global"]), "bucket names are global"),
    ("x-amz-storage-class", Only(&["STANDARD"]), "there is one storage class, STANDARD"),
    ("x-amz-write-offset-bytes", Nothing, "objects cannot be appended to"),
    ("x-amz-if-match-initiated-time", Nothing, "uploads are ended without a condition"),
    ("x-amz-create-session-*", Nothing, "there are no directory buckets"),
    ("x-amz-rename-source*", Nothing, "objects cannot be renamed"),
    ("x-amz-fwd-*", Nothing, "there are no object lambdas"),
    ("x-amz-object-annotation*", Nothing, "there are no annotations"),
    ("content-range", Nothing, "an object is written as a whole"),
];

/// Refuses a request that asks for anything the server does not support.
pub(super) fn check(request: &Request<Body>) -> S3Result<()> {
    let headers = request.headers();
    for (name, value) in headers {
        let row = TABLE.iter().find(|(known, ..)| match known.strip_suffix('*') {
            Some(beginning) => name.as_str().starts_with(beginning),
            None => name == known,
        });
        if let Some((_, harmless, reason)) = row {
            let value = value.to_str().unwrap_or_default();
            if !matches!(harmless, Only(values) if values.contains(&value)) {
                return Err(refusal(name.as_str(), reason));
            }
        }
    }
    check_conditions(request.method(), request.uri(), headers)?;
    check_owner(headers)
}

/// Refuses conditions on operations that have none.
fn check_conditions(method: &Method, uri: &Uri, headers: &HeaderMap) -> S3Result<()> {
    let query = uri.query().unwrap_or_default();
    let has = |wanted: &str| query.split('&').any(|pair| pair.split('=').next() == Some(wanted));
    let names: &[&str] = match *method {
        Method::PUT if !query.split('&').all(is_plain) => {
            &["if-match", "if-none-match", "if-modified-since", "if-unmodified-since"]
        }
        Method::PUT => &["if-modified-since", "if-unmodified-since"],
        Method::POST if has("uploadId") => &["if-modified-since", "if-unmodified-since"],
        Method::POST => &["if-match", "if-none-match", "if-modified-since", "if-unmodified-since"],
        Method::DELETE if has("uploadId") || has("tagging") => {
            &["if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "x-amz-if-match-size"]
        }
        Method::DELETE => &["if-none-match", "if-modified-since", "if-unmodified-since"],
        _ => &[],
    };
    match names.iter().find(|name| headers.contains_key(**name)) {
        Some(name) => Err(refusal(name, "this operation has no such condition")),
        None => Ok(()),
    }
}

/// Returns whether a parameter leaves a PUT a plain one of an object.
fn is_plain(pair: &str) -> bool {
    pair.is_empty() || pair.starts_with("x-id=") || pair.to_ascii_lowercase().starts_with("x-amz-") || {
        let name = pair.split('=').next().unwrap_or_default();
        matches!(name, "AWSAccessKeyId" | "Signature" | "Expires")
    }
}

fn check_owner(headers: &HeaderMap) -> S3Result<()> {
    for name in ["x-amz-expected-bucket-owner", "x-amz-source-expected-bucket-owner"] {
        if headers.get(name).is_some_and(|owner| owner != OWNER) {
            return Err(s3_error!(AccessDenied, "{} is not {:?}, who owns every bucket here.", name, OWNER));
        }
    }
    Ok(())
}

fn refusal(name: &str, reason: &str) -> s3s::S3Error {
    s3_error!(
        NotImplemented,
        "A header you provided implies functionality that is not implemented: {} ({}).",
        name,
        reason
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn outcome(method: Method, uri: &str, headers: &[(&str, &str)]) -> Option<String> {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        check(&request.body(Body::empty()).unwrap()).err().map(|error| error.code().as_str().to_owned())
    }

    #[test]
    fn defaults_of_common_clients_pass() {
        for header in [
            ("x-amz-acl", "private"),
            ("x-amz-acl", "bucket-owner-full-control"),
            ("x-amz-storage-class", "STANDARD"),
            ("x-amz-object-ownership", "BucketOwnerEnforced"),
            ("x-amz-bucket-object-lock-enabled", "false"),
            ("x-amz-request-payer", "requester"),
            ("x-amz-expected-bucket-owner", OWNER),
            ("x-amz-meta-mtime", "1"),
            ("x-amz-tagging", "a=b"),
            ("if-match", "\"a\""),
            ("if-none-match", "*"),
        ] {
            assert_eq!(outcome(Method::PUT, "/b/k?x-id=PutObject", &[header]), None, "{header:?}");
        }
        assert_eq!(outcome(Method::DELETE, "/b/k", &[("if-match", "*"), ("x-amz-if-match-size", "1")]), None);
        assert_eq!(outcome(Method::POST, "/b/k?uploadId=1", &[("if-none-match", "*")]), None);
    }

    #[test]
    fn everything_else_is_refused_by_name() {
        for (method, uri, header) in [
            (Method::PUT, "/b/k", ("x-amz-acl", "public-read")),
            (Method::PUT, "/b", ("x-amz-grant-read", "id=\"a\"")),
            (Method::PUT, "/b/k", ("x-amz-server-side-encryption", "AES256")),
            (Method::PUT, "/b/k", ("x-amz-server-side-encryption", "aws:kms")),
            (Method::GET, "/b/k", ("x-amz-server-side-encryption-customer-algorithm", "AES256")),
            (Method::PUT, "/b/k", ("x-amz-copy-source-server-side-encryption-customer-key", "a")),
            (Method::PUT, "/b/k", ("x-amz-object-lock-mode", "GOVERNANCE")),
            (Method::PUT, "/b/k", ("x-amz-object-lock-retain-until-date", "2030-01-01T00:00:00Z")),
            (Method::PUT, "/b/k", ("x-amz-object-lock-legal-hold", "ON")),
            (Method::PUT, "/b", ("x-amz-bucket-object-lock-enabled", "true")),
            (Method::PUT, "/b/k", ("x-amz-storage-class", "GLACIER")),
            (Method::PUT, "/b/k", ("x-amz-write-offset-bytes", "5")),
            (Method::PUT, "/b/k", ("content-range", "bytes 0-1/2")),
            (Method::PUT, "/b/k", ("if-unmodified-since", "Tue, 01 Dec 2026 00:00:00 GMT")),
            (Method::PUT, "/b/k?partNumber=1&uploadId=2", ("if-match", "\"a\"")),
            (Method::PUT, "/b/k?tagging", ("if-match", "\"a\"")),
            (Method::DELETE, "/b/k", ("if-none-match", "*")),
            (Method::DELETE, "/b/k?uploadId=1", ("x-amz-if-match-initiated-time", "a")),
            (Method::POST, "/b?delete", ("if-match", "*")),
        ] {
            assert_eq!(outcome(method, uri, &[header]).as_deref(), Some("NotImplemented"), "{header:?}");
        }
        let owner = ("x-amz-expected-bucket-owner", "123456789012");
        assert_eq!(outcome(Method::GET, "/b/k", &[owner]).as_deref(), Some("AccessDenied"));
    }
}
