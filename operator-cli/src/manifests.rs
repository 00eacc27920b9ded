//! Manifests in a derived bucket.

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::get_object::GetObjectError;
use manifest::{DerivedPlace, Manifest, manifest_key};
use thiserror::Error;

/// Why a manifest could not be read.
#[derive(Debug, Error)]
pub(crate) enum ReadError {
    /// The request failed.
    #[error(transparent)]
    Request(Box<SdkError<GetObjectError>>),
    /// The answer broke off, or is not a manifest.
    #[error("its manifest cannot be read: {0}")]
    Content(String),
}

/// Reads the manifest of `key` in `derived`; returns `None` if it does not exist.
pub(crate) async fn read(
    s3: &Client,
    derived: &DerivedPlace,
    key: &str,
) -> Result<Option<Manifest>, ReadError> {
    let request = s3.get_object().bucket(derived.bucket()).key(derived.key(&manifest_key(key)));
    let object = match request.send().await {
        Ok(object) => object,
        Err(error) if error.code() == Some("NoSuchKey") => return Ok(None),
        Err(error) => return Err(ReadError::Request(Box::new(error))),
    };
    let content = |error: &dyn std::error::Error| ReadError::Content(error.to_string());
    let body = object.body.collect().await.map_err(|error| content(&error))?;
    Manifest::parse(&body.into_bytes()).map(Some).map_err(|error| content(&error))
}
