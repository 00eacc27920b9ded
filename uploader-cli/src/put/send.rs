//! One file, one PUT, checked on its way.

use std::path::Path;

use aws_sdk_s3::primitives::ByteStream;

use super::inspect::Inspected;
use crate::failure::{Failure, innermost};
use crate::store::Store;

/// An original as it lies in its bucket: what names *our* upload among others of the same key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sent {
    /// Without quotation marks.
    pub(super) etag: String,
    /// Where the bucket has versions.
    pub(super) version_id: Option<String>,
    /// CRC-64/NVME, base64.
    pub(super) crc64nvme: String,
}

/// Puts the file at `path` under `key`, with the checksum of the bytes that were looked at, so that neither
/// a damaged transfer nor a file that changed meanwhile becomes an object.
///
/// # Errors
///
/// A [`Failure`] of the file or of S3.
pub(super) async fn send(store: &Store, path: &Path, key: &str, file: &Inspected) -> Result<Sent, Failure> {
    let body = ByteStream::from_path(path).await.map_err(|error| {
        let message = format!("the file cannot be read: {}", innermost(&error));
        Failure::new("unreadable", message, "Check the file and the disk that it is on.")
    })?;
    let answer = store
        .client
        .put_object()
        .bucket(&store.originals)
        .key(key)
        .content_type(file.media_type)
        .content_length(i64::try_from(file.bytes).unwrap_or(i64::MAX))
        .checksum_crc64_nvme(&file.crc64nvme)
        .body(body)
        .send()
        .await
        .map_err(|error| Failure::of_request(&error, &store.originals, store))?;

    // Servers that know no CRC-64 leave it out of their answer.
    if let Some(theirs) = answer.checksum_crc64_nvme().filter(|theirs| *theirs != file.crc64nvme) {
        return Err(Failure::new(
            "BadDigest",
            format!("S3 holds bytes with the checksum {theirs}, the file's is {}", file.crc64nvme),
            "Run the command again.",
        ));
    }
    Ok(Sent {
        etag: answer.e_tag().unwrap_or_default().trim_matches('"').to_owned(),
        // A bucket whose versioning is suspended says "null" of what has no version.
        version_id: answer.version_id().filter(|id| *id != "null").map(str::to_owned),
        crc64nvme: file.crc64nvme.clone(),
    })
}
