//! Reads manifests from the derived bucket.

use aws_sdk_s3::operation::get_object::GetObjectError;
use manifest::{Manifest, manifest_key};

use crate::failure::{Failure, innermost};
use crate::store::Store;

/// The code of a document that is no manifest, or one of another release.
pub(crate) const NOT_OURS: &str = "manifest";

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
        Ok(answer) => answer.body.collect().await,
        Err(error) if matches!(error.as_service_error(), Some(GetObjectError::NoSuchKey(_))) => {
            return Ok(None);
        }
        Err(error) => {
            // Without s3:ListBucket, S3 says AccessDenied of what isn't there.
            return Err(Failure::of_request(&error, derived.bucket(), store)
                .needing("s3:GetObject and s3:ListBucket", derived.bucket()));
        }
    };
    let json = body.map_err(|error| {
        let message = format!("the manifest could not be read: {}", innermost(&error));
        Failure::new("connection", message, "Run the command again.")
    })?;
    let manifest = Manifest::parse(&json.into_bytes()).map_err(|error| {
        let message = format!("{derived}/{}: {error}", manifest_key(key));
        Failure::new(NOT_OURS, message, "Make sure that uploader and thumbnailer are of the same release.")
    })?;
    Ok(Some(manifest))
}
