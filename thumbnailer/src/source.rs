//! The original: is it there, and what are its bytes.

use aws_sdk_s3::Client;
use aws_sdk_s3::types::ChecksumMode;
use bytes::Bytes;
use image_header::Rejection;
use manifest::Sidecar;
use sha2::{Digest, Sha256};

use crate::error::Retryable;
use crate::storage::{Refusal, persist};

const NEEDS: &str = "s3:ListBucket on the originals bucket and s3:GetObject on its objects";

/// An original as it was read.
pub(crate) struct Source {
    pub(crate) facts: Facts,
    /// The whole file, or why it was not read.
    pub(crate) content: Result<Content, Rejection>,
}

/// What S3 says of the object.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    pub(crate) version_id: Option<String>,
    pub(crate) bytes: u64,
    /// What its metadata says of the picture.
    pub(crate) sidecar: Sidecar,
    /// What could not be understood of it.
    pub(crate) warnings: Vec<String>,
    /// An empty object that stands for a folder, as S3's console and file system clients make them.
    pub(crate) is_folder: bool,
}

/// Returns `true` if the key alone is that of a folder.
pub(crate) fn is_folder_key(key: &str) -> bool {
    key.ends_with('/')
}

/// The file.
pub(crate) struct Content {
    pub(crate) bytes: Bytes,
    /// 64 hex digits.
    pub(crate) sha256: String,
}

/// Which object is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Current {
    /// Without quotation marks.
    pub(crate) etag: String,
    /// Where the bucket has versions.
    pub(crate) version_id: Option<String>,
}

/// The current object; `None` when there is none.
pub(crate) async fn current(s3: &Client, bucket: &str, key: &str) -> Result<Option<Current>, Retryable> {
    let doing = || format!("looking at s3://{bucket}/{key}");
    match s3.head_object().bucket(bucket).key(key).send().await {
        Ok(head) => Ok(Some(Current {
            etag: head.e_tag().unwrap_or_default().trim_matches('"').to_owned(),
            version_id: named(head.version_id()),
        })),
        Err(error) => match Refusal::of_head(&error) {
            // A HEAD's 404 does not say whether the bucket is there.
            Refusal::NoSuchKey => match s3.head_bucket().bucket(bucket).send().await {
                Ok(_) => Ok(None),
                Err(error) => match Refusal::of_head(&error) {
                    Refusal::NoSuchKey => Err(Retryable::NoSuchBucket { doing: doing() }),
                    refusal => Err(refusal.retryable(doing(), NEEDS)),
                },
            },
            refusal => Err(refusal.retryable(doing(), NEEDS)),
        },
    }
}

/// Reads the object if its etag is still `etag`; `None` when it is gone or another.
///
/// The body is hashed as it arrives. One above `limit` bytes is refused by its length before it is read.
pub(crate) async fn fetch(
    s3: &Client,
    bucket: &str,
    key: &str,
    etag: &str,
    limit: u64,
) -> Result<Option<Source>, Retryable> {
    persist(|| fetch_once(s3, bucket, key, etag, limit)).await
}

async fn fetch_once(
    s3: &Client,
    bucket: &str,
    key: &str,
    etag: &str,
    limit: u64,
) -> Result<Option<Source>, Retryable> {
    let doing = || format!("reading s3://{bucket}/{key}");
    let answer = s3
        .get_object()
        .bucket(bucket)
        .key(key)
        .if_match(format!("\"{etag}\""))
        .checksum_mode(ChecksumMode::Enabled)
        .send()
        .await;
    let mut object = match answer {
        Ok(object) => object,
        Err(error) => {
            return match Refusal::of(&error) {
                Refusal::NoSuchKey | Refusal::Precondition => Ok(None),
                refusal => Err(refusal.retryable(doing(), NEEDS)),
            };
        }
    };

    let announced = object.content_length().and_then(|length| u64::try_from(length).ok()).unwrap_or(0);
    let said = |name: &str| object.metadata()?.get(name).map(String::as_str);
    let (sidecar, warnings) = Sidecar::read(said);
    let is_directory = object.content_type().is_some_and(|kind| kind.starts_with("application/x-directory"));
    let mut facts = Facts {
        version_id: named(object.version_id()),
        bytes: announced,
        sidecar,
        warnings,
        is_folder: object.content_length() == Some(0) && (is_directory || is_folder_key(key)),
    };

    let too_large = |bytes| Rejection::check("the file's size in bytes", bytes, limit).err();
    if let Some(rejection) = too_large(announced) {
        return Ok(Some(Source { facts, content: Err(rejection) }));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(announced).unwrap_or(0));
    let mut sha256 = Sha256::new();
    let broken = |cause: String| Retryable::Storage { doing: doing(), cause };
    while let Some(chunk) =
        object.body.try_next().await.map_err(|error| broken(format!("the body broke off: {error}")))?
    {
        sha256.update(&chunk);
        bytes.extend_from_slice(&chunk);
        if let Some(rejection) = too_large(bytes.len() as u64) {
            return Ok(Some(Source { facts, content: Err(rejection) }));
        }
    }
    if object.content_length().is_some() && bytes.len() as u64 != announced {
        return Err(broken(format!("{} of {announced} bytes arrived", bytes.len())));
    }
    facts.bytes = bytes.len() as u64;
    let content = Content { bytes: bytes.into(), sha256: hex::encode(sha256.finalize()) };
    Ok(Some(Source { facts, content: Ok(content) }))
}

/// A version's id; what was written without versions has one that says nothing.
fn named(version_id: Option<&str>) -> Option<String> {
    version_id.filter(|id| *id != "null").map(str::to_owned)
}
