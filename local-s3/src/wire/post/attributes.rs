use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};
use s3s::dto::{Metadata, Tagging, Timestamp, TimestampFormat};
use s3s::xml::{Deserialize, Deserializer};
use s3s::{S3Result, s3_error};

use super::Fields;
use crate::checksum::Algorithm;
use crate::storage::{Attributes, Headers, Tag};
use crate::wire::attributes::{OBJECT_TAGS, check_tags, gather};
use crate::wire::digest::Promise;

/// Fields with the prefix `x-amz-` that are understood, besides metadata and checksums.
const KNOWN: [&str; 9] = [
    "x-amz-acl",
    "x-amz-algorithm",
    "x-amz-checksum-algorithm",
    "x-amz-credential",
    "x-amz-date",
    "x-amz-security-token",
    "x-amz-signature",
    "x-amz-storage-class",
    "x-amz-website-redirect-location",
];

/// Headers that would change what the upload does. S3 reads them from fields only, or not at all.
const REFUSED_HEADERS: [&str; 5] = [
    "if-match",
    "if-none-match",
    "x-amz-expected-bucket-owner",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-customer-algorithm",
];

/// Refuses conditions that a form cannot have, so that they are not ignored.
pub(super) fn refuse_headers(headers: &HeaderMap) -> S3Result<()> {
    match REFUSED_HEADERS.iter().find(|name| headers.contains_key(**name)) {
        Some(name) => Err(not_implemented(name)),
        None => Ok(()),
    }
}

fn not_implemented(name: &str) -> s3s::S3Error {
    s3_error!(NotImplemented, "{:?} is not supported in a form. Leave it out.", name)
}

/// Reads the attributes that the fields give to the object.
pub(super) fn of(fields: &Fields) -> S3Result<Attributes> {
    let mut headers = Headers::default();
    let (mut metadata, mut expires, mut tags) = (Metadata::new(), None, Vec::new());
    for (name, value) in fields.iter() {
        let stored = match name {
            "content-type" => &mut headers.content_type,
            "cache-control" => &mut headers.cache_control,
            "content-disposition" => &mut headers.content_disposition,
            "content-encoding" => &mut headers.content_encoding,
            "content-language" => &mut headers.content_language,
            "x-amz-website-redirect-location" => &mut headers.website_redirect_location,
            "expires" => {
                let date = Timestamp::parse(TimestampFormat::HttpDate, value);
                expires = Some(date.map_err(|_| invalid(name, "an HTTP date"))?);
                continue;
            }
            "tagging" => {
                tags = parse_tags(value)?;
                continue;
            }
            "acl" | "x-amz-acl" if matches!(value, "private" | "bucket-owner-full-control") => continue,
            "x-amz-storage-class" if value == "STANDARD" => continue,
            "acl" | "x-amz-acl" | "x-amz-storage-class" | "if-match" | "if-none-match" => {
                return Err(not_implemented(name));
            }
            _ => {
                if let Some(name) = name.strip_prefix("x-amz-meta-") {
                    check_header(name, value)?;
                    metadata.insert(name.to_owned(), value.to_owned());
                } else if name.starts_with("x-amz-")
                    && !KNOWN.contains(&name)
                    && Algorithm::from_header(name).is_none()
                {
                    return Err(not_implemented(name));
                }
                continue;
            }
        };
        check_header(name, value)?;
        *stored = Some(value.to_owned());
    }
    let mut attributes = gather(headers, expires, Some(metadata), None)?;
    attributes.tags = check_tags(tags, OBJECT_TAGS)?;
    Ok(attributes)
}

/// Refuses what cannot be sent back in a header: with it, the object could never be read.
fn check_header(name: &str, value: &str) -> S3Result<()> {
    let fits = HeaderName::from_bytes(name.as_bytes()).is_ok() && HeaderValue::from_str(value).is_ok();
    if fits { Ok(()) } else { Err(invalid(name, "text without control characters")) }
}

fn invalid(name: &str, expected: &str) -> s3s::S3Error {
    s3_error!(InvalidArgument, "The field {:?} must be {}.", name, expected)
}

/// Parses `<Tagging><TagSet><Tag><Key>…</Key><Value>…</Value></Tag></TagSet></Tagging>`.
fn parse_tags(xml: &str) -> S3Result<Vec<Tag>> {
    let mut deserializer = Deserializer::new(xml.as_bytes());
    let tagging = Tagging::deserialize(&mut deserializer).and_then(|tagging| {
        deserializer.expect_eof()?;
        Ok(tagging)
    });
    let tagging =
        tagging.map_err(|_| s3_error!(MalformedXML, "The field \"tagging\" must be a Tagging document."))?;
    let tags = tagging.tag_set.into_iter();
    Ok(tags
        .map(|tag| Tag { key: tag.key.unwrap_or_default(), value: tag.value.unwrap_or_default() })
        .collect())
}

