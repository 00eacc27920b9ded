//! What uploaders attach to an object: reading it from requests and checking it.

use percent_encoding::percent_decode_str;
use s3s::dto::{ETag, Expires, Metadata, Timestamp};
use s3s::{S3Result, s3_error};

use crate::storage::{Attributes, Headers, Tag};

/// S3's limit for user metadata: names and values together, in bytes.
const METADATA_LIMIT: usize = 2048;
/// The most tags of an object.
pub(super) const OBJECT_TAGS: usize = 10;
/// The most tags of a bucket.
pub(super) const BUCKET_TAGS: usize = 50;

/// Reads [`Attributes`] from any input that has S3's usual fields.
macro_rules! attributes_of {
    ($input:expr) => {
        $crate::wire::attributes::gather(
            $crate::storage::Headers {
                content_type: $input.content_type.take(),
                cache_control: $input.cache_control.take(),
                content_disposition: $input.content_disposition.take(),
                content_encoding: $input.content_encoding.take(),
                content_language: $input.content_language.take(),
                expires: None,
                website_redirect_location: $input.website_redirect_location.take(),
            },
            $input.expires.take(),
            $input.metadata.take(),
            $input.tagging.as_deref(),
        )
    };
}
pub(super) use attributes_of;

pub(super) fn gather(
    mut headers: Headers,
    expires: Option<Expires>,
    metadata: Option<Metadata>,
    tagging: Option<&str>,
) -> S3Result<Attributes> {
    headers.expires = expires.map(|at| time::OffsetDateTime::from(at).unix_timestamp());
    headers.content_encoding = headers.content_encoding.and_then(|coding| stored_coding(&coding));
    if headers.content_type.as_deref().is_none_or(str::is_empty) {
        headers.content_type = Some("binary/octet-stream".to_owned());
    }
    let metadata: std::collections::BTreeMap<String, String> =
        metadata.unwrap_or_default().into_iter().collect();
    let bytes: usize = metadata.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes > METADATA_LIMIT {
        return Err(s3_error!(
            MetadataTooLarge,
            "User metadata has {} bytes; {} are allowed.",
            bytes,
            METADATA_LIMIT
        ));
    }
    let tags = check_tags(tagging.map(parse_tags).unwrap_or_default(), OBJECT_TAGS)?;
    Ok(Attributes { headers, metadata, tags })
}

/// `aws-chunked` belongs to the transfer, not to the object.
fn stored_coding(coding: &str) -> Option<String> {
    let kept: Vec<&str> =
        coding.split(',').map(str::trim).filter(|part| !part.is_empty() && *part != "aws-chunked").collect();
    (!kept.is_empty()).then(|| kept.join(", "))
}

/// The tags of an `x-amz-tagging` header, which is a query string.
fn parse_tags(header: &str) -> Vec<Tag> {
    let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let pairs = header.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            Tag { key: decode(key), value: decode(value) }
        })
        .collect()
}

/// Holds tags against S3's rules.
pub(super) fn check_tags(tags: Vec<Tag>, most: usize) -> S3Result<Vec<Tag>> {
    if tags.len() > most {
        return Err(s3_error!(InvalidTag, "There cannot be more than {} tags.", most));
    }
    for (at, tag) in tags.iter().enumerate() {
        if tag.key.is_empty() || tag.key.chars().count() > 128 {
            return Err(s3_error!(InvalidTag, "The TagKey you have provided is invalid"));
        }
        if tag.value.chars().count() > 256 {
            return Err(s3_error!(InvalidTag, "The TagValue you have provided is invalid"));
        }
        if tags[..at].iter().any(|other| other.key == tag.key) {
            return Err(s3_error!(InvalidTag, "Cannot provide multiple Tags with the same key"));
        }
    }
    Ok(tags)
}

/// A stored ETag as responses have it.
pub(super) fn etag(value: &str) -> ETag {
    ETag::Strong(value.to_owned())
}

/// A stored `Expires` as responses have it.
pub(super) fn expires(seconds: Option<i64>) -> Option<Expires> {
    seconds.and_then(|seconds| time::OffsetDateTime::from_unix_timestamp(seconds).ok()).map(Timestamp::from)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_transfer_coding_is_not_stored() {
        assert_eq!(stored_coding("aws-chunked"), None);
        assert_eq!(stored_coding("gzip, aws-chunked").unwrap(), "gzip");
        assert_eq!(stored_coding("deflate, aws-chunked,gzip").unwrap(), "deflate, gzip");
        assert_eq!(stored_coding("gzip").unwrap(), "gzip");
    }

    #[test]
    fn tags_are_a_query_string() {
        let tags = parse_tags("a=1&b%20c=d+e&f");
        let pairs: Vec<(&str, &str)> =
            tags.iter().map(|tag| (tag.key.as_str(), tag.value.as_str())).collect();
        assert_eq!(pairs, [("a", "1"), ("b c", "d e"), ("f", "")]);
    }

    #[test]
    fn repeated_tags_are_refused() {
        assert!(check_tags(parse_tags("a=1&a=2"), OBJECT_TAGS).is_err());
    }
}
