//! An original as its bucket has it.

use aws_sdk_s3::primitives::{DateTime, DateTimeFormat};

use crate::failure::Failure;
use crate::place::Place;
use crate::store::Store;
use crate::words;

/// What is known of an original without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Original {
    /// Without quotation marks.
    pub(crate) etag: String,
    /// Where the bucket has versions and was asked for them.
    pub(crate) version_id: Option<String>,
    pub(crate) bytes: u64,
    /// RFC 3339, UTC.
    pub(crate) modified: Option<String>,
}

impl Original {
    /// From what S3 says of an object.
    pub(crate) fn new(
        etag: Option<&str>,
        version_id: Option<&str>,
        bytes: Option<i64>,
        modified: Option<&DateTime>,
    ) -> Self {
        Self {
            etag: etag.unwrap_or_default().trim_matches('"').to_owned(),
            // A bucket whose versioning is suspended says "null" of what has no version.
            version_id: version_id.filter(|id| *id != "null").map(str::to_owned),
            bytes: bytes.and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or_default(),
            modified: modified.and_then(|time| time.fmt(DateTimeFormat::DateTime).ok()),
        }
    }
}

/// The original at `place`; `None` if there is none.
///
/// # Errors
///
/// A [`Failure`] when that cannot be told, or there is no such bucket.
pub(crate) async fn look(store: &Store, place: &Place) -> Result<Option<Original>, Failure> {
    match store.client.head_object().bucket(&place.bucket).key(&place.key).send().await {
        Ok(head) if place.key.ends_with('/') && head.content_length() == Some(0) => Ok(None),
        Ok(head) => Ok(Some(Original::new(
            head.e_tag(),
            head.version_id(),
            head.content_length(),
            head.last_modified(),
        ))),
        Err(error) if error.as_service_error().is_some_and(|error| error.is_not_found()) => {
            refuse_missing_bucket(store, &place.bucket).await.map(|()| None)
        }
        Err(error) => Err(words::of_head(store, &place.bucket, &place.key, &error)
            .await
            .needing("s3:GetObject and s3:ListBucket", &place.bucket)),
    }
}

/// An answer to HEAD has no body that would tell a missing bucket from a missing key.
async fn refuse_missing_bucket(store: &Store, bucket: &str) -> Result<(), Failure> {
    match store.client.head_bucket().bucket(bucket).send().await {
        Err(error) if error.as_service_error().is_some_and(|error| error.is_not_found()) => {
            Err(Failure::no_such_bucket(bucket, store))
        }
        _ => Ok(()),
    }
}

/// Returns the failure of a key without an original.
pub(crate) fn missing(place: &Place) -> Failure {
    if place.key.ends_with('/') {
        return Failure::new(
            "folder",
            format!("'{}' is a folder", place.key),
            format!("`uploader ls {}` shows the originals in it.", place.key),
        );
    }
    Failure::new(
        "NoSuchKey",
        format!("there is no such key in bucket '{}'", place.bucket),
        "`uploader ls` shows the keys there are.",
    )
}