/// Reads the checksums that the fields promise. They are fields here and headers elsewhere.
pub(super) fn promise(fields: &Fields) -> S3Result<Promise> {
    let mut headers = HeaderMap::new();
    let names = Algorithm::ALL.iter().map(|algorithm| algorithm.header()).chain(["content-md5"]);
    for name in names {
        if let Some(value) = fields.get(name) {
            let value = HeaderValue::from_str(value).map_err(|_| invalid(name, "base64"))?;
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    let promise = Promise::read(&headers, None)?;
    if let Some(name) = fields.get("x-amz-checksum-algorithm")
        && promise.algorithm().is_none_or(|algorithm| Some(algorithm) != Algorithm::from_name(name))
    {
        return Err(s3_error!(
            InvalidRequest,
            "x-amz-checksum-algorithm names {:?}, and the form has no such checksum.",
            name
        ));
    }
    Ok(promise)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        let mut fields = Fields::default();
        for (name, value) in pairs {
            assert!(fields.add(name, (*value).into()));
        }
        fields
    }

    fn code(name: &str, value: &str) -> Option<String> {
        of(&fields(&[(name, value)])).err().map(|error| error.code().as_str().to_owned())
    }

    #[test]
    fn every_attribute_is_stored() {
        let xml = "<Tagging><TagSet><Tag><Key>a</Key><Value>b &amp; c</Value></Tag></TagSet></Tagging>";
        let attributes = of(&fields(&[
            ("Content-Type", "image/jpeg"),
            ("Cache-Control", "no-cache"),
            ("Content-Disposition", "attachment"),
            ("Content-Encoding", "identity"),
            ("Content-Language", "de"),
            ("Expires", "Wed, 21 Oct 2015 07:28:00 GMT"),
            ("x-amz-website-redirect-location", "/other"),
            ("x-amz-meta-Alt", "Boats at dawn"),
            ("tagging", xml),
            ("acl", "private"),
            ("x-ignore-me", "ignored"),
            ("submit", "Send"),
        ]))
        .unwrap();
        let headers = &attributes.headers;
        assert_eq!(headers.content_type.as_deref(), Some("image/jpeg"));
        assert_eq!(headers.cache_control.as_deref(), Some("no-cache"));
        assert_eq!(headers.content_disposition.as_deref(), Some("attachment"));
        assert_eq!(headers.content_encoding.as_deref(), Some("identity"));
        assert_eq!(headers.content_language.as_deref(), Some("de"));
        assert_eq!(headers.expires, Some(1_445_412_480));
        assert_eq!(headers.website_redirect_location.as_deref(), Some("/other"));
        assert_eq!(attributes.metadata.get("alt").unwrap(), "Boats at dawn");
        assert_eq!(attributes.tags, [Tag { key: "a".into(), value: "b & c".into() }]);
        assert_eq!(of(&fields(&[])).unwrap().headers.content_type.as_deref(), Some("binary/octet-stream"));
    }

    #[test]
    fn fields_that_would_be_ignored_are_refused() {
        for (name, value) in [
            ("acl", "public-read"),
            ("x-amz-storage-class", "GLACIER"),
            ("x-amz-server-side-encryption", "AES256"),
            ("x-amz-server-side-encryption-customer-key", "x"),
            ("x-amz-object-lock-mode", "GOVERNANCE"),
            ("x-amz-grant-read", "id=1"),
            ("If-None-Match", "*"),
        ] {
            assert_eq!(code(name, value).as_deref(), Some("NotImplemented"), "{name}");
        }
    }

    #[test]
    fn values_that_no_header_can_hold_are_refused() {
        for (name, value) in [
            ("content-type", "a\r\nb: c"),
            ("x-amz-meta-a", "two\nlines"),
            ("x-amz-meta-a b", "x"),
            ("expires", "tomorrow"),
        ] {
            assert_eq!(code(name, value).as_deref(), Some("InvalidArgument"), "{name}");
        }
        assert_eq!(code("tagging", "a=b").as_deref(), Some("MalformedXML"));
        assert_eq!(code("tagging", "<Tagging><TagSet>").as_deref(), Some("MalformedXML"));
    }
}
