//! Reads manifests from the derived bucket.

use std::time::Duration;

use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::primitives::{ByteStream, ByteStreamError};
use manifest::{Manifest, manifest_key};

use crate::failure::{Failure, innermost};
use crate::store::Store;

/// The code of a document that is no manifest, or one of another release.
pub(crate) const NOT_OURS: &str = "manifest";

/// Bytes of a manifest at most; one with a hundred renditions has 30,000.
const MOST: usize = 1 << 20;

/// Time for a manifest to arrive, once the server has begun to answer.
const LONGEST: Duration = Duration::from_secs(60);

/// Returns the bytes of `body`, or `None` if there are more than [`MOST`].
async fn collect(mut body: ByteStream) -> Result<Option<Vec<u8>>, ByteStreamError> {
    let mut json = Vec::new();
    while let Some(chunk) = body.try_next().await? {
        if json.len() + chunk.len() > MOST {
            return Ok(None);
        }
        json.extend_from_slice(&chunk);
    }
    Ok(Some(json))
}

/// The manifest of the original `key`; `None` if there is none.
///
/// # Errors
///
/// A [`Failure`] when that cannot be told, or what is there is no manifest.
pub(crate) async fn read(store: &Store, key: &str) -> Result<Option<Manifest>, Failure> {
    let derived = &store.derived;
    let object = store.client.get_object().bucket(derived.bucket()).key(derived.key(&manifest_key(key)));
    let answer = object.send().await;
    let body = match answer {
        Ok(answer) => tokio::time::timeout(LONGEST, collect(answer.body)).await,
        Err(error) if matches!(error.as_service_error(), Some(GetObjectError::NoSuchKey(_))) => {
            return Ok(None);
        }
        Err(error) => {
            // Without s3:ListBucket, S3 says AccessDenied of what isn't there.
            return Err(Failure::of_request(&error, derived.bucket(), store)
                .needing("s3:GetObject and s3:ListBucket", derived.bucket()));
        }
    };
    let broken = |why: &str| {
        let message = format!("{derived}/{} could not be read: {why}", manifest_key(key));
        Failure::new("connection", message, "Run the command again.")
    };
    let json = match body {
        Ok(Ok(Some(json))) => json,
        Ok(Ok(None)) => {
            let message =
                format!("{derived}/{} has more than {MOST} bytes, and is no manifest", manifest_key(key));
            return Err(Failure::new(NOT_OURS, message, "Check that this is the bucket of the renditions."));
        }
        Ok(Err(error)) => return Err(broken(&innermost(&error))),
        Err(_) => return Err(broken(&format!("it did not arrive within {} s", LONGEST.as_secs()))),
    };
    let manifest = Manifest::parse(&json).map_err(|error| {
        let message = format!("{derived}/{}: {error}", manifest_key(key));
        Failure::new(NOT_OURS, message, "Make sure that uploader and thumbnailer are of the same release.")
    })?;
    Ok(Some(manifest))
}
