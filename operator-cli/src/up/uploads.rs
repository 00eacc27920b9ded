//! Bringing files in: each is uploaded unless it is there already, and all are waited for.

use std::io;
use std::path::Path;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{DisplayErrorContext, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::ChecksumMode;
use futures::{StreamExt, stream};
use manifest::State;
use sha2::{Digest, Sha256};

use super::surroundings::{ORIGINALS, Surroundings, derived};
use crate::files::{Source, Unusable};
use crate::manifests;

/// Files on their way at once.
const AT_ONCE: usize = 4;

/// A file and its object.
#[derive(Debug)]
pub(crate) struct Upload {
    /// The file as it was named.
    pub(crate) source: String,
    pub(crate) key: String,
    /// The object's etag, without quotation marks, or why there is none.
    pub(crate) object: Result<String, String>,
    /// Whether this run has put it.
    sent: bool,
}

/// Uploads what is not there with the same bytes, and waits until the queue has settled. What was there and is
/// still not derived as `fingerprint` says then, such as after a change of the preset, is put again.
pub(crate) async fn bring_in(
    surroundings: &Surroundings,
    sources: &[Result<Source, Unusable>],
    fingerprint: &str,
) -> Vec<Upload> {
    let s3 = &surroundings.s3;
    let mut uploads: Vec<Upload> =
        stream::iter(sources.to_vec()).map(|source| upload(s3, source)).buffered(AT_ONCE).collect().await;
    surroundings.queue.settled().await;

    for (upload, source) in uploads.iter_mut().zip(sources) {
        if let (Ok(etag), Ok(source), false) = (&upload.object, source, upload.sent)
            && !is_derived(s3, &upload.key, etag, fingerprint).await
        {
            *upload = put(s3, source).await;
        }
    }
    surroundings.queue.settled().await;
    uploads
}

async fn is_derived(s3: &Client, key: &str, etag: &str, fingerprint: &str) -> bool {
    let Ok(Some(manifest)) = manifests::read(s3, &derived(), key).await else {
        return false;
    };
    manifest.state == State::Derived
        && manifest.source.etag == etag
        && manifest.preset.is_some_and(|preset| preset.fingerprint == fingerprint)
}

async fn upload(s3: &Client, source: Result<Source, Unusable>) -> Upload {
    match source {
        Ok(source) => put_unless_there(s3, &source).await,
        Err(Unusable { path, reason }) => {
            let name = path.display().to_string();
            Upload { source: name.clone(), key: name, object: Err(reason), sent: false }
        }
    }
}

async fn put_unless_there(s3: &Client, source: &Source) -> Upload {
    let head =
        s3.head_object().bucket(ORIGINALS).key(&source.key).checksum_mode(ChecksumMode::Enabled).send().await;
    if let Ok(head) = head
        && let Some(there) = head.checksum_sha256()
        && digest(&source.path).await.is_ok_and(|ours| ours == there)
    {
        let object = Ok(bare(head.e_tag()));
        return Upload {
            source: source.path.display().to_string(),
            key: source.key.clone(),
            object,
            sent: false,
        };
    }
    put(s3, source).await
}

async fn put(s3: &Client, source: &Source) -> Upload {
    let object = match send(s3, source).await {
        Ok(etag) => Ok(etag),
        Err(error) => Err(format!("could not be uploaded: {error}")),
    };
    Upload { source: source.path.display().to_string(), key: source.key.clone(), object, sent: true }
}

async fn send(s3: &Client, source: &Source) -> Result<String, String> {
    let digest = digest(&source.path).await.map_err(|error| error.to_string())?;
    let body = ByteStream::from_path(&source.path).await.map_err(|error| error.to_string())?;
    let put = s3
        .put_object()
        .bucket(ORIGINALS)
        .key(&source.key)
        .set_content_type(media_type(&source.path).map(str::to_owned))
        .checksum_sha256(digest)
        .body(body)
        .send()
        .await;
    match put {
        Ok(put) => Ok(bare(put.e_tag())),
        Err(SdkError::ServiceError(error)) => Err(error.err().to_string()),
        Err(error) => Err(DisplayErrorContext(error).to_string()),
    }
}

/// An etag without its quotation marks.
fn bare(etag: Option<&str>) -> String {
    etag.unwrap_or_default().trim_matches('"').to_owned()
}

/// SHA-256 of a file, base64, as S3 writes checksums.
async fn digest(path: &Path) -> io::Result<String> {
    let path = path.to_owned();
    let hash = move || {
        let mut hasher = Sha256::new();
        let mut file = std::fs::File::open(path)?;
        let mut buffer = vec![0; 1 << 16];
        loop {
            match io::Read::read(&mut file, &mut buffer)? {
                0 => return Ok(aws_smithy_types::base64::encode(hasher.finalize())),
                read => hasher.update(&buffer[..read]),
            }
        }
    };
    tokio::task::spawn_blocking(hash).await.map_err(io::Error::other)?
}

/// The media type that a file's ending promises; the pipeline looks at the content.
fn media_type(path: &Path) -> Option<&'static str> {
    let ending = path.extension()?.to_str()?.to_ascii_lowercase();
    Some(match ending.as_str() {
        "jpg" | "jpeg" | "jpe" | "jfif" => "image/jpeg",
        "png" => "image/png",
        "webp" => "image/webp",
        "gif" => "image/gif",
        "bmp" | "dib" => "image/bmp",
        "tif" | "tiff" => "image/tiff",
        "avif" => "image/avif",
        "heic" | "heif" => "image/heic",
        "svg" => "image/svg+xml",
        _ => return None,
    })
}
